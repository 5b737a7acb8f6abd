//! The logs of one and of several instances.

use super::seen;
use crate::ui::screen::Screen;

/// Shows the output of these instances, in turns, each in two parts of which the
/// first ends within a line.
fn printed(screen: &Screen, ids: &[&str], said: &[u8]) {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let mut logs = screen.logs(&ids, false);
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
