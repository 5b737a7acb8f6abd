//! The delegated steps of a stop, which need the network or another program. The
//! shim holds the chain and the deadlines, and offers each of these steps to the
//! gamectl that follows the stop. When that is lost on the way, the shim goes on
//! with the next step in time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::game::ManagedGame;
use super::shim::client::{self, ANSWER, Client};
use super::shim::wire::{OfferedStep, Order, Report, Request};
use super::{environment, explain};
use crate::channel::{AskError, Reply};
use crate::failure::Failure;
use crate::inventory::{StopAction, StopStep};
use crate::stop_step::{self, StepPlace};
use crate::store::InstanceDir;

/// The longest time that a reply lags behind the end of the game that gave it.
const LATE: Duration = Duration::from_millis(200);

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
        stop_step::note(&step, &self.game.channels, done)
            .into_iter()
            .for_each(note);
        self.tell(Order::Complete { step: index, failed }).await;
    }

    async fn carry_out_step(&self, step: &StopStep) -> Result<Reply, AskError> {
        match &step.action {
            StopAction::Exec(argv) => self.execute(argv, stop_step::limit(step)).await,
            _ => stop_step::send(step, &self.game.channels).await,
        }
    }

    async fn execute(&self, argv: &[String], limit: Duration) -> Result<Reply, AskError> {
        let Some(spec) = &self.game.spec else {
            return Err(Failure::failed("it names no program").into());
        };
        let env = environment::of_game(spec, None, environment::ours()).await?;
        let place = StepPlace {
            folder: &spec.cwd,
            env: env.into_iter().collect(),
        };
        stop_step::execute(argv, limit, place).await
    }

    /// Gives the shim an order. Returns true if it was accepted.
    async fn tell(&self, order: Order) -> bool {
        let answer = client::ask(self.dir, &Request::Order(self.generation, order), ANSWER).await;
        answer.is_some_and(|report| report.refusal.is_empty())
    }
}
