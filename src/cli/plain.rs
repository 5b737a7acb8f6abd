//! The command line that is typed and scripted most, understood without the
//! definition of all others: to make that takes as long as all else that
//! `status` of one instance does.

use std::ffi::OsString;

use super::{Cli, Common, Deferred, Listed, Selection, Status, Verb};

impl Cli {
    /// `gamectl status [SELECTOR]...`, without any option; `None` for all else.
    /// It means what the definition says it means.
    pub fn of_plain_status(words: &[OsString]) -> Option<Self> {
        let (_program, rest) = words.split_first()?;
        let (verb, selectors) = rest.split_first()?;
        if verb != "status" {
            return None;
        }
        let plain = |word: &OsString| {
            let word = word.to_str()?;
            (!word.is_empty() && !word.starts_with('-')).then(|| word.to_owned())
        };
        let selectors = selectors.iter().map(plain).collect::<Option<_>>()?;
        let own = Status {
            selection: Selection {
                selectors,
                all: false,
                listed: Listed { inventory: None },
            },
            any: false,
        };
        let common = Common {
            state_dir: None,
            json: false,
            quiet: false,
            verbose: 0,
            color: None,
            lock_wait: None,
        };
        Some(Self {
            inventory: None,
            common: common.clone(),
            verb: Verb::Status(Deferred { own, common }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn it_is_understood_as_by_its_definition() {
        for words in [
            "gamectl status",
            "gamectl status a",
            "gamectl status rust-* tag:eu help ü a=b",
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            let plain = Cli::of_plain_status(&words).expect("a plain one");
            let defined = Cli::try_parse_from(&words).expect("a valid one");
            assert_eq!(format!("{plain:?}"), format!("{defined:?}"), "{words:?}");
        }
    }

    #[test]
    fn all_else_is_left_to_the_definition() {
        for words in [
            "gamectl",
            "gamectl stop",
            "gamectl status -q",
            "gamectl status a --any",
            "gamectl status --",
            "gamectl -q status",
            "gamectl status -",
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            assert!(Cli::of_plain_status(&words).is_none(), "{words:?}");
        }
        let odd = ["gamectl", "status", ""].map(OsString::from);
        assert!(Cli::of_plain_status(&odd).is_none());
    }
}
