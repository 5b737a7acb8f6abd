//! The ports of an AMP template.

use super::draft::{DraftSection, shortened};
use super::tree::Branch;

/// The most ports that are read.
const MOST: usize = 100;

/// A port by the name that the template refers to it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AmpPort {
    pub(super) reference: String,
    pub(super) number: u16,
    /// Of TCP and UDP, those that are said to be taken.
    protocols: Vec<&'static str>,
    pub(super) line: usize,
}

impl AmpPort {
    /// Returns true where UDP is among its protocols.
    pub(super) fn is_udp(&self) -> bool {
        self.protocols.contains(&"udp")
    }
}

/// Reads the list of ports.
pub(super) fn read_ports(root: Branch<'_>) -> Vec<AmpPort> {
    let mut ports = Vec::new();
    for one in root.items().take(MOST) {
        let Some(port) = port(one, None) else { continue };
        let parent = port.number;
        ports.push(port);
        let children = one.get("ChildPorts").into_iter().flat_map(Branch::items).take(MOST);
        ports.extend(children.filter_map(|child| self::port(child, Some(parent))));
    }
    ports
}

fn port(one: Branch<'_>, parent: Option<u16>) -> Option<AmpPort> {
    let offset = parent.zip(one.text_of("Offset")).and_then(|(parent, offset)| {
        let offset: i32 = offset.trim().parse().ok()?;
        u16::try_from(i32::from(parent).checked_add(offset)?).ok()
    });
    let number = offset
        .or_else(|| one.text_of("Port")?.trim().parse().ok())
        .filter(|number| *number > 0)?;
    let protocols = match one
        .text_of("Protocol")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "udp" | "1" => vec!["udp"],
        "tcp" | "0" => vec!["tcp"],
        "both" | "2" => vec!["udp", "tcp"],
        _ => Vec::new(),
    };
    Some(AmpPort {
        reference: shortened(one.text_of("Ref").unwrap_or_default(), 60),
        number,
        protocols,
        line: one.line(),
    })
}

/// Returns the port of a reference.
pub(super) fn port_of<'p>(ports: &'p [AmpPort], reference: &str) -> Option<&'p AmpPort> {
    let wanted = reference.trim();
    ports.iter().find(|port| !wanted.is_empty() && port.reference == wanted)
}

/// Returns the section `ports`; the port of `primary` is the one of the game.
pub(super) fn section(ports: &[AmpPort], primary: &str, file: &str) -> DraftSection {
    let mut section = DraftSection::default();
    for port in ports {
        let name = match port.reference == primary {
            true => "game".to_owned(),
            false => name_of(&port.reference),
        };
        for (at, protocol) in port.protocols.iter().enumerate() {
            let mut key = if at == 0 {
                name.clone()
            } else {
                format!("{name}_{protocol}")
            };
            let mut number = 1;
            while section.has(&key) {
                number += 1;
                key = format!("{name}_{number}");
            }
            section.plain(
                &key,
                format!("{}/{protocol}", port.number),
                format!("{file}, line {}", port.line),
            );
        }
    }
    section
}

fn name_of(reference: &str) -> String {
    let short = reference
        .strip_suffix("Port")
        .filter(|short| !short.is_empty())
        .unwrap_or(reference);
    let name: String = short
        .to_ascii_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    match name.is_empty() {
        true => "port".to_owned(),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::within;
    use super::*;

    #[test]
    fn ports_with_their_children() {
        let text = r#"[
            {"Protocol": "UDP", "Port": "7777", "Ref": "GamePort",
             "ChildPorts": [{"Protocol": "UDP", "Port": 1, "Offset": 1, "Ref": "RawPort"}]},
            {"Protocol": "Both", "Port": 27015, "Ref": "QueryPort"},
            {"Protocol": "TCP", "Port": 99999, "Ref": "BadPort"},
            {"Protocol": 2, "Port": 9, "Ref": "$Query!"}]"#;
        let ports = within(text, read_ports).unwrap();
        let told: Vec<(&str, u16)> = ports
            .iter()
            .map(|port| (port.reference.as_str(), port.number))
            .collect();
        assert_eq!(
            told,
            [
                ("GamePort", 7777),
                ("RawPort", 7778),
                ("QueryPort", 27015),
                ("$Query!", 9)
            ]
        );
        assert_eq!(port_of(&ports, "RawPort").map(|port| port.number), Some(7778));
        assert_eq!(port_of(&ports, ""), None);
        let section = section(&ports, "GamePort", "x.json");
        for name in ["game", "raw", "query", "query_tcp", "query_2", "query_3"] {
            assert!(section.has(name), "{name} in {section:?}");
        }
    }
}
