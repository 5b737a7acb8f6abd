//! `gamectl init`, over the built binary.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{self, Outcome, Sandbox};

/// Without an inventory named anywhere.
fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut command = sandbox.command(args);
    command.env_remove("GAMECTL_INVENTORY");
    Outcome::of(args, &command.output().expect("run gamectl"))
}

#[test]
fn it_writes_where_none_is_and_never_over_one() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("instances.yaml");
    std::fs::remove_file(&file).expect("remove it");
    let missing = run(&sandbox, &["status"]).expect_code(6);
    assert!(missing.stderr.contains("looked for ./instances.yaml"), "{missing:?}");
    assert!(missing.stderr.contains("gamectl init"), "{missing:?}");

    let wrote = run(&sandbox, &["init"]).expect_code(0);
    assert_eq!(wrote.stdout, "instances.yaml is written\n");
    let mode = file.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let status = run(&sandbox, &["status"]);
    assert!(status.stdout.contains("demo-slow"), "{status:?}");

    let text = std::fs::read_to_string(&file).expect("text");
    let again = run(&sandbox, &["init", "rust"]).expect_code(1);
    assert!(again.stderr.contains("was not touched"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("text"), text);

    // A link to nowhere is something that is there.
    symlink(sandbox.path("nowhere"), sandbox.path("link.yaml")).expect("a link");
    run(&sandbox, &["-f", "link.yaml", "init"]).expect_code(1);
    assert!(!sandbox.path("nowhere").exists());
}

/// A disk on which nothing fits keeps no part that would be in the way later.
#[test]
fn a_full_disk_leaves_no_half_of_it() {
    if !support::is_root("a_full_disk_leaves_no_half_of_it") {
        return;
    }
    let sandbox = Sandbox::new();
    let full = sandbox.path("full");
    std::fs::create_dir(&full).expect("a folder");
    // A page, and no more, in a namespace of mounts that ends with the shell.
    let script = format!(
        "mount -t tmpfs -o size=4k,nr_inodes=8 none {0} && {1} -f {0}/i.yaml init; code=$?; ls {0}; exit $code",
        full.display(),
        support::gamectl().display()
    );
    let output = std::process::Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .output()
        .expect("run unshare");
    let outcome = Outcome::of(&["init"], &output).expect_code(1);
    assert!(outcome.stderr.contains("cannot be written"), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "what is left there");
}

#[test]
fn games_are_written_out() {
    let sandbox = Sandbox::new();
    run(
        &sandbox,
        &["init", "--inventory", "own.yaml", "rust", "minecraft", "rust"],
    )
    .expect_code(0);
    let status = run(&sandbox, &["status", "--json", "--inventory", "own.yaml"]);
    let ids: Vec<String> = status.json()["instances"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ids, ["rust", "minecraft"]);
    let unknown = run(&sandbox, &["init", "-v", "--inventory", "b.yaml", "rsut"]).expect_code(4);
    assert!(unknown.stderr.contains("did you mean `rust`?"), "{unknown:?}");
    assert!(!sandbox.path("b.yaml").exists());
    let printed = run(&sandbox, &["-f", "-", "init", "rust"]).expect_code(0);
    assert!(printed.stdout.contains("game: rust"), "{printed:?}");
}
