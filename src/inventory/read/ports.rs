//! The `ports` of a game.

use std::collections::BTreeMap;

use super::collector::Collector;
use super::section::quoted;
use crate::inventory::model::instance::{Port, Protocol};
use crate::inventory::text::node::Node;

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<Port>> {
    // Sorted by name.
    let mut ports = BTreeMap::new();
    for entry in check.mapping(what, "a mapping of names to ports", node) {
        let what = format!("the port{}", quoted(&entry.key));
        let Some(word) = check.word(&what, "a port such as `28015/udp`", &entry.value) else {
            continue;
        };
        match port(&word) {
            Some((number, protocol)) => {
                let name = entry.key.to_string();
                ports.insert(name.clone(), Port { name, number, protocol });
            }
            None => {
                check
                    .problem(entry.value.span, format!("{what} must be a port with its protocol"))
                    .hint("write it like `28015/udp` or `28016/tcp`");
            }
        }
    }
    Some(ports.into_values().collect())
}

fn port(text: &str) -> Option<(u16, Protocol)> {
    let (number, protocol) = text.split_once('/')?;
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let number = number.parse().ok().filter(|number| digits && *number > 0)?;
    match protocol {
        "udp" => Some((number, Protocol::Udp)),
        "tcp" => Some((number, Protocol::Tcp)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_ports() {
        assert_eq!(port("28015/udp"), Some((28015, Protocol::Udp)));
        for text in ["28015", "0/udp", "65536/tcp", "/udp", "1/sctp", "+1/udp", "1/udp/tcp"] {
            assert_eq!(port(text), None, "{text}");
        }
    }
}
