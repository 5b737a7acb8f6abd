//! Breadth first through every state, so that what goes wrong is shown by the
//! shortest way to it.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;

use super::state::{Rules, Scene, State};
use super::steps::steps;

/// Visits every state. Returns how many there are, or the way to one in which
/// something is wrong.
pub(crate) fn explore(scene: Scene, rules: Rules) -> Result<usize, String> {
    let first = State::first(scene);
    let mut from: HashMap<State, (State, String)> = HashMap::new();
    let mut queue = VecDeque::from([first]);
    from.insert(first, (first, String::new()));
    while let Some(state) = queue.pop_front() {
        if let Some(wrong) = state.wrong() {
            return Err(way(&from, &state, wrong));
        }
        let next = steps(&state, scene, rules);
        if next.is_empty() && !state.is_over() {
            return Err(way(&from, &state, "somebody waits for ever"));
        }
        for (name, next) in next {
            from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                (state, name)
            });
        }
    }
    Ok(from.len())
}

fn way(from: &HashMap<State, (State, String)>, to: &State, wrong: &str) -> String {
    let mut names = Vec::new();
    let mut state = to;
    while let Some((before, name)) = from.get(state).filter(|(before, _)| before != state) {
        names.push(name.as_str());
        state = before;
    }
    let mut out = String::new();
    for (index, name) in names.iter().rev().enumerate() {
        let _ = writeln!(out, "{:3} {name}", index + 1);
    }
    let _ = writeln!(out, "    {wrong}: {to:?}");
    out
}
