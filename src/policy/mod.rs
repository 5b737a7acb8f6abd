//! Pure decisions: time is passed in, and the actions that are due are returned.

pub mod countdown;
pub mod health;
pub mod restart;
pub mod schedule;
pub mod stop;
