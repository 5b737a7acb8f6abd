//! The commands that an inventory names beside the game itself: hooks, and the
//! `exec` of probes and stop steps. They run as gamectl does, and the first
//! time that one is wanted is a bad time to learn that it is missing.

use std::ffi::OsStr;
use std::path::Path;

use crate::finding::Finding;
use crate::inventory::{Instance, Plane, Probe, StopAction};

const ABOUT: &str = "commands";

/// Whether a file can be executed by us, with why not.
pub(super) type Look<'a> = &'a dyn Fn(&Path) -> Result<(), String>;

/// A command, where it runs, and what names it.
struct Named<'a> {
    program: &'a OsStr,
    cwd: &'a Path,
    key: &'static str,
}

impl<'a> Named<'a> {
    fn new<Word: AsRef<OsStr>>(program: Option<&'a Word>, cwd: &'a Path, key: &'static str) -> Option<Self> {
        let program = program?.as_ref();
        Some(Self { program, cwd, key })
    }
}

/// Judges them all. `path` is our own `$PATH`.
pub(super) fn of_instance(instance: &Instance, path: Option<&OsStr>, look: Look<'_>) -> Vec<Finding> {
    let named = named(instance);
    let own = own_path(instance).or(path);
    let missing: Vec<Finding> = named
        .iter()
        .filter_map(|one| {
            let path = if one.key == "on_event" { path } else { own };
            let why = find(one, path, look).err()?;
            let message = format!("{} of `{}` cannot be run: {why}", one.program.display(), one.key);
            Some(Finding::error(ABOUT, message).hint(format!("correct it under `{}:`, or install it", one.key)))
        })
        .collect();
    if missing.is_empty() && !named.is_empty() {
        let list: Vec<String> = named.iter().map(|one| one.program.display().to_string()).collect();
        return vec![Finding::ok(ABOUT, list.join(", "))];
    }
    missing
}

fn named(instance: &Instance) -> Vec<Named<'_>> {
    let mut named: Vec<Named<'_>> = Vec::new();
    for hook in &instance.on_event {
        named.extend(Named::new(hook.command.first(), &hook.cwd, "on_event"));
    }
    if let Plane::Process(spec) = &instance.plane {
        let healthy = instance.healthy.iter().flat_map(|healthy| &healthy.probes);
        let ready = instance.ready.probes.iter().map(|probe| (probe, "ready.exec"));
        for (probe, key) in ready.chain(healthy.map(|probe| (probe, "healthy.exec"))) {
            if let Probe::Exec(argv) = probe {
                named.extend(Named::new(argv.first(), &spec.cwd, key));
            }
        }
        for step in &instance.stop {
            if let StopAction::Exec(argv) = &step.action {
                named.extend(Named::new(argv.first(), &spec.cwd, "stop"));
            }
        }
    }
    named
}

/// The `PATH` that the inventory gives to the game, and so to its commands.
fn own_path(instance: &Instance) -> Option<&OsStr> {
    let Plane::Process(spec) = &instance.plane else {
        return None;
    };
    let mut variables = spec.env.iter();
    variables
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.as_os_str())
}

/// As `execvp(3)` does: a name with a slash is a path, any other is looked for.
fn find(named: &Named<'_>, path: Option<&OsStr>, look: Look<'_>) -> Result<(), String> {
    if named.program.as_encoded_bytes().contains(&b'/') {
        return look(&named.cwd.join(named.program));
    }
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    let found = folders.map(|folder| look(&named.cwd.join(folder).join(named.program)));
    if found.into_iter().any(|one| one.is_ok()) {
        return Ok(());
    }
    Err("it is not on PATH".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    fn judged(body: &str) -> Vec<(Level, String)> {
        let text = format!("instances: {{a: {{process: {{executable: /x, cwd: /g, env: {{PATH: /game}}}}, {body}}}}}");
        let parsed = crate::inventory::parse(text.as_bytes(), "", "/i".as_ref(), &|_| None);
        let inventory = parsed.unwrap_or_else(|problems| panic!("{problems}"));
        let there = ["/bin/tell", "/game/rcon", "/g/bin/ask", "/i/tell"];
        let look = |path: &Path| {
            let known = there.iter().any(|one| Path::new(one) == path);
            known.then_some(()).ok_or_else(|| "it is not there".to_owned())
        };
        let found = of_instance(&inventory.instances[0], Some("/bin".as_ref()), &look);
        found.into_iter().map(|one| (one.level, one.message)).collect()
    }

    #[test]
    fn what_is_there_and_what_is_not() {
        let hook = |command: &str| format!("on_event: [{{command: [{command}, secret], events: [crashed]}}]");
        for (body, level) in [
            (hook("tell"), Level::Ok),
            (hook("/bin/tell"), Level::Ok),
            // Beside the inventory, not beside the game.
            (hook("./tell"), Level::Ok),
            (hook("./bin/ask"), Level::Error),
            // The game's PATH is not that of a hook.
            (hook("rcon"), Level::Error),
            ("ready: {exec: [bin/ask]}".into(), Level::Ok),
            ("ready: {exec: [rcon]}".into(), Level::Ok),
            ("ready: {exec: [tell]}".into(), Level::Error),
            ("stop: [{exec: [/bin/none, secret], wait: 1s}]".into(), Level::Error),
            ("healthy: {exec: [/bin/none], interval: 5s}".into(), Level::Error),
        ] {
            let found = judged(&body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert_eq!(found[0].0, level, "{body}: {found:?}");
            assert!(!found[0].1.contains("secret"), "{found:?}");
        }
        assert_eq!(judged("tags: []"), []);
    }
}
