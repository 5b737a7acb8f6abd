//! The packets of Source RCON.
//!
//! See <https://developer.valvesoftware.com/wiki/Source_RCON_Protocol>: four
//! little-endian numbers of 32 bits (the size of what follows, an id, a type),
//! a text that ends in NUL, and an empty text that does too.

pub(super) const AUTH: i32 = 3;
/// Type of the answer to a login, and (from us) of a command: the same number.
pub(super) const AUTH_RESPONSE: i32 = 2;
pub(super) const COMMAND: i32 = 2;
pub(super) const RESPONSE: i32 = 0;

/// Type of what the console of Rust says.
pub(super) const CONSOLE: i32 = 4;

/// The id of the answer to a login with a wrong password.
pub(super) const REFUSED: i32 = -1;

/// The head after the size, and the two NULs.
const SIZE_MIN: usize = 10;

/// The ids that the client gives.
pub(super) const AUTH_ID: i32 = 1;
pub(super) const COMMAND_ID: i32 = 2;
pub(super) const SENTINEL_ID: i32 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) id: i32,
    pub(super) kind: i32,
    pub(super) body: Vec<u8>,
}

impl Packet {
    pub(super) fn new(id: i32, kind: i32, body: &str) -> Self {
        Self {
            id,
            kind,
            body: body.as_bytes().to_vec(),
        }
    }

    /// Returns true for the answer to a login with this id: some servers repeat the
    /// type of the login instead of giving that of an answer.
    pub(super) fn accepts(&self, login: i32) -> bool {
        self.id == login && matches!(self.kind, AUTH_RESPONSE | AUTH)
    }

    /// Returns true for the answer to who is not logged in.
    pub(super) fn is_refusal(&self) -> bool {
        self.id == REFUSED && self.kind == AUTH_RESPONSE
    }

    /// Returns true for what the server says unasked, to everybody.
    pub(super) fn is_push(&self) -> bool {
        self.id == REFUSED || self.kind == CONSOLE
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let size = u32::try_from(self.body.len() + SIZE_MIN).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(self.body.len() + SIZE_MIN + 4);
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.kind.to_le_bytes());
        bytes.extend_from_slice(&self.body);
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_of_the_specification() {
        let bytes = Packet::new(0, AUTH, "passwrd").to_bytes();
        assert_eq!(bytes, b"\x11\0\0\0\0\0\0\0\x03\0\0\0passwrd\0\0");
    }
}
