//! The findings of `check`, a line or two each.

use std::collections::HashMap;

use super::paint::{Look, Tone};
use crate::finding::{Finding, Severity};
use crate::text::{clean, clean_line};

/// The column at which the text begins, behind the level.
const HANG: usize = 8;

/// Renders all findings with their counts, or only the errors: a warning is no
/// failure. A finding that is the same for several instances is shown once.
pub(super) fn render(findings: &[Finding], only_errors: bool, look: Look) -> String {
    let merged = merge(findings);
    let mut out = String::new();
    for one in &merged {
        if !only_errors || one.finding.level == Severity::Error {
            out.push_str(&one.lines(look));
        }
    }
    if !only_errors {
        out.push_str(&summary(&merged));
    }
    out
}

struct Merged<'a> {
    finding: &'a Finding,
    ids: Vec<&'a str>,
}

fn merge(findings: &[Finding]) -> Vec<Merged<'_>> {
    let mut merged: Vec<Merged<'_>> = Vec::new();
    let mut places = HashMap::new();
    for finding in findings {
        let known = (
            &finding.host,
            &finding.about,
            finding.level,
            &finding.message,
            &finding.hint,
        );
        let next = merged.len();
        let place = match &finding.id {
            Some(_) => *places.entry(known).or_insert(next),
            None => next,
        };
        match merged.get_mut(place) {
            Some(one) => one.ids.extend(finding.id.as_deref()),
            None => merged.push(Merged {
                finding,
                ids: finding.id.as_deref().into_iter().collect(),
            }),
        }
    }
    merged
}

impl Merged<'_> {
    fn lines(&self, look: Look) -> String {
        let finding = self.finding;
        let tone = match finding.level {
            Severity::Ok => Tone::Good,
            Severity::Warning => Tone::Loud,
            Severity::Error => Tone::Error,
        };
        let label = look.paint(tone, &format!("{:7}", finding.level.as_str()));
        let subject = match (&self.ids[..], &finding.host) {
            ([id], None) => format!("{id}: "),
            ([id], Some(host)) => format!("{id} on {host}: "),
            (_, Some(host)) => format!("{host}: "),
            (_, None) => String::new(),
        };
        let line = format!("{label} {subject}{}: {}", finding.about, clean_line(&finding.message));
        let mut out = look.wrap(&line, HANG) + "\n";
        if self.ids.len() > 1 {
            out.push_str(&below("for:", Tone::Dim, &self.ids.join(", "), look));
        }
        if let Some(hint) = &finding.hint {
            out.push_str(&below("hint:", Tone::Hint, &clean(hint), look));
        }
        out
    }
}

fn below(label: &str, tone: Tone, text: &str, look: Look) -> String {
    let line = format!("{:HANG$}{} {text}", "", look.paint(tone, label));
    look.wrap(&line, HANG + label.len() + 1) + "\n"
}

fn summary(merged: &[Merged<'_>]) -> String {
    let count = |level: Severity| merged.iter().filter(|one| one.finding.level == level).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!(
        "\n{} ok, {}, {}\n",
        count(Severity::Ok),
        plural(count(Severity::Warning), "warning"),
        plural(count(Severity::Error), "error")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let look = Look {
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
            Finding::ok("clock", "it is right").on("box2"),
            Finding::ok("cwd", "it is there").of("conan").on("box2"),
        ];
        let text = render(&findings, false, look);
        assert!(
            text.starts_with("ok      disk: much is free\nwarning user: it is root\nerror   rust: ports: taken"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "        hint: end it\nok      box2: clock: it is right\nok      conan on box2: cwd: it is there\n\n\
                 3 ok, 1 warning, 1 error\n"
            ),
            "{text}"
        );
        assert!(!text.contains('\x1b'));
        assert!(render(&findings, true, look).starts_with("error "));
        let colored = Look { color: true, ..look };
        assert!(render(&findings, true, colored).starts_with("\x1b[1;31merror  \x1b[0m rust: "));
    }
}
