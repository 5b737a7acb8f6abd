//! `gamectl completions`.

use super::context::Context;
use crate::cli::{CompletionsArgs, completion};
use crate::host::Error;

pub(super) fn run(context: &Context<'_>, completions: &CompletionsArgs) -> Result<u8, Error> {
    context.screen.print(&completion::script(completions.shell));
    Ok(0)
}
