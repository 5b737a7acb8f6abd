//! The presets of games, as data that is compiled in.
//!
//! A preset holds keys of an instance, which the inventory overrides, and an example
//! of a `process` section, which is only for pasting. Its comments name the sources
//! of its facts, what is not known, and the keys that nothing uses yet.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    /// The name of the game.
    pub title: &'static str,
    /// The keys of an instance, as YAML.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal => $title:literal,)*) => {
        &[$(Preset { name: $name, title: $title, text: include_str!(concat!($name, ".yaml")) },)*]
    };
}

/// All presets, sorted by name.
pub const PRESETS: &[Preset] = presets! {
    "7dtd" => "7 Days to Die",
    "ark-sa" => "ARK: Survival Ascended",
    "ark-se" => "ARK: Survival Evolved",
    "conan" => "Conan Exiles Enhanced",
    "conan-legacy" => "Conan Exiles (before Enhanced, wine)",
    "cs2" => "Counter-Strike 2",
    "dune" => "Dune: Awakening",
    "dune-battlegroup" => "Dune: Awakening, as a BattleGroup in Kubernetes",
    "enshrouded" => "Enshrouded",
    "factorio" => "Factorio",
    "luanti" => "Luanti (Minetest)",
    "minecraft" => "Minecraft: Java Edition",
    "minecraft-bedrock" => "Minecraft: Bedrock Edition",
    "palworld" => "Palworld",
    "project-zomboid" => "Project Zomboid",
    "rust" => "Rust",
    "satisfactory" => "Satisfactory",
    "soulmask" => "Soulmask",
    "terraria" => "Terraria",
    "v-rising" => "V Rising",
    "valheim" => "Valheim",
    "xonotic" => "Xonotic",
};

/// A port that a game takes at a fixed distance from another one of its ports,
/// unasked: when the one moves, so does the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follower {
    pub game: &'static str,
    pub port: &'static str,
    pub after: &'static str,
    pub by: u16,
}

const fn follows(game: &'static str, port: &'static str, by: u16) -> Follower {
    let after = "game";
    Follower { game, port, after, by }
}

/// All followers. The presets name the sources.
pub const FOLLOWERS: &[Follower] = &[
    follows("7dtd", "tcp", 0),
    follows("7dtd", "game1", 1),
    follows("7dtd", "game2", 2),
    follows("7dtd", "game3", 3),
    follows("ark-se", "raw", 1),
    follows("conan", "mods", 0),
    follows("conan", "pinger", 1),
    follows("conan-legacy", "mods", 0),
    follows("conan-legacy", "pinger", 1),
    follows("satisfactory", "api", 0),
    follows("valheim", "query", 1),
];

pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

impl Preset {
    /// Returns an inventory with one instance of this game, to be pasted and adapted.
    pub fn to_inventory(&self) -> String {
        format!("instances:\n{}", self.to_instance())
    }

    /// Returns the instance, to stand below the word `instances`.
    pub fn to_instance(&self) -> String {
        let mut text = format!("  {}:\n    game: {}\n", self.name, self.name);
        for line in self.text.lines() {
            let line = format!("    {line}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_presets_keep_their_distance() {
        for rule in FOLLOWERS {
            let text = find(rule.game).unwrap().text;
            let number = |name: &str| -> u16 {
                let ports = text.lines().find(|line| line.starts_with("ports:")).unwrap();
                let at = ports.find(&format!(" {name}: ")).unwrap() + name.len() + 3;
                ports[at..].split('/').next().unwrap().parse().unwrap()
            };
            assert_eq!(number(rule.port), number(rule.after) + rule.by, "{rule:?}");
        }
    }

    #[test]
    fn presets_are_sorted_and_name_their_sources() {
        assert!(PRESETS.windows(2).all(|two| two[0].name < two[1].name));
        for preset in PRESETS {
            assert!(preset.text.contains("# Source"), "{}", preset.name);
            assert_eq!(find(preset.name), Some(preset));
        }
        assert_eq!(find("nonesuch"), None);
    }
}
