//! What `check` found, a line or two each.

use super::paint::{Look, Tone};
use super::text::{clean, clean_line};
use crate::finding::{Finding, Level};

/// Where the text begins, behind the level.
const HANG: usize = 8;

/// All of them and how many there are of each, or only the errors: a warning is
/// no failure.
pub(super) fn render(findings: &[Finding], only_errors: bool, look: Look) -> String {
    let mut out = String::new();
    for finding in findings {
        if !only_errors || finding.level == Level::Error {
            out.push_str(&one(finding, look));
        }
    }
    if !only_errors {
        out.push_str(&summary(findings));
    }
    out
}

fn one(finding: &Finding, look: Look) -> String {
    let tone = match finding.level {
        Level::Ok => Tone::Good,
        Level::Warning => Tone::Loud,
        Level::Error => Tone::Error,
    };
    let word = format!("{:7}", finding.level.as_str());
    let who = finding.id.as_ref().map_or_else(String::new, |id| format!("{id}: "));
    let label = look.paint(tone, &word);
    let line = format!("{label} {who}{}: {}", finding.about, clean_line(&finding.message));
    let mut out = look.wrap(&line, HANG) + "\n";
    if let Some(hint) = &finding.hint {
        let label = look.paint(Tone::Hint, "hint:");
        let line = format!("{:HANG$}{label} {}", "", clean(hint));
        out.push_str(&format!("{}\n", look.wrap(&line, HANG + "hint: ".len())));
    }
    out
}

fn summary(findings: &[Finding]) -> String {
    let count = |level: Level| findings.iter().filter(|one| one.level == level).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!(
        "\n{} ok, {}, {}\n",
        count(Level::Ok),
        plural(count(Level::Warning), "warning"),
        plural(count(Level::Error), "error")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let look = Look {
            tty: false,
            color: false,
            symbols: false,
            columns: None,
        };
        let findings = [
            Finding::ok("disk", "much is free"),
            Finding::warning("user", "it is root"),
            Finding::error("ports", "taken\x1b[2J by a\nb")
                .hint("end it")
                .of("rust"),
        ];
        let text = render(&findings, false, look);
        assert!(
            text.starts_with("ok      disk: much is free\nwarning user: it is root\nerror   rust: ports: taken"),
            "{text}"
        );
        assert!(
            text.ends_with("        hint: end it\n\n1 ok, 1 warning, 1 error\n"),
            "{text}"
        );
        assert!(!text.contains('\x1b'));
        assert!(render(&findings, true, look).starts_with("error "));
        let colored = Look { color: true, ..look };
        assert!(render(&findings, true, colored).starts_with("\x1b[1;31merror  \x1b[0m rust: "));
    }
}
