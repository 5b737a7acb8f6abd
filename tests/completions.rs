//! Completions, by a real bash with a real inventory.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::json;
use support::{Instance, Sandbox};

fn sandbox() -> Sandbox {
    let tagged = |id: &str, tags: &[&str]| Instance::script(id, "").with("tags", json!(tags));
    Sandbox::with(&[
        tagged("rust-main", &["pvp", "eu"]),
        tagged("rust-test", &["pvp"]),
        tagged("conan", &[]),
    ])
}

/// What bash offers behind this line, as it is asked by a person's Tab.
fn offered(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/gamectl.bash");
    let drive = r#"
        source "$1"; COMP_LINE="$2"; COMP_POINT=${#COMP_LINE}
        read -ra COMP_WORDS <<< "$COMP_LINE"
        [[ "$COMP_LINE" == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        how=$(complete -p gamectl); how="${how##*-F }"
        "${how%% *}" gamectl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let ours = support::gamectl().parent().expect("a folder").display().to_string();
    let path = format!("{ours}:{}", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["--norc", "-c", drive, "bash"])
        .arg(script)
        .arg(line)
        .env("PATH", path)
        .env("GAMECTL_INVENTORY", sandbox.path("instances.yaml"))
        .current_dir(sandbox.dir())
        .output()
        .expect("run bash");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_offers_what_the_inventory_has() {
    let sandbox = sandbox();
    for (line, wanted) in [
        ("gamectl start r", &["rust-main", "rust-test"][..]),
        (
            "gamectl stop ",
            &["conan", "rust-main", "rust-test", "tag:eu", "tag:pvp"],
        ),
        // Behind a colon readline has begun a new word.
        ("gamectl status tag:p", &["pvp"]),
        ("gamectl send co", &["conan"]),
        ("gamectl games xo", &["xonotic"]),
        ("gamectl init ru", &["rust"]),
        ("gamectl sen", &["send"]),
        ("gamectl start --no", &["--no-wait"]),
    ] {
        assert_eq!(offered(&sandbox, line), wanted, "{line}");
    }
}

#[test]
fn the_inventory_that_is_named_counts() {
    let sandbox = sandbox();
    std::fs::write(sandbox.path("other.yaml"), "instances: {minecraft: {}}").expect("write a file");
    assert_eq!(offered(&sandbox, "gamectl -f other.yaml start m"), ["minecraft"]);
    assert_eq!(
        offered(&sandbox, "gamectl start --inventory other.yaml m"),
        ["minecraft"]
    );
}

#[test]
fn what_cannot_be_read_offers_nothing_and_says_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text("instances: [");
    let outcome = sandbox.ok(&["__complete", "", "start"]);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
}
