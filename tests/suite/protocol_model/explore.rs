//! Breadth first through every state, so that what goes wrong is shown by the
//! shortest way to it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hasher};

use super::state::{Phase, Scene, State, Without};
use super::steps::{Step, steps};

/// A hash that is quick in a debug build; nobody attacks a model.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

/// The result of an exploration.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    /// The error, and the way to it.
    pub(crate) wrong: Option<(&'static str, String)>,
}

struct Visit {
    state: State,
    from: usize,
    /// Those who lead here by a step of the protocol itself.
    before: Vec<u32>,
}

/// Visits every state.
pub(crate) fn explore(scene: Scene, without: Without) -> Found {
    let first = State::first(scene);
    let mut known: HashMap<State, usize, BuildHasherDefault<Quick>> = HashMap::default();
    let mut visits = vec![Visit {
        state: first,
        from: 0,
        before: Vec::new(),
    }];
    known.insert(first, 0);
    let mut next = Vec::new();
    let mut at = 0;
    while at < visits.len() {
        let state = visits[at].state;
        if let Some(wrong) = state.wrong() {
            return found(&visits, at, wrong, scene, without);
        }
        next.clear();
        steps(&state, scene, without, &mut next);
        for step in &next {
            let to = *known.entry(step.to).or_insert_with(|| {
                visits.push(Visit {
                    state: step.to,
                    from: at,
                    before: Vec::new(),
                });
                visits.len() - 1
            });
            if !step.chance && to != at {
                visits[to].before.push(at as u32);
            }
        }
        at += 1;
    }
    if let Some(stuck) = stuck(&visits, scene) {
        return found(&visits, stuck, "somebody waits for ever", scene, without);
    }
    Found {
        states: visits.len(),
        wrong: None,
    }
}

/// A state from which the protocol's own steps lead nobody to an end: neither
/// a kill nor a game that happens to end may be what a verb depends on.
fn stuck(visits: &[Visit], scene: Scene) -> Option<usize> {
    let is_end = |state: &State| match scene.afterwards {
        true => state.phase == Phase::Over,
        false => state.verbs_are_over(),
    };
    let mut reaches = vec![false; visits.len()];
    let mut todo: Vec<usize> = (0..visits.len()).filter(|at| is_end(&visits[*at].state)).collect();
    for at in &todo {
        reaches[*at] = true;
    }
    while let Some(at) = todo.pop() {
        for before in &visits[at].before {
            let before = *before as usize;
            if !reaches[before] {
                reaches[before] = true;
                todo.push(before);
            }
        }
    }
    reaches.iter().position(|reaches| !reaches)
}

fn found(visits: &[Visit], at: usize, wrong: &'static str, scene: Scene, without: Without) -> Found {
    let mut path = vec![at];
    let mut here = at;
    while here != 0 {
        here = visits[here].from;
        path.push(here);
    }
    path.reverse();
    let mut way = String::new();
    for pair in path.windows(2) {
        let mut next: Vec<Step> = Vec::new();
        steps(&visits[pair[0]].state, scene, without, &mut next);
        let step = next.iter().find(|step| step.to == visits[pair[1]].state);
        if let Some(step) = step {
            let _ = writeln!(way, "  {} {}: {}", step.who, step.number, step.what);
        }
    }
    let _ = write!(way, "  {wrong}: {:?}", visits[at].state);
    Found {
        states: visits.len(),
        wrong: Some((wrong, way)),
    }
}
