//! System calls. The only room with `unsafe`, and the only one that talks to
//! the kernel in anything but plain files.
//!
//! Nothing here decides anything: each function does one thing, and says what
//! the kernel said.

#![expect(unsafe_code, reason = "this room wraps the system calls that have no safe interface")]

pub mod buffer;
mod child;
pub mod clock;
pub mod daemon;
pub mod exec;
pub mod host;
pub mod identity;
pub mod inotify;
pub mod listeners;
pub mod lock;
pub mod oom;
pub mod oom_score;
pub mod open_files;
pub mod pidfd;
pub mod pipe;
pub mod plain_file;
pub mod process_table;
pub mod procfs;
mod program;
pub mod pty;
pub mod random;
pub mod reaper;
pub mod resources;
pub mod signals;
pub mod socket;
pub mod terminal;
pub mod title;
pub mod tree;
pub mod unreaped;
pub mod user_socket;
pub mod wall_timer;
