//! The commands that messages suggest. They name the inventory and the state directory
//! as this gamectl was given them, so that a pasted one meets the same instances.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;
use std::sync::OnceLock;

/// The option for an inventory from standard input.
const STANDARD_INPUT: &str = " -f -";

/// The options of this invocation, each with its space; empty where none was given.
#[derive(Debug, Default)]
struct Given {
    inventory: String,
    state_dir: String,
}

static GIVEN: OnceLock<Given> = OnceLock::new();

/// Remembers the options with which this gamectl was called.
pub fn remember(inventory: Option<&OsStr>, state_dir: Option<&Path>) {
    // The command line of a process is read once.
    let _ = GIVEN.set(Given {
        inventory: inventory.map(inventory_option).unwrap_or_default(),
        state_dir: state_dir.map(state_dir_option).unwrap_or_default(),
    });
}

/// Returns the options of this invocation, for a gamectl elsewhere that is to suggest
/// commands that can be pasted here.
pub fn options() -> Vec<String> {
    let given = GIVEN.get();
    given.map_or_else(Vec::new, |given| vec![given.inventory.clone(), given.state_dir.clone()])
}

/// Remembers the options of another invocation, as [`options`] returns them.
pub fn remember_options(options: &[String]) {
    if let [inventory, state_dir] = options {
        let _ = GIVEN.set(Given {
            inventory: inventory.clone(),
            state_dir: state_dir.clone(),
        });
    }
}

/// Returns a command in backticks: `` `gamectl -f games.yaml stop lobby` `` for `stop lobby`.
pub fn command(words: impl Display) -> String {
    let default = Given::default();
    let given = GIVEN.get().unwrap_or(&default);
    written(&given.inventory, &given.state_dir, &words)
}

/// Returns a command, as [`command`] does, that reads another inventory.
pub fn command_for(inventory: impl AsRef<OsStr>, words: impl Display) -> String {
    let state_dir = GIVEN.get().map_or("", |given| &given.state_dir);
    written(&inventory_option(inventory.as_ref()), state_dir, &words)
}

fn written(inventory: &str, state_dir: &str, words: &dyn Display) -> String {
    // Read once, it is to be given again.
    let again = if inventory == STANDARD_INPUT { " < FILE" } else { "" };
    format!("`gamectl{inventory}{state_dir} {words}{again}`")
}

fn inventory_option(file: &OsStr) -> String {
    format!(" -f {}", quoted(&not_an_option(file)))
}

fn state_dir_option(dir: &Path) -> String {
    format!(" --state-dir {}", quoted(&not_an_option(dir.as_os_str())))
}

/// Returns a path that nobody takes for an option; `-` alone is the standard input.
fn not_an_option(path: &OsStr) -> String {
    let path = path.to_string_lossy();
    match path.starts_with('-') && path != "-" {
        true => format!("./{path}"),
        false => path.into_owned(),
    }
}

/// Returns a word as a shell takes it for one word, and for nothing else.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,@%+=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_what_is_quoted_for_one_word() {
        let words = [
            "a.yaml",
            "",
            "my games.yaml",
            "it's",
            "~/x",
            "$HOME",
            "a;b",
            "*",
            "q\"\\",
        ];
        for word in words {
            let script = format!("printf '%s|' {}", quoted(word));
            let mut shell = std::process::Command::new("/bin/sh");
            let said = shell.args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), format!("{word}|"));
        }
        assert_eq!(quoted("/srv/games/a.yaml"), "/srv/games/a.yaml");
    }

    #[test]
    fn a_command_names_what_was_given() {
        let (inventory, state_dir) = (
            inventory_option("my games.yaml".as_ref()),
            state_dir_option("/s".as_ref()),
        );
        assert_eq!(
            written(&inventory, &state_dir, &"stop --all"),
            "`gamectl -f 'my games.yaml' --state-dir /s stop --all`"
        );
        assert_eq!(inventory_option("-x.yaml".as_ref()), " -f ./-x.yaml");
        assert_eq!(state_dir_option("-s".as_ref()), " --state-dir ./-s");
        assert_eq!(inventory_option("-".as_ref()), STANDARD_INPUT);
        assert_eq!(written(STANDARD_INPUT, "", &"status"), "`gamectl -f - status < FILE`");
        assert_eq!(command(format_args!("stop {}", "a")), "`gamectl stop a`");
        assert_eq!(command_for("b.yaml", "check"), "`gamectl -f b.yaml check`");
    }
}
