//! Copies of this program to other hosts: on a terminal a line for each with how far it
//! is, else a line when it begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::region::{self, Region};
use super::spinner::Spinner;
use super::streams::OutputStreams;
use super::width::cut;
use crate::event::CopyEvent;
use crate::text::clean_line;

pub struct CopyView {
    silent: bool,
    streams: OutputStreams,
    region: Option<Region>,
    /// The copies under way, by the names of their hosts.
    copies: BTreeMap<String, CopyEvent>,
    spinner: Spinner,
}

impl CopyView {
    pub(super) fn new(streams: OutputStreams) -> Self {
        let (options, around) = (streams.options, &streams.around);
        let silent = options.json || options.quiet;
        let live = around.stderr_tty && !around.dumb && !silent;
        Self {
            silent,
            region: live.then(|| Region::on(Arc::clone(&streams.err), around.clone())),
            spinner: Spinner::new(streams.err_look()),
            streams,
            copies: BTreeMap::new(),
        }
    }

    pub fn event(&mut self, copy: &CopyEvent) {
        let is_new = self.copies.insert(copy.host.clone(), copy.clone()).is_none();
        if is_new && self.region.is_none() && !self.silent {
            self.streams.write_err(&format!("{}\n", begun(copy)));
        }
        if copy.written >= copy.total && self.region.is_some() {
            self.draw();
        }
    }

    pub fn tick(&mut self) {
        self.spinner.tick();
        self.draw();
    }

    fn draw(&mut self) {
        let Some(region) = &mut self.region else { return };
        let size = self.streams.around.size();
        let columns = usize::from(size.columns.saturating_sub(region::FREE)).saturating_sub(2);
        let ellipsis = self.streams.err_look().ellipsis();
        let rows = usize::from(size.rows).saturating_sub(2).max(1);
        let lines = self.copies.values().take(rows);
        let lines: Vec<String> = lines
            .map(|copy| self.spinner.line(&cut(&under_way(copy), columns, ellipsis)))
            .collect();
        region.draw(&lines);
    }
}

fn begun(copy: &CopyEvent) -> String {
    let (host, at) = (clean_line(&copy.host), clean_line(&copy.at));
    format!("{host}: copying {} MiB to {at}", mebibytes(copy.total))
}

fn under_way(copy: &CopyEvent) -> String {
    let percent = copy.written.saturating_mul(100) / copy.total.max(1);
    match copy.written >= copy.total {
        // ssh has it, and the host takes and checks it.
        true => format!("{}, waiting for the host", begun(copy)),
        false => format!("{}, {percent} %", begun(copy)),
    }
}

fn mebibytes(bytes: usize) -> usize {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_copy_is() {
        let mut copy = CopyEvent {
            host: "box2".to_owned(),
            at: "/usr/local/bin/gamectl".to_owned(),
            written: 0,
            total: 10 << 20,
        };
        let begun = "box2: copying 10 MiB to /usr/local/bin/gamectl";
        assert_eq!(super::begun(&copy), begun);
        for (written, wanted) in [(0, ", 0 %"), (5 << 20, ", 50 %"), (10 << 20, ", waiting for the host")] {
            copy.written = written;
            assert_eq!(under_way(&copy), format!("{begun}{wanted}"));
        }
        copy.total = 0;
        assert_eq!(
            under_way(&copy),
            "box2: copying 0 MiB to /usr/local/bin/gamectl, waiting for the host"
        );
    }
}
