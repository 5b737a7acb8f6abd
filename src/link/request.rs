//! A request as it comes in, and the reasons to refuse it.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::event::Verb;
use crate::inventory::LinkVerb;
use crate::supervisor::VerbRequest;

/// The largest body, in bytes.
pub(super) const BODY_MAX: usize = 4 << 10;

/// The longest id of a request, in bytes.
const ID_MAX: usize = 64;

/// A request may expire so long after it was read at most: so long it is remembered.
pub(super) const AHEAD_MAX: Duration = Duration::from_secs(600);

/// A request that may be carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinkRequest {
    pub(super) id: String,
    pub(super) verb: LinkVerb,
    pub(super) expires: SystemTime,
    /// True if what is waited for is to be told, too.
    pub(super) progress: bool,
    now: bool,
    no_wait: bool,
    timeout: Option<Duration>,
    lock_wait: Option<Duration>,
}

impl LinkRequest {
    /// Returns the request of a verb; `None` for one that only asks.
    pub(super) fn as_verb(&self) -> Option<VerbRequest> {
        let verb = match self.verb {
            LinkVerb::Status => return None,
            LinkVerb::Start => Verb::Start,
            LinkVerb::Stop => Verb::Stop,
            LinkVerb::Restart => Verb::Restart,
        };
        Some(VerbRequest {
            now: self.now,
            no_wait: self.no_wait,
            timeout: self.timeout,
            lock_wait: self.lock_wait,
            ..VerbRequest::new(verb)
        })
    }
}

/// The reason why a request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkRefusal {
    TooLarge(usize),
    Malformed(String),
    Expired,
    TooFarAhead,
    Replayed,
    NotAccepted(&'static str),
    NoSuchInstance,
    Busy,
    Unproven(String),
}

impl LinkRefusal {
    /// Returns the reason as a word for programs.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Expired => "expired",
            Self::TooFarAhead => "too_far_ahead",
            Self::Replayed => "replayed",
            Self::NotAccepted(_) => "not_accepted",
            Self::NoSuchInstance => "no_such_instance",
            Self::Busy => "busy",
            Self::Unproven(_) => "unproven",
        }
    }

    /// Returns the reason for a person.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::TooLarge(size) => format!("its body has {size} bytes, and may have {BODY_MAX}"),
            Self::Malformed(why) => why.clone(),
            Self::Expired => "it came after it had expired".to_owned(),
            Self::TooFarAhead => format!(
                "it expires more than {} ahead; or the clocks differ",
                humantime::format_duration(AHEAD_MAX)
            ),
            Self::Replayed => "a request with its id came before".to_owned(),
            Self::NotAccepted(verb) => format!("`accept` of the link has no `{verb}`"),
            Self::NoSuchInstance => "there is no such instance".to_owned(),
            Self::Busy => "too many requests are under way or remembered".to_owned(),
            Self::Unproven(why) => format!("whether it came before is not known: {why}; ask anew, with another id"),
        }
    }

    /// Returns the answer to a request with this id, as far as that is known.
    pub(super) fn answer(&self, id: Option<&str>) -> Value {
        json!({
            "schema": 1,
            "request": id,
            "refused": self.as_str(),
            "error": { "kind": "refused", "message": self.in_words() },
        })
    }
}

/// The body as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    verb: String,
    expires: String,
    #[serde(default)]
    progress: bool,
    #[serde(default)]
    now: bool,
    #[serde(default)]
    no_wait: bool,
    timeout: Option<String>,
    lock_wait: Option<String>,
}

/// Returns the name of a verb as it is written.
pub(super) fn name_of(verb: LinkVerb) -> &'static str {
    match verb {
        LinkVerb::Status => "status",
        LinkVerb::Start => "start",
        LinkVerb::Stop => "stop",
        LinkVerb::Restart => "restart",
    }
}

/// Reads a body. The refusal comes with the id of the request, where it has one.
pub(super) fn parse(size: usize, payload: &[u8]) -> Result<LinkRequest, (Option<String>, LinkRefusal)> {
    if size > BODY_MAX {
        return Err((None, LinkRefusal::TooLarge(size)));
    }
    let malformed = |why: String| LinkRefusal::Malformed(why);
    let body: Body = serde_json::from_slice(payload).map_err(|error| {
        let id = serde_json::from_slice::<Value>(payload).ok();
        let id = id.and_then(|body| body["id"].as_str().filter(|id| is_id(id)).map(str::to_owned));
        (id, malformed(format!("its body is not what it should be: {error}")))
    })?;
    if !is_id(&body.id) {
        let why = format!("its `id` must be 1 to {ID_MAX} letters, digits, `-`, `_`, `.` or `:`");
        return Err((None, malformed(why)));
    }
    let id = body.id.clone();
    let refused = |why: String| (Some(id.clone()), malformed(why));
    let verbs = [LinkVerb::Status, LinkVerb::Start, LinkVerb::Stop, LinkVerb::Restart];
    let verb = verbs.into_iter().find(|verb| name_of(*verb) == body.verb);
    let verb = verb.ok_or_else(|| refused("its `verb` is none of status, start, stop, restart".to_owned()))?;
    let expires = humantime::parse_rfc3339_weak(&body.expires)
        .map_err(|_| refused("its `expires` is not a time like 2026-01-31T20:00:00Z".to_owned()))?;
    let duration = |text: Option<String>, key: &str| match text {
        None => Ok(None),
        Some(text) => humantime::parse_duration(&text)
            .map(Some)
            .map_err(|_| refused(format!("its `{key}` is not a duration like 30s"))),
    };
    Ok(LinkRequest {
        verb,
        expires,
        progress: body.progress,
        now: body.now,
        no_wait: body.no_wait,
        timeout: duration(body.timeout, "timeout")?,
        lock_wait: duration(body.lock_wait, "lock_wait")?,
        id: body.id,
    })
}

fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Result<LinkRequest, (Option<String>, LinkRefusal)> {
        parse(body.len(), body.as_bytes())
    }

    #[test]
    fn a_whole_request() {
        let body = r#"{"id":"7f-x","verb":"restart","expires":"2026-01-31T20:00:00.5Z","now":true,
                       "timeout":"5m","lock_wait":"0s","progress":true,"no_wait":true}"#;
        let request = read(body).unwrap();
        assert_eq!(
            (request.id.as_str(), request.verb, request.progress),
            ("7f-x", LinkVerb::Restart, true)
        );
        assert_eq!(
            humantime::format_rfc3339_millis(request.expires).to_string(),
            "2026-01-31T20:00:00.500Z"
        );
        let verb = request.as_verb().unwrap();
        assert_eq!((verb.verb, verb.now, verb.no_wait), (Verb::Restart, true, true));
        assert_eq!(
            (verb.timeout, verb.lock_wait),
            (Some(Duration::from_secs(300)), Some(Duration::ZERO))
        );
        assert!(!verb.force && !verb.keeps_intent);
        let asks = read(r#"{"id":"1","verb":"status","expires":"2026-01-31T20:00:00Z"}"#).unwrap();
        assert_eq!(asks.as_verb(), None);
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_id_where_there_is_one() {
        let valid = r#""verb":"stop","expires":"2026-01-31T20:00:00Z""#;
        for (body, id, wanted) in [
            (String::new(), None, "not what it should be"),
            ("nonsense".into(), None, "not what it should be"),
            ("{}".into(), None, "missing field `id`"),
            ("[]".into(), None, "not what it should be"),
            (r#"{"id":"a"}"#.into(), Some("a"), "missing field"),
            (
                format!(r#"{{"id":"a",{valid},"forze":true}}"#),
                Some("a"),
                "unknown field `forze`",
            ),
            (format!(r#"{{"id":"",{valid}}}"#), None, "its `id` must be"),
            (format!(r#"{{"id":"a b",{valid}}}"#), None, "its `id` must be"),
            (format!(r#"{{"id":7,{valid}}}"#), None, "invalid type"),
            (
                r#"{"id":"a","verb":"kill","expires":"2026-01-31T20:00:00Z"}"#.into(),
                Some("a"),
                "its `verb` is none",
            ),
            (
                r#"{"id":"a","verb":"stop","expires":"soon"}"#.into(),
                Some("a"),
                "its `expires`",
            ),
            (
                r#"{"id":"a","verb":"stop","expires":1900000000}"#.into(),
                Some("a"),
                "invalid type",
            ),
            (
                format!(r#"{{"id":"a",{valid},"timeout":"long"}}"#),
                Some("a"),
                "its `timeout`",
            ),
        ] {
            let (told, refusal) = read(&body).unwrap_err();
            assert_eq!(told.as_deref(), id, "{body}");
            assert!(refusal.in_words().contains(wanted), "{body}: {}", refusal.in_words());
            assert_eq!(refusal.answer(id)["refused"], "malformed");
        }
        let large = parse(BODY_MAX + 1, b"");
        assert_eq!(large, Err((None, LinkRefusal::TooLarge(BODY_MAX + 1))));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much_for_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(bytes.len(), &bytes);
        }
    }

    #[test]
    fn all_refusals_are_documented() {
        let all = [
            LinkRefusal::TooLarge(1),
            LinkRefusal::Malformed(String::new()),
            LinkRefusal::Expired,
            LinkRefusal::TooFarAhead,
            LinkRefusal::Replayed,
            LinkRefusal::NotAccepted("stop"),
            LinkRefusal::NoSuchInstance,
            LinkRefusal::Busy,
            LinkRefusal::Unproven(String::new()),
        ];
        let text = include_str!("../../docs/link.md");
        for refusal in all {
            let word = refusal.as_str();
            assert!(text.contains(&format!("`{word}`")), "{word}");
        }
    }
}
