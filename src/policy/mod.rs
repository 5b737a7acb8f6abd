//! Decisions, without a clock, a process or a file: time is passed in, and
//! what is to be done comes out.

pub mod health;
pub mod restart;
pub mod stop;
