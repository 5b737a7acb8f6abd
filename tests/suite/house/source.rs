//! Source files as words: without comments, the insides of strings, and tests.

use crate::support::repository::rust_files;

/// A word or a sign of the source, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path below the package, as it is shown.
    pub(crate) path: String,
    /// The module that it is, from the root of the crate.
    pub(crate) module: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    /// The first line of each doc comment, with its number.
    pub(crate) docs: Vec<(usize, String)>,
    /// The number of its lines without tests.
    pub(crate) lines: usize,
    /// The modules in files of their own that are tests: their names, or the
    /// paths that they are given, in quotes.
    tests: Vec<String>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let below = path.strip_prefix("src/").unwrap_or(path);
        let mut module: Vec<String> = below.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        module.pop_if(|last| last == "mod");
        let (tokens, tests, test_lines) = without_tests(&tokens(text));
        Self {
            path: path.to_owned(),
            module,
            tokens,
            docs: docs(text),
            lines: text.lines().count().saturating_sub(test_lines),
            tests,
        }
    }

    /// Returns true for `main.rs` and `lib.rs`, whose `crate` and `super` lead nowhere else.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "src/main.rs" | "src/lib.rs")
    }

    /// The room right below `src`.
    pub(crate) fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }
}

/// Finds the first line of each doc comment.
fn docs(text: &str) -> Vec<(usize, String)> {
    let doc = |line: &str| {
        let line = line.trim_start();
        let is_doc = line.starts_with("//!") || line.starts_with("///") && !line.starts_with("////");
        is_doc.then(|| line[3..].trim().to_owned())
    };
    let lines: Vec<Option<String>> = text.lines().map(doc).collect();
    let begins = |at: usize| lines[at].is_some() && (at == 0 || lines[at - 1].is_none());
    let firsts = (0..lines.len()).filter(|at| begins(*at));
    firsts.filter_map(|at| Some((at + 1, lines[at].clone()?))).collect()
}

/// Reads all source files below a folder of the package.
pub(crate) fn below(folder: &str) -> Vec<Source> {
    let files = rust_files(folder);
    files.iter().map(|(path, text)| Source::new(path, text)).collect()
}

/// Reads all source files below `src`, but for those that are tests.
pub(crate) fn without_test_files() -> Vec<Source> {
    let sources = below("src");
    let tests: Vec<String> = sources.iter().flat_map(test_files).collect();
    sources
        .into_iter()
        .filter(|source| !tests.contains(&source.path))
        .collect()
}

/// Returns the places at which the test modules of a file may be.
fn test_files(source: &Source) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let folder = match stem.rsplit_once('/') {
        Some((folder, "mod" | "lib" | "main")) => folder,
        _ => stem,
    };
    let beside = source.path.rsplit_once('/').map_or("src", |(beside, _)| beside);
    let places = |name: &String| match name.strip_prefix('"') {
        Some(path) => vec![format!("{beside}/{}", path.trim_end_matches('"'))],
        None => vec![format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")],
    };
    source.tests.iter().flat_map(places).collect()
}

/// Takes `#[cfg(test)]` items out. Returns the rest, the names of those that
/// are modules in files of their own, and how many lines all of them had.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>, usize) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut rest, mut modules, mut lines) = (Vec::new(), Vec::new(), 0);
    let mut at = 0;
    while at < tokens.len() {
        let here = &tokens[at..];
        let is_test = here.len() > MARK.len() && here.iter().zip(MARK).all(|(token, mark)| token.is(mark));
        if !is_test {
            rest.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = end_of_item(here);
        if let [.., module, name, last] = &here[..end]
            && (module.is("mod") && last.is(";"))
        {
            let path = here[..end]
                .windows(3)
                .find(|three| three[0].is("path") && three[1].is("="));
            modules.push(path.map_or(&name.text, |three| &three[2].text).clone());
        }
        lines += here[end - 1].line + 1 - here[0].line;
        at += end;
    }
    (rest, modules, lines)
}

/// Returns the number of tokens of an item: up to a semicolon or the end of a
/// block.
fn end_of_item(tokens: &[Token]) -> usize {
    let (mut depth, mut braces) = (0_usize, 0_usize);
    let is_use = tokens.iter().take(20).any(|token| token.is("use"));
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "{" => braces += 1,
            "}" => {
                braces = braces.saturating_sub(1);
                if braces == 0 && depth == 0 && !is_use_tree(tokens, at, is_use) {
                    return at + 1;
                }
            }
            ";" if depth == 0 && braces == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The braces of `use a::{b};` end no item: a semicolon follows.
fn is_use_tree(tokens: &[Token], at: usize, is_use: bool) -> bool {
    is_use && tokens.get(at + 1).is_some_and(|token| token.is(";"))
}

/// Splits a source into words and signs.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => end_of_line(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => end_of_comment(&chars, at),
            '"' => end_of_string(&chars, at),
            'r' | 'b' | 'c' if raw_hashes(&chars, at).is_some() => end_of_raw(&chars, at),
            '\'' => end_of_quote(&chars, at),
            c if c.is_alphanumeric() || c == '_' => end_of_word(&chars, at),
            ':' if chars.get(at + 1) == Some(&':') => at + 2,
            _ => at + 1,
        }
        .min(chars.len());
        let piece = &chars[at..end];
        let is_word = chars[at].is_alphanumeric() || chars[at] == '_';
        let is_plain = is_word && raw_hashes(&chars, at).is_none();
        let is_sign = end - at <= 2 && !chars[at].is_whitespace() && !matches!(chars[at], '/' | '"' | '\'');
        // A string stays one token, in its quotes, so that no word in it counts.
        if is_plain || chars[at] == '"' || (is_sign && !is_word) {
            let text = piece.iter().collect();
            out.push(Token { text, line });
        }
        line += piece.iter().filter(|c| **c == '\n').count();
        at = end;
    }
    out
}

fn end_of_line(chars: &[char], at: usize) -> usize {
    (at..chars.len()).find(|at| chars[*at] == '\n').unwrap_or(chars.len())
}

fn end_of_word(chars: &[char], at: usize) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    (at..chars.len()).find(|at| !is_word(chars[*at])).unwrap_or(chars.len())
}

/// Block comments nest.
fn end_of_comment(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The hashes of a raw string that begins here; `None` when none does.
fn raw_hashes(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let prefix = (at..chars.len())
        .take(2)
        .take_while(|at| chars[*at].is_alphabetic())
        .count();
    let word: String = chars[at..at + prefix].iter().collect();
    if !matches!(word.as_str(), "r" | "br" | "cr") {
        return None;
    }
    let hashes = chars[at + prefix..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + prefix + hashes) == Some(&'"')).then_some((prefix, hashes))
}

fn end_of_raw(chars: &[char], from: usize) -> usize {
    let Some((prefix, hashes)) = raw_hashes(chars, from) else {
        return from + 1;
    };
    let mut at = from + prefix + hashes + 1;
    while at < chars.len() {
        let closes = chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        at += 1;
        if closes {
            return at + hashes;
        }
    }
    at
}

/// A character in quotes, or else the quote of a lifetime.
fn end_of_quote(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), Some(_)) => {
            let close = (at + 3..chars.len()).find(|at| chars[*at] == '\'');
            close.map_or(chars.len(), |at| at + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}
