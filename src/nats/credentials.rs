//! Credentials: the proof of who connects.

use serde_json::{Map, Value, json};

use super::nkey::UserKey;
use crate::failure::Failure;
use crate::inventory::Secret;

/// The proof of who connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    None,
    Token(Secret),
    Password {
        user: String,
        password: Secret,
    },
    /// The seed of a user's key.
    Nkey(Secret),
    /// The text of a file of credentials: a JWT and the seed of the key that it names.
    Jwt(Secret),
}

impl Credentials {
    /// Returns the keys of an introduction; `nonce` is what the server asks to be signed.
    ///
    /// # Errors
    /// When they are not what they should be. They are not repeated.
    pub(super) fn introduce(&self, nonce: &str) -> Result<Map<String, Value>, Failure> {
        let value = match self {
            Self::None => json!({}),
            Self::Token(token) => json!({ "auth_token": token.reveal() }),
            Self::Password { user, password } => json!({ "user": user, "pass": password.reveal() }),
            Self::Nkey(seed) => {
                let key = key(seed.reveal())?;
                json!({ "nkey": key.public(), "sig": key.sign(nonce) })
            }
            Self::Jwt(file) => {
                let cannot = || {
                    Failure::failed("the file of credentials has no JWT and seed of a user")
                        .hint("it is the `.creds` file that `nsc` or `nats auth` makes")
                };
                let jwt = section(file.reveal(), "NATS USER JWT").ok_or_else(cannot)?;
                let seed = section(file.reveal(), "USER NKEY SEED").ok_or_else(cannot)?;
                json!({ "jwt": jwt, "sig": key(seed)?.sign(nonce) })
            }
        };
        match value {
            Value::Object(map) => Ok(map),
            _ => Ok(Map::new()),
        }
    }
}

fn key(seed: &str) -> Result<UserKey, Failure> {
    UserKey::of_seed(seed).ok_or_else(|| {
        Failure::failed("this is not the seed of a user's key").hint("it begins with `SU`; `nk -gen user` makes one")
    })
}

/// Returns the one line between `BEGIN` and `END` of a section.
fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with('-') && line.contains(&format!("BEGIN {name}")))?;
    lines
        .find(|line| !line.is_empty())
        .filter(|line| !line.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

    fn introduced(credentials: &Credentials) -> Result<String, String> {
        let told = credentials.introduce("nonce").map_err(|failure| failure.message)?;
        Ok(told.keys().cloned().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn each_kind_is_told_in_its_way() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let file = format!(
            "-----BEGIN NATS USER JWT-----\neyJ0.abc.def\n------END NATS USER JWT------\n\n*** warning ***\n\
             -----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
        );
        for (credentials, wanted) in [
            (Credentials::None, ""),
            (Credentials::Token(secret("t")), "auth_token"),
            (
                Credentials::Password {
                    user: "u".into(),
                    password: secret("p"),
                },
                "pass user",
            ),
            (Credentials::Nkey(secret(SEED)), "nkey sig"),
            (Credentials::Jwt(secret(&file)), "jwt sig"),
        ] {
            assert_eq!(introduced(&credentials).unwrap(), wanted);
            assert!(!format!("{credentials:?}").contains("SUAC"));
        }
        for (credentials, wanted) in [
            (Credentials::Nkey(secret("SUAC")), "not the seed"),
            (Credentials::Jwt(secret("nonsense")), "no JWT and seed"),
            (
                Credentials::Jwt(secret("-----BEGIN NATS USER JWT-----\n-----END-----\n")),
                "no JWT and seed",
            ),
        ] {
            let why = introduced(&credentials).unwrap_err();
            assert!(why.contains(wanted) && !why.contains("SUAC"), "{why}");
        }
    }
}
