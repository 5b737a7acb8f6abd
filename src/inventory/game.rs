//! `game`, the preset it names, and what else is known of a game: `ports`,
//! `broadcast`, `players`.

use std::collections::BTreeMap;

use super::check::{Check, short};
use super::common::{self, Common};
use super::fields::quoted;
use super::model::{Port, Protocol};
use super::nearest::nearest;
use super::node::{Node, Shape};
use super::yaml;
use crate::games::{self, PRESETS, Preset};

/// Ports by name.
pub(super) type RawPorts = BTreeMap<String, Port>;

/// Reads `game`.
pub(super) fn read(check: &mut Check, node: &Node) -> Option<&'static Preset> {
    let word = check.word("`game`", "the name of a game", node)?;
    let preset = games::find(&word);
    if preset.is_none() {
        let hint = match nearest(&word, PRESETS.iter().map(|preset| preset.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`gamectl games` lists those that are known".to_owned(),
        };
        let shown = match &node.shape {
            Shape::Scalar(scalar) => format!(" `{}`", short(&scalar.text)),
            _ => String::new(),
        };
        check
            .problem(node.span, format!("there is no game{shown} that is known here"))
            .hint(hint);
    }
    preset
}

impl Check<'_> {
    /// What a preset says. It is read once, however many instances have it.
    pub(super) fn preset(&mut self, preset: &'static Preset) -> Common {
        if let Some(known) = self.presets.get(preset.name) {
            return known.clone();
        }
        // It stands in another text, where nothing is wrong.
        let (before, budget) = (self.found.len(), self.budget);
        let common = match yaml::read(preset.text) {
            Ok(tree) => match &tree.root.shape {
                Shape::Map(entries) => common::read(self, entries).of_preset(),
                _ => Common::default(),
            },
            Err(_) => Common::default(),
        };
        self.found.truncate(before);
        self.budget = budget;
        self.presets.insert(preset.name, common.clone());
        common
    }
}

/// Reads `ports`.
pub(super) fn ports(check: &mut Check, node: &Node) -> RawPorts {
    let mut ports = RawPorts::new();
    for entry in check.mapping("`ports`", "a mapping of names to ports", node) {
        if entry.void {
            continue;
        }
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
    ports
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

    /// Every preset is without a mistake, and what is printed of it loads.
    #[test]
    fn presets_load() {
        for preset in PRESETS {
            let text = preset.to_inventory();
            let env = |name: &str| (name == "PATH").then(|| "/bin".into());
            let inventory = super::super::parse(text.as_bytes(), preset.name, "/srv".as_ref(), &env);
            let inventory = inventory.unwrap_or_else(|problems| panic!("{problems}"));
            let instance = &inventory.instances[0];
            assert_eq!(instance.game, Some(preset.name));
            assert!(
                !instance.stop.is_empty() && !instance.ports.is_empty(),
                "{}",
                preset.name
            );
            // What was pasted says the same as what it was pasted from.
            let bare = format!(
                "instances: {{a: {{game: {}, rcon: {{password: x}}, webrcon: {{password: x}}}}}}",
                preset.name
            );
            if let Ok(bare) = super::super::parse(bare.as_bytes(), "", "/srv".as_ref(), &env) {
                let bare = &bare.instances[0];
                assert_eq!((&bare.ready, &bare.stop), (&instance.ready, &instance.stop));
                assert_eq!((&bare.ports, &bare.players), (&instance.ports, &instance.players));
            }
        }
    }
}
