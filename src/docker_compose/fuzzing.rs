//! What the fuzz targets reach: the JSON of docker and of its compose plugin.
//! Built with `--cfg fuzzing` only; see `fuzz/README.md`.

use super::aggregate::{Circumstances, aggregate};
use super::container::{Container, parse};
use super::order::layers;
use super::tool::restarting;

/// A description of containers, judged and put in order; and a configuration.
pub fn json(bytes: &[u8]) {
    let _ = restarting(bytes);
    let Ok(containers) = parse(bytes) else { return };
    let _ = aggregate(&containers, &Circumstances::default());
    let all: Vec<&Container> = containers.iter().collect();
    let ordered: usize = layers(&all).iter().map(Vec::len).sum();
    assert_eq!(ordered, all.len(), "each is in one layer");
}
