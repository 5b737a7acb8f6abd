//! The listing of what several instances need, by as few calls as possible.

use tokio::task::JoinSet;

use super::complaint::Complaint;
use super::engine::{CALL, KubectlEngine};
use super::explain;
use super::listing::{ClusterListing, Forbidden};
use crate::failure::Failure;
use crate::program::{CallError, Finished};

/// Lists some kinds, and pods, in some namespaces of a context. One call does for all of
/// them, unless only single namespaces may be listed, or the answer would be too long.
pub(super) async fn list(
    engine: &KubectlEngine,
    namespaces: &[String],
    kinds: &[String],
) -> Result<ClusterListing, Failure> {
    if let [namespace] = namespaces {
        return of_namespace(engine.in_namespace(namespace), kinds.to_vec()).await;
    }
    match list_one(engine, kinds, true).await {
        Listed::Whole(listing) => return Ok(listing),
        Listed::Failed(failure) => return Err(failure),
        Listed::InPart(..) | Listed::TooLong => {}
    }
    let mut asked = JoinSet::new();
    for namespace in namespaces {
        asked.spawn(of_namespace(engine.in_namespace(namespace), kinds.to_vec()));
    }
    let mut all = ClusterListing::default();
    while let Some(listed) = asked.join_next().await {
        let listed = listed.map_err(|error| Failure::unknown(format!("a look was not carried out: {error}")))?;
        all.extend(listed?);
    }
    Ok(all)
}

async fn of_namespace(engine: KubectlEngine, kinds: Vec<String>) -> Result<ClusterListing, Failure> {
    match list_one(&engine, &kinds, false).await {
        Listed::Whole(listing) | Listed::InPart(listing) => Ok(listing),
        Listed::Failed(failure) => Err(failure),
        Listed::TooLong => Err(engine.not_called(&CallError::TooLong)),
    }
}

/// The outcome of a call.
enum Listed {
    Whole(ClusterListing),
    /// Some kinds may not be listed.
    InPart(ClusterListing),
    TooLong,
    Failed(Failure),
}

async fn list_one(engine: &KubectlEngine, kinds: &[String], is_everywhere: bool) -> Listed {
    let mut kinds = kinds.to_vec();
    let mut missing = Vec::new();
    loop {
        let words = [kinds.as_slice(), &["pods".to_owned()]].concat().join(",");
        let mut argv = vec!["--request-timeout=8s", "get", &words, "--output=json"];
        argv.extend(is_everywhere.then_some("--all-namespaces"));
        let done = match engine.program(argv).output(CALL).await {
            Ok(done) => done,
            Err(CallError::TooLong) => return Listed::TooLong,
            Err(error) => return Listed::Failed(engine.not_called(&error)),
        };
        if !done.status.success()
            && let Complaint::NoKind(word) = Complaint::of(&done.complaint)
            && let Some(place) = kinds.iter().position(|kind| is_same_kind(kind, &word))
        {
            missing.push(kinds.remove(place));
            continue;
        }
        return answered(engine, &done, missing);
    }
}

fn answered(engine: &KubectlEngine, done: &Finished, missing: Vec<String>) -> Listed {
    let forbidden = match done.status.success() {
        true => Vec::new(),
        false => match Complaint::forbidden(&done.complaint) {
            Some(forbidden) => forbidden,
            None => return Listed::Failed(explain::of_context(engine, Complaint::of(&done.complaint))),
        },
    };
    // Beside a refusal there is a list of what may be listed, or nothing.
    let read = match done.output.is_empty() && !forbidden.is_empty() {
        true => Ok(ClusterListing::default()),
        false => ClusterListing::read(&done.output),
    };
    let mut listing = match read {
        Ok(listing) => listing,
        Err(why) => {
            return Listed::Failed(Failure::unknown(why).hint(format!("see {}", engine.shown("get pods -o json"))));
        }
    };
    listing.missing_kinds = missing;
    if forbidden.is_empty() {
        return Listed::Whole(listing);
    }
    let namespace = &engine.place().namespace;
    listing.forbidden = forbidden
        .into_iter()
        .map(|said| Forbidden {
            said,
            namespace: namespace.clone(),
        })
        .collect();
    Listed::InPart(listing)
}

/// Returns true if a word of a complaint means a kind that was asked for.
fn is_same_kind(kind: &str, word: &str) -> bool {
    let base = |word: &str| word.split('.').next().unwrap_or_default().to_ascii_lowercase();
    base(kind) == base(word)
}
