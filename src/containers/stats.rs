//! The resources that containers use, as `stats` of an engine tells them.

use serde_json::Value;

use super::container::Container;
use super::kind::EngineKind;
use crate::supervisor::Usage;

fn running(containers: &[Container]) -> impl Iterator<Item = &str> {
    containers.iter().filter(|one| one.pid != 0).map(|one| one.id.as_str())
}

/// Returns the words that have an engine tell what the running ones of some containers use;
/// `None` where none runs: asked for none, it would tell of all that it has.
pub fn stats_words<'a>(kind: &EngineKind, containers: &'a [Container]) -> Option<Vec<&'a str>> {
    let words = ["stats", "--no-stream", "--format", kind.stats_format].into_iter();
    running(containers).next()?;
    Some(words.chain(running(containers)).collect())
}

/// Returns what the running ones of some containers use together, by the answer to
/// [`stats_words`]; `None` where it does not tell of just these.
pub fn usage_of_running(said: &[u8], containers: &[Container]) -> Option<Usage> {
    usage_of_stats(said, running(containers).count())
}

/// Parses what an engine says of some containers: an array, or an object a line. Returns
/// the sum; `None` unless it tells of exactly so many.
fn usage_of_stats(said: &[u8], containers: usize) -> Option<Usage> {
    let mut all = Vec::new();
    for value in serde_json::Deserializer::from_slice(said).into_iter::<Value>() {
        match value.ok()? {
            Value::Array(several) => all.extend(several),
            one => all.push(one),
        }
    }
    if all.len() != containers {
        return None;
    }
    all.iter().map(usage).reduce(Usage::and)
}

fn usage(stats: &Value) -> Usage {
    // Docker and podman name the same things differently.
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| stats[name].as_str());
    let pair = |names| text(names).and_then(|text| text.split_once('/'));
    let (read, written) = pair(["BlockIO", "block_io"]).map_or((None, None), |(a, b)| (size(a), size(b)));
    let (received, sent) = pair(["NetIO", "net_io"]).map_or((None, None), |(a, b)| (size(a), size(b)));
    let percent = text(["CPUPerc", "cpu_percent"]).and_then(|text| text.trim().strip_suffix('%')?.parse::<f64>().ok());
    Usage {
        cpu_percent: percent.filter(|percent| percent.is_finite() && *percent >= 0.0),
        cpu_ms: None,
        memory_bytes: pair(["MemUsage", "mem_usage"]).and_then(|(used, _)| size(used)),
        tasks: text(["PIDs", "pids"]).and_then(|text| text.trim().parse().ok()),
        read_bytes: read,
        written_bytes: written,
        received_bytes: received,
        sent_bytes: sent,
    }
}

/// Parses a size such as `1.5MiB` or `12kB`; `--` is none.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: f64 = match unit.trim() {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKER: &[u8] = br#"{"BlockIO":"1.5MB / 0B","CPUPerc":"0.50%","Container":"a","ID":"a","MemPerc":"0.1%","MemUsage":"1.5MiB / 3.8GiB","Name":"x","NetIO":"1.2kB / 7B","PIDs":"3"}
{"BlockIO":"0B / 2kB","CPUPerc":"150.25%","ID":"b","MemUsage":"1KiB / 3.8GiB","Name":"y","NetIO":"0B / 0B","PIDs":"4"}
"#;

    #[test]
    fn both_engines() {
        let sum = usage_of_stats(DOCKER, 2).unwrap();
        let wanted = Usage {
            cpu_percent: Some(150.75),
            cpu_ms: None,
            memory_bytes: Some(1_573_888),
            tasks: Some(7),
            read_bytes: Some(1_500_000),
            written_bytes: Some(2000),
            received_bytes: Some(1200),
            sent_bytes: Some(7),
        };
        assert_eq!(sum, wanted);
        let podman = br#"[{"id":"a","name":"x","cpu_percent":"1.17%","mem_usage":"6.2MB / 8.3GB","mem_percent":"0.07%","net_io":"-- / --","block_io":"0B / 1B","pids":"2"}]"#;
        let one = usage_of_stats(podman, 1).unwrap();
        assert_eq!(
            (one.cpu_percent, one.memory_bytes, one.tasks),
            (Some(1.17), Some(6_200_000), Some(2))
        );
        assert_eq!((one.received_bytes, one.written_bytes), (None, Some(1)));
    }

    #[test]
    fn what_is_not_told_is_not_known() {
        // One of them has ended meanwhile.
        assert_eq!(usage_of_stats(DOCKER, 3), None);
        assert_eq!(usage_of_stats(b"", 1), None);
        assert_eq!(usage_of_stats(b"no JSON", 1), None);
        let strange = br#"{"CPUPerc":"--","MemUsage":"lots / 1B","PIDs":"-","NetIO":"1XB / 1B"}"#;
        let odd = usage_of_stats(strange, 1).unwrap();
        assert_eq!(
            odd,
            Usage {
                sent_bytes: Some(1),
                ..Usage::default()
            }
        );
    }
}
