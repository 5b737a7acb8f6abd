//! `status` of many docker-compose stacks, beside the loop over `docker compose
//! ps` that people write.

use std::process::{Command, Stdio};

use crate::Options;
use crate::fleet::{median, timed};
use crate::guard::Guard;
use crate::manager::write;
use crate::table::{Table, Target};

const COUNT: usize = 50;

/// The time until all have been shown. Every tenth stack has a container, which
/// was created and not started; none is on the network.
pub(crate) fn measure(guard: &Guard, gamectl: &std::path::Path, options: &Options, table: &mut Table) {
    let Some(image) = image() else {
        eprintln!("status of {COUNT} stacks: no Docker Engine answers, or it has no image");
        return;
    };
    let dir = guard.fresh("stacks");
    let ids: Vec<String> = (0..COUNT).map(|number| format!("gamectl-bench-{number:02}")).collect();
    let service = format!("{{ image: \"{image}\", command: [\"true\"], network_mode: none }}");
    write(&dir.join("compose.yaml"), &format!("services:\n  game: {service}\n"));
    let entries: String = ids
        .iter()
        .map(|id| format!("  {id}:\n    docker_compose: {{ file: compose.yaml, project: {id} }}\n"))
        .collect();
    write(&dir.join("instances.yaml"), &format!("instances:\n{entries}"));
    let compose = |id: &str, words: &[&str]| {
        let mut command = Command::new("docker");
        command
            .args(["compose", "-p", id, "-f"])
            .arg(dir.join("compose.yaml"))
            .args(words);
        quiet(command)
    };
    for id in ids.iter().step_by(10) {
        let _ = compose(id, &["create"]).status();
    }
    let rounds = options.pick(5, 2);
    eprintln!("status of {COUNT} stacks: {rounds} rounds");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut status = quiet(Command::new(gamectl));
        status
            .arg("status")
            .current_dir(&dir)
            .env("GAMECTL_STATE_DIR", dir.join("state"));
        ours.push(timed(status) as f64 / 1e6);
        let all = ids
            .iter()
            .map(|id| timed(compose(id, &["ps", "-a", "--format", "json"])));
        theirs.push(all.sum::<u64>() as f64 / 1e6);
    }
    for id in ids.iter().step_by(10) {
        let _ = compose(id, &["rm", "-f"]).status();
    }
    table.pair(
        &format!("status of {COUNT} stacks"),
        "ms",
        median(ours),
        (&format!("{COUNT} x docker compose ps"), median(theirs)),
        Target::AtMost(1.0 / 50.0, "that"),
    );
}

/// Any image that the engine has: nothing is run from it.
fn image() -> Option<String> {
    let mut command = Command::new("docker");
    command.args(["image", "ls", "-q"]).stderr(Stdio::null());
    let listed = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(listed.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

fn quiet(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
