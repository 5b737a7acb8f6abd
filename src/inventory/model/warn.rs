//! The words to the players before a game is ended.

use std::time::Duration;

/// The warnings before a restart or a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The times before the end at which the players are told, the longest first. Never
    /// empty, no time twice, each at least a second.
    pub at: Vec<Duration>,
    /// The text, one line: `{time}` stands for the time that is left, in words, and
    /// `{what}` for what comes, `Restart` or `Shutdown`.
    pub say: String,
    /// The text when nothing comes of it; `{what}` as before.
    pub cancelled: String,
}

impl Default for Warning {
    fn default() -> Self {
        Self {
            at: [15 * 60, 5 * 60, 60, 10].map(Duration::from_secs).to_vec(),
            say: "{what} in {time}".to_owned(),
            cancelled: "{what} cancelled".to_owned(),
        }
    }
}

impl Warning {
    /// Returns the time from the first warning to the end.
    pub fn lead(&self) -> Duration {
        self.at.first().copied().unwrap_or_default()
    }

    /// Returns the text to the players when this time is left.
    pub fn text(&self, what: &str, left: Duration) -> String {
        self.say.replace("{what}", what).replace("{time}", &in_words(left))
    }

    /// Returns the text to the players when it is cancelled.
    pub fn cancelled_text(&self, what: &str) -> String {
        self.cancelled.replace("{what}", what)
    }
}

/// The wait until nobody plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WhenEmpty {
    /// The longest wait; `None`: as long as it takes.
    pub max_wait: Option<Duration>,
    /// True if it is left alone after the longest wait, and not ended all the same.
    pub or_skip: bool,
}

/// The line that tells all players something: it holds `{message}`, or `{message_}` for
/// games that show the first word alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broadcast(String);

const MESSAGE: &str = "{message}";
const MESSAGE_IN_ONE_WORD: &str = "{message_}";

impl Broadcast {
    /// Takes a line; `None` if the message has no place in it.
    pub fn new(line: String) -> Option<Self> {
        let has_place = line.contains(MESSAGE) || line.contains(MESSAGE_IN_ONE_WORD);
        has_place.then_some(Self(line))
    }

    /// Returns the line with the message, which cannot end the argument that it stands in:
    /// between quotes no quote and no backslash is left of it, outside of them no `;`,
    /// and nothing that a console takes for the beginning of a command.
    pub fn line(&self, message: &str) -> String {
        let mut line = String::with_capacity(self.0.len() + message.len());
        let mut rest = self.0.as_str();
        while let Some((before, place)) = next_place(rest) {
            line.push_str(before);
            let is_quoted = line.matches('"').count() % 2 == 1;
            let is_first = line.trim().is_empty();
            line.push_str(&harmless(message, place == MESSAGE_IN_ONE_WORD, is_quoted, is_first));
            rest = &rest[before.len() + place.len()..];
        }
        line + rest
    }
}

/// Returns the text up to the next place of the message, and the name of that place.
fn next_place(text: &str) -> Option<(&str, &'static str)> {
    let places = [MESSAGE, MESSAGE_IN_ONE_WORD];
    let found = places.map(|place| text.find(place).map(|at| (at, place)));
    let (at, place) = found.into_iter().flatten().min()?;
    Some((&text[..at], place))
}

fn harmless(message: &str, in_one_word: bool, is_quoted: bool, is_first: bool) -> String {
    let safe = |c: char| match c {
        '"' => '\'',
        '\\' if is_quoted => '/',
        ';' if !is_quoted => ',',
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
        c => c,
    };
    let text: String = message.chars().map(safe).collect();
    // Where nothing stands before it, these begin a command.
    let text = match is_first {
        true => text.trim_start_matches(['/', '!', '.', '\\', ' ']),
        false => text.trim_start(),
    };
    match in_one_word {
        true => text.replace(char::is_whitespace, "_"),
        false => text.to_owned(),
    }
}

/// Returns a time in words, as `15 minutes` or `1 hour and 30 minutes`. Parts of a second
/// count as one.
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3_600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let said = |(count, unit): (u64, &str)| match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    };
    let words: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(said).collect();
    match words.split_last() {
        None => "0 seconds".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_in_words() {
        for (seconds, wanted) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (10, "10 seconds"),
            (60, "1 minute"),
            (90, "1 minute and 30 seconds"),
            (900, "15 minutes"),
            (3600, "1 hour"),
            (5400, "1 hour and 30 minutes"),
            (93_784, "1 day, 2 hours, 3 minutes and 4 seconds"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), wanted);
        }
        assert_eq!(in_words(Duration::from_millis(9_001)), "10 seconds");
    }

    #[test]
    fn texts_to_the_players() {
        let warning = Warning::default();
        assert_eq!(warning.lead(), Duration::from_secs(900));
        assert_eq!(
            warning.text("Restart", Duration::from_secs(300)),
            "Restart in 5 minutes"
        );
        assert_eq!(warning.cancelled_text("Shutdown"), "Shutdown cancelled");
    }

    #[test]
    fn a_message_stays_within_its_argument() {
        for (line, message, wanted) in [
            ("say {message}", "Restart in 5 minutes", "say Restart in 5 minutes"),
            ("say {message}", "now; quit", "say now, quit"),
            ("say {message}", "a\nquit", "say a quit"),
            ("say {message}", "  \"hi\"", "say 'hi'"),
            ("say \"{message}\"", "x\"; quit \\", "say \"x'; quit /\""),
            ("servermsg \"{message}\" 1", "a; b", "servermsg \"a; b\" 1"),
            ("{message}", "/quit", "quit"),
            ("{message}", " //quit", "quit"),
            (
                "Broadcast {message_}",
                "Restart in 5 minutes",
                "Broadcast Restart_in_5_minutes",
            ),
            ("{message} {message_}", "a b", "a b a_b"),
            // What is inserted is not looked through again.
            ("say {message}", "{message}", "say {message}"),
        ] {
            let broadcast = Broadcast::new(line.to_owned()).unwrap();
            assert_eq!(broadcast.line(message), wanted, "{line}");
        }
        assert_eq!(Broadcast::new("say hello".to_owned()), None);
    }

    proptest! {
        #[test]
        fn no_message_breaks_out(message in ".{0,40}") {
            let quoted = Broadcast::new("say \"{message}\" end".to_owned()).unwrap().line(&message);
            prop_assert!(quoted.starts_with("say \"") && quoted.ends_with("\" end"));
            prop_assert_eq!(quoted.matches('"').count(), 2);
            prop_assert!(!quoted.contains('\\'));
            let bare = Broadcast::new("say {message}".to_owned()).unwrap().line(&message);
            prop_assert!(!bare.contains(';') && !bare.contains('"'));
            let first = Broadcast::new("{message}".to_owned()).unwrap().line(&message);
            prop_assert!(!first.starts_with(['/', '!', '.', '\\']));
            for line in [quoted, bare, first] {
                prop_assert!(!line.contains(char::is_control));
            }
        }
    }
}
