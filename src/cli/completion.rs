//! Completions: the script of a shell, and the kinds of words that only the
//! inventory knows.

use clap::{ArgAction, Command, CommandFactory};
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
    const PLACES: [&str; 6] = [
        "'*::selectors ",
        "'*::words ",
        "':id ",
        "'::name ",
        "'*::games ",
        "'*::hosts ",
    ];
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

/// The place of the word that is being typed.
#[derive(Debug, PartialEq, Eq)]
pub struct CompletionPlace {
    /// The id of the argument that may stand there; `None` if only an option may.
    pub argument: Option<String>,
    /// The inventory that the command line names.
    pub inventory: Option<String>,
}

/// Returns the place after these words.
pub fn place(before: &[String]) -> CompletionPlace {
    let mut root = Cli::command();
    root.build();
    let mut verb = None;
    let mut inventory = None;
    let mut arguments = 0;
    let mut words = before.iter();
    while let Some(word) = words.next() {
        let options = verb.unwrap_or(&root);
        if takes_value(options, word) {
            let Some(value) = words.next() else {
                let argument = None;
                return CompletionPlace { argument, inventory };
            };
            if matches!(word.as_str(), "-f" | "--inventory") {
                inventory = Some(value.clone());
            }
        } else if let Some(value) = word.strip_prefix("--inventory=") {
            inventory = Some(value.to_owned());
        } else if !word.starts_with('-') {
            match verb {
                None => verb = root.find_subcommand(word),
                Some(_) => arguments += 1,
            }
        }
    }
    let mut positionals = verb.into_iter().flat_map(Command::get_positionals);
    let last = verb.and_then(|verb| verb.get_positionals().last());
    let repeated = last.filter(|last| matches!(last.get_action(), ArgAction::Append));
    let argument = positionals.nth(arguments).or(repeated);
    CompletionPlace {
        argument: argument.map(|argument| argument.get_id().to_string()),
        inventory,
    }
}

/// Returns true when the word is an option that a value follows.
fn takes_value(command: &Command, word: &str) -> bool {
    let options = command
        .get_arguments()
        .filter(|option| option.get_action().takes_values());
    let mut names = options.flat_map(|option| {
        let long = option.get_long().map(|long| format!("--{long}"));
        long.into_iter()
            .chain(option.get_short().map(|short| format!("-{short}")))
    });
    names.any(|name| name == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (line, argument, inventory) in [
            ("", None, None),
            ("start", Some("selectors"), None),
            ("-f a.yaml --json stop x", Some("selectors"), Some("a.yaml")),
            ("start --timeout", None, None),
            ("start --inventory=b.yaml -n", Some("selectors"), Some("b.yaml")),
            ("logs -f", Some("selectors"), None),
            ("logs -n", None, None),
            ("-f", None, None),
            ("send", Some("id"), None),
            ("send x", Some("text"), None),
            ("console -n 20", Some("id"), None),
            ("frobnicate x", None, None),
            ("games", Some("name"), None),
            ("init rust", Some("games"), None),
            ("completions", Some("shell"), None),
            ("completions zsh", None, None),
            ("check", None, None),
            ("host", Some("action"), None),
            ("-f a.yaml host check box2", Some("hosts"), Some("a.yaml")),
        ] {
            let before: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let wanted = CompletionPlace {
                argument: argument.map(str::to_owned),
                inventory: inventory.map(str::to_owned),
            };
            assert_eq!(place(&before), wanted, "{line}");
        }
    }
}
