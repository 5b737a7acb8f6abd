//! Tests of the states of instances.

use super::*;

fn one(is_running: bool, app_state: i64) -> ListedInstance {
    ListedInstance {
        id: "b2".to_owned(),
        name: "Ark01".to_owned(),
        friendly_name: String::new(),
        module: "GenericModule".to_owned(),
        version: None,
        is_running: Some(is_running),
        is_suspended: false,
        tells_game: true,
        app_state: Some(app_state),
        players: None,
        usage: None,
        stale: None,
    }
}

fn state(one: &ListedInstance, wanted: AmpCircumstances) -> Result<&'static str, String> {
    judge(one, wanted).map(|facts| facts.state.as_label())
}

#[test]
fn every_published_number_has_its_state() {
    for (number, wanted) in [
        (0, "stopped"),
        (5, "starting"),
        (7, "starting"),
        (10, "starting"),
        (20, "running"),
        (30, "starting"),
        (40, "stopping"),
        (45, "stopping"),
        (50, "stopped"),
        (60, "starting"),
        (70, "starting"),
        (75, "starting"),
        (80, "starting"),
        (100, "crashed"),
        (200, "stopped"),
        (250, "starting"),
    ] {
        assert_eq!(
            state(&one(true, number), AmpCircumstances::default()),
            Ok(wanted),
            "{number}"
        );
        let down = state(&one(false, number), AmpCircumstances::default());
        assert_eq!(down, Ok("stopped"), "{number}, of an instance that does not run");
    }
    for number in [-1, 999, 77, 21, i64::MAX, i64::MIN] {
        let why = state(&one(true, number), AmpCircumstances::default()).unwrap_err();
        assert!(why.contains(&number.to_string()), "{why}");
    }
}

#[test]
fn a_state_that_is_not_told_is_unknown() {
    let whole = one(true, 20);
    for unclear in [
        ListedInstance {
            is_running: None,
            ..whole.clone()
        },
        ListedInstance {
            app_state: None,
            ..whole.clone()
        },
        ListedInstance {
            stale: Some("its target is away".to_owned()),
            ..one(false, 0)
        },
    ] {
        assert!(state(&unclear, AmpCircumstances::default()).is_err(), "{unclear:?}");
    }
}

#[test]
fn a_stop_by_others_stays_and_one_of_ours_is_no_news() {
    let wanted = AmpCircumstances {
        want: Some(Want::Running),
        was_started: true,
        was_stopped: false,
        restarts: 2,
    };
    for (is_running, by_others) in [(true, true), (false, true)] {
        let facts = judge(&one(is_running, 0), wanted).unwrap();
        assert_eq!(
            (facts.stays_down, facts.note.is_some(), facts.restarts),
            (by_others, by_others, 2)
        );
    }
    for ours in [
        AmpCircumstances {
            was_stopped: true,
            ..wanted
        },
        AmpCircumstances {
            was_started: false,
            ..wanted
        },
        AmpCircumstances {
            want: Some(Want::Stopped),
            ..wanted
        },
    ] {
        let facts = judge(&one(true, 0), ours).unwrap();
        assert!(!facts.stays_down && facts.note.is_none(), "{ours:?}");
    }
    assert!(
        judge(&one(true, 50), wanted).unwrap().stays_down,
        "it would wake all the time"
    );
}

#[test]
fn a_failure_is_a_crash_until_it_is_acknowledged() {
    let wanted = |want, was_stopped| AmpCircumstances {
        want: Some(want),
        was_stopped,
        was_started: true,
        restarts: 0,
    };
    for (want, was_stopped, state) in [
        (Want::Running, false, "crashed"),
        (Want::Running, true, "crashed"),
        (Want::Stopped, false, "crashed"),
        (Want::Stopped, true, "stopped"),
    ] {
        let facts = judge(&one(true, 100), wanted(want, was_stopped)).unwrap();
        assert_eq!(facts.state.as_label(), state, "{want:?} {was_stopped}");
        let exit = facts.last_exit.unwrap();
        assert_eq!(
            (exit.code, exit.signal, exit.requested),
            (None, None, false),
            "nobody knows more"
        );
    }
}

#[test]
fn a_stop_in_the_panel_is_not_taken_for_ours() {
    let ours = |was_stopped| AmpCircumstances {
        was_stopped,
        ..AmpCircumstances::default()
    };
    assert!(judge(&one(true, 40), ours(false)).unwrap().ends_by_itself);
    assert!(!judge(&one(true, 40), ours(true)).unwrap().ends_by_itself);
}
