//! One instance in detail.

use std::time::SystemTime;

use super::paint::{Look, Tone};
use super::size::bytes;
use super::span::short;
use super::status;
use super::width::cut;
use crate::event::PlayerCount;
use crate::report::InstanceReport;
use crate::supervisor::{Facts, InstanceState, Observation, Players, TreeProcess, Usage, rfc3339};
use crate::text::{Cleaner, clean_line};

/// The columns of the names of its parts, with the blanks behind them.
const NAMES: usize = 11;

/// The most processes that are shown.
const PROCESSES: usize = 16;

/// The most crashes that are shown.
const CRASHES: usize = 5;

/// Renders the report, for a terminal.
pub(super) fn render(report: &InstanceReport, now: SystemTime, look: Look) -> String {
    let row = &report.row;
    let (tone, symbol) = status::state(row);
    let facts = match &row.observation {
        Observation::Known(facts) => Some(facts.as_ref()),
        Observation::Unknown { .. } => None,
    };
    let mut out = format!(
        "{}{}: {}{}\n",
        look.mark(tone, symbol),
        look.paint(Tone::Strong, &row.id),
        look.paint(tone, row.label()),
        facts.map(|facts| lasting(facts, now)).unwrap_or_default(),
    );
    let mut part = |name: &str, text: &str| {
        if !text.is_empty() {
            let text = look.wrap(&format!("{name:NAMES$}{}", clean_line(text)), NAMES);
            let (name, rest) = text.split_at_checked(NAMES).unwrap_or((&text, ""));
            out.push_str(&format!("{}{rest}\n", look.paint(Tone::Dim, name)));
        }
    };
    let reason = match &row.observation {
        Observation::Known(facts) => facts.note.clone().unwrap_or_default(),
        Observation::Unknown { reason } => reason.clone(),
    };
    part("note", &reason);
    let host = row.host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
    part("plane", &format!("{}{host}", row.plane));
    part("intent", row.intent.map_or("", |want| want.as_str()));
    part(
        "pid",
        &facts
            .and_then(|facts| facts.pid)
            .map(|pid| pid.to_string())
            .unwrap_or_default(),
    );
    for (at, line) in processes(report).iter().enumerate() {
        part(if at == 0 { "processes" } else { "" }, line);
    }
    part("usage", &row.usage.map(used).unwrap_or_default());
    part("players", &players(row.player_count));
    part("restarts", &restarts(report, facts));
    part("last exit", &facts.map(last_exit).unwrap_or_default());
    match &report.next {
        Ok(Some((at, deed))) => part("next", &format!("{deed}, at {at}")),
        Ok(None) => {}
        Err(why) => part("next", &format!("not known: {why}")),
    }
    part("needs", &listed(&report.needs));
    part("needed by", &listed(&report.needed_by));
    out.push_str(&log(report, look));
    let commands = report.commands.join(", ");
    if !commands.is_empty() {
        let text = look.wrap(&format!("{:NAMES$}{commands}", "try"), NAMES);
        out.push_str(&format!("\n{}\n", look.paint(Tone::Hint, &text)));
    }
    out
}

/// Returns how long it is in its state.
fn lasting(facts: &Facts, now: SystemTime) -> String {
    let Some(since) = facts.since else { return String::new() };
    let lasted = match facts.state {
        InstanceState::Running => Some(facts.uptime_seconds),
        _ => now.duration_since(since).ok().map(|lasted| lasted.as_secs()),
    };
    let lasted = lasted
        .map(|lasted| format!(" for {}", short(lasted)))
        .unwrap_or_default();
    format!("{lasted}, since {}", rfc3339(since))
}

/// Returns a line for each process, those below others behind blanks.
fn processes(report: &InstanceReport) -> Vec<String> {
    let all = match &report.processes {
        Ok(Some(all)) => all,
        Ok(None) => return Vec::new(),
        Err(why) => return vec![format!("not known: {why}")],
    };
    let shown = all.iter().take(PROCESSES).map(|one| {
        let ports = match one.ports.join(", ") {
            ports if ports.is_empty() => ports,
            ports => format!(", listens on {ports}"),
        };
        format!("{}{} {}{ports}", "  ".repeat(depth(all, one)), one.pid, one.name)
    });
    let more = all.len().saturating_sub(PROCESSES);
    shown.chain((more > 0).then(|| format!("and {more} more"))).collect()
}

fn depth(all: &[TreeProcess], one: &TreeProcess) -> usize {
    let mut depth = 0;
    let mut at = one;
    // Pids that are used again could lead in a circle.
    while let Some(parent) = all.iter().find(|other| other.pid == at.parent)
        && depth < 8
    {
        depth += 1;
        at = parent;
    }
    depth
}

fn used(usage: Usage) -> String {
    let network = usage.received_bytes.zip(usage.sent_bytes);
    let disk = usage.read_bytes.zip(usage.written_bytes);
    let parts = [
        usage.cpu_percent.map(|percent| format!("CPU {percent:.1}%")),
        usage.memory_bytes.map(|memory| format!("memory {}", bytes(memory))),
        usage.tasks.map(|tasks| match tasks {
            1 => "1 task".to_owned(),
            _ => format!("{tasks} tasks"),
        }),
        disk.map(|(read, written)| format!("disk {} read, {} written", bytes(read), bytes(written))),
        network.map(|(received, sent)| format!("network {} received, {} sent", bytes(received), bytes(sent))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn players(count: PlayerCount) -> String {
    match count {
        PlayerCount::NotAsked => String::new(),
        PlayerCount::Unanswered => "not known".to_owned(),
        PlayerCount::Counted(Players { online, max: Some(max) }) => format!("{online} of {max}"),
        PlayerCount::Counted(Players { online, max: None }) => online.to_string(),
    }
}

fn restarts(report: &InstanceReport, facts: Option<&Facts>) -> String {
    let count = facts.map_or(0, |facts| facts.restarts);
    let from = report.crashes.len().saturating_sub(CRASHES);
    let crashes = report.crashes.get(from..).unwrap_or_default();
    let crashes: Vec<String> = crashes.iter().rev().map(|at| rfc3339(*at)).collect();
    match (count, crashes.is_empty()) {
        (0, true) => String::new(),
        (_, true) => count.to_string(),
        (_, false) => format!("{count}; crashed {}", crashes.join(", ")),
    }
}

fn last_exit(facts: &Facts) -> String {
    let Some(exit) = &facts.last_exit else {
        return String::new();
    };
    let at = exit.at.map(|at| format!(" at {}", rfc3339(at))).unwrap_or_default();
    let why = if exit.requested { ", as asked" } else { "" };
    format!("{exit}{at}{why}")
}

fn listed(others: &[(String, &'static str)]) -> String {
    let others: Vec<String> = others.iter().map(|(id, state)| format!("{id} ({state})")).collect();
    others.join(", ")
}

/// Returns the last lines of its log, each cut to the terminal.
fn log(report: &InstanceReport, look: Look) -> String {
    let said = match &report.log {
        Ok(said) if said.is_empty() => return String::new(),
        Ok(said) => said,
        Err(why) => {
            let text = look.wrap(&format!("{:NAMES$}not known: {}", "log", clean_line(why)), NAMES);
            return format!("{text}\n");
        }
    };
    let (mut cleaner, mut text) = (Cleaner::default(), String::new());
    cleaner.push(said, &mut text);
    cleaner.finish(&mut text);
    let line = |line: &str| match look.columns {
        Some(columns) => format!("{}\n", cut(line, columns, look.ellipsis())),
        None => format!("{line}\n"),
    };
    std::iter::once("\n".to_owned()).chain(text.lines().map(line)).collect()
}
