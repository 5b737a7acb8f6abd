//! Entry points of the fuzz targets: the JSON of docker and of its compose plugin.
//! Built with `--cfg fuzzing` only; see `fuzz/README.md`.

use super::labels::COMPOSE;
use super::order::layers;
use super::tool::restarting;
use crate::containers::{Circumstances, Container, aggregate, parse};

/// Judges and orders a description of containers, and reads a configuration.
pub fn json(bytes: &[u8]) {
    let _ = restarting(bytes);
    let Ok(containers) = parse(bytes, &COMPOSE) else { return };
    let _ = aggregate(&containers, &Circumstances::default());
    let all: Vec<&Container> = containers.iter().collect();
    let ordered: usize = layers(&all).iter().map(Vec::len).sum();
    assert_eq!(ordered, all.len(), "each is in one layer");
}
