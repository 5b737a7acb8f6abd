//! The place where all instances of one controller are looked at: one list serves all who
//! want one at the same time, and one is asked for once a second at most.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::answer;
use super::controller::{AmpCall, AmpController, AmpScope};
use super::listing::{self, AmpListing};
use crate::failure::{Failure, FailureKind};
use crate::inventory::AmpPanel;
use crate::supervisor::LOOK_EVERY;

/// The time within which AMP answers a question, with a login if that is needed.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// The longest pause after lists that did not come.
const PAUSE_MAX: Duration = Duration::from_secs(30);

const GET_INSTANCES: &str = "ADSModule/GetInstances";

/// A list, or why there is none.
pub(super) type AmpSeen = Result<Arc<AmpListing>, Failure>;

/// The desks of all controllers that a command asks.
#[derive(Debug, Clone, Default)]
pub struct AmpShare {
    desks: Arc<Mutex<Vec<Arc<AmpDesk>>>>,
    /// The time from which on a list is new enough; `None` where each look is a new one.
    seen_from: Option<Instant>,
}

impl AmpShare {
    /// Makes what serves a command that looks once.
    pub fn for_a_look() -> Self {
        Self {
            seen_from: Some(Instant::now()),
            ..Self::default()
        }
    }

    /// Returns the desk of a controller.
    pub(super) fn desk(&self, panel: &AmpPanel) -> Arc<AmpDesk> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desks.iter().find(|desk| desk.controller.panel() == panel) {
            return Arc::clone(desk);
        }
        let desk = Arc::new(AmpDesk {
            controller: AmpController::new(panel.clone()),
            latest: tokio::sync::Mutex::default(),
        });
        desks.push(Arc::clone(&desk));
        desk
    }

    pub(super) fn seen_from(&self) -> Option<Instant> {
        self.seen_from
    }
}

/// The list that was asked for last.
#[derive(Debug, Default)]
struct LatestSeen {
    seen: Option<(Instant, AmpSeen)>,
    /// The number of lists in a row that did not come.
    failures: u32,
}

#[derive(Debug)]
pub(super) struct AmpDesk {
    controller: AmpController,
    latest: tokio::sync::Mutex<LatestSeen>,
}

impl AmpDesk {
    pub(super) fn controller(&self) -> &AmpController {
        &self.controller
    }

    /// Returns a list that was asked for at `not_before` or later, and when that was.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn listing(&self, not_before: Instant) -> (Instant, AmpSeen) {
        let mut latest = self.latest.lock().await;
        if let Some((begun, seen)) = &latest.seen {
            if *begun >= not_before {
                return (*begun, seen.clone());
            }
            sleep_until(*begun + pause(latest.failures)).await;
        }
        let begun = Instant::now();
        let seen = self.ask().await;
        latest.failures = match &seen {
            Ok(_) => 0,
            Err(_) => latest.failures.saturating_add(1),
        };
        latest.seen = Some((begun, seen.clone()));
        (begun, seen)
    }

    async fn ask(&self) -> AmpSeen {
        let call = AmpCall {
            scope: AmpScope::Controller,
            method: GET_INSTANCES,
            args: json!({ "ForceIncludeSelf": false }),
            limit: ANSWER,
        };
        let asked = self.controller.ask(&call).await;
        let read = asked.map_err(crate::channel::AskError::failure).and_then(|body| {
            let listed = listing::parse(&body);
            listed.map_err(|error| answer::unexpected(GET_INSTANCES, &error))
        });
        read.map(Arc::new).map_err(|failure| Failure {
            kind: match failure.kind {
                FailureKind::Unsupported => FailureKind::Unsupported,
                _ => FailureKind::Unknown,
            },
            ..failure
        })
    }
}

/// Returns the time from one list to the next. A wrong password that is tried each second
/// would have AMP lock the account.
fn pause(failures: u32) -> Duration {
    LOOK_EVERY.saturating_mul(1 << failures.min(5)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_there_is_no_answer() {
        let pauses: Vec<u64> = [0, 1, 2, 4, 5, 99].map(|failures| pause(failures).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 16, 30, 30]);
    }
}
