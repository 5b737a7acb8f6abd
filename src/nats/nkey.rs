//! Keys of users: an Ed25519 seed as text, such as `SUACSSL3...`.
//!
//! The text is base32 of two bytes with the kinds, the seed and a CRC; see
//! <https://github.com/nats-io/nkeys>.

use ring::signature::{Ed25519KeyPair, KeyPair};

/// The alphabet of base32; RFC 4648.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The kind of a seed, and of the public key of a user: the first five bits.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;

/// The key of a user.
pub(super) struct UserKey(Ed25519KeyPair);

impl UserKey {
    /// Reads a seed; `None` if it is none, or that of anything but a user.
    pub(super) fn of_seed(text: &str) -> Option<Self> {
        let bytes = decode(text.trim())?;
        let (body, crc) = bytes.split_last_chunk::<2>()?;
        if crc16(body) != u16::from_le_bytes(*crc) {
            return None;
        }
        let (kinds, seed) = body.split_first_chunk::<2>()?;
        let kind = (kinds[0] & 0b111) << 5 | kinds[1] >> 3;
        if kinds[0] & 0b1111_1000 != SEED || kind != USER {
            return None;
        }
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// Returns the public key as a server knows it.
    pub(super) fn public(&self) -> String {
        let mut bytes = vec![USER];
        bytes.extend_from_slice(self.0.public_key().as_ref());
        let crc = crc16(&bytes).to_le_bytes();
        bytes.extend_from_slice(&crc);
        encode(&bytes)
    }

    /// Signs what a server asks to be signed, in base64 for URLs.
    pub(super) fn sign(&self, nonce: &str) -> String {
        let signature = crate::channel::base64(self.0.sign(nonce.as_bytes()).as_ref());
        signature
            .replace('+', "-")
            .replace('/', "_")
            .trim_end_matches('=')
            .to_owned()
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    let letter = |value: u32| char::from(ALPHABET[(value & 31) as usize]);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

/// Returns the CRC-16 of XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation of NATS.
    const EXAMPLE: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

    #[test]
    fn a_seed_has_its_public_key() {
        let key = UserKey::of_seed(&format!("{EXAMPLE}\n")).unwrap();
        assert_eq!(key.public(), "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4");
        let signature = key.sign("nonce");
        assert_eq!(signature.len(), 86, "64 bytes without padding");
        assert!(!signature.contains(['+', '/', '=']));
    }

    #[test]
    fn what_is_no_seed_of_a_user_is_refused() {
        let swapped = EXAMPLE.replace("SSL3", "SL3S");
        let public = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
        for bad in [
            "",
            "S",
            "SU",
            &swapped,
            public,
            &EXAMPLE.to_lowercase(),
            &EXAMPLE[..40],
            "not a key!",
        ] {
            assert!(UserKey::of_seed(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn base32_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }
}
