//! Command lines as they can be shown: what may be a secret is masked.

use std::ffi::OsStr;

use super::secret::sounds_secret;
use crate::inventory::model::channels::{Channels, Password};
use crate::inventory::model::process::ProcessSpec;

/// The text that is shown for a secret.
const MASK: &str = "***";

/// The known secrets of an instance.
#[derive(Clone, Default)]
pub struct Mask {
    texts: Vec<String>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} hidden)", self.texts.len())
    }
}

impl Mask {
    /// Makes a mask of the passwords of its channels, and of the variables of
    /// its environment whose name sounds secret.
    pub fn of(channels: &Channels, process: Option<&ProcessSpec>) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for remote in &channels.remotes {
            if let Some(Password::Given(secret)) = &remote.password {
                texts.push(secret.reveal().to_owned());
            }
        }
        for (name, value) in process.iter().flat_map(|spec| &spec.env) {
            if sounds_secret(&name.to_string_lossy()).is_some() {
                texts.push(value.to_string_lossy().into_owned());
            }
        }
        texts.retain(|text| !text.is_empty());
        // The longest first: one may be a part of another.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { texts }
    }

    /// Returns a text without the known secrets.
    pub fn text(&self, text: &str) -> String {
        let known = self.texts.iter();
        known.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }

    /// Returns the words of a command line without the known secrets, and
    /// without what follows the name of a secret: in the same word after a sign
    /// (`-password=x`), else the next word (`+rcon.password x`).
    pub fn words<S: AsRef<OsStr>>(&self, words: &[S]) -> Vec<String> {
        let mut follows = false;
        let mut shown = Vec::with_capacity(words.len());
        for word in words {
            let word = word.as_ref().to_string_lossy();
            let heard = sounds_secret(&word);
            let sign = heard.and_then(|end| {
                let at = word.get(end..)?.find(['=', ':', ' '])?;
                Some(end + at + 1)
            });
            shown.push(match (follows, sign) {
                (true, _) => MASK.to_owned(),
                (false, Some(at)) => self.text(word.get(..at).unwrap_or_default()) + MASK,
                (false, None) => self.text(&word),
            });
            follows = heard.is_some() && sign.is_none();
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_secret_is_masked() {
        let mask = Mask {
            texts: vec!["hunter2".into()],
        };
        for (words, wanted) in [
            (&["+rcon.password", "x", "+port", "1"][..], "+rcon.password *** +port 1"),
            (&["-PSW=x", "-adminpsw=y z"][..], "-PSW=*** -adminpsw=***"),
            (&["--say", "it is hunter2!"][..], "--say it is ***!"),
            (&["-password=hunter2"][..], "-password=***"),
            (&["-maxplayers", "10"][..], "-maxplayers 10"),
        ] {
            assert_eq!(mask.words(words).join(" "), wanted);
        }
        assert!(!format!("{mask:?}").contains("hunter2"));
    }
}
