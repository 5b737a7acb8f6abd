//! The stream in which a server keeps the last message of each subject, for whoever comes
//! later; see <https://docs.nats.io/reference/reference-protocols/nats_api_reference>.

use serde_json::{Value, json};

/// The time for which the last words of a node that is dead are kept: a week.
const KEPT_SECONDS: u64 = 7 * 86400;

/// The code of the error that there is a stream of this name that is otherwise.
const OTHER_STREAM: u64 = 10058;

/// The stream of a prefix.
#[derive(Debug, Clone)]
pub(super) struct LastStates {
    prefix: String,
    name: String,
}

impl LastStates {
    pub(super) fn of(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            name: format!("{}-states", prefix.replace('.', "_")),
        }
    }

    /// Returns the subject and the body of the request that makes it. Where it is there
    /// already, that changes nothing.
    pub(super) fn creation(&self) -> (String, Value) {
        let prefix = &self.prefix;
        let body = json!({
            "name": self.name,
            // Requests are in no stream: it would answer them.
            "subjects": [format!("{prefix}.*.*.status"), format!("{prefix}.*.*.heartbeat")],
            "retention": "limits", "storage": "file", "discard": "old", "num_replicas": 1,
            "max_msgs_per_subject": 1, "max_age": KEPT_SECONDS * 1_000_000_000,
        });
        (format!("$JS.API.STREAM.CREATE.{}", self.name), body)
    }

    /// Returns what is wrong, if that is what a server has answered.
    pub(super) fn trouble(&self, status: Option<u16>, answer: &Value) -> Option<String> {
        if status == Some(503) {
            return Some("it keeps no streams: `stream` of the link needs a server with JetStream".to_owned());
        }
        let error = answer.get("error")?;
        if error["err_code"].as_u64() == Some(OTHER_STREAM) {
            return Some(format!(
                "its stream `{}` is not as the link would make it; the states go there all the same",
                self.name
            ));
        }
        let why = error["description"].as_str().unwrap_or("it does not say why");
        Some(format!("the stream `{}` cannot be made: {why}", self.name))
    }

    /// Returns the subject and the body of the request that has the last message of each
    /// subject sent to `to`.
    pub(super) fn replay(&self, to: &str) -> (String, Value) {
        let body = json!({
            "stream_name": self.name,
            "config": {
                // There is one of each subject. nats-server 2.9 takes `last_per_subject` only
                // with a filter (error 10094).
                "deliver_subject": to, "deliver_policy": "all", "ack_policy": "none",
                "replay_policy": "instant", "inactive_threshold": 5_000_000_000_u64,
            },
        });
        (format!("$JS.API.CONSUMER.CREATE.{}", self.name), body)
    }
}

/// Returns what is wrong where streams keep the subjects of requests; `answer` is that about
/// their names.
pub(super) fn captured(answer: &Value) -> Option<String> {
    let first = answer["streams"].get(0)?.as_str()?;
    Some(format!(
        "its stream `{}` keeps requests: it answers them before anybody else, and may deliver them again",
        crate::text::clean_line(first)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_in_no_stream() {
        let (subject, body) = LastStates::of("games.eu").creation();
        assert_eq!(subject, "$JS.API.STREAM.CREATE.games_eu-states");
        assert_eq!(
            body["subjects"],
            json!(["games.eu.*.*.status", "games.eu.*.*.heartbeat"])
        );
        assert!(!body.to_string().contains("cmd"));
    }

    #[test]
    fn a_stream_that_keeps_requests_is_named() {
        assert_eq!(captured(&json!({ "streams": null })), None);
        assert_eq!(captured(&json!({ "streams": [] })), None);
        assert!(captured(&json!({ "streams": ["all"] })).unwrap().contains("`all`"));
    }

    #[test]
    fn troubles_are_told() {
        let stream = LastStates::of("games");
        assert_eq!(stream.trouble(None, &json!({ "config": {} })), None);
        for (status, answer, wanted) in [
            (Some(503), json!(null), "it keeps no streams"),
            (
                None,
                json!({ "error": { "err_code": 10058 } }),
                "`games-states` is not as",
            ),
            (
                None,
                json!({ "error": { "err_code": 10065, "description": "subjects overlap" } }),
                "cannot be made: subjects overlap",
            ),
        ] {
            assert!(stream.trouble(status, &answer).unwrap().contains(wanted), "{answer}");
        }
    }
}
