//! The `ready` section.

use std::time::Duration;

use super::address::address;
use super::check::Check;
use super::fields::Section;
use super::model::{Probe, Ready};
use super::node::{Node, Span};
use super::pattern;
use super::value;

/// What a `ready` section says; the rest is inherited.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RawReady {
    /// Probes of one's own replace all inherited ones.
    probes: Vec<Probe>,
    timeout: Option<Duration>,
}

/// Reads the section.
pub(super) fn read(check: &mut Check, node: &Node) -> RawReady {
    let entries = check.mapping("`ready`", "a mapping", node);
    check.known_keys(entries, Section::Ready);
    let mut ready = RawReady::default();
    for entry in entries.iter().filter(|entry| !entry.void) {
        let value = &entry.value;
        match entry.key.as_ref() {
            "log" => ready.probes.extend(log(check, value)),
            "tcp" => ready.probes.extend(tcp(check, value)),
            "exec" => ready.probes.extend(exec(check, value)),
            "alive_for" => ready
                .probes
                .extend(check.time("`alive_for`", value).map(Probe::AliveFor)),
            "timeout" => ready.timeout = check.time("`timeout`", value),
            _ => {}
        }
    }
    ready
}

fn log(check: &mut Check, node: &Node) -> Option<Probe> {
    let word = check.word("`log`", "a regular expression", node)?;
    if word.is_empty() {
        check.problem(node.span, "`log` is empty, which every line matches");
        return None;
    }
    let verdict = match check.patterns.get(word.as_ref()) {
        Some(known) => known.clone(),
        None => {
            let verdict = pattern::check(&word).err();
            check.patterns.insert(word.clone().into_owned(), verdict.clone());
            verdict
        }
    };
    if let Some((why, at)) = verdict {
        // Where a variable or an escape was, the offset is not the source's.
        let exact = node.span.len == word.len();
        let at = if exact {
            Span::new(node.span.start + at.min(word.len() - 1), 1)
        } else {
            node.span
        };
        check
            .problem(at, format!("`log` is not a regular expression: {why}"))
            .hint("put a `\\` before a character that is meant as itself, and quote the value with '...'");
        return None;
    }
    Some(Probe::Log(word.into_owned()))
}

fn tcp(check: &mut Check, node: &Node) -> Option<Probe> {
    let word = check.word("`tcp`", "HOST:PORT", node)?;
    match address(&word) {
        Ok(address) => Some(Probe::Tcp(address)),
        Err(hint) => {
            check.problem(node.span, "`tcp` must be HOST:PORT").hint(hint);
            None
        }
    }
}

fn exec(check: &mut Check, node: &Node) -> Option<Probe> {
    check.command("`exec`", node).map(Probe::Exec)
}

impl RawReady {
    /// These settings, and where they are silent, those.
    pub(super) fn over(self, below: &Self) -> Self {
        Self {
            probes: if self.probes.is_empty() {
                below.probes.clone()
            } else {
                self.probes
            },
            timeout: self.timeout.or(below.timeout),
        }
    }

    /// How many values these are.
    pub(super) fn weight(&self) -> usize {
        let weight = |probe: &Probe| match probe {
            Probe::Exec(argv) => argv.iter().map(|word| value::weight(word)).sum(),
            Probe::Log(pattern) => value::weight(pattern),
            Probe::Tcp(address) => value::weight(&address.host),
            Probe::AliveFor(_) => 1,
        };
        self.probes.iter().map(weight).sum()
    }

    /// The settings with nothing left open.
    pub(super) fn finish(self) -> Ready {
        let usual = Ready::default();
        Ready {
            probes: if self.probes.is_empty() {
                usual.probes
            } else {
                self.probes
            },
            timeout: self.timeout.unwrap_or(usual.timeout),
        }
    }
}
