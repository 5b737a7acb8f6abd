//! The failures of the conversation with a cluster, each with what to do about it.

use super::complaint::Complaint;
use super::engine::{KubectlEngine, KubectlRefusal};
use crate::failure::{Failure, FailureKind};
use crate::inventory::KubectlSpec;
use crate::invocation::quoted;

/// Returns the failure of a question about an object.
pub(super) fn unanswered(engine: &KubectlEngine, spec: &KubectlSpec, refusal: KubectlRefusal) -> Failure {
    let complaint = match refusal {
        KubectlRefusal::NotAsked(failure) => return failure,
        KubectlRefusal::Complaint(complaint) => complaint,
    };
    match complaint {
        Complaint::NoObject => not_found(engine, spec, None),
        Complaint::NoKind(_) => no_kind(engine, spec),
        Complaint::Forbidden(said) => forbidden(engine, &said, "get, list and watch"),
        complaint => of_context(engine, complaint),
    }
}

/// Returns the failure of a change, which is named by its word: `start`.
pub(super) fn refused(engine: &KubectlEngine, spec: &KubectlSpec, verb: &str, refusal: KubectlRefusal) -> Failure {
    let failure = match refusal {
        KubectlRefusal::Complaint(Complaint::Forbidden(said)) => {
            let needs = if said.contains("pods") { "delete" } else { "patch" };
            let failure = forbidden(engine, &said, needs);
            return Failure {
                kind: FailureKind::Failed,
                message: format!("the cluster does not let you {verb} {spec}: {said}"),
                ..failure
            };
        }
        KubectlRefusal::Complaint(Complaint::Invalid(said)) => {
            return Failure::failed(format!("the cluster does not take that {verb} of {spec}: {said}")).hint(format!(
                "see {}",
                engine.shown(format_args!("explain {}", spec.resource()))
            ));
        }
        KubectlRefusal::Complaint(Complaint::Conflict) => {
            return Failure::failed(format!("somebody changes {spec} all the time: nothing was changed"))
                .hint(format!("see {}", engine.shown(format_args!("get {} -w", target(spec)))));
        }
        refusal => unanswered(engine, spec, refusal),
    };
    // It was not carried out, as far as is known.
    failure
}

/// Returns the failure of an object that is not there.
pub(super) fn not_found(engine: &KubectlEngine, spec: &KubectlSpec, near: Option<&str>) -> Failure {
    let place = engine.place();
    let message = format!(
        "there is no {spec} in the namespace `{}` of `{}`",
        place.namespace, place.context
    );
    Failure::unknown(message).hint(match near {
        Some(near) => format!("did you mean `{}/{near}`?", spec.kind()),
        None => format!(
            "{} shows what there is",
            engine.shown(format_args!("get {}", spec.resource()))
        ),
    })
}

/// Returns the failure of a kind that the cluster does not have.
pub(super) fn no_kind(engine: &KubectlEngine, spec: &KubectlSpec) -> Failure {
    let kind = spec.kind();
    let message = format!("the cluster of `{}` has no kind `{kind}`", engine.place().context);
    Failure::unknown(message).hint(format!(
        "what defines it is not installed there, or the context is another; {} shows the kinds",
        engine.shown("api-resources")
    ))
}

/// Returns the failure of a kind that is there under another name.
pub(super) fn other_word(spec: &KubectlSpec, kind: &str) -> Failure {
    let message = format!("`{}` is a short name", spec.kind());
    Failure::unknown(message).hint(format!(
        "write it in full: `{}/{}`",
        kind.to_ascii_lowercase(),
        spec.name
    ))
}

/// Returns the failure of what may not be done.
pub(super) fn forbidden(engine: &KubectlEngine, said: &str, verbs: &str) -> Failure {
    let word = said.split_whitespace().next().unwrap_or_default();
    let resource = word.split('"').next().unwrap_or_default();
    let message = format!("the cluster does not tell you: {said}");
    Failure::unknown(message).hint(format!(
        "have a role with {verbs} on {resource} bound to you; {} asks what you may do",
        engine.shown("auth can-i --list")
    ))
}

/// Returns the failure that holds for all of a context.
pub(super) fn of_context(engine: &KubectlEngine, complaint: Complaint) -> Failure {
    let place = engine.place();
    let (context, namespace) = (&place.context, &place.namespace);
    let contexts = match &place.kubeconfig {
        Some(file) => format!(
            "`kubectl --kubeconfig {} config get-contexts`",
            quoted(&file.to_string_lossy())
        ),
        None => "`kubectl config get-contexts`".to_owned(),
    };
    let info = engine.shown("cluster-info");
    let failure = |message: String, hint: String| Failure::unknown(message).hint(hint);
    match complaint {
        Complaint::NoNamespace => failure(
            format!("there is no namespace `{namespace}` in the cluster of `{context}`"),
            format!("{} shows the namespaces", engine.shown("get namespaces")),
        ),
        Complaint::NoContext => failure(
            format!("kubectl knows no context `{context}`"),
            format!("{contexts} shows them; `kubectl.kubeconfig` names another file"),
        ),
        Complaint::NoConfig(said) => failure(
            format!("the kubeconfig cannot be used: {said}"),
            "name it by `kubectl.kubeconfig`, or by KUBECONFIG".to_owned(),
        ),
        Complaint::Unauthorized => failure(
            format!("the cluster of `{context}` does not know who you are"),
            format!("log in again, then {info}"),
        ),
        Complaint::Login(said) => failure(
            format!("the login to `{context}` has failed: {said}"),
            format!("install the program that the kubeconfig names, or log in again; {info} tries it"),
        ),
        Complaint::Certificate(said) => failure(
            format!("the certificate of `{context}` does not fit: {said}"),
            "correct `certificate-authority-data` or `server` in the kubeconfig".to_owned(),
        ),
        Complaint::Unreachable(said) => failure(
            format!("the server of `{context}` cannot be reached: {said}"),
            format!("see {info}"),
        ),
        Complaint::Slow(said) => failure(
            format!("the server of `{context}` did not answer in time: {said}"),
            format!("see {info}"),
        ),
        Complaint::NoObject | Complaint::NoKind(_) => failure("it is not there".to_owned(), format!("see {info}")),
        Complaint::Conflict => failure("somebody else has changed it".to_owned(), format!("see {info}")),
        Complaint::Forbidden(said) => forbidden(engine, &said, "list"),
        Complaint::Invalid(said) | Complaint::NotRunning(said) | Complaint::Other(said) => {
            failure(format!("kubectl: {said}"), format!("see {info}"))
        }
    }
}

/// Returns `KIND/NAME` as kubectl takes it.
pub(super) fn target(spec: &KubectlSpec) -> String {
    format!("{}/{}", spec.resource(), spec.name)
}
