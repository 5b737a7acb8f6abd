//! The state of the pane, and the meaning of each key in it.

use super::deed::PaneDeed;
use super::log_reader::{LogStep, LogTyping, PaneLog};
use super::mode::{PaneEffect, PaneInput, PaneMode};
use super::order::{PaneRow, SortBy, arranged};
use super::press::PressedKey;
use super::scroll::Scroll;
use super::typing::{TypingEnd, type_in};

/// The longest text of a filter, in characters.
const FILTER_MAX: usize = 64;

const NOTHING_SELECTED: &str = "no row is selected: the arrows select one";

/// A row that is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeenRow {
    /// The place in the inventory.
    at: usize,
    id: String,
    players: Option<u32>,
}

/// The state; its `Default` is that of a board at its begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pane {
    mode: PaneMode,
    selected: Option<String>,
    /// The place among the seen rows where the selection is, or was at last.
    place: usize,
    filter: String,
    sort: SortBy,
    /// The rows that are seen, in their order.
    seen: Vec<SeenRow>,
    /// The number of all rows.
    count: usize,
    page: usize,
    /// The place in the details that are shown in place of the rows.
    scroll: Scroll,
    log: PaneLog,
    /// True if the rows are to be arranged before another key is understood.
    is_stale: bool,
    /// The question before it ends; `None` where none is needed.
    quit_question: Option<String>,
    /// The reason why no key changes anything; `None` where they may.
    refusal: Option<String>,
    /// The answer to the last key, until the next one.
    notice: Option<String>,
    /// The instance whose console is wanted, until the next key.
    console: Option<String>,
    /// The deeds that have not ended.
    under_way: Vec<(String, PaneDeed)>,
}

impl Pane {
    /// Has it ask this before it ends.
    #[must_use]
    pub fn asking_before_quit(self, question: &str) -> Self {
        Self {
            quit_question: Some(question.to_owned()),
            ..self
        }
    }

    /// Has it change nothing, for this reason.
    pub fn refuse_deeds(&mut self, why: &str) {
        self.refusal = Some(why.to_owned());
    }

    /// Returns true if keys may change something.
    pub fn may_act(&self) -> bool {
        self.refusal.is_none()
    }

    /// Returns the answer to the last key.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Returns the first line that is shown of a text.
    pub fn top(&self) -> usize {
        self.scroll().top()
    }

    /// Returns true while the end of a text is shown as it grows.
    pub fn follows(&self) -> bool {
        self.scroll().follows()
    }

    fn scroll(&self) -> &Scroll {
        match self.mode {
            PaneMode::Log { .. } => self.log.scroll(),
            _ => &self.scroll,
        }
    }

    /// Returns the reader of the log that is shown.
    pub fn log(&self) -> &PaneLog {
        &self.log
    }

    /// Returns true while the console of this instance is wanted.
    pub fn awaits_console(&self, id: &str) -> bool {
        self.console.as_deref() == Some(id)
    }

    pub fn mode(&self) -> &PaneMode {
        &self.mode
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn sort(&self) -> SortBy {
        self.sort
    }

    /// Returns the number of all rows, those that are not seen too.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the rows that are seen, in their order, each as its place among all.
    pub fn seen(&self) -> impl ExactSizeIterator<Item = usize> {
        self.seen.iter().map(|row| row.at)
    }

    /// Returns the id of the selected row.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// Returns the place of the selected row among those that are seen.
    pub fn selected_place(&self) -> Option<usize> {
        self.selected.as_ref().map(|_| self.place)
    }

    /// Returns true if the rows are to be told before another key: since then it was changed
    /// which of them are seen.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Returns the question to which the next key is the answer.
    pub fn question(&self) -> Option<String> {
        match &self.mode {
            PaneMode::Leaving => Some(self.leaving()),
            PaneMode::Asking { id, deed } => {
                let row = self.seen.iter().find(|row| row.id == *id);
                let players = match row.and_then(|row| row.players) {
                    None => String::new(),
                    Some(0) => " Nobody is on it".to_owned(),
                    Some(1) => " 1 player is on it".to_owned(),
                    Some(count) => format!(" {count} players are on it"),
                };
                Some(deed.question(id)? + &players)
            }
            PaneMode::Log { .. } => match self.log.typing() {
                LogTyping::Replace(path) => Some(format!("{path} exists: replace it?")),
                _ => None,
            },
            PaneMode::Board | PaneMode::Filter | PaneMode::Help | PaneMode::Detail { .. } => None,
        }
    }

    fn leaving(&self) -> String {
        let question = self.quit_question.as_deref().unwrap_or("leave?");
        let list = |what: &str, all: Option<String>| all.map(|all| format!(" {what}: {all}.")).unwrap_or_default();
        let cancelled = list("Cancelled, unless it has begun", self.listed(PaneDeed::counts_down));
        let left = list("Left as far as it is", self.listed(|deed| !deed.counts_down()));
        let is_more = !cancelled.is_empty() || !left.is_empty();
        let end = if is_more && !question.ends_with('?') { "." } else { "" };
        format!("{question}{end}{cancelled}{left}")
    }

    /// Returns the deeds that have not ended, in words; `None` where all have.
    pub fn left(&self) -> Option<String> {
        self.listed(|_| true)
    }

    fn listed(&self, is_wanted: fn(PaneDeed) -> bool) -> Option<String> {
        let in_words = |(id, deed): &(String, PaneDeed)| format!("{} of {id}", deed.in_words());
        let wanted = self.under_way.iter().filter(|(_, deed)| is_wanted(*deed));
        let all: Vec<String> = wanted.map(in_words).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Takes an input in, and returns what is to be done.
    pub fn step(&mut self, input: PaneInput<'_>) -> Option<PaneEffect> {
        match input {
            PaneInput::Key(key) => self.key(key),
            PaneInput::Rows { rows, room } => {
                self.arrange(rows, room);
                None
            }
            PaneInput::Page(page) => {
                self.page = page;
                None
            }
            PaneInput::Text { lines, room, hits } => {
                match self.mode {
                    PaneMode::Log { .. } => self.log.fit(lines, room, hits),
                    _ => self.scroll.fit(lines, room),
                }
                self.is_stale = false;
                None
            }
            PaneInput::Exists { path } => {
                if matches!(self.mode, PaneMode::Log { .. }) {
                    self.log.ask_to_replace(path);
                }
                None
            }
            PaneInput::Notice(notice) => {
                (self.notice, self.console) = (notice.map(str::to_owned), None);
                None
            }
            PaneInput::Over { id, deed } => {
                let at = self.under_way.iter().position(|one| one.0 == id && one.1 == deed);
                at.map(|at| self.under_way.swap_remove(at));
                None
            }
        }
    }

    fn arrange(&mut self, rows: &[PaneRow<'_>], room: usize) {
        let places = arranged(rows, &self.filter, self.sort, room);
        let seen = |at: usize| SeenRow {
            at,
            id: rows[at].id.to_owned(),
            players: rows[at].players,
        };
        self.seen = places.into_iter().map(seen).collect();
        self.count = rows.len();
        self.is_stale = false;
        let place = |selected: &String| self.seen.iter().position(|row| row.id == *selected);
        match self.selected.as_ref().map(place) {
            Some(Some(place)) => self.place = place,
            Some(None) => self.selected = None,
            None => {}
        }
        if let PaneMode::Asking { id, .. } = &self.mode
            && !rows.iter().any(|row| row.id == id)
        {
            self.mode = PaneMode::Board;
        }
    }

    fn key(&mut self, key: PressedKey) -> Option<PaneEffect> {
        (self.notice, self.console) = (None, None);
        match &self.mode {
            PaneMode::Board => return self.at_the_board(key),
            PaneMode::Filter => self.in_the_filter(key),
            PaneMode::Help => self.mode = PaneMode::Board,
            PaneMode::Detail { id } => {
                let id = id.clone();
                return self.in_the_detail(key, id);
            }
            PaneMode::Log { id } => {
                let id = id.clone();
                return self.in_the_log(key, &id);
            }
            PaneMode::Leaving | PaneMode::Asking { .. } => {
                let asked = std::mem::take(&mut self.mode);
                return match (key, asked) {
                    (PressedKey::Char('y' | 'Y'), PaneMode::Asking { id, deed }) => Some(self.begin(id, deed)),
                    (PressedKey::Char('y' | 'Y'), _) => Some(PaneEffect::Quit),
                    _ => None,
                };
            }
        }
        None
    }

    fn in_the_filter(&mut self, key: PressedKey) {
        let mut text = self.filter.clone();
        match type_in(&mut text, key, FILTER_MAX) {
            TypingEnd::GoesOn if key == PressedKey::Up => self.move_by(-1),
            TypingEnd::GoesOn if key == PressedKey::Down => self.move_by(1),
            TypingEnd::GoesOn => {}
            TypingEnd::Taken => {
                self.mode = PaneMode::Board;
                // The first one is meant, unless another is.
                if self.selected.is_none() && !text.is_empty() {
                    self.select(0);
                }
            }
            TypingEnd::Leaves => {
                text.clear();
                self.mode = PaneMode::Board;
            }
        }
        self.set_filter(text);
    }

    fn set_filter(&mut self, text: String) {
        self.is_stale |= text != self.filter;
        self.filter = text;
    }

    fn at_the_board(&mut self, key: PressedKey) -> Option<PaneEffect> {
        let page = isize::try_from(self.page.max(1)).unwrap_or(1);
        match key {
            PressedKey::Up | PressedKey::Char('k') => self.move_by(-1),
            PressedKey::Down | PressedKey::Char('j') => self.move_by(1),
            PressedKey::PageUp | PressedKey::Char('b') => self.move_by(-page),
            PressedKey::PageDown | PressedKey::Char(' ') => self.move_by(page),
            PressedKey::Home | PressedKey::Char('g') => self.select(0),
            PressedKey::End | PressedKey::Char('G') => self.select(usize::MAX),
            PressedKey::Char('/') => self.mode = PaneMode::Filter,
            PressedKey::Char('o') => {
                self.sort = self.sort.next();
                self.is_stale = true;
            }
            PressedKey::Char('?') => self.mode = PaneMode::Help,
            PressedKey::Escape if self.filter.is_empty() => self.selected = None,
            PressedKey::Escape => self.set_filter(String::new()),
            PressedKey::Enter => return self.look(),
            PressedKey::Char('l') => self.open_log(),
            PressedKey::Char('c') => return self.open_console(),
            PressedKey::Char('S') => return self.ask(PaneDeed::SkipNext),
            PressedKey::Char('s') => return self.ask(PaneDeed::Start),
            PressedKey::Char('x') => return self.ask(PaneDeed::Stop),
            PressedKey::Char('r') => return self.ask(PaneDeed::Restart),
            PressedKey::Char('R') => return self.ask(PaneDeed::GentleRestart),
            PressedKey::Char('C') => return self.ask(PaneDeed::CancelCountdown),
            PressedKey::Char('q' | 'Q') if self.quit_question.is_some() || !self.under_way.is_empty() => {
                self.mode = PaneMode::Leaving;
            }
            PressedKey::Char('q' | 'Q') => return Some(PaneEffect::Quit),
            _ => {}
        }
        None
    }

    /// Shows the selected instance in detail.
    fn look(&mut self) -> Option<PaneEffect> {
        let Some(id) = self.selected.clone() else {
            self.notice = Some(NOTHING_SELECTED.to_owned());
            return None;
        };
        self.scroll = Scroll::at(false);
        self.mode = PaneMode::Detail { id: id.clone() };
        Some(PaneEffect::Look { id })
    }

    /// Shows the log of the selected instance.
    fn open_log(&mut self) {
        match self.selected.clone() {
            Some(id) => {
                self.log = PaneLog::at_the_end();
                self.mode = PaneMode::Log { id };
            }
            None => self.notice = Some(NOTHING_SELECTED.to_owned()),
        }
    }

    fn in_the_detail(&mut self, key: PressedKey, id: String) -> Option<PaneEffect> {
        if key == PressedKey::Enter {
            return Some(PaneEffect::Look { id });
        }
        match key {
            PressedKey::Escape | PressedKey::Char('q' | 'Q') => self.mode = PaneMode::Board,
            key => self.scroll.press(key),
        }
        None
    }

    fn in_the_log(&mut self, key: PressedKey, id: &str) -> Option<PaneEffect> {
        match self.log.press(key, id) {
            LogStep::Stays => None,
            LogStep::Changes => {
                // The next key is about other lines.
                self.is_stale = true;
                None
            }
            LogStep::Leaves => {
                self.mode = PaneMode::Board;
                None
            }
            LogStep::Saves { path, replaces } => Some(PaneEffect::SaveLog { path, replaces }),
        }
    }

    /// Asks for the console of the selected instance.
    fn open_console(&mut self) -> Option<PaneEffect> {
        let id = self.changeable()?;
        self.notice = Some(format!("the console of {id} is being opened; any key gives that up"));
        self.console = Some(id.clone());
        Some(PaneEffect::OpenConsole { id })
    }

    /// Returns the selected instance, if it may be changed.
    fn changeable(&mut self) -> Option<String> {
        let why = self.refusal.as_deref().unwrap_or(NOTHING_SELECTED);
        match (&self.selected, &self.refusal) {
            (Some(id), None) => Some(id.clone()),
            _ => {
                self.notice = Some(why.to_owned());
                None
            }
        }
    }

    /// Begins a deed on the selected instance, or asks first where that ends a game.
    fn ask(&mut self, deed: PaneDeed) -> Option<PaneEffect> {
        let id = self.changeable()?;
        if self.under_way.iter().any(|one| one.0 == id && one.1 == deed) {
            let way_out = if deed.counts_down() { "; C cancels it" } else { "" };
            self.notice = Some(format!("the {} of {id} is under way{way_out}", deed.in_words()));
            return None;
        }
        // Whatever the row says: what was started a moment ago may not be seen yet.
        if deed.question(&id).is_some() {
            self.mode = PaneMode::Asking { id, deed };
            return None;
        }
        Some(self.begin(id, deed))
    }

    fn begin(&mut self, id: String, deed: PaneDeed) -> PaneEffect {
        self.under_way.push((id.clone(), deed));
        PaneEffect::Act { id, deed }
    }

    /// Selects the row at a place, or the last one.
    fn select(&mut self, place: usize) {
        let Some(last) = self.seen.len().checked_sub(1) else {
            return;
        };
        self.place = place.min(last);
        self.selected = self.seen.get(self.place).map(|row| row.id.clone());
    }

    /// Selects a row further down, or up if negative. Where none is selected, it begins at the
    /// place of the last one that was.
    fn move_by(&mut self, rows: isize) {
        match self.selected {
            Some(_) => self.select(self.place.saturating_add_signed(rows)),
            None => self.select(self.place),
        }
    }
}
