//! A command that exits with 0.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Scene;

/// How long one run may take.
const RUN_MAX: Duration = Duration::from_secs(10);

/// Runs a command, without a shell.
#[derive(Debug)]
pub(super) struct ExecProbe {
    argv: Vec<String>,
    scene: Scene,
}

impl ExecProbe {
    pub(super) fn new(argv: Vec<String>, scene: &Scene) -> Self {
        Self {
            argv,
            scene: scene.clone(),
        }
    }

    pub(super) fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// A command that cannot be run, or takes too long, has not held.
    pub(super) async fn holds(&self) -> bool {
        let Some((program, args)) = self.argv.split_first() else {
            return false;
        };
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(&self.scene.cwd)
            .env_clear()
            .envs(self.scene.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        match tokio::time::timeout(RUN_MAX, command.status()).await {
            Ok(Ok(status)) => status.success(),
            Ok(Err(_)) | Err(_) => false,
        }
    }
}
