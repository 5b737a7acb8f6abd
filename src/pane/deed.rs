//! The deeds that a key asks for.

/// A deed on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneDeed {
    Start,
    Stop,
    Restart,
    /// Restart it when nobody plays, or after warnings.
    GentleRestart,
    /// Skip what a schedule does next.
    SkipNext,
    /// Cancel the countdown to its end, whoever counts.
    CancelCountdown,
}

impl PaneDeed {
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::GentleRestart => "gentle restart",
            Self::SkipNext => "skip",
            Self::CancelCountdown => "cancel",
        }
    }

    /// Returns the question before a deed that ends a game, where one runs.
    pub(super) fn question(self, id: &str) -> Option<String> {
        match self {
            Self::Stop | Self::Restart => Some(format!("{} {id}?", self.in_words())),
            Self::GentleRestart => Some(format!("restart {id} when empty, or after warnings?")),
            Self::Start | Self::SkipNext | Self::CancelCountdown => None,
        }
    }

    /// Returns true if it can be given up as long as it has not begun to end a game.
    pub(super) fn counts_down(self) -> bool {
        self == Self::GentleRestart
    }
}
