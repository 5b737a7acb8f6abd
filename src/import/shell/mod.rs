//! The part of a shell's language that start commands are written in. Nothing is run: what
//! only a shell can know is said to be unknown.
//!
//! ```text
//!   text ─▶ lexer ─▶ words and operators ─▶ commands ─▶ which of them is the game
//!                                              │
//!                                              ▼
//!                           condition ◀─ fill     values in place of variables
//! ```

mod commands;
mod condition;
mod fill;
mod lexer;
mod word;

pub(super) use commands::{ShellCommand, Surrounding, commands};
pub(super) use condition::WordValues;
#[cfg(test)]
pub(super) use fill::tests::Few;
pub(super) use fill::{Filler, VariableValues};
pub(super) use lexer::{Dialect, lex};
pub(super) use word::{ShellToken, ShellWord};
