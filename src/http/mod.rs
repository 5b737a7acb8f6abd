//! Requests over HTTP whose answers are read as a whole: to the API of a panel, for one.
//!
//! Each request has a connection of its own, a limit of time and a limit of size. A
//! redirect is never followed: what is sent may be a secret, and belongs to the address
//! that a person has written down. What an answer means is for who asks.

mod certificate;
mod client;
pub mod tls;

pub use client::{HttpAnswer, HttpClient, HttpPost};
