//! A line of text that is typed.

use super::press::PressedKey;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypingEnd {
    GoesOn,
    /// The text is meant as it is.
    Taken,
    Leaves,
}

/// Takes a key in. What is no part of a text is passed over, and what makes it longer than `most`
/// characters.
pub(super) fn type_in(text: &mut String, key: PressedKey, most: usize) -> TypingEnd {
    match key {
        PressedKey::Enter => return TypingEnd::Taken,
        PressedKey::Escape => return TypingEnd::Leaves,
        PressedKey::Backspace if text.is_empty() => return TypingEnd::Leaves,
        PressedKey::Backspace => drop(text.pop()),
        PressedKey::EraseLine => text.clear(),
        PressedKey::Char(c) | PressedKey::Pasted(c) if text.chars().count() < most => text.push(c),
        _ => {}
    }
    TypingEnd::GoesOn
}
