//! A text to words and operators, as a shell reads it.

use super::word::{Fallback, ShellPart, ShellToken, ShellWord};

/// The differences between those who write start commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Dialect {
    /// A shell reads it once.
    Shell,
    /// The panel's image has a shell read it twice: `{{NAME}}` is a variable, and `\"` a quote.
    Egg,
}

/// The most substitutions within each other.
const DEEPEST: usize = 24;

/// The longest text, in bytes.
const LONGEST: usize = 64 << 10;

/// The longest name in a template, in bytes.
const NAME_MAX: usize = 200;

/// The operators, longest first.
const OPERATORS: [&str; 20] = [
    "&>>", "<<<", "<<-", ";;", "&&", "||", "|&", "&>", ">>", ">&", ">|", "<<", "<&", "<>", ";", "&", "|", "<", ">", "(",
];

/// Reads a text.
///
/// # Errors
/// What is not closed, as the end of a sentence.
pub(in crate::import) fn lex(text: &str, dialect: Dialect) -> Result<Vec<ShellToken>, &'static str> {
    if text.len() > LONGEST {
        return Err("it is too long");
    }
    let mut lexer = Lexer {
        rest: text,
        dialect,
        tokens: Vec::new(),
        word: None,
        depth: 0,
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    dialect: Dialect,
    tokens: Vec<ShellToken>,
    word: Option<ShellWord>,
    /// The number of `${` that it is within.
    depth: usize,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), &'static str> {
        while let Some(c) = self.rest.chars().next() {
            if c == '\n' {
                self.end_word();
                self.tokens.push(ShellToken::Operator(";"));
                self.pass(1);
            } else if c.is_whitespace() {
                self.end_word();
                self.pass(c.len_utf8());
            } else if c == '#' && self.word.is_none() {
                self.pass(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if c == ')' {
                self.end_word();
                self.tokens.push(ShellToken::Operator(")"));
                self.pass(1);
            } else if let Some(inner) = self.rest.strip_prefix("((").filter(|_| self.word.is_none()) {
                let Some(end) = inner.find("))") else {
                    return Err("a `((` is not closed");
                };
                self.tokens.push(ShellToken::Sum(inner[..end].to_owned()));
                self.rest = &inner[end + 2..];
            } else if self.rest.starts_with(">(") || self.rest.starts_with("<(") {
                let end = closing(&self.rest[2..], 0)?;
                let source = self.rest[2..2 + end].to_owned();
                self.push(ShellPart::Command {
                    source,
                    is_quoted: true,
                });
                self.pass(end + 3);
            } else if let Some(operator) = OPERATORS.iter().find(|one| self.rest.starts_with(**one)) {
                let is_redirect = operator.contains(['<', '>']);
                let number = self.word.as_ref().and_then(ShellWord::keyword);
                if is_redirect && number.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
                    self.word = None;
                }
                self.end_word();
                self.tokens.push(ShellToken::Operator(operator));
                self.pass(operator.len());
            } else {
                self.part(c)?;
            }
        }
        self.end_word();
        Ok(())
    }

    fn pass(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn push(&mut self, part: ShellPart) {
        self.word.get_or_insert_default().push(part);
    }

    fn text(&mut self, text: impl Into<String>, is_quoted: bool) {
        let text = text.into();
        self.push(ShellPart::Text { text, is_quoted });
    }

    fn end_word(&mut self) {
        self.tokens.extend(self.word.take().map(ShellToken::Word));
    }

    fn part(&mut self, c: char) -> Result<(), &'static str> {
        match c {
            '\\' if self.dialect == Dialect::Egg && self.rest.starts_with("\\\"") => {
                self.pass(2);
                self.double_quoted("\\\"")
            }
            '\\' => {
                let mut behind = self.rest[1..].chars();
                match behind.next() {
                    Some('\n') | None => {}
                    Some(c) => self.text(c, true),
                }
                self.rest = behind.as_str();
                Ok(())
            }
            '\'' => {
                let inner = &self.rest[1..];
                let end = inner.find('\'').ok_or("a quote is not closed")?;
                self.text(&inner[..end], true);
                self.rest = &inner[end + 1..];
                Ok(())
            }
            '"' => {
                self.pass(1);
                self.double_quoted("\"")
            }
            _ => self.dollar_or_text(c, false),
        }
    }

    fn double_quoted(&mut self, end: &str) -> Result<(), &'static str> {
        self.text("", true);
        loop {
            if self.rest.starts_with(end) {
                self.pass(end.len());
                return Ok(());
            }
            let Some(c) = self.rest.chars().next() else {
                return Err("a quote is not closed");
            };
            if c == '"' && end.len() > 1 {
                self.pass(1);
                return Ok(());
            }
            if c == '\\' {
                let mut behind = self.rest[1..].chars();
                match behind.next() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.text(c, true),
                    Some('\n') | None => {}
                    Some(c) => self.text(format!("\\{c}"), true),
                }
                self.rest = behind.as_str();
                continue;
            }
            self.dollar_or_text(c, true)?;
        }
    }

    fn dollar_or_text(&mut self, c: char, is_quoted: bool) -> Result<(), &'static str> {
        match c {
            '{' if self.dialect == Dialect::Egg => {
                if let Some((name, rest)) = template(self.rest) {
                    self.rest = rest;
                    self.push(ShellPart::Variable {
                        name: name.to_owned(),
                        fallback: None,
                        is_quoted,
                    });
                    return Ok(());
                }
            }
            '`' => {
                let inner = &self.rest[1..];
                let end = inner.find('`').ok_or("a backquote is not closed")?;
                let source = inner[..end].to_owned();
                self.push(ShellPart::Command { source, is_quoted });
                self.rest = &inner[end + 1..];
                return Ok(());
            }
            '$' => return self.dollar(is_quoted),
            _ => {}
        }
        self.text(c, is_quoted);
        self.pass(c.len_utf8());
        Ok(())
    }

    fn dollar(&mut self, is_quoted: bool) -> Result<(), &'static str> {
        let behind = &self.rest[1..];
        if let Some(inner) = behind.strip_prefix("((")
            && let Some(end) = inner.find("))")
        {
            self.push(ShellPart::Sum(inner[..end].to_owned()));
            self.rest = &inner[end + 2..];
            return Ok(());
        }
        if let Some(inner) = behind.strip_prefix('(') {
            let end = closing(inner, 0)?;
            let source = inner[..end].to_owned();
            self.push(ShellPart::Command { source, is_quoted });
            self.rest = &inner[end + 1..];
            return Ok(());
        }
        if let Some(inner) = behind.strip_prefix('{') {
            let end = closing_brace(inner).ok_or("a `${` is not closed")?;
            self.rest = &inner[end + 1..];
            self.braced(&inner[..end], is_quoted)?;
            return Ok(());
        }
        let is_special = |c: char| c.is_ascii_digit() || matches!(c, '!' | '?' | '#' | '@' | '*' | '$' | '-');
        let length = match behind.chars().next() {
            Some(c) if is_special(c) => 1,
            _ => name_length(behind),
        };
        match length {
            0 => {
                self.text("$", is_quoted);
                self.pass(1);
            }
            length => {
                let name = behind[..length].to_owned();
                let fallback = None;
                self.push(ShellPart::Variable {
                    name,
                    fallback,
                    is_quoted,
                });
                self.pass(1 + length);
            }
        }
        Ok(())
    }

    /// Reads what stands between `${` and `}`.
    fn braced(&mut self, inner: &'a str, is_quoted: bool) -> Result<(), &'static str> {
        let inner = inner.trim_start_matches('!');
        let (name, rest) = inner.split_at(name_length(inner));
        let mut signs = rest.strip_prefix(':').unwrap_or(rest).chars();
        let sign = signs.next();
        let fallback = match sign {
            None => None,
            Some(sign) => {
                // Its value may be of several words, within quotes or not.
                let mut lexer = Lexer {
                    rest: "",
                    dialect: self.dialect,
                    tokens: Vec::new(),
                    word: Some(ShellWord::default()),
                    depth: self.depth + 1,
                };
                lexer.fallback(signs.as_str(), is_quoted)?;
                let word = lexer.word.unwrap_or_default();
                Some(Fallback { sign, word })
            }
        };
        let name = name.to_owned();
        self.push(ShellPart::Variable {
            name,
            fallback,
            is_quoted,
        });
        Ok(())
    }

    fn fallback(&mut self, text: &'a str, is_quoted: bool) -> Result<(), &'static str> {
        if self.depth > DEEPEST {
            return Err("it is nested too deeply");
        }
        self.rest = text;
        while let Some(c) = self.rest.chars().next() {
            match c {
                '$' | '{' | '`' => self.dollar_or_text(c, is_quoted)?,
                '"' | '\'' | '\\' if !is_quoted => self.part(c)?,
                c => {
                    self.text(c, is_quoted);
                    self.pass(c.len_utf8());
                }
            }
        }
        Ok(())
    }
}

fn name_length(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// Splits `{{NAME}}`; of a path such as `server.build.env.NAME` the last word is the name.
fn template(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("{{")?;
    let end = inner.bytes().take(NAME_MAX).position(|byte| byte == b'}')?;
    let (inner, rest) = inner.split_at(end);
    let rest = rest.strip_prefix("}}")?;
    let name = inner.trim().rsplit('.').next()?;
    let is_name = !name.is_empty() && name_length(name) == name.len();
    is_name.then_some((name, rest))
}

/// Returns where the `)` stands that closes what has been opened before this text.
fn closing(text: &str, depth: usize) -> Result<usize, &'static str> {
    const OPEN: &str = "a `(` is not closed";
    if depth > DEEPEST {
        return Err("it is nested too deeply");
    }
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut at = 0;
    let mut is_quoted = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => is_quoted = !is_quoted,
            b'\'' if !is_quoted => {
                let end = bytes[at + 1..].iter().position(|byte| *byte == b'\'');
                at += 1 + end.ok_or("a quote is not closed")?;
            }
            b'$' if bytes.get(at + 1) == Some(&b'(') => {
                let inner = text.get(at + 2..).unwrap_or_default();
                at += 2 + closing(inner, depth + 1)?;
            }
            b'(' if !is_quoted => open += 1,
            b')' if !is_quoted => match open.checked_sub(1) {
                None => return Ok(at),
                Some(less) => open = less,
            },
            _ => {}
        }
        at += 1;
    }
    Err(OPEN)
}

/// Returns where the `}` stands that closes a `${`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => match open.checked_sub(1) {
                None => return Some(at),
                Some(less) => open = less,
            },
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(part: &ShellPart) -> String {
        match part {
            ShellPart::Text { text, is_quoted: true } => format!("'{text}'"),
            ShellPart::Text { text, .. } => text.clone(),
            ShellPart::Variable {
                name,
                fallback,
                is_quoted,
            } => {
                let fallback = fallback.as_ref().map_or(String::new(), |fallback| {
                    let word: String = fallback.word.parts.iter().map(shown).collect();
                    format!("{}{word}", fallback.sign)
                });
                format!("<{name}{fallback}{}>", if *is_quoted { "\"" } else { "" })
            }
            ShellPart::Command { source, .. } => format!("<({source})>"),
            ShellPart::Sum(source) => format!("<(({source}))>"),
        }
    }

    fn told(text: &str, dialect: Dialect) -> String {
        let told = |token: &ShellToken| match token {
            ShellToken::Word(word) => word.parts.iter().map(shown).collect(),
            ShellToken::Operator(operator) => format!("!{operator}"),
            ShellToken::Sum(source) => format!("(({source}))"),
        };
        match lex(text, dialect) {
            Ok(tokens) => tokens.iter().map(told).collect::<Vec<String>>().join(" "),
            Err(why) => why.to_owned(),
        }
    }

    #[test]
    fn words_and_operators() {
        for (text, expected) in [
            ("./a -b  'c d' \"e f\"", "./a -b 'c d' 'e f'"),
            ("a\\ b \"\\\"x\\\"\" # y", "a' 'b '\"x\"'"),
            ("a;b&&c||d|e&", "a !; b !&& c !|| d !| e !&"),
            ("a 2>&1 >x 1>>y", "a !>& 1 !> x !>> y"),
            (
                "$A ${B} \"$C\" ${D:-e f} ${G:+-h $I}",
                "<A> <B> ''<C\"> <D-e f> <G+-h <I>>",
            ),
            ("a$(b \"c)\" $(d))e `f`", "a<(b \"c)\" $(d))>e <(f)>"),
            ("$((A*2)) ((B)) $! $", "<((A*2))> ((B)) <!> $"),
            ("> >(sed x)", "!> <(sed x)>"),
            ("a\nb", "a !; b"),
            ("'x", "a quote is not closed"),
            ("$(x", "a `(` is not closed"),
            ("${x", "a `${` is not closed"),
            ("", ""),
        ] {
            assert_eq!(told(text, Dialect::Shell), expected, "{text}");
        }
        for (text, expected) in [
            ("{{A}} x={{server.build.env.B}}y \"{{C}}\"", "<A> x=<B>y ''<C\">"),
            ("+host \\\"{{NAME}}\\\" \\\"a b\\\"", "+host ''<NAME\"> 'a b'"),
            ("{{}} {x} {{a b}}", "{{}} {x} {{a b}}"),
        ] {
            assert_eq!(told(text, Dialect::Egg), expected, "{text}");
        }
        for deep in ["$(", "${a:-"] {
            let text = deep.repeat(100) + &")}".repeat(100);
            assert!(lex(&text, Dialect::Shell).is_err(), "{deep}");
        }
        let text = "${a:-".repeat(100) + &"}".repeat(100);
        assert_eq!(told(&text, Dialect::Shell), "it is nested too deeply");
        assert_eq!(told(&"a".repeat(LONGEST + 1), Dialect::Shell), "it is too long");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a{}$()'\"\\\\;&|<>#\n `ü:=-]{0,60}") {
            let _ = lex(&text, Dialect::Egg);
            let _ = lex(&text, Dialect::Shell);
        }
    }
}
