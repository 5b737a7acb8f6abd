//! The address at which metrics are served.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::{Failure, FailureKind};

/// A place on this machine where others can connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAt {
    Unix(PathBuf),
    /// An address that only this machine reaches.
    Loopback(SocketAddr),
}

impl ListenAt {
    /// Reads `unix:PATH`, `127.0.0.1:PORT` or `[::1]:PORT`.
    ///
    /// # Errors
    /// When it is anything else: nobody is asked who he is, so that other machines may
    /// not connect.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |message: String| {
            Failure::new(FailureKind::Usage, message).hint("write `unix:PATH`, `127.0.0.1:PORT` or `[::1]:PORT`")
        };
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err(wrong("`unix:` needs the path of a socket".to_owned()));
            }
            return Ok(Self::Unix(path.into()));
        }
        let address: SocketAddr = text
            .parse()
            .map_err(|_| wrong(format!("`{text}` is not an address for metrics")))?;
        if !address.ip().is_loopback() {
            return Err(Failure::new(
                FailureKind::Usage,
                format!("other machines could reach `{address}`, and nobody is asked for a password there"),
            )
            .hint(
                "serve them at 127.0.0.1 and let a proxy that asks pass them on, or write them with `--metrics-file`",
            ));
        }
        Ok(Self::Loopback(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_can_connect() {
        assert_eq!(ListenAt::parse("unix:/run/x").unwrap(), ListenAt::Unix("/run/x".into()));
        for good in ["127.0.0.1:9100", "[::1]:0", "127.8.0.1:1"] {
            assert_eq!(
                ListenAt::parse(good).unwrap(),
                ListenAt::Loopback(good.parse().unwrap())
            );
        }
        for (bad, wanted) in [
            ("unix:", "needs the path"),
            ("9100", "`9100` is not an address"),
            ("localhost:9100", "is not an address"),
            ("0.0.0.0:9100", "other machines could reach"),
            ("192.0.2.1:9100", "other machines could reach"),
            ("[::]:9100", "other machines could reach"),
            ("127.0.0.1", "is not an address"),
            ("127.0.0.1:70000", "is not an address"),
        ] {
            let failure = ListenAt::parse(bad).unwrap_err();
            assert!(failure.message.contains(wanted), "{bad}: {}", failure.message);
            assert_eq!(failure.kind, FailureKind::Usage);
        }
    }
}
