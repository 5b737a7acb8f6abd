//! The keys at the board of `run` and `watch`, decided without a terminal.
//!
//! # Theory of operation
//!
//! A [`Pane`] knows which row is selected, which rows are seen and in which order, and what
//! a key means now. [`Pane::step`] takes an input, a key or the rows as they are, and returns
//! what is to be done. It reads nothing, draws nothing and knows no time: the board asks it
//! before each drawing, and `commands` carries out what it returns.
//!
//! The selection is the id of an instance, and never a place: it stays on that instance while
//! rows come, go and change their order. When the instance is not seen any more, nothing is
//! selected, so that no key reaches a neighbour that has moved into its place.

mod decoder;
mod deed;
mod log_reader;
mod mode;
mod order;
mod press;
mod scroll;
mod state;
#[cfg(test)]
mod tests;
mod typing;

pub use decoder::KeyDecoder;
pub use deed::PaneDeed;
pub use log_reader::{LogTyping, PaneLog};
pub use mode::{PaneEffect, PaneInput, PaneMode};
pub use order::{PaneRow, SortBy};
pub use press::PressedKey;
pub use state::Pane;
