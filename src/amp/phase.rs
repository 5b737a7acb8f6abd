//! The states of an application, by the numbers that AMP has published for them.

/// An application as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmpPhase {
    /// Nothing of it runs.
    Down,
    Starting,
    /// Players can join.
    Ready,
    Stopping,
    /// Stopped since nobody played; AMP starts it when somebody joins.
    Asleep,
    /// AMP prepares it, and can start it when that is over.
    Busy,
    /// AMP goes on when a person has answered something in its panel.
    AsksPerson,
    /// Ended, and nobody had asked for that.
    Failed,
    /// AMP starts it when somebody has let it go on.
    Suspended,
    /// AMP does not know.
    Unknown,
}

/// The numbers with their published names.
const TABLE: [(i64, &str, AmpPhase); 18] = [
    (-1, "Undefined", AmpPhase::Unknown),
    (0, "Stopped", AmpPhase::Down),
    (5, "PreStart", AmpPhase::Starting),
    (7, "Configuring", AmpPhase::Starting),
    (10, "Starting", AmpPhase::Starting),
    (20, "Ready", AmpPhase::Ready),
    (30, "Restarting", AmpPhase::Starting),
    (40, "Stopping", AmpPhase::Stopping),
    (45, "PreparingForSleep", AmpPhase::Stopping),
    (50, "Sleeping", AmpPhase::Asleep),
    (60, "Waiting", AmpPhase::Busy),
    (70, "Installing", AmpPhase::Busy),
    (75, "Updating", AmpPhase::Busy),
    (80, "AwaitingUserInput", AmpPhase::AsksPerson),
    (100, "Failed", AmpPhase::Failed),
    (200, "Suspended", AmpPhase::Suspended),
    (250, "Maintenance", AmpPhase::Busy),
    (999, "Indeterminate", AmpPhase::Unknown),
];

/// Returns the name of a number and what it means; `None` if it was not published.
pub(super) fn of_number(number: i64) -> Option<(&'static str, AmpPhase)> {
    let known = TABLE.iter().find(|(known, _, _)| *known == number);
    known.map(|(_, name, phase)| (*name, *phase))
}
