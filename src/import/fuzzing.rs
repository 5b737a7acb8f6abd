//! Entry points of the fuzz target: files of other tools. Built with `--cfg fuzzing` only; see
//! `fuzz/README.md`.

use super::{Draft, ImportFile, ImportKind, ImportOptions, read};
use crate::inventory;

/// Imports bytes as each kind of file: what comes of them is instances that load, or refused.
pub fn import(bytes: &[u8]) {
    let Ok(file) = ImportFile::new("fuzz", bytes) else {
        return;
    };
    let options = ImportOptions::default();
    let kinds = ImportKind::NAMES.iter().filter_map(|name| ImportKind::of_name(name));
    for kind in kinds.map(Some).chain([None]) {
        // It is its own ports and settings, too: a template may name any file.
        let Ok(drafts) = read(&file, std::slice::from_ref(&file), kind, &options) else {
            continue;
        };
        for draft in drafts {
            let yaml = format!("instances:\n{}", Draft::to_instance(&draft));
            let inventory = inventory::parse(yaml.as_bytes(), "", "/".as_ref(), &|_| None).expect("it was loadable");
            let ids: Vec<&str> = inventory.instances.iter().map(|one| one.id.as_str()).collect();
            assert_eq!(ids, [draft.id()], "one instance, and no other");
        }
    }
}
