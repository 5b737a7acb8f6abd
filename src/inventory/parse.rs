//! A text to an inventory, or to all its problems.

use std::path::Path;

use super::model::instance::Inventory;
use super::read::collector::Env;
use super::read::document;
use super::report::found;
use super::report::problem::Problems;
use super::text::screen::screen;
use super::text::yaml;

/// Reads an inventory from `text`.
///
/// Relative paths begin at `folder`, which must be absolute; `env` gives the
/// variables that the text refers to, and `PATH`. Nothing else of the system is
/// looked at, except for the named programs, which may exist or not.
///
/// # Errors
/// All problems at once; see [`Problems`].
pub fn parse(text: &[u8], source_name: &str, folder: &Path, env: Env) -> Result<Inventory, Problems> {
    match parse_whole(text, source_name, folder, env)? {
        (inventory, None) => Ok(inventory),
        (_, Some(mistakes)) => Err(mistakes.problems),
    }
}

/// The problems of an inventory that are inside of single instances.
#[derive(Debug)]
pub struct Mistakes {
    /// The ids of these instances, sorted.
    pub ids: Vec<String>,
    pub problems: Problems,
}

/// Reads the instances of an inventory that have no problem.
///
/// # Errors
/// All problems at once, when one of them is outside of the instances.
pub(super) fn parse_whole(
    text: &[u8],
    source_name: &str,
    folder: &Path,
    env: Env,
) -> Result<(Inventory, Option<Mistakes>), Problems> {
    let text = screen(text).map_err(|(text, refusal)| found::refused(&text, source_name, refusal))?;
    let tree = yaml::read(text).map_err(|refusal| found::refused(text, source_name, refusal))?;
    let reading = document::read(&tree, folder, env);
    if reading.problems.is_empty() {
        return Ok((reading.whole, None));
    }
    let problems = found::listed(reading.problems, text, &tree, source_name);
    let Some(broken) = reading.broken else {
        return Err(problems);
    };
    let ids = broken.into_iter().collect();
    Ok((reading.whole, Some(Mistakes { ids, problems })))
}

/// Reads definitions that another gamectl has sent, in which no variable is left.
/// Relative paths begin at `folder`, which must be absolute.
///
/// # Errors
/// All problems at once, when one of them is outside of the instances.
pub fn parse_definitions(text: &[u8], folder: &Path) -> Result<(Inventory, Option<Mistakes>), Problems> {
    let env = |name: &str| std::env::var_os(name).filter(|_| name == "PATH");
    parse_whole(text, "the definitions", folder, &env)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::games::PRESETS;
    use crate::inventory::{Plane, PlayersRule, Probe};

    #[test]
    fn a_mistake_inside_one_instance_leaves_the_others_whole() {
        for (text, whole, broken) in [
            ("instances: {a: {}, b: {}}", "a b", Some("")),
            ("instances: {a: {zzz: 1}, b: {}}", "b", Some("a")),
            ("instances: {a: {process: {cwd: []}}, B: {}, c: {}}", "c", Some("B a")),
            ("instances: {a: {tags: [x], tags: [y]}, b: {}}", "b", Some("a")),
            ("instances: {a: {}, a: {}, b: {}}", "b", Some("a")),
            (
                "instances: {a: &x {ready: {tcp: 1, tcp: 2}}, b: *x, c: {}}",
                "c",
                Some("a b"),
            ),
            ("instances: {a: &x {zzz: 1}, b: *x, c: {}}", "c", Some("a b")),
            ("instances: {a: {}}\nzzz: 1", "", None),
            ("defaults: {zzz: 1}\ninstances: {a: {}}", "", None),
            ("defaults: {tags: [x], tags: [y]}\ninstances: {a: {}}", "", None),
            ("instances: {a: {}}\ninstances: {b: {}}", "", None),
            ("instances: [a]", "", None),
            ("instances: {a: [", "", None),
        ] {
            let found = parse_whole(text.as_bytes(), "", "/srv".as_ref(), &|_| None).ok();
            let found = found.map(|(inventory, mistakes)| {
                let ids: Vec<_> = inventory.instances.iter().map(|one| one.id.clone()).collect();
                (
                    ids.join(" "),
                    mistakes.map_or(String::new(), |mistakes| mistakes.ids.join(" ")),
                )
            });
            assert_eq!(
                found,
                broken.map(|broken| (whole.to_owned(), broken.to_owned())),
                "{text}"
            );
        }
    }

    /// Returns the pattern by which a preset is ready.
    fn ready_pattern(name: &str) -> regex::bytes::Regex {
        let preset = crate::games::find(name).unwrap_or_else(|| panic!("there is no {name}"));
        let env = |name: &str| (name == "PATH").then(|| "/bin".into());
        let inventory = parse(preset.to_inventory().as_bytes(), name, "/srv".as_ref(), &env).unwrap();
        let pattern = inventory.instances[0]
            .ready
            .probes
            .iter()
            .find_map(|probe| match probe {
                Probe::Log(pattern) => Some(pattern.clone()),
                Probe::LogFile(file) => Some(file.pattern.clone()),
                _ => None,
            });
        regex::bytes::Regex::new(&pattern.unwrap_or_else(|| panic!("{name} waits for no line"))).unwrap()
    }

    /// The lines of `tests/ready_lines.txt`: those that games print when they are ready,
    /// and behind `!` those that they print otherwise.
    #[test]
    fn presets_know_the_line_of_their_game() {
        let lines = include_str!("../../tests/ready_lines.txt");
        let mut seen = 0;
        for (number, text) in lines.lines().enumerate().filter(|(_, text)| !text.starts_with('#')) {
            let (name, line) = text.split_once('\t').unwrap_or_else(|| panic!("line {number}: {text}"));
            let (name, wanted) = name.strip_prefix('!').map_or((name, true), |name| (name, false));
            let found = ready_pattern(name).is_match(line.as_bytes());
            assert_eq!(found, wanted, "{name}: {line}");
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }

    /// Every preset is without a mistake, and what is printed of it loads.
    #[test]
    fn presets_load() {
        for preset in PRESETS {
            let text = preset.to_inventory();
            let env = |name: &str| (name == "PATH").then(|| "/bin".into());
            let inventory = parse(text.as_bytes(), preset.name, "/srv".as_ref(), &env);
            let inventory = inventory.unwrap_or_else(|problems| panic!("{problems}"));
            let instance = &inventory.instances[0];
            assert_eq!(instance.game, Some(preset.name));
            if matches!(instance.plane, Plane::Kubectl(_)) {
                // The cluster stops it, and has its ports.
                continue;
            }
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
            if let Ok(bare) = parse(bare.as_bytes(), "", "/srv".as_ref(), &env) {
                let bare = &bare.instances[0];
                assert_eq!((&bare.ready, &bare.stop), (&instance.ready, &instance.stop));
                assert_eq!(bare.ports, instance.ports);
            }
        }
    }

    /// Presets whose query gamectl does not speak.
    const UNSPOKEN: [&str; 12] = [
        "ase",
        "cs2d",
        "doom3",
        "hytale",
        "jc2mp",
        "openttd",
        "quake1",
        "quake2",
        "samp",
        "soldat",
        "starmade",
        "teeworlds",
    ];

    /// The presets whose query is known to be spoken, but not at which UDP port, and those that
    /// have no other way than a query that is not spoken.
    const PORTLESS: [&str; 5] = [
        "assetto-corsa-competizione",
        "red-orchestra",
        "rising-world",
        "ut2004",
        "veloren",
    ];

    /// Other ways by which a game answers, beside the query that server browsers use.
    const OTHERWISE: [(&str, &str); 6] = [
        ("assettocorsa-http", "http"),
        ("eco-http", "http"),
        ("fivem-http", "quake3"),
        ("minecraft-bedrock", "bedrock"),
        ("tshock-rest", "http"),
        ("unreal2", "gamespy1"),
    ];

    /// A preset with a known query counts players by it, at the port that goes along when the
    /// ports of the instance are others.
    #[test]
    fn presets_count_the_players_of_their_game() {
        let (mut known, mut counted) = (0, 0);
        for preset in PRESETS {
            let Some(query) = preset.query() else { continue };
            known += 1;
            let env = |name: &str| (name == "PATH").then(|| "/bin".into());
            let inventory = parse(preset.to_inventory().as_bytes(), preset.name, "/srv".as_ref(), &env).unwrap();
            let rule = &inventory.instances[0].players;
            if UNSPOKEN.contains(&query) || PORTLESS.contains(&preset.name) {
                assert_eq!(*rule, None, "{}", preset.name);
                continue;
            }
            let (protocol, server) = match rule {
                Some(PlayersRule::Query(probe)) => probe.query().unwrap(),
                Some(PlayersRule::Http(asked)) => ("http", &asked.request.address),
                _ => panic!("{}: {rule:?}", preset.name),
            };
            let otherwise = OTHERWISE.iter().find(|(named, _)| *named == query);
            assert_eq!(protocol, otherwise.map_or(query, |(_, way)| way), "{}", preset.name);
            assert!(
                preset.ports().any(|(_, number)| number == server.port),
                "{}: {server}",
                preset.name
            );
            counted += 1;
        }
        // A figure: nine of ten of those whose query is known.
        assert!(counted * 10 >= known * 9, "{counted} of {known}");
    }
}
