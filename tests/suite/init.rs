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

/// The programs that know what is there are stand-ins.
#[test]
fn what_is_there_is_written_out() {
    let sandbox = Sandbox::new();
    let hostile = "/srv/${HOME} \"x\"\n# [a]/compose.yaml";
    let labels = serde_json::json!([{ "Name": "/dune-game-1", "Config": { "Labels": {
        "com.docker.compose.project": "dune",
        "com.docker.compose.project.working_dir": "/srv",
        "com.docker.compose.project.config_files": hostile,
    } } }]);
    std::fs::write(sandbox.path("docker.json"), labels.to_string()).expect("write");
    let unit = "Id=rust-main.service\nLoadState=loaded\nType=simple\nUser=rust\n\
                ExecStart={ path=/srv/rust ; argv[]=/srv/rust -batchmode ; ignore_errors=no ; pid=0 }\n";
    std::fs::write(sandbox.path("unit"), unit).expect("write");
    let dir = sandbox.dir().display().to_string();
    sandbox.stand_in("docker", &format!("cat {dir}/docker.json"));
    sandbox.stand_in("podman", "echo 'Error: no such container' >&2; exit 125");
    let path = sandbox.stand_in(
        "systemctl",
        &format!("case \"$*\" in *rust-main*) cat {dir}/unit;; *--user*) exit 1;; *) echo LoadState=not-found;; esac"),
    );
    let init = |args: &[&str]| {
        let args = [&["-f", "-", "init"], args].concat();
        let mut command = sandbox.command(&args);
        command.env("PATH", &path);
        Outcome::of(&args, &command.output().expect("run gamectl"))
    };
    let printed = init(&["--from-container", "dune-game-1"]).expect_code(0);
    std::fs::write(sandbox.path("found.yaml"), &printed.stdout).expect("write");
    let text = std::fs::read(sandbox.path("found.yaml")).expect("text");
    assert!(
        !text.contains(&b'\t') && printed.stdout.contains("$${HOME}"),
        "{printed:?}"
    );
    let checked = run(&sandbox, &["-f", "found.yaml", "start", "--dry-run", "--all"]).expect_code(0);
    assert!(checked.stdout.contains("/srv/${HOME}"), "{checked:?}");
    let printed = init(&["--from-systemd", "rust-main"]).expect_code(0);
    for part in [
        "rust-main:",
        "unit: \"rust-main.service\"",
        "scope: \"system\"",
        "# process: {",
    ] {
        assert!(printed.stdout.contains(part), "{part}: {printed:?}");
    }
    std::fs::write(sandbox.path("unit.yaml"), &printed.stdout).expect("write");
    let rows = run(&sandbox, &["-f", "unit.yaml", "status", "--json"]).json();
    let row = &rows["instances"][0];
    assert_eq!(
        (&row["id"], &row["plane"]),
        (&"rust-main".into(), &"systemd".into()),
        "{row}"
    );
    let nowhere = init(&["--from-systemd", "other"]).expect_code(4);
    assert!(nowhere.stderr.contains("systemd has no unit other"), "{nowhere:?}");
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
