//! The entry point of the fuzz target: what a server of NATS says. Built with
//! `--cfg fuzzing` only; see `fuzz/README.md`.

use super::decoder::{Malformed, NatsDecoder};
use super::op::ServerOp;

/// Reads bytes of a server as a whole and in pieces: the first byte says how long these are.
pub fn server(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else {
        return;
    };
    let size = usize::from(*size).max(1);
    let whole = decoded([bytes]);
    let pieces = decoded(bytes.chunks(size));
    assert_eq!(whole, pieces, "the size of the pieces makes no difference");
    for op in &whole.0 {
        if let ServerOp::Message(message) = op {
            assert!(
                message.payload.len() <= bytes.len() && message.payload.len() <= message.size,
                "a payload is a part of what came"
            );
        }
    }
}

/// Returns what was read up to the end, or up to what is no protocol of NATS.
fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<ServerOp>, Option<Malformed>) {
    let (mut decoder, mut ops) = (NatsDecoder::default(), Vec::new());
    for piece in pieces {
        decoder.room(piece.len()).extend_from_slice(piece);
        loop {
            match decoder.next() {
                Ok(Some(op)) => ops.push(op),
                Ok(None) => break,
                Err(malformed) => return (ops, Some(malformed)),
            }
        }
    }
    (ops, None)
}
