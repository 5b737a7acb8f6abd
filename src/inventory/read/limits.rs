//! `process.limits`.

use super::collector::Collector;
use super::section::Fields;
use crate::inventory::model::limits::Limits;
use crate::inventory::report::keys;
use crate::inventory::text::node::Node;
use crate::inventory::text::size::size;

/// The least memory with which any program begins, in bytes: less is a slip.
const LEAST_MEMORY: u64 = 1 << 20;

/// More cores than a host has: such a number was meant as percent.
const MOST_CORES: f64 = 1024.0;

pub(super) fn read(process: &mut Fields) -> Limits {
    let mut limits = process.section("limits", &keys::LIMITS);
    Limits {
        memory: limits.get("memory", memory),
        cpu: limits.get("cpu", cpu),
        tasks: limits.number("tasks"),
        nofile: limits.number("nofile"),
        nice: limits.get("nice", nice),
        io_weight: limits.number("io_weight"),
    }
}

fn memory(check: &mut Collector, what: &str, node: &Node) -> Option<u64> {
    let word = check.word(what, "a size such as `8GiB`", node)?;
    let bytes = size(&word).filter(|bytes| *bytes >= LEAST_MEMORY);
    if bytes.is_none() {
        check
            .problem(node.span, "`memory` must be a size of at least 1MiB")
            .hint("write it like `8GiB`, `500MB`, or in bytes");
    }
    bytes
}

fn cpu(check: &mut Collector, what: &str, node: &Node) -> Option<u32> {
    let word = check.word(what, "percent of a core, or a number of cores", node)?;
    let percent = percent(&word);
    if percent.is_none() {
        check
            .problem(node.span, "`cpu` must be percent of a core, or a number of cores")
            .hint("`150%` and `1.5` are one and a half");
    }
    percent
}

fn percent(word: &str) -> Option<u32> {
    let cores = match word.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().ok()? / 100.0,
        None => word.parse().ok()?,
    };
    let percent = (cores * 100.0).round();
    (cores <= MOST_CORES && percent >= 1.0).then_some(percent as u32)
}

fn nice(check: &mut Collector, what: &str, node: &Node) -> Option<i8> {
    let word = check.word(what, "a whole number", node)?;
    let nice = word.parse().ok().filter(|nice| (-20..=19).contains(nice));
    if nice.is_none() {
        check.problem(node.span, "`nice` must be a whole number from -20 to 19");
    }
    nice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_cpu() {
        for (word, wanted) in [
            ("150%", Some(150)),
            ("150 %", Some(150)),
            ("1.5", Some(150)),
            ("2", Some(200)),
            ("0.5%", Some(1)),
            ("102400%", Some(102_400)),
            ("0", None),
            ("-1", None),
            ("0.1%", None),
            ("2000", None),
            ("inf", None),
            ("NaN", None),
            ("two", None),
            ("%", None),
        ] {
            assert_eq!(percent(word), wanted, "{word}");
        }
    }
}
