//! Answers of the API of AMP, before it is known what was asked: an answer proper, a
//! refusal, or something that no AMP says.

use serde::Deserialize;
use serde_json::Value;

use super::listing::plain;
use crate::failure::Failure;

/// An answer, as far as it is the same for all questions.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AmpAnswer {
    /// The JSON that was asked for, or nothing: some questions have no answer.
    Proper,
    /// The session is over, or its user may not do this.
    NoAccess(String),
    /// The instance that was asked through the controller does not run.
    Unavailable(String),
    /// AMP failed at it, in its words.
    Fault(String),
}

/// The form in which AMP tells that it does not do something, with the status 200.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawFault {
    title: String,
    #[serde(default)]
    message: Option<String>,
}

/// The answer to a login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLogin {
    #[serde(default)]
    success: bool,
    #[serde(rename = "sessionID", default)]
    session_id: Option<String>,
    #[serde(default)]
    result: Option<i64>,
    #[serde(default)]
    result_reason: Option<String>,
}

/// Tells what kind of an answer this is.
///
/// # Errors
/// When it is no answer of AMP.
pub(super) fn kind(status: u16, body: &[u8]) -> Result<AmpAnswer, Failure> {
    let begin = body.iter().position(|byte| !byte.is_ascii_whitespace());
    let first = begin.and_then(|at| body.get(at)).copied();
    if first == Some(b'{')
        && let Ok(fault) = serde_json::from_slice::<RawFault>(body)
    {
        return Ok(of_fault(&fault));
    }
    match status {
        200..=299 => {}
        401 | 403 => return Ok(AmpAnswer::NoAccess(format!("the answer was {status}"))),
        _ => return Err(not_amp(&format!("the answer was {status}"))),
    }
    match first {
        None | Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => Ok(AmpAnswer::Proper),
        Some(b'<') => Err(not_amp("it answered with a page, and not with JSON")),
        Some(_) => Err(not_amp("what it answered is not JSON")),
    }
}

fn of_fault(fault: &RawFault) -> AmpAnswer {
    let title = plain(&fault.title);
    let message = plain(fault.message.as_deref().unwrap_or_default());
    let text = match message.is_empty() {
        true => title.clone(),
        false => format!("{title}: {message}"),
    };
    match title.as_str() {
        "Unauthorized Access" => AmpAnswer::NoAccess(text),
        "Instance Unavailable" => AmpAnswer::Unavailable(text),
        _ => AmpAnswer::Fault(text),
    }
}

fn not_amp(message: &str) -> Failure {
    Failure::unknown(message).hint("compare the `url` of `amp` with the address of AMP's panel")
}

/// Returns the failure of an answer that is not what was asked for.
pub(super) fn unexpected(asked: &str, error: &serde_json::Error) -> Failure {
    let how = match error.is_eof() {
        true => "it was cut short".to_owned(),
        false => error.to_string(),
    };
    Failure::unknown(format!("AMP said something unexpected to `{asked}`: {how}"))
}

/// Returns the session that a login opened.
///
/// # Errors
/// When AMP has refused it.
pub(super) fn session(body: &[u8]) -> Result<String, Failure> {
    let login: RawLogin = serde_json::from_slice(body).map_err(|error| unexpected("Core/Login", &error))?;
    let session = login.session_id.filter(|id| !id.is_empty());
    if let (true, Some(session)) = (login.success, session) {
        return Ok(session);
    }
    let failure = |message: &str, hint: &str| Failure::failed(format!("AMP refused the login: {message}")).hint(hint);
    let another = "give `amp` a user of its own, without that";
    Err(match login.result {
        Some(20) => failure(
            "its password has to be changed first",
            "log in to the panel as that user once",
        ),
        Some(25) => failure("the account is disabled", "enable it in the panel"),
        Some(40 | 45 | 50) => failure("it wants a second factor", another),
        Some(5) => failure(
            "the user has no access to this instance",
            "give its role that permission in the panel",
        ),
        _ => {
            let why = plain(login.result_reason.as_deref().unwrap_or_default());
            let why = if why.is_empty() {
                "no reason was given".to_owned()
            } else {
                why
            };
            failure(&why, "compare `user` and `password` of `amp` with the panel")
        }
    })
}

/// Returns AMP's reason for not carrying an order out, where it gives one.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let status = answer.get("Status").or_else(|| answer.get("status"))?;
    if status.as_bool() != Some(false) {
        return None;
    }
    let reason = answer.get("Reason").or_else(|| answer.get("reason"))?;
    let reason = plain(reason.as_str()?);
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
