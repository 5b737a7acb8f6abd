//! What `ps` shows of this process: the words that it was executed with, as the
//! kernel keeps them in the process's own memory. See `/proc/pid/cmdline` in
//! `proc_pid_cmdline(5)`.

use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The words and the environment, which follow each other.
static START: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Remembers where the words are.
///
/// # Safety
/// To be called with what the C runtime hands to `main`, and once.
pub(super) unsafe fn remember(count: c_int, words: *const *const c_char) {
    let count = usize::try_from(count).unwrap_or(0);
    if words.is_null() || count == 0 {
        return;
    }
    // SAFETY: `main` gets so many words, a null, the environment, and a null.
    let (start, mut end) = unsafe { (*words, *words) };
    for at in (0..count).chain(count + 1..) {
        // SAFETY: as above; the null at the end is not passed.
        let word = unsafe { *words.add(at) };
        if word.is_null() || word != end {
            break;
        }
        // SAFETY: a string of the kernel's making, with its end.
        end = unsafe { word.add(CStr::from_ptr(word).to_bytes_with_nul().len()) };
    }
    START.store(start.cast_mut().cast(), Ordering::Relaxed);
    LENGTH.store(end.addr() - start.addr(), Ordering::Relaxed);
}

/// How long a title may be, in bytes; 0 where there can be none.
pub fn room() -> usize {
    LENGTH.load(Ordering::Relaxed).saturating_sub(1)
}

/// Puts a title in the place of the words, cut where there is no more room, and
/// wipes out what else was there: the environment, too, which is empty from now
/// on.
///
/// To be called by a process that has been forked, with one thread, for itself:
/// the words are gone then.
pub fn set(title: &str) {
    let start = START.load(Ordering::Relaxed);
    if start.is_null() {
        return;
    }
    let title = title.as_bytes();
    let length = title.len().min(room());
    // SAFETY: memory of ours that is written to by nobody else; whoever points
    // into it is the environment, which is emptied, and the standard library's
    // list of words, which finds the title in it.
    unsafe {
        libc::clearenv();
        start.write_bytes(0, LENGTH.load(Ordering::Relaxed));
        start.copy_from_nonoverlapping(title.as_ptr(), length);
    }
}
