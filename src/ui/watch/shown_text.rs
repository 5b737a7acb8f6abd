//! The text that stands in the place of the rows: one instance in detail, or its log.

use std::time::SystemTime;

use super::log::{LogLines, RenderedLog};
use crate::pane::{Pane, PaneMode};
use crate::report::InstanceReport;
use crate::text::clean_line;
use crate::ui::detail;
use crate::ui::paint::Look;
use crate::ui::width::cut;
use crate::ui::wrap::filled;

/// The text, as far as it is known.
#[derive(Default)]
pub(super) struct ShownText {
    /// The instance that is shown in detail, or why it cannot be.
    detail: Option<(String, Result<Box<InstanceReport>, String>)>,
    log: Option<LogLines>,
}

impl ShownText {
    pub(super) fn take_detail(&mut self, id: String, seen: Result<Box<InstanceReport>, String>) {
        self.detail = Some((id, seen));
    }

    /// Forgets the log that was shown.
    pub(super) fn begin_log(&mut self) {
        self.log = None;
    }

    /// Takes a piece of the log of an instance, or the reason why there are no more.
    pub(super) fn add_to_log(&mut self, id: &str, piece: Result<&[u8], &str>) {
        self.log_of(id).push(piece);
    }

    /// Returns the log that is shown, as a text.
    pub(super) fn log_text(&self) -> String {
        self.log.as_ref().map(LogLines::text).unwrap_or_default()
    }

    /// Renders all of it; `None` where rows are shown, and nothing is kept.
    pub(super) fn lines(&mut self, pane: &Pane, columns: usize, look: Look) -> Option<RenderedLog> {
        match pane.mode() {
            PaneMode::Detail { id } => {
                self.log = None;
                Some(RenderedLog {
                    lines: self.in_detail(id, columns, look),
                    ..RenderedLog::default()
                })
            }
            PaneMode::Log { id } => {
                self.detail = None;
                Some(self.log_of(id).render(columns, pane.log(), look))
            }
            _ => {
                *self = Self::default();
                None
            }
        }
    }

    fn in_detail(&self, id: &str, columns: usize, look: Look) -> Vec<String> {
        let text = match self.detail.as_ref().filter(|(of, _)| of == id) {
            Some((_, Ok(report))) => detail::render(report, SystemTime::now(), look),
            Some((_, Err(why))) => return filled(&clean_line(why), columns),
            None => cut(&format!("{id} is being looked at"), columns, look.ellipsis()).into_owned(),
        };
        text.lines().map(str::to_owned).collect()
    }

    /// Returns the log of an instance, which begins anew where it was that of another one.
    fn log_of(&mut self, id: &str) -> &mut LogLines {
        let log = self.log.take().filter(|log| log.id() == id);
        self.log.insert(log.unwrap_or_else(|| LogLines::of(id)))
    }
}
