//! The text of an env file, read as docker compose reads it, so that one file
//! serves both. A complaint never repeats the text, which may hold a secret.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A line with what is wrong or odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) line: usize,
    pub(super) what: &'static str,
}

/// The variables of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) list: Vec<(OsString, OsString)>,
    /// The lines that are read, and may mean something else than was meant.
    pub(super) odd: Vec<Remark>,
}

impl Variables {
    fn get(&self, name: &[u8]) -> Option<OsString> {
        let given = self.list.iter().rev().find(|(known, _)| known.as_bytes() == name);
        given.map(|(_, value)| value.clone())
    }
}

/// Reads a file:
///
/// - `NAME=value`, `NAME: value`, either behind `export`; a name alone takes
///   the variable over from `lookup`, if it is there.
/// - A value without quotes ends at the end of the line or at ` #`; spaces
///   around it are dropped.
/// - In `'...'` all stands for itself but `\'`; in `"..."` there are escapes
///   such as `\n` and `\"`. Both may hold line breaks.
/// - `$NAME`, `${NAME}` and `${NAME:-default}` are replaced outside of `'...'`, by
///   `lookup` and then by what stands above; `$$` is a dollar.
///
/// # Errors
/// The first line that is none of these.
pub(super) fn parse(text: &[u8], lookup: &dyn Fn(&OsStr) -> Option<OsString>) -> Result<Variables, Remark> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        let what = "the file is UTF-16: save it as UTF-8";
        return Err(Remark { line: 1, what });
    }
    let mut reader = Reader {
        rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
        line: 1,
        lookup,
        found: Variables::default(),
        names: HashSet::new(),
    };
    while reader.begin() {
        reader.variable()?;
    }
    Ok(reader.found)
}

struct Reader<'a> {
    rest: &'a [u8],
    line: usize,
    lookup: &'a dyn Fn(&OsStr) -> Option<OsString>,
    found: Variables,
    names: HashSet<&'a [u8]>,
}

impl<'a> Reader<'a> {
    /// Passes over blank lines and comments. Returns false at the end.
    fn begin(&mut self) -> bool {
        loop {
            self.blanks();
            match self.rest.first() {
                None => return false,
                Some(b'\n') => self.pass(1),
                Some(b'#') => self.pass(end_of_line(self.rest)),
                Some(_) => return true,
            }
        }
    }

    fn blanks(&mut self) {
        self.pass(self.rest.iter().take_while(|byte| is_blank(**byte)).count());
    }

    /// Passes over so many bytes.
    fn pass(&mut self, count: usize) {
        let (passed, rest) = self.rest.split_at(count);
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.rest = rest;
    }

    fn wrong(&self, what: &'static str) -> Remark {
        Remark { line: self.line, what }
    }

    fn odd(&mut self, line: usize, what: &'static str) {
        self.found.odd.push(Remark { line, what });
    }

    fn variable(&mut self) -> Result<(), Remark> {
        if let Some(behind) = self.rest.strip_prefix(b"export")
            && behind.first().is_some_and(|byte| is_blank(*byte))
        {
            self.pass("export".len());
            self.blanks();
        }
        let line = self.line;
        let end = self.rest.iter().position(|byte| matches!(byte, b'=' | b':' | b'\n'));
        let end = end.unwrap_or(self.rest.len());
        let (name, sign) = (self.rest[..end].trim_ascii_end(), self.rest.get(end));
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_.-[]".contains(byte);
        if name.is_empty() || !name.iter().all(belongs) {
            return Err(self.wrong("this is not NAME=value"));
        }
        if !self.names.insert(name) {
            self.odd(line, "this name was given above: the last one counts");
        }
        if matches!(sign, None | Some(b'\n')) {
            self.pass(end);
            match (self.lookup)(OsStr::from_bytes(name)) {
                Some(value) => self.found.list.push((OsStr::from_bytes(name).to_owned(), value)),
                None => self.odd(
                    line,
                    "a name without `=` takes over a variable, and this one is not set",
                ),
            }
            return Ok(());
        }
        self.pass(end + 1);
        self.blanks();
        let value = match self.rest.first() {
            Some(b'\'') => self.quoted(b'\'')?,
            Some(b'"') => {
                let value = unescaped(&self.quoted(b'"')?);
                self.expanded(&value, line)?
            }
            _ => {
                let value = self.plain();
                self.expanded(value, line)?
            }
        };
        if value.contains(&0) {
            return Err(Remark {
                line,
                what: "a NUL byte cannot be part of a value",
            });
        }
        self.found
            .list
            .push((OsStr::from_bytes(name).to_owned(), OsString::from_vec(value)));
        Ok(())
    }

    /// Reads a value without quotes, to the end of its line.
    fn plain(&mut self) -> &'a [u8] {
        let whole = &self.rest[..end_of_line(self.rest)];
        let comment = whole.windows(2).position(|pair| pair == b" #");
        let value = whole[..comment.unwrap_or(whole.len())].trim_ascii_end();
        if value.starts_with(b"#") || value.windows(2).any(|pair| pair == b"\t#") {
            self.odd(
                self.line,
                "this `#` has no space before it, and so belongs to the value",
            );
        }
        if value.ends_with(b"\\") && comment.is_none() {
            self.odd(
                self.line,
                "a line does not go on behind `\\`; put such a value into quotes",
            );
        }
        self.pass(whole.len());
        value
    }

    /// Reads a value to the quote that ends it. Escapes other than that of the
    /// quote are kept.
    fn quoted(&mut self, quote: u8) -> Result<Vec<u8>, Remark> {
        let (line, mut value, mut at) = (self.line, Vec::new(), 1);
        loop {
            match (self.rest.get(at), self.rest.get(at + 1)) {
                (None, _) => return Err(self.wrong("a quote is opened here and not closed")),
                (Some(b'\\'), Some(next)) if *next == quote => {
                    value.push(quote);
                    at += 2;
                }
                (Some(b'\\'), Some(next)) => {
                    value.extend([b'\\', *next]);
                    at += 2;
                }
                (Some(byte), _) if *byte == quote => break,
                (Some(byte), _) => {
                    value.push(*byte);
                    at += 1;
                }
            }
        }
        self.pass(at + 1);
        if value.split(|byte| *byte == b'\n').skip(1).any(looks_like_variable) {
            self.odd(line, "its value holds lines of NAME=value: is a quote missing?");
        }
        let behind = self.rest[..end_of_line(self.rest)].trim_ascii();
        if !behind.is_empty() && !behind.starts_with(b"#") {
            self.odd(self.line, "what is behind the quote is read as a variable of its own");
        }
        Ok(value)
    }

    fn expanded(&mut self, value: &[u8], line: usize) -> Result<Vec<u8>, Remark> {
        let mut unset = false;
        let given = |name: &[u8]| (self.lookup)(OsStr::from_bytes(name)).or_else(|| self.found.get(name));
        let expanded = expand(value, &given, &mut unset).map_err(|what| Remark { line, what })?;
        if unset {
            self.odd(
                line,
                "it refers to a variable that is not set; write `$$` for a dollar, or use single quotes",
            );
        }
        Ok(expanded)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

fn end_of_line(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len())
}

fn looks_like_variable(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let end = name_length(line.strip_prefix(b"export ").unwrap_or(line));
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    end > 0 && line.get(end) == Some(&b'=') && line.get(end + 1).is_some_and(|byte| *byte != b'=')
}

/// Returns the length of the name with which a text begins.
fn name_length(text: &[u8]) -> usize {
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    let belongs = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    text.iter().take_while(belongs).count()
}

/// Replaces the escapes of a value in double quotes. An escaped dollar becomes
/// `$$`, which the expansion takes for one.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'a') => out.push(0x07),
            Some(b'b') => out.push(0x08),
            Some(b'c') => out.extend(b"\\c"),
            Some(b'f') => out.push(0x0c),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'v') => out.push(0x0b),
            Some(b'\\') => out.push(b'\\'),
            Some(b'$') => out.extend(b"$$"),
            Some(b'0') => {
                let mut digits: Vec<u8> = Vec::new();
                while let Some(digit) = rest.next_if(|byte| digits.len() < 3 && (b'0'..=b'7').contains(byte)) {
                    digits.push(digit);
                }
                let number = digits
                    .iter()
                    .fold(0_u32, |number, digit| number * 8 + u32::from(digit - b'0'));
                match u8::try_from(number) {
                    Ok(number) if digits.len() == 3 => {
                        out.extend(char::from(number).encode_utf8(&mut [0; 4]).bytes());
                    }
                    _ => out.extend([b"\\0", &*digits].concat()),
                }
            }
            Some(other) => out.extend([b'\\', other]),
            None => out.push(b'\\'),
        }
    }
    out
}

type Given<'a> = &'a dyn Fn(&[u8]) -> Option<OsString>;

/// Replaces the variables of a value. `unset` becomes true where one is
/// neither set nor has a default.
fn expand(value: &[u8], given: Given<'_>, unset: &mut bool) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let bare = name_length(rest);
        if let Some(behind) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = behind;
        } else if let Some(inner) = rest.strip_prefix(b"{") {
            let end = closing(inner).ok_or("a `${` is not closed; write `$$` for a dollar, or use single quotes")?;
            out.extend(reference(&inner[..end], given, unset)?);
            rest = &inner[end + 1..];
        } else if bare > 0 {
            out.extend(reference(&rest[..bare], given, unset)?);
            rest = &rest[bare..];
        } else {
            out.push(b'$');
        }
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// Returns the place of the brace that closes a reference.
fn closing(inner: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in inner.iter().enumerate() {
        match byte {
            b'{' if at > 0 && inner[at - 1] == b'$' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns the value of what stands in the braces of a reference.
fn reference(inner: &[u8], given: Given<'_>, unset: &mut bool) -> Result<Vec<u8>, &'static str> {
    const MALFORMED: &str = "what is in `${...}` is not a name; write `$$` for a dollar, or use single quotes";
    let end = name_length(inner);
    if end == 0 {
        return Err(MALFORMED);
    }
    let (name, rest) = inner.split_at(end);
    let value = given(name).map(OsString::into_vec);
    let (value_counts, rest) = match rest.strip_prefix(b":") {
        Some(rest) => (value.as_ref().is_some_and(|value| !value.is_empty()), rest),
        None => (value.is_some(), rest),
    };
    match rest.split_first() {
        None if inner.len() == end => {
            *unset |= value.is_none();
            Ok(value.unwrap_or_default())
        }
        Some((b'-', _)) | Some((b'?', _)) if value_counts => Ok(value.unwrap_or_default()),
        Some((b'-', word)) => expand(word, given, unset),
        Some((b'+', word)) if value_counts => expand(word, given, unset),
        Some((b'+', _)) => Ok(Vec::new()),
        Some((b'?', _)) => Err("it needs a variable that is not set"),
        _ => Err(MALFORMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Variables, Remark> {
        let lookup = |name: &OsStr| (name == "HOME").then(|| "/h".into());
        parse(text.as_bytes(), &lookup)
    }

    fn shown(text: &str) -> Result<String, usize> {
        let show = |(name, value): &(OsString, OsString)| format!("{}={}", name.display(), value.display());
        match read(text) {
            Ok(found) => Ok(found.list.iter().map(show).collect::<Vec<_>>().join("|")),
            Err(remark) => Err(remark.line),
        }
    }

    /// The right-hand sides are what docker compose 2.26 makes of the same files.
    #[test]
    fn values_are_those_of_docker_compose() {
        for (text, wanted) in [
            ("\u{feff}A=1\r\nB=2\r\n", "A=1|B=2"),
            ("# x\n\n  A=1", "A=1"),
            ("A=1 # c\nB=1#c\nC=#x\nD= #x", "A=1|B=1#c|C=#x|D=#x"),
            ("A=x\t# z", "A=x\t# z"),
            ("A='x' # c\nB=\"x # y\"# c", "A=x|B=x # y"),
            ("A=  x y  \nB = x\nC =\nD=", "A=x y|B=x|C=|D="),
            ("export A=1\nexport\tB=1\nexportC=1", "A=1|B=1|exportC=1"),
            ("A: x\nB.C-D[0]=x\n1E=x=y\nÄ=é", "A=x|B.C-D[0]=x|1E=x=y|Ä=é"),
            ("A\nB=2", "B=2"),
            ("HOME\nexport HOME", "HOME=/h|HOME=/h"),
            (r"A=a\nb", r"A=a\nb"),
            (
                r#"A="a\nb\t\\ \" \$X \q \x41 \101 \0101 \a""#,
                "A=a\nb\t\\ \" $X \\q \\x41 \\101 A \x07",
            ),
            (r"A='a\nb \' \\ $HOME $$'", r"A=a\nb ' \\ $HOME $$"),
            ("A=\"x\ny\"\nB='\n'", "A=x\ny|B=\n"),
            ("A=\"two \\\n lines\"", "A=two \\\n lines"),
            ("A='x'y=2\nB=a'b'c", "A=x|y=2|B=a'b'c"),
            ("A=$HOME\nB=${HOME}/\nC=\"$HOME\"\nD=$A", "A=/h|B=/h/|C=/h|D=/h"),
            ("A=$$HOME\nB=a$\nC=a$ b\nD=p$1x\nE=$NO", "A=$HOME|B=a$|C=a$ b|D=p$1x|E="),
            (r"A=\$HOME", r"A=\/h"),
            (r#"A="$$X \\$HOME""#, r"A=$X \/h"),
            ("A=${NO:-d}\nB=${NO-d}\nC=${HOME:+r}\nD=${NO:+r}", "A=d|B=d|C=r|D="),
            ("A=${NO:-${HOME}}!", "A=/h!"),
            ("A=1\nA=2", "A=1|A=2"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_refused_is_named_by_its_line() {
        for (text, line) in [
            ("A=1\n\n; a comment", 3),
            ("=x", 1),
            ("A B=x", 1),
            ("A=1\nhunter2 is the password\n", 2),
            ("A/B=x", 1),
            ("A='x\ny", 1),
            ("A=\"a\" \"b\"", 1),
            ("A=1\nB=${", 2),
            ("A=${1}", 1),
            ("A=${NO:?msg}", 1),
            ("A=\"x\ny\"\nB=\0", 3),
        ] {
            assert_eq!(shown(text), Err(line), "{text}");
        }
        let utf16 = parse(b"\xff\xfeA\0=\0", &|_| None).unwrap_err();
        assert!(utf16.what.contains("UTF-16"));
    }

    #[test]
    fn what_looks_wrong_is_remarked() {
        for (text, lines) in [
            ("A=1\nB='x' # c\nC=\"${HOME}\"\nD=https://x/#y\n", vec![]),
            ("A=1\nsecret\n", vec![2]),
            ("A=pa$word", vec![1]),
            ("A=x\t# c\nB=#c", vec![1, 2]),
            ("A=1\nB=2\nA=3", vec![3]),
            ("A=x \\\nB=y", vec![1]),
            ("A='x'B=y", vec![1]),
            ("A='x\nB=1\nC='\n", vec![1]),
            ("A='-----BEGIN\nabc=\nab==\n-----END'\n", vec![]),
        ] {
            let found = read(text).unwrap();
            let odd: Vec<usize> = found.odd.iter().map(|remark| remark.line).collect();
            assert_eq!(odd, lines, "{text}");
        }
    }
}
