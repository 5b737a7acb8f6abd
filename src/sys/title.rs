//! The words that `ps` shows of this process. The kernel reads them from the
//! memory of the process itself: see `/proc/pid/cmdline` in
//! `proc_pid_cmdline(5)`, and `arg_start` and `arg_end` in `proc_pid_stat(5)`.

use std::io;

use super::procfs;

/// The places of `arg_start` and `arg_end` behind the name of the program in
/// `/proc/pid/stat`.
const ARG_START: usize = 48 - 3;
const ARG_END: usize = 49 - 3;

/// Replaces the words that this process was executed with. They are cut where
/// the words before took less room.
///
/// Only a process with a single thread may call this: the memory is that of
/// `std::env::args`, which gives the new words from then on.
pub fn set(words: &[&str]) -> io::Result<()> {
    let stat = procfs::read_text("/proc/self/stat")?;
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let field = |index| fields.split(' ').nth(index)?.parse::<usize>().ok();
    let (Some(start), Some(end)) = (field(ARG_START), field(ARG_END)) else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let room = end.saturating_sub(start);
    if start == 0 || room == 0 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut text = words.join("\0").into_bytes();
    // The last byte stays zero: the kernel would read on into the environment.
    text.truncate(room - 1);
    text.resize(room, 0);
    let place = std::ptr::with_exposed_provenance_mut::<u8>(start);
    // SAFETY: the kernel placed the arguments of this process there, `room`
    // bytes that are writable; each of them still ends in a zero byte.
    unsafe { place.copy_from_nonoverlapping(text.as_ptr(), room) };
    Ok(())
}
