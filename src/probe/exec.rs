//! A command that exits with 0.

use std::time::Duration;

use super::context::ProbeContext;
use crate::program::ProgramCall;

const RUN_MAX: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct ExecProbe {
    argv: Vec<String>,
    context: ProbeContext,
}

impl ExecProbe {
    pub(super) fn new(argv: Vec<String>, context: &ProbeContext) -> Self {
        Self {
            argv,
            context: context.clone(),
        }
    }

    pub(super) fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// Returns true if the command ends with 0; a command that cannot be run or
    /// takes too long does not.
    pub(super) async fn holds(&self) -> bool {
        let program = ProgramCall::new(&self.argv).in_folder(&self.context.cwd);
        let ended = program.with_env(self.context.env.iter().cloned()).status(RUN_MAX).await;
        ended.is_ok_and(|status| status.success())
    }
}
