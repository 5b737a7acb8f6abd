//! The commands of `on_event`.

use std::ffi::OsStr;

use super::herald::{Herald, now};
use crate::inventory::{Alarm, Hook};
use crate::program::{CallError, ProgramCall};
use crate::sys::host;
use crate::trust;

/// What a hook is told.
#[derive(Debug, Clone)]
pub(super) struct Alert {
    pub(super) alarm: Alarm,
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) exit_code: Option<i32>,
    pub(super) restarts: u32,
    pub(super) note: String,
}

impl Alert {
    /// The event as JSON, in one line.
    fn json(&self) -> String {
        let value = serde_json::json!({
            "schema": 1,
            "event": self.alarm.as_str(),
            "id": self.id,
            "state": self.state,
            "exit_code": self.exit_code,
            "restarts": self.restarts,
            "note": self.note,
            "at": now(),
        });
        format!("{value}\n")
    }
}

/// Runs every hook that wants to know, each by itself. What goes wrong is told
/// and changes nothing.
pub(super) fn run(hooks: &[Hook], alert: &Alert, herald: &Herald) {
    for hook in hooks.iter().filter(|hook| hook.events.contains(&alert.alarm)) {
        let (hook, alert, herald) = (hook.clone(), alert.clone(), herald.clone());
        tokio::spawn(async move {
            if let Err(why) = carry_out(&hook, &alert).await {
                let program = hook.command.first().map(|word| word.to_string_lossy().into_owned());
                let program = program.unwrap_or_default();
                let event = alert.alarm.as_str();
                herald.warn(format!("its hook {program} for `{event}` failed: {why}"));
            }
        });
    }
}

/// Root does not run what everybody may have written.
fn distrust(program: &OsStr, hook: &Hook) -> Result<(), String> {
    if host::effective_uid() != 0 {
        return Ok(());
    }
    // Why it cannot be run is told where it is tried.
    let path = std::env::var_os("PATH");
    let file = trust::named(program, &hook.cwd, path.as_deref(), &trust::may_run).ok();
    match file.and_then(|file| trust::open_to_all(&file)) {
        None => Ok(()),
        Some(open) => {
            let shown = open.display();
            Err(format!(
                "everybody may write {shown}, so that root does not run it: chmod o-w {shown}"
            ))
        }
    }
}

async fn carry_out(hook: &Hook, alert: &Alert) -> Result<(), String> {
    let Some(program) = hook.command.first() else {
        return Ok(());
    };
    distrust(program, hook)?;
    let exit_code = alert.exit_code.map(|code| code.to_string());
    let env = [
        ("GAMECTL_EVENT", alert.alarm.as_str().to_owned()),
        ("GAMECTL_ID", alert.id.clone()),
        ("GAMECTL_STATE", alert.state.to_owned()),
        ("GAMECTL_RESTARTS", alert.restarts.to_string()),
        ("GAMECTL_NOTE", alert.note.clone()),
        ("GAMECTL_EXIT_CODE", exit_code.unwrap_or_default()),
    ];
    let program = ProgramCall::new(&hook.command).in_folder(&hook.cwd).add_env(env);
    match program.with_input(alert.json()).status(hook.timeout).await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(CallError::TimedOut(limit)) => Err(format!("it was killed after {}", humantime::format_duration(limit))),
        Err(CallError::Io(error)) => Err(error.to_string()),
    }
}
