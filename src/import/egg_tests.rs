//! Eggs of our own, with the traps of those that are public.

use super::{Draft, ImportFile, ImportOptions, read};

fn told_with(text: &str, options: &ImportOptions) -> String {
    let file = ImportFile::new("folder/egg-test.json", text.as_bytes()).expect("text");
    let drafts = read(&file, &[], None, options).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    drafts.iter().map(Draft::to_instance).collect()
}

fn told(text: &str) -> String {
    told_with(text, &ImportOptions::default())
}

/// An egg with a start command, a stop, a ready line and variables of its own.
fn egg(startup: &str, stop: &str, done: &str) -> String {
    let startup_of = serde_json::json!({ "done": done }).to_string();
    let variable = |name: &str, default: serde_json::Value, rules: &str| serde_json::json!({ "name": name, "env_variable": name, "default_value": default, "rules": rules });
    serde_json::to_string_pretty(&serde_json::json!({
        "meta": { "version": "PTDL_v2" },
        "name": "Castle Siege",
        "features": ["eula"],
        "docker_images": { "any": "example.invalid/games:any" },
        "startup": startup,
        "config": { "files": "{\"siege.ini\": {\"find\": {\"Port\": \"x\"}}}", "startup": startup_of, "stop": stop },
        "scripts": { "installation": { "script": "" } },
        "variables": [
            variable("MAP", "north wall".into(), "required|string"),
            variable("ADMIN_PASSWORD", "letmein".into(), "required"),
            variable("TOKEN", "".into(), "required|string"),
            variable("MOTD", serde_json::Value::Null, "nullable"),
            variable("PVP", true.into(), "boolean"),
            variable("RCON_PORT", 27020.into(), "required"),
        ],
    }))
    .expect("JSON")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn values_have_their_places_and_passwords_are_not_copied() {
    let text = egg(
        "./siege -map=\"{{MAP}}\" -port {{SERVER_PORT}} -pw {{ADMIN_PASSWORD}} {{MOTD}} -t {{TOKEN}}",
        "quit",
        "Gates (open)",
    );
    let out = told(&text);
    has(
        &out,
        &[
            "  # Castle Siege: from egg-test.json, an egg (PTDL_v2).\n  castle-siege:\n    process:\n      executable: \"./siege\" # startup, line ",
            "- \"-map=north wall\" # MAP, line ",
            "- \"${CASTLE_SIEGE_SERVER_PORT:-SET-ME}\" # SERVER_PORT",
            "- \"${CASTLE_SIEGE_ADMIN_PASSWORD:-SET-ME}\" # ADMIN_PASSWORD",
            "log: \"Gates \\\\(open\\\\)\" # config.startup.done, line ",
            "- { stdin: \"quit\", wait: 60s }\n      - { signal: TERM, wait: 30s }\n",
            "the panel writes siege.ini (Port)",
            "eula.txt",
            "ADMIN_PASSWORD is to be set (the egg's own is known to everybody, and not copied)",
            "TOKEN is to be set (the egg requires it",
        ],
    );
    assert!(!out.contains("letmein"), "{out}");
    let mut options = ImportOptions {
        id: Some("siege-2".to_owned()),
        folder: Some("/srv/siege".to_owned()),
        ..ImportOptions::default()
    };
    options.set.insert("SERVER_PORT".to_owned(), "7000".to_owned());
    let out = told_with(&text, &options);
    has(
        &out,
        &[
            "  siege-2:\n",
            "executable: \"/srv/siege/siege\"",
            "- \"7000\" # --set SERVER_PORT",
            "cwd: \"/srv/siege\" # --dir",
        ],
    );
    assert!(!out.contains("SERVER_PORT is to be set"), "{out}");
}

#[test]
fn a_signal_of_an_egg_is_a_guess() {
    for (stop, first) in [("^C", "INT"), ("^^C", "INT"), ("^X", "INT"), ("^SIGKILL", "TERM")] {
        let out = told(&egg("./siege", stop, "Gates open"));
        has(
            &out,
            &[
                "stop: # config.stop, line ",
                &format!("      - {{ signal: {first}, wait: "),
            ],
        );
        assert!(out.contains("is meant as INT") == (first == "INT"), "{stop}: {out}");
    }
}

#[test]
fn a_client_beside_the_game_is_where_its_words_go() {
    let startup = "./siege & until rcon -a 127.0.0.1:{{RCON_PORT}} -p {{ADMIN_PASSWORD}}; do sleep 5; done";
    let out = told(&egg(startup, "shutdown 15", "Gates open"));
    has(
        &out,
        &[
            "rcon: # the client that the start command runs\n      port: 27020\n      password: \"${CASTLE_SIEGE_ADMIN_PASSWORD:-SET-ME}\"",
            "- { rcon: \"shutdown 15\", wait: 60s }",
        ],
    );
    let trap = "bye() { rcon -a :{{RCON_PORT}} -p {{ADMIN_PASSWORD}} save && rcon -a :{{RCON_PORT}} -p {{ADMIN_PASSWORD}} Exit; }; \
                trap bye 15; ./siege & rcon -a 127.0.0.1:{{RCON_PORT}} -p {{ADMIN_PASSWORD}}";
    let out = told(&egg(trap, "^C", "Gates open"));
    has(
        &out,
        &["- { rcon: \"save\", wait: 5s }\n      - { rcon: \"Exit\", wait: 60s }\n      - { signal: INT"],
    );
}

#[test]
fn a_log_file_that_is_shown_is_where_its_line_is() {
    let startup = "rm -f /home/container/logs/siege.log; wine ./siege.exe & PID=$!; tail -c0 -F /home/container/logs/siege.log --pid=$PID";
    let out = told(&egg(startup, "^C", "Gates open"));
    has(
        &out,
        &[
            "executable: \"wine\"",
            "main: \"siege\\\\.exe$$\"",
            "log_file: \"./logs/siege.log\"",
            "pattern: \"Gates open\"",
            "before the game it runs `rm -f /home/container/logs/siege.log`",
        ],
    );
}

#[test]
fn eggs_of_pelican_have_other_shapes() {
    let text = "\
meta: { version: PLCN_v3 }
name: Hill Fort
docker_images: {}
startup_commands:
  Default: './fort {{PVP}}'
  Second: './fort -x'
config:
  files: {}
  startup:
    done: ['Ready: ', 'Bereit.']
  stop: ^C
variables:
  - env_variable: PVP
    default_value: 1
    rules: [required, boolean]
";
    let out = told(text);
    has(
        &out,
        &[
            "executable: \"./fort\" # startup_commands, Default, line 5",
            "- \"1\" # PVP, line 14",
            "log: \"(?:Ready: |Bereit\\\\.)\"",
            "it has several start commands; this is `Default`, and the others are Second",
        ],
    );
}

#[test]
fn what_cannot_be_taken_apart_is_left_unmanaged_and_told() {
    let out = told(&egg("./siege 'a", "quit", ""));
    assert!(!out.contains("executable:"), "{out}");
    has(
        &out,
        &[
            "cannot be taken apart (a quote is not closed)",
            "It is: ./siege 'a",
            "does not say when it is ready",
        ],
    );
}

#[test]
fn hostile_files_are_refused_with_their_place() {
    let deep = format!("{{\"meta\": {}1{}}}", "[".repeat(500), "]".repeat(500));
    let cycle = "meta: { version: PTDL_v2 }\nstartup: &a [*a]\n";
    for (text, place) in [
        (
            "{\"meta\": {\"version\": \"PTDL_v2\"},\n \"startup\": \"x",
            "egg.json:2:13: ",
        ),
        (&deep, "egg.json:1:"),
        (cycle, "egg.json:2:14: "),
        ("", "egg.json: the file is empty"),
        ("hello\n", "egg.json: this is nothing that can be imported"),
        (
            "[{\"Ref\": \"GamePort\"}]",
            "egg.json: this is a part of a template of AMP",
        ),
    ] {
        let file = ImportFile::new("egg.json", text.as_bytes()).expect("text");
        let problems = read(&file, &[], None, &ImportOptions::default()).expect_err(text);
        assert!(
            problems.summary().starts_with(place),
            "{}\n{text:.60}",
            problems.summary()
        );
    }
    for (bytes, told) in [
        (&b"\x7fELF\0\0"[..], "egg.json:1:5: this is no text"),
        (b"a: \xff", "egg.json:1:4: this is not UTF-8"),
        (&vec![b'x'; 10 << 20], "egg.json: it is larger than 1024 KiB"),
    ] {
        let problems = ImportFile::new("egg.json", bytes).expect_err(told);
        assert!(problems.summary().starts_with(told), "{}", problems.summary());
    }
    // What a terminal would obey, and what would end a comment.
    let text =
        egg("./siege {{A\u{1b}[2J}} \"\u{85}x\ny\"", "quit", "Gates open").replace("Castle", "\\u001b[2J\\nCastle: {");
    let out = told(&text);
    assert!(!out.contains('\u{1b}') && !out.contains('\u{85}'), "{out:?}");
}
