//! The container of a pod that is entered: for commands, and for its console.

use super::engine::KubectlEngine;
use super::pod::ClusterPod;
use crate::failure::{Failure, FailureKind};
use crate::inventory::KubectlSpec;
use crate::invocation::command;

/// A container of a pod that runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entrance {
    engine: KubectlEngine,
    pod: String,
    container: String,
    has_input: bool,
}

impl Entrance {
    /// Finds the container that the inventory names, or the first, in the first pod that
    /// runs.
    ///
    /// # Errors
    /// When nothing runs, or there is no such container.
    pub(super) fn of(
        engine: &KubectlEngine,
        spec: &KubectlSpec,
        id: &str,
        pods: &[ClusterPod],
    ) -> Result<Self, Failure> {
        let mut running: Vec<&ClusterPod> = pods.iter().filter(|pod| pod.is_running() && !pod.is_ending()).collect();
        running.sort_by_key(|pod| (pod.ready_since().is_none(), pod.name().to_owned()));
        let Some(pod) = running.first() else {
            let start = command(format_args!("start {id}"));
            let failure = Failure::new(FailureKind::NotRunning, "it does not run");
            return Err(failure.hint(format!("{start} starts it")));
        };
        let name = spec.container.as_deref();
        let Some(container) = pod.container(name) else {
            let message = format!("{} has no container `{}`", pod.name(), name.unwrap_or_default());
            let there: Vec<&str> = pod.spec.containers.iter().map(|one| one.name.as_str()).collect();
            return Err(Failure::failed(message).hint(format!("there are {}", there.join(", "))));
        };
        Ok(Self {
            engine: engine.clone(),
            pod: pod.name().to_owned(),
            container: container.name.clone(),
            has_input: container.stdin,
        })
    }

    /// Returns the command that runs another one in the container.
    pub(super) fn exec(&self, argv: &[String], with_input: bool) -> Vec<String> {
        let mut words = vec!["exec".to_owned()];
        words.extend(with_input.then(|| "--stdin".to_owned()));
        words.extend([
            self.pod.clone(),
            format!("--container={}", self.container),
            "--".to_owned(),
        ]);
        words.extend_from_slice(argv);
        self.engine.argv(words)
    }

    /// Returns the command that attaches to the container.
    ///
    /// # Errors
    /// When it has no input.
    pub(super) fn attach(&self) -> Result<Vec<String>, Failure> {
        if !self.has_input {
            let message = format!("the container `{}` has no open standard input", self.container);
            let failure = Failure::new(FailureKind::Unsupported, message);
            return Err(failure.hint("give it `stdin: true` in the pod template, or name a program by `kubectl.send`"));
        }
        let container = format!("--container={}", self.container);
        // Nobody reads what it says of itself; older ones have no `--quiet`.
        Ok(self.engine.argv(["attach", "--stdin", &self.pod, &container]))
    }
}
