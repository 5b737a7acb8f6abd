//! `gamectl import`, over the built binary.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Outcome, Sandbox};

/// Returns an egg of a server that any machine has.
fn egg() -> String {
    let startup = json!({ "done": "gates [open]" }).to_string();
    let egg = json!({
        "meta": { "version": "PTDL_v2" },
        "name": "Castle Siege",
        "docker_images": {},
        "startup": "/bin/sh -c \"echo 'the gates [open]'; read line; echo {{MOTD}} \\$line\" {{SERVER_PORT}}",
        "config": { "files": "{}", "startup": startup, "stop": "close" },
        "variables": [{ "env_variable": "MOTD", "default_value": "bye", "rules": "required" }],
    });
    serde_json::to_string_pretty(&egg).expect("JSON")
}

#[test]
fn an_egg_is_imported_checked_started_and_stopped() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("egg.json"), egg()).expect("write");
    let dir = sandbox.dir().display().to_string();
    let args = [
        "import",
        "-o",
        "made.yaml",
        "--dir",
        &dir,
        "--set",
        "SERVER_PORT=7000",
        "egg.json",
    ];
    let made = sandbox.run(&args).expect_code(0);
    assert_eq!(made.stdout, "made.yaml is written\n");
    assert!(made.stderr.contains("-f made.yaml check"), "{made:?}");
    let mode = sandbox
        .path("made.yaml")
        .metadata()
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(sandbox.path("made.yaml")).expect("text");
    assert!(text.contains("- \"7000\" # --set SERVER_PORT"), "{text}");

    sandbox.run(&["-f", "made.yaml", "check"]).expect_code(0);
    sandbox
        .run(&["-f", "made.yaml", "start", "castle-siege"])
        .expect_code(0);
    let stopped = sandbox.run(&["-f", "made.yaml", "stop", "castle-siege"]).expect_code(0);
    assert!(!stopped.stdout.contains("killed"), "{stopped:?}");
    let log = sandbox.run(&["-f", "made.yaml", "logs", "castle-siege"]).expect_code(0);
    assert!(log.stdout.contains("bye close"), "{log:?}");

    // What is there is left alone.
    let again = sandbox.run(&args).expect_code(1);
    assert!(
        again.stderr.contains("made.yaml is there already, and was not touched"),
        "{again:?}"
    );
    assert_eq!(std::fs::read_to_string(sandbox.path("made.yaml")).expect("text"), text);
}

#[test]
fn it_is_printed_and_its_remarks_are_counted() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("egg.json"), egg()).expect("write");
    std::fs::write(sandbox.path("Procfile"), "castle-siege: ./siege -p 1\n").expect("write");
    let printed = sandbox.run(&["import", "egg.json", "Procfile"]).expect_code(0);
    for part in [
        "\n  castle-siege:\n",
        "\n  castle-siege-2:\n",
        "# Look over, or set by hand:",
    ] {
        assert!(printed.stdout.contains(part), "{part} {printed:?}");
    }
    assert!(printed.stderr.contains("remarks, below each instance"), "{printed:?}");
    std::fs::write(sandbox.path("made.yaml"), &printed.stdout).expect("write");
    let status = sandbox.run(&["-f", "made.yaml", "status", "--json"]).expect_code(3);
    assert!(status.stdout.contains("castle-siege-2"), "{status:?}");

    let args = ["import", "--as", "egg", "-"];
    let mut child = sandbox.command(&args);
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(egg().as_bytes())
        .expect("write");
    let piped = Outcome::of(&args, &child.wait_with_output().expect("its end")).expect_code(0);
    assert!(piped.stdout.contains("from <stdin>, an egg (PTDL_v2)"), "{piped:?}");
}

#[test]
fn an_instance_of_linuxgsm_is_its_folder() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("games/lgsm/config-lgsm/siegeserver");
    std::fs::create_dir_all(&folder).expect("folders");
    let default =
        "port=\"7000\"\nstartparameters=\"-port ${port} -n '${selfname}'\"\nstopmode=\"2\"\nexecutable=\"./siege\"\n";
    std::fs::write(folder.join("_default.cfg"), default).expect("write");
    for (own, port) in [(None, "7000"), (Some("port=\"7005\"\n"), "7005")] {
        if let Some(own) = own {
            std::fs::write(folder.join("siegeserver.cfg"), own).expect("write");
        }
        let printed = sandbox.run(&["import", "games"]).expect_code(0);
        for part in [
            "  siegeserver:\n",
            &format!("- \"{port}\" # port, line 1 of "),
            "- { signal: INT, wait: 30s }",
        ] {
            assert!(printed.stdout.contains(part), "{part} {printed:?}");
        }
    }
}

#[test]
fn what_cannot_be_imported_is_refused_with_its_place() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("egg.json"), egg()).expect("write");
    std::fs::write(sandbox.path("broken.json"), "{\n  \"meta\": {\n").expect("write");
    std::fs::write(sandbox.path("binary"), b"\x7fELF\0").expect("write");
    for (args, code, words) in [
        (
            &["import", "egg.json", "broken.json"][..],
            1,
            &["broken.json:2:11", "not closed"][..],
        ),
        (&["import", "binary"], 1, &["binary:1:5", "this is no text"]),
        (&["import", "gone.json"], 1, &["gone.json cannot be read"]),
        (&["import", "."], 1, &[". is a folder, and no instance of LinuxGSM"]),
        (&["import"], 2, &["<FILE>"]),
        (&["import", "--id", "A b", "egg.json"], 2, &["`A b` cannot be an id"]),
        (
            &["import", "--id", "a", "egg.json", "egg.json"],
            2,
            &["`--id` names one instance"],
        ),
        (
            &["import", "--set", "X", "egg.json"],
            2,
            &["`--set X` is not NAME=VALUE"],
        ),
        (&["import", "--as", "eggs", "egg.json"], 2, &["eggs", "procfile"]),
        (
            &["import", "--as", "procfile", "egg.json"],
            1,
            &["egg.json:1:1", "is not NAME: COMMAND"],
        ),
    ] {
        let refused = sandbox.run(args).expect_code(code);
        assert_eq!(refused.stdout, "", "{args:?}");
        for word in words {
            assert!(refused.stderr.contains(word), "{word:?} is not in {refused:#?}");
        }
    }
}
