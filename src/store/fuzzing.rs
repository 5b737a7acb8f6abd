//! The entry of the fuzz target for the slots of the status table. Built with
//! `--cfg fuzzing` only; see `fuzz/README.md`.

use super::shim_status::{SLOT, ShimStatus, owner};

/// A slot with any bytes, and the same under a right checksum: what was read is
/// read again once it is written.
pub fn slot(bytes: &[u8]) {
    let _ = (ShimStatus::from_bytes(bytes), owner(bytes));
    let mut slot = [0; SLOT];
    let n = bytes.len().min(SLOT - 4);
    slot[..n].copy_from_slice(&bytes[..n]);
    let sum = crc32fast::hash(&slot[..SLOT - 4]);
    slot[SLOT - 4..].copy_from_slice(&sum.to_le_bytes());
    if let Some(status) = ShimStatus::from_bytes(&slot) {
        assert_eq!(ShimStatus::from_bytes(&status.to_bytes()), Some(status));
    }
}
