//! A command that exits with 0.

use std::time::Duration;

use super::context::ProbeContext;
use crate::program::ProgramCall;
use crate::trust;

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

    /// Returns its name, with the reason why root does not run it, if there is one.
    pub(super) fn awaits(&self) -> String {
        let program = self.argv.first().map_or("", String::as_str);
        match self.refusal() {
            Ok(()) => format!("exec {program}"),
            Err(why) => format!("exec {program}: {why}"),
        }
    }

    /// Fails when root would run what another user could replace.
    fn refusal(&self) -> Result<(), String> {
        let path = self.context.env.iter().find(|(name, _)| name == "PATH");
        let path = path.map(|(_, value)| value.as_os_str());
        trust::refuse_for_root(&self.argv, &self.context.cwd, path)
    }

    /// Returns true if the command ends with 0; a command that cannot or may not be
    /// run, or takes too long, does not.
    pub(super) async fn holds(&self) -> bool {
        if self.refusal().is_err() {
            return false;
        }
        let program = ProgramCall::new(&self.argv).in_folder(&self.context.cwd);
        let ended = program.with_env(self.context.env.iter().cloned()).status(RUN_MAX).await;
        ended.is_ok_and(|status| status.success())
    }
}
