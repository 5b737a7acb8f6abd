//! Programs that start the real game, which is then another process.

use super::pattern::literal_pattern;

/// The last parts of the path of programs that a command runs through.
const WRAPPERS: [&str; 6] = ["wine", "wine64", "wine-stable", "proton", "xvfb-run", "box86"];

/// The real game below a launcher.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MainGame {
    /// The program that was started is the game.
    Itself,
    /// A regular expression for the process.
    Matches(String),
    /// A script, which may start anything.
    Script(String),
}

/// Returns the game that these words start.
pub(super) fn main_game(words: &[String]) -> MainGame {
    let Some(first) = words.first() else {
        return MainGame::Itself;
    };
    let name = base(first);
    match name {
        // They start the game again when it ends, unless they are told not to.
        "srcds_run" | "srcds_run_64" => return MainGame::Matches("srcds_linux".to_owned()),
        "hlds_run" => return MainGame::Matches("hlds_linux".to_owned()),
        _ => {}
    }
    if name.ends_with(".sh") {
        return MainGame::Script(name.to_owned());
    }
    if !WRAPPERS.contains(&name) {
        return MainGame::Itself;
    }
    if let Some(exe) = words.iter().skip(1).find(|word| is_windows_program(word)) {
        return MainGame::Matches(format!("{}$", literal_pattern(base(exe))));
    }
    // Below xvfb-run: the first word that is no option of its own.
    let mut rest = words
        .iter()
        .skip(1)
        .skip_while(|word| word.starts_with('-') || is_value_of_option(word));
    match rest.next() {
        Some(inner) if name == "xvfb-run" && !WRAPPERS.contains(&base(inner)) => {
            MainGame::Matches(format!("{}$", literal_pattern(base(inner))))
        }
        _ => MainGame::Script(name.to_owned()),
    }
}

fn base(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

fn is_windows_program(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    !word.starts_with('-') && [".exe", ".com", ".bat"].iter().any(|ending| lower.ends_with(ending))
}

fn is_value_of_option(word: &str) -> bool {
    word.contains(' ') || word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_game_below_its_launcher() {
        for (words, expected) in [
            ("./game -a x.exe", MainGame::Itself),
            ("java -jar x.jar", MainGame::Itself),
            (
                "wine ./Bin/Foo-Win64.exe -log",
                MainGame::Matches("Foo-Win64\\.exe$".into()),
            ),
            ("/usr/bin/proton run A.exe", MainGame::Matches("A\\.exe$".into())),
            ("xvfb-run -a wine \\b\\A.exe", MainGame::Matches("A\\.exe$".into())),
            ("xvfb-run -a ./game -x", MainGame::Matches("game$".into())),
            ("./srcds_run -game x", MainGame::Matches("srcds_linux".into())),
            ("./start.sh", MainGame::Script("start.sh".into())),
            ("wine", MainGame::Script("wine".into())),
            ("", MainGame::Itself),
        ] {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            assert_eq!(main_game(&words), expected, "{words:?}");
        }
    }
}
