//! `needs`: the instances that an instance needs, which are known once all are read.

use std::collections::{BTreeSet, HashMap};

use super::collector::Collector;
use super::section::{did_you_mean, short};
use crate::inventory::model::instance::{Instance, Plane};
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Entry, Node, Shape, Span, find};

const NEEDS: &str = "needs";

/// Reads the needs of all instances, whose entries are `entries`. Returns the ids of
/// those with a problem in them.
pub(super) fn read(check: &mut Collector, entries: &[Entry], instances: &mut [Instance]) -> BTreeSet<String> {
    let mut broken = BTreeSet::new();
    let mut places = HashMap::new();
    for entry in entries {
        let Some(node) = of_instance(entry) else { continue };
        let before = check.problems();
        let needs = of_one(check, &entry.key, node, entries, instances);
        if check.problems() > before {
            broken.insert(entry.key.to_string());
        }
        places.insert(entry.key.to_string(), node.span);
        if let Some(instance) = instances.iter_mut().find(|one| one.id == entry.key) {
            instance.needs = needs;
        }
    }
    for cycle in cycles(instances) {
        tell(check, &cycle, &places);
        broken.extend(cycle);
    }
    broken
}

fn of_instance<'n, 'a>(entry: &'n Entry<'a>) -> Option<&'n Node<'a>> {
    match &entry.value.shape {
        Shape::Map(map) => find(&map.entries, NEEDS).map(|entry| &*entry.value),
        Shape::Scalar(_) | Shape::List(_) => None,
    }
}

fn of_one(check: &mut Collector, own: &str, node: &Node, entries: &[Entry], instances: &[Instance]) -> Vec<String> {
    let mut needs: Vec<String> = Vec::new();
    let Some(items) = check.list("`needs`", "a list of ids", node) else {
        return needs;
    };
    for item in items {
        let Some(id) = check.word("an item of `needs`", "an id", item) else {
            continue;
        };
        let id = id.into_owned();
        if id == own {
            check.problem(item.span, "it cannot need itself");
        } else if !entries.iter().any(|entry| entry.key == id) {
            let near = nearest(&id, entries.iter().map(|entry| entry.key.as_ref()));
            check
                .problem(item.span, format!("there is no instance `{}`", short(&id)))
                .hint(did_you_mean(near, "`needs` takes ids of this inventory"));
        } else if instances.iter().any(|one| one.id == id && is_unmanaged(one)) {
            check
                .problem(
                    item.span,
                    format!("`{id}` is not managed, so nobody can tell when it runs"),
                )
                .hint(format!(
                    "give `{id}` a plane, such as `process`, or take it out of `needs`"
                ));
        } else if !needs.contains(&id) {
            needs.push(id);
        }
    }
    needs
}

fn is_unmanaged(instance: &Instance) -> bool {
    matches!(instance.plane, Plane::Unmanaged { .. })
}

/// Returns the cycles, each from its first instance, in the order of the file. Where
/// several share an instance, one of them is returned.
fn cycles(instances: &[Instance]) -> Vec<Vec<String>> {
    let mut open: HashMap<&str, Vec<&str>> = instances
        .iter()
        .filter(|one| !one.needs.is_empty())
        .map(|one| (one.id.as_str(), one.needs.iter().map(String::as_str).collect()))
        .collect();
    // What needs nothing that is open cannot be in one.
    loop {
        let ids: Vec<&str> = open.keys().copied().collect();
        let is_free = |id: &&str| !open[id].iter().any(|need| open.contains_key(need));
        let free: Vec<&str> = ids.into_iter().filter(is_free).collect();
        if free.is_empty() {
            break;
        }
        for id in free {
            open.remove(id);
        }
    }
    let mut cycles = Vec::new();
    for instance in instances {
        let mut path: Vec<&str> = Vec::new();
        let mut next = Some(instance.id.as_str());
        while let Some(id) = next.filter(|id| open.contains_key(id)) {
            if let Some(begin) = path.iter().position(|one| *one == id) {
                let cycle = from_first(&path[begin..], instances);
                for id in &cycle {
                    open.remove(id.as_str());
                }
                cycles.push(cycle);
                break;
            }
            path.push(id);
            next = open[id].iter().copied().find(|need| open.contains_key(need));
        }
    }
    cycles
}

/// Returns a cycle from the one of it that comes first in the file.
fn from_first(cycle: &[&str], instances: &[Instance]) -> Vec<String> {
    let place = |id: &str| instances.iter().position(|one| one.id == id);
    let first = (0..cycle.len()).min_by_key(|at| place(cycle[*at])).unwrap_or(0);
    let around = cycle.iter().cycle().skip(first).take(cycle.len());
    around.map(|id| (*id).to_owned()).collect()
}

fn tell(check: &mut Collector, cycle: &[String], places: &HashMap<String, Span>) {
    let Some(first) = cycle.first() else { return };
    let around: Vec<&str> = cycle.iter().chain([first]).map(String::as_str).collect();
    let message = format!("these need each other: {}", around.join(" → "));
    for id in cycle {
        let at = places.get(id).copied().unwrap_or_default();
        let hint = "take one of them out, so that there is one to start first";
        check.problem(at, message.clone()).hint(hint);
    }
}

#[cfg(test)]
mod tests {
    use crate::inventory::{Inventory, Problems, parse};

    fn read(text: &str) -> Result<Inventory, Problems> {
        parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &|_| None)
    }

    /// An inventory of instances that systemd manages, with these needs.
    fn units(needs: &[(&str, &str)]) -> String {
        let one =
            |(id, needs): &(&str, &str)| format!("  {id}: {{ systemd: {{ unit: u.service }}, needs: {needs} }}\n");
        format!("instances:\n{}", needs.iter().map(one).collect::<String>())
    }

    #[test]
    fn needs_are_ids_of_the_inventory() {
        let inventory = read(&units(&[("a", "[b, c, b]"), ("b", "[c]"), ("c", "[]")])).unwrap();
        assert_eq!(inventory.get("a").unwrap().needs, ["b", "c"]);
        assert_eq!(inventory.get("c").unwrap().needs, Vec::<String>::new());
        for (needs, said) in [
            ("[bb]", "did you mean `b`?"),
            ("[zebra]", "there is no instance `zebra`"),
            ("[a]", "it cannot need itself"),
            ("b", "`needs`"),
            ("[[b]]", "an item of `needs`"),
        ] {
            let problems = read(&units(&[("a", needs), ("b", "[]")])).unwrap_err().to_string();
            assert!(problems.contains(said) && problems.contains("x.yaml:2:"), "{problems}");
        }
        let unmanaged = "instances: { a: { systemd: { unit: u.service }, needs: [b] }, b: {} }";
        let problems = read(unmanaged).unwrap_err().to_string();
        assert!(problems.contains("`b` is not managed"), "{problems}");
    }

    #[test]
    fn a_cycle_is_told_at_each_of_its_lines() {
        let text = units(&[("a", "[b]"), ("x", "[]"), ("b", "[x, c]"), ("c", "[a]"), ("d", "[a]")]);
        let problems = read(&text).unwrap_err().to_string();
        assert_eq!(problems.matches("a → b → c → a").count(), 3, "{problems}");
        for line in [2, 4, 5] {
            assert!(problems.contains(&format!("x.yaml:{line}:")), "{problems}");
        }
        let two = units(&[("a", "[b]"), ("b", "[a]"), ("c", "[d]"), ("d", "[c, a]")]);
        let problems = read(&two).unwrap_err().to_string();
        assert!(
            problems.contains("a → b → a") && problems.contains("c → d → c"),
            "{problems}"
        );
    }
}
