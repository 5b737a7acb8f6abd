//! Completions: the script of a shell, and the kinds of words that only the
//! inventory knows.

use clap::CommandFactory;
use clap_complete::Shell as Generator;

use super::{Cli, Shell};

/// The hidden verb by which a script asks for words. The word that is being typed
/// follows, and those before it, without the program.
pub const HIDDEN_VERB: &str = "__complete";

/// Returns the script for a shell: the one that clap generates, and the part that
/// asks gamectl for words of the inventory.
pub fn script(shell: Shell) -> String {
    let generator = match shell {
        Shell::Bash => Generator::Bash,
        Shell::Elvish => Generator::Elvish,
        Shell::Fish => Generator::Fish,
        Shell::Zsh => Generator::Zsh,
    };
    let mut bytes = Vec::new();
    clap_complete::generate(generator, &mut Cli::command(), "gamectl", &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        Shell::Bash => text + include_str!("shells/values.bash"),
        Shell::Elvish => text + include_str!("shells/values.elv"),
        Shell::Fish => text + include_str!("shells/values.fish"),
        Shell::Zsh => zsh(&text),
    }
}

/// Returns the script for zsh, where each argument names the function that completes
/// it, and functions are defined before their use.
fn zsh(text: &str) -> String {
    const PLACES: [&str; 4] = ["'*::selectors ", "':id ", "'::name ", "'*::games "];
    let (head, body) = text.split_once('\n').unwrap_or(("", text));
    let mut script = format!("{head}\n{}", include_str!("shells/values.zsh"));
    for line in body.lines() {
        let asks = PLACES.iter().any(|place| line.starts_with(place));
        match line.strip_suffix(":_default' \\") {
            Some(start) if asks => script.push_str(&format!("{start}:_gamectl_values' \\")),
            _ => script.push_str(line),
        }
        script.push('\n');
    }
    script
}

/// The kind of word that may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Selectors,
    Id,
    Games,
    Shells,
}

/// The place of the word that is being typed, and the inventory that the command
/// line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionPlace {
    /// The kind of word; `None` if only an option may stand there.
    pub values: Option<Values>,
    pub inventory: Option<String>,
}

/// The options that take a value.
const WITH_VALUE: [&str; 11] = [
    "--inventory",
    "--state-dir",
    "--color",
    "--lock-wait",
    "--timeout",
    "--on-exit",
    "--at-once",
    "--heartbeat-interval",
    "--lines",
    "--since",
    "--until",
];

/// Returns the place after these words.
pub fn place(before: &[String]) -> CompletionPlace {
    let mut place = CompletionPlace {
        values: None,
        inventory: None,
    };
    let mut verb: Option<&str> = None;
    let mut others = 0;
    let mut words = before.iter();
    while let Some(word) = words.next() {
        // `-f` follows the log, and `-n` takes a number, behind that verb only.
        let short = match verb {
            None => word == "-f",
            Some(verb) => verb == "logs" && word == "-n",
        };
        if short || WITH_VALUE.contains(&word.as_str()) {
            let Some(value) = words.next() else {
                return CompletionPlace { values: None, ..place };
            };
            if matches!(word.as_str(), "-f" | "--inventory") {
                place.inventory = Some(value.clone());
            }
        } else if let Some(value) = word.strip_prefix("--inventory=") {
            place.inventory = Some(value.to_owned());
        } else if !word.starts_with('-') {
            match verb {
                None => verb = Some(word),
                Some(_) => others += 1,
            }
        }
    }
    place.values = match (verb, others) {
        (Some("start" | "stop" | "restart" | "status" | "watch" | "logs" | "run"), _) => Some(Values::Selectors),
        (Some("send" | "console"), 0) => Some(Values::Id),
        (Some("games"), 0) | (Some("init"), _) => Some(Values::Games),
        (Some("completions"), 0) => Some(Values::Shells),
        _ => None,
    };
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (line, values, inventory) in [
            ("", None, None),
            ("start", Some(Values::Selectors), None),
            ("-f a.yaml --json stop x", Some(Values::Selectors), Some("a.yaml")),
            ("start --timeout", None, None),
            ("start --inventory=b.yaml -n", Some(Values::Selectors), Some("b.yaml")),
            ("logs -f", Some(Values::Selectors), None),
            ("logs -n", None, None),
            ("-f", None, None),
            ("send", Some(Values::Id), None),
            ("send x", None, None),
            ("games", Some(Values::Games), None),
            ("init rust", Some(Values::Games), None),
            ("completions", Some(Values::Shells), None),
            ("completions zsh", None, None),
            ("check", None, None),
        ] {
            let before: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let wanted = CompletionPlace {
                values,
                inventory: inventory.map(str::to_owned),
            };
            assert_eq!(place(&before), wanted, "{line}");
        }
    }

    #[test]
    fn options_with_values() {
        let mut root = Cli::command();
        root.build();
        let verbs = root.get_subcommands().flat_map(clap::Command::get_arguments);
        for argument in root.get_arguments().chain(verbs) {
            let takes = argument.get_action().takes_values();
            if let (true, Some(long)) = (takes, argument.get_long()) {
                assert!(WITH_VALUE.contains(&format!("--{long}").as_str()), "--{long}");
            }
        }
    }
}
