//! The log in the pane: a search, lines that are cut, the file that it is saved to.

use std::io;
use std::time::Instant;

use super::scene::Scene;
use super::status::running;
use super::watch::watched;
use crate::pane::PressedKey::{self, Char, Down, Enter, EraseLine};

/// Returns the screens after each of these pieces of keys.
fn seen(size: (u16, u16), color: bool, pressed: &[&[PressedKey]]) -> String {
    let now = Instant::now();
    let mut scene = Scene::on(size, color);
    let mut view = scene.screen.watch_view("gamectl watch");
    view.set_keys(true);
    watched(vec![running("rust-main", 600, 5000)], now)
        .into_iter()
        .for_each(|event| view.event(event));
    view.draw(now);
    view.press(&[Down, Char('l')]);
    let lines: String = (0..30)
        .map(|n| format!("{} {n} joined the game\n", if n % 9 == 8 { "Anna" } else { "Someone" }))
        .collect();
    view.add_to_log("rust-main", Ok(lines.as_bytes()));
    let long = "A line that is longer than forty columns are wide, and ends with anna\n";
    view.add_to_log("rust-main", Ok(long.as_bytes()));
    let mut out = String::new();
    for keys in pressed {
        view.draw(now);
        view.press(keys);
        view.draw(now);
        out += &scene.seen();
    }
    view.log_saved("there/rust.log", &Err(io::Error::from_raw_os_error(2)));
    view.draw(now);
    out += &scene.seen();
    view.log_saved("rust-main.log", &Err(io::ErrorKind::AlreadyExists.into()));
    view.draw(now);
    out + &scene.seen()
}

fn typed(text: &str) -> Vec<PressedKey> {
    text.chars().map(Char).collect()
}

fn screens(size: (u16, u16), color: bool) -> String {
    let search = typed("/anna");
    let path = [typed("s"), vec![EraseLine], typed("there/rust.log")].concat();
    let keys: [&[PressedKey]; 6] = [&search, &[Enter], &[Char('N')], &[Char('w')], &path, &[Enter]];
    let screens = seen(size, color, &keys);
    let how = if color { ", in colour" } else { "" };
    format!("--- {} x {}{how}\n{screens}", size.0, size.1)
}

#[test]
fn a_search_and_a_file() {
    insta::assert_snapshot!(screens((40, 12), false), @r"
    --- 40 x 12
    1 running               ? keys  q leaves
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    Anna 26 joined the game
    Someone 27 joined the game
    Someone 28 joined the game
    Someone 29 joined the game
    A line that is longer than forty columns
    are wide, and ends with anna
    /anna_     Enter finds it, Esc leaves it

    1 running               ? keys  q leaves
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
      A line that is longer than forty
    > columns are wide, and ends with anna
    `anna`: 3 of 4 (n N move, Esc ends it)

    1 running               ? keys  q leaves
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
    `anna`: 2 of 4 (n N move, Esc ends it)

    1 running               ? keys  q leaves
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
    `anna`: 2 of 4 (n N move, Esc ends it)

    1 running               ? keys  q leaves
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
    save to: there/rust.log_

    1 running               ? keys  q leaves
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
    `anna`: 2 of 4 (n N move, Esc ends it)

    1 running               ? keys  q leaves
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
    not saved to there/rust.log: No such fi…

    1 running               ? keys  q leaves
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
    rust-main.log exists: replace it? [y/N]
    ");
    insta::assert_snapshot!(screens((40, 12), true), @r"
    --- 40 x 12, in colour
    ␛[1m1 running               ? keys  q leaves
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    Anna 26 joined the game
    Someone 27 joined the game
    Someone 28 joined the game
    Someone 29 joined the game
    A line that is longer than forty columns
    are wide, and ends with anna
    ␛[1m/anna_     Enter finds it, Esc leaves it

    ␛[1m1 running               ? keys  q leaves
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    Someone 27 joined the game
    Someone 28 joined the game
    Someone 29 joined the game
    A line that is longer than forty columns
    are wide, and ends with ␛[7manna
    ␛[36m`anna`: 3 of 4 (n N move, Esc ends it)

    ␛[1m1 running               ? keys  q leaves
    ␛[7mAnna␛[m 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    ␛[36m`anna`: 2 of 4 (n N move, Esc ends it)

    ␛[1m1 running               ? keys  q leaves
    ␛[7mAnna␛[m 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    ␛[36m`anna`: 2 of 4 (n N move, Esc ends it)

    ␛[1m1 running               ? keys  q leaves
    ␛[7mAnna␛[m 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    ␛[1msave to: there/rust.log_

    ␛[1m1 running               ? keys  q leaves
    ␛[7mAnna␛[m 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    ␛[36m`anna`: 2 of 4 (n N move, Esc ends it)

    ␛[1m1 running               ? keys  q leaves
    ␛[7mAnna␛[m 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    ␛[36mnot saved to there/rust.log: No such fi…

    ␛[1m1 running               ? keys  q leaves
    ␛[7mAnna␛[m 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    ␛[7mAnna␛[m 26 joined the game
    ␛[33;1mrust-main.log exists: replace it? [y/N]
    ");
    insta::assert_snapshot!(screens((80, 24), false), @r"
    --- 80 x 24
    gamectl watch: 1 running                                        ? keys  q leaves
    Someone 9 joined the game
    Someone 10 joined the game
    Someone 11 joined the game
    Someone 12 joined the game
    Someone 13 joined the game
    Someone 14 joined the game
    Someone 15 joined the game
    Someone 16 joined the game
    Anna 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    Anna 26 joined the game
    Someone 27 joined the game
    Someone 28 joined the game
    Someone 29 joined the game
    A line that is longer than forty columns are wide, and ends with anna
    /anna_                                             Enter finds it, Esc leaves it

    gamectl watch: 1 running                                        ? keys  q leaves
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna
    `anna`: 2 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                        ? keys  q leaves
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    `anna`: 1 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                        ? keys  q leaves
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    `anna`: 1 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                        ? keys  q leaves
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    save to: there/rust.log_                              Enter saves, Esc leaves it

    gamectl watch: 1 running                                        ? keys  q leaves
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    `anna`: 1 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                        ? keys  q leaves
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    not saved to there/rust.log: No such file or directory (os error 2)

    gamectl watch: 1 running                                        ? keys  q leaves
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    rust-main.log exists: replace it? [y/N]
    ");
    insta::assert_snapshot!(screens((120, 40), false), @r"
    --- 120 x 40
    gamectl watch: 1 running                                                                                ? keys  q leaves
    Someone 0 joined the game
    Someone 1 joined the game
    Someone 2 joined the game
    Someone 3 joined the game
    Someone 4 joined the game
    Someone 5 joined the game
    Someone 6 joined the game
    Someone 7 joined the game
    Anna 8 joined the game
    Someone 9 joined the game
    Someone 10 joined the game
    Someone 11 joined the game
    Someone 12 joined the game
    Someone 13 joined the game
    Someone 14 joined the game
    Someone 15 joined the game
    Someone 16 joined the game
    Anna 17 joined the game
    Someone 18 joined the game
    Someone 19 joined the game
    Someone 20 joined the game
    Someone 21 joined the game
    Someone 22 joined the game
    Someone 23 joined the game
    Someone 24 joined the game
    Someone 25 joined the game
    Anna 26 joined the game
    Someone 27 joined the game
    Someone 28 joined the game
    Someone 29 joined the game
    A line that is longer than forty columns are wide, and ends with anna







    /anna_                                                                                     Enter finds it, Esc leaves it

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    `anna`: 1 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    `anna`: 4 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    `anna`: 4 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    save to: there/rust.log_                                                                      Enter saves, Esc leaves it

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    `anna`: 4 of 4 (n N move, Esc ends it)

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    not saved to there/rust.log: No such file or directory (os error 2)

    gamectl watch: 1 running                                                                                ? keys  q leaves
      Someone 0 joined the game
      Someone 1 joined the game
      Someone 2 joined the game
      Someone 3 joined the game
      Someone 4 joined the game
      Someone 5 joined the game
      Someone 6 joined the game
      Someone 7 joined the game
    > Anna 8 joined the game
      Someone 9 joined the game
      Someone 10 joined the game
      Someone 11 joined the game
      Someone 12 joined the game
      Someone 13 joined the game
      Someone 14 joined the game
      Someone 15 joined the game
      Someone 16 joined the game
    > Anna 17 joined the game
      Someone 18 joined the game
      Someone 19 joined the game
      Someone 20 joined the game
      Someone 21 joined the game
      Someone 22 joined the game
      Someone 23 joined the game
      Someone 24 joined the game
      Someone 25 joined the game
    > Anna 26 joined the game
      Someone 27 joined the game
      Someone 28 joined the game
      Someone 29 joined the game
    > A line that is longer than forty columns are wide, and ends with anna







    rust-main.log exists: replace it? [y/N]
    ");
}
