//! An instance that may run on the plane, or on the host, that it had before the inventory
//! changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::invocation::command;
use crate::supervisor::{
    Activity, AdminChannel, ConsoleAccess, Facts, HealthCheck, InstanceState, LOOK_EVERY, Observation, Outcome,
    OutputSource, PlayerQuery, StartOptions, StateCell, StopOptions, Supervisor, Survey, VerbPlan, join_notes,
};

/// Supervises an instance through its former plane, on its former host, for as long as it
/// runs there, and then through the present one. It starts no second copy.
pub(super) struct PlaneChange {
    former: Arc<dyn Supervisor>,
    present: Arc<dyn Supervisor>,
    former_runs: AtomicBool,
    state: StateCell<InstanceState>,
    /// The folder of the record of its last start.
    record: PathBuf,
    /// The account in which that was, where it is another machine.
    account: Option<String>,
}

impl PlaneChange {
    pub(super) fn new(
        former: Arc<dyn Supervisor>,
        present: Arc<dyn Supervisor>,
        record: PathBuf,
        account: Option<String>,
    ) -> Self {
        let (former_runs, state) = match former.snapshot() {
            Some(Observation::Known(facts)) if facts.state.is_alive() => (true, facts.state),
            _ => (false, present.state()),
        };
        Self {
            former,
            present,
            former_runs: AtomicBool::new(former_runs),
            state: StateCell::new(state),
            record,
            account,
        }
    }

    fn acting(&self) -> &dyn Supervisor {
        match self.former_runs.load(Ordering::Relaxed) {
            true => self.former.as_ref(),
            false => self.present.as_ref(),
        }
    }

    /// Returns true where the former host is the present one under another name.
    async fn is_one_account(&self) -> bool {
        match (&self.account, self.present.engine()) {
            (Some(known), Some(engine)) => engine.account().await.as_ref() == Some(known),
            _ => false,
        }
    }

    /// Looks at the former one. Where it is the present one under another name, nothing is
    /// left of it: all that is there is seen through the present one.
    async fn look_at_former(&self) -> Observation {
        let is_other = async {
            if self.is_one_account().await {
                std::future::pending::<()>().await;
            }
        };
        let is_one = async {
            if !self.is_one_account().await {
                std::future::pending::<()>().await;
            }
        };
        // The old name may lead nowhere, which takes its time to find out.
        let observation = tokio::select! {
            (observation, ()) = async { tokio::join!(self.former.look(), is_other) } => observation,
            () = is_one => Facts::bare(InstanceState::Stopped, None).into(),
        };
        self.former_runs.store(runs(&observation), Ordering::Relaxed);
        observation
    }

    fn noted(&self, mut facts: Box<Facts>) -> Observation {
        let how = self.how();
        let note = format!("it runs as it was started, {how}, and the inventory has changed");
        facts.note = join_notes([Some(note), facts.note.take()]);
        Observation::Known(facts)
    }

    fn unknown(&self, reason: &str) -> Failure {
        let how = self.how();
        let failure = Failure::unknown(format!("it may still run as it was last started, {how}: {reason}"));
        match self.former.host() {
            None => failure,
            Some(_) => failure.hint(format!(
                "once nothing of it runs there, remove the record of that with: rm {}/origin",
                self.record.display()
            )),
        }
    }

    /// Returns what it was started by, or where, as far as that is another one now.
    fn how(&self) -> String {
        match (self.former.host(), self.present.host()) {
            (former, present) if former == present && former.is_none() => format!("by `{}`", self.former.plane()),
            (None, _) => "on this machine".to_owned(),
            (Some(host), _) => format!("on `{host}`"),
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for PlaneChange {
    fn instance_id(&self) -> &str {
        self.present.instance_id()
    }

    fn state(&self) -> InstanceState {
        self.state.get()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.acting().uptime_seconds().await
    }

    fn plane(&self) -> &'static str {
        self.acting().plane()
    }

    async fn look(&self) -> Observation {
        let observation = match self.look_at_former().await {
            Observation::Known(facts) if facts.state.is_alive() => self.noted(facts),
            Observation::Known(_) => self.present.look().await,
            Observation::Unknown { reason } => match self.present.look().await {
                present if runs(&present) => present,
                _ => Observation::Unknown {
                    reason: self.unknown(&reason).in_one(),
                },
            },
        };
        if let Observation::Known(facts) = &observation {
            self.state.set(facts.state.clone());
        }
        observation
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        loop {
            let former = self.look_at_former().await;
            if matches!(&former, Observation::Known(facts) if !facts.state.is_alive()) || seen.is_closed() {
                break;
            }
            seen.send_replace(Some(self.look().await));
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let mut states = self.present.watch_state();
        let repeat = async {
            while states.changed().await.is_ok() {
                self.state.set(states.borrow_and_update().clone());
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = Arc::clone(&self.present).keep_watch(seen) => {}
            () = repeat => {}
        }
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        match self.look_at_former().await {
            Observation::Known(facts) if facts.state.is_alive() => {
                let how = self.how();
                let message = format!("it runs as it was last started, {how}, and the inventory has changed");
                let hint = format!(
                    "{} ends that, and starts the new one",
                    command(format_args!("restart {}", self.instance_id()))
                );
                return Err(Failure::failed(message).hint(hint).into());
            }
            Observation::Unknown { reason } if !runs(&self.present.look().await) => {
                return Err(self.unknown(&reason).into());
            }
            _ => {}
        }
        let outcome = Arc::clone(&self.present).start_with(options).await;
        self.state.set(self.present.state());
        outcome
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        let former = self.look_at_former().await;
        let ended = match &former {
            Observation::Known(facts) if facts.state.is_alive() => {
                Some(Arc::clone(&self.former).stop_with(options.clone()).await?)
            }
            _ => None,
        };
        self.former_runs.store(false, Ordering::Relaxed);
        if let Some(outcome) = &ended
            && self.present.state() == InstanceState::Unmanaged
        {
            return Ok(outcome.clone());
        }
        let outcome = Arc::clone(&self.present).stop_with(options).await;
        self.state.set(self.present.state());
        match former {
            Observation::Unknown { reason } => Err(self.unknown(&reason).into()),
            Observation::Known(_) => Ok(ended.unwrap_or(outcome?)),
        }
    }

    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        self.acting().activity()
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        self.acting().console()
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        self.acting().admin()
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.acting().players()
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        self.acting().health()
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        self.acting().plan()
    }

    fn survey(&self) -> Option<&dyn Survey> {
        self.present.survey()
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        self.acting().output()
    }

    // The engine of the present plane knows nothing of the former one.
    fn host(&self) -> Option<&str> {
        self.acting().host()
    }
}

fn runs(observation: &Observation) -> bool {
    matches!(observation, Observation::Known(facts) if facts.state.is_alive())
}
