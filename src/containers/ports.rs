//! The ports of this host that a group has.

use super::container::{Container, HostBinding};
use super::records::GroupRecords;
use crate::probe::{ContainerProcess, PublishedPort, StackPorts};
use crate::store::stack::Stack;
use crate::sys::listeners::Transport;

impl GroupRecords {
    /// Returns what the containers of a group have; `None` if one shares the network of
    /// a container outside of it, whose ports are not known.
    pub(super) fn ports(&self, containers: &[Container], stack: Option<&Stack>) -> Option<StackPorts> {
        let is_inside = |id: &String| containers.iter().any(|one| one.id == *id);
        let mut networks = containers.iter().filter_map(|one| one.network_of.as_ref());
        if !networks.all(is_inside) {
            return None;
        }
        let alive = containers.iter().filter(|one| one.is_alive());
        let process = |one: &Container| ContainerProcess {
            id: one.id.clone(),
            pid: one.pid,
        };
        let before = stack.map(|stack| self.strangers(stack)).unwrap_or_default();
        Some(StackPorts {
            containers: alive.clone().map(process).collect(),
            published: alive.flat_map(|one| &one.published).map(published).collect(),
            strangers: before.into_iter().collect(),
        })
    }
}

fn published(binding: &HostBinding) -> PublishedPort {
    PublishedPort {
        ip: binding.ip,
        number: binding.port,
        transport: if binding.is_udp { Transport::Udp } else { Transport::Tcp },
    }
}
