//! The place where all instances of one controller are looked at: one list serves all who
//! want one at the same time, and one is asked for once a second at most.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::answer;
use super::controller::{AmpCall, AmpController, AmpScope};
use super::listing::{self, AmpSeen, ListedInstance};
use super::manager::{self, AmpManagerProgram};
use super::order::AmpOrder;
use crate::channel::AskError;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{AmpAccess, AmpLayer};
use crate::supervisor::LOOK_EVERY;

/// The time within which AMP answers a question, with a login if that is needed.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// The time within which the controller answers an order.
const ORDER: Duration = Duration::from_secs(30);

/// The time from one list of `ampinstmgr` to the next, each of which is a program to start.
const MANAGER_EVERY: Duration = Duration::from_secs(3);

/// The longest pause after lists that did not come.
const PAUSE_MAX: Duration = Duration::from_secs(30);

const GET_INSTANCES: &str = "ADSModule/GetInstances";

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
    pub(super) fn desk(&self, access: &AmpAccess) -> Arc<AmpDesk> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desks.iter().find(|desk| desk.is_of(access)) {
            return Arc::clone(desk);
        }
        let desk = Arc::new(AmpDesk {
            asked: match access {
                AmpAccess::Api(panel) => Asked::Controller(Box::new(AmpController::new(panel.clone()))),
                AmpAccess::Manager(user) => Asked::Manager(AmpManagerProgram::of_user(user.clone())),
            },
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

/// The part of AMP that is asked.
#[derive(Debug)]
enum Asked {
    Controller(Box<AmpController>),
    Manager(AmpManagerProgram),
}

#[derive(Debug)]
pub(super) struct AmpDesk {
    asked: Asked,
    latest: tokio::sync::Mutex<LatestSeen>,
}

impl AmpDesk {
    fn is_of(&self, access: &AmpAccess) -> bool {
        match (&self.asked, access) {
            (Asked::Controller(controller), AmpAccess::Api(panel)) => controller.panel() == panel,
            (Asked::Manager(program), AmpAccess::Manager(user)) => program.user() == user,
            _ => false,
        }
    }

    /// Returns the controller.
    ///
    /// # Errors
    /// Where AMP is asked by `ampinstmgr`, which does not know the games.
    pub(super) fn controller(&self) -> Result<&AmpController, Failure> {
        match &self.asked {
            Asked::Controller(controller) => Ok(controller),
            Asked::Manager(_) => Err(beyond_manager()),
        }
    }

    /// Returns the words of an order.
    pub(super) fn words(&self, order: AmpOrder) -> String {
        let by_manager = match &self.asked {
            Asked::Controller(_) => None,
            Asked::Manager(_) => manager::words(order),
        };
        by_manager.unwrap_or_else(|| order.method().to_owned())
    }

    /// Has AMP carry an order out. What the answer says is worth little; returned is the
    /// reason that AMP gives for not doing it, if it gives one.
    pub(super) async fn order(&self, order: AmpOrder, one: &ListedInstance) -> Result<Option<String>, AskError> {
        let controller = match &self.asked {
            Asked::Manager(program) => return program.order(order, &one.name).await,
            Asked::Controller(controller) => controller,
        };
        let (scope, args) = match order.layer() {
            AmpLayer::Instance => (AmpScope::Controller, json!({ "InstanceName": one.name })),
            AmpLayer::Application => (AmpScope::Instance(one.id.clone()), json!({})),
        };
        let call = AmpCall {
            scope,
            method: order.method(),
            args,
            limit: ORDER,
        };
        let body = controller.ask(&call).await?;
        Ok(answer::refusal(&body))
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
            sleep_until(*begun + pause(self.every(), latest.failures)).await;
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

    /// Returns the least time from one list to the next.
    fn every(&self) -> Duration {
        match &self.asked {
            Asked::Controller(_) => LOOK_EVERY,
            Asked::Manager(_) => MANAGER_EVERY,
        }
    }

    async fn ask(&self) -> AmpSeen {
        let controller = match &self.asked {
            Asked::Manager(program) => return program.list().await,
            Asked::Controller(controller) => controller,
        };
        let call = AmpCall {
            scope: AmpScope::Controller,
            method: GET_INSTANCES,
            args: json!({ "ForceIncludeSelf": false }),
            limit: ANSWER,
        };
        let asked = controller.ask(&call).await;
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

/// Returns the failure of what `ampinstmgr` cannot do.
fn beyond_manager() -> Failure {
    let message = "`ampinstmgr` neither has the console of a game nor passes on what it prints";
    Failure::new(FailureKind::Unsupported, message)
        .hint("give `url`, `user` and `password` of `amp` in the place of `manager`, and its API is asked")
}

/// Returns the time from one list to the next. A wrong password that is tried each second
/// would have AMP lock the account.
fn pause(every: Duration, failures: u32) -> Duration {
    every.saturating_mul(1 << failures.min(5)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_there_is_no_answer() {
        let pauses: Vec<u64> = [0, 1, 2, 4, 5, 99]
            .map(|failures| pause(LOOK_EVERY, failures).as_secs())
            .into();
        assert_eq!(pauses, [1, 2, 4, 16, 30, 30]);
    }
}
