//! The troubles of the whole, which stay on the screen until they are over.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::event::{Row, WatchedRow};
use crate::supervisor::Observation;
use crate::ui::span::short;

#[derive(Debug, Default)]
pub(super) struct Troubles {
    inventory: Option<String>,
    disk: Option<String>,
    /// The hosts of which nothing is known, each with the begin of that.
    dark_hosts: BTreeMap<String, Instant>,
}

impl Troubles {
    pub(super) fn set_inventory(&mut self, trouble: Option<String>) {
        self.inventory = trouble;
    }

    pub(super) fn set_disk(&mut self, trouble: Option<String>) {
        self.disk = trouble;
    }

    /// Looks which hosts answer.
    pub(super) fn look_at<'a>(&mut self, rows: impl Iterator<Item = &'a WatchedRow>, now: Instant) {
        let mut dark: BTreeMap<&str, bool> = BTreeMap::new();
        for row in rows.map(|watched| &watched.row) {
            if let Some(host) = &row.host {
                *dark.entry(host).or_insert(true) &= is_unknown(row);
            }
        }
        self.dark_hosts.retain(|host, _| dark.get(host.as_str()) == Some(&true));
        for (host, _) in dark.into_iter().filter(|(_, is_dark)| *is_dark) {
            self.dark_hosts.entry(host.to_owned()).or_insert(now);
        }
    }

    /// Returns them in words, the worst first.
    pub(super) fn in_words(&self, now: Instant) -> Vec<String> {
        let dark = |(host, since): (&String, &Instant)| {
            let lasts = short(now.saturating_duration_since(*since).as_secs());
            format!("nothing is known of the host {host}, for {lasts}")
        };
        let whole = self.inventory.iter().chain(&self.disk).cloned();
        whole.chain(self.dark_hosts.iter().map(dark)).collect()
    }
}

fn is_unknown(row: &Row) -> bool {
    matches!(row.observation, Observation::Unknown { .. })
}
