//! The surroundings of a game: arguments and environment byte for byte, and nothing
//! of whoever happened to type the command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, wait_until};

/// A game that writes down what it was given.
fn dumper(id: &str) -> Instance {
    Instance::awkward(id, &["serve", "--dump", "dump", "--ready", "up"]).ready_log("up")
}

/// Reads the dump that the game wrote.
#[track_caller]
fn dump(sandbox: &Sandbox, name: &str) -> Value {
    let text = fs::read_to_string(sandbox.path(name)).expect("read the dump");
    serde_json::from_str(&text).expect("the dump is JSON")
}

/// The items of one of the files beside it, each ended by a NUL.
#[track_caller]
fn items(sandbox: &Sandbox, name: &str) -> Vec<Vec<u8>> {
    let bytes = fs::read(sandbox.path(name)).expect("read the dump");
    let mut items: Vec<_> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    assert_eq!(items.pop().as_deref(), Some(&b""[..]));
    items
}

/// The environment that it was given.
#[track_caller]
fn environ(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let pair = |item: Vec<u8>| {
        let item = String::from_utf8(item).expect("UTF-8");
        let (name, value) = item.split_once('=').expect("a variable");
        (name.to_owned(), value.to_owned())
    };
    items(sandbox, "dump.environ").into_iter().map(pair).collect()
}

/// A shell with the sandbox's environment, in which `gamectl` is the binary.
fn shell(sandbox: &Sandbox, script: &str) -> Outcome {
    let script = script.replace("gamectl", &format!("'{}'", support::gamectl().display()));
    let output = sandbox.program("/bin/sh").args(["-c", &script]).output();
    Outcome::of(&[&script], &output.expect("run a shell"))
}

#[test]
fn arguments_and_variables_that_are_not_text() {
    let sandbox = Sandbox::new();
    let odd = OsString::from_vec(b"caf\xe9 \xff\xfe $HOME 'q' \"d\" \\ *\n\t;&|<>".to_vec());
    let words = ["dump", "dump", "--", "${ODD}", "", "a b", "-${ODD}-", "$$HOME"];
    sandbox.inventory(&[Instance::awkward("a", &words).env("GIVEN", "<${ODD}>").env("EMPTY", "")]);
    let output = sandbox.command(&["start", "a", "--no-wait"]).env("ODD", &odd).output();
    Outcome::of(&["start"], &output.expect("run gamectl")).expect_code(0);
    wait_until("the dump", || sandbox.path("dump").exists());
    // The variable is not there when the sandbox is left.
    sandbox.inventory(&[Instance::awkward("a", &["serve"])]);
    let argv = items(&sandbox, "dump.argv");
    let odd = odd.as_bytes();
    let expected: [&[u8]; 5] = [odd, b"", b"a b", &[b"-", odd, b"-"].concat(), b"$HOME"];
    assert_eq!(argv[4..], expected);
    assert_eq!(argv[0], support::awkward().as_os_str().as_bytes());
    let environ = items(&sandbox, "dump.environ");
    assert!(environ.contains(&[b"GIVEN=<", odd, b">"].concat()), "{environ:?}");
    assert!(environ.contains(&b"EMPTY=".to_vec()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_reach_the_game(
        words in prop::collection::vec(prop::collection::vec(1_u8..=255, 0..40), 0..12),
        value in prop::collection::vec(1_u8..=255, 0..200),
    ) {
        let sandbox = Sandbox::new();
        let mut args = vec!["dump".to_owned(), "dump".to_owned(), "--".to_owned()];
        args.extend((0..words.len()).map(|place| format!("${{WORD_{place}}}")));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        sandbox.inventory(&[Instance::awkward("a", &args).env("VALUE", "${VALUE}")]);
        let mut start = sandbox.command(&["start", "a", "--no-wait"]);
        for (place, word) in words.iter().enumerate() {
            start.env(format!("WORD_{place}"), OsString::from_vec(word.clone()));
        }
        start.env("VALUE", OsString::from_vec(value.clone()));
        Outcome::of(&["start"], &start.output().expect("run gamectl")).expect_code(0);
        wait_until("the dump", || sandbox.path("dump").exists());
        // The variables are not there when the sandbox is left.
        sandbox.inventory(&[Instance::awkward("a", &["serve"])]);
        prop_assert_eq!(&items(&sandbox, "dump.argv")[4..], &words[..]);
        let wanted = [b"VALUE=", &value[..]].concat();
        prop_assert!(items(&sandbox, "dump.environ").contains(&wanted));
    }
}

#[test]
fn the_environment_of_the_caller_stays_with_the_caller() {
    let sandbox = Sandbox::with(&[dumper("a").env("OWN", "mine")]);
    let mut start = sandbox.command(&["start", "a"]);
    for canary in [
        "CANARY",
        "SSH_AUTH_SOCK",
        "LD_PRELOAD_CANARY",
        "TERM",
        "TMUX",
        "XDG_RUNTIME_DIR",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "INVOCATION_ID",
        "SUDO_USER",
        "MAIL",
        "PWD",
        "OLDPWD",
        "SHLVL",
    ] {
        start.env(canary, "canary");
    }
    start.env("LC_ALL", "C").env("LANG", "C.UTF-8").env("TZ", "UTC");
    Outcome::of(&["start"], &start.output().expect("run gamectl")).expect_code(0);
    let environ = environ(&sandbox);
    let names: Vec<&str> = environ
        .keys()
        .map(String::as_str)
        .filter(|name| !name.starts_with("GAMECTL_TEST"))
        .collect();
    assert_eq!(
        names,
        [
            "AWKWARD_LIFETIME_SECS",
            "GAMECTL_INSTANCE",
            "GAMECTL_TOKEN",
            "GAMECTL_TREE",
            "HOME",
            "LANG",
            "LC_ALL",
            "OWN",
            "PATH",
            "TZ"
        ],
    );
    assert_eq!(environ["GAMECTL_INSTANCE"], "a");
    assert!(!environ.values().any(|value| value == "canary"));
}

#[test]
fn the_working_directory() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("b-dir")).expect("a folder");
    let b = Instance::awkward("b", &["serve", "--dump", "dump", "--ready", "up"])
        .ready_log("up")
        .process("cwd", json!("b-dir"));
    sandbox.inventory(&[dumper("a"), b]);
    let output = sandbox.command(&["start", "--all"]).current_dir("/").output();
    Outcome::of(&["start"], &output.expect("run gamectl")).expect_code(0);
    assert_eq!(dump(&sandbox, "dump")["cwd"], sandbox.arg("").trim_end_matches('/'));
    assert_eq!(dump(&sandbox, "b-dir/dump")["cwd"], sandbox.arg("b-dir"));
    // The shim keeps no folder busy.
    let shim = sandbox.shim("a");
    assert_eq!(
        fs::read_link(format!("/proc/{shim}/cwd")).expect("its cwd"),
        std::path::Path::new("/")
    );
}

#[test]
fn no_descriptor_of_anybody_else() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    shell(&sandbox, "exec 3<instances.yaml 7>seven 9<>nine; exec gamectl start a").expect_code(0);
    let given = dump(&sandbox, "dump");
    let numbers: Vec<&String> = given["fds"].as_object().expect("an object").keys().collect();
    assert_eq!(numbers, ["0", "1", "2"], "{given}");
    assert_eq!(given["ttys"], json!([false, false, false]));
}

#[test]
fn closed_standard_streams_of_the_caller_do_no_harm() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    shell(&sandbox, "exec gamectl start a <&- >&- 2>&-").expect_code(0);
    let given = dump(&sandbox, "dump");
    let fds = given["fds"].as_object().expect("an object");
    assert_eq!(fds.keys().collect::<Vec<_>>(), ["0", "1", "2"], "{given}");
    assert!(fds["0"].as_str().is_some_and(|to| to.ends_with("/a/in")), "{given}");
    assert!(fds["1"].as_str().is_some_and(|to| to.starts_with("pipe:")), "{given}");
    assert_eq!(fds["1"], fds["2"]);
}

#[test]
fn signals_are_as_for_a_new_process() {
    let sandbox = Sandbox::with(&[Instance::program("a", "/bin/cat", &["/proc/self/status"])]);
    let ways = [
        "gamectl start --no-wait a",
        "trap '' HUP INT QUIT TERM PIPE TSTP TTOU CHLD USR1; gamectl start --no-wait a",
        "nohup gamectl start --no-wait a",
        "env --ignore-signal=INT --block-signal=TERM --block-signal=CHLD --block-signal=USR2 gamectl start --no-wait a",
    ];
    for (place, way) in ways.iter().enumerate() {
        shell(&sandbox, way).expect_code(0);
        sandbox.wait_state("a", "crashed");
        let console = sandbox.console("a");
        for set in ["SigBlk:", "SigIgn:", "SigCgt:"] {
            let masks: Vec<_> = console.lines().filter_map(|line| line.strip_prefix(set)).collect();
            assert_eq!(masks.len(), place + 1, "{way}: {console}");
            assert_eq!(masks[place].trim(), "0000000000000000", "{way}: {set}");
        }
    }
}

#[test]
fn a_session_of_its_own() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    sandbox.ok(&["start", "a"]);
    let given = dump(&sandbox, "dump");
    assert_eq!((&given["sid"], &given["pgid"]), (&given["pid"], &given["pid"]));
    let shim = sandbox.shim("a");
    assert_eq!(given["ppid"], shim);
    let field = |number| Process::stat_field(shim, number);
    assert_ne!(
        field(6),
        Process::stat_field(std::process::id().try_into().expect("a pid"), 6)
    );
    // Neither has a controlling terminal.
    assert_eq!((field(7), Process::stat_field(sandbox.pid("a"), 7)), (Some(0), Some(0)));
}

#[test]
fn the_umask_is_that_of_the_inventory() {
    let sandbox = Sandbox::new();
    for (own, given, mask) in [("077", None, "022"), ("000", None, "022"), ("022", Some("027"), "027")] {
        let game = dumper("a");
        sandbox.inventory(&[match given {
            Some(given) => game.process("umask", json!(given)),
            None => game,
        }]);
        shell(&sandbox, &format!("umask {own}; exec gamectl start a")).expect_code(0);
        assert_eq!(dump(&sandbox, "dump")["umask"], mask);
        let mode = fs::metadata(sandbox.state_dir()).expect("the state directory").mode();
        assert_eq!(mode & 0o777, 0o700, "whatever the umask");
        sandbox.ok(&["stop", "a"]);
    }
}

#[test]
fn variables_that_are_asked_for_are_inherited() {
    let sandbox = Sandbox::with(&[dumper("a").process("inherit_env", json!(["JAVA_HOME", "WINE*"]))]);
    let mut start = sandbox.command(&["start", "a"]);
    start
        .env("JAVA_HOME", "/j")
        .env("WINEPREFIX", "/w")
        .env("JAVA_OPTS", "-x");
    Outcome::of(&["start"], &start.output().expect("run gamectl")).expect_code(0);
    let environ = environ(&sandbox);
    assert_eq!((&*environ["JAVA_HOME"], &*environ["WINEPREFIX"]), ("/j", "/w"));
    assert!(!environ.contains_key("JAVA_OPTS"), "{environ:?}");
}

/// Returns the score of one that protects itself and began with this one: root in a
/// container often may not.
fn protected(sandbox: &Sandbox, began_with: &'static str) -> &'static str {
    let script = "echo -900 >/proc/self/oom_score_adj && cat /proc/self/oom_score_adj";
    match shell(sandbox, script).stdout.trim() {
        "-900" => "-900",
        _ => began_with,
    }
}

fn oom_score(pid: i32) -> String {
    let score = fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).expect("its score");
    score.trim().to_owned()
}

#[test]
fn the_out_of_memory_killer_sees_the_game_as_the_starter_had_it() {
    let sandbox = Sandbox::with(&[dumper("a")]);
    shell(&sandbox, "echo 300 >/proc/self/oom_score_adj; exec gamectl start a").expect_code(0);
    assert_eq!(dump(&sandbox, "dump")["oom_score_adj"], "300");
    assert_eq!(oom_score(sandbox.shim("a")), protected(&sandbox, "300"));
}

/// Neither its games nor its hooks nor the programs that it asks.
#[test]
fn the_out_of_memory_killer_takes_run_last_and_nothing_else_that_it_begins() {
    let sandbox = Sandbox::new();
    let note = |name: &str| {
        [
            "/bin/sh",
            "-c",
            &format!("cat /proc/self/oom_score_adj >{}", sandbox.arg(name)),
        ]
        .map(str::to_owned)
    };
    let hook = json!({ "command": note("hook"), "events": ["started"] });
    // More than one, so that shims of the spawner are among them.
    let games = ["a", "b", "c"].map(|id| {
        let game = Instance::awkward(id, &["serve", "--dump", &format!("dump-{id}")]);
        game.with("ready", json!({ "exec": note("probe") }))
            .with("on_event", json!([hook]))
    });
    sandbox.inventory(&games);
    let script = format!(
        "echo 300 >/proc/self/oom_score_adj; exec '{}' run --json",
        support::gamectl().display()
    );
    let run = Background::of(sandbox.program("/bin/sh").args(["-c", &script]));
    let protected = protected(&sandbox, "300");
    // Not `status`, which would ask the probe itself.
    for id in ["a", "b", "c"] {
        run.sees(id, "running");
    }
    for id in ["a", "b", "c"] {
        assert_eq!(dump(&sandbox, &format!("dump-{id}"))["oom_score_adj"], "300", "{id}");
        assert_eq!(oom_score(sandbox.shim(id)), protected, "{id}");
    }
    for program in ["hook", "probe"] {
        wait_until(program, || sandbox.lines(program) == ["300"]);
    }
    assert_eq!(oom_score(run.pid()), protected);
    drop(run);
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn standard_input_never_ends() {
    let game = Instance::awkward("a", &["serve", "--expect-stdin", "--ready", "up"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    // Each of these opens and closes the console.
    for word in ["one", "two", "three"] {
        sandbox.tell("a", &format!("say {word}"));
        sandbox.wait_console("a", &format!("{word}\n"));
    }
    assert!(!sandbox.console("a").contains("end of file"));
    // Nor when its shim is gone.
    support::Process::signal(sandbox.shim("a"), nix::sys::signal::Signal::SIGKILL);
    sandbox.tell("a", "touch four");
    wait_until("the word after the shim's end", || sandbox.path("four").exists());
    assert_eq!(sandbox.state("a"), "running");
}

#[test]
fn a_game_that_makes_its_input_nonblocking_does_not_touch_its_output() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["nonblock", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.wait_console("a", "nonblock: stdout unaffected");
}

#[test]
fn a_pseudo_terminal_where_one_is_asked_for() {
    let game = dumper("a")
        .process("tty", json!(true))
        .with("stop", json!([{ "stdin": "quit", "wait": "20s" }]));
    let sandbox = Sandbox::with(&[game]);
    let output = sandbox.command(&["start", "a"]).env("TERM", "vt100").output();
    Outcome::of(&["start"], &output.expect("run gamectl")).expect_code(0);
    let given = dump(&sandbox, "dump");
    assert_eq!(given["ttys"], json!([true, true, true]));
    assert_eq!(given["fds"].as_object().expect("an object").len(), 3, "{given}");
    assert_eq!(given["sid"], given["pid"]);
    assert_eq!(environ(&sandbox)["TERM"], "vt100");
    let pid = sandbox.pid("a");
    assert_ne!(Process::stat_field(pid, 7), Some(0), "it is its controlling terminal");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "stdin: quit");
    assert!(sandbox.console("a").contains("bye\r\n"), "{}", sandbox.console("a"));
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
    sandbox.nothing_left();
}

#[test]
fn another_user() {
    if !support::is_root("a game runs as another user") {
        return;
    }
    let sandbox = Sandbox::new();
    let open = |name: &str, mode| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).expect("set a mode");
    };
    // Where that user can get at it.
    open("", 0o755);
    support::install(&support::awkward(), &sandbox.path("game"));
    open("game", 0o755);
    fs::create_dir(sandbox.path("work")).expect("a folder");
    open("work", 0o777);
    let game = Instance::program("a", &sandbox.arg("game"), &["serve", "--dump", "dump", "--ready", "up"])
        .process("cwd", json!("work"))
        .process("user", json!("nobody"))
        .ready_log("up");
    sandbox.inventory(&[game]);
    let output = sandbox
        .command(&["start", "a"])
        .env("USER", "root")
        .env("SHELL", "/bin/bash")
        .output();
    Outcome::of(&["start"], &output.expect("run gamectl")).expect_code(0);
    let nobody = nix::unistd::User::from_name("nobody")
        .expect("look it up")
        .expect("nobody");
    let (uid, gid) = (nobody.uid.as_raw(), nobody.gid.as_raw());
    let given = dump(&sandbox, "work/dump");
    for (key, id) in [("uid", uid), ("euid", uid), ("gid", gid), ("egid", gid)] {
        assert_eq!(given[key], id, "{key}");
    }
    assert_eq!(given["groups"], json!([gid]), "none of root's groups");
    assert_eq!(given["status"]["CapEff"], "0000000000000000");
    assert_eq!(given["status"]["CapPrm"], "0000000000000000");
    let variables = items(&sandbox, "work/dump.environ");
    let has = |variable: String| variables.contains(&variable.into_bytes());
    assert!(has(format!("HOME={}", nobody.dir.display())), "{variables:?}");
    assert!(
        has("USER=nobody".to_owned()) && has("LOGNAME=nobody".to_owned()),
        "{variables:?}"
    );
    assert!(has(format!("SHELL={}", nobody.shell.display())));
    // It may open its own standard output again, and no more of ours.
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM", "root may signal it");
    sandbox.nothing_left();
}

#[test]
fn a_user_that_is_not_there() {
    let sandbox = Sandbox::with(&[dumper("a").process("user", json!("nobody-of-that-name"))]);
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(outcome.stderr.contains("nobody-of-that-name"), "{outcome:?}");
    sandbox.nothing_left();
    assert!(!sandbox.path("dump").exists());
}

#[test]
fn variables_from_a_file() {
    let sandbox = Sandbox::new();
    // Beginning with the byte order mark that Windows editors write.
    let file = "\u{feff}FROM_FILE=one # in the list\r\n\
        export QUOTED=\"two \\\"words\\\"\" # c\r\n\
        # a comment\r\nBOTH=file\r\n\
        DOLLAR='$HOME ${HOME}'\r\nESCAPED=$$HOME\r\nFILLED=$FROM_FILE-${NONE:-2}\r\nHASH=a#b\r\n";
    fs::write(sandbox.path("secrets.env"), file).expect("write the file");
    sandbox.inventory(&[dumper("a")
        .process("env_file", json!("secrets.env"))
        .env("BOTH", "inventory")]);
    sandbox.ok(&["start", "a"]);
    let environ = environ(&sandbox);
    for (name, value) in [
        ("FROM_FILE", "one"),
        ("QUOTED", "two \"words\""),
        ("BOTH", "inventory"),
        ("DOLLAR", "$HOME ${HOME}"),
        ("ESCAPED", "$HOME"),
        ("FILLED", "one-2"),
        ("HASH", "a#b"),
    ] {
        assert_eq!(environ[name], value);
    }
}

#[test]
fn a_file_of_variables_that_cannot_be_read_starts_nothing() {
    let sandbox = Sandbox::with(&[dumper("a").process("env_file", json!("secrets.env"))]);
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(outcome.stderr.contains("secrets.env"), "{outcome:?}");
    fs::write(sandbox.path("secrets.env"), "GOOD=1\nhunter2 is the password\n").expect("write the file");
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(
        outcome.stderr.contains("line 2") && !outcome.stderr.contains("hunter2"),
        "{outcome:?}"
    );
    sandbox.nothing_left();
    assert!(!sandbox.path("dump").exists());
    assert_ne!(sandbox.state("a"), "crashed", "nothing ran");
}
