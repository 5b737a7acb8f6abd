//! One object of a cluster, as looks find it.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::absence::LastAbsence;
use super::complaint::Complaint;
use super::engine::{KubectlEngine, KubectlRefusal};
use super::entering::Entrance;
use super::listing::{ClusterListing, Forbidden, read_object};
use super::plan::KubectlPlan;
use super::pod::ClusterPod;
use super::share::KubectlShare;
use super::state::{ClusterRecords, Judged, judge};
use super::target::{self, FoundObject, FoundOrNot};
use super::{explain, probing, reading};
use crate::containers::GroupRecords;
use crate::failure::Failure;
use crate::inventory::{KubectlSpec, PlayersRule};
use crate::supervisor::{InstanceState, Observation, StateCell};

pub(super) struct ManagedObject {
    spec: KubectlSpec,
    engine: KubectlEngine,
    records: GroupRecords,
    share: KubectlShare,
    plan: KubectlPlan,
    state: StateCell<InstanceState>,
    since: StateCell<Option<SystemTime>>,
    /// The run whose probes have held.
    held: StateCell<Option<u64>>,
    /// The container that was found last to run, where players are counted in it.
    entered: StateCell<Option<Entrance>>,
    absence: LastAbsence,
}

/// The result of a look.
pub(super) struct ObjectLook {
    pub(super) found: Box<FoundObject>,
    pub(super) judged: Judged,
}

impl ManagedObject {
    pub(super) fn new(spec: KubectlSpec, plan: KubectlPlan, records: GroupRecords, share: KubectlShare) -> Self {
        share.enroll(&spec);
        Self {
            engine: KubectlEngine::new(spec.place.clone()),
            spec,
            records,
            share,
            plan,
            state: StateCell::new(InstanceState::Stopped),
            since: StateCell::default(),
            held: StateCell::default(),
            entered: StateCell::default(),
            absence: LastAbsence::default(),
        }
    }

    pub(super) fn spec(&self) -> &KubectlSpec {
        &self.spec
    }

    pub(super) fn engine(&self) -> &KubectlEngine {
        &self.engine
    }

    pub(super) fn records(&self) -> &GroupRecords {
        &self.records
    }

    pub(super) fn plan(&self) -> &KubectlPlan {
        &self.plan
    }

    pub(super) fn state(&self) -> InstanceState {
        self.state.get()
    }

    pub(super) fn follow_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    pub(super) fn uptime_seconds(&self) -> u64 {
        let up = self.since.get().and_then(|since| since.elapsed().ok());
        match self.state() {
            InstanceState::Running => up.map_or(0, |up: Duration| up.as_secs()),
            _ => 0,
        }
    }

    /// Subscribes to changes of what is known of its context; `None` where that is not
    /// followed.
    pub(super) fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.share.changes(&self.engine)
    }

    pub(super) async fn look(&self) -> Observation {
        match self.see().await {
            Ok(ObjectLook { judged, .. }) => match judged.lost {
                Some(reason) => Observation::Unknown { reason },
                None => judged.facts.into(),
            },
            Err(failure) => Observation::Unknown {
                reason: failure.in_one(),
            },
        }
    }

    /// Looks, at what is shared where that is enough, and publishes the state.
    pub(super) async fn see(&self) -> Result<ObjectLook, Failure> {
        match self.share.listing(&self.engine).await {
            Some(listing) => self.judge(&*listing?, Asked::AgainAndAgain).await,
            None => self.see_anew().await,
        }
    }

    /// Looks anew, at the namespace of the object alone.
    pub(super) async fn see_anew(&self) -> Result<ObjectLook, Failure> {
        self.judge(&self.list().await?, Asked::Once).await
    }

    async fn list(&self) -> Result<ClusterListing, Failure> {
        let namespaces = [self.spec.place.namespace.clone()];
        reading::list(&self.engine, &namespaces, &target::kinds(&self.spec)).await
    }

    async fn judge(&self, listing: &ClusterListing, asked: Asked) -> Result<ObjectLook, Failure> {
        if let Some(failure) = self.refusal(listing) {
            return Err(failure);
        }
        let found = match target::find(&self.spec, listing) {
            FoundOrNot::Yes(found) => found,
            FoundOrNot::No(near) => return Err(self.absent(near.as_deref(), asked).await),
        };
        self.absence.forget();
        let intent = self.records.intent()?;
        let start = self.records.last_start()?;
        let records = ClusterRecords {
            want: intent.map(|intent| intent.want),
            is_stopped_by_us: start.as_ref().is_some_and(|start| start.stop.is_some()),
            restarts: start.as_ref().map_or(0, |start| start.restarts),
        };
        let mut judged = judge(&self.spec, &found, &records);
        self.probe(&found, &mut judged).await?;
        if matches!(self.plan.players, Some(PlayersRule::Exec(_))) {
            self.entered.set(self.entrance(&found.pods).ok());
        }
        self.since.set(judged.facts.since);
        self.state.set(judged.facts.state.clone());
        Ok(ObjectLook { found, judged })
    }

    /// Asks the probes of an object that is up, unless they have held already.
    async fn probe(&self, found: &FoundObject, judged: &mut Judged) -> Result<(), Failure> {
        let run = judged.facts.run;
        let is_up = judged.facts.state == InstanceState::Running && found.pods.iter().any(ClusterPod::is_alive);
        if !is_up || self.plan.is_ready_by_default() || run.is_some() && self.held.get() == run {
            return Ok(());
        }
        let entrance = self.entrance(&found.pods).ok();
        let Some(awaited) = probing::check(&self.plan.ready, entrance.as_ref()).await? else {
            self.held.set(run);
            return Ok(());
        };
        judged.facts.state = InstanceState::Starting;
        judged.facts.uptime_seconds = 0;
        judged.facts.note = Some(format!("its pods are ready; not yet {awaited}"));
        judged.has_arrived = false;
        judged.awaited = awaited;
        Ok(())
    }

    /// Finds the container of the game.
    ///
    /// # Errors
    /// When nothing runs, or there is no such container.
    pub(super) fn entrance(&self, pods: &[ClusterPod]) -> Result<Entrance, Failure> {
        Entrance::of(&self.engine, &self.spec, self.records.id(), pods)
    }

    /// Returns the container that the last look found to run.
    pub(super) fn entered(&self) -> Option<Entrance> {
        self.entered.get()
    }

    /// Returns why a listing says nothing of the object; `None` if it does.
    fn refusal(&self, listing: &ClusterListing) -> Option<Failure> {
        let kinds = target::kinds(&self.spec);
        if listing.missing_kinds.iter().any(|missing| kinds.contains(missing)) {
            return Some(explain::no_kind(&self.engine, &self.spec));
        }
        let concerns = |one: &&Forbidden| {
            let is_of_kinds = kinds.iter().any(|kind| one.is_of(kind));
            one.namespace == self.spec.place.namespace && (one.is_of("pods") || is_of_kinds)
        };
        let forbidden = listing.forbidden.iter().find(concerns)?;
        Some(explain::forbidden(&self.engine, &forbidden.said, "get, list and watch"))
    }

    /// Returns why an object is not in a list. For looks that are repeated it is not asked for
    /// anew each time.
    async fn absent(&self, near: Option<&str>, asked: Asked) -> Failure {
        let last = match asked {
            Asked::AgainAndAgain => self.absence.get(near),
            Asked::Once => None,
        };
        if let Some(failure) = last {
            return failure;
        }
        let (failure, is_lasting) = self.explain_absence(near).await;
        if is_lasting {
            self.absence.keep(near, &failure);
        }
        failure
    }

    /// Asks why an object is not in a list, which is empty also where there is no such
    /// namespace. Returns true with it if the cluster itself has said so.
    async fn explain_absence(&self, near: Option<&str>) -> (Failure, bool) {
        let words = [
            "get".to_owned(),
            explain::target(&self.spec),
            "--output=json".to_owned(),
        ];
        match self.engine.ask(words).await {
            Ok(answer) => match read_object(&answer) {
                Ok(object) if !target::is_kind(self.spec.resource(), &object) => {
                    (explain::other_word(&self.spec, &object.kind), true)
                }
                Ok(_) => (Failure::unknown(format!("{} was made just now", self.spec)), false),
                Err(why) => (Failure::unknown(why), false),
            },
            Err(KubectlRefusal::Complaint(Complaint::NoObject)) => {
                (explain::not_found(&self.engine, &self.spec, near), true)
            }
            Err(refusal) => {
                let is_lasting = matches!(refusal, KubectlRefusal::Complaint(Complaint::NoNamespace));
                (explain::unanswered(&self.engine, &self.spec, refusal), is_lasting)
            }
        }
    }
}

/// The kind of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// For somebody who waits for the answer.
    Once,
    /// After each change of what is followed.
    AgainAndAgain,
}
