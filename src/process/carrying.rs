//! The steps of a stop that need the network or another program: the verb
//! carries them out, while the shim holds the plan and the deadlines. When the
//! verb is lost on the way, the shim goes on with the next step in time.

use std::future::Future;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::shim::client::Client;
use super::shim::wire::Request;
use super::supervisor::ProcessSupervisor;
use crate::channel::{self, Question, Reply};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{StopAction, StopStep};
use crate::policy::stop::{CARRY_MS, Step, StepAction};
use crate::probe;
use crate::store::InstanceDir;

/// How long a reply may lag behind the end of the game that gave it.
const LATE: Duration = Duration::from_millis(200);

/// How long the shim may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A step under way, by its place in the chain.
struct Carrying<'a> {
    step: u64,
    work: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
}

impl ProcessSupervisor {
    /// Follows a stop until the shim has ended, and carries out what it leaves
    /// to us. What a person should know of that goes to `told`. False when the
    /// game has ended, and its shim cannot say so on record.
    pub(super) async fn follow_stop(
        &self,
        dir: &InstanceDir,
        client: &Client,
        generation: u64,
        told: &mut Vec<String>,
    ) -> bool {
        let notes = Mutex::new(Vec::new());
        let mut carrying: Option<Carrying<'_>> = None;
        let has_ended = loop {
            let work = async {
                match &mut carrying {
                    Some(carrying) => carrying.work.as_mut().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                report = client.receive() => {
                    let Ok(Some(report)) = report else { break true };
                    self.show(&report);
                    if report.is_in_trouble() {
                        break false;
                    }
                    if let Some(step) = report.carry.filter(|step| carrying.as_ref().is_none_or(|now| now.step != *step)) {
                        let work = Box::pin(self.carry(dir, generation, step, &notes));
                        carrying = Some(Carrying { step, work });
                    }
                }
                () = work => carrying = None,
            }
        };
        if let Some(carrying) = carrying {
            let _ = tokio::time::timeout(LATE, carrying.work).await;
        }
        told.append(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
        has_ended
    }

    /// Carries one step out. What a person should know of it is noted before
    /// the shim is told, which may go on at once.
    async fn carry(&self, dir: &InstanceDir, generation: u64, step: u64, notes: &Mutex<Vec<String>>) {
        let Some(what) = usize::try_from(step).ok().and_then(|index| self.chain.get(index)) else {
            return;
        };
        // Of several who stop it, one does it.
        if !tell(dir, &Request::Carry { generation, step }).await {
            return;
        }
        let done = self.carry_out_step(what).await;
        let failed = done.is_err();
        let said = match done {
            Ok(reply) => confirmation(what, &reply),
            Err(failure) => Some(format!("{} failed: {failure}", what.action)),
        };
        notes.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
        let done = Request::Carried {
            generation,
            step,
            failed,
        };
        tell(dir, &done).await;
    }

    async fn carry_out_step(&self, step: &StopStep) -> Result<Reply, Failure> {
        let limit = step.wait.max(Duration::from_millis(CARRY_MS));
        match &step.action {
            StopAction::Remote(kind, line) => {
                let remote = self.channels.get(*kind);
                let remote = remote.ok_or_else(|| Failure::failed(format!("there is no section `{kind}`")))?;
                let question = Question {
                    line: line.clone(),
                    expect: step.expect.clone(),
                    limit,
                };
                channel::ask(remote, &question).await
            }
            StopAction::Exec(argv) => self.run(argv, limit).await,
            StopAction::Http(request) => match probe::request(request, limit).await {
                Some(status) if request.accepts(status) => Ok(Reply::default()),
                Some(status) => Err(Failure::failed(format!("the answer was {status}"))),
                None => Err(Failure::failed("there was no answer")),
            },
            StopAction::Stdin(_) | StopAction::Signal(_) => Err(Failure::failed("this is the shim's to do")),
        }
    }

    async fn run(&self, argv: &[String], limit: Duration) -> Result<Reply, Failure> {
        let (Some((program, args)), Some(spec)) = (argv.split_first(), self.spec.as_deref()) else {
            return Err(Failure::failed("it names no program"));
        };
        let env = super::environment::of_game(spec, None, std::env::vars_os())?;
        let mut command = tokio::process::Command::new(program);
        command
            .args(args)
            .current_dir(&spec.cwd)
            .env_clear()
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        match tokio::time::timeout(limit, command.status()).await {
            Ok(Ok(status)) if status.success() => Ok(Reply::default()),
            Ok(Ok(status)) => Err(Failure::failed(format!("it ended with {status}"))),
            Ok(Err(error)) => Err(Failure::failed(error.to_string())),
            Err(_) => Err(Failure::new(FailureKind::Timeout, "it did not end in time")),
        }
    }
}

/// Tells the shim something. Whether it took it.
async fn tell(dir: &InstanceDir, request: &Request) -> bool {
    let asked = async { Client::connect(dir).await?.ask(request).await };
    match tokio::time::timeout(ANSWER, asked).await {
        Ok(Ok(Some(report))) => report.refusal.is_empty(),
        _ => false,
    }
}

/// What is said of a step whose reply was to confirm it.
fn confirmation(step: &StopStep, reply: &Reply) -> Option<String> {
    let expected = step.expect.as_deref()?;
    if reply.confirmed == Some(true) {
        let line = reply.text.lines().find(|line| line.contains(expected));
        return Some(format!(
            "{} confirmed: {}",
            step.action,
            line.unwrap_or(expected).trim()
        ));
    }
    Some(format!("{} was not confirmed: no `{expected}` came", step.action))
}

/// The stop chain as the shim carries it out.
pub(super) fn steps(chain: &[StopStep]) -> Vec<Step> {
    let step = |step: &StopStep| Step {
        action: match &step.action {
            StopAction::Stdin(line) => StepAction::Stdin(line.clone()),
            StopAction::Signal(signal) => StepAction::Signal(*signal as i32),
            StopAction::Remote(..) | StopAction::Exec(_) | StopAction::Http(_) => StepAction::Client,
        },
        wait_ms: u64::try_from(step.wait.as_millis()).unwrap_or(u64::MAX),
        label: step.action.to_string(),
    };
    chain.iter().map(step).collect()
}
