//! Entry points of the fuzz target: what is found of containers and units. Built with
//! `--cfg fuzzing` only; see `fuzz/README.md`.

use super::{container, unit};
use crate::inventory;

/// Reads a description of containers, and the properties of a unit: what comes of them is an
/// inventory, or refused.
pub fn found(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let units = ["system", "user"].map(|scope| unit::described(scope, "name", &text));
    let containers = container::described(bytes);
    for one in units.into_iter().chain(containers) {
        let id = one.id().to_owned();
        let Ok(one) = one.loadable() else { continue };
        let yaml = format!("instances:\n{}", one.to_instance());
        let inventory = inventory::parse(yaml.as_bytes(), "", "/".as_ref(), &|_| None).expect("it was loadable");
        let ids: Vec<&str> = inventory.instances.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, [id], "one instance, and no other");
    }
}
