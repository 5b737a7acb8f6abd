//! The logs of one and of several instances.

use super::seen;
use crate::ui::screen::Screen;

/// Shows the output of these instances, in turns, each in two parts of which the
/// first ends within a line.
fn printed(screen: &Screen, ids: &[&str], said: &[u8]) {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let mut logs = screen.logs(&ids, false, false);
    let (first, rest) = said.split_at(said.len() / 2);
    for part in [first, rest] {
        for index in 0..ids.len() {
            logs.write(index, part);
        }
    }
    logs.finish();
}

const SAID: &[u8] = b"\x1b[32mLoading\x1b[0m world...\nPlayers: 3\n\x1b]0;owned\x07Saved \xff in 12 ms\nno end";

#[test]
fn logs_of_none_and_of_one() {
    insta::assert_snapshot!(seen(|screen| printed(screen, &[], SAID)), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    ");
    insta::assert_snapshot!(seen(|screen| printed(screen, &["rust-main"], SAID)), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    Loading world...
    Players: 3
    Saved � in 12 ms
    no end
    ");
}

#[test]
fn logs_of_two() {
    insta::assert_snapshot!(seen(|screen| printed(screen, &["rust-main", "conan"], SAID)), @r"
    --- 120 columns, 80 columns, 40 columns, off a terminal
    rust-main | Loading world...
    conan     | Loading world...
    rust-main | Players: 3
    rust-main | Saved � in 12 ms
    conan     | Players: 3
    conan     | Saved � in 12 ms
    rust-main | no end
    conan     | no end
    --- 120 columns in colour, 80 columns in colour
    ␛[36mrust-main | ␛[0mLoading world...
    ␛[33mconan     | ␛[0mLoading world...
    ␛[36mrust-main | ␛[0mPlayers: 3
    ␛[36mrust-main | ␛[0mSaved � in 12 ms
    ␛[33mconan     | ␛[0mPlayers: 3
    ␛[33mconan     | ␛[0mSaved � in 12 ms
    ␛[36mrust-main | ␛[0mno end
    ␛[33mconan     | ␛[0mno end
    ");
}

/// There are more of them than colours.
#[test]
fn logs_of_many() {
    let ids = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    insta::assert_snapshot!(seen(|screen| printed(screen, &ids, b"Loading world...\n")), @r"
    --- 120 columns, 80 columns, 40 columns, off a terminal
    one   | Loading world...
    two   | Loading world...
    three | Loading world...
    four  | Loading world...
    five  | Loading world...
    six   | Loading world...
    seven | Loading world...
    eight | Loading world...
    nine  | Loading world...
    --- 120 columns in colour, 80 columns in colour
    ␛[36mone   | ␛[0mLoading world...
    ␛[33mtwo   | ␛[0mLoading world...
    ␛[32mthree | ␛[0mLoading world...
    ␛[35mfour  | ␛[0mLoading world...
    ␛[34mfive  | ␛[0mLoading world...
    ␛[96msix   | ␛[0mLoading world...
    ␛[93mseven | ␛[0mLoading world...
    ␛[92meight | ␛[0mLoading world...
    ␛[95mnine  | ␛[0mLoading world...
    ");
}

#[test]
fn logs_with_times() {
    let said = b"2026-01-31T20:00:00Z [gamectl: launched]\n2026-01-31T20:00:01Z Loading\n- of old\n2026-01-31T20:00:02Z \n- half";
    let show = |screen: &Screen, ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let mut logs = screen.logs(&ids, false, true);
        for index in 0..ids.len() {
            let (first, rest) = said.split_at(50);
            logs.write(index, first);
            logs.write(index, rest);
        }
        logs.finish();
    };
    insta::assert_snapshot!(seen(|screen| show(screen, &["rust-main"])), @r"
    --- 120 columns, 80 columns, 40 columns, off a terminal
    2026-01-31T20:00:00Z [gamectl: launched]
    2026-01-31T20:00:01Z Loading
    -                    of old
    2026-01-31T20:00:02Z
    -                    half
    --- 120 columns in colour, 80 columns in colour
    ␛[2m2026-01-31T20:00:00Z␛[0m [gamectl: launched]
    ␛[2m2026-01-31T20:00:01Z␛[0m Loading
    ␛[2m-                   ␛[0m of old
    ␛[2m2026-01-31T20:00:02Z␛[0m
    ␛[2m-                   ␛[0m half
    ");
    insta::assert_snapshot!(seen(|screen| show(screen, &["rust-main", "conan"])), @r"
    --- 120 columns, 80 columns, 40 columns, off a terminal
    rust-main | 2026-01-31T20:00:00Z [gamectl: launched]
    rust-main | 2026-01-31T20:00:01Z Loading
    rust-main | -                    of old
    rust-main | 2026-01-31T20:00:02Z
    conan     | 2026-01-31T20:00:00Z [gamectl: launched]
    conan     | 2026-01-31T20:00:01Z Loading
    conan     | -                    of old
    conan     | 2026-01-31T20:00:02Z
    rust-main | -                    half
    conan     | -                    half
    --- 120 columns in colour, 80 columns in colour
    ␛[36mrust-main | ␛[0m␛[2m2026-01-31T20:00:00Z␛[0m [gamectl: launched]
    ␛[36mrust-main | ␛[0m␛[2m2026-01-31T20:00:01Z␛[0m Loading
    ␛[36mrust-main | ␛[0m␛[2m-                   ␛[0m of old
    ␛[36mrust-main | ␛[0m␛[2m2026-01-31T20:00:02Z␛[0m
    ␛[33mconan     | ␛[0m␛[2m2026-01-31T20:00:00Z␛[0m [gamectl: launched]
    ␛[33mconan     | ␛[0m␛[2m2026-01-31T20:00:01Z␛[0m Loading
    ␛[33mconan     | ␛[0m␛[2m-                   ␛[0m of old
    ␛[33mconan     | ␛[0m␛[2m2026-01-31T20:00:02Z␛[0m
    ␛[36mrust-main | ␛[0m␛[2m-                   ␛[0m half
    ␛[33mconan     | ␛[0m␛[2m-                   ␛[0m half
    ");
}
