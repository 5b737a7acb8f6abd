//! `gamectl init --from-container`, of stacks that somebody else has brought up.

use serde_json::json;

use super::{IMAGE, Stack, docker, docker_ok, serves};

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stack_is_written_down_as_it_is() {
    let stack = Stack::new(json!({ "game": serves() }));
    let file = stack.file();
    let file = file.to_str().expect("a path");
    docker_ok(&["compose", "-p", &stack.project, "-f", file, "up", "-d"]);
    let game = stack.container("game");
    let name = docker_ok(&["inspect", "-f", "{{.Name}}", &game]);
    let name = name.trim_start_matches('/');
    stack
        .run(&[
            "-f",
            "found.yaml",
            "init",
            "--from-container",
            name,
            "--from-container",
            &game,
        ])
        .expect_code(0);
    // It waits until that has been up for a while.
    stack.run(&["-f", "found.yaml", "start", "--all"]).expect_code(0);
    let told = stack
        .run(&["-f", "found.yaml", "status", "--json"])
        .expect_code(0)
        .json();
    let rows = told["instances"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "it was named twice, and is one: {told}");
    let row = &rows[0];
    assert_eq!(
        (&row["id"], &row["state"]),
        (&json!(stack.project), &json!("running")),
        "{row}"
    );
    stack.run(&["-f", "found.yaml", "stop", "--all"]).expect_code(0);
    stack.run(&["-f", "found.yaml", "start", "--all"]).expect_code(0);
    assert_eq!(stack.container("game"), game, "it is the same one");
    stack.run(&["-f", "found.yaml", "stop", "--all"]).expect_code(0);
    // What is there is not written over.
    let again = stack
        .run(&["-f", "found.yaml", "init", "--from-container", name])
        .expect_code(1);
    assert!(again.stderr.contains("was not touched"), "{again:?}");
    // One of no stack, and one that is not there.
    let alone = format!("{}-alone", stack.project);
    docker_ok(&["create", "--name", &alone, "--network", "none", IMAGE, "true"]);
    let refused = stack.run(&["-f", "-", "init", "--from-container", &alone]);
    let near = stack.run(&["-f", "-", "init", "--from-container", &format!("{alone}e")]);
    docker(&["rm", "-f", &alone]);
    let refused = refused.expect_code(5);
    assert!(refused.stderr.contains("belongs to no compose project"), "{refused:?}");
    let near = near.expect_code(4);
    assert!(near.stderr.contains(&format!("did you mean `{alone}`?")), "{near:?}");
}
