//! The command line as types only; completions and man pages are made from them.

pub mod completion;
mod courtesy;
mod lifecycle;
mod root;
mod selection;
mod time;
mod verbs;

pub use courtesy::{CourtesyArgs, WarningTimes};
pub use lifecycle::{RestartArgs, StartArgs, StopArgs};
pub use root::{Cli, Common, VerbArgs, When};
pub use selection::Selection;
pub use verbs::{
    Awaited, CompletionsArgs, ConsoleArgs, GamesArgs, HostAction, HostArgs, ImportArgs, InitArgs, LineCount, LogsArgs,
    NotifyArgs, OnExit, RunArgs, SCHEDULE_ACTIONS, ScheduleArgs, SendArgs, Shell, StatusArgs, WatchArgs,
};
