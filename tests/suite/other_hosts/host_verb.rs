//! `gamectl host`: the other hosts themselves, and not their instances.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sshd::Elsewhere;
use crate::support::{self, Outcome};

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
    let by_hand = format!("ssh -p {} -i {} 127.0.0.1", there.port(), there.key("login"));
    says(
        "good",
        &[
            &format!("ok way: reached by `{by_hand}`, in "),
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
            " seconds behind this one / set the one that is wrong",
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
