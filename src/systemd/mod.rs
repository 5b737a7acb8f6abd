//! systemd: what it says of this host and its units, and a scope for each game.

mod bus;
mod cgroup;
mod manager;
mod scope;
mod systemctl;
mod unit;

pub use cgroup::{Unheld, unavailable_limits};
pub use manager::{lingers, makes_scopes};
pub use scope::{STOP_SIGNAL, ScopeOrder, Scopes};
pub use systemctl::host_is_shutting_down;
pub use unit::{Unit, UnitSettings};
