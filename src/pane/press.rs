//! The keys that are told apart.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PressedKey {
    Char(char),
    /// A character of a text that was pasted: no key, whatever it is.
    Pasted(char),
    Enter,
    Escape,
    Backspace,
    /// Ctrl-U: the whole line is taken back.
    EraseLine,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}
