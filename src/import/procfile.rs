//! A Procfile: a name and a command in each line.

use super::draft::{Draft, DraftSection, DraftValue};
use super::file::ImportFile;
use super::open_variables::OpenVariables;
use super::options::ImportOptions;
use super::shell::Dialect;
use super::startup::read_start;
use crate::inventory::Problems;

/// The most lines that are read.
const MOST: usize = 200;

/// Splits a line; `None` for one that is no entry.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    // No command begins so, and values of YAML do.
    let is_yaml = command
        .trim_start()
        .starts_with(['{', '[', '&', '*', '|', '>', '\'', '"']);
    (is_name && !is_yaml && !command.trim().is_empty()).then_some((name, command.trim()))
}

fn entries(file: &ImportFile) -> impl Iterator<Item = (usize, &str)> {
    file.lines()
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// Returns true where each line is a name with a command.
pub(super) fn is_procfile(file: &ImportFile) -> bool {
    entries(file).next().is_some() && entries(file).all(|(_, line)| entry(line).is_some())
}

/// Reads a Procfile: each line is an instance.
///
/// # Errors
/// When a line is none, or there are too many.
pub(super) fn read(file: &ImportFile, options: &ImportOptions) -> Result<Vec<Draft>, Problems> {
    let mut drafts = Vec::new();
    for (number, line) in entries(file) {
        let Some((name, command)) = entry(line) else {
            return Err(file.problem_in_line(
                number,
                "this line is not NAME: COMMAND",
                "such as `web: ./server -p 8080`",
            ));
        };
        if drafts.len() >= MOST {
            let message = format!("there are more than {MOST} commands in it");
            return Err(file.problem_in_line(number, message, "import a part of it"));
        }
        let about = format!("{name}: from {}, line {number}.", file.base_name());
        let mut draft = Draft::new(name, about).called(options.id.as_deref());
        let mut variables = OpenVariables::new(draft.id(), options);
        let start = read_start(command, Dialect::Shell, &mut variables).map_err(|why| {
            file.problem_in_line(
                number,
                format!("this command cannot be taken apart: {why}"),
                "write it as one program with its arguments",
            )
        })?;
        let mut process = DraftSection::default();
        start.write(&mut draft, &mut process, &format!("line {number}"), options);
        draft.keys().put("process", DraftValue::Section(process), "");
        draft.remark(
            "a Procfile does not say how it is stopped, nor when it is ready: see `stop` and `ready` in the manual",
        );
        for remark in variables.into_remarks() {
            draft.remark(remark);
        }
        drafts.push(draft);
    }
    match drafts.is_empty() {
        true => Err(file.whole("there is no command in it", "such as `web: ./server -p 8080`")),
        false => Ok(drafts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_an_instance() {
        let text = "# servers\nlobby: cd lobby && MODE=pvp ./server -p $PORT >log.txt 2>&1\n\nworld-2: java -jar \"my world.jar\"\n";
        let file = ImportFile::new("Procfile", text.as_bytes()).unwrap();
        assert!(is_procfile(&file));
        let drafts = read(&file, &ImportOptions::default()).unwrap();
        let told: Vec<String> = drafts.iter().map(Draft::to_instance).collect();
        let lobby = "  # lobby: from Procfile, line 2.\n  lobby:\n    process:\n      executable: \"./lobby/server\" # line 2\n      \
                     args: # line 2\n        - \"-p\"\n        - \"${LOBBY_PORT:-SET-ME}\" # PORT\n      cwd: \"./lobby\"";
        assert!(told[0].starts_with(lobby), "{}", told[0]);
        for part in [
            "MODE: \"pvp\"",
            "its output went to `log.txt`",
            "PORT is to be set",
            "does not say how it is stopped",
        ] {
            assert!(told[0].contains(part), "{part}: {}", told[0]);
        }
        assert!(told[1].contains("- \"my world.jar\""), "{}", told[1]);
        for (text, problem) in [
            ("a: ./b\nc\n", "x:2:1: this line is not NAME: COMMAND"),
            (
                "a: ./c 'b\n",
                "x:1:1: this command cannot be taken apart: a quote is not closed",
            ),
            ("# none\n", "x: there is no command in it"),
        ] {
            let file = ImportFile::new("x", text.as_bytes()).unwrap();
            let problems = read(&file, &ImportOptions::default()).unwrap_err();
            assert!(problems.summary().starts_with(problem), "{problems}");
        }
    }
}
