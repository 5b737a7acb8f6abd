//! Instances on another host: over SSH, or on this machine as another user.
//!
//! # Theory of operation
//!
//! A command of the system, `ssh` or `sudo`, gives a stream of bytes to a gamectl there
//! (`way`). Over it goes what [`wire`] says. Behind it everything is done by that
//! gamectl, with the locks, intents, records and probes of that host, so the supervisor of
//! such an instance only asks.
//!
//! There is one connection per host, which is made when it is first needed. All
//! instances of the host share it, and their looks go out together. A connection that is
//! lost makes what was asked unknown: never stopped, never carried out, never not carried
//! out.
//!
//! ```text
//!  Supervisor ─▶ RemoteHost ─▶ Connection ─▶ ssh ═══▶ gamectl serve
//!                  │           │
//!                LookQueue   Calls
//! ```
//!
//! A `run` has the instances kept by the gamectl there (`kept_host`), which goes on with
//! that for a while when the connection is lost. Each start is on record on this machine,
//! too, with the way to the host, so that what is moved is still found (`origin`).

mod call;
mod called_host;
mod calls;
mod clock_sight;
mod connection;
mod counts;
mod host_check;
mod install;
mod install_sight;
mod keeping;
mod kept_host;
mod log_stream;
mod looks;
mod origin;
mod remote;
mod start_record;
mod supervisor;
mod watches;
mod way;
pub mod wire;
mod words;

pub use host_check::check_host;
pub use install::install_on;
pub use keeping::{Keeping, KeptWord};
pub use origin::{account_on_record, host_on_record, is_of_another_inventory, is_same_account};
pub use remote::{RemoteHost, RemoteHosts};
pub use supervisor::SshSupervisor;
