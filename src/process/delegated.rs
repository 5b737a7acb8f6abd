//! The delegated steps of a stop, which need the network or another program. The
//! shim holds the chain and the deadlines, and offers each of these steps to the
//! gamectl that follows the stop. When that is lost on the way, the shim goes on
//! with the next step in time.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::game::ManagedGame;
use super::shim::client::{self, ANSWER, Client};
use super::shim::wire::{OfferedStep, Order, Report, Request};
use super::{environment, explain};
use crate::channel::{self, AskError, Question, Reply};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{StopAction, StopStep};
use crate::policy::stop::DELEGATED_MS;
use crate::probe;
use crate::program::{CallError, ProgramCall};
use crate::store::InstanceDir;
use crate::trust;

/// The longest time that a reply lags behind the end of the game that gave it.
const LATE: Duration = Duration::from_millis(200);

/// A step is given up this much sooner than its shim does, so that its outcome is
/// noted before the next one is offered.
const MARGIN: Duration = Duration::from_millis(500);

/// Follows the stop of one launch.
pub(super) struct Follow<'a> {
    pub(super) game: &'a ManagedGame,
    pub(super) dir: &'a InstanceDir,
    pub(super) generation: u64,
}

impl Follow<'_> {
    /// Follows the stop until the shim has exited, and carries out the steps that
    /// it offers. Notes on them for a person are added to `notes`. Returns false
    /// if the game has ended, and its shim cannot put that on record.
    ///
    /// # Errors
    /// When the game cannot be ended.
    pub(super) async fn run(&self, client: &Client, notes: &mut Vec<String>) -> Result<bool, Failure> {
        let noted = Mutex::new(Vec::new());
        let mut under_way: Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = None;
        let mut seen = None;
        let has_ended = loop {
            let work = async {
                match &mut under_way {
                    Some(work) => work.as_mut().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                report = client.receive() => {
                    let Ok(Some(report)) = report else { break Ok(true) };
                    self.game.live.show(&report);
                    if report.is_in_trouble() {
                        break Ok(false);
                    }
                    if let Some(why) = report.impediment() {
                        break Err(explain::unkillable(why));
                    }
                    if let Some(offered) = &report.offered
                        && seen.replace(offered.index) != Some(offered.index)
                    {
                        let step = self.step_of(offered, &report);
                        under_way = Some(Box::pin(self.carry_out(offered.index, step, &noted)));
                    }
                }
                () = work => under_way = None,
            }
        };
        if let Some(work) = under_way {
            let _ = tokio::time::timeout(LATE, work).await;
        }
        notes.append(&mut noted.lock().unwrap_or_else(PoisonError::into_inner));
        has_ended
    }

    /// Returns the step that a shim offers, or why it cannot be carried out here.
    fn step_of(&self, offered: &OfferedStep, report: &Report) -> Result<StopStep, String> {
        let ours = || {
            let index = usize::try_from(offered.index).ok()?;
            let step = self.game.plan.stop.get(index)?;
            (step.action.to_string() == report.step).then(|| step.clone())
        };
        let step = offered.step.clone().map(|step| self.with_login(step)).or_else(ours);
        let unsent = |why: &str| Err(format!("{} was not sent: {why}", report.step));
        match step.as_ref().map(|step| &step.action) {
            None | Some(StopAction::Named(_)) => {
                unsent("another gamectl asked for it, and its shim tells no more of it")
            }
            Some(StopAction::Remote(kind, _)) if self.game.channels.get(*kind).is_none() => {
                unsent(&format!("the inventory has no section `{kind}` for it"))
            }
            Some(StopAction::Exec(_)) if self.game.spec.is_none() => unsent("it is not in the inventory"),
            Some(_) => step.ok_or_else(String::new),
        }
    }

    /// Gives a request what only the inventory has of it: a shim is told of no login, and
    /// an older one of no TLS.
    fn with_login(&self, mut step: StopStep) -> StopStep {
        if let StopAction::Http(request) = &mut step.action {
            let mut ours = self.game.plan.stop.iter().filter_map(|step| match &step.action {
                StopAction::Http(ours) => Some(ours),
                _ => None,
            });
            if let Some(ours) = ours.find(|ours| ours.asks_the_same(request)) {
                request.clone_from(ours);
            }
        }
        step
    }

    /// Carries one step out. What a person should know of it is noted before the
    /// shim is told, which may go on at once.
    async fn carry_out(&self, index: u64, step: Result<StopStep, String>, notes: &Mutex<Vec<String>>) {
        let note = |text: String| notes.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        let step = match step {
            Ok(step) => step,
            // Not claimed: another gamectl may know better.
            Err(why) => return note(why),
        };
        // Of several that follow the stop, one does it.
        if !self.tell(Order::Claim { step: index }).await {
            return;
        }
        let done = self.carry_out_step(&step).await;
        // A game that may be saving has the whole wait of the step.
        let failed = matches!(done, Err(AskError::Refused(_)));
        let name = step.action.to_string();
        let by = match step.action.channel().and_then(|kind| self.game.channels.get(kind)) {
            Some(remote) => format!(" by {}", remote.address),
            None => String::new(),
        };
        match done {
            Ok(reply) if reply.is_closed_only() => {
                note(format!("{}{by}, and may not have been carried out", closed(&name)));
            }
            Ok(reply) => confirmation(&step, &reply, &by).into_iter().for_each(note),
            Err(AskError::Refused(failure)) => note(format!("{name} failed: {failure}")),
            Err(AskError::Unclear(failure)) => note(format!("{}{failure}", unclear(&name))),
        }
        self.tell(Order::Complete { step: index, failed }).await;
    }

    async fn carry_out_step(&self, step: &StopStep) -> Result<Reply, AskError> {
        let limit = step.wait.max(Duration::from_millis(DELEGATED_MS)) - MARGIN;
        match &step.action {
            StopAction::Remote(kind, line) => {
                let remote = self.game.channels.get(*kind);
                let remote = remote.ok_or_else(|| Failure::failed(format!("there is no section `{kind}`")))?;
                let question = Question {
                    line: line.clone(),
                    expect: step.expect.clone(),
                    limit,
                };
                channel::ask(remote, &question).await
            }
            StopAction::Exec(argv) => self.execute(argv, limit).await,
            StopAction::Http(request) => probe::request(request, limit).await.map(|()| Reply::default()),
            StopAction::Stdin(_) | StopAction::Signal(_) | StopAction::Named(_) => {
                Err(Failure::failed("this is not to be carried out here").into())
            }
        }
    }

    async fn execute(&self, argv: &[String], limit: Duration) -> Result<Reply, AskError> {
        let Some(spec) = &self.game.spec else {
            return Err(Failure::failed("it names no program").into());
        };
        let env = environment::of_game(spec, None, environment::ours()).await?;
        let path = env.get(OsStr::new("PATH")).map(OsString::as_os_str);
        trust::refuse_for_root(argv, &spec.cwd, path).map_err(Failure::failed)?;
        let program = ProgramCall::new(argv).in_folder(&spec.cwd).with_env(env);
        match program.status(limit).await {
            Ok(status) if status.success() => Ok(Reply::default()),
            Ok(status) => Err(Failure::failed(format!("it ended with {status}")).into()),
            Err(CallError::TimedOut(_)) => {
                let failure = Failure::new(FailureKind::Timeout, "it did not end in time");
                Err(AskError::Unclear(failure))
            }
            Err(error) => Err(Failure::failed(error.to_string()).into()),
        }
    }

    /// Gives the shim an order. Returns true if it was accepted.
    async fn tell(&self, order: Order) -> bool {
        let answer = client::ask(self.dir, &Request::Order(self.generation, order), ANSWER).await;
        answer.is_some_and(|report| report.refusal.is_empty())
    }
}

/// Returns true for a note on a step without a proper answer. It is worth nothing where
/// the step has ended the game.
pub(super) fn is_of_unclear(note: &str, step: &str) -> bool {
    note.starts_with(&closed(step)) || note.starts_with(&unclear(step))
}

/// Returns the beginning of the note on a step at which the game closed the connection.
fn closed(step: &str) -> String {
    format!("{step} was closed without a reply")
}

/// Returns the beginning of the note on a step that has no proper answer.
fn unclear(step: &str) -> String {
    format!("{step} may not have been carried out: ")
}

/// Returns a note on a step whose reply was to confirm it; `by` names the server.
fn confirmation(step: &StopStep, reply: &Reply, by: &str) -> Option<String> {
    let expected = step.expect.as_deref()?;
    if reply.confirmed == Some(true) {
        let line = reply.text.lines().find(|line| line.contains(expected));
        return Some(format!(
            "{} confirmed: {}",
            step.action,
            line.unwrap_or(expected).trim()
        ));
    }
    Some(format!("{} was not confirmed{by}: no `{expected}` came", step.action))
}
