//! The keeping of instances for a `run` elsewhere.
//!
//! # Theory of operation
//!
//! The keeper is that of `run`: one per state directory, with the lock of `run`. Where
//! another one has that, it keeps, and this one only shows, until it is gone.
//!
//! When the connection is lost the keeping goes on for the time that was asked for. A
//! process of its own takes over for that, so that nothing of the login is left: it is
//! told the same as this one was, and claims the state directory. Whoever comes next
//! claims it in the same way, also the one that was lost. Where logind ends what is left of
//! a session, both are in a scope of their own, as games are.

use std::collections::BTreeMap;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::super::{Host, RunOptions, Supervision};
use super::definitions::SentDefinitions;
use super::detached;
use super::streams::Answers;
use super::tasks;
use crate::event::{ResidentEvent, WatchedRow};
use crate::failure::{Failure, FailureKind};
use crate::ssh::wire::{AwaitsLine, EntryLine, KeepAsk, RowLine, Say, ServeAnswer, line};
use crate::store::lock;
use crate::supervisor::Observation;
use crate::usages::UsageDemand;

/// The time that is given to the hooks of what has happened, at the end.
const HOOKS: Duration = Duration::from_secs(10);

/// The time that is given to what is still to be said, at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The longest wait for the other end to take a word.
const UNHEARD: Duration = Duration::from_secs(20);

/// The pause before it is tried again to be the keeper.
const AGAIN: Duration = Duration::from_secs(5);

/// A word to the keeping.
enum Order {
    /// Other instances are to be kept, by the request of this number.
    Keep(u64, KeepAsk),
    /// The keeping is to end.
    Release,
    /// The connection is lost.
    Lost,
}

/// The keeping of one connection.
pub(super) struct Kept {
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

impl Kept {
    /// Begins to keep what a request of this number asks for.
    pub(super) fn begin(definitions: Rc<SentDefinitions>, id: u64, ask: KeepAsk, answers: &Answers) -> Self {
        let (orders, ordered) = mpsc::unbounded_channel();
        let keeper = ServedKeeper {
            definitions,
            number: id,
            left_at: ask.is_left.then(Instant::now),
            ask,
            orders: ordered,
            answers: answers.clone(),
        };
        Self {
            orders,
            task: tokio::task::spawn_local(keeper.run()),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Goes over to what another request asks for.
    pub(super) fn change(&self, id: u64, ask: KeepAsk) {
        let _ = self.orders.send(Order::Keep(id, ask));
    }

    pub(super) fn release(&self) {
        let _ = self.orders.send(Order::Release);
    }

    /// Goes on without the connection, until the time for that is over or somebody takes
    /// over.
    pub(super) async fn go_on(self) {
        let _ = self.orders.send(Order::Lost);
        let _ = self.task.await;
    }
}

/// The end of a part of the keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All of it is over.
    Wholly,
    /// The place of the keeper may be free.
    MayKeep,
}

struct ServedKeeper {
    definitions: Rc<SentDefinitions>,
    /// The number of the request that is answered.
    number: u64,
    ask: KeepAsk,
    orders: UnboundedReceiver<Order>,
    answers: Answers,
    /// The time at which the connection was lost.
    left_at: Option<Instant>,
}

impl ServedKeeper {
    async fn run(mut self) {
        if !self.ask.linger().is_zero() {
            tokio::task::spawn_local(detached::leave_session_scope(self.ask.who.clone()));
        }
        loop {
            let ended = match self.supervise().await {
                Ok(Some((supervision, heard))) => self.keep(supervision, heard).await,
                Ok(None) => {
                    let order = self.orders.recv().await;
                    self.obey(order)
                }
                Err(failure) if failure.kind != FailureKind::Busy => {
                    self.say(Say::Failed(failure.into())).await;
                    return;
                }
                // Whoever has come in between keeps.
                Err(_) if self.left_at.is_some() => return,
                Err(_) => self.show().await,
            };
            if ended == Ended::Wholly {
                let _ = timeout(LAST_WORDS, self.say(Say::End {})).await;
                return;
            }
        }
    }

    async fn say(&self, say: Say) {
        if self.left_at.is_none() {
            let id = self.number;
            // The other end may be gone, or be silent, which is noticed where it is read.
            let _ = timeout(UNHEARD, self.answers.send(line(&ServeAnswer { id, say }))).await;
        }
    }

    /// Says what is wrong with those whose definition is not taken here, and returns the
    /// others.
    async fn whole(&self, host: &Host) -> Vec<String> {
        let ids = self.ask.ids.iter().cloned();
        let (broken, whole): (Vec<String>, Vec<String>) = ids.partition(|id| host.is_broken(id) || !host.is_listed(id));
        for id in broken {
            let reason = tasks::refusal(host, &id).message;
            let rows = vec![RowLine::new(&id, &Observation::Unknown { reason }, None)];
            self.say(Say::Rows { rows }).await;
        }
        whole
    }

    /// Becomes the keeper of this state directory.
    /// `None` where there is nothing to keep.
    async fn supervise(&self) -> Result<Option<(Supervision, UnboundedReceiver<ResidentEvent>)>, Failure> {
        let host = self.definitions.open()?;
        let ids = self.whole(&host).await;
        if ids.is_empty() {
            // Without any selector it would be all of them.
            return Ok(None);
        }
        let (events, heard) = mpsc::unbounded_channel();
        let options = RunOptions {
            title: lock::keeper_title(&self.ask.who),
            at_once: None,
            players: false,
            claim: self.ask.run.clone(),
            usage: UsageDemand::default(),
        };
        Ok(Some((host.supervise(&ids, options, events).await?, heard)))
    }

    /// Keeps the instances, until that is over.
    async fn keep(&mut self, mut supervision: Supervision, heard: UnboundedReceiver<ResidentEvent>) -> Ended {
        self.say(Say::Kept { by: None }).await;
        let (numbers, numbered) = mpsc::unbounded_channel();
        let teller = Teller::new(self.number, self.answers.clone());
        let mut telling = Some(tokio::task::spawn_local(teller.tell(heard, numbered)));
        if self.left_at.is_some() {
            hush(&mut telling);
        }
        loop {
            let (is_left, until) = (self.left_at.is_some(), self.until());
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Keep(number, ask)) => {
                        (self.number, self.ask) = (number, ask);
                        if let Ok(host) = self.definitions.open() {
                            let ids = self.whole(&host).await;
                            let _ = supervision.keep(host, ids);
                        }
                        self.say(Say::Kept { by: None }).await;
                        let _ = numbers.send(number);
                    }
                    Some(Order::Lost) if is_left => {}
                    Some(Order::Lost) => {
                        self.left_at = Some(Instant::now());
                        hush(&mut telling);
                        self.leave();
                    }
                    Some(Order::Release) | None => break,
                },
                () = supervision.claimed(&self.ask.run, is_left) => break,
                () = over(until) => break,
            }
        }
        let hooks = supervision.hooks();
        // With it goes the lock, and the sender of events.
        drop(supervision.end());
        drop(numbers);
        if let Some(telling) = telling {
            let _ = timeout(LAST_WORDS, telling).await;
        }
        let _ = timeout(HOOKS, hooks.all_told()).await;
        Ended::Wholly
    }

    /// Has a process of its own go on, which claims the state directory. Where there is
    /// none, this one goes on.
    fn leave(&self) {
        if self.ask.linger().is_zero() {
            return;
        }
        let ask = KeepAsk {
            is_left: true,
            ..self.ask.clone()
        };
        if let Err(error) = detached::keeper(&self.definitions, ask) {
            tracing::warn!(%error, "no process of its own goes on with the keeping");
        }
    }

    /// Returns when it ends, once the connection is lost.
    fn until(&self) -> Option<Instant> {
        self.left_at.and_then(|left| left.checked_add(self.ask.linger()))
    }

    /// Obeys an order while nothing is kept.
    fn obey(&mut self, order: Option<Order>) -> Ended {
        match order {
            Some(Order::Keep(number, ask)) => {
                (self.number, self.ask) = (number, ask);
                Ended::MayKeep
            }
            Some(Order::Release | Order::Lost) | None => Ended::Wholly,
        }
    }

    /// Shows what another one keeps, for a while.
    async fn show(&mut self) -> Ended {
        let Ok(host) = self.definitions.open() else {
            return Ended::Wholly;
        };
        let ids = self.whole(&host).await;
        let by = host.state().ok().flatten().and_then(|state| lock::run_holder(&state));
        let Some(by) = by else { return Ended::MayKeep };
        self.say(Say::Kept { by: Some(by.0.clone()) }).await;
        let shown = tasks::watch(&host, self.number, &ids, &self.answers);
        let is_free = async {
            loop {
                sleep(AGAIN).await;
                let state = host.state().ok().flatten();
                let now = state.and_then(|state| lock::run_holder(&state));
                // One that keeps for another `run` may have lost that.
                if now.as_ref() != Some(&by) || by.is_keeping_for_another() {
                    return;
                }
            }
        };
        let order = tokio::select! {
            _ = shown => return Ended::Wholly,
            () = is_free => return Ended::MayKeep,
            order = self.orders.recv() => order,
        };
        self.obey(order)
    }
}

/// Waits for a time; for ever where there is none.
async fn over(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}

/// Says nothing more: nobody hears it.
fn hush(telling: &mut Option<JoinHandle<()>>) {
    if let Some(telling) = telling.take() {
        telling.abort();
    }
}

/// Tells what happens.
struct Teller {
    number: u64,
    answers: Answers,
    /// The rows as they were told last.
    rows: BTreeMap<String, Arc<WatchedRow>>,
}

impl Teller {
    fn new(number: u64, answers: Answers) -> Self {
        Self {
            number,
            answers,
            rows: BTreeMap::new(),
        }
    }

    async fn tell(mut self, mut heard: UnboundedReceiver<ResidentEvent>, mut numbers: UnboundedReceiver<u64>) {
        loop {
            tokio::select! {
                biased;
                Some(number) = numbers.recv() => {
                    self.number = number;
                    // Some may have been told to the number before.
                    let rows = self.rows.values().map(|watched| row(watched)).collect();
                    self.say(Say::Rows { rows }).await;
                }
                event = heard.recv() => match event {
                    Some(ResidentEvent::Row(watched)) => {
                        self.say(Say::Rows { rows: vec![row(&watched)] }).await;
                        self.rows.insert(watched.row.id.clone(), watched);
                    }
                    Some(ResidentEvent::Happened(entry)) => self.say(Say::Happened(EntryLine::from(&entry))).await,
                    Some(ResidentEvent::Gone(id)) => drop(self.rows.remove(&id)),
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }

    async fn say(&self, say: Say) {
        let id = self.number;
        let _ = self.answers.send(line(&ServeAnswer { id, say })).await;
    }
}

fn row(watched: &WatchedRow) -> RowLine {
    let row = &watched.row;
    let awaits = watched.awaits.as_ref();
    RowLine {
        awaits: awaits.map(|awaits| AwaitsLine::new(awaits, std::time::Instant::now())),
        ..RowLine::new(&row.id, &row.observation, row.intent)
    }
}
