//! The order of a verb over instances that need each other: what is needed starts first,
//! and ends last.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::event::{Verb, VerbResult};
use crate::failure::Failure;
use crate::invocation::command;
use crate::supervisor::{InstanceState, Supervisor};

/// The progress of one instance, as those see it that wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    /// True once it has ended; `None` while that is not known.
    ended: Option<bool>,
    /// True once it runs; `None` while that is not known.
    runs: Option<bool>,
}

/// The turns of the instances of one verb.
pub(super) struct Turns {
    list: Vec<Turn>,
}

impl Turns {
    /// Makes the turns of these instances, of which `needs` returns what one needs itself.
    /// Only those of the verb are waited for.
    pub(super) fn new(targets: &[Arc<dyn Supervisor>], needs: impl Fn(&str) -> Vec<String>) -> Self {
        let begin = Progress {
            ended: None,
            runs: None,
        };
        let turn = |_: &Arc<dyn Supervisor>| Turn {
            progress: watch::Sender::new(begin),
            needs: Vec::new(),
            dependents: Vec::new(),
        };
        let mut turns: Vec<Turn> = targets.iter().map(turn).collect();
        let places: HashMap<&str, usize> = targets.iter().map(|one| one.instance_id()).zip(0..).collect();
        for (place, target) in targets.iter().enumerate() {
            let id = target.instance_id();
            for need in needs(id) {
                let Some(&needed) = places.get(need.as_str()) else {
                    continue;
                };
                let (below, above) = (turns[needed].progress.subscribe(), turns[place].progress.subscribe());
                turns[place].needs.push((need, below));
                turns[needed].dependents.push((id.to_owned(), above));
            }
        }
        Self { list: turns }
    }

    /// Returns the turns, in the order of the instances.
    pub(super) fn into_list(self) -> Vec<Turn> {
        self.list
    }
}

/// The turn of one instance.
pub(super) struct Turn {
    progress: watch::Sender<Progress>,
    /// Those of the verb that it needs.
    needs: Vec<(String, watch::Receiver<Progress>)>,
    /// Those of the verb that need it.
    dependents: Vec<(String, watch::Receiver<Progress>)>,
}

impl Turn {
    /// Returns true if somebody waits until it runs.
    pub(super) fn is_needed(&self) -> bool {
        !self.dependents.is_empty()
    }

    /// Returns true if it waits until others run.
    pub(super) fn needs_others(&self) -> bool {
        !self.needs.is_empty()
    }

    /// Waits until what needs it has ended. `tell` is told whom it waits for.
    ///
    /// # Errors
    /// When one of those did not end.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn until_unneeded(&self, own: &str, tell: impl Fn(String)) -> Result<(), Failure> {
        for (id, progress) in &self.dependents {
            let ended = wait(
                progress.clone(),
                |progress| progress.ended,
                || tell(format!("{id} to end")),
            )
            .await;
            if !ended {
                let message = format!("it was left as it is: {id} needs it, and did not end");
                let anyway = command(format_args!("stop --no-needs {own}"));
                return Err(Failure::failed(message).hint(format!("{anyway} stops it all the same")));
            }
        }
        Ok(())
    }

    /// Waits until what it needs runs. `tell` is told whom it waits for.
    ///
    /// # Errors
    /// When one of those does not run.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn until_served(&self, own: &str, tell: impl Fn(String)) -> Result<(), Failure> {
        for (id, progress) in &self.needs {
            let runs = wait(
                progress.clone(),
                |progress| progress.runs,
                || tell(format!("{id} to run")),
            )
            .await;
            if !runs {
                let message = format!("it was not started: it needs {id}, which does not run");
                let anyway = command(format_args!("start --no-needs {own}"));
                return Err(Failure::failed(message).hint(format!("{anyway} starts it all the same")));
            }
        }
        Ok(())
    }

    /// Lets those go on that wait for its end.
    pub(super) fn has_ended(&self) {
        self.progress.send_modify(|progress| progress.ended = Some(true));
    }

    /// Lets all go on that still wait for it.
    pub(super) fn is_over(&self, verb: Verb, result: &VerbResult) {
        let runs = verb != Verb::Stop && result.ok() && result.state == Some(InstanceState::Running);
        // A stop may have left it as it is.
        let has_ended = result.state.as_ref().is_none_or(|state| !state.is_alive());
        self.progress.send_modify(|progress| {
            progress
                .ended
                .get_or_insert(verb == Verb::Stop && result.ok() && has_ended);
            progress.runs.get_or_insert(runs);
        });
    }
}

/// Waits until something is known of an instance. One that is given up counts as not.
async fn wait(
    mut progress: watch::Receiver<Progress>,
    known: impl Fn(&Progress) -> Option<bool>,
    tell: impl Fn(),
) -> bool {
    if known(&progress.borrow()).is_none() {
        tell();
    }
    match progress.wait_for(|now| known(now).is_some()).await {
        Ok(now) => known(&now).unwrap_or(false),
        Err(_) => false,
    }
}
