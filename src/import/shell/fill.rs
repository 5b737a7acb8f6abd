//! Words with values in place of variables, and of what a simple command prints.

use super::condition::{Evaluator, WordValues};
use super::lexer::{Dialect, lex};
use super::word::{Fallback, ShellPart, ShellWord};
use crate::import::filled::Filled;

/// The values of variables.
pub(in crate::import) trait VariableValues {
    /// Returns the value; `None` where nobody has set it.
    fn value(&mut self, name: &str) -> Option<Filled>;

    /// Returns the folder in which the game is started.
    fn folder(&self) -> String;
}

/// The most commands within each other whose output is worked out.
const DEEPEST: usize = 8;

/// The most that values add, in bytes: those of long values many times over have an end.
const LONGEST: usize = 256 << 10;

/// Fills words, and notes what it cannot know.
pub(in crate::import) struct Filler<'v> {
    values: &'v mut dyn VariableValues,
    dialect: Dialect,
    depth: usize,
    /// The bytes of all values so far.
    filled_in: usize,
    notes: Vec<String>,
}

/// Words that are being put together.
#[derive(Default)]
struct Assembly {
    done: Vec<Filled>,
    current: Option<Filled>,
}

impl Assembly {
    fn join(&mut self, value: Filled) {
        self.current.get_or_insert_default().append(value);
    }

    /// Adds a value that stands outside of quotes.
    fn split(&mut self, value: Filled) {
        let (words, begins, ends) = value.split();
        if begins {
            self.done.extend(self.current.take());
        }
        for (at, word) in words.into_iter().enumerate() {
            if at > 0 {
                self.done.extend(self.current.take());
            }
            self.join(word);
        }
        if ends {
            self.done.extend(self.current.take());
        }
    }

    fn add(&mut self, value: Filled, is_quoted: bool) {
        match is_quoted {
            true => self.join(value),
            false => self.split(value),
        }
    }
}

impl<'v> Filler<'v> {
    pub(in crate::import) fn new(values: &'v mut dyn VariableValues, dialect: Dialect) -> Self {
        Self {
            values,
            dialect,
            depth: 0,
            filled_in: 0,
            notes: Vec::new(),
        }
    }

    /// Returns what could not be known, and ends the work.
    pub(in crate::import) fn into_notes(self) -> Vec<String> {
        self.notes
    }

    fn parts(&mut self, parts: &[ShellPart], is_whole: bool, out: &mut Assembly) {
        for part in parts {
            match part {
                ShellPart::Text { text, is_quoted } => out.add(Filled::text(text.as_str()), is_whole || *is_quoted),
                ShellPart::Variable { name, fallback, is_quoted } => {
                    self.variable(name, fallback.as_ref(), is_whole || *is_quoted, out);
                }
                ShellPart::Command { source, is_quoted } => match self.printed(source) {
                    Some(text) => out.add(text, is_whole || *is_quoted),
                    None => self.note(&format!(
                        "`$({source})` is worked out by a shell at each start, and is left out: write what it stands for"
                    )),
                },
                ShellPart::Sum(source) => match self.sum(source) {
                    Some(number) => out.join(Filled::text(number.to_string())),
                    None => self.note(&format!("the sum `$(({source}))` is left out: write its result")),
                },
            }
        }
    }

    fn variable(&mut self, name: &str, fallback: Option<&Fallback>, is_quoted: bool, out: &mut Assembly) {
        let value = match name {
            "PWD" | "HOME" => Some(Filled::text(self.values.folder())),
            name if self.filled_in < LONGEST => self.values.value(name),
            _ => Some(Filled::default()),
        };
        self.filled_in += value.as_ref().map_or(0, Filled::len);
        let is_set = value.as_ref().is_some_and(|value| !value.is_empty());
        match fallback {
            Some(fallback) if matches!(fallback.sign, '-' | '=') && !is_set => {
                self.parts(&fallback.word.parts, is_quoted, out);
                return;
            }
            Some(fallback) if fallback.sign == '+' => {
                if is_set {
                    self.parts(&fallback.word.parts, is_quoted, out);
                }
                return;
            }
            Some(fallback) if !matches!(fallback.sign, '-' | '=' | '?') => {
                self.note(&format!(
                    "`${{{name}...}}` is changed by a shell: write what it stands for"
                ));
            }
            _ => {}
        }
        match value {
            Some(value) => out.add(value, is_quoted),
            None if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                self.note(&format!("nothing defines the variable {name}: it is taken as empty"));
                out.add(Filled::default(), is_quoted);
            }
            None => {}
        }
    }

    /// Returns what a command prints, where that follows from values alone.
    fn printed(&mut self, source: &str) -> Option<Filled> {
        if source.trim() == "pwd" {
            return Some(Filled::text(self.values.folder()));
        }
        if self.depth >= DEEPEST {
            return None;
        }
        let tokens = lex(source, self.dialect).ok()?;
        self.depth += 1;
        let known = self.notes.len();
        let printed = Evaluator::new(self, &tokens).printed();
        self.depth -= 1;
        if printed.is_none() {
            self.notes.truncate(known);
        }
        printed
    }

    fn operand(&mut self, word: &str) -> Option<i64> {
        let word = word.trim();
        if let Ok(number) = word.parse() {
            return Some(number);
        }
        let name = word.trim_start_matches(['$', '{']).trim_end_matches('}').trim();
        let value = self.values.value(name)?;
        match value.known()?.trim() {
            "" => Some(0),
            number => number.parse().ok(),
        }
    }
}

impl WordValues for Filler<'_> {
    fn words(&mut self, word: &ShellWord) -> Vec<Filled> {
        let mut assembly = Assembly::default();
        self.parts(&word.parts, false, &mut assembly);
        assembly.done.extend(assembly.current);
        assembly.done
    }

    fn text(&mut self, word: &ShellWord) -> Filled {
        let mut assembly = Assembly::default();
        self.parts(&word.parts, true, &mut assembly);
        assembly.current.unwrap_or_default()
    }

    /// Knows a number, a variable, and a product or sum of two.
    fn sum(&mut self, source: &str) -> Option<i64> {
        if let Some(at) = source.find(['*', '+', '-', '/']).filter(|at| *at > 0) {
            let (left, right) = (self.operand(&source[..at])?, self.operand(&source[at + 1..])?);
            return match source.as_bytes()[at] {
                b'*' => left.checked_mul(right),
                b'+' => left.checked_add(right),
                b'-' => left.checked_sub(right),
                _ => left.checked_div(right),
            };
        }
        self.operand(source)
    }

    fn note(&mut self, note: &str) {
        if self.notes.len() < 200 && !self.notes.iter().any(|known| known == note) {
            self.notes.push(note.to_owned());
        }
    }
}

#[cfg(test)]
pub(in crate::import) mod tests {
    use super::super::word::ShellToken;
    use super::*;

    /// Some variables.
    pub(in crate::import) struct Few(pub(in crate::import) &'static [(&'static str, &'static str)]);

    impl VariableValues for Few {
        fn value(&mut self, name: &str) -> Option<Filled> {
            let found = self.0.iter().find(|(known, _)| *known == name)?;
            Some(Filled::text(found.1))
        }

        fn folder(&self) -> String {
            ".".to_owned()
        }
    }

    fn filled(text: &str) -> (Vec<String>, Vec<String>) {
        let mut few = Few(&[
            ("A", "x y"),
            ("E", ""),
            ("N", "3"),
            ("T", "1"),
            ("F", "0"),
            ("W", "true"),
        ]);
        let mut filler = Filler::new(&mut few, Dialect::Egg);
        let mut words = Vec::new();
        for token in lex(text, Dialect::Egg).unwrap() {
            if let ShellToken::Word(word) = token {
                words.extend(filler.words(&word).iter().map(Filled::plain));
            }
        }
        (words, filler.into_notes())
    }

    #[test]
    fn values_in_place_of_variables() {
        for (text, expected) in [
            ("a{{A}}b \"{{A}}\" {{E}} \"{{E}}\" c", &["ax", "yb", "x y", "", "c"][..]),
            ("${A:-d} ${E:-d} ${Q:-e f} ${Q:-}", &["x", "y", "d", "e", "f"]),
            ("${A:+-a \"$A\"} ${E:+-e}", &["-a", "x y"]),
            ("$((N*1000)) $(pwd)/x", &["3000", "./x"]),
            (
                "$( [[ {{T}} -eq 1 ]] && printf %s \"-on -t\" ) $([ $F == 1 ] && echo -off)",
                &["-on", "-t"],
            ),
            ("$( [ \"$F\" == \"1\" ] || printf %s ' -no' ) -z", &["-no", "-z"]),
            ("$( [[ -z ${E} ]] && printf %s -a || printf %s \"-b ${E}\" )", &["-a"]),
            ("$( [[ -z ${A} ]] || printf %s \"-b ${N}\" )", &["-b", "3"]),
            (
                "$(if {{W}}; then echo \"-w x\"; fi)$(if [ $F = 1 ]; then echo a; else echo b; fi)",
                &["-w", "xb"],
            ),
            ("$( ((T)) && printf %s on )$( ((F)) && printf %s off )", &["on"]),
            ("$( [ ! -f x ] && printf %s new || printf %s old )", &["new"]),
        ] {
            let (words, _) = filled(text);
            assert_eq!(words, expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        for (text, words, note) in [
            ("a $(date) b", &["a", "b"][..], "`$(date)` is worked out"),
            ("$Q b", &["b"], "nothing defines the variable Q"),
            ("${A%x} b", &["x", "y", "b"], "is changed by a shell"),
            ("$((A*2)) b", &["b"], "the sum"),
            ("$! b", &["b"], ""),
        ] {
            let (found, notes) = filled(text);
            assert_eq!(found, words, "{text}");
            assert_eq!(notes.join("\n").is_empty(), note.is_empty(), "{notes:?}");
            assert!(notes.join("\n").contains(note), "{notes:?}");
        }
    }
}
