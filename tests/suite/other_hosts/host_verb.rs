//! `gamectl host`: the other hosts themselves, and not their instances.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::gated;
use super::sshd::Elsewhere;
use crate::support::{self, Outcome, Sandbox, programs};

/// The findings of a check about a host, each as `LEVEL ABOUT: MESSAGE / HINT`.
fn findings(checked: &Outcome, host: &str) -> Vec<String> {
    let all = checked.json()["findings"].clone();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let own = all.as_array().expect("findings").iter();
    let own = own.filter(|finding| finding["host"] == host);
    own.map(|one| {
        let [level, about, message, hint] = ["level", "about", "message", "hint"].map(|key| text(one, key));
        format!("{level} {about}: {message} / {hint}")
    })
    .collect()
}

#[test]
fn a_check_shows_the_way_to_each_host_and_what_is_true_there() {
    let Some(there) = Elsewhere::new("a_check_shows_the_way_to_each_host_and_what_is_true_there") else {
        return;
    };
    let sandbox = &there.sandbox;
    let greeting = |features: &str| {
        format!(
            "echo '-- gamectl serves --'; echo '{{\"version\":\"0.0.9\",\"protocol\":1,\"features\":[{features}]}}'; read -r _"
        )
    };
    // Its clock stands at the beginning of time, and logouts end everything there.
    let answers = "while read -r line; do n=${line#*:}; n=${n%%,*}; case $line in \
        *clock*) echo '{\"id\":'$n',\"say\":{\"clock\":{\"at_ms\":1000}}}' ;; \
        *) echo '{\"id\":'$n',\"say\":{\"findings\":{\"findings\":[{\"about\":\"logout\",\"level\":\"error\",\
        \"message\":\"it ends\",\"hint\":\"loginctl enable-linger\"}]}}}' ;; esac; done; exit";
    let all = "\"look\",\"verb\",\"send\",\"logs\",\"watch\",\"dry_run\",\"check\",\"console\",\"host\"";
    let mut closed = there.host("closed", "");
    closed["port"] = json!(support::free_port());
    let hosts = json!({
        "good": there.host("good", "echo Welcome"),
        "closed": closed,
        "old": there.host("old", &format!("{}; cat >/dev/null; exit", greeting("\"look\""))),
        "bad": there.host("bad", &format!("{}\n{answers}", greeting(all))),
        "silent": there.host("silent", &format!("{}; cat >/dev/null; exit", greeting(all))),
        "hole-1": there.host("hole-1", "exec cat >/dev/null"),
        "hole-2": there.host("hole-2", "exec cat >/dev/null"),
        "hole-3": there.host("hole-3", "exec cat >/dev/null"),
    });
    there.inventory(&hosts, &[]);
    let begun = Instant::now();
    let checked = sandbox.run(&["host", "check", "--json"]).expect_code(1);
    // One after the other, those that say nothing would take longer.
    assert!(begun.elapsed() < Duration::from_secs(28), "{:?}", begun.elapsed());
    let says = |host: &str, words: &[&str]| {
        let found = findings(&checked, host);
        for words in words {
            assert!(
                found.iter().any(|one| one.contains(words)),
                "{host}: {words}: {found:#?}"
            );
        }
        assert!(
            found.iter().all(|one| one.starts_with("ok") || !one.ends_with("/ ")),
            "{found:#?}"
        );
    };
    let by_hand = format!(" -p {} -i {} 127.0.0.1", there.port(), there.key("login"));
    says(
        "good",
        &[
            "ok way: reached by `ssh -o ",
            &format!("{by_hand}`, in "),
            &format!("ok login: publickey, with {}", there.key("login")),
            &format!("ok gamectl: {0} there, {0} here: understood", env!("CARGO_PKG_VERSION")),
            "ok round trip: ",
            "ok clock: it agrees with this one, to ",
            " logout: ",
        ],
    );
    says(
        "closed",
        &["error way: it cannot be reached: ssh: connect to host 127.0.0.1"],
    );
    says(
        "old",
        &[
            "ok way: ",
            "ok login: publickey",
            "warning gamectl: 0.0.9 there",
            "cannot do all that",
        ],
    );
    says(
        "bad",
        &[
            "warning clock: it is ",
            " behind this one / set the one that is wrong",
            "error logout: it ends / loginctl enable-linger",
        ],
    );
    let hole = "error way: it cannot be reached: it did not answer within 10 seconds";
    says("hole-1", &[hole]);
    says("hole-3", &[hole]);
    // What answers no question was reached all the same.
    let silent = findings(&checked, "silent");
    assert!(
        silent[0].starts_with("ok way: ") && silent.iter().any(|one| one.contains("did not answer within 5 seconds")),
        "{silent:#?}"
    );
    // Nothing was made.
    assert!(!there.state_dir("good").exists() && !sandbox.state_dir().exists());
}

#[test]
fn only_the_hosts_that_are_named() {
    let Some(there) = Elsewhere::new("only_the_hosts_that_are_named") else {
        return;
    };
    let sandbox = &there.sandbox;
    let mut closed = there.host("closed", "");
    closed["port"] = json!(support::free_port());
    there.inventory(&json!({ "good": there.host("good", ""), "closed": closed }), &[]);
    let good = sandbox.run(&["host", "check", "good"]).expect_code(0);
    assert!(
        good.stdout.contains("ok      good: clock: ") && !good.stdout.contains("closed"),
        "{good:?}"
    );
    let unknown = sandbox.run(&["host", "check", "good", "god"]).expect_code(4);
    assert!(unknown.stderr.contains("did you mean `good`?"), "{unknown:?}");
    // A mistake in an instance is nothing to the hosts.
    let hosts = json!({ "good": there.host("good", "") });
    let text = json!({ "hosts": hosts, "instances": { "a": { "zzz": 1 }, "b": {} } });
    sandbox.inventory_text(&text.to_string());
    sandbox.run(&["host", "check"]).expect_code(0);
    sandbox.inventory_text("instances: {}");
    let none = sandbox.run(&["host", "check"]).expect_code(4);
    assert!(
        none.stderr.contains("lists no other host") && none.stderr.contains("hosts:"),
        "{none:?}"
    );
    sandbox.run(&["host", "explode"]).expect_code(2);
}

/// The message about a host.
fn message(outcome: &Outcome, host: &str) -> String {
    findings(outcome, host).join("\n")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().display().to_string());
    names.collect()
}

/// An old gamectl: another file that does the same.
fn old(at: &Path) {
    programs::install(&support::gamectl(), at);
    let mut file = fs::OpenOptions::new().append(true).open(at).expect("the copy");
    file.write_all(b"old").expect("write to the copy");
}

#[test]
fn an_installation_leaves_what_runs_to_the_old_program() {
    let Some(there) = Elsewhere::new("an_installation_leaves_what_runs_to_the_old_program") else {
        return;
    };
    let sandbox = &there.sandbox;
    let folder = sandbox.path("programs");
    fs::create_dir(&folder).expect("a folder");
    let program = folder.join("gamectl");
    // The program, and the way to it with a state directory of its own.
    let mut host = there.host("box2", "");
    host["gamectl"] = json!(program.display().to_string());
    let run = there.host("run", &format!("exec '{}' \"$@\"", program.display()));
    let hosts = json!({ "box2": host, "run": run });
    there.inventory(&hosts, &[gated(sandbox, "a", "run")]);
    let missing = sandbox.run(&["host", "check", "box2"]).expect_code(1);
    assert!(missing.stdout.contains("host install box2"), "{missing:?}");

    let dry = sandbox.run(&["host", "install", "-n", "box2", "--json"]).expect_code(0);
    assert!(message(&dry, "box2").contains("would write"), "{dry:?}");
    assert!(names(&folder).is_empty(), "nothing was made");
    let installed = sandbox.run(&["host", "install", "box2", "--json"]).expect_code(0);
    assert!(message(&installed, "box2").contains("is gamectl"), "{installed:?}");
    let same = || fs::read(&program).expect("the copy") == fs::read(support::gamectl()).expect("the program");
    assert!(same() && names(&folder) == ["gamectl"]);
    assert_eq!(
        fs::metadata(&program).expect("the copy").permissions().mode() & 0o7777,
        0o755
    );
    let again = sandbox.run(&["host", "install", "box2", "--json"]).expect_code(0);
    assert!(message(&again, "box2").contains("nothing to do"), "{again:?}");

    // A game of an old one, which goes on under the new one.
    fs::remove_file(&program).expect("remove it");
    old(&program);
    sandbox.touch("a.gate");
    sandbox.ok(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    let upgraded = sandbox.run(&["host", "install", "box2", "--json"]).expect_code(0);
    assert!(
        message(&upgraded, "box2").contains("goes on with the old one"),
        "{upgraded:?}"
    );
    assert!(same() && names(&folder) == ["gamectl"]);
    let exe = fs::read_link(format!("/proc/{shim}/exe")).expect("the program of the shim");
    assert!(exe.display().to_string().ends_with("(deleted)"), "{}", exe.display());
    let row = sandbox.wait_state("a", "running");
    assert_eq!(row["pid"], pid, "{row}");
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "stdin: quit", "{stopped}");
}

/// A host whose login shell is this one, with few programs on PATH.
fn behind(sandbox: &Sandbox, shell: &str, copies: &str) -> String {
    let tools = sandbox.path("tools");
    if !tools.exists() {
        fs::create_dir(&tools).expect("a folder");
        let needed = "sh cat chmod dirname head ls mkdir mv readlink rm sha256sum sync tail uname";
        for tool in needed.split(' ') {
            let found = ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(tool));
            let found = found.iter().find(|path| path.exists()).expect(tool);
            symlink(found, tools.join(tool)).expect("a link");
        }
    }
    let shell = ["/bin", "/usr/bin"].map(|folder| format!("{folder}/{shell}"));
    let shell = shell.iter().find(|path| Path::new(path).exists()).expect("the shell");
    let tools = tools.display();
    sandbox.stand_in(
        "ssh",
        &format!(
            "for last; do :; done; PATH='{tools}'; export PATH; \
             case $last in *umask*) {copies} {shell} -c \"$last\" ;; *) exec {shell} -c \"$last\" ;; esac"
        ),
    )
}

#[test]
fn every_login_shell_installs_where_the_way_looks() {
    const TEST: &str = "every_login_shell_installs_where_the_way_looks";
    // It would be found, and replaced.
    if Path::new("/usr/local/bin/gamectl").exists() {
        support::not_run(TEST, "there is a gamectl in /usr/local/bin", "GAMECTL_TEST_SSH");
        return;
    }
    let sandbox = Sandbox::new();
    let game = json!({ "host": "box2", "process": { "executable": "/bin/true" } });
    let text = json!({ "hosts": { "box2": { "ssh": "box2" } }, "instances": { "a": game } });
    sandbox.inventory_text(&text.to_string());
    let program = sandbox.path("home/.local/bin/gamectl");
    for shell in ["sh", "bash", "zsh", "fish", "tcsh"] {
        let found = ["/bin", "/usr/bin"];
        if !found.iter().any(|folder| Path::new(folder).join(shell).exists()) {
            support::not_run(TEST, &format!("no {shell}"), "GAMECTL_TEST_SSH");
            continue;
        }
        let path = behind(&sandbox, shell, "exec");
        let run = |args: &[&str]| {
            let output = sandbox.command(args).env("PATH", &path).output();
            Outcome::of(args, &output.expect("run gamectl"))
        };
        run(&["status", "host:box2"]).expect_code(4);
        let installed = run(&["host", "install", "--json"]).expect_code(0);
        let says = message(&installed, "box2");
        assert!(says.contains(&program.display().to_string()), "{shell}: {says}");
        run(&["status", "host:box2"]).expect_code(3);
        fs::remove_file(&program).expect("remove it");
        // An old one is replaced where it is found.
        let elsewhere = sandbox.path("tools/gamectl");
        old(&elsewhere);
        let replaced = run(&["host", "install", "--json"]).expect_code(0);
        assert!(
            message(&replaced, "box2").contains("tools/gamectl is gamectl"),
            "{replaced:?}"
        );
        assert!(!program.exists());
        fs::remove_file(elsewhere).expect("remove it");
    }
}

#[test]
fn what_cannot_be_installed_changes_nothing() {
    let sandbox = Sandbox::new();
    let at = sandbox.path("there/gamectl");
    fs::create_dir(sandbox.path("there")).expect("a folder");
    let text = json!({ "hosts": { "box2": { "ssh": "box2", "gamectl": at } }, "instances": {} });
    sandbox.inventory_text(&text.to_string());
    let refused = |path: &str, words: &str| {
        let before = fs::read(&at).ok();
        let output = sandbox
            .command(&["host", "install", "--json"])
            .env("PATH", path)
            .output();
        let outcome = Outcome::of(&["host", "install"], &output.expect("run gamectl")).expect_code(1);
        let says = message(&outcome, "box2");
        assert!(
            says.starts_with("error install: ") && says.contains(words),
            "{words}: {outcome:?}"
        );
        assert!(!says.ends_with("/ "), "no hint: {says}");
        assert_eq!(fs::read(&at).ok(), before, "{words}");
        assert_eq!(
            names(&sandbox.path("there")).len(),
            usize::from(before.is_some()),
            "{words}"
        );
    };
    let whole = behind(&sandbox, "sh", "exec");
    // Something that is no program of ours to replace.
    programs::script(&at, "exit 0");
    refused(&whole, "is left alone");
    fs::remove_file(&at).expect("remove it");
    old(&at);
    // The way is cut in the middle, and the disk is full.
    let cut = behind(&sandbox, "sh", "/usr/bin/head -c 100000 |");
    refused(&cut, "the copy is not whole");
    let full = behind(&sandbox, "sh", "ulimit -f 100; exec");
    refused(&full, "nothing was installed: ");
    // Another architecture, and a key that may only serve.
    let whole = behind(&sandbox, "sh", "exec");
    fs::remove_file(sandbox.path("tools/uname")).expect("remove it");
    programs::script(
        &sandbox.path("tools/uname"),
        "[ \"$1\" = -s ] && echo Linux || echo pdp11",
    );
    refused(&whole, "it is Linux on pdp11");
    let serves = sandbox.stand_in("ssh", &format!("exec '{}' serve", support::gamectl().display()));
    refused(&serves, "may only serve");
    let gone = sandbox.stand_in(
        "ssh",
        "echo 'ssh: connect to host box2 port 22: Connection refused' >&2; exit 255",
    );
    refused(
        &gone,
        "it cannot be reached: ssh: connect to host box2 port 22: Connection refused",
    );
}
