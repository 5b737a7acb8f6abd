//! A stack of containers that version 0.1 started, in the state directory that it
//! left: its records are written down here, byte for byte. It had no `origin`, so
//! the project stands in the inventory alone.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::unlisted_stacks::Stacks;

/// A stack that `run` had restarted twice.
const STACK: &str =
    "gamectl stack 1\nstarted_wall_ms 1795901086322\nrestarts 2\narrived true\nservice game\nend ebe03732\n";

const LOCK: &str = "gamectl start (pid 7212)\nturn 7212.2078927.0\n";

impl Stacks {
    /// Puts the old records where a start of today has put its own.
    fn go_back(&self, want: &str) {
        let folder = self.sandbox.instance_dir("dune");
        for entry in fs::read_dir(&folder).expect("the folder") {
            fs::remove_file(entry.expect("an entry").path()).expect("a file of today");
        }
        fs::write(folder.join("stack"), STACK).expect("a record");
        fs::write(folder.join("lock"), LOCK).expect("a lock");
        fs::write(folder.join("compose.log"), "").expect("a log");
        let intent = |want: &str| format!("1,{want},1795900598615,0,6dfe6f11");
        symlink(intent(want), folder.join("intent")).expect("an intent");
        symlink(intent("stopped"), folder.join("intent.stop")).expect("an intent");
    }

    /// A stack that runs, with the records of an older build.
    fn old() -> Self {
        let stacks = Self::new();
        stacks.list_stack("dune");
        stacks.run(&["start", "dune"]).expect_code(0);
        stacks.go_back("running");
        stacks
    }

    fn row(&self) -> serde_json::Value {
        self.run(&["status", "--json", "dune"]).json()["instances"][0].clone()
    }
}

#[test]
fn a_stack_of_an_older_build_goes_on() {
    let stacks = Stacks::old();
    let row = stacks.row();
    assert_eq!(
        (&row["state"], &row["intent"], &row["restarts"], &row["plane"]),
        (
            &json!("running"),
            &json!("running"),
            &json!(2),
            &json!("docker_compose")
        ),
        "{row}"
    );
    // A service that it had brought up, and that is gone, is missed.
    let container = stacks.sandbox.path("container");
    fs::write(&container, "exited\n").expect("the container");
    assert_eq!(stacks.row()["state"], "crashed");
    fs::write(&container, "running\n").expect("the container");
    // What runs is left alone; from then on its project is on record.
    let again = stacks.run(&["start", "dune", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false, "{again}");
    stacks.list_nothing();
    assert_eq!(stacks.rows(&[]), ["dune docker_compose running"]);
    stacks.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stacks.container(), "exited");
}

#[test]
fn a_stack_of_an_older_build_is_stopped() {
    let stacks = Stacks::old();
    let stop = stacks.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(stop["results"][0]["changed"], true, "{stop}");
    assert_eq!(stacks.container(), "exited");
    assert_eq!(stacks.row()["state"], "stopped");
    // And one that it had stopped itself stays so, listed or not.
    stacks.go_back("stopped");
    assert_eq!(stacks.row()["state"], "stopped");
    stacks.list_nothing();
    assert_eq!(stacks.rows(&[]), [""; 0]);
}

#[test]
fn a_stack_of_an_older_build_that_left_the_inventory_is_unknown() {
    let stacks = Stacks::old();
    stacks.list_nothing();
    assert_eq!(stacks.rows(&[]), ["dune docker_compose unknown"]);
    let refused = stacks.run(&["stop", "dune"]).expect_code(4);
    assert!(refused.stderr.contains("did not write down the project"), "{refused:?}");
    assert_eq!(stacks.container(), "running");
    stacks.list_stack("dune");
    stacks.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stacks.container(), "exited");
}
