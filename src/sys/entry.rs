//! The entry of the program, without the start-up of Rust's standard library.
//!
//! A tool that is run for the length of a blink is measurably slowed by what
//! that does first: it reads `/proc/self/maps` and installs handlers, so that
//! an overflow of the stack is told in words. What matters of it is done here.

use std::ffi::{c_char, c_int};
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The exit code of a program that panicked, as the standard library has it.
const PANICKED: u8 = 101;

/// Makes a function `fn() -> u8`, which returns the exit code, the entry of the
/// program. For a crate that says `#![no_main]`.
#[macro_export]
macro_rules! entry_point {
    ($main:path) => {
        /// The C runtime's way into the program.
        ///
        /// # Safety
        /// For the C runtime alone, which hands it what it had from the kernel.
        ///
        /// The standard library finds the arguments by itself: the C runtime
        /// hands them to its initialiser, too.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(
            count: std::ffi::c_int,
            words: *const *const std::ffi::c_char,
        ) -> std::ffi::c_int {
            // SAFETY: as above.
            unsafe { $crate::sys::entry::enter($main, count, words) }
        }
    };
}

pub use entry_point;

/// Does what the standard library would do before `main`, as far as it matters,
/// and ends the process with what `main` returned.
///
/// # Safety
/// To be called with what the C runtime hands to `main`, and once.
pub unsafe fn enter(main: fn() -> u8, count: c_int, words: *const *const c_char) -> i32 {
    // SAFETY: as is asked of the caller.
    unsafe { super::title::remember(count, words) };
    open_standard_streams();
    // A reader that is gone is an error of the write, not the end of us. What
    // is executed from here gets the default back (see signals.rs).
    // SAFETY: no handler is installed, and there is one thread.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let code = catch_unwind(AssertUnwindSafe(main)).unwrap_or(PANICKED);
    i32::from(code)
}

/// Sees that the standard streams are open: what is opened next would
/// otherwise take the number of one that is closed, and be read and written in
/// its stead.
fn open_standard_streams() {
    const STREAMS: [RawFd; 3] = [0, 1, 2];
    let mut polled = STREAMS.map(|fd| libc::pollfd {
        fd,
        events: 0,
        revents: 0,
    });
    // SAFETY: the array is there for the length of the call.
    let asked = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 0) };
    if asked <= 0 {
        return;
    }
    for stream in polled {
        if stream.revents & libc::POLLNVAL != 0 {
            // The lowest free number is this one's, since those below are open.
            // SAFETY: a constant path; the descriptor is kept for good.
            unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        }
    }
}
