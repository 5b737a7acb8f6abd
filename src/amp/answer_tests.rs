//! Tests of answers: of old and of new versions, and of what is no AMP.

use super::*;

#[test]
fn answers_are_told_from_refusals_and_from_pages() {
    for body in [
        "",
        "  ",
        "{}",
        "[]",
        "true",
        "false",
        "null",
        "7",
        "-1",
        "\"x\"",
        r#"{"Status":true}"#,
        r#"{"Title":7}"#,
    ] {
        assert_eq!(kind(200, body.as_bytes()), Ok(AmpAnswer::Proper), "{body}");
    }
    for (status, body, wanted) in [
        (
            200,
            r#"{"Title":"Unauthorized Access","Message":"no","StackTrace":"at x"}"#,
            AmpAnswer::NoAccess("Unauthorized Access: no".to_owned()),
        ),
        (401, "", AmpAnswer::NoAccess("the answer was 401".to_owned())),
        (403, "<html>", AmpAnswer::NoAccess("the answer was 403".to_owned())),
        (
            200,
            r#"{"Title":"Instance Unavailable"}"#,
            AmpAnswer::Unavailable("Instance Unavailable".to_owned()),
        ),
        (
            500,
            "{\"Title\":\"Boom\",\"Message\":\"\\u001b[2Ja\\nb\"}",
            AmpAnswer::Fault("Boom: [2Jab".to_owned()),
        ),
    ] {
        assert_eq!(kind(status, body.as_bytes()), Ok(wanted), "{status} {body}");
    }
    for (status, body) in [
        (200, "<html>"),
        (200, "\n <"),
        (200, "hello"),
        (404, "[]"),
        (500, "{}"),
        (204 - 100, ""),
    ] {
        assert!(kind(status, body.as_bytes()).is_err(), "{status} {body}");
    }
}

#[test]
fn a_login_is_one_only_with_a_session() {
    let opened = session(br#"{"success":true,"result":10,"sessionID":"abc","permissions":["*"]}"#);
    assert_eq!(opened.unwrap(), "abc");
    for body in [
        r#"{"success":true,"sessionID":""}"#,
        r#"{"success":true,"sessionID":null}"#,
        r#"{"success":false,"sessionID":"abc"}"#,
        "{}",
        "[]",
    ] {
        assert!(
            session(body.as_bytes())
                .unwrap_err()
                .message
                .contains("refused the login"),
            "{body}"
        );
    }
    for body in ["", "true", r#"{"success":true,"sess"#] {
        assert!(
            session(body.as_bytes()).unwrap_err().message.contains("unexpected"),
            "{body}"
        );
    }
}

#[test]
fn only_a_reason_that_is_given_is_told() {
    for (body, wanted) in [
        (r#"{"Status":false,"Reason":"no room"}"#, Some("no room")),
        (r#"{"status":false,"reason":"no room\n"}"#, Some("no room")),
        (r#"{"Status":true,"Reason":"no room"}"#, None),
        (r#"{"Status":false,"Reason":null}"#, None),
        (r#"{"Status":false}"#, None),
        ("false", None),
        ("", None),
        ("{}", None),
    ] {
        assert_eq!(refusal(body.as_bytes()).as_deref(), wanted, "{body}");
    }
}
