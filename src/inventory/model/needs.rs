//! Which instances need which.

use std::collections::{HashMap, HashSet};

use super::instance::Inventory;

/// The needs of the instances of an inventory, by their ids. Those without are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs(HashMap<String, Vec<String>>);

impl Needs {
    pub fn of_inventory(inventory: &Inventory) -> Self {
        let some = inventory.instances.iter().filter(|one| !one.needs.is_empty());
        Self(some.map(|one| (one.id.clone(), one.needs.clone())).collect())
    }

    /// Returns true if nobody needs anybody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what each needs itself.
    pub fn into_map(self) -> HashMap<String, Vec<String>> {
        self.0
    }

    /// Returns the instances that one needs itself.
    pub fn of(&self, id: &str) -> &[String] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }

    /// Returns the instances that another one needs.
    pub fn all_needed(&self) -> HashSet<&str> {
        self.0.values().flatten().map(String::as_str).collect()
    }

    /// Returns all that these need, directly or not, and are not.
    pub fn needed_by<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> HashSet<String> {
        reach(ids, |id| self.of(id).to_vec())
    }

    /// Returns all that need one of these, directly or not, and are not.
    pub fn dependents_of<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> HashSet<String> {
        let mut reverse: HashMap<&str, Vec<String>> = HashMap::new();
        for (id, needs) in &self.0 {
            for need in needs {
                reverse.entry(need).or_default().push(id.clone());
            }
        }
        reach(ids, |id| reverse.get(id).cloned().unwrap_or_default())
    }

    /// Returns the place in the order of a start of each that needs something: it is one
    /// more than that of what it needs. All others have 0.
    pub fn layers(&self) -> HashMap<&str, usize> {
        let mut layers = HashMap::new();
        let mut open: Vec<&str> = self.0.keys().map(String::as_str).collect();
        for layer in 1.. {
            let waits = |id: &&str| self.of(id).iter().any(|need| open.contains(&need.as_str()));
            let (later, now): (Vec<&str>, Vec<&str>) = open.iter().partition(|id| waits(id));
            if now.is_empty() {
                break;
            }
            layers.extend(now.into_iter().map(|id| (id, layer)));
            open = later;
        }
        layers
    }
}

/// Returns what can be reached from these by `next`, without these.
fn reach<'a>(ids: impl IntoIterator<Item = &'a str>, next: impl Fn(&str) -> Vec<String>) -> HashSet<String> {
    let own: HashSet<&str> = ids.into_iter().collect();
    let mut found = HashSet::new();
    let mut open: Vec<String> = own.iter().flat_map(|id| next(id)).collect();
    while let Some(id) = open.pop() {
        if !own.contains(id.as_str()) && found.insert(id.clone()) {
            open.extend(next(&id));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(&str, &[&str])]) -> Needs {
        let owned = |(id, needs): &(&str, &[&str])| {
            let needs = needs.iter().map(|need| (*need).to_owned()).collect();
            ((*id).to_owned(), needs)
        };
        Needs(pairs.iter().map(owned).collect())
    }

    fn sorted(ids: HashSet<String>) -> String {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.join(" ")
    }

    #[test]
    fn what_is_reached_in_both_directions() {
        let needs = needs(&[("web", &["app", "cache"]), ("app", &["db"]), ("job", &["db"])]);
        for (ids, needed, dependents) in [
            (&["web"][..], "app cache db", ""),
            (&["app"], "db", "web"),
            (&["db"], "", "app job web"),
            (&["web", "db"], "app cache", "app job"),
            (&["other"], "", ""),
        ] {
            let ids = || ids.iter().copied();
            assert_eq!(sorted(needs.needed_by(ids())), needed, "{:?}", ids());
            assert_eq!(sorted(needs.dependents_of(ids())), dependents);
        }
        let layers = needs.layers();
        let layers = ["db", "cache", "app", "web"].map(|id| layers.get(id).copied().unwrap_or(0));
        assert_eq!(layers, [0, 0, 1, 2]);
    }

    /// Each of a row needs both of the row before: there are more ways than could be walked.
    #[test]
    fn many_ways_lead_to_one_layer() {
        let id = |row: usize, side: &str| format!("{side}{row}");
        let pair = |row: usize| vec![id(row, "a"), id(row, "b")];
        let rows = 1..60;
        let needs = rows.flat_map(|row| ["a", "b"].map(|side| (id(row, side), pair(row - 1))));
        let needs = Needs(needs.collect());
        assert_eq!(needs.layers().get("a59"), Some(&59));
    }
}
