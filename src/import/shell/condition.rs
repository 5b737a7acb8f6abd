//! The output of `$(...)`, where it only compares values and prints words.

use super::word::{ShellToken, ShellWord};
use crate::import::filled::Filled;

/// The most conditions within each other.
const DEEPEST: usize = 16;

/// The values that are compared and printed.
pub(in crate::import) trait WordValues {
    /// Returns the words that a word becomes.
    fn words(&mut self, word: &ShellWord) -> Vec<Filled>;

    /// Returns a word as one text.
    fn text(&mut self, word: &ShellWord) -> Filled;

    /// Returns the result of a sum, if it is known.
    fn sum(&mut self, source: &str) -> Option<i64>;

    /// Notes what a reader of the result has to know.
    fn note(&mut self, note: &str);
}

/// Walks through the commands of one substitution.
pub(super) struct Evaluator<'e> {
    filler: &'e mut dyn WordValues,
    rest: &'e [ShellToken],
    out: Filled,
    depth: usize,
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(filler: &'e mut dyn WordValues, tokens: &'e [ShellToken]) -> Self {
        Self {
            filler,
            rest: tokens,
            out: Filled::default(),
            depth: 0,
        }
    }

    /// Returns all that is printed; `None` where that cannot be known.
    pub(super) fn printed(mut self) -> Option<Filled> {
        self.list(true, &[])?;
        // Like a shell, without the line breaks at the end.
        self.rest.is_empty().then_some(self.out)
    }

    fn word(&self) -> Option<&'e ShellWord> {
        match self.rest.first() {
            Some(ShellToken::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn next_is(&self, keywords: &[&str]) -> bool {
        let keyword = self.word().and_then(ShellWord::keyword);
        keyword.is_some_and(|keyword| keywords.contains(&keyword))
    }

    fn pass(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn take_operator(&mut self, wanted: &str) -> bool {
        let is_there = matches!(self.rest.first(), Some(ShellToken::Operator(operator)) if *operator == wanted);
        if is_there {
            self.pass();
        }
        is_there
    }

    /// Carries out commands up to one of these words, or the end. What is not `live` is
    /// only passed over. Returns whether the last one succeeded.
    fn list(&mut self, live: bool, ends: &[&str]) -> Option<bool> {
        let mut status = true;
        while !self.rest.is_empty() && !self.next_is(ends) {
            status = self.chain(live)?;
            while self.take_operator(";") {}
        }
        Some(status)
    }

    fn chain(&mut self, live: bool) -> Option<bool> {
        let mut status = self.command(live)?;
        loop {
            let wanted = if self.take_operator("&&") {
                status
            } else if self.take_operator("||") {
                !status
            } else {
                return Some(status);
            };
            let ended = self.command(live && wanted)?;
            if wanted {
                status = ended;
            }
        }
    }

    fn command(&mut self, live: bool) -> Option<bool> {
        if let Some(ShellToken::Sum(source)) = self.rest.first() {
            self.pass();
            return match live {
                true => Some(self.filler.sum(source)? != 0),
                false => Some(false),
            };
        }
        let keyword = self.word()?.keyword().unwrap_or_default();
        match keyword {
            "!" => {
                self.pass();
                Some(!self.command(live)?)
            }
            "if" => {
                self.pass();
                self.depth += 1;
                if self.depth > DEEPEST {
                    return None;
                }
                let status = self.branches(live)?;
                self.depth -= 1;
                Some(status)
            }
            "[" | "[[" => {
                self.pass();
                let end = if keyword == "[" { "]" } else { "]]" };
                let mut words = Vec::new();
                while !self.next_is(&[end]) {
                    words.push(self.word()?);
                    self.pass();
                }
                self.pass();
                if live { self.test(&words) } else { Some(false) }
            }
            _ => self.simple(keyword, live),
        }
    }

    fn branches(&mut self, live: bool) -> Option<bool> {
        let mut is_open = live;
        loop {
            let holds = self.list(is_open, &["then"])? && is_open;
            self.pass();
            self.list(holds, &["elif", "else", "fi"])?;
            is_open &= !holds;
            if self.next_is(&["elif"]) {
                self.pass();
                continue;
            }
            if self.next_is(&["else"]) {
                self.pass();
                self.list(is_open, &["fi"])?;
            }
            if !self.next_is(&["fi"]) {
                return None;
            }
            self.pass();
            return Some(true);
        }
    }

    /// Carries out `echo`, `printf`, or a word that says true or false.
    fn simple(&mut self, name: &str, live: bool) -> Option<bool> {
        let mut words = Vec::new();
        while let Some(word) = self.word() {
            words.push(word);
            self.pass();
        }
        let ends_here = |token: &ShellToken| matches!(token, ShellToken::Operator(";" | "&&" | "||"));
        if !self.rest.first().is_none_or(ends_here) {
            return None;
        }
        if !live {
            return Some(false);
        }
        let (first, words) = words.split_first()?;
        match name {
            // A variable that holds a command.
            "" => match self.filler.text(first).known()? {
                "true" | "" => Some(true),
                "false" | "0" | "1" => Some(false),
                _ => None,
            },
            "true" | ":" => Some(true),
            "false" => Some(false),
            "echo" => {
                let words: Vec<Filled> = words.iter().flat_map(|word| self.filler.words(word)).collect();
                let options = words.iter().take_while(|word| word.known() == Some("-n")).count();
                self.print(&words[options..]);
                Some(true)
            }
            "printf" => {
                let (format, values) = words.split_first()?;
                let format = self.filler.text(format);
                let values: Vec<Filled> = values.iter().flat_map(|word| self.filler.words(word)).collect();
                match format.known()? {
                    "%s" => values.into_iter().for_each(|value| self.out.append(value)),
                    text if !text.contains(['%', '\\']) => self.out.push(text),
                    _ => return None,
                }
                Some(true)
            }
            _ => None,
        }
    }

    fn print(&mut self, words: &[Filled]) {
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                self.out.push(" ");
            }
            self.out.append(word.clone());
        }
    }

    fn test(&mut self, words: &[&ShellWord]) -> Option<bool> {
        let word = |at: usize| words.get(at).and_then(|word| word.keyword());
        if word(0) == Some("!") {
            return Some(!self.test(&words[1..])?);
        }
        match words {
            [sign, value] => {
                let is_empty = self.filler.text(value).is_empty();
                match sign.keyword()? {
                    "-z" => Some(is_empty),
                    "-n" => Some(!is_empty),
                    "-f" | "-d" | "-e" | "-s" | "-r" | "-x" | "-L" => {
                        self.filler
                            .note("the start command looks whether files are there: it is read as if they were not");
                        Some(false)
                    }
                    _ => None,
                }
            }
            [value] => Some(!self.filler.text(value).is_empty()),
            [left, sign, right] => {
                let (left, right) = (self.filler.text(left).plain(), self.filler.text(right).plain());
                let numbers = left.trim().parse::<i64>().ok().zip(right.trim().parse::<i64>().ok());
                let compare = |holds: fn(&i64, &i64) -> bool| numbers.map(|(left, right)| holds(&left, &right));
                match sign.keyword()? {
                    "=" | "==" => Some(left == right),
                    "!=" => Some(left != right),
                    // Where one is no number, a shell complains, and it does not hold.
                    "-eq" => Some(compare(i64::eq).unwrap_or(false)),
                    "-ne" => Some(compare(i64::ne).unwrap_or(false)),
                    "-gt" => Some(compare(i64::gt).unwrap_or(false)),
                    "-ge" => Some(compare(i64::ge).unwrap_or(false)),
                    "-lt" => Some(compare(i64::lt).unwrap_or(false)),
                    "-le" => Some(compare(i64::le).unwrap_or(false)),
                    _ => None,
                }
            }
            [] => Some(false),
            _ => None,
        }
    }
}
