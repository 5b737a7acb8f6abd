//! The text of the metrics: OpenMetrics 1.0, of which only those types are used that the
//! older text format of Prometheus knows too, so that its parsers read the same text.

use std::fmt::{Display, Write};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::event::{Gauges, PlayerCount, Want, WatchedRow};
use crate::report;
use crate::supervisor::{Facts, Observation};

/// The states that an instance can be shown in.
const STATES: [&str; 7] = [
    "running",
    "stopped",
    "starting",
    "stopping",
    "crashed",
    "unmanaged",
    "unknown",
];

/// The levels of log entries, in their order.
const LEVELS: [&str; 3] = ["info", "warning", "error"];

/// The things that are told, at one moment.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) rows: Vec<(Arc<WatchedRow>, Gauges)>,
    pub(super) entries: [u64; 3],
    pub(super) is_linked: Option<bool>,
    pub(super) began: SystemTime,
    pub(super) now: Instant,
}

/// Returns the whole text. What is not known has no sample: it is never told as 0.
pub(super) fn text(sample: &Sample) -> String {
    let mut out = Text::default();
    about_run(&mut out, sample);
    let rows: Vec<Labelled<'_>> = sample.rows.iter().map(Labelled::new).collect();
    out.family("gamectl_instance_state", "gauge", "1 for the state that it is in.");
    for one in &rows {
        let now = one.row().label();
        for state in STATES {
            let labels = format!("{},state=\"{state}\"", one.labels);
            out.sample("gamectl_instance_state", &labels, u8::from(now == state));
        }
    }
    let mut each = |name: &str, kind, help, value: &dyn Fn(&Labelled<'_>) -> Option<f64>| {
        out.family(name, kind, help);
        let sample_name = match kind {
            "counter" => format!("{name}_total"),
            _ => name.to_owned(),
        };
        for one in &rows {
            if let Some(value) = value(one) {
                out.sample(&sample_name, &one.labels, value);
            }
        }
    };
    each(
        "gamectl_instance_uptime_seconds",
        "gauge",
        "Seconds since it became ready; 0 while it does not run.",
        &|one| one.facts().map(|_| report::uptime(one.watched, sample.now) as f64),
    );
    each(
        "gamectl_instance_restarts",
        "counter",
        "Automatic restarts since somebody last started it.",
        &|one| one.facts().map(|facts| f64::from(facts.restarts)),
    );
    each(
        "gamectl_instance_wanted",
        "gauge",
        "1 if it is to run, 0 if it is to be stopped; absent if nobody has said so.",
        &|one| one.row().intent.map(|want| f64::from(u8::from(want == Want::Running))),
    );
    each(
        "gamectl_instance_state_since_timestamp_seconds",
        "gauge",
        "The time at which it entered its state.",
        &|one| one.facts().and_then(|facts| facts.since).map(unix_seconds),
    );
    each(
        "gamectl_instance_last_exit_timestamp_seconds",
        "gauge",
        "The time of its last end.",
        &|one| {
            one.facts()
                .and_then(|facts| facts.last_exit.as_ref()?.at)
                .map(unix_seconds)
        },
    );
    each(
        "gamectl_instance_last_exit_code",
        "gauge",
        "The exit code of its last end, where it ended by itself.",
        &|one| {
            one.facts()
                .and_then(|facts| facts.last_exit.as_ref()?.code)
                .map(f64::from)
        },
    );
    each(
        "gamectl_instance_shim_up",
        "gauge",
        "1 if the shim of a running game lives; 0 means that its output waits for a takeover.",
        &|one| one.has_shim().map(|has| f64::from(u8::from(has))),
    );
    each(
        "gamectl_instance_players",
        "gauge",
        "Players on the server, with the bots where the game counts them.",
        &|one| one.players().map(|(online, _)| f64::from(online)),
    );
    each(
        "gamectl_instance_players_limit",
        "gauge",
        "Players that the server has room for.",
        &|one| one.players().and_then(|(_, max)| max).map(f64::from),
    );
    each(
        "gamectl_instance_cpu_cores",
        "gauge",
        "Cores that it uses, between the last two readings: 1 is the whole of one.",
        &|one| one.gauges.usage?.cpu_percent.map(|percent| percent / 100.0),
    );
    each(
        "gamectl_instance_memory_bytes",
        "gauge",
        "Memory that its processes use.",
        &|one| one.gauges.usage?.memory_bytes.map(|bytes| bytes as f64),
    );
    each(
        "gamectl_instance_tasks",
        "gauge",
        "Threads of all its processes.",
        &|one| one.gauges.usage?.tasks.map(|tasks| tasks as f64),
    );
    each(
        "gamectl_instance_next_schedule_timestamp_seconds",
        "gauge",
        "The time at which a schedule of it does something next.",
        &|one| one.gauges.next_firing.map(|at| at as f64),
    );
    out.end()
}

fn about_run(out: &mut Text, sample: &Sample) {
    out.family("gamectl_build_info", "gauge", "The version of gamectl.");
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    out.sample("gamectl_build_info", &version, 1);
    let name = "gamectl_run_start_timestamp_seconds";
    out.family(name, "gauge", "The time at which this run began.");
    out.sample(name, "", unix_seconds(sample.began));
    out.family(
        "gamectl_run_log_entries",
        "counter",
        "Log entries of this run, by level.",
    );
    for (level, count) in LEVELS.iter().zip(sample.entries) {
        out.sample("gamectl_run_log_entries_total", &format!("level=\"{level}\""), count);
    }
    if let Some(is_linked) = sample.is_linked {
        let name = "gamectl_link_up";
        out.family(
            name,
            "gauge",
            "1 while a server of the link listens; absent without a link.",
        );
        out.sample(name, "", u8::from(is_linked));
    }
}

/// A row, with its labels.
struct Labelled<'a> {
    watched: &'a WatchedRow,
    gauges: Gauges,
    labels: String,
}

impl<'a> Labelled<'a> {
    fn new((watched, gauges): &'a (Arc<WatchedRow>, Gauges)) -> Self {
        let row = &watched.row;
        let host = row.host.as_deref().unwrap_or_default();
        let labels = format!(
            "id=\"{}\",plane=\"{}\",host=\"{}\"",
            escaped(&row.id),
            escaped(row.plane),
            escaped(host)
        );
        Self {
            watched,
            gauges: *gauges,
            labels,
        }
    }

    fn row(&self) -> &crate::event::Row {
        &self.watched.row
    }

    fn facts(&self) -> Option<&Facts> {
        match &self.row().observation {
            Observation::Known(facts) => Some(facts),
            Observation::Unknown { .. } => None,
        }
    }

    fn has_shim(&self) -> Option<bool> {
        let facts = self.facts().filter(|facts| facts.state.is_alive());
        let facts = facts.filter(|_| self.row().plane == "process")?;
        Some(facts.details.iter().any(|(name, _)| name == "shim_pid"))
    }

    fn players(&self) -> Option<(u32, Option<u32>)> {
        match self.gauges.players {
            PlayerCount::Counted(players) => Some((players.online, players.max)),
            PlayerCount::NotAsked | PlayerCount::Unanswered => None,
        }
    }
}

/// Returns a time as seconds since 1970, to the millisecond.
fn unix_seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as f64 / 1000.0
}

/// Returns the value of a label as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let unit = ["seconds", "bytes"]
            .into_iter()
            .find(|unit| name.ends_with(&format!("_{unit}")));
        let unit = unit.map(|unit| format!("# UNIT {name} {unit}\n")).unwrap_or_default();
        // Nothing can go wrong with a string.
        let _ = write!(self.0, "# TYPE {name} {kind}\n{unit}# HELP {name} {help}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    fn end(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::event::Row;
    use crate::supervisor::{Detail, InstanceState, LastExit, Players, Usage};

    impl From<PlayerCount> for Gauges {
        fn from(players: PlayerCount) -> Self {
            Self {
                players,
                ..Self::default()
            }
        }
    }

    fn row(id: &str, observation: Observation) -> WatchedRow {
        WatchedRow {
            row: Row {
                id: id.into(),
                plane: "process",
                host: None,
                observation,
                intent: None,
                player_count: PlayerCount::NotAsked,
                usage: None,
            },
            place: 0,
            seen: Instant::now(),
            awaits: None,
        }
    }

    fn known(id: &str, state: InstanceState, change: impl FnOnce(&mut Facts)) -> WatchedRow {
        let mut facts = Facts::bare(state, None);
        change(&mut facts);
        row(id, Observation::Known(Box::new(facts)))
    }

    fn told(rows: Vec<(WatchedRow, impl Into<Gauges>)>) -> String {
        text(&Sample {
            now: rows.first().map_or_else(Instant::now, |(row, _)| row.seen) + Duration::from_secs(5),
            rows: rows
                .into_iter()
                .map(|(row, gauges)| (Arc::new(row), gauges.into()))
                .collect(),
            entries: [7, 2, 1],
            is_linked: Some(true),
            began: UNIX_EPOCH + Duration::from_millis(1_700_000_000_250),
        })
    }

    #[test]
    fn a_running_instance_is_told_whole() {
        let mut running = known("a", InstanceState::Running, |facts| {
            facts.uptime_seconds = 60;
            facts.restarts = 3;
            facts.since = Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
            facts.details = vec![("shim_pid".into(), Detail::Number(7))];
            facts.last_exit = Some(LastExit {
                code: Some(9),
                signal: None,
                at: Some(UNIX_EPOCH + Duration::from_secs(1_600_000_000)),
                requested: false,
                oom_killed: false,
            });
        });
        running.row.host = Some("box2".into());
        running.row.intent = Some(Want::Running);
        let gauges = Gauges {
            players: PlayerCount::Counted(Players {
                online: 2,
                max: Some(10),
            }),
            usage: Some(Usage {
                cpu_percent: Some(150.0),
                memory_bytes: Some(4096),
                ..Usage::default()
            }),
            next_firing: Some(1_800_000_000),
        };
        let text = told(vec![(running, gauges)]);
        let of = "{id=\"a\",plane=\"process\",host=\"box2\"";
        for line in [
            format!("gamectl_instance_state{of},state=\"running\"}} 1"),
            format!("gamectl_instance_state{of},state=\"crashed\"}} 0"),
            format!("gamectl_instance_uptime_seconds{of}}} 65"),
            format!("gamectl_instance_restarts_total{of}}} 3"),
            format!("gamectl_instance_wanted{of}}} 1"),
            format!("gamectl_instance_state_since_timestamp_seconds{of}}} 1700000000"),
            format!("gamectl_instance_last_exit_timestamp_seconds{of}}} 1600000000"),
            format!("gamectl_instance_last_exit_code{of}}} 9"),
            format!("gamectl_instance_shim_up{of}}} 1"),
            format!("gamectl_instance_players{of}}} 2"),
            format!("gamectl_instance_players_limit{of}}} 10"),
            format!("gamectl_instance_cpu_cores{of}}} 1.5"),
            format!("gamectl_instance_memory_bytes{of}}} 4096"),
            format!("gamectl_instance_next_schedule_timestamp_seconds{of}}} 1800000000"),
            "# UNIT gamectl_instance_memory_bytes bytes".into(),
            "gamectl_run_start_timestamp_seconds 1700000000.25".into(),
            "gamectl_run_log_entries_total{level=\"warning\"} 2".into(),
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        assert!(!text.contains("gamectl_instance_tasks{"), "unknown is not 0");
        assert!(text.ends_with("\n# EOF\n"));
    }

    #[test]
    fn what_is_not_known_is_never_told_as_a_number() {
        let unknown = row("a", Observation::Unknown { reason: "x\n\"".into() });
        let text = told(vec![(unknown, PlayerCount::Unanswered)]);
        let samples: Vec<&str> = text.lines().filter(|line| line.contains("id=\"a\"")).collect();
        assert_eq!(samples.len(), STATES.len(), "{text}");
        let held: Vec<&&str> = samples.iter().filter(|line| line.ends_with(" 1")).collect();
        assert_eq!(held.len(), 1);
        assert!(held[0].contains("state=\"unknown\""), "{text}");
    }

    #[test]
    fn each_state_is_one_of_those_that_are_told() {
        for state in [
            InstanceState::Running,
            InstanceState::Stopped,
            InstanceState::Starting,
            InstanceState::Stopping,
            InstanceState::Crashed { exit_code: None },
            InstanceState::Unmanaged,
        ] {
            let label = state.as_label();
            let text = told(vec![(known("a", state, |_| {}), PlayerCount::NotAsked)]);
            let held = format!("state=\"{label}\"}} 1");
            assert_eq!(text.lines().filter(|line| line.ends_with(&held)).count(), 1, "{text}");
            assert!(!text.contains("gamectl_instance_players{"));
        }
    }

    /// Reads a text as a strict parser does: each family once, in one piece, its type
    /// before its samples, no sample twice.
    fn parse(text: &str) -> Result<usize, String> {
        let mut families: Vec<String> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let body = text.strip_suffix("# EOF\n").ok_or("no end")?;
        for line in body.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let name = kind.split(' ').next().unwrap_or_default().to_owned();
                if families.contains(&name) {
                    return Err(format!("twice: {name}"));
                }
                families.push(name);
                continue;
            }
            let family = families.last().ok_or("no family")?;
            if line.starts_with("# ") {
                if !line.contains(&format!(" {family} ")) {
                    return Err(format!("out of place: {line}"));
                }
                continue;
            }
            let end = line.find(['{', ' ']).ok_or("no value")?;
            let name = &line[..end];
            if name != family && name != format!("{family}_total") {
                return Err(format!("of another family: {line}"));
            }
            let (key, value) = line.rsplit_once(' ').ok_or("no value")?;
            value.parse::<f64>().map_err(|_| format!("no number: {line}"))?;
            let quotes = key.replace("\\\\", "").replace("\\\"", "").matches('"').count();
            if quotes % 2 != 0 || !seen.insert(key.to_owned()) {
                return Err(format!("not whole, or twice: {line}"));
            }
        }
        Ok(seen.len())
    }

    proptest! {
        #[test]
        fn any_text_is_whole(hosts in prop::collection::vec(".{0,12}", 0..6), restarts in any::<u32>()) {
            let rows = hosts.iter().enumerate().map(|(at, host)| {
                let mut one = known(&format!("g{at}"), InstanceState::Running, |facts| facts.restarts = restarts);
                one.row.host = Some(host.clone());
                (one, PlayerCount::Unanswered)
            });
            let count = rows.len();
            let text = told(rows.collect());
            // A line of the text is one that ends with a line feed.
            prop_assert!(!text.contains('\r') || hosts.iter().any(|host| host.contains('\r')));
            let samples = parse(&text).map_err(TestCaseError::fail)?;
            // Six are about `run` itself.
            prop_assert_eq!(samples, 6 + count * (STATES.len() + 3));
        }
    }
}
