//! Stacks that have left the inventory or changed their plane, on a stand-in
//! for `docker`: it keeps one container, whose state is a file.

use std::fs;

use serde_json::json;

use crate::support::{Instance, Outcome, Sandbox};

const DOCKER: &str = r#"cd "$STAND_IN" || exit 1
echo "$*" >> calls
case "$*" in
version\ *) echo 28.2.2 ;;
"compose version --short") echo 2.26.0 ;;
"compose "*" up "*) echo running > container ;;
"compose "*) ;;
ps\ *) [ ! -e container ] || echo c1 ;;
inspect\ *) printf '[{"Id":"c1","State":{"Status":"%s","ExitCode":0,"StartedAt":"2026-01-01T00:00:00Z","FinishedAt":"2026-01-01T00:00:01Z"},"Config":{"Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"game","com.docker.compose.depends_on":""}}}]\n' "$(cat container)" ;;
stop\ *) echo exited > container ;;
*) exit 1 ;;
esac
"#;

pub(crate) struct Stacks {
    pub(crate) sandbox: Sandbox,
    /// The `PATH` with the stand-in.
    path: String,
}

impl Stacks {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let path = sandbox.stand_in("docker", DOCKER);
        fs::write(sandbox.path("compose.yaml"), "services: { game: { image: none } }\n")
            .expect("a file of the stand-in");
        Self { sandbox, path }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        let mut command = self.sandbox.command(args);
        command.env("PATH", &self.path).env("STAND_IN", self.sandbox.dir());
        Outcome::of(args, &command.output().expect("run gamectl"))
    }

    pub(crate) fn list_stack(&self, id: &str) {
        let section = json!({ "file": "compose.yaml", "project": "shop" });
        let text = json!({ "instances": { id: { "docker_compose": section } } });
        self.sandbox.inventory_text(&text.to_string());
    }

    pub(crate) fn list_nothing(&self) {
        self.sandbox.inventory_text("instances: {}\n");
    }

    pub(crate) fn container(&self) -> String {
        fs::read_to_string(self.sandbox.path("container"))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The rows of `status`, as `ID PLANE STATE`.
    pub(crate) fn rows(&self, selectors: &[&str]) -> Vec<String> {
        let rows = self.run(&[&["status", "--json"], selectors].concat()).json();
        let rows = rows["instances"].as_array().expect("rows").clone();
        let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let row = |row| format!("{} {} {}", text(row, "id"), text(row, "plane"), text(row, "state"));
        rows.iter().map(row).collect()
    }
}

#[test]
fn a_running_stack_that_left_the_inventory_is_shown_and_stopped() {
    let stacks = Stacks::new();
    stacks.list_stack("dune");
    stacks.run(&["start", "dune"]).expect_code(0);
    stacks.list_nothing();
    for selectors in [&[][..], &["dune"][..]] {
        assert_eq!(stacks.rows(selectors), ["dune docker_compose running"]);
    }
    let stop = stacks.run(&["stop", "--json", "dune"]).expect_code(0).json();
    assert_eq!(stop["results"][0]["changed"], true, "{stop}");
    assert_eq!(stacks.container(), "exited");
    // A stack that was stopped is no longer shown, and no engine is asked for it.
    fs::remove_file(stacks.sandbox.path("calls")).unwrap();
    assert_eq!(stacks.rows(&[]), [""; 0]);
    assert!(!stacks.sandbox.path("calls").exists());
    assert_eq!(stacks.rows(&["dune"]), ["dune docker_compose stopped"]);
}

#[test]
fn what_cannot_be_found_again_is_unknown_and_no_stop_of_it_succeeds() {
    let stacks = Stacks::new();
    stacks.list_stack("dune");
    stacks.run(&["start", "dune"]).expect_code(0);
    stacks.list_nothing();
    let origin = stacks.sandbox.instance_dir("dune").join("origin");
    for text in ["noise", "gamectl origin 2\nplane ferry\n"] {
        fs::write(&origin, text).unwrap();
        assert_eq!(stacks.rows(&[]), ["dune unknown unknown"], "{text}");
        let stop = stacks.run(&["stop", "dune"]).expect_code(4);
        assert_eq!(stacks.container(), "running", "{text}");
        let remedy = format!("once nothing of it runs, remove that with: rm {}", origin.display());
        assert_eq!(stop.stderr.contains(&remedy), text == "noise", "{stop:?}");
    }
    // The records of an older gamectl do not name the project.
    fs::remove_file(&origin).unwrap();
    let intent = stacks.sandbox.instance_dir("dune").join("intent");
    fs::remove_file(&intent).unwrap();
    assert_eq!(stacks.rows(&[]), ["dune docker_compose unknown"]);
    stacks.run(&["stop", "dune"]).expect_code(4);
    // In the inventory it is as ever.
    fs::remove_file(&intent).unwrap();
    stacks.list_stack("dune");
    assert_eq!(stacks.rows(&[]), ["dune docker_compose running"]);
    stacks.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stacks.container(), "exited");
}

#[test]
fn a_process_that_became_a_stack_is_not_started_twice() {
    let stacks = Stacks::new();
    let game = Instance::awkward("dune", &["serve"]);
    stacks.sandbox.inventory(&[game]);
    stacks.run(&["start", "dune"]).expect_code(0);
    stacks.list_stack("dune");
    assert_eq!(stacks.rows(&[]), ["dune process running"]);
    stacks.run(&["start", "dune"]).expect_code(1);
    assert_eq!(stacks.container(), "");
    stacks.run(&["restart", "dune"]).expect_code(0);
    assert_eq!(stacks.rows(&[]), ["dune docker_compose running"]);
    stacks.sandbox.nothing_left();
    stacks.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stacks.container(), "exited");
}

#[test]
fn a_stack_that_became_a_process_is_not_started_twice() {
    let stacks = Stacks::new();
    stacks.list_stack("dune");
    stacks.run(&["start", "dune"]).expect_code(0);
    let game = Instance::awkward("dune", &["serve"]);
    stacks.sandbox.inventory(&[game]);
    assert_eq!(stacks.rows(&[]), ["dune docker_compose running"]);
    stacks.run(&["start", "dune"]).expect_code(1);
    stacks.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stacks.container(), "exited");
    stacks.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stacks.rows(&[]), ["dune process running"]);
    stacks.list_nothing();
    assert_eq!(stacks.rows(&[]), ["dune process running"]);
    stacks.run(&["stop", "dune"]).expect_code(0);
    stacks.sandbox.nothing_left();
}

#[test]
fn a_running_game_without_a_plane_now_is_shown_and_stopped() {
    let stacks = Stacks::new();
    let game = Instance::awkward("dune", &["serve"]);
    stacks.sandbox.inventory(&[game]);
    stacks.run(&["start", "dune"]).expect_code(0);
    stacks.sandbox.inventory_text("instances: { dune: { process: {} } }\n");
    assert_eq!(stacks.rows(&[]), ["dune process running"]);
    stacks.run(&["stop", "--all"]).expect_code(0);
    stacks.sandbox.nothing_left();
    assert_eq!(stacks.rows(&[]), ["dune process unmanaged"]);
}
