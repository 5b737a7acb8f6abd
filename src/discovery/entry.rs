//! An instance that was found, as the YAML of an inventory.

use crate::failure::{Failure, FailureKind};
use crate::inventory::{self, id_like, numbered_id, quoted, quoted_list};

/// An instance as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundInstance {
    id: String,
    plane: &'static str,
    /// The keys of its plane section, with their values as YAML.
    keys: Vec<(&'static str, String)>,
    remarks: Vec<String>,
}

impl FoundInstance {
    /// Creates an instance on a plane; its id is made from `name`.
    pub(super) fn new(name: &str, plane: &'static str) -> Self {
        Self {
            id: id_like(name).unwrap_or_else(|| "found".to_owned()),
            plane,
            keys: Vec::new(),
            remarks: Vec::new(),
        }
    }

    pub(super) fn key(&mut self, key: &'static str, value: &str) {
        self.keys.push((key, quoted(value)));
    }

    pub(super) fn list(&mut self, key: &'static str, values: &[String]) {
        self.keys.push((key, quoted_list(values)));
    }

    /// Adds a remark, which is a line of its own.
    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Gives it another id, where another instance has the same.
    #[must_use]
    pub fn numbered(mut self, number: usize) -> Self {
        self.id = numbered_id(&self.id, number);
        self
    }

    /// Returns it if an inventory takes it: what others have named may be no name here.
    pub(super) fn loadable(self) -> Result<Self, Failure> {
        let yaml = format!("instances:\n{}", self.to_instance());
        match inventory::parse(yaml.as_bytes(), "what was found", "/".as_ref(), &|_| None) {
            Ok(_) => Ok(self),
            Err(problems) => {
                let message = format!("an inventory does not take what was found:\n{problems}");
                Err(Failure::new(FailureKind::Unsupported, message))
            }
        }
    }

    /// Returns the instance, to stand below the word `instances`.
    pub fn to_instance(&self) -> String {
        let mut lines = format!("  {}:\n", self.id);
        for remark in &self.remarks {
            lines.push_str("    # ");
            lines.push_str(remark);
            lines.push('\n');
        }
        lines.push_str(&format!("    {}:\n", self.plane));
        for (key, value) in &self.keys {
            lines.push_str(&format!("      {key}: {value}\n"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::is_valid_id;
    use proptest::prelude::*;

    #[test]
    fn ids_are_like_the_names() {
        for (name, id) in [
            ("palworld", "palworld"),
            ("Dune_Main.1", "dune_main-1"),
            ("-x-", "x"),
            ("..", "found"),
            ("", "found"),
            ("ärger", "rger"),
            (&"x".repeat(80), &"x".repeat(63)),
        ] {
            assert_eq!(FoundInstance::new(name, "podman").id(), id, "{name}");
        }
        let long = FoundInstance::new(&"x".repeat(80), "podman").numbered(12);
        assert!(is_valid_id(long.id()) && long.id().ends_with("x-12"));
    }

    proptest! {
        #[test]
        fn any_name_is_an_id_and_any_value_is_read_as_it_was(name in any::<String>(), path in "[^\0]{1,40}") {
            let mut found = FoundInstance::new(&name, "docker_compose");
            prop_assert!(is_valid_id(found.id()));
            let path = format!("/x{}", path.replace('/', "."));
            found.key("file", &path);
            let yaml = format!("instances:\n{}", found.to_instance());
            let parsed = crate::inventory::parse(yaml.as_bytes(), "", "/".as_ref(), &|_| None);
            let inventory = match parsed {
                Ok(inventory) => inventory,
                Err(problems) => return Err(TestCaseError::fail(format!("{problems}\n{yaml}"))),
            };
            let crate::inventory::Plane::DockerCompose(spec) = &inventory.instances[0].plane else {
                return Err(TestCaseError::fail("another plane"));
            };
            prop_assert_eq!(spec.files[0].to_str(), Some(path.as_str()));
        }
    }
}
