//! The greetings, by which the two ends learn whether they understand each other.

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::sys::clock::wall_ms;
use crate::text::clean_line;

/// The line before which nothing counts.
pub const MAGIC: &str = "-- gamectl serves --";

/// The version of what goes over a connection.
pub const PROTOCOL: u32 = 1;

/// The requests that this gamectl serves.
pub const FEATURES: [&str; 13] = [
    "look",
    "verb",
    "send",
    "logs",
    "watch",
    "dry_run",
    "check",
    "console",
    "host",
    "keep",
    "players",
    "log_times",
    "unless_stopped",
];

/// The most characters of an account.
const ACCOUNT_MAX: usize = 1024;

/// The first message of each end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The version of the program.
    pub version: String,
    pub protocol: u32,
    /// The requests that it carries out; empty from the end that asks.
    #[serde(default)]
    pub features: Vec<String>,
    /// The time by its clock, in milliseconds since 1970; absent from the end that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_ms: Option<u64>,
    /// A word that only the same account of the same machine has, until that boots; absent
    /// from the end that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Returns what to do about an older gamectl on a host.
fn up_to_date(host: &str) -> String {
    let install = command(format_args!("host install {host}"));
    format!("bring gamectl on `{host}` up to date: {install}")
}

impl Greeting {
    /// Returns the greeting of the end that asks.
    pub fn asking() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            features: Vec::new(),
            now_ms: None,
            account: None,
        }
    }

    /// Returns the greeting of the end that serves, for this account.
    pub fn serving(account: Option<String>) -> Self {
        Self {
            account,
            features: FEATURES.map(str::to_owned).to_vec(),
            now_ms: Some(wall_ms()),
            ..Self::asking()
        }
    }

    /// Returns the account, harmless on a screen and in a file.
    pub fn account(&self) -> Option<String> {
        let account = clean_line(self.account.as_deref()?);
        Some(account.chars().take(ACCOUNT_MAX).collect())
    }

    /// Checks that the other end carries out a request.
    ///
    /// # Errors
    /// When it is too old for that.
    pub fn check_feature(&self, host: &str, feature: &str) -> Result<(), Failure> {
        if self.features.iter().any(|known| known == feature) {
            return Ok(());
        }
        let message = format!("gamectl {} on `{host}` cannot do this yet ({feature})", self.version);
        Err(Failure::new(FailureKind::Unsupported, message).hint(up_to_date(host)))
    }

    /// Checks that this gamectl understands the other end.
    ///
    /// # Errors
    /// When it does not: says which side is older.
    pub fn check(&self, host: &str) -> Result<(), Failure> {
        let (here, there) = (env!("CARGO_PKG_VERSION"), &self.version);
        let (older, mend) = match self.protocol.cmp(&PROTOCOL) {
            std::cmp::Ordering::Equal => return Ok(()),
            std::cmp::Ordering::Less => ("that one is older", up_to_date(host)),
            std::cmp::Ordering::Greater => ("this one is older", "bring this gamectl up to date".to_owned()),
        };
        let message =
            format!("gamectl {there} on `{host}` and this gamectl {here} do not understand each other: {older}");
        Err(Failure::new(FailureKind::Unsupported, message).hint(mend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_end_cannot_do_is_said() {
        let old = Greeting {
            features: vec!["look".to_owned()],
            ..Greeting::serving(None)
        };
        assert_eq!(old.check_feature("box2", "look"), Ok(()));
        let refused = old.check_feature("box2", "console").unwrap_err();
        assert_eq!((refused.kind.exit_code(), refused.hint.is_some()), (5, true));
    }

    #[test]
    fn the_older_side_is_named() {
        let of = |protocol| Greeting {
            protocol,
            ..Greeting::serving(None)
        };
        assert_eq!(of(PROTOCOL).check("box2"), Ok(()));
        let newer = of(PROTOCOL + 1).check("box2").unwrap_err();
        assert!(newer.message.ends_with("this one is older"), "{newer}");
        let older = of(PROTOCOL - 1).check("box2").unwrap_err();
        assert!(older.message.ends_with("that one is older"), "{older}");
        assert_eq!(
            older.hint.as_deref(),
            Some("bring gamectl on `box2` up to date: `gamectl host install box2`")
        );
        assert_eq!(older.kind.exit_code(), 5);
    }
}
