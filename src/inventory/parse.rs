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
    let text = screen(text).map_err(|(text, refusal)| found::refused(&text, source_name, refusal))?;
    let tree = yaml::read(text).map_err(|refusal| found::refused(text, source_name, refusal))?;
    let (inventory, problems) = document::read(&tree, folder, env);
    if problems.is_empty() {
        return Ok(inventory);
    }
    Err(found::listed(problems, text, &tree, source_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::games::PRESETS;

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
                assert_eq!((&bare.ports, &bare.players), (&instance.ports, &instance.players));
            }
        }
    }
}
