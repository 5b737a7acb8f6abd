//! The list of `ampinstmgr -l`: a block of lines for each instance, each line a key and its
//! value, after lines for people.

use super::listing::{AmpListing, ListedInstance, plain};

/// The words with which the manager introduces itself.
const BANNER: &str = "Instance Manager";

/// A block of lines, as far as it is needed.
#[derive(Default)]
struct Block {
    id: String,
    name: String,
    friendly_name: String,
    module: String,
    version: Option<String>,
    is_running: Option<bool>,
}

impl Block {
    fn take(&mut self, key: &str, value: &str) {
        match key {
            "Instance ID" => self.id = plain(value),
            "Instance Name" => self.name = plain(value),
            "Friendly Name" => self.friendly_name = plain(value),
            "Module" => self.module = plain(value),
            "AMP Version" => self.version = Some(plain(value)).filter(|version| !version.is_empty()),
            "Running" => {
                self.is_running = match value {
                    "Yes" => Some(true),
                    "No" => Some(false),
                    // Whoever says something else is not understood.
                    _ => None,
                };
            }
            _ => {}
        }
    }

    /// Returns the instance; `None` where the block has no name.
    fn into_instance(self) -> Option<ListedInstance> {
        let is_one = !self.name.is_empty();
        is_one.then_some(ListedInstance {
            id: self.id,
            name: self.name,
            friendly_name: self.friendly_name,
            module: self.module,
            version: self.version,
            is_running: self.is_running,
            is_suspended: false,
            tells_game: false,
            app_state: None,
            players: None,
            usage: None,
            stale: None,
        })
    }
}

/// Parses a list, in which nothing is left that a terminal obeys.
///
/// # Errors
/// When it is no list: the reason, for a sentence.
pub(super) fn parse(said: &str) -> Result<AmpListing, String> {
    let mut instances = Vec::new();
    let mut block = Block::default();
    // A line without a key ends a block, an empty one among them.
    for line in said.lines().chain([""]) {
        match key_and_value(line) {
            Some((key, value)) => block.take(key, value),
            None => instances.extend(std::mem::take(&mut block).into_instance()),
        }
    }
    if instances.is_empty() && !said.contains(BANNER) {
        let first = said.lines().map(str::trim).find(|line| !line.is_empty());
        return Err(first.map_or_else(|| "nothing".to_owned(), |line| format!("`{}`", plain(line))));
    }
    Ok(AmpListing::of(instances))
}

/// Splits a line at the bar between a key and its value.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(['\u{2502}', '|'])?;
    Some((key.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LISTED: &str = "[Info/1] AMP Instance Manager v2.6.0.4 built 01/02/2026\n\
        [Info/1] Stream: Mainline / Release - built by nobody\n\n\
        Instance ID        \u{2502} 1111-2222\n\
        Module             \u{2502} ADS\n\
        Instance Name      \u{2502} ADS01\n\
        Friendly Name      \u{2502} ADS01\n\
        Running            \u{2502} Yes\n\n\
        Instance ID        \u{2502} 3333-4444\r\n\
        Module             \u{2502} GenericModule\r\n\
        Instance Name      \u{2502} Ark01\r\n\
        Friendly Name      \u{2502} The Ark: böse | wild  \r\n\
        URL                \u{2502} http://127.0.0.1:8081/\r\n\
        Running            \u{2502} No\r\n\
        AMP Version        \u{2502} 2.6.0.4\r\n\n\
        Instance ID        | 5555\n\
        Instance Name      | Rust01\n\
        Running            | Maybe\n";

    #[test]
    fn blocks_are_instances() {
        let listing = parse(LISTED).unwrap();
        assert_eq!(listing.len(), 3);
        let ark = listing.find("Ark01").unwrap();
        assert_eq!((ark.is_running, ark.id.as_str()), (Some(false), "3333-4444"));
        assert_eq!(ark.friendly_name, "The Ark: böse | wild");
        assert_eq!(ark.version.as_deref(), Some("2.6.0.4"));
        assert!(!ark.tells_game);
        assert_eq!(listing.find("ADS01").unwrap().module, "ADS");
        assert_eq!(listing.find("Rust01").unwrap().is_running, None, "another word");
        assert_eq!(listing.find("5555").unwrap().name, "Rust01", "by its id");
    }

    #[test]
    fn an_empty_installation_is_no_other_program() {
        let none = parse("[Info/1] AMP Instance Manager v2.6.0.4 built today\n\n").unwrap();
        assert_eq!(none.len(), 0);
        for (said, why) in [
            ("", "nothing"),
            ("\n \n", "nothing"),
            ("hello\nworld\n", "`hello`"),
            ("Running | Yes\n", "`Running | Yes`"),
        ] {
            assert_eq!(
                parse(said).map(|listing| listing.len()),
                Err(why.to_owned()),
                "{said:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(said in "(Instance Name|Running|\u{2502}|\\||\n|Yes|No| |\\PC){0,60}") {
            if let Ok(listing) = parse(&said) {
                let _ = listing.find("Yes");
            }
        }
    }
}
