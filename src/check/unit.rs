//! The settings of the systemd unit that runs `gamectl run`: some of them have
//! systemd kill every game, or end the watching, for a reason of its own.

use crate::finding::Finding;
use crate::systemd::UnitSettings;

const ABOUT: &str = "unit";

/// Judges all of it: what it does to games while the host is up, and then.
pub(super) fn judge(unit: &str, settings: &UnitSettings) -> Vec<Finding> {
    let mut findings = harm(unit, settings);
    if findings.is_empty() {
        findings.push(at_shutdown(unit, settings));
    }
    findings
}

/// Returns what a unit would do to games or to the watching.
pub(super) fn harm(unit: &str, settings: &UnitSettings) -> Vec<Finding> {
    let edit = |setting: &str| format!("put `{setting}` under [Service]: systemctl edit {unit}");
    let mut findings = Vec::new();
    if let Some(mode @ ("mixed" | "control-group")) = settings.get("KillMode") {
        let message = format!(
            "{unit} has KillMode={mode}: systemd kills every game, unsaved, whenever the process of gamectl ends"
        );
        findings.push(Finding::error(ABOUT, message).hint(edit("KillMode=process")));
    }
    if let Some(policy @ ("stop" | "kill")) = settings.get("OOMPolicy") {
        let message =
            format!("{unit} has OOMPolicy={policy}: the unit ends when the kernel kills one game for its memory");
        findings.push(Finding::warning(ABOUT, message).hint(edit("OOMPolicy=continue")));
    }
    findings
}

/// Says what becomes of the games when the host goes down.
fn at_shutdown(unit: &str, settings: &UnitSettings) -> Finding {
    let command = settings.get("ExecStart").unwrap_or_default();
    let words: Vec<&str> = command.split([' ', '=']).collect();
    let on_exit = words.windows(2).find(|pair| pair.first() == Some(&"--on-exit"));
    match on_exit.and_then(|pair| pair.last()) {
        Some(&"stop") => Finding::ok(ABOUT, format!("{unit} stops the games whenever it is stopped")),
        Some(&"stop-at-shutdown") => {
            let message = format!("{unit} stops the games when the host goes down, and leaves them alone otherwise");
            Finding::ok(ABOUT, message)
        }
        _ => {
            let message =
                format!("{unit} leaves the games alone: when the host goes down, a late SIGTERM is all they get");
            let hint = format!("add `--on-exit stop-at-shutdown` to its command: systemctl edit --full {unit}");
            Finding::warning(ABOUT, message).hint(hint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn what_a_unit_does_to_games() {
        for (shown, levels) in [
            ("KillMode=process\nOOMPolicy=continue\n", &[][..]),
            // OOMPolicy= came with systemd 243.
            ("KillMode=process\n", &[]),
            ("KillMode=mixed\nOOMPolicy=continue\n", &[Severity::Error]),
            ("KillMode=process\nOOMPolicy=stop\n", &[Severity::Warning]),
            (
                "KillMode=control-group\nOOMPolicy=kill\n",
                &[Severity::Error, Severity::Warning],
            ),
        ] {
            let seen: Vec<Severity> = harm("x.service", &UnitSettings::of(shown))
                .iter()
                .map(|finding| finding.level)
                .collect();
            assert_eq!(seen, levels, "{shown}");
        }
    }

    #[test]
    fn what_a_unit_does_when_the_host_goes_down() {
        for (options, level, meaning) in [
            ("", Severity::Warning, "a late SIGTERM"),
            ("--on-exit leave", Severity::Warning, "a late SIGTERM"),
            ("--on-exit stop", Severity::Ok, "whenever"),
            ("--on-exit=stop --at-once 2", Severity::Ok, "whenever"),
            ("--on-exit stop-at-shutdown", Severity::Ok, "when the host goes down"),
        ] {
            let command = format!("ExecStart={{ path=/g ; argv[]=/g run {options} ; ignore_errors=no ; }}");
            let finding = at_shutdown("x.service", &UnitSettings::of(&command));
            assert_eq!(finding.level, level, "{options}");
            assert!(finding.message.contains(meaning), "{finding:?}");
        }
    }
}
