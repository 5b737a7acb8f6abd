//! The commands of `on_event`.

use std::sync::Arc;
use std::time::SystemTime;

use super::event_sender::EventSender;
use super::step::Alert;
use crate::event::Level;
use crate::inventory::{Hook, Instance};
use crate::program::{CallError, ProgramCall};
use crate::supervisor::{InstanceState, rfc3339};
use crate::trust;

/// Runs every hook that is configured for this, each by itself. A failure is
/// logged and changes nothing.
pub(super) fn run(instance: &Instance, alert: Alert, events: &EventSender) {
    let alert = Arc::new(alert);
    for hook in instance
        .on_event
        .iter()
        .filter(|hook| hook.events.contains(&alert.alarm))
    {
        let (hook, alert, events) = (hook.clone(), Arc::clone(&alert), events.clone());
        let id = instance.id.clone();
        tokio::spawn(async move {
            if let Err(why) = carry_out(&hook, &id, &alert).await {
                let program = hook.command.first().map(|word| word.to_string_lossy().into_owned());
                let program = program.unwrap_or_default();
                let event = alert.alarm.as_str();
                events.log(
                    Level::Warning,
                    format!("its hook {program} for `{event}` failed: {why}"),
                );
            }
        });
    }
}

/// Returns the event as JSON, in one line.
fn json(id: &str, alert: &Alert) -> String {
    let value = serde_json::json!({
        "schema": 1,
        "event": alert.alarm.as_str(),
        "id": id,
        "state": alert.state.as_label(),
        "exit_code": exit_code(alert),
        "restarts": alert.restarts,
        "note": alert.note,
        "at": rfc3339(SystemTime::now()),
    });
    format!("{value}\n")
}

fn exit_code(alert: &Alert) -> Option<i32> {
    match alert.state {
        InstanceState::Crashed { exit_code } => exit_code,
        _ => None,
    }
}

async fn carry_out(hook: &Hook, id: &str, alert: &Alert) -> Result<(), String> {
    trust::refuse_for_root(&hook.command, &hook.cwd, std::env::var_os("PATH").as_deref())?;
    let exit_code = exit_code(alert).map(|code| code.to_string());
    let env = [
        ("GAMECTL_EVENT", alert.alarm.as_str().to_owned()),
        ("GAMECTL_ID", id.to_owned()),
        ("GAMECTL_STATE", alert.state.as_label().to_owned()),
        ("GAMECTL_RESTARTS", alert.restarts.to_string()),
        ("GAMECTL_NOTE", alert.note.clone()),
        ("GAMECTL_EXIT_CODE", exit_code.unwrap_or_default()),
    ];
    let program = ProgramCall::new(&hook.command).in_folder(&hook.cwd).add_env(env);
    match program.with_input(json(id, alert)).status(hook.timeout).await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(CallError::TimedOut(limit)) => Err(format!("it was killed after {}", humantime::format_duration(limit))),
        Err(error) => Err(error.to_string()),
    }
}
