//! The last line of the screen: the filter while it is typed, a question, and which rows are
//! seen where that is not the usual.

use crate::pane::{LogTyping, Pane, PaneMode};
use crate::text::clean_line;
use crate::ui::paint::{Look, Tone};
use crate::ui::width::{cut, width};

/// Returns the line; `None` where there is nothing to say.
pub(super) fn foot(pane: &Pane, columns: usize, look: Look) -> Option<String> {
    let filter = clean_line(pane.filter());
    let (tone, text) = match pane.mode() {
        PaneMode::Filter => {
            let right = format!("{}; Enter keeps it, Esc clears it", counted(pane));
            (Tone::Strong, typed("/", &filter, &right, columns))
        }
        PaneMode::Leaving | PaneMode::Asking { .. } => (Tone::Loud, question(&pane.question()?, columns, look)),
        PaneMode::Help => return None,
        PaneMode::Detail { .. } => (Tone::Hint, "Enter looks again, q goes back".to_owned()),
        PaneMode::Log { .. } => in_the_log(pane, columns, look),
        PaneMode::Board => match pane.notice() {
            Some(notice) => (Tone::Hint, clean_line(notice).into_owned()),
            None => (Tone::Hint, usual(&filter, pane)?),
        },
    };
    Some(look.paint(tone, &cut(&text, columns, look.ellipsis())))
}

/// Returns a question with the keys that answer it, whatever has to be cut for them.
fn question(text: &str, columns: usize, look: Look) -> String {
    const ANSWERS: &str = " [y/N]";
    let room = columns.saturating_sub(ANSWERS.len());
    format!("{}{ANSWERS}", cut(&clean_line(text), room, look.ellipsis()))
}

/// Returns the line below a log.
fn in_the_log(pane: &Pane, columns: usize, look: Look) -> (Tone, String) {
    let log = pane.log();
    let search = clean_line(log.search());
    match log.typing() {
        LogTyping::Search(text) => {
            let text = typed("/", &clean_line(text), "Enter finds it, Esc leaves it", columns);
            return (Tone::Strong, text);
        }
        LogTyping::Path(path) => {
            let text = typed("save to: ", &clean_line(path), "Enter saves, Esc leaves it", columns);
            return (Tone::Strong, text);
        }
        LogTyping::Replace(_) => {
            let asked = pane.question().unwrap_or_default();
            return (Tone::Loud, question(&asked, columns, look));
        }
        LogTyping::Nothing => {}
    }
    let text = match (pane.notice(), log.hit()) {
        (Some(notice), _) => clean_line(notice).into_owned(),
        (None, (_, 0)) if !search.is_empty() => format!("`{search}` is not there (Esc ends the search)"),
        (None, (at, count)) if !search.is_empty() => format!("`{search}`: {at} of {count} (n N move, Esc ends it)"),
        _ if pane.follows() => "q goes back, / finds, w wraps, s saves".to_owned(),
        _ => "Enter shows what comes, q goes back".to_owned(),
    };
    (Tone::Hint, text)
}

/// Returns the text that is typed, with the keys where there is room for them. Its end is
/// seen, since that is where one types.
fn typed(label: &str, text: &str, right: &str, columns: usize) -> String {
    let room = columns.saturating_sub(label.len() + 1);
    let mut begin = 0;
    while width(&text[begin..]) > room {
        begin += text[begin..].chars().next().map_or(1, char::len_utf8);
    }
    let left = format!("{label}{}_", &text[begin..]);
    match columns.checked_sub(width(&left) + width(right)) {
        Some(gap @ 2..) => format!("{left}{}{right}", " ".repeat(gap)),
        _ => left,
    }
}

fn counted(pane: &Pane) -> String {
    format!("{} of {}", pane.seen().len(), pane.count())
}

/// Returns which rows are seen, and in which order, where either was chosen.
fn usual(filter: &str, pane: &Pane) -> Option<String> {
    let order = pane.sort().in_words();
    match (filter, order) {
        ("", None) => None,
        ("", Some(order)) => Some(format!("{order} (o: another order)")),
        (filter, order) => {
            let order = order.map(|order| format!(", {order}")).unwrap_or_default();
            Some(format!("only `{filter}`: {}{order} (Esc shows all)", counted(pane)))
        }
    }
}
