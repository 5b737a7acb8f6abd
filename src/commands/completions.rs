//! `gamectl completions`.

use clap::CommandFactory;

use super::context::{Context, Ended};
use crate::cli::{Cli, Completions};
use crate::failure::Failure;

pub(super) fn run(context: &Context<'_>, completions: &Completions) -> Result<u8, Ended> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "gamectl", &mut script);
    let script = String::from_utf8(script).map_err(|error| Failure::failed(error.to_string()))?;
    context.screen.print(&script);
    Ok(0)
}
