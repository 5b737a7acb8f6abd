//! Keys and rows against the state of the pane.

use proptest::prelude::*;

use super::PressedKey::{Backspace, Char, Down, End, Enter, EraseLine, Escape, Home, PageDown, PageUp, Pasted, Up};
use super::*;

fn row(id: &str) -> PaneRow<'_> {
    PaneRow {
        id,
        host: None,
        state: "running",
        urgency: 2,
        players: None,
        memory: None,
        height: 1,
    }
}

fn tell(pane: &mut Pane, ids: &[&str]) {
    let rows: Vec<PaneRow<'_>> = ids.iter().map(|id| row(id)).collect();
    pane.step(PaneInput::Rows { rows: &rows, room: 100 });
}

/// Presses keys, and tells the rows again wherever that is asked for.
fn press(pane: &mut Pane, rows: &[PaneRow<'_>], keys: &[PressedKey]) -> Vec<PaneEffect> {
    let mut effects = Vec::new();
    for key in keys {
        effects.extend(pane.step(PaneInput::Key(*key)));
        if pane.is_stale() {
            pane.step(PaneInput::Rows { rows, room: 100 });
        }
    }
    effects
}

fn seen<'a>(pane: &Pane, rows: &[PaneRow<'a>]) -> Vec<&'a str> {
    pane.seen().map(|at| rows[at].id).collect()
}

#[test]
fn keys_move_the_selection() {
    let ids = ["a", "b", "c", "d", "e", "f"];
    let rows = ids.map(row);
    for (keys, selected) in [
        (&[][..], None),
        (&[Down][..], Some("a")),
        (&[Char('j'), Char('j')], Some("b")),
        (&[Up], Some("a")),
        (&[Char('G')], Some("f")),
        (&[End, Char('k')], Some("e")),
        (&[End, Down], Some("f")),
        (&[End, Char('g')], Some("a")),
        (&[End, Home, Up], Some("a")),
        (&[Down, PageDown], Some("d")),
        (&[Down, Char(' '), Char(' ')], Some("f")),
        (&[End, PageUp], Some("c")),
        (&[End, Char('b'), Char('b')], Some("a")),
        (&[Down, Escape], None),
        // It goes on where it was.
        (&[Down, Down, Escape, Down], Some("b")),
        (&[Char('z'), Backspace], None),
    ] {
        let mut pane = Pane::default();
        tell(&mut pane, &ids);
        pane.step(PaneInput::Page(3));
        assert_eq!(press(&mut pane, &rows, keys), [], "{keys:?}");
        assert_eq!(pane.selected(), selected, "{keys:?}");
        let place = selected.and_then(|id| ids.iter().position(|one| *one == id));
        assert_eq!(pane.selected_place(), place, "{keys:?}");
    }
}

#[test]
fn nothing_is_selected_where_nothing_is_seen() {
    let mut pane = Pane::default();
    let keys = [Down, Up, Home, End, PageDown, PageUp, Enter, Char('S')];
    assert_eq!(press(&mut pane, &[], &keys), []);
    assert_eq!(pane.selected(), None);
}

#[test]
fn the_selection_stays_on_its_instance() {
    let mut pane = Pane::default();
    tell(&mut pane, &["a", "b", "c"]);
    press(&mut pane, &[], &[Down, Down]);
    for (ids, selected, place) in [
        (&["a", "b", "c"][..], Some("b"), Some(1)),
        // Others come and go.
        (&["0", "1", "a", "b", "c"], Some("b"), Some(3)),
        (&["b"], Some("b"), Some(0)),
        (&["c", "b", "a"], Some("b"), Some(1)),
        // It goes: its neighbour is not meant.
        (&["c", "a"], None, None),
        // It comes back, and was not selected anew.
        (&["c", "b", "a"], None, None),
    ] {
        tell(&mut pane, ids);
        assert_eq!((pane.selected(), pane.selected_place()), (selected, place), "{ids:?}");
    }
    // The next key begins where it was.
    press(&mut pane, &[], &[Down]);
    assert_eq!(pane.selected(), Some("b"));
}

#[test]
fn a_filter_shows_what_has_its_text() {
    let rows = [
        PaneRow {
            host: Some("box2"),
            ..row("rust-main")
        },
        PaneRow {
            state: "crashed",
            ..row("Rust-Test")
        },
        row("conan"),
    ];
    let typed = |text: &str| -> Vec<PressedKey> {
        let keys = text.chars().map(Char);
        std::iter::once(Char('/')).chain(keys).collect()
    };
    for (text, then, ids, filter, selected) in [
        ("rust", &[][..], &["rust-main", "Rust-Test"][..], "rust", None),
        ("RUST", &[Enter], &["rust-main", "Rust-Test"], "RUST", Some("rust-main")),
        ("box", &[Enter], &["rust-main"], "box", Some("rust-main")),
        ("crash", &[Enter], &["Rust-Test"], "crash", Some("Rust-Test")),
        ("nothing", &[Enter], &[], "nothing", None),
        ("", &[Enter], &["rust-main", "Rust-Test", "conan"], "", None),
        ("conan", &[Escape], &["rust-main", "Rust-Test", "conan"], "", None),
        ("conax", &[Backspace, Enter], &["conan"], "cona", Some("conan")),
        (
            "x",
            &[EraseLine, Char('c'), Char('o'), Enter],
            &["conan"],
            "co",
            Some("conan"),
        ),
        // Kept until it is cleared; what is typed then is a key again.
        (
            "conan",
            &[Enter, Escape],
            &["rust-main", "Rust-Test", "conan"],
            "",
            Some("conan"),
        ),
        (
            "q",
            &[Enter, Char('/'), Backspace, Backspace],
            &["rust-main", "Rust-Test", "conan"],
            "",
            None,
        ),
        // Keys that move do so while it is typed.
        (
            "rust",
            &[Down, Down, Enter],
            &["rust-main", "Rust-Test"],
            "rust",
            Some("Rust-Test"),
        ),
        // The one that was selected before is not seen any more.
        (
            "",
            &[Enter, End, Char('/'), Char('u'), Char('s'), Enter],
            &["rust-main", "Rust-Test"],
            "us",
            Some("rust-main"),
        ),
    ] {
        let mut pane = Pane::default();
        pane.step(PaneInput::Rows { rows: &rows, room: 100 });
        let mut keys = typed(text);
        keys.extend(then);
        assert_eq!(press(&mut pane, &rows, &keys), [], "{keys:?}");
        assert_eq!(seen(&pane, &rows), ids, "{keys:?}");
        assert_eq!((pane.filter(), pane.selected()), (filter, selected), "{keys:?}");
        assert_eq!(pane.count(), 3);
    }
}

#[test]
fn a_filter_has_an_end() {
    let mut pane = Pane::default();
    press(&mut pane, &[], &[Char('/')]);
    press(&mut pane, &[], &[Char('é'); 100]);
    assert_eq!(pane.filter().chars().count(), 64);
}

#[test]
fn orders() {
    let rows = [
        PaneRow {
            players: Some(3),
            memory: None,
            ..row("c")
        },
        PaneRow {
            players: None,
            memory: Some(5),
            urgency: 0,
            state: "crashed",
            ..row("a")
        },
        PaneRow {
            players: Some(7),
            memory: Some(9),
            ..row("d")
        },
        PaneRow {
            players: Some(0),
            memory: Some(5),
            urgency: 1,
            state: "starting",
            ..row("b")
        },
    ];
    let mut pane = Pane::default();
    pane.step(PaneInput::Rows { rows: &rows, room: 4 });
    for (sort, words, ids) in [
        (SortBy::Inventory, None, ["c", "a", "d", "b"]),
        (SortBy::Trouble, Some("trouble first"), ["a", "b", "c", "d"]),
        (SortBy::Name, Some("by name"), ["a", "b", "c", "d"]),
        (SortBy::Players, Some("by players"), ["d", "c", "b", "a"]),
        (SortBy::Memory, Some("by memory"), ["d", "a", "b", "c"]),
        (SortBy::Inventory, None, ["c", "a", "d", "b"]),
    ] {
        assert_eq!((pane.sort(), pane.sort().in_words()), (sort, words));
        assert_eq!(seen(&pane, &rows), ids, "{sort:?}");
        press(&mut pane, &rows, &[Char('o')]);
    }
    // Where not all of them fit, those that need attention come first.
    let mut pane = Pane::default();
    pane.step(PaneInput::Rows { rows: &rows, room: 3 });
    assert_eq!(seen(&pane, &rows), ["a", "b", "c", "d"]);
}

#[test]
fn a_key_leaves_the_help_and_does_nothing_else() {
    for key in [Char('q'), Char('?'), Escape, Enter, Char('j')] {
        let mut pane = Pane::default();
        tell(&mut pane, &["a"]);
        press(&mut pane, &[], &[Char('?')]);
        assert_eq!(pane.mode(), &PaneMode::Help);
        assert_eq!(press(&mut pane, &[], &[key]), [], "{key:?}");
        assert_eq!((pane.mode(), pane.selected()), (&PaneMode::Board, None), "{key:?}");
    }
}

#[test]
fn the_end_is_asked_for_where_it_matters() {
    let mut pane = Pane::default();
    assert_eq!(press(&mut pane, &[], &[Char('q')]), [PaneEffect::Quit]);
    for (answer, effects) in [
        (Char('y'), &[PaneEffect::Quit][..]),
        (Char('Y'), &[PaneEffect::Quit]),
        (Char('n'), &[]),
        (Enter, &[]),
        (Escape, &[]),
        // Typed twice by mistake, it ends nothing.
        (Char('q'), &[]),
    ] {
        let mut pane = Pane::default().asking_before_quit("end it?");
        assert_eq!(press(&mut pane, &[], &[Char('q')]), []);
        assert_eq!(pane.question().as_deref(), Some("end it?"));
        assert_eq!(press(&mut pane, &[], &[answer]), effects, "{answer:?}");
        assert_eq!(pane.question(), None);
    }
}

/// Something that can come at any time.
#[derive(Debug, Clone)]
enum Anything {
    Key(PressedKey),
    Rows(Vec<u8>, usize),
    Page(usize),
    Text(usize, usize),
}

fn anything() -> impl Strategy<Value = Anything> {
    let keys = "jkgGbo/?qy nxsrS".chars().map(Char);
    let others = [
        Up, Down, PageUp, PageDown, Home, End, Enter, Escape, Backspace, EraseLine,
    ];
    let keys: Vec<PressedKey> = keys.chain(others).collect();
    prop_oneof![
        6 => proptest::sample::select(keys).prop_map(Anything::Key),
        1 => any::<char>().prop_map(|c| Anything::Key(Char(c))),
        2 => (proptest::collection::vec(0_u8..30, 0..20), 0_usize..30).prop_map(|(ids, room)| Anything::Rows(ids, room)),
        1 => (0_usize..40).prop_map(Anything::Page),
        1 => (0_usize..40, 0_usize..40).prop_map(|(lines, room)| Anything::Text(lines, room)),
    ]
}

proptest! {
    /// Nothing panics, and the selection is a row that is seen, or none.
    #[test]
    fn the_selection_is_always_a_row_that_is_seen(inputs in proptest::collection::vec(anything(), 0..120)) {
        let mut pane = Pane::default();
        let mut ids: Vec<String> = Vec::new();
        for input in inputs {
            let before = pane.selected().map(str::to_owned);
            let is_key = matches!(input, Anything::Key(_));
            match input {
                Anything::Key(key) => match pane.step(PaneInput::Key(key)) {
                    // Nothing else than the selected one is acted on.
                    Some(PaneEffect::Act { id, .. }) => prop_assert_eq!(Some(id), pane.selected().map(str::to_owned)),
                    Some(PaneEffect::Quit | PaneEffect::Look { .. } | PaneEffect::OpenConsole { .. } | PaneEffect::SaveLog { .. }) | None => {}
                },
                Anything::Page(page) => drop(pane.step(PaneInput::Page(page))),
                Anything::Text(lines, room) => {
                    pane.step(PaneInput::Text { lines, room, hits: &[] });
                    prop_assert!(pane.top() <= lines.saturating_sub(room));
                }
                Anything::Rows(numbers, room) => {
                    ids = numbers.iter().map(|number| format!("game-{number}")).collect();
                    let mut rows: Vec<PaneRow<'_>> = ids.iter().map(|id| row(id)).collect();
                    for (row, number) in rows.iter_mut().zip(&numbers) {
                        row.urgency = number % 3;
                        row.players = number.checked_sub(5).map(u32::from);
                    }
                    pane.step(PaneInput::Rows { rows: &rows, room });
                }
            }
            let places: Vec<usize> = pane.seen().collect();
            prop_assert!(places.iter().all(|at| *at < ids.len()));
            match (pane.selected(), pane.selected_place()) {
                (Some(id), Some(place)) => prop_assert_eq!(&ids[places[place]], id),
                (None, None) => {}
                other => prop_assert!(false, "{:?}", other),
            }
            // Only a key moves it to another instance.
            if !is_key {
                prop_assert!(pane.selected().is_none() || pane.selected().map(str::to_owned) == before);
            }
        }
    }
}

/// The instances of the tests of deeds, by whether they run and how many play.
fn games() -> Vec<PaneRow<'static>> {
    let players = |count| PaneRow {
        players: Some(count),
        ..row("many")
    };
    vec![
        PaneRow {
            state: "stopped",
            ..row("down")
        },
        row("up"),
        players(3),
        PaneRow {
            id: "one",
            ..players(1)
        },
        PaneRow {
            id: "none",
            ..players(0)
        },
    ]
}

/// A pane with one of these selected.
fn selecting(id: &str) -> Pane {
    let rows = games();
    let mut pane = Pane::default();
    pane.step(PaneInput::Rows { rows: &rows, room: 100 });
    while pane.selected() != Some(id) {
        press(&mut pane, &rows, &[Down]);
    }
    pane
}

fn act(id: &str, deed: PaneDeed) -> PaneEffect {
    let id = id.to_owned();
    PaneEffect::Act { id, deed }
}

#[test]
fn a_key_that_ends_a_game_asks_first() {
    use PaneDeed::{CancelCountdown, GentleRestart, Restart, SkipNext, Start, Stop};
    for (id, key, deed, question) in [
        ("down", 's', Start, None),
        ("up", 's', Start, None),
        // It may have been started a moment ago.
        ("down", 'x', Stop, Some("stop down?")),
        ("down", 'r', Restart, Some("restart down?")),
        ("up", 'x', Stop, Some("stop up?")),
        ("up", 'r', Restart, Some("restart up?")),
        ("many", 'x', Stop, Some("stop many? 3 players are on it")),
        ("one", 'r', Restart, Some("restart one? 1 player is on it")),
        ("none", 'x', Stop, Some("stop none? Nobody is on it")),
        ("many", 'S', SkipNext, None),
        ("many", 'C', CancelCountdown, None),
        (
            "many",
            'R',
            GentleRestart,
            Some("restart many when empty, or after warnings? 3 players are on it"),
        ),
    ] {
        let mut pane = selecting(id);
        let effects = press(&mut pane, &[], &[Char(key)]);
        assert_eq!(pane.question().as_deref(), question, "{id} {key}");
        if question.is_none() {
            assert_eq!(effects, [act(id, deed)], "{id} {key}");
            continue;
        }
        assert_eq!(effects, [], "{id} {key}");
        for (answer, effects) in [
            (Char('n'), &[][..]),
            (Enter, &[]),
            (Escape, &[]),
            // The key again, or another one, is no answer, and does nothing else.
            (Char(key), &[]),
            (Char('q'), &[]),
            (Pasted('y'), &[]),
            (Char('Y'), &[act(id, deed)]),
            (Char('y'), &[act(id, deed)]),
        ] {
            let mut pane = pane.clone();
            assert_eq!(press(&mut pane, &[], &[answer]), effects, "{id} {key} {answer:?}");
            assert_eq!((pane.question(), pane.selected()), (None, Some(id)));
        }
    }
}

#[test]
fn a_question_goes_with_its_instance() {
    let mut pane = selecting("up");
    press(&mut pane, &[], &[Char('x')]);
    tell(&mut pane, &["down", "many"]);
    assert_eq!(pane.question(), None);
    assert_eq!(press(&mut pane, &[], &[Char('y')]), []);
}

#[test]
fn nothing_is_done_without_a_selection_or_where_that_is_refused() {
    let rows = games();
    for key in ['s', 'x', 'r', 'S', 'R', 'C', 'c'] {
        let mut pane = Pane::default();
        pane.step(PaneInput::Rows { rows: &rows, room: 100 });
        assert_eq!(press(&mut pane, &rows, &[Char(key)]), [], "{key}");
        assert_eq!(pane.notice(), Some("no row is selected: the arrows select one"));
        press(&mut pane, &rows, &[Down]);
        assert_eq!(pane.notice(), None);
        let mut pane = selecting("up");
        assert!(pane.may_act());
        pane.refuse_deeds("not from here");
        assert!(!pane.may_act());
        assert_eq!(press(&mut pane, &rows, &[Char(key), Char('y')]), [], "{key}");
        assert_eq!(press(&mut pane, &rows, &[Char(key)]), [], "{key}");
        assert_eq!((pane.notice(), pane.question()), (Some("not from here"), None));
    }
}

#[test]
fn a_deed_is_under_way_until_it_is_over() {
    use PaneDeed::{Restart, Start, Stop};
    let mut pane = selecting("up");
    assert_eq!(press(&mut pane, &[], &[Char('r'), Char('y')]), [act("up", Restart)]);
    assert_eq!(press(&mut pane, &[], &[Char('r')]), []);
    assert_eq!(pane.notice(), Some("the restart of up is under way"));
    // Another verb, or another instance: a stop wins over a restart.
    assert_eq!(press(&mut pane, &[], &[Char('x'), Char('y')]), [act("up", Stop)]);
    assert_eq!(press(&mut pane, &[], &[Home, Char('s')]), [act("down", Start)]);
    // The end is asked for as long as something is left.
    press(&mut pane, &[], &[Char('q')]);
    assert_eq!(
        pane.question().as_deref(),
        Some("leave? Left as far as it is: restart of up, stop of up, start of down.")
    );
    press(&mut pane, &[], &[Char('n')]);
    for (id, deed) in [("up", Stop), ("down", Start), ("up", Restart), ("up", Restart)] {
        pane.step(PaneInput::Over { id, deed });
    }
    assert_eq!(press(&mut pane, &[], &[Char('q')]), [PaneEffect::Quit]);
}

#[test]
fn one_is_seen_in_detail_and_the_text_is_moved() {
    let mut pane = selecting("up");
    let look = || PaneEffect::Look { id: "up".to_owned() };
    assert_eq!(press(&mut pane, &[], &[Enter]), [look()]);
    assert_eq!(pane.mode(), &PaneMode::Detail { id: "up".to_owned() });
    pane.step(PaneInput::Text {
        lines: 30,
        room: 10,
        hits: &[],
    });
    for (keys, top) in [
        (&[][..], 0),
        (&[Up], 0),
        (&[Down, Char('j'), Char('k')], 1),
        (&[PageDown], 11),
        (&[Char(' ')], 20),
        (&[Down], 20),
        (&[Char('b')], 10),
        (&[Home], 0),
        (&[End], 20),
        // What changes something does so at the board alone.
        (&[Char('x'), Char('y'), Char('s'), Char('o'), Char('/')], 20),
    ] {
        assert_eq!(press(&mut pane, &[], keys), [], "{keys:?}");
        assert_eq!(pane.top(), top, "{keys:?}");
    }
    // The text has become shorter.
    pane.step(PaneInput::Text {
        lines: 12,
        room: 10,
        hits: &[],
    });
    assert_eq!(pane.top(), 2);
    assert_eq!(press(&mut pane, &[], &[Enter]), [look()]);
    for key in [Char('q'), Escape] {
        let mut pane = pane.clone();
        assert_eq!(press(&mut pane, &[], &[key]), []);
        assert_eq!((pane.mode(), pane.selected()), (&PaneMode::Board, Some("up")));
    }
    let mut pane = Pane::default();
    tell(&mut pane, &["a"]);
    assert_eq!(press(&mut pane, &[], &[Enter]), []);
    assert_eq!(pane.notice(), Some("no row is selected: the arrows select one"));
}

#[test]
fn a_log_is_followed_until_it_is_scrolled() {
    let mut pane = selecting("up");
    assert_eq!(press(&mut pane, &[], &[Char('l')]), []);
    assert_eq!(pane.mode(), &PaneMode::Log { id: "up".to_owned() });
    pane.step(PaneInput::Text {
        lines: 30,
        room: 10,
        hits: &[],
    });
    let mut lines = 30;
    let mut grow = |pane: &mut Pane| {
        lines += 1;
        pane.step(PaneInput::Text {
            lines,
            room: 10,
            hits: &[],
        });
    };
    for (keys, top, follows) in [
        (&[][..], 21, true),
        (&[Up], 20, false),
        (&[Char('x'), Char('y')], 20, false),
        (&[PageUp], 10, false),
        (&[Enter], 25, true),
        (&[Home], 0, false),
        (&[End], 27, true),
        (&[Down], 28, true),
    ] {
        assert_eq!(press(&mut pane, &[], keys), [], "{keys:?}");
        grow(&mut pane);
        assert_eq!((pane.top(), pane.follows()), (top, follows), "{keys:?}");
    }
    assert_eq!(press(&mut pane, &[], &[Char('q')]), []);
    assert_eq!((pane.mode(), pane.selected()), (&PaneMode::Board, Some("up")));
    // The next text begins at its top.
    press(&mut pane, &[], &[Enter]);
    pane.step(PaneInput::Text {
        lines: 30,
        room: 10,
        hits: &[],
    });
    assert_eq!((pane.top(), pane.follows()), (0, false));
    let mut pane = Pane::default();
    tell(&mut pane, &["a"]);
    press(&mut pane, &[], &[Char('l')]);
    assert_eq!(pane.notice(), Some("no row is selected: the arrows select one"));
}

#[test]
fn a_console_is_wanted_until_the_next_key() {
    let mut pane = Pane::default();
    tell(&mut pane, &["a", "b"]);
    assert_eq!(press(&mut pane, &[], &[Char('c')]), [], "nothing is selected");
    let wanted = [PaneEffect::OpenConsole { id: "a".into() }];
    assert_eq!(press(&mut pane, &[], &[Down, Char('c')]), wanted);
    assert!(pane.awaits_console("a") && !pane.awaits_console("b"));
    assert!(pane.notice().is_some_and(|notice| notice.contains("console of a")));
    press(&mut pane, &[], &[Char('z')]);
    assert!(!pane.awaits_console("a"));
    // It was opened, or cannot be.
    press(&mut pane, &[], &[Char('c')]);
    pane.step(PaneInput::Notice(Some("it does not run")));
    assert!(!pane.awaits_console("a"));
    assert_eq!(pane.notice(), Some("it does not run"));
    pane.refuse_deeds("only looked at");
    assert_eq!(press(&mut pane, &[], &[Char('c')]), []);
    assert_eq!(pane.notice(), Some("only looked at"));
}

#[test]
fn a_countdown_ends_with_the_pane_and_all_else_is_left() {
    let mut pane = selecting("up");
    press(&mut pane, &[], &[Char('s'), Char('R'), Char('y'), Char('R')]);
    let notice = "the gentle restart of up is under way; C cancels it";
    assert_eq!(pane.notice(), Some(notice));
    assert_eq!(press(&mut pane, &[], &[Char('q')]), []);
    let question = "leave? Cancelled, unless it has begun: gentle restart of up. Left as far as it is: start of up.";
    assert_eq!(pane.question().as_deref(), Some(question));
}

#[test]
fn a_log_is_saved_once_it_is_known_where() {
    let mut pane = selecting("up");
    let save = |replaces| PaneEffect::SaveLog {
        path: "up.log".into(),
        replaces,
    };
    assert_eq!(press(&mut pane, &[], &[Char('l'), Char('s'), Enter]), [save(false)]);
    pane.step(PaneInput::Exists { path: "up.log" });
    assert_eq!(pane.question().as_deref(), Some("up.log exists: replace it?"));
    assert_eq!(press(&mut pane, &[], &[Char('n')]), []);
    pane.step(PaneInput::Exists { path: "up.log" });
    assert_eq!(press(&mut pane, &[], &[Char('y')]), [save(true)]);
    assert_eq!(pane.question(), None);
    // Whoever has left the log is asked nothing.
    press(&mut pane, &[], &[Char('q')]);
    pane.step(PaneInput::Exists { path: "up.log" });
    assert_eq!(pane.question(), None);
}
