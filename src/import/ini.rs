//! Files of sections with keys, as systemd and supervisord have them.

use super::file::ImportFile;

/// The ways in which such files differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IniStyle {
    /// A line that ends with `\` goes on in the next one.
    Systemd,
    /// A line that begins with a space belongs to the one before, and ` ;` begins a comment.
    Supervisord,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IniEntry {
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) line: usize,
}

impl IniEntry {
    /// Returns its place.
    pub(super) fn place(&self) -> String {
        format!("{}, line {}", self.key, self.line)
    }
}

/// The most keys that are read.
const MOST: usize = 5000;

/// Returns all keys of a file, in its order.
pub(super) fn read_ini(file: &ImportFile, style: IniStyle) -> Vec<IniEntry> {
    let mut section = String::new();
    let mut entries: Vec<IniEntry> = Vec::new();
    let mut goes_on = false;
    for (line, text) in file.lines() {
        if entries.len() >= MOST {
            break;
        }
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            goes_on &= style == IniStyle::Systemd && !trimmed.is_empty();
            continue;
        }
        let content = match style {
            IniStyle::Systemd => trimmed,
            IniStyle::Supervisord => trimmed.split(" ;").next().unwrap_or_default().trim_end(),
        };
        let belongs = goes_on || (style == IniStyle::Supervisord && text.starts_with([' ', '\t']));
        let ends = style == IniStyle::Systemd && content.ends_with('\\');
        let content = if ends {
            content.trim_end_matches('\\').trim_end()
        } else {
            content
        };
        if belongs && let Some(last) = entries.last_mut() {
            last.value.push(' ');
            last.value.push_str(content);
        } else if let Some(name) = content.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            name.trim().clone_into(&mut section);
        } else if let Some((key, value)) = content.split_once('=') {
            entries.push(IniEntry {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                line,
            });
        }
        goes_on = ends;
    }
    entries
}

/// Splits a value into words: spaces part them, quotes keep them, and `\` takes the next
/// character as it is.
///
/// # Errors
/// When a quote is not closed.
pub(super) fn split_words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', _) => {
                let behind = chars.next().ok_or("a `\\` has nothing behind it")?;
                word.get_or_insert_default().push(behind);
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        Some(_) => Err("a quote is not closed"),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_their_sections_and_lines() {
        let told = |text: &str, style| -> Vec<String> {
            let file = ImportFile::new("x", text.as_bytes()).unwrap();
            let told = |entry: &IniEntry| format!("{}.{}={}@{}", entry.section, entry.key, entry.value, entry.line);
            read_ini(&file, style).iter().map(told).collect()
        };
        let unit = "# c\n[Service]\nExecStart=/a -b \\\n  # c\n  -c ;d\nUser = x\n";
        assert_eq!(
            told(unit, IniStyle::Systemd),
            ["Service.ExecStart=/a -b -c ;d@3", "Service.User=x@6"]
        );
        let program = "[program:a]\ncommand=/a ; c\nenvironment=A=1,\n  B=2\n\nuser=x\n";
        assert_eq!(
            told(program, IniStyle::Supervisord),
            [
                "program:a.command=/a@2",
                "program:a.environment=A=1, B=2@3",
                "program:a.user=x@6"
            ]
        );
    }

    #[test]
    fn words_of_a_value() {
        assert_eq!(
            split_words("/a \"b c\" d\\ e 'f' \"\" > x").unwrap(),
            ["/a", "b c", "d e", "f", "", ">", "x"]
        );
        assert!(split_words("'a").is_err() && split_words("a \\").is_err());
    }
}
