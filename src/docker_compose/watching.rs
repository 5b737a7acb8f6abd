//! The watch on a stack: the engine tells of changes, and we look again.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::Instant;

use super::engine::PROJECT;
use super::supervisor::DockerComposeSupervisor;
use crate::supervisor::{InstanceState, Sight, Supervisor};
use crate::sys::clock;

/// What comes so shortly after each other is looked at once.
const TOGETHER: Duration = Duration::from_millis(50);

/// How long it takes to ask an engine again that is away.
const AWAY: Duration = Duration::from_secs(2);

/// How often a stack is looked at of which time alone may change what is to be
/// said: a probe, the boot budget.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// How often one is looked at that nothing is told of: an engine that hangs
/// says nothing.
const QUIET: Duration = Duration::from_secs(30);

/// An event of a container. See `docker events --help`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
}

impl DockerComposeSupervisor {
    pub(super) async fn watch(&self, seen: &watch::Sender<Option<Sight>>) {
        while !seen.is_closed() {
            // Told of changes first, so that none falls between.
            let mut events = self.events().ok();
            let is_known = self.show(seen).await;
            if is_known && let Some((_child, lines)) = &mut events {
                self.follow(lines, seen).await;
                self.show(seen).await;
            }
            tokio::select! {
                () = tokio::time::sleep(AWAY) => {}
                () = seen.closed() => return,
            }
        }
    }

    async fn follow(&self, lines: &mut Lines<BufReader<ChildStdout>>, seen: &watch::Sender<Option<Sight>>) {
        let mut next = self.next_look();
        loop {
            tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) if matters(&line) => next = next.min(Instant::now() + TOGETHER),
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => return,
                },
                () = tokio::time::sleep_until(next) => {
                    if !self.show(seen).await {
                        return;
                    }
                    next = self.next_look();
                }
                () = seen.closed() => return,
            }
        }
    }

    fn next_look(&self) -> Instant {
        let moves = matches!(self.state(), InstanceState::Starting | InstanceState::Stopping);
        Instant::now() + if moves { PROBE_EVERY } else { QUIET }
    }

    /// Looks, and shows it. Returns whether anything could be found out.
    async fn show(&self, seen: &watch::Sender<Option<Sight>>) -> bool {
        let sight = self.look().await;
        let is_known = matches!(sight, Sight::Known(_));
        seen.send_replace(Some(sight));
        is_known
    }

    fn events(&self) -> std::io::Result<(Child, Lines<BufReader<ChildStdout>>)> {
        let filter = format!("label={PROJECT}={}", self.spec.project);
        // Those of the last second, too: it takes docker a moment to listen.
        let since = (clock::wall_ms() / 1000).saturating_sub(1).to_string();
        let argv = self.engine.docker([
            "events",
            "--since",
            &since,
            "--filter",
            "type=container",
            "--filter",
            &filter,
            "--format",
            "{{json .}}",
        ]);
        let (program, args) = argv.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok((child, BufReader::new(stdout).lines()))
    }
}

/// Whether a look is worth while. Health checks run a program every few
/// seconds, which is told as well.
fn matters(line: &str) -> bool {
    serde_json::from_str(line).is_ok_and(|event: Event| !event.action.starts_with("exec_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_alone_are_no_news() {
        for (action, news) in [
            ("die", true),
            ("start", true),
            ("health_status: healthy", true),
            ("exec_create: true", false),
            ("exec_die", false),
        ] {
            let line = format!(r#"{{"status":"x","Type":"container","Action":"{action}","Actor":{{"ID":"a"}}}}"#);
            assert_eq!(matters(&line), news, "{action}");
        }
        assert!(!matters("not json"));
    }
}
