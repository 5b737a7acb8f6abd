//! The decision what becomes of a message after an answer. Pure.

use std::time::Duration;

use crate::channel::AskError;
use crate::failure::Failure;
use crate::http::HttpAnswer;

/// The attempts to send one message.
pub(super) const ATTEMPTS: u32 = 5;

/// The pause after the first attempt that failed; it doubles.
const FIRST: Duration = Duration::from_secs(1);

/// The longest time for which a target is left alone because it asks for that.
const LONGEST: Duration = Duration::from_secs(300);

#[derive(Debug, PartialEq)]
pub(super) enum Fate {
    Taken,
    /// Send it again after this time.
    Again(Duration),
    GivenUp(Failure),
}

/// Decides after the attempt of this number, from 1. `chance` is from 0 to 1.
pub(super) fn judge(answer: Result<HttpAnswer, AskError>, attempt: u32, chance: f64) -> Fate {
    let (failure, asked_for) = match answer {
        Ok(answer) => match answer.status {
            200..=299 => return Fate::Taken,
            status @ (429 | 500..=599) => (refused(status), answer.retry_after),
            status => return Fate::GivenUp(refused(status)),
        },
        Err(error) => (
            Failure {
                hint: None,
                ..error.failure()
            },
            None,
        ),
    };
    if attempt >= ATTEMPTS {
        return Fate::GivenUp(failure);
    }
    let own = FIRST * 2_u32.saturating_pow(attempt.saturating_sub(1));
    // Others may wait for the same server.
    let own = own.mul_f64(1.0 + chance / 2.0);
    Fate::Again(asked_for.map_or(own, |asked| asked.max(own).min(LONGEST)))
}

fn refused(status: u16) -> Failure {
    let failure = Failure::failed(format!("it answered {status}"));
    match status {
        401 | 403 => failure.hint("the token, the URL or a header is not the right one"),
        404 => failure.hint("there is nothing at that URL: the webhook may have been removed"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<u64>) -> Result<HttpAnswer, AskError> {
        Ok(HttpAnswer {
            status,
            body: bytes(),
            retry_after: retry_after.map(Duration::from_secs),
        })
    }

    fn bytes() -> hyper::body::Bytes {
        hyper::body::Bytes::new()
    }

    fn again(seconds: u64) -> Fate {
        Fate::Again(Duration::from_secs(seconds))
    }

    #[test]
    fn what_may_pass_is_tried_again_with_growing_pauses() {
        let failed = || Err(AskError::Unclear(Failure::failed("x")));
        let pauses: Vec<Fate> = (1..ATTEMPTS).map(|attempt| judge(failed(), attempt, 0.0)).collect();
        assert_eq!(pauses, [again(1), again(2), again(4), again(8)]);
        assert_eq!(judge(failed(), ATTEMPTS, 0.0), Fate::GivenUp(Failure::failed("x")));
        assert_eq!(judge(answer(503, None), 2, 1.0), again(3));
    }

    #[test]
    fn a_target_is_left_alone_for_as_long_as_it_asks_within_reason() {
        assert_eq!(judge(answer(429, Some(30)), 1, 0.0), again(30));
        assert_eq!(judge(answer(503, Some(0)), 3, 0.0), again(4));
        assert_eq!(judge(answer(429, Some(1 << 40)), 1, 0.0), again(300));
    }

    #[test]
    fn what_does_not_pass_is_given_up_at_once() {
        for status in [301, 400, 401, 403, 404, 413] {
            let verdict = judge(answer(status, Some(1)), 1, 0.0);
            assert!(
                matches!(&verdict, Fate::GivenUp(why) if why.message.contains("it answered")),
                "{status}"
            );
        }
        for status in [200, 201, 204] {
            assert_eq!(judge(answer(status, None), 1, 0.0), Fate::Taken);
        }
    }
}
