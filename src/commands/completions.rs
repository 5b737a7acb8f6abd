//! `gamectl completions`.

use super::context::{Context, Ended};
use crate::cli::{Completions, completion};

pub(super) fn run(context: &Context<'_>, completions: &Completions) -> Result<u8, Ended> {
    context.screen.print(&completion::script(completions.shell));
    Ok(0)
}
