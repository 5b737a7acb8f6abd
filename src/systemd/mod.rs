//! systemd: what it says of this host and its units, and a scope for each game.

mod bus;
mod bus_failure;
mod cgroup;
mod group_usage;
mod manager;
mod place;
mod properties;
mod scope;
mod systemctl;
mod unit;
mod units;

pub use bus_failure::BusFailure;
pub use cgroup::{Unheld, unavailable_limits};
pub use group_usage::GroupUsage;
pub use manager::{has_booted, lingers, makes_scopes, name_lingers};
pub use properties::UnitProperties;
pub use scope::{STOP_SIGNAL, ScopeOrder, Scopes};
pub use systemctl::host_is_shutting_down;
pub use unit::{Unit, UnitSettings};
pub use units::{UnitJob, UnitManager, UnitManagers};
