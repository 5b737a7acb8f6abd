//! The decision which requests are carried out.

use std::collections::HashMap;
use std::time::SystemTime;

use super::request::{self, AHEAD_MAX, LinkRefusal, LinkRequest};
use crate::inventory::{LinkVerb, is_valid_id};

/// The requests that are remembered at most, to know them again.
const REMEMBERED_MAX: usize = 4096;

/// The requests that are under way at most.
const UNDER_WAY_MAX: usize = 16;

/// Lets requests in, each once.
#[derive(Debug)]
pub(super) struct Gate {
    accept: Vec<LinkVerb>,
    /// The ids of those that were let in, with the time until which they could be sent again.
    seen: HashMap<String, SystemTime>,
    under_way: usize,
}

impl Gate {
    pub(super) fn new(accept: &[LinkVerb]) -> Self {
        Self {
            accept: accept.to_vec(),
            seen: HashMap::new(),
            under_way: 0,
        }
    }

    /// Returns the request, if it may be carried out now on that instance.
    /// Where it may, [`Self::done`] has to follow.
    pub(super) fn admit(
        &mut self,
        instance: &str,
        size: usize,
        payload: &[u8],
        now: SystemTime,
    ) -> Result<LinkRequest, (Option<String>, LinkRefusal)> {
        let request = request::parse(size, payload)?;
        match self.refusal(instance, &request, now) {
            Some(refusal) => Err((Some(request.id), refusal)),
            None => {
                self.seen.insert(request.id.clone(), request.expires);
                self.under_way += 1;
                Ok(request)
            }
        }
    }

    /// Takes in that a request has been carried out.
    pub(super) fn done(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    fn refusal(&mut self, instance: &str, request: &LinkRequest, now: SystemTime) -> Option<LinkRefusal> {
        if request.expires <= now {
            return Some(LinkRefusal::Expired);
        }
        if request.expires > now + AHEAD_MAX {
            return Some(LinkRefusal::TooFarAhead);
        }
        if !self.accept.contains(&request.verb) {
            return Some(LinkRefusal::NotAccepted(request::name_of(request.verb)));
        }
        if !is_valid_id(instance) {
            return Some(LinkRefusal::NoSuchInstance);
        }
        if self.seen.contains_key(&request.id) {
            return Some(LinkRefusal::Replayed);
        }
        if self.seen.len() >= REMEMBERED_MAX {
            self.seen.retain(|_, expires| *expires > now);
        }
        let is_full = self.under_way >= UNDER_WAY_MAX || self.seen.len() >= REMEMBERED_MAX;
        is_full.then_some(LinkRefusal::Busy)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn body(id: &str, verb: &str, expires: u64) -> Vec<u8> {
        let expires = humantime::format_rfc3339_seconds(at(expires));
        format!(r#"{{"id":"{id}","verb":"{verb}","expires":"{expires}"}}"#).into_bytes()
    }

    fn refused(gate: &mut Gate, body: &[u8], now: u64) -> Option<&'static str> {
        gate.admit("a", body.len(), body, at(now))
            .err()
            .map(|(_, why)| why.as_str())
    }

    #[test]
    fn requests_are_let_in_once_in_time_and_if_accepted() {
        let mut gate = Gate::new(&[LinkVerb::Stop, LinkVerb::Status]);
        for (id, verb, expires, now, wanted) in [
            ("1", "stop", 10, 0, None),
            ("1", "stop", 10, 1, Some("replayed")),
            // The id counts, whatever else is changed.
            ("1", "status", 500, 1, Some("replayed")),
            ("2", "stop", 10, 10, Some("expired")),
            ("2", "stop", 10, 11, Some("expired")),
            ("2", "stop", 601, 0, Some("too_far_ahead")),
            ("2", "stop", 600, 0, None),
            ("3", "start", 10, 0, Some("not_accepted")),
            ("3", "status", 10, 0, None),
        ] {
            let got = refused(&mut gate, &body(id, verb, expires), now);
            assert_eq!(got, wanted, "{id} {verb} {expires} {now}");
        }
        let other = body("9", "stop", 10);
        for bad in ["", "A", "*", ">", "tag:x", "a.b"] {
            let (_, why) = gate.admit(bad, other.len(), &other, at(0)).unwrap_err();
            assert_eq!(why, LinkRefusal::NoSuchInstance, "{bad}");
        }
    }

    #[test]
    fn only_so_many_are_under_way() {
        let mut gate = Gate::new(&[LinkVerb::Stop]);
        for n in 0..UNDER_WAY_MAX {
            assert_eq!(refused(&mut gate, &body(&n.to_string(), "stop", 10), 0), None);
        }
        assert_eq!(refused(&mut gate, &body("x", "stop", 10), 0), Some("busy"));
        gate.done();
        // It was refused, and so is not remembered.
        assert_eq!(refused(&mut gate, &body("x", "stop", 10), 0), None);
    }

    #[test]
    fn memory_is_bounded_and_those_that_expired_are_forgotten() {
        let mut gate = Gate::new(&[LinkVerb::Stop]);
        for n in 0..REMEMBERED_MAX {
            assert_eq!(refused(&mut gate, &body(&n.to_string(), "stop", 10), 0), None);
            gate.done();
        }
        assert_eq!(refused(&mut gate, &body("x", "stop", 20), 9), Some("busy"));
        assert_eq!(refused(&mut gate, &body("x", "stop", 20), 10), None);
        assert_eq!(gate.seen.len(), 1);
        // What was forgotten has expired.
        assert_eq!(refused(&mut gate, &body("1", "stop", 10), 10), Some("expired"));
    }
}
