//! Tests of what is understood of a list.

use proptest::prelude::*;

use super::*;

const LISTED: &str = r#"[
    {"Id":1,"IsRemote":false,"State":20,"FriendlyName":"box","AvailableInstances":[
        {"InstanceID":"a1","InstanceName":"ADS01","Module":"ADS","Running":true,"AppState":999,"Suspended":false},
        {"InstanceID":"b2","InstanceName":"Ark01","FriendlyName":"The Ark","Module":"GenericModule","Running":true,
         "AppState":20,"AMPVersion":"2.6.0.4","Metrics":{"Active Users":{"RawValue":3,"MaxValue":40,"Percent":7},
         "Memory Usage":{"RawValue":512,"MaxValue":4096,"Percent":12,"Units":"MB"}}}]},
    {"Id":2,"IsRemote":true,"State":10,"StateReason":"no route","FriendlyName":"far","AvailableInstances":[
        {"InstanceID":"c3","InstanceName":"Rust01","Running":true,"AppState":20,"Metrics":null}]},
    {"Id":3,"IsRemote":true,"State":20,"FriendlyName":"empty","AvailableInstances":null}]"#;

#[test]
fn targets_with_their_instances() {
    let listing = parse(LISTED.as_bytes()).unwrap();
    assert_eq!(listing.len(), 3);
    let ark = listing.find("Ark01").unwrap();
    assert_eq!(
        (ark.is_running, ark.app_state, ark.stale.as_deref()),
        (Some(true), Some(20), None)
    );
    assert_eq!(
        ark.players,
        Some(Players {
            online: 3,
            max: Some(40)
        })
    );
    assert_eq!(ark.usage.and_then(|usage| usage.memory_bytes), Some(512 << 20));
    assert_eq!(ark.version.as_deref(), Some("2.6.0.4"));
    assert_eq!(listing.find("B2").unwrap().name, "Ark01", "by its id");
    let far = listing.find("Rust01").unwrap();
    assert_eq!(far.stale.as_deref(), Some("AMP's target `far` is offline: no route"));
    let missing = listing.find("nothing").unwrap_err();
    assert!(missing.contains("`far` is offline"), "it may be there: {missing}");
    assert!(listing.find("The Ark").unwrap_err().contains("write its name, `Ark01`"));
}

/// A target that is asked itself, and versions before 2.3.
#[test]
fn other_forms_of_the_answer() {
    let flat = r#"[{"InstanceID":"b2","InstanceName":"Ark01","Running":false}]"#;
    for text in [
        flat.to_owned(),
        format!(r#"{{"result":{flat}}}"#),
        format!(r#" {{"Result":{flat}}}"#),
        format!(r#"[{{"AvailableInstances":{flat}}}]"#),
    ] {
        let listing = parse(text.as_bytes()).unwrap();
        let one = listing.find("Ark01").unwrap();
        assert_eq!((one.is_running, one.app_state), (Some(false), None), "{text}");
    }
    for text in [
        "",
        "{}",
        "null",
        "[1]",
        "\"x\"",
        r#"{"result":{}}"#,
        &flat[..30],
        &"[".repeat(5000),
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(parse(b"[]").unwrap().len(), 0);
}

#[test]
fn only_whole_numbers_count_players() {
    for (raw, max, wanted) in [
        ("0", "0", Some((0, 0))),
        ("7.0", "10", Some((7, 10))),
        ("1.5", "10", None),
        ("-1", "10", None),
        ("1", "null", None),
        ("1", "1e9", None),
    ] {
        let text = format!(
            r#"[{{"InstanceID":"a","InstanceName":"b","Metrics":{{"Active Users":{{"RawValue":{raw},"MaxValue":{max}}}}}}}]"#
        );
        let players = parse(text.as_bytes()).unwrap().find("b").unwrap().players;
        assert_eq!(players.map(|one| (one.online, one.max.unwrap())), wanted, "{raw} {max}");
    }
}

#[test]
fn two_of_one_name_are_told_by_their_ids() {
    let text = r#"[{"InstanceID":"a1","InstanceName":"Twin"},{"InstanceID":"b2","InstanceName":"Twin"}]"#;
    let listing = parse(text.as_bytes()).unwrap();
    let why = listing.find("Twin").unwrap_err();
    assert!(why.contains("2 instances") && why.contains("`a1` or `b2`"), "{why}");
    assert_eq!(listing.find("b2").unwrap().id, "b2");
}

proptest! {
    /// A text that is cut short is never taken for a shorter list.
    #[test]
    fn a_list_that_is_cut_short_is_none(end in 0..LISTED.len()) {
        prop_assert!(parse(&LISTED.as_bytes()[..end]).is_err());
    }
}
