//! Keys and tokens of NATS, as the tools of its makers write them.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// The kinds of keys, as the first five bits say them.
const SEED: u8 = 18 << 3;
const OPERATOR: u8 = 14 << 3;
const ACCOUNT: u8 = 0;
const USER: u8 = 20 << 3;

/// A key.
pub struct NatsKey {
    kind: u8,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl NatsKey {
    pub fn user() -> Self {
        Self::of_kind(USER)
    }

    fn of_kind(kind: u8) -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).expect("random bytes");
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
        Self { kind, seed, pair }
    }

    /// The public key, as a server knows it.
    pub fn public(&self) -> String {
        text(&[self.kind], self.pair.public_key().as_ref())
    }

    /// The secret half.
    pub fn seed(&self) -> String {
        text(&[SEED | self.kind >> 5, (self.kind & 0b1_1111) << 3], &self.seed)
    }

    /// Signs claims about somebody.
    fn token(&self, subject: &str, claims: &Value, more: Value) -> String {
        let mut body =
            json!({ "jti": "x", "iat": 1_700_000_000, "iss": self.public(), "sub": subject, "nats": claims });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&body));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn text(kinds: &[u8], key: &[u8]) -> String {
    let mut bytes = [kinds, key].concat();
    let crc = bytes.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => crc << 1 ^ 0x1021,
        })
    });
    bytes.extend_from_slice(&crc.to_le_bytes());
    BASE32_NOPAD.encode(&bytes)
}

/// An operator with one account, whose users have tokens.
pub struct NatsOperator {
    operator: NatsKey,
    account: NatsKey,
}

impl Default for NatsOperator {
    fn default() -> Self {
        Self {
            operator: NatsKey::of_kind(OPERATOR),
            account: NatsKey::of_kind(ACCOUNT),
        }
    }
}

impl NatsOperator {
    /// The lines of the configuration of a server that trusts it.
    pub fn config(&self) -> String {
        let own = json!({ "type": "operator", "version": 2 });
        let operator = self.operator.token(&self.operator.public(), &own, json!({}));
        let limits = json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
                             "wildcards": true, "conn": -1, "leaf": -1 });
        let claims = json!({ "type": "account", "version": 2, "limits": limits });
        let account = self.account.public();
        let token = self.operator.token(&account, &claims, json!({}));
        format!("operator: {operator}\nresolver: MEMORY\nresolver_preload: {{ {account}: {token} }}")
    }

    /// A file of credentials for a user; `expires` is in seconds since 1970.
    pub fn credentials(&self, expires: Option<u64>) -> String {
        let user = NatsKey::user();
        let token = self.user_token(&user, false, expires);
        format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            user.seed()
        )
    }

    /// A token that is enough without a key.
    pub fn bearer_token(&self) -> String {
        self.user_token(&NatsKey::user(), true, None)
    }

    fn user_token(&self, user: &NatsKey, is_bearer: bool, expires: Option<u64>) -> String {
        let claims = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
                             "bearer_token": is_bearer });
        let more = expires.map_or_else(|| json!({}), |at| json!({ "exp": at }));
        self.account.token(&user.public(), &claims, more)
    }
}
