//! The `kubectl` of whoever runs gamectl, called for one place.

use std::time::Duration;

use super::complaint::Complaint;
use crate::failure::{Failure, FailureKind};
use crate::inventory::KubectlPlace;
use crate::program::{CallError, Finished, ProgramCall};

/// The time that a request may take, by kubectl.
const REQUEST: &str = "--request-timeout=8s";

/// The time that a call may take, by us: kubectl has no limit for a login plugin.
pub(super) const CALL: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct KubectlEngine {
    place: KubectlPlace,
}

impl KubectlEngine {
    pub(super) fn new(place: KubectlPlace) -> Self {
        Self { place }
    }

    pub(super) fn place(&self) -> &KubectlPlace {
        &self.place
    }

    /// Returns the same, for another namespace of the context.
    pub(super) fn in_namespace(&self, namespace: &str) -> Self {
        let mut place = self.place.clone();
        namespace.clone_into(&mut place.namespace);
        Self { place }
    }

    /// Returns a program that has no limit of its own: the context and the namespace are
    /// said with every call.
    pub(super) fn program<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) -> ProgramCall {
        ProgramCall::new(self.argv(words))
    }

    /// Returns the command for words of kubectl, without a limit.
    pub(super) fn argv<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) -> Vec<String> {
        let mut argv = vec!["kubectl".to_owned()];
        if let Some(file) = &self.place.kubeconfig {
            argv.push(format!("--kubeconfig={}", file.display()));
        }
        argv.push(format!("--context={}", self.place.context));
        argv.push(format!("--namespace={}", self.place.namespace));
        argv.extend(words.into_iter().map(Into::into));
        argv
    }

    /// Calls kubectl, and returns how it ended, which is to be believed in no case.
    ///
    /// # Errors
    /// When it cannot be called, or gives no answer in time.
    pub(super) async fn call<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) -> Result<Finished, Failure> {
        let words = [REQUEST.to_owned()]
            .into_iter()
            .chain(words.into_iter().map(Into::into));
        let called = self.program(words).output(CALL).await;
        called.map_err(|error| self.not_called(&error))
    }

    /// Calls kubectl, and returns what it answers.
    ///
    /// # Errors
    /// When it answers nothing, with what it complains of.
    pub(super) async fn ask<W: Into<String>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Result<Vec<u8>, KubectlRefusal> {
        let done = self.call(words).await.map_err(KubectlRefusal::NotAsked)?;
        match done.status.success() {
            true => Ok(done.output),
            false => Err(KubectlRefusal::Complaint(Complaint::of(&done.complaint))),
        }
    }

    /// Returns the failure of a call that did not end by itself.
    pub(super) fn not_called(&self, error: &CallError) -> Failure {
        if error.is_missing_program() {
            let failure = Failure::new(FailureKind::Unsupported, "`kubectl` is not installed");
            return failure.hint("install it, as with `apt install kubernetes-client`");
        }
        let context = &self.place.context;
        let failure = Failure::unknown(match error {
            CallError::TimedOut(_) => format!("the cluster of `{context}` did not answer: kubectl: {error}"),
            _ => format!("kubectl cannot be asked: {error}"),
        });
        match error {
            CallError::TooLong => failure.hint("a namespace of its own keeps the answer short"),
            _ => failure.hint(format!("see {}", self.shown("cluster-info"))),
        }
    }

    /// Returns a command for a person, in backticks.
    pub(super) fn shown(&self, words: impl std::fmt::Display) -> String {
        let KubectlPlace { context, namespace, .. } = &self.place;
        let file = match &self.place.kubeconfig {
            Some(file) => format!(" --kubeconfig {}", crate::invocation::quoted(&file.to_string_lossy())),
            None => String::new(),
        };
        let context = crate::invocation::quoted(context);
        format!("`kubectl{file} --context {context} -n {namespace} {words}`")
    }
}

/// The reason why there is no answer.
#[derive(Debug, Clone)]
pub(super) enum KubectlRefusal {
    /// kubectl could not be asked.
    NotAsked(Failure),
    /// kubectl was asked, and complained.
    Complaint(Complaint),
}
