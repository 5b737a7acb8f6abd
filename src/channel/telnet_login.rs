//! The words with which a console asks for a login, and refuses one. It has a language
//! of its own, so these are guesses.

/// The longest line that may be a prompt, in bytes.
const PROMPT_MAX: usize = 80;

/// Returns true if a password is asked for.
pub(super) fn is_asked(said: &str) -> bool {
    prompts(said) > 0
}

/// Counts the prompts for a password. What a mirrored log says behind one does not hide
/// it.
pub(super) fn prompts(said: &str) -> usize {
    let last = said.split('\n').next_back().unwrap_or_default();
    let whole = said.get(..said.len() - last.len()).unwrap_or_default();
    let whole = whole.lines().filter(|line| is_prompt(line, &[':']));
    whole.count() + usize::from(is_prompt(last, &[':', '>', '?', '#', '$', ']', ')']))
}

fn is_prompt(line: &str, ends: &[char]) -> bool {
    const WORDS: [&str; 3] = ["password", "passwd", "passphrase"];
    let line = line.trim();
    let lower = line.to_ascii_lowercase();
    line.len() <= PROMPT_MAX && line.ends_with(ends) && WORDS.iter().any(|word| lower.contains(word))
}

/// Returns true if the name of a user is asked for, as before a password.
pub(super) fn asks_for_user(said: &str) -> bool {
    const WORDS: [&str; 5] = ["login", "user", "username", "user name", "account"];
    let last = said.trim().lines().next_back().unwrap_or_default();
    let last = last.to_ascii_lowercase();
    let name = last.strip_suffix([':', '>', '?']).map(str::trim);
    name.is_some_and(|name| {
        WORDS
            .iter()
            .any(|word| name == *word || name.strip_prefix("enter ") == Some(*word))
    })
}

/// Returns true if a login by a command is wanted, as `login PASSWORD`.
pub(super) fn asks_for_login(said: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "login <",
        "login [",
        "login {",
        "login password",
        "not logged in",
        "not authenticated",
        "please login",
        "please log in",
    ];
    let said = said.to_ascii_lowercase();
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// Returns true if a line says that the password is wrong. Other lines may be of
/// a log, and say anything.
pub(super) fn refuses(said: &str) -> bool {
    const ABOUT: [&str; 4] = ["password", "login", "logon", "access"];
    const REFUSALS: [&str; 6] = ["incorrect", "wrong", "invalid", "denied", "failed", "bad "];
    for line in said.lines() {
        let line = line.trim().to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| line.contains(word));
        if says(&["success", "logged in", "welcome"]) && !line.contains("not ") {
            return false;
        }
        if says(&ABOUT) && says(&REFUSALS) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_of_every_shape() {
        for prompt in [
            "password:",
            "Password: ",
            "Please enter password:",
            "PASSWORD:\n",
            "hello\nEnter the passphrase>",
            "Passwd?",
            "[password]",
            "Please enter password:\nINF a line of the log\n",
        ] {
            assert_eq!(prompts(prompt), 1, "{prompt:?}");
        }
        for other in [
            "",
            "password",
            "Passwor",
            "the password is: secret",
            "INF password changed (by an admin)\n",
            &format!("{}password:", "x".repeat(80)),
        ] {
            assert_eq!(prompts(other), 0, "{other:?}");
        }
        assert_eq!(prompts("Password:\nPassword:"), 2);
    }

    #[test]
    fn a_user_that_is_asked_for() {
        for prompt in ["login: ", "Welcome\r\nUsername:", "Enter user name>", "Account?\r\n"] {
            assert!(asks_for_user(prompt), "{prompt:?}");
        }
        for other in [
            "",
            "Password:",
            "user joined: bob",
            "login <password>:",
            "Who are you?",
            "user",
        ] {
            assert!(!asks_for_user(other), "{other:?}");
        }
    }
}
