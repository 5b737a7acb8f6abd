//! `gamectl init`.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::context::{Context, runtime};
use super::games;
use crate::cli::InitArgs;
use crate::failure::Failure;
use crate::games::Preset;
use crate::host::{Error, FoundInstance, of_container, of_unit};
use crate::invocation::command_for;

const EXAMPLE: &str = include_str!("../../instances.example.yaml");

pub(super) fn run(context: &Context<'_>, init: &InitArgs) -> Result<u8, Error> {
    let mut presets: Vec<&Preset> = Vec::new();
    for name in &init.games {
        let preset = games::known(name)?;
        if !presets.contains(&preset) {
            presets.push(preset);
        }
    }
    let found = match (init.from_container.is_empty(), init.from_systemd.is_empty()) {
        (true, true) => Vec::new(),
        _ => runtime()?.block_on(found(init))?,
    };
    let place = place(context);
    let shown = place.display().to_string();
    let text = text(&presets, &found, &shown);
    if shown == "-" {
        context.screen.print(&text);
        return Ok(0);
    }
    write(&place, &text)
        .map_err(|error| refused(&shown, &error, "name another file with -f FILE; `-f -` prints the text"))?;
    let next = if presets.is_empty() && found.is_empty() {
        command_for(&place, "start tag:demo")
    } else {
        format!("adapt it, and look it over with {}", command_for(&place, "check"))
    };
    context.screen.wrote(&shown, &next);
    Ok(0)
}

/// Returns the path for the new inventory: the one named, else the first place
/// in which an inventory is looked for.
fn place(context: &Context<'_>) -> PathBuf {
    let variable = || std::env::var_os("GAMECTL_INVENTORY").filter(|value| !value.is_empty());
    let named = context.cli.inventory.clone();
    named
        .or_else(variable)
        .unwrap_or_else(|| OsString::from("instances.yaml"))
        .into()
}

/// Finds what is named on this host, each once.
async fn found(init: &InitArgs) -> Result<Vec<FoundInstance>, Failure> {
    let mut all: Vec<FoundInstance> = Vec::new();
    for name in &init.from_container {
        all.push(of_container(name).await?);
    }
    for unit in &init.from_systemd {
        all.push(of_unit(unit).await?);
    }
    let mut found: Vec<FoundInstance> = Vec::new();
    for one in all {
        if found.contains(&one) {
            continue;
        }
        let mut numbered = one.clone();
        let mut number = 1;
        while found.iter().any(|other| other.id() == numbered.id()) || init.games.contains(&numbered.id().to_owned()) {
            number += 1;
            numbered = one.clone().numbered(number);
        }
        found.push(numbered);
    }
    Ok(found)
}

fn text(presets: &[&Preset], found: &[FoundInstance], shown: &str) -> String {
    if presets.is_empty() && !found.is_empty() {
        let mut text = format!(
            "# Game servers that are on this host already, for gamectl. Look them over: {}.\n\
             # Every key is described in gamectl-inventory(5).\n\
             instances:\n",
            command_for(shown, "check")
        );
        found.iter().for_each(|one| text.push_str(&one.to_instance()));
        return text;
    }
    if presets.is_empty() {
        // Its first line tells editors where the schema is in the repository.
        let text = EXAMPLE.split_once('\n').map_or(EXAMPLE, |(_, text)| text);
        return text.replace("instances.example.yaml", shown);
    }
    let mut text = format!(
        "# Game servers, for gamectl. Adapt it, and then check it: {}.\n\
         # Every key is described in gamectl-inventory(5). Each `process` section is an\n\
         # example: the preset (`game:`) does not hold it, so keep it. The other keys are\n\
         # those of the preset: one that you leave as it is can be taken out.\n\
         instances:\n",
        command_for(shown, "check")
    );
    for preset in presets {
        text.push_str(&preset.to_instance());
        text.push('\n');
    }
    for one in found {
        text.push_str(&one.to_instance());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Makes the file, readable by its owner alone, because passwords may be
/// written into it. A file that is there is never overwritten, not even one
/// that a dangling link names.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        // Half an inventory would stand in the way of the next attempt.
        let _ = std::fs::remove_file(path);
    }
    written
}

pub(super) fn refused(shown: &str, error: &io::Error, otherwise: &str) -> Failure {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::failed(format!("{shown} is there already, and was not touched")).hint(otherwise)
        }
        io::ErrorKind::NotFound => {
            Failure::failed(format!("{shown} cannot be written: its folder is not there")).hint("make the folder first")
        }
        kind => Failure::failed(format!("{shown} cannot be written: {kind}")).hint(otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::games::PRESETS;

    #[test]
    fn every_choice_is_an_inventory() {
        let all: Vec<&Preset> = PRESETS.iter().collect();
        for presets in [&[][..], &all[..1], &all[..]] {
            let text = text(presets, &[], "x.yaml");
            let env = |name: &str| (name == "PATH").then(|| "/bin".into());
            let parsed = crate::inventory::parse(text.as_bytes(), "", "/".as_ref(), &env);
            let inventory = parsed.unwrap_or_else(|problems| panic!("{problems}\n{text}"));
            assert!(inventory.instances.len() >= presets.len().max(1));
            assert!(!text.contains("instances.example.yaml") && !text.contains("$schema"));
        }
    }
}
