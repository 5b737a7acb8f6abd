//! The supervisor of an instance on another host: it asks the gamectl there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::timeout;

use super::call::Call;
use super::log_stream::LogStream;
use super::remote::RemoteHost;
use super::start_record::StartRecord;
use super::wire::{Ask, RowLine, Say, VerbAsk};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{Instance, Plane};
use crate::invocation::command;
use crate::store::StateDir;
use crate::supervisor::{
    ANSWER_LIMIT, AdminChannel, ConsoleAccess, ConsoleInput, ConsoleKind, ConsoleOutput, EngineAnswer, EnginePlan,
    EngineWord, HostEngine, InstanceState, Observation, Outcome, OutputAsk, OutputSource, PlayerQuery, Players,
    StartOptions, StateCell, StopOptions, Supervisor, Usage, UsageMeter, Verb, VerbRequest, Want,
};

/// The time that an answer may take beyond the limit of what is asked.
const SLACK: Duration = Duration::from_secs(5);

/// The longest wait for a console to take input, or to be described.
const CONSOLE: Duration = Duration::from_secs(10);

/// The longest wait for the steps of a verb.
const DRY_RUN: Duration = Duration::from_secs(20);

const PROCESS: &str = "process";
const STACK: &str = "docker_compose";
const PODMAN: &str = "podman";
const UNIT: &str = "systemd";
const KUBECTL: &str = "kubectl";
const AMP: &str = "amp";

/// An instance on another host.
pub struct SshSupervisor {
    id: String,
    plane: &'static str,
    remote: Arc<RemoteHost>,
    state: StateCell<InstanceState>,
    intent: Mutex<Option<Want>>,
    uptime_seconds: AtomicU64,
    record: StartRecord,
    /// The time that an answer how many play may take; `None` if nobody can be asked.
    counts_within: Option<Duration>,
}

impl SshSupervisor {
    /// Creates the supervisor of an instance of a host that was met. Its starts are put on
    /// record in a state directory of this machine.
    pub fn new(instance: &Instance, remote: Arc<RemoteHost>, records: Option<Arc<StateDir>>) -> Self {
        let plane = match &instance.plane {
            Plane::Unmanaged { plane, .. } => plane,
            Plane::Process(_) => PROCESS,
            Plane::DockerCompose(_) => STACK,
            Plane::Podman(_) => PODMAN,
            Plane::Systemd(_) => UNIT,
            Plane::Kubectl(_) => KUBECTL,
            Plane::Amp(_) => AMP,
        };
        Self {
            counts_within: instance.counted_by().map(|rule| rule.limit()),
            ..Self::of(&instance.id, plane, remote, records)
        }
    }

    /// Creates the supervisor of what is on record as started on a host.
    pub fn recorded(id: &str, plane: &str, remote: Arc<RemoteHost>, records: Option<Arc<StateDir>>) -> Self {
        let known = [PROCESS, STACK, PODMAN, UNIT, KUBECTL, AMP];
        let known = known.into_iter().find(|known| *known == plane);
        let new = Self::of(id, known.unwrap_or("unknown"), remote, records);
        Self {
            record: new.record.left_alone(),
            ..new
        }
    }

    fn of(id: &str, plane: &'static str, remote: Arc<RemoteHost>, records: Option<Arc<StateDir>>) -> Self {
        Self {
            id: id.to_owned(),
            plane,
            record: StartRecord::new(plane, remote.spec(), records),
            remote,
            state: StateCell::new(InstanceState::Stopped),
            intent: Mutex::default(),
            uptime_seconds: AtomicU64::new(0),
            counts_within: None,
        }
    }

    /// Returns the failure of what was asked and may have been done.
    fn unheard(&self, what: &str, why: &Failure) -> Failure {
        let message = format!("{why}; {what} may have been carried out all the same");
        let status = command(format_args!("status {}", self.id));
        Failure::unknown(message).hint(format!("{status} shows what became of it"))
    }

    /// Takes note of a row, and returns what was seen.
    fn seen(&self, row: Result<RowLine, Failure>) -> Observation {
        match row {
            Ok(row) => {
                let observation = row.observation();
                *self.intent.lock().unwrap_or_else(PoisonError::into_inner) = row.want();
                if let Observation::Known(facts) = &observation {
                    if facts.state.is_alive() {
                        self.record.runs(&self.id, self.remote.account());
                    }
                    self.uptime_seconds.store(facts.uptime_seconds, Ordering::Relaxed);
                    self.state.set(facts.state.clone());
                }
                observation
            }
            Err(failure) => Observation::Unknown {
                reason: failure.in_one(),
            },
        }
    }

    async fn answer(&self, ask: Ask, limit: Duration) -> Result<Say, Failure> {
        let answered = async { self.remote.call(ask).await?.next().await };
        match timeout(limit, answered).await {
            Ok(answered) => Ok(answered?.0),
            Err(_) => Err(Failure::unknown("its host did not answer in time")),
        }
    }

    /// Asks for a verb. What may start something is on record before.
    async fn ask(&self, asked: &VerbRequest) -> Result<Call, Failure> {
        if asked.verb != Verb::Stop {
            self.remote.reach().await?;
            self.record.starts(&self.id, self.remote.account())?;
        }
        self.remote.call(Ask::Verb(VerbAsk::new(&self.id, asked))).await
    }

    async fn whole(&self, asked: VerbRequest) -> Result<Outcome> {
        Ok(self.carry_out(&asked, &|_| {}).await.outcome?)
    }
}

#[async_trait::async_trait]
impl Supervisor for SshSupervisor {
    fn instance_id(&self) -> &str {
        &self.id
    }

    fn state(&self) -> InstanceState {
        self.state.get()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.state.follow()
    }

    async fn uptime_seconds(&self) -> u64 {
        self.uptime_seconds.load(Ordering::Relaxed)
    }

    fn plane(&self) -> &'static str {
        self.plane
    }

    async fn look(&self) -> Observation {
        let looked = self.remote.look(&self.id).await;
        self.seen(looked)
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        let mut rows = self.remote.watch(&self.id);
        loop {
            tokio::select! {
                row = rows.recv() => match row {
                    Some(row) => drop(seen.send_replace(Some(self.seen(row)))),
                    None => return,
                },
                () = seen.closed() => return,
            }
        }
    }

    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome> {
        self.whole(VerbRequest {
            no_wait: options.no_wait,
            timeout: options.timeout,
            ..VerbRequest::new(Verb::Start)
        })
        .await
    }

    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome> {
        self.whole(VerbRequest {
            now: options.now,
            ..VerbRequest::new(Verb::Stop)
        })
        .await
    }

    fn host(&self) -> Option<&str> {
        Some(self.remote.name())
    }

    fn engine(&self) -> Option<&dyn HostEngine> {
        Some(self)
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(self)
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        self.counts_within.is_some().then_some(self)
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        Some(self)
    }

    fn output(&self) -> Option<&dyn OutputSource> {
        Some(self)
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl PlayerQuery for SshSupervisor {
    fn limit(&self) -> Duration {
        self.counts_within.unwrap_or(ANSWER_LIMIT)
    }

    /// The limit of the game is its own there, and the way takes its time.
    async fn count(&self, limit: Duration) -> Option<Players> {
        timeout(limit, self.remote.count(&self.id)).await.ok().flatten()
    }
}

#[async_trait::async_trait]
impl UsageMeter for SshSupervisor {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        timeout(limit, self.remote.measure(&self.id)).await.ok().flatten()
    }
}

#[async_trait::async_trait]
impl ConsoleAccess for SshSupervisor {
    async fn kind(&self) -> Result<ConsoleKind> {
        let instance = self.id.clone();
        match self.answer(Ask::Console { instance }, CONSOLE).await? {
            Say::Console { is_terminal: true } => Ok(ConsoleKind::Terminal),
            Say::Console { is_terminal: false } => Ok(ConsoleKind::Lines),
            _ => Err(something_else().into()),
        }
    }

    async fn type_in(&self, input: &ConsoleInput) -> Result<()> {
        let ask = Ask::TypeIn {
            instance: self.id.clone(),
            input: input.into(),
        };
        match self.answer(ask, CONSOLE).await? {
            Say::Opened {} => Ok(()),
            _ => Err(something_else().into()),
        }
    }
}

#[async_trait::async_trait]
impl HostEngine for SshSupervisor {
    fn intent(&self) -> Option<Want> {
        *self.intent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn account(&self) -> Option<String> {
        self.remote.reach().await.ok()?;
        self.remote.account()
    }

    async fn carry_out(&self, asked: &VerbRequest, tell: &(dyn Fn(EngineWord) + Send + Sync)) -> EngineAnswer {
        let mut call = match self.ask(asked).await {
            Ok(call) => call,
            Err(failure) => return failure.into(),
        };
        loop {
            match call.next().await {
                Ok((Say::Result(answered), _)) => {
                    let answer = EngineAnswer::from(answered);
                    if asked.verb == Verb::Stop && answer.outcome.is_ok() {
                        self.record.stopped(&self.id, self.remote.account().as_deref());
                    }
                    let state = answer.outcome.as_ref().map(|outcome| &outcome.state).ok();
                    if let Some(state) = state.or(answer.state.as_ref()) {
                        self.state.set(state.clone());
                    }
                    return answer;
                }
                Ok((Say::LockHeld { holder }, _)) => {
                    tell(EngineWord::LockHeld(crate::text::clean_line(&holder).into_owned()));
                }
                Ok((say, _)) => {
                    if let Some(activity) = say.activity() {
                        tell(EngineWord::Awaiting(activity));
                    }
                }
                Err(why) if call.is_lost() => {
                    return self.unheard(&format!("the {}", asked.verb.as_str()), &why).into();
                }
                Err(failure) => return failure.into(),
            }
        }
    }

    async fn dry_run(&self, asked: &VerbRequest) -> Result<EnginePlan, Failure> {
        match self.answer(Ask::DryRun(VerbAsk::new(&self.id, asked)), DRY_RUN).await? {
            Say::Plan(plan) => Ok(plan.into()),
            _ => Err(something_else()),
        }
    }
}

fn something_else() -> Failure {
    Failure::unknown("its host answers something else")
}

#[async_trait::async_trait]
impl AdminChannel for SshSupervisor {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        let ask = Ask::Send {
            instance: self.id.clone(),
            line: line.to_owned(),
            limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        let mut call = self.remote.call(ask).await?;
        match timeout(limit.saturating_add(SLACK), call.next()).await {
            Ok(Ok((Say::Reply { reply }, _))) => Ok(reply),
            Ok(Ok(_)) => Err(something_else().into()),
            Ok(Err(why)) if call.is_lost() => Err(self.unheard("the line", &why).into()),
            Ok(Err(failure)) => Err(failure.into()),
            Err(_) => {
                let why = Failure::new(FailureKind::Timeout, "its host did not answer in time");
                Err(self.unheard("the line", &why).into())
            }
        }
    }
}

#[async_trait::async_trait]
impl OutputSource for SshSupervisor {
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput> {
        let ask = Ask::Logs {
            instance: self.id.clone(),
            from: ask.from.into(),
            follow: ask.follow,
            times: ask.times,
            previous: ask.previous,
        };
        let mut call = self.remote.call(ask).await?;
        match call.next().await? {
            (Say::Opened {}, _) => Ok(Box::new(LogStream::new(call))),
            _ => Err(something_else().into()),
        }
    }

    fn keeps_launches(&self) -> bool {
        // The host itself says if it cannot.
        true
    }
}
