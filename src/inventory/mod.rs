//! The inventory: from YAML text to a validated model.
//!
//! ```text
//!             source ─▶ parse ─┬─▶ read ────▶ model
//!                              │     │
//!                              │     ▼
//!                              ├─▶ report ──▶ keys
//!                              │     │
//!                              └──▶ text
//! ```
//!
//! `text` makes of the text a tree that knows where each word stands. `read`
//! makes the `model` of the tree, and collects all problems with their places.
//! `report` shows the problems with the lines they are in, secrets masked, and
//! has the one table of keys.

mod model;
mod parse;
mod read;
mod report;
mod selector_words;
mod source;
mod text;

pub use model::address::HostPort;
pub use model::amp::{AmpAccess, AmpLayer, AmpPanel, AmpSpec};
pub use model::bare_name::BareName;
pub use model::before_start::BeforeStart;
pub use model::calendar::Calendar;
pub use model::channels::{ChannelKind, Channels, Password, Remote, Secret};
pub use model::compose::{ComposeEngine, ComposeSpec};
pub use model::hook::{Alarm, Hook};
pub use model::host::{DEFAULT_LINGER, Definition, HostSpec, Hosted, SshAccess, WayIn, definitions};
pub use model::http::{HttpAccess, HttpCheck, HttpLogin, HttpMethod, Tls};
pub use model::instance::{ID_MAX, Instance, Inventory, Plane, Port, Protocol, is_valid_id};
pub use model::kubectl::{KubectlObject, KubectlPlace, KubectlSpec, PatchedResource, UpRule, WorkloadKind};
pub use model::limits::Limits;
pub use model::link::{ClientCertificate, LinkVerb, NatsLink, NatsLogin, NatsServer, NatsTls, is_subject_token};
pub use model::needs::Needs;
pub use model::notify::{Notify, NotifyTarget, NtfyTarget, WebhookTarget};
pub use model::players::{PlayersCommand, PlayersLine, PlayersRequest, PlayersRule};
pub use model::podman::{PodmanObject, PodmanSpec};
pub use model::probe::{GamespyVersion, Healthy, LogFile, OnTimeout, Probe, Ready};
pub use model::process::{DEFAULT_UMASK, LogSpec, ProcessSpec};
pub use model::restart::{GiveUp, RestartPolicy, RestartWhen};
pub use model::schedule::{Deed, Schedule, ScheduleWarning};
pub use model::stop::{DEFAULT_STEP_WAIT, StopAction, StopStep, default_stop_chain};
pub use model::unit::{UnitScope, UnitSpec};
pub use model::warn::{Broadcast, Warning, WhenEmpty, in_words};
pub use model::zone::ClockZone;
pub use parse::{Mistakes, parse, parse_definitions};
pub use read::http::parse as parse_url;
pub(crate) use report::found::refused;
pub use report::keys;
pub use report::mask::Mask;
pub use report::nearest::nearest;
pub use report::problem::{Problem, Problems};
pub use selector_words::SelectorWords;
pub use source::{Source, Unchecked, find, read};
pub(crate) use text::lines::LineIndex;
pub(crate) use text::node::{Node, Refusal, Shape};
pub use text::written::{id_like, numbered_id, quoted, quoted_list, within_quotes};
pub(crate) use text::yaml::read as read_yaml;
