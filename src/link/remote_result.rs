//! From the answer to a request to the result of a verb.

use std::time::Duration;

use serde_json::Value;

use super::remote_row;
use crate::event::VerbResult;
use crate::failure::{Failure, FailureKind};
use crate::text::clean_line;

/// The kinds of failures, to be found by their words.
const KINDS: [FailureKind; 11] = [
    FailureKind::Failed,
    FailureKind::Usage,
    FailureKind::NotRunning,
    FailureKind::Unknown,
    FailureKind::Unsupported,
    FailureKind::Inventory,
    FailureKind::Busy,
    FailureKind::Timeout,
    FailureKind::Overruled,
    FailureKind::Interrupted,
    FailureKind::Terminated,
];

/// An answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RemoteWord {
    /// The thing that is waited for; empty when it begins.
    Progress {
        waits_for_lock: bool,
        what: String,
    },
    Result(VerbResult),
}

/// Reads an answer to the request of this id on `NODE/ID`; `None` for what is none: a stream
/// that keeps requests answers them, too.
pub(super) fn of_answer(name: &str, request: &str, body: &Value) -> Option<RemoteWord> {
    if body["request"] != request {
        return None;
    }
    let text = |value: &Value| value.as_str().map(|text| clean_line(text).into_owned());
    if let Some(progress) = body["progress"].as_str() {
        return Some(RemoteWord::Progress {
            waits_for_lock: progress == "waits_for",
            what: text(&body["what"]).unwrap_or_default(),
        });
    }
    let error = |value: &Value, kind: FailureKind, about: &str| {
        let message = text(&value["message"]).unwrap_or_else(|| "it does not say why".to_owned());
        let failure = Failure::new(kind, format!("{about}{message}"));
        match text(&value["hint"]) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    };
    if let Some(reason) = body["refused"].as_str() {
        let kind = match reason {
            "no_such_instance" => FailureKind::Unknown,
            "not_accepted" => FailureKind::Unsupported,
            "busy" => FailureKind::Busy,
            _ => FailureKind::Failed,
        };
        let node = name.split('/').next().unwrap_or_default();
        let failure = error(&body["error"], kind, &format!("{node} refuses: "));
        return Some(RemoteWord::Result(VerbResult::failed(name, failure)));
    }
    let result = body["results"].get(0)?;
    let seconds = result["took_seconds"].as_f64().unwrap_or_default();
    let failed = &result["error"];
    Some(RemoteWord::Result(VerbResult {
        id: name.to_owned(),
        changed: result["changed"].as_bool().unwrap_or_default(),
        state: remote_row::state(result),
        took: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        ended_by: text(&result["ended_by"]),
        note: text(&result["note"]),
        error: failed.is_object().then(|| error(failed, kind_of(&failed["kind"]), "")),
    }))
}

fn kind_of(word: &Value) -> FailureKind {
    let is_it = |kind: &FailureKind| serde_json::to_value(kind).is_ok_and(|known| known == *word);
    KINDS.into_iter().find(is_it).unwrap_or(FailureKind::Failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Verb;
    use crate::report;
    use crate::supervisor::InstanceState;

    #[test]
    fn a_result_comes_through_whole() {
        let failure = Failure::new(FailureKind::Busy, "held").hint("wait");
        let result = VerbResult {
            id: "a".into(),
            changed: true,
            state: Some(InstanceState::Stopped),
            took: Duration::from_millis(1500),
            ended_by: Some("stdin: quit".into()),
            note: Some("a note".into()),
            error: Some(failure),
        };
        let mut body = report::json::results(Verb::Stop, std::slice::from_ref(&result));
        body["request"] = json!("r");
        let id = "box1/a".to_owned();
        let wanted = RemoteWord::Result(VerbResult { id, ..result });
        assert_eq!(of_answer("box1/a", "r", &body), Some(wanted));
        assert_eq!(of_answer("box1/a", "other", &body), None);
    }

    #[test]
    fn refusals_are_told_apart() {
        for (reason, code) in [
            ("no_such_instance", 4),
            ("not_accepted", 5),
            ("busy", 75),
            ("expired", 1),
            ("new", 1),
        ] {
            let body = json!({ "request": "r", "refused": reason, "error": { "message": "so\x1b[2J it is" } });
            let Some(RemoteWord::Result(result)) = of_answer("box1/a", "r", &body) else {
                panic!("{reason}")
            };
            let failure = result.error.unwrap();
            assert_eq!(failure.kind.exit_code(), code, "{reason}");
            assert!(failure.message.starts_with("box1 refuses: so") && !failure.message.contains('\x1b'));
        }
        // A stream that keeps requests has answered.
        assert_eq!(of_answer("box1/a", "r", &json!({ "stream": "s", "seq": 1 })), None);
        assert_eq!(of_answer("box1/a", "r", &json!({ "request": "r" })), None);
        let progress = json!({ "request": "r", "progress": "waits_for", "what": "gamectl stop (pid 5)" });
        let wanted = RemoteWord::Progress {
            waits_for_lock: true,
            what: "gamectl stop (pid 5)".into(),
        };
        assert_eq!(of_answer("box1/a", "r", &progress), Some(wanted));
    }
}
