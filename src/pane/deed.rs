//! The deeds that a key asks for.

/// A deed on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneDeed {
    Start,
    Stop,
    Restart,
    /// Skip what a schedule does next.
    SkipNext,
}

impl PaneDeed {
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::SkipNext => "skip",
        }
    }

    /// Returns true if it ends a game, where one runs.
    pub(super) fn ends_games(self) -> bool {
        matches!(self, Self::Stop | Self::Restart)
    }
}
