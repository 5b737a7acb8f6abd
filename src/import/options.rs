//! The choices of who imports.

use std::collections::BTreeMap;

/// The choices that hold for all files of one import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The id of the instance, which is valid.
    pub id: Option<String>,
    /// The folder on this host in which the server's files are.
    pub folder: Option<String>,
    /// Values for variables that a file leaves open, or that are to be others.
    pub set: BTreeMap<String, String>,
}

impl ImportOptions {
    /// Returns the folder of the server's files, as seen from a folder below it.
    pub(super) fn home_from(&self, below: Option<&str>) -> String {
        match (&self.folder, below) {
            (Some(folder), _) => folder.trim_end_matches('/').to_owned(),
            (None, None) => ".".to_owned(),
            (None, Some(below)) => {
                let steps = below.split('/').filter(|part| !matches!(*part, "" | ".")).count();
                vec![".."; steps.max(1)].join("/")
            }
        }
    }

    /// Returns a path within the server's files, for a key of the inventory.
    pub(super) fn within(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        match (&self.folder, path) {
            (Some(folder), "" | ".") => folder.clone(),
            (Some(folder), path) => format!("{}/{path}", folder.trim_end_matches('/')),
            (None, "" | ".") => ".".to_owned(),
            (None, path) => format!("./{path}"),
        }
    }
}
