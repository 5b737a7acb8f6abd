//! The inventory from the outside: what is read, what is refused and where,
//! and that no file, however nasty, does harm.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gamectl::inventory::{
    Instance, Inventory, Limits, Plane, Probe, Problems, ProcessSpec, RestartWhen, StopAction, parse,
};
use proptest::prelude::*;

fn env(name: &str) -> Option<OsString> {
    match name {
        "HERE" => Some("here".into()),
        "DOLLAR" => Some("${HERE}".into()),
        "RAW" => Some(OsString::from_vec(vec![b'<', 0xFF, b'>'])),
        "CANARY" => Some("canary".into()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Inventory, Problems> {
    parse(text.as_bytes(), "i.yaml", Path::new("/inv"), &env)
}

/// `LINE:COLUMN message`, or only the message, one a line.
fn wrong(text: impl AsRef<[u8]>) -> String {
    let Err(problems) = parse(text.as_ref(), "i.yaml", Path::new("/inv"), &env) else {
        return "nothing is wrong".to_owned();
    };
    let line = |problem: &gamectl::inventory::Problem| match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("{line}:{column} {}", problem.message),
        _ => problem.message.clone(),
    };
    problems.list.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn one(text: &str) -> Instance {
    let inventory = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    Instance::clone(inventory.instances.first().expect("an instance"))
}

fn process(section: &str) -> ProcessSpec {
    match one(&format!("instances:\n  a:\n    process: {section}")).plane {
        Plane::Process(spec) => *spec,
        plane => panic!("{plane:?}"),
    }
}

/// Wraps the settings of one instance; they begin at 1:16.
fn inside(settings: &str) -> String {
    format!("instances: {{a: {{{settings}}}}}")
}

#[test]
fn a_whole_file() {
    let text = "\
defaults:
  tags: [eu]
  ready: { log: 'up', timeout: 15m }
  stop: [{ stdin: quit }, { signal: int, wait: 1h30m }]
  restart: { policy: on-failure, delay: 2s, give_up: { within: 10m, times: 10 } }
instances:
  rust-main:
    tags: [pvp, NO, 010, 1.20, pvp]
    autostart: false
    process:
      executable: bin/server
      args: [-batchmode, +port, 28015, 010, 1.20, NO, true, 0x1F, \"a b\\n\", '']
      cwd: data/./x/
      env: { A: NO, B: 5, C: '', D: ${HERE:-x}-$$ }
      env_file: /etc/x.env
      user: rust
      tty: true
      inherit_env: [JAVA_HOME, 'WINE*']
      umask: 027
      log: { max_size: 10MB, keep: 0 }
      limits: { memory: 8GiB, cpu: 150%, tasks: 500, nofile: 100000, nice: -5, io_weight: 50 }
    ready: { timeout: 1m }
    restart: { success_exit_codes: [3, 0, 3], give_up: { times: 3 } }
  dune:
    ready: { tcp: '[::1]:80', exec: [./probe, x], alive_for: 5s }
    stop: []
  empty:
";
    // In a flow mapping a value with braces needs quotes.
    let text = text.replace("${HERE:-x}-$$", "'${HERE:-x}-$$'");
    let inventory = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let [main, dune, empty] = inventory.instances.as_slice() else {
        panic!()
    };
    assert_eq!((main.id.as_str(), main.autostart), ("rust-main", false));
    assert_eq!(main.tags, ["pvp", "NO", "010", "1.20"]);
    let Plane::Process(spec) = &main.plane else { panic!() };
    assert_eq!(spec.executable, Path::new("/inv/bin/server"));
    let args = [
        "-batchmode",
        "+port",
        "28015",
        "010",
        "1.20",
        "NO",
        "true",
        "0x1F",
        "a b\n",
        "",
    ];
    assert_eq!(spec.args, args);
    assert_eq!(spec.cwd, Path::new("/inv/data/x"));
    let pair = |(name, value): (&str, &str)| (OsString::from(name), OsString::from(value));
    assert_eq!(
        spec.env,
        [("A", "NO"), ("B", "5"), ("C", ""), ("D", "here-$")].map(pair)
    );
    assert_eq!(spec.env_file.as_deref(), Some(Path::new("/etc/x.env")));
    assert_eq!((spec.user.as_deref(), spec.tty), (Some("rust"), true));
    assert_eq!(spec.inherit_env, ["JAVA_HOME", "WINE*"]);
    assert_eq!(spec.umask, 0o027);
    assert_eq!((spec.log.max_size, spec.log.keep), (10_000_000, 0));
    let limits = Limits {
        memory: Some(8 << 30),
        cpu: Some(150),
        tasks: Some(500),
        nofile: Some(100_000),
        nice: Some(-5),
        io_weight: Some(50),
    };
    assert_eq!(spec.limits, limits);
    assert_eq!(main.ready.probes, [Probe::Log("up".into())]);
    assert_eq!(main.ready.timeout, Duration::from_secs(60));
    assert_eq!(main.stop[1].wait, Duration::from_secs(5400));
    assert_eq!(main.stop[0].action, StopAction::Stdin("quit".into()));
    assert_eq!(main.restart.policy, RestartWhen::OnFailure);
    assert_eq!(main.restart.success_exit_codes, [3, 0]);
    let give_up = main.restart.give_up.unwrap();
    assert_eq!((give_up.times, give_up.within), (3, Duration::from_secs(600)));
    assert_eq!(dune.tags, ["eu"]);
    assert_eq!(
        (dune.ready.probes.len(), dune.ready.timeout),
        (3, Duration::from_secs(900))
    );
    assert!(dune.stop.is_empty(), "an empty chain is only the kill");
    assert!(matches!(empty.plane, Plane::Unmanaged { plane: "none", .. }));
}

#[test]
fn what_stands_empty() {
    for text in [
        "instances: {}",
        "instances:",
        "instances: ~",
        "defaults:\ninstances:",
        "defaults: {}\ninstances: {}",
    ] {
        let empty = Inventory {
            folder: "/inv".into(),
            ..Inventory::default()
        };
        assert_eq!(read(text), Ok(empty), "{text}");
    }
    for section in [
        "",
        "{}",
        "{executable: }",
        "{executable: ''}",
        "{executable: null, args: [x]}",
    ] {
        let plane = one(&format!("instances:\n  a:\n    process: {section}")).plane;
        assert!(matches!(plane, Plane::Unmanaged { plane: "process", .. }), "{section}");
    }
    assert_eq!(
        wrong(inside("process: {argz: x}")),
        "1:27 unknown key `argz` in `process`"
    );
    let plain = one("instances: {a: {ready: {}, restart: {}, process: {executable: /x, env: {}, log: {}}}}");
    assert_eq!((plain.ready, plain.restart), Default::default());
    assert_eq!(plain.stop, gamectl::inventory::default_stop_chain());
}

#[test]
fn paths_begin_at_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("here"), "").unwrap();
    let find = |name: &str| {
        let text = inside(&format!("process: {{executable: {name}}}"));
        let path = |name: &str| (name == "PATH").then(|| OsString::from("relative::/bin:/usr/bin"));
        let inventory = parse(text.as_bytes(), "", folder.path(), &path).unwrap();
        match &inventory.instances[0].plane {
            Plane::Process(spec) => spec.executable.clone(),
            plane => panic!("{plane:?}"),
        }
    };
    assert_eq!(find("here"), folder.path().join("here"));
    assert!([Path::new("/bin/sh"), Path::new("/usr/bin/sh")].contains(&find("sh").as_path()));
    assert_eq!(find("no-such-program"), folder.path().join("no-such-program"));
    assert_eq!(find("./sh"), folder.path().join("sh"));
    let above = folder.path().parent().expect("its folder");
    assert_eq!(find("../x/y"), above.join("x/y"));
    assert_eq!(find("/a/./b"), PathBuf::from("/a/b"));
}

#[test]
fn variables_arrive_byte_for_byte() {
    let spec = process(
        "{executable: '/${RAW}', cwd: '${RAW}', args: ['${RAW}', '${DOLLAR}', '${NO:-d}', '$$x$y'], env: {A: '${RAW}'}}",
    );
    let raw = OsString::from_vec(vec![b'<', 0xFF, b'>']);
    assert_eq!(spec.executable, Path::new("/").join(&raw));
    assert_eq!(spec.cwd, Path::new("/inv").join(&raw));
    assert_eq!(
        spec.args,
        [
            raw.as_os_str(),
            OsStr::new("${HERE}"),
            OsStr::new("d"),
            OsStr::new("$x$y")
        ]
    );
    assert_eq!(spec.env[0].1, raw);
    assert_eq!(
        wrong(inside("tags: ['${RAW}']")),
        "1:25 an item of `tags` must be UTF-8, but a variable in it holds something else"
    );
}

#[test]
fn every_problem_has_its_place() {
    let mut differences = Vec::new();
    for (settings, expected) in [
        // shapes
        (
            "tags: x",
            "1:23 `tags` must be a list of words, but this is a single value",
        ),
        (
            "tags: {a: b}",
            "1:23 `tags` must be a list of words, but this is a mapping",
        ),
        ("tags: [[a]]", "1:24 an item of `tags` must be text, but this is a list"),
        (
            "tags: [a b]",
            "1:23 a tag cannot be empty, nor contain spaces or control characters",
        ),
        ("tags: ", "1:23 `tags` has no value"),
        ("autostart: yes", "1:28 `autostart` must be `true` or `false`"),
        ("autostart: ~", "1:28 `autostart` has no value"),
        (
            "process: x",
            "1:26 `process` must be a mapping, but this is a single value",
        ),
        ("ready: [x]", "1:24 `ready` must be a mapping, but this is a list"),
        (
            "restart: never",
            "1:26 `restart` must be a mapping, but this is a single value",
        ),
        (
            "restart: {give_up: 5}",
            "1:36 `give_up` must be a mapping, but this is a single value",
        ),
        ("healthy: {}", "1:17 `healthy` has no probe, so it checks nothing"),
        (
            "healthy: {failures: 3, rcon: false}",
            "1:17 `healthy` has no probe, so it checks nothing",
        ),
        ("healthy: {tcp: x}", "1:32 `tcp` must be HOST:PORT"),
        (
            "rcon: {port: 70000, password: x}",
            "1:30 `port` must be a whole number from 1 to 65535",
        ),
        (
            "rcon: {port: 70000}",
            "1:17 `rcon` has no password\n1:30 `port` must be a whole number from 1 to 65535",
        ),
        (
            "stop: {signal: INT}",
            "1:23 `stop` must be a list of steps, but this is a mapping",
        ),
        (
            "stop: INT",
            "1:23 `stop` must be a list of steps, but this is a single value",
        ),
        (
            "stop: [INT]",
            "1:24 a step of `stop` must be a mapping, but this is a single value",
        ),
        // keys
        ("tgas: []", "1:17 unknown key `tgas` in an instance"),
        ("game: rust", "1:17 `webrcon` has no password"),
        ("docker_compose: {file: x}", "nothing is wrong"),
        ("docker_compose: {}", "1:17 `docker_compose` names no compose file"),
        ("docker_compose: {files: []}", "1:41 `files` names no compose file"),
        (
            "docker_compose: {files: x}",
            "1:41 `files` must be a list of paths, but this is a single value",
        ),
        (
            "docker_compose: {files: [x, [y]]}",
            "1:45 an item of `files` must be a path, but this is a list",
        ),
        (
            "docker_compose: {file: x, files: [y]}",
            "1:43 there are both `file` and `files`",
        ),
        (
            "docker_compose: {file: x, project: A b}",
            "1:52 `project` is not a name that compose takes",
        ),
        (
            "docker_compose: {file: x, profiles: [-a]}",
            "1:53 a name in `profiles` is empty or begins with `-`",
        ),
        (
            "docker_compose: {file: x, services: db}",
            "1:53 `services` must be a list of words, but this is a single value",
        ),
        (
            "docker_compose: {file: x, context: [a]}",
            "1:52 `context` must be the name of a docker context, but this is a list",
        ),
        (
            "docker_compose: {file: x, ports: 1}",
            "1:43 unknown key `ports` in `docker_compose`",
        ),
        (
            "docker_compose: {file: x}, process: {executable: a}",
            "1:17 an instance is on one plane, but this is a second one",
        ),
        (
            "docker_compose: {file: x}, stop: [{stdin: quit}]",
            "1:44 `stop` means nothing on the plane `docker_compose`",
        ),
        (
            "docker_compose: {file: x}, ready: {log: up}",
            "1:52 `ready.log` means nothing on the plane `docker_compose`",
        ),
        ("<<: {tags: []}", "1:17 unknown key `<<` in an instance"),
        ("tags: [], tags: []", "1:27 the key `tags` is given twice"),
        (
            "? [a] : b",
            "1:19 a key must be a word, but this is a list or a mapping",
        ),
        // process
        (
            "process: {executable: ~/x}",
            "1:39 `executable` begins with `~`, which only a shell expands",
        ),
        ("process: {executable: ..}", "1:39 `executable` is a folder"),
        (
            "process: {executable: [x]}",
            "1:39 `executable` must be a path, but this is a list",
        ),
        ("process: {cwd: ''}", "1:33 `cwd` is empty"),
        ("process: {cwd: \"a\\0b\"}", "1:32 `cwd` cannot contain a NUL character"),
        ("process: {env_file: }", "1:37 `env_file` has no value"),
        (
            "process: {args: x}",
            "1:33 `args` must be a list, but this is a single value",
        ),
        (
            "process: {args: [x: y]}",
            "1:34 an item of `args` must be text, but this is a mapping",
        ),
        ("process: {args: [a, null]}", "1:37 an item of `args` has no value"),
        (
            "process: {args: [\"\\0\"]}",
            "1:34 an item of `args` cannot contain a NUL character",
        ),
        (
            "process: {args: ['${NO}', 'a${NO}']}",
            "1:35 the variable `NO` is not set\n1:45 the variable `NO` is not set",
        ),
        ("process: {args: [\"\\t${NO}\"]}", "1:34 the variable `NO` is not set"),
        (
            "process: {env: [A=b]}",
            "1:32 `env` must be a mapping of names to values, but this is a list",
        ),
        ("process: {env: {A: }}", "1:36 the variable `A` has no value"),
        (
            "process: {env: {A: [x]}}",
            "1:36 the variable `A` must be text, but this is a list",
        ),
        (
            "process: {env: {A=b: c}}",
            "1:33 the name of an environment variable cannot be empty, nor contain `=` or NUL",
        ),
        (
            "process: {env: {'': c}}",
            "1:34 the name of an environment variable cannot be empty, nor contain `=` or NUL",
        ),
        ("process: {env: {A: b, A: c}}", "1:39 the key `A` is given twice"),
        ("process: {user: ''}", "1:34 `user` is not a user's name"),
        (
            "process: {main: 'a(b'}",
            "1:35 `main` is not a regular expression: unclosed group",
        ),
        ("process: {main: ''}", "1:34 `main` is empty, which everything matches"),
        ("process: {tty: 1}", "1:32 `tty` must be `true` or `false`"),
        (
            "process: {log: {max_size: 4095}}",
            "1:43 `max_size` must be at least 4KiB",
        ),
        (
            "process: {umask: 89}",
            "1:34 `umask` must be an octal number of up to three digits",
        ),
        (
            "process: {inherit_env: ['A*B']}",
            "1:40 `inherit_env` must be names of variables",
        ),
        (
            "process: {limits: {memory: 8}}",
            "1:44 `memory` must be a size of at least 1MiB",
        ),
        (
            "process: {limits: {cpu: lots}}",
            "1:41 `cpu` must be percent of a core, or a number of cores",
        ),
        (
            "process: {limits: {nice: 20}}",
            "1:42 `nice` must be a whole number from -20 to 19",
        ),
        (
            "process: {limits: {io_weight: 0}}",
            "1:47 `io_weight` must be a whole number from 1 to 10000",
        ),
        ("process: {log: {max_size: big}}", "1:43 `max_size` is not a size"),
        (
            "process: {log: {keep: 1001}}",
            "1:39 `keep` must be a whole number from 0 to 1000",
        ),
        (
            "process: {log: {keep: +1}}",
            "1:39 `keep` must be a whole number from 0 to 1000",
        ),
        // ready
        (
            "ready: {log: 'a(b'}",
            "1:32 `log` is not a regular expression: unclosed group",
        ),
        ("ready: {log: ''}", "1:31 `log` is empty, which everything matches"),
        ("ready: {log_file: a.log}", "1:25 `log_file` has no `pattern`"),
        ("ready: {pattern: up}", "1:25 `pattern` has no `log_file`"),
        ("ready: {log_file: '', pattern: up}", "1:36 `log_file` is empty"),
        (
            "ready: {log_file: ~/a.log, pattern: up}",
            "1:35 `log_file` begins with `~`, which only a shell expands",
        ),
        ("ready: {log_file: logs/, pattern: up}", "1:35 `log_file` is a folder"),
        (
            "ready: {log_file: a.log, pattern: 'a(b'}",
            "1:53 `pattern` is not a regular expression: unclosed group",
        ),
        // healthy
        ("healthy: {log: x}", "1:27 unknown key `log` in `healthy`"),
        (
            "healthy: {tcp: 'h:1', failures: 65}",
            "1:49 `failures` must be a whole number from 1 to 64",
        ),
        (
            "healthy: {tcp: 'h:1', failures: 3, of: 2}",
            "1:26 3 failures of 2 cannot be: `of` must not be less than `failures`",
        ),
        (
            "stop: [{http: {url: 'http://a', method: get}}]",
            "1:57 `method` must be `GET`, `POST` or `PUT`",
        ),
        ("ready: {tcp: '::1:80'}", "1:31 `tcp` must be HOST:PORT"),
        ("ready: {tcp: 80}", "1:30 `tcp` must be HOST:PORT"),
        ("ready: {exec: []}", "1:31 `exec` names no program"),
        (
            "ready: {exec: x}",
            "1:31 `exec` must be a list of words, but this is a single value",
        ),
        ("ready: {alive_for: 5}", "1:36 `alive_for` needs a unit"),
        ("ready: {timeout: -5s}", "1:34 `timeout` is not a duration"),
        ("ready: {timeout: 400days}", "1:34 `timeout` is longer than 365 days"),
        ("ready: {interval: 1ms}", "1:35 `interval` must be at least 10ms"),
        ("ready: {http: 'ftp://a'}", "1:32 `http` must be a URL"),
        ("ready: {http: {status: [200]}}", "1:31 `http` has no `url`"),
        (
            "ready: {http: {url: 'http://a', status: [20]}}",
            "1:58 a status must be a whole number from 100 to 599",
        ),
        ("ready: {a2s: localhost}", "1:30 `a2s` must be HOST:PORT"),
        (
            "ready: {rcon: true}",
            "1:17 `rcon` is used here, but there is no section `rcon`",
        ),
        ("ready: {rcom: true}", "1:25 unknown key `rcom` in `ready`"),
        // stop
        ("stop: [{stdin: \"a\\nb\"}]", "1:32 `stdin` must be a single line"),
        ("stop: [{signal: TREM}]", "1:33 there is no signal `TREM`"),
        ("stop: [{signal: 9}]", "1:33 there is no signal `9`"),
        (
            "stop: [{signal: INT, stdin: x}]",
            "1:38 a step of `stop` does one thing, but this does two",
        ),
        ("stop: [{wait: 5s}]", "1:24 this step of `stop` does nothing"),
        ("stop: [{}]", "1:24 this step of `stop` does nothing"),
        (
            "stop: [{rcon: quit}]",
            "1:17 `rcon` is used here, but there is no section `rcon`",
        ),
        // restart
        (
            "restart: {policy: no}",
            "1:35 `policy` must be `always`, `on-failure` or `never`",
        ),
        (
            "restart: {delay: 2m}",
            "1:34 `delay` (2m) is longer than `max_delay`, which is 1m by default",
        ),
        (
            "restart: {max_delay: 5ms}",
            "1:38 `max_delay` (5ms) is shorter than `delay`, which is 1s by default",
        ),
        (
            "restart: {delay: 2m, max_delay: 1m}",
            "1:34 `delay` (2m) is longer than `max_delay` (1m)",
        ),
        (
            "restart: {success_exit_codes: [256, x]}",
            "1:48 an exit code must be a whole number from 0 to 255\n1:53 an exit code must be a whole number from 0 to 255",
        ),
        (
            "restart: {give_up: {times: 0, within: 1m}}",
            "1:44 `times` must be a whole number, at least 1",
        ),
        (
            "restart: {give_up: {times: 1}}",
            "1:27 `give_up` needs `within` as well",
        ),
        ("restart: {give_up: {}}", "1:27 `give_up` needs `times` as well"),
    ] {
        let found = wrong(inside(settings));
        if found != expected {
            differences.push(format!("{settings}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn whole_files_that_are_wrong() {
    let files: [(&[u8], &str); 29] = [
        (b"", "the inventory is empty"),
        (b"# nothing\n---\n", "the inventory is empty"),
        (b"\xEF\xBB\xBF", "the inventory is empty"),
        (
            b"5",
            "1:1 the inventory must be a mapping with `instances`, but this is a single value",
        ),
        (
            b"- a",
            "1:1 the inventory must be a mapping with `instances`, but this is a list",
        ),
        (
            b"~",
            "1:1 the inventory must be a mapping with `instances`, but this is empty",
        ),
        (b"{}", "1:1 there is no `instances` here"),
        (b"defaults: {}", "1:1 there is no `instances` here"),
        (
            b"instances: {}\nx: y",
            "2:1 unknown key `x` in the top of the inventory",
        ),
        (
            b"instances: []",
            "1:12 `instances` must be a mapping of ids to instances, but this is a list",
        ),
        (
            b"instances: {a: 5}",
            "1:16 `a` must be a mapping, but this is a single value",
        ),
        (b"instances:\n  A: {}", "2:3 `A` cannot be an instance's id"),
        (b"instances:\n  '': {}", "2:4 `` cannot be an instance's id"),
        (b"instances:\n  a: {}\n  a: {}", "3:3 the instance `a` is given twice"),
        (
            b"instances: {}\ninstances: {}",
            "2:1 the key `instances` is given twice",
        ),
        (
            b"defaults: {process: {}}\ninstances:",
            "1:12 `process` cannot have defaults",
        ),
        (
            b"defaults: &d {restart: *d}\ninstances:",
            "1:24 this alias stands for something that contains it",
        ),
        (
            b"instances: &d {a: {ready: *d}}",
            "1:27 this alias stands for something that contains it",
        ),
        (b"instances:\n\ta: {}", "2:1 a tab is used for indentation"),
        (
            b"instances:\n  a:\n    tags: []\n\tautostart: true",
            "4:1 a tab is used for indentation",
        ),
        (
            b"instances: {}\n---\ninstances: {}",
            "2:1 this is a second document; an inventory is one",
        ),
        (
            b"instances:\n  a: \xFF",
            "2:6 this is not UTF-8: the byte 0xFF does not belong here",
        ),
        (b"\xFF\xFEi\0", "1:1 this is UTF-16, not UTF-8"),
        (
            b"instances:\n  a: \x07",
            "2:6 the character U+0007 is not allowed in YAML",
        ),
        (b"instances: {a: *x}", "1:16 this alias has no anchor before it"),
        (
            b"instances: !x {}",
            "1:12 YAML tags such as `!name` mean nothing in an inventory",
        ),
        (b"instances: {a: 'b}", "1:16 this quote is not closed"),
        (
            b"\xEF\xBB\xBFinstances: x",
            "1:12 `instances` must be a mapping of ids to instances, but this is a single value",
        ),
        (
            b"instances:\r\n  a:\r\n    tgas: x\r\n",
            "3:5 unknown key `tgas` in an instance",
        ),
    ];
    for (text, expected) in files {
        assert_eq!(wrong(text), expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn hints_and_related_lines() {
    let hint = |text: &str| read(text).unwrap_err().list[0].hint.clone().unwrap_or_default();
    for (text, expected) in [
        (inside("process: {exectuable: x}"), "did you mean `executable`?"),
        (inside("executable: x"), "`executable` belongs into `process`"),
        (
            inside("process: {zzz: x}"),
            "there are `executable`, `args`, `cwd`, `env`, `env_file`, `inherit_env`, `umask`, `user`, `tty`, `log`, `limits`, `main`",
        ),
        (inside("restart: always"), "such as `restart: { policy: on-failure }`"),
        (
            inside("restart: {give_up: 5}"),
            "such as `give_up: { times: 10, within: 10m }`",
        ),
        (
            inside("process: /srv/x"),
            "such as `process: { executable: ./RustDedicated }`",
        ),
        (inside("healthy: {}"), "such as `healthy: { a2s: 127.0.0.1:28017 }`"),
        (inside("stop: [{signal: trem}]"), "did you mean `TERM`?"),
        (
            inside("ready: {timeout: 5}"),
            "write `5s` for seconds; the units are ms, s, m, h",
        ),
        (
            "instances: {Rust Main: {}}".into(),
            "ids are lower-case letters, digits, `-` and `_`; for example `rust-main`",
        ),
        ("instance: {}\ninstances: {}".into(), "did you mean `instances`?"),
        (
            "instances:\n- id: a".into(),
            "write `my-server:` with its keys below it, not `- id: my-server`",
        ),
        (
            inside("process: {args: [${HERE}]}"),
            "inside `[...]` and `{...}` a value with `${...}` needs quotes",
        ),
    ] {
        assert_eq!(hint(&text), expected, "{text}");
    }
    let problems = read("instances:\n  a: {}\n  b: {}\n  a: {}").unwrap_err();
    assert_eq!(problems.list[0].related, Some((2, "first given here".to_owned())));
}

#[test]
fn all_problems_come_at_once_in_their_order_and_are_shown() {
    let text = "instances:\n  a:\n    tags: x\n\n    process:\n      env: { TOKEN: canary, 5: [canary] }\n      argz: é\n    stop: [{signal: X}]\n";
    let problems = read(text).unwrap_err();
    insta::assert_snapshot!(problems, @r"
    i.yaml:3:11: `tags` must be a list of words, but this is a single value
       |
     3 |     tags: x
       |           ^
       = help: put it into brackets: `[...]`
    i.yaml:6:32: the variable `5` must be text, but this is a list
       |
     6 |       env: { TOKEN: ***, 5: [***] }
       |                             ^
    i.yaml:7:7: unknown key `argz` in `process`
       |
     7 |       argz: ***
       |       ^^^^
       = help: did you mean `args`?
    i.yaml:8:21: there is no signal `X`
       |
     8 |     stop: [{signal: X}]
       |                     ^
       = help: such as `TERM`, `INT` or `QUIT`
    ");
}

#[test]
fn defaults_are_blamed_once() {
    let text = "defaults: {restart: {delay: 5m}}\ninstances: {a: {}, b: {}, c: {restart: {max_delay: 10m}}}";
    assert_eq!(
        wrong(text),
        "1:29 `delay` (5m) is longer than `max_delay`, which is 1m by default"
    );
}

#[test]
fn aliases_are_what_they_stand_for() {
    let text = "\
defaults: {stop: &chain [{stdin: &quit quit}]}
instances:
  a: &a
    process: &p {executable: /x, args: &args [&one 1, 2]}
    stop: *chain
  b: *a
  c: {process: {executable: /y, args: *args, env: {A: *quit, B: *one}}}
";
    let inventory = read(text).unwrap();
    let [a, b, c] = inventory.instances.as_slice() else {
        panic!()
    };
    assert_eq!((&a.plane, &a.stop), (&b.plane, &b.stop));
    let Plane::Process(spec) = &c.plane else { panic!() };
    assert_eq!(spec.args, ["1", "2"]);
    assert_eq!(
        (spec.env[0].1.as_os_str(), spec.env[1].1.as_os_str()),
        (OsStr::new("quit"), OsStr::new("1"))
    );
    let text = text.replace("stdin: &quit quit", "signal: &quit quti");
    assert_eq!(
        wrong(text),
        "1:41 there is no signal `quti`",
        "where it is written, and once"
    );
}

/// Large files that would take a careless reader minutes, or all
/// memory, or its stack.
fn nasty_files() -> Vec<(&'static str, String)> {
    let n = 500_000;
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..50 {
        let aliases = format!("*a{},", i - 1).repeat(9);
        bomb.extend([format!("a{i}: &a{i} [{aliases}]\n")]);
    }
    let many = lines(n / 30, &|i| format!("  b{i}: *a\n"));
    vec![
        ("bomb", format!("{bomb}instances: {{b: {{process: {{args: *a49}}}}}}\n")),
        ("lists", "[".repeat(n)),
        ("lists on lines", "[\n".repeat(n / 2)),
        ("mappings", "{a: ".repeat(n / 4)),
        ("dashes", "- ".repeat(n / 2)),
        ("question marks", "? ".repeat(n / 2)),
        ("400 deep", format!("instances: {}{}", "[".repeat(400), "]".repeat(400))),
        ("indented", lines(1400, &|i| format!("{}a:\n", " ".repeat(i)))),
        ("empty lists", format!("x: [{}]", "[],1,".repeat(n / 5))),
        ("escapes", format!("x: [é,{}]", "\"\\t\",".repeat(n / 5))),
        ("keys", lines(n / 12, &|i| format!("k{i}: v\n"))),
        ("one key", format!("{{{}}}", "k: v,".repeat(n / 5))),
        (
            "bad ids",
            format!("instances: {{{}}}", lines(n / 12, &|i| format!("K{i}: 5,"))),
        ),
        (
            "aliases",
            format!("a: &a [{}]\nb: [{}]", "x,".repeat(n / 4), "*a,".repeat(n / 6)),
        ),
        (
            "anchors",
            format!("x: [é, {}]", lines(n / 26, &|i| format!("&a{i} [], *a{i}, "))),
        ),
        (
            "many arguments",
            format!(
                "instances:\n  a: &a {{process: {{executable: x, args: [{}]}}}}\n{many}",
                "x,".repeat(n / 4)
            ),
        ),
        (
            "many steps",
            format!(
                "defaults:\n  stop: [{}]\ninstances:\n  a: &a {{}}\n{many}",
                "{signal: INT},".repeat(n / 28)
            ),
        ),
        ("quotes", format!("x: {}", "'".repeat(n))),
        ("variables", inside(&format!("tags: ['{}']", "${X}".repeat(n / 4)))),
        (
            "a pattern",
            inside(&format!("ready: {{log: '{}'}}", "(a{9}){9}".repeat(n / 10))),
        ),
        ("words", format!("{{{}", "a ".repeat(n / 2))),
        ("a long word", inside(&"x".repeat(n / 2))),
        ("documents", format!("a: b\n{}", "---\n".repeat(n / 4))),
    ]
}

#[test]
fn nasty_files_are_refused_quickly() {
    for (name, text) in nasty_files() {
        let begun = Instant::now();
        let problems = read(&text).expect_err(name);
        let took = begun.elapsed();
        // The worst takes 2 s alone, unoptimised. This is for what never ends.
        assert!(took < Duration::from_secs(120), "{name}: {took:?}");
        assert!(problems.list.len() <= 101, "{name}");
        let shown = problems.to_string();
        assert!(shown.len() < 100_000, "{name}: {} bytes", shown.len());
    }
    assert!(wrong("[".repeat(1000)).ends_with("this is nested too deeply"));
    assert!(wrong(nasty_files()[0].1.as_bytes()).contains("unknown key `a0`"));
    let many = nasty_files()
        .into_iter()
        .find(|(name, _)| *name == "many steps")
        .unwrap()
        .1;
    assert!(wrong(many).contains("there are more than 1000000 values by here"));
}

#[test]
fn a_thousand_instances_are_no_matter() {
    let mut text = "defaults: { ready: { timeout: 10m } }\ninstances:\n".to_owned();
    for i in 0..1000 {
        text.extend([format!(
            "  rust-{i}:\n    tags: [pvp]\n    process:\n      executable: ./server\n      args: [+port, {i}]\n    stop:\n      - {{ stdin: quit, wait: 10s }}\n"
        )]);
    }
    assert_eq!(read(&text).unwrap().instances.len(), 1000);
}

#[test]
fn secrets_are_never_shown() {
    let broken = [
        inside("process: {env: {A: canary, B: 'canary', C: \"canary\\t\", D: [canary]}, x: y}"),
        inside("process: {env: canary}"),
        inside("process: {env: [A=canary]}"),
        inside("process: {env: {A=canary: b}}"),
        inside("process: {env: {A: b, A: canary}}"),
        inside("process: {env: {? [canary] : canary}}"),
        inside("process: {env: {A: canary, B: '${NO}'}}"),
        inside("process: {env: {A: *canary}}"),
        inside("process: {env: {A: !canary canary}}"),
        inside("process: {env: {A: \"canary}}"),
        inside("process: {env: {A: canary}, {"),
        inside("process: {args: [+rcon.password, canary, {}]}"),
        inside("process: {args: [--api-key=canary, {}]}"),
        inside("process: {args: ['+token canary', {}]}"),
        inside("rcon: {password: canary}"),
        inside("rcon: canary"),
        inside("webrcon: {password: {fiel: canary}}"),
        inside("ready: {exec: [x, --secret, canary], rcon: 1}"),
        inside("process: {log: {keep: '${CANARY}', max_size: '${CANARY}'}, tty: '${CANARY}', user: '${CANARY}/'}"),
        inside("autostart: '${CANARY}', tags: ['${CANARY} x']"),
        inside("ready: {log: '${CANARY}(', tcp: '${CANARY}', timeout: '${CANARY}', exec: ['${CANARY}', {}]}"),
        inside(
            "stop: [{signal: '${CANARY}'}], restart: {policy: '${CANARY}', delay: '${CANARY}', success_exit_codes: ['${CANARY}']}",
        ),
        "instances:\n  a:\n    process:\n      env:\n        A: |\n          canary\n          canary\n       b: c"
            .to_owned(),
        "instances:\n  a:\n    process:\n      env:\n        A: canary\n\t\tB: canary\n".to_owned(),
        "instances:\n  a:\n    process:\n      env:\n        A: canary: canary\n".to_owned(),
        "instances:\n  a:\n    db_password: canary\u{7}\n".to_owned(),
    ];
    for text in broken {
        let text = text.replace("canary", "x7canary");
        let problems = read(&text).unwrap_err();
        let shown = format!("{problems}\n{problems:?}");
        assert!(!shown.contains("canary"), "{text}\n{shown}");
    }
    let inventory = read(&inside(
        "process: {executable: /x, args: [+password, canary], env: {A: canary}}, ready: {exec: [x, canary]}",
    ))
    .unwrap();
    assert!(!format!("{inventory:?}{inventory:#?}").contains("canary"));
}

fn os(words: &[String]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        sound(&bytes)?;
    }

    #[test]
    fn no_text_does_harm(parts in prop::collection::vec(prop::sample::select(PARTS), 0..40)) {
        sound(parts.concat().as_bytes())?;
    }

    #[test]
    fn no_damaged_inventory_does_harm(at in 0usize..400, part in prop::sample::select(PARTS), cut in 0usize..9) {
        let text = "instances:\n  a: &a\n    tags: &t [x, \"é\\t\"]\n    process:\n      executable: ./x\n      args: [1, *t]\n      env: {A: b}\n    stop:\n      - {stdin: quit, wait: 5s}\n      - signal: INT\n  b: *a\n  c:\n    ready: {log: |\n      x, timeout: ~}\n";
        let at = text.floor_char_boundary(at);
        let end = text.floor_char_boundary((at + cut).min(text.len())).max(at);
        sound([&text[..at], part, &text[end..]].concat().as_bytes())?;
    }

    #[test]
    fn no_damage_shows_a_secret(at in 0usize..400, part in prop::sample::select(MARKS), cut in 0usize..9) {
        let text = "instances:\n  a:\n    process:\n      env:\n        A: canary/1\n        B: 'canary/1'\n      args:\n        - +password\n        - canary/1\n      tty: x\n  b: {process: {env: {A: canary/1, B: \"canary/1\"}, user: x}}\n  c:\n    process:\n      env:\n        A: |\n          canary/1\n          canary/1\n        B: c\n";
        let end = (at + cut).min(text.len());
        let at = at.min(end);
        // Where a secret's name is damaged nobody can know it for one.
        prop_assume!(!["env", "password"].iter().any(|name| text.match_indices(name).any(|(i, _)| at < i + name.len() && i < end.max(at + 1))));
        let damaged = [&text[..at], part, &text[end..]].concat();
        if let Err(problems) = read(&damaged) {
            prop_assert!(!format!("{problems}{problems:?}").contains("canary"), "{damaged}\n\n{problems}");
        }
    }

    #[test]
    fn arguments_survive_byte_for_byte(args in prop::collection::vec("[^\0$]{0,20}", 0..8)) {
        let quoted: Vec<String> = args.iter().map(|arg| serde_json::to_string(arg).unwrap()).collect();
        // JSON leaves these as they are, YAML does not allow them so.
        let escape = |c: char| match u32::from(c) {
            code @ (0x7F..=0x9F | 0x2028 | 0x2029 | 0xFEFF | 0xFFFE | 0xFFFF) => format!("\\u{code:04x}"),
            _ => c.to_string(),
        };
        let list: String = quoted.join(", ").chars().map(escape).collect();
        prop_assert_eq!(process(&format!("{{executable: /x, args: [{list}]}}")).args, os(&args));
    }

    #[test]
    fn plain_words_stay_as_written(args in prop::collection::vec("[+-]?[0-9a-zA-Z_.]{1,12}", 1..8)) {
        prop_assume!(!args.iter().any(|arg| matches!(arg.as_str(), "null" | "Null" | "NULL") || arg.starts_with("---") || arg == "..."));
        prop_assert_eq!(process(&format!("{{executable: /x, args: [{}]}}", args.join(", "))).args, os(&args));
        let block: String = args.iter().map(|arg| format!("\n        - {arg}")).collect();
        prop_assert_eq!(process(&format!("\n      executable: /x\n      args:{block}")).args, os(&args));
    }

    #[test]
    fn a_wrong_word_is_found_where_it_stands(before in 0usize..5, indent in 1usize..4, quote in prop::sample::select(&["", "'", "\""]), pad in "[é ü#]{0,6}") {
        let gap = "# é\n\n".repeat(before);
        let space = " ".repeat(indent);
        let text = format!("{gap}instances:\n{space}a:\n{space}{space}tags: ['{pad}x', b]\n{space}{space}stop: [{{stdin: '{pad}'}}, {{signal: {quote}WRONG{quote}}}]\n");
        let problems = read(&text).unwrap_err();
        let problem = problems.list.iter().find(|problem| problem.message.contains("WRONG")).unwrap();
        let line = text.lines().nth(problem.line.unwrap() as usize - 1).unwrap();
        let word: String = line.chars().skip(problem.column.unwrap() as usize - 1).take(problem.width as usize).collect();
        prop_assert_eq!(word, "WRONG");
        let shown: String = problem.excerpt.as_ref().unwrap().chars().skip(problem.caret as usize).take(5).collect();
        prop_assert_eq!(shown, "WRONG");
    }
}

const PARTS: &[&str] = &[
    "instances",
    "defaults",
    "x",
    "process",
    "executable",
    "args",
    "env",
    "ready",
    "stop",
    "signal",
    "true",
    "5",
    "1.20",
    ":",
    ": ",
    " ",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "*a ",
    "'",
    "\"",
    "\\",
    "|\n",
    ">-\n",
    "#",
    "!x ",
    "!!str ",
    "? ",
    "~",
    "é",
    "\t",
    "\r",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "${",
    "}",
    "$",
    "${A}",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "<<",
    "\u{feff}",
    "@",
    "`",
];

/// Signs that damage a file without changing its words.
const MARKS: &[&str] = &[
    ": ", " ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ",", "*a ", "'", "\"", "|\n", "#", "!x ", "!!str ",
    "? ", "\t", "${A}", "@",
];

/// Whatever comes of these bytes, it makes sense.
fn sound(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Err(problems) = parse(bytes, "i.yaml", Path::new("/inv"), &env) else {
        return Ok(());
    };
    let count = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    prop_assert!(!problems.list.is_empty());
    let places: Vec<_> = problems
        .list
        .iter()
        .map(|problem| (problem.line, problem.column))
        .collect();
    prop_assert!(places.is_sorted(), "{places:?}");
    for problem in &problems.list {
        prop_assert!(
            problem.line.is_none_or(|line| (1..=count).contains(&(line as usize))),
            "{problem:?}"
        );
        prop_assert_eq!(problem.line.is_some(), problem.column.is_some());
        prop_assert!(problem.width >= 1 && !problem.message.is_empty());
        prop_assert!(
            !problem.message.contains(|c: char| c.is_control()),
            "{:?}",
            problem.message
        );
        if let Some(excerpt) = &problem.excerpt {
            prop_assert!(problem.caret as usize <= excerpt.chars().count());
            prop_assert!(!excerpt.contains(|c: char| c.is_control()), "{excerpt:?}");
        }
    }
    Ok(())
}
