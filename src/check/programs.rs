//! The commands that an inventory names beside the game itself: hooks, and the
//! `exec` of probes and stop steps. They run as gamectl does, and the first
//! time that one is wanted is a bad time to learn that it is missing, or that
//! another user may say what it does.

use std::ffi::OsStr;
use std::path::Path;

use crate::finding::Finding;
use crate::inventory::{Instance, Plane, Probe, StopAction};
use crate::trust::{self, Weakness};

const ABOUT: &str = "commands";

/// The questions that are asked about files.
#[derive(Clone, Copy)]
pub(super) struct Looks<'a> {
    /// Returns why we cannot execute it.
    pub(super) may_run: &'a dyn Fn(&Path) -> Result<(), String>,
    /// Returns through what another user could replace it.
    pub(super) weakness: &'a dyn Fn(&Path) -> Option<Weakness>,
}

/// A command, where it runs, and what names it.
struct Named<'a> {
    program: &'a OsStr,
    cwd: &'a Path,
    key: &'static str,
    /// True if it runs as a user who may say what it does.
    is_of_user: bool,
}

impl<'a> Named<'a> {
    fn new<Word: AsRef<OsStr>>(program: Option<&'a Word>, cwd: &'a Path, key: &'static str) -> Option<Self> {
        let program = program?.as_ref();
        Some(Self {
            program,
            cwd,
            key,
            is_of_user: false,
        })
    }
}

/// Judges them all. `path` is our own `$PATH`.
pub(super) fn of_instance(instance: &Instance, path: Option<&OsStr>, looks: Looks<'_>) -> Vec<Finding> {
    let named = named(instance);
    let own = match &instance.plane {
        Plane::Process(spec) => spec.path().or(path),
        _ => path,
    };
    let bad: Vec<Finding> = named
        .iter()
        .filter_map(|one| {
            let path = match one.key {
                "on_event" | "before_start" => path,
                _ => own,
            };
            judge(one, path, looks)
        })
        .collect();
    if bad.is_empty() && !named.is_empty() {
        let list: Vec<String> = named.iter().map(|one| one.program.display().to_string()).collect();
        return vec![Finding::ok(ABOUT, list.join(", "))];
    }
    bad
}

fn judge(named: &Named<'_>, path: Option<&OsStr>, looks: Looks<'_>) -> Option<Finding> {
    let (program, key) = (named.program.display(), named.key);
    match trust::named(named.program, named.cwd, path, looks.may_run) {
        Err(why) => {
            let message = format!("{program} of `{key}` cannot be run: {why}");
            Some(Finding::error(ABOUT, message).hint(format!("correct it under `{key}:`, or install it")))
        }
        Ok(file) => {
            if named.is_of_user {
                return None;
            }
            let weakness = (looks.weakness)(&file)?;
            let message = format!("{weakness}: another user may say what {program} of `{key}` does");
            Some(Finding::error(ABOUT, message).hint(weakness.remedy()))
        }
    }
}

fn named(instance: &Instance) -> Vec<Named<'_>> {
    let mut named: Vec<Named<'_>> = Vec::new();
    for hook in &instance.on_event {
        named.extend(Named::new(hook.command.first(), &hook.cwd, "on_event"));
    }
    if let Some(rule) = &instance.before_start {
        let own = Named::new(rule.command.first(), &rule.cwd, "before_start");
        let is_of_user = rule.user.is_some();
        named.extend(own.map(|own| Named { is_of_user, ..own }));
    }
    let cwd = match &instance.plane {
        Plane::Process(spec) => Some(spec.cwd.as_path()),
        Plane::Systemd(_) => Some(Path::new("/")),
        _ => None,
    };
    if let Some(cwd) = cwd {
        let healthy = instance.healthy.iter().flat_map(|healthy| &healthy.probes);
        let ready = instance.ready.probes.iter().map(|probe| (probe, "ready.exec"));
        for (probe, key) in ready.chain(healthy.map(|probe| (probe, "healthy.exec"))) {
            if let Probe::Exec(argv) = probe {
                named.extend(Named::new(argv.first(), cwd, key));
            }
        }
        for step in &instance.stop {
            if let StopAction::Exec(argv) = &step.action {
                named.extend(Named::new(argv.first(), cwd, "stop"));
            }
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn judged(body: &str) -> Vec<(Severity, String)> {
        let text = format!("instances: {{a: {{process: {{executable: /x, cwd: /g, env: {{PATH: /game}}}}, {body}}}}}");
        let parsed = crate::inventory::parse(text.as_bytes(), "", "/i".as_ref(), &|_| None);
        let inventory = parsed.unwrap_or_else(|problems| panic!("{problems}"));
        let there = ["/bin/tell", "/bin/shared", "/game/rcon", "/g/bin/ask", "/i/tell"];
        let look = |path: &Path| {
            let known = there.iter().any(|one| Path::new(one) == path);
            known.then_some(()).ok_or_else(|| "it is not there".to_owned())
        };
        let open = |path: &Path| (path == Path::new("/bin/shared")).then(|| Weakness::OpenToAll("/bin".into()));
        let looks = Looks {
            may_run: &look,
            weakness: &open,
        };
        let found = of_instance(&inventory.instances[0], Some("/bin".as_ref()), looks);
        found.into_iter().map(|one| (one.level, one.message)).collect()
    }

    #[test]
    fn what_is_there_and_what_is_not() {
        let hook = |command: &str| format!("on_event: [{{command: [{command}, secret], events: [crashed]}}]");
        for (body, level) in [
            (hook("tell"), Severity::Ok),
            (hook("/bin/tell"), Severity::Ok),
            (hook("shared"), Severity::Error),
            ("ready: {exec: [/bin/shared]}".into(), Severity::Error),
            // Beside the inventory, not beside the game.
            (hook("./tell"), Severity::Ok),
            (hook("./bin/ask"), Severity::Error),
            // The game's PATH is not that of a hook.
            (hook("rcon"), Severity::Error),
            ("ready: {exec: [bin/ask]}".into(), Severity::Ok),
            ("ready: {exec: [rcon]}".into(), Severity::Ok),
            ("ready: {exec: [tell]}".into(), Severity::Error),
            ("stop: [{exec: [/bin/none, secret], wait: 1s}]".into(), Severity::Error),
            ("healthy: {exec: [/bin/none], interval: 5s}".into(), Severity::Error),
        ] {
            let found = judged(&body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert_eq!(found[0].0, level, "{body}: {found:?}");
            assert!(!found[0].1.contains("secret"), "{found:?}");
        }
        assert_eq!(judged("tags: []"), []);
    }
}
