use proptest::prelude::*;

use super::*;

fn calendar(text: &str, zone: &str) -> Calendar {
    Calendar::new(text, ClockZone::named(zone).unwrap()).unwrap()
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

fn shown(zone: &str, moment: i64) -> String {
    ClockZone::named(zone).unwrap().rfc3339(moment).unwrap()
}

/// Returns the times that are due in a span, each as the clocks of the zone show it.
#[track_caller]
fn due(text: &str, zone: &str, from: &str, until: &str) -> Vec<String> {
    let (calendar, until) = (calendar(text, zone), at(until));
    let next = |moment: &i64| calendar.next_after(*moment);
    let due: Vec<i64> = std::iter::successors(calendar.next_after(at(from)), next)
        .take_while(|moment| *moment <= until)
        .collect();
    due.into_iter().map(|moment| shown(zone, moment)).collect()
}

#[test]
fn both_changes_of_berlin() {
    let (from, until) = ("2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z");
    let spring = |text| due(text, "Europe/Berlin", from, until);
    assert_eq!(spring("30 2 * * *"), ["2027-03-28T03:00:00+02:00"]);
    // Two of a list are left out, and are due once, at the change; with them what is due then.
    assert_eq!(
        spring("0,30 2,3 * * *"),
        ["2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"]
    );
    assert_eq!(
        spring("0 1-4 * * *"),
        [
            "2027-03-28T01:00:00+01:00",
            "2027-03-28T03:00:00+02:00",
            "2027-03-28T04:00:00+02:00"
        ]
    );
    assert_eq!(
        spring("0 2,14 * * *"),
        [
            "2027-03-27T14:00:00+01:00",
            "2027-03-28T03:00:00+02:00",
            "2027-03-28T14:00:00+02:00"
        ]
    );
    let (from, until) = ("2026-10-24T12:00:00Z", "2026-10-25T11:00:00Z");
    let autumn = |text| due(text, "Europe/Berlin", from, until);
    assert_eq!(autumn("30 2 * * *"), ["2026-10-25T02:30:00+02:00"]);
    assert_eq!(
        autumn("0 2,10 * * *"),
        ["2026-10-25T02:00:00+02:00", "2026-10-25T10:00:00+01:00"]
    );
    assert_eq!(
        autumn("0 1-3 * * *"),
        [
            "2026-10-25T01:00:00+02:00",
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T03:00:00+01:00"
        ]
    );
    // Asked while the hour comes for the second time.
    let calendar = calendar("*/20 * * * *", "Europe/Berlin");
    let again = at("2026-10-25T01:10:00Z");
    assert_eq!(calendar.next_after(again), Some(at("2026-10-25T02:00:00Z")));
    assert_eq!(calendar.last_between(0, again), Some(at("2026-10-25T00:40:00Z")));
}

#[test]
fn half_an_hour_of_lord_howe() {
    let zone = "Australia/Lord_Howe";
    let (from, until) = ("2026-10-03T12:00:00Z", "2026-10-04T12:00:00Z");
    assert_eq!(due("15 2 * * *", zone, from, until), ["2026-10-04T02:30:00+11:00"]);
    let (from, until) = ("2027-04-03T10:00:00Z", "2027-04-04T10:00:00Z");
    // From 02:00 back to 01:30.
    assert_eq!(due("45 1 * * *", zone, from, until), ["2027-04-04T01:45:00+11:00"]);
    assert_eq!(due("0,30 1,2 * * *", zone, from, until).len(), 4);
}

#[test]
fn days_that_are_rare_or_left_out() {
    let due = |text, zone, from, until| due(text, zone, from, until);
    assert_eq!(
        due(
            "0 5 29 2 *",
            "Europe/Berlin",
            "2026-01-01T00:00:00Z",
            "2033-01-01T00:00:00Z"
        ),
        ["2028-02-29T05:00:00+01:00", "2032-02-29T05:00:00+01:00"]
    );
    assert_eq!(
        due(
            "59 23 31 12 *",
            "Asia/Tokyo",
            "2026-01-01T00:00:00Z",
            "2027-01-02T00:00:00Z"
        ),
        ["2026-12-31T23:59:00+09:00"]
    );
    assert_eq!(
        due("0 0 * * *", "UTC", "2026-12-31T00:00:00Z", "2027-01-02T00:00:00Z"),
        ["2027-01-01T00:00:00+00:00", "2027-01-02T00:00:00+00:00"]
    );
    // Samoa had no 30 December in 2011.
    assert_eq!(
        due(
            "0 5 * * *",
            "Pacific/Apia",
            "2011-12-29T00:00:00Z",
            "2011-12-31T20:00:00Z"
        ),
        [
            "2011-12-29T05:00:00-10:00",
            "2011-12-31T00:00:00+14:00",
            "2011-12-31T05:00:00+14:00",
            "2012-01-01T05:00:00+14:00"
        ]
    );
}

#[test]
fn patterns_that_are_refused() {
    for (text, wanted) in [
        ("0 5 * *", "and has 4"),
        ("0 30 4 * * *", "and has 6"),
        ("@daily", "and has 1"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 2,4,6,9,11 *", "never comes"),
        ("0 0 * * L", "never comes"),
        ("*/90 * * * *", "a step in `*/90`"),
        ("0 */30 * * *", "a step in `*/30`"),
        ("60 5 * * *", "not a pattern"),
        ("0 24 * * *", "not a pattern"),
        ("0 5 * * monday", "not a pattern"),
        ("0 5 * * FRI-MON", "not a pattern"),
        ("five o'clock on every day", "not a pattern"),
    ] {
        let (wrong, hint) = Calendar::new(text, ClockZone::named("UTC").unwrap()).unwrap_err();
        assert!(wrong.contains(wanted) && hint.is_some(), "{text}: {wrong} {hint:?}");
    }
    for text in [
        "0 5 * * mon-fri",
        "0 5 * jan,JUL 1",
        "15 5 1-7 * +MON",
        "0 5 * * 1#2",
        "0  5 * * 7",
    ] {
        assert!(Calendar::new(text, ClockZone::named("UTC").unwrap()).is_ok(), "{text}");
    }
    assert!(ClockZone::named("Europe/Berlim").is_none());
    assert_eq!(calendar("0  5 *\t* *", "UTC").text(), "0 5 * * *");
}

#[test]
fn shortest_intervals() {
    for (text, wanted) in [
        ("* * * * *", 60),
        ("*/15 * * * *", 900),
        ("0 5 * * *", 86_400),
        ("0 2,4,23 * * *", 2 * 3600),
        ("55,5 * * * *", 600),
        ("0 0 1,3 * *", 2 * 86_400),
    ] {
        assert_eq!(calendar(text, "UTC").shortest_interval(), wanted, "{text}");
    }
}

/// Finds what is due minute by minute: whatever the clocks show for the first time, and what
/// they have passed over.
fn minute_by_minute(calendar: &Calendar, from: i64, until: i64) -> Vec<i64> {
    let is_in = |at: DateTime| calendar.has(at.date()) && calendar.times.contains(&(at.hour(), at.minute()));
    let mut reached = calendar.zone.shown_at(from).unwrap();
    let mut due = Vec::new();
    for moment in (from + 60..=until).step_by(60) {
        let shown = calendar.zone.shown_at(moment).unwrap();
        let mut is_due = false;
        while reached < shown {
            reached = reached.checked_add(1.minute()).unwrap();
            is_due |= is_in(reached);
        }
        if is_due {
            due.push(moment);
        }
    }
    due
}

fn field(largest: u32, least: u32) -> impl Strategy<Value = String> {
    let number = least..=largest;
    prop_oneof![
        Just("*".to_owned()),
        number.clone().prop_map(|one| one.to_string()),
        (number.clone(), number.clone()).prop_map(|(one, other)| format!("{one},{other}")),
        (number.clone(), number).prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
        (1u32..9).prop_map(|step| format!("*/{step}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_same_as_minute_by_minute(
        (minute, hour) in (field(59, 0), field(23, 0)),
        weekday in prop_oneof![3 => Just("*".to_owned()), 1 => field(6, 0)],
        (zone, around) in prop_oneof![
            Just(("Europe/Berlin", "2027-03-28T01:00:00Z")),
            Just(("Europe/Berlin", "2026-10-25T01:00:00Z")),
            Just(("Australia/Lord_Howe", "2026-10-03T15:30:00Z")),
            Just(("Australia/Lord_Howe", "2027-04-03T15:00:00Z")),
            Just(("America/St_Johns", "2026-11-01T04:30:00Z")),
            Just(("Pacific/Apia", "2011-12-30T10:00:00Z")),
            Just(("Asia/Kolkata", "2028-02-29T00:00:00Z")),
            Just(("UTC", "2027-01-01T00:00:00Z")),
        ],
        before in 0i64..2000,
    ) {
        let text = format!("{minute} {hour} * * {weekday}");
        let calendar = calendar(&text, zone);
        let (from, until) = (at(around) - before * 60, at(around) + 2 * 86_400);
        // The search begins where the clocks were never set back shortly before.
        let wanted = minute_by_minute(&calendar, from - 2 * 86_400, until);
        let next = |moment: &i64| calendar.next_after(*moment);
        let found: Vec<i64> = std::iter::successors(calendar.next_after(from), next)
            .take_while(|moment| *moment <= until)
            .collect();
        let later: Vec<i64> = wanted.iter().copied().filter(|moment| *moment > from).collect();
        prop_assert_eq!(&found, &later, "{} {}", text, zone);
        let last = wanted.iter().copied().rfind(|moment| *moment <= until);
        prop_assert_eq!(calendar.last_between(from - 2 * 86_400, until), last);
        let last = wanted.iter().copied().rfind(|moment| *moment <= from);
        prop_assert_eq!(calendar.last_between(from - 2 * 86_400, from), last);
    }
}
