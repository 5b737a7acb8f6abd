//! A large buffer whose memory can be given back to the kernel when it is not
//! needed, without being given up.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

/// An anonymous mapping. Untouched pages cost nothing.
#[derive(Debug)]
pub struct Buffer {
    start: NonNull<u8>,
    len: usize,
}

impl Buffer {
    /// Maps a buffer of `len` bytes, all zero.
    pub fn new(len: NonZeroUsize) -> std::io::Result<Self> {
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let start = unsafe {
            mmap_anonymous(
                None,
                len,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_PRIVATE,
            )
        }?;
        Ok(Self {
            start: start.cast(),
            len: len.get(),
        })
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is readable and writable, `len` bytes long, and
        // lives as long as `self`, which is borrowed for as long.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// Gives the memory back; the bytes are zero afterwards.
    pub fn release(&mut self) {
        // SAFETY: the whole mapping is ours, and no reference into it exists
        // while `self` is borrowed here.
        let _ = unsafe { madvise(self.start.cast(), self.len, MmapAdvise::MADV_DONTNEED) };
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and unmapped once.
        let _ = unsafe { munmap(self.start.cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_memory_is_zero_and_usable() {
        let mut buffer = Buffer::new(NonZeroUsize::new(100_000).unwrap()).unwrap();
        buffer.bytes().fill(7);
        buffer.release();
        assert!(buffer.bytes().iter().all(|b| *b == 0));
        buffer.bytes().fill(9);
    }
}
