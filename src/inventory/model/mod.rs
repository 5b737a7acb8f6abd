//! The validated inventory, which every other room works with: nothing in it
//! is out of range, unknown or incomplete. How it is read is not known here.

pub(crate) mod address;
pub(crate) mod amp;
pub(crate) mod bare_name;
pub(crate) mod before_start;
pub(crate) mod calendar;
pub(crate) mod channels;
pub(crate) mod compose;
pub(crate) mod hook;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod instance;
pub(crate) mod kubectl;
pub(crate) mod limits;
pub(crate) mod link;
pub(crate) mod needs;
pub(crate) mod notify;
pub(crate) mod players;
pub(crate) mod podman;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod restart;
pub(crate) mod schedule;
pub(crate) mod stop;
pub(crate) mod unit;
pub(crate) mod warn;
pub(crate) mod zone;
