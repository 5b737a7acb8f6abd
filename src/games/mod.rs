//! The presets of games, as data that is compiled in.
//!
//! A preset holds keys of an instance, which the inventory overrides, and an example
//! of a `process` section, which is only for pasting. Its comments name the sources
//! of its facts, how sure they are, what is not known, and the keys that nothing uses yet.

mod followers;
mod list;
mod preset;

pub use followers::{FOLLOWERS, Follower};
pub use list::PRESETS;
pub use preset::Preset;

/// Returns the presets that a word is said of: in the name or title, as the protocol of its
/// query, or as the number of one of its ports.
pub fn search(word: &str) -> impl Iterator<Item = &'static Preset> {
    let word = word.to_lowercase();
    PRESETS.iter().filter(move |preset| preset.is_said_to_have(&word))
}

pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_presets_keep_their_distance() {
        for rule in FOLLOWERS {
            let preset = find(rule.game).unwrap();
            let number = |wanted: &str| {
                let mut ports = preset.ports();
                ports.find(|(name, _)| *name == wanted).map(|(_, number)| number)
            };
            let leader = number(rule.after).unwrap();
            assert_eq!(number(rule.port), Some(leader + rule.by), "{rule:?}");
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

    #[test]
    fn each_has_ports_of_its_own() {
        for preset in PRESETS {
            let line = preset.text.lines().find_map(|line| line.strip_prefix("ports: {"));
            let ports = line.unwrap_or_default().trim_end_matches([' ', '}']).split(',');
            let mut ports: Vec<&str> = ports.filter_map(|port| Some(port.split_once(": ")?.1)).collect();
            assert_eq!(ports.len(), preset.ports().count(), "{}", preset.name);
            ports.sort_unstable();
            assert!(
                ports.windows(2).all(|two| two[0] != two[1]),
                "{}: {ports:?}",
                preset.name
            );
            let mut names: Vec<&str> = preset.ports().map(|(name, _)| name).collect();
            names.sort_unstable();
            assert!(
                names.windows(2).all(|two| two[0] != two[1]),
                "{}: {names:?}",
                preset.name
            );
        }
        assert!(PRESETS.len() > 200);
    }

    #[test]
    fn a_word_finds_names_titles_queries_and_ports() {
        let names = |word: &str| search(word).map(|preset| preset.name).collect::<Vec<_>>();
        assert_eq!(names("minetest"), ["luanti"]);
        assert_eq!(names("Counter-strike: s"), ["counter-strike-source"]);
        assert_eq!(names("34197"), ["factorio"]);
        assert_eq!(names("3419"), [""; 0]);
        // A part of the year in a title is not that year.
        assert_eq!(names("200"), [""; 0]);
        assert!(names("quake3").contains(&"openarena"));
        assert!(names("2").contains(&"left-4-dead-2") && !names("2").contains(&"satisfactory"));
        assert_eq!(names("rsut"), [""; 0]);
    }
}
