//! The labels that make containers one instance.

use std::collections::HashMap;

pub type Labels = HashMap<String, String>;

/// The way in which a plane marks the containers of one instance.
#[derive(Debug)]
pub struct Grouping {
    /// The label whose value names the group.
    pub label: &'static str,
    /// Reads the place of a container in its group from its labels; `None` if it
    /// is in none.
    pub member: fn(&Labels) -> Option<GroupMember>,
}

/// The place of a container in its group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupMember {
    pub group: String,
    pub service: String,
    /// Belongs to the group, but to no service that is to run.
    pub oneoff: bool,
    /// The services that it depends on; `None` if that is not known.
    pub depends_on: Option<Vec<String>>,
}
