//! The units of systemd that instances are: whether two are the same.

use std::collections::HashMap;
use std::sync::Arc;

use crate::finding::Finding;
use crate::inventory::{Instance, Plane};

/// Returns a finding for each instance whose unit is that of one before it.
pub(super) fn shared(instances: &[Arc<Instance>]) -> Vec<Finding> {
    let mut seen = HashMap::new();
    let mut findings = Vec::new();
    for instance in instances {
        let Plane::Systemd(spec) = &instance.plane else {
            continue;
        };
        let key = (instance.host(), &spec.scope, &spec.unit);
        match seen.get(&key) {
            Some(first) => {
                let message = format!("{} is the unit of {first} as well", spec.unit);
                let finding = Finding::error("unit", message).hint("take one of the two out of the inventory");
                findings.push(finding.of(&instance.id));
            }
            None => {
                seen.insert(key, &instance.id);
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_instances_of_one_unit() {
        let text = "instances:
  a: {systemd: {unit: x}}
  b: {systemd: {unit: x.service}}
  c: {systemd: {unit: x, user: games}}
  d: {systemd: {unit: y}}
";
        let inventory = crate::inventory::parse(text.as_bytes(), "", "/i".as_ref(), &|_| None);
        let inventory = inventory.unwrap_or_else(|problems| panic!("{problems}"));
        let found = shared(&inventory.instances);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.id.as_deref(), one.message.as_str()))
            .collect();
        assert_eq!(found, [(Some("b"), "x.service is the unit of a as well")]);
    }
}
