//! The programs of a configuration of supervisord.

use super::draft::{Draft, DraftSection, DraftValue, shortened};
use super::file::ImportFile;
use super::filled::Filled;
use super::ini::{IniEntry, IniStyle, read_ini};
use super::options::ImportOptions;
use super::service::{command_words, put_command, put_user, signal_step};
use crate::inventory::Problems;

/// Returns true where a file has a program of supervisord.
pub(super) fn is_supervisord(file: &ImportFile) -> bool {
    file.lines().any(|(_, line)| line.trim().starts_with("[program:"))
}

/// Reads the programs: each is an instance.
///
/// # Errors
/// When there is none, or a command cannot be read.
pub(super) fn read(file: &ImportFile, options: &ImportOptions) -> Result<Vec<Draft>, Problems> {
    let entries = read_ini(file, IniStyle::Supervisord);
    let mut names: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry.section.strip_prefix("program:"))
        .collect();
    names.dedup();
    if names.is_empty() {
        return Err(file.whole(
            "there is no section [program:NAME] in it",
            "supervisord has one for each program",
        ));
    }
    let draft = |name: &&str| {
        let section = format!("program:{name}");
        let own: Vec<&IniEntry> = entries.iter().filter(|entry| entry.section == section).collect();
        draft(name, &own, file, options)
    };
    names.iter().map(draft).collect()
}

fn draft(name: &str, own: &[&IniEntry], file: &ImportFile, options: &ImportOptions) -> Result<Draft, Problems> {
    let about = format!(
        "{}: from {}, a program of supervisord.",
        shortened(name, 60),
        file.base_name()
    );
    let mut draft = Draft::new(name, about).called(options.id.as_deref());
    let find = |key: &str| {
        own.iter()
            .find(|entry| entry.key == key)
            .filter(|entry| !entry.value.is_empty())
    };
    let filled = |value: &str| {
        value
            .replace("%(program_name)s", name)
            .replace("%(process_num)d", "0")
            .replace("%%", "%")
    };
    let mut process = DraftSection::default();
    let Some(command) = find("command") else {
        let line = own.first().map_or(1, |entry| entry.line);
        return Err(file.problem_in_line(line, format!("the program `{name}` has no command"), "add `command=`"));
    };
    let words = command_words(file, command, &filled(&command.value))?;
    let folder = find("directory").map(|entry| filled(&entry.value));
    if let Some((program, args)) = words.split_first() {
        put_command(&mut process, program, args, folder.as_deref(), command);
    }
    if command.value.contains("%(ENV_") || command.value.contains("%(here)s") {
        draft.remark("supervisord fills in `%(ENV_...)s` and `%(here)s`: write what they stand for");
    }
    if let Some((entry, folder)) = find("directory").zip(folder) {
        process.text("cwd", Filled::text(folder), entry.place());
    }
    put_user(&mut process, find("user").copied(), find("umask").copied());
    if let Some(entry) = find("environment") {
        let mut env = DraftSection::default();
        for (name, value) in environment(&filled(&entry.value)) {
            env.text(&name, Filled::text(value), "");
        }
        process.put("env", DraftValue::Section(env), entry.place());
    }
    draft.keys().put("process", DraftValue::Section(process), "");
    keys(&mut draft, &find);
    for entry in own {
        let is_known = [
            "command",
            "directory",
            "user",
            "umask",
            "environment",
            "autostart",
            "autorestart",
            "startsecs",
            "stopsignal",
            "stopwaitsecs",
            "exitcodes",
            "redirect_stderr",
            "process_name",
            "startretries",
        ];
        if entry.key == "numprocs" && entry.value != "1" {
            draft.remark(format!(
                "numprocs={}: make an instance of each",
                shortened(&entry.value, 20)
            ));
        } else if !is_known.contains(&entry.key.as_str()) && entry.key != "numprocs" {
            draft.remark(format!("{} is not carried over", shortened(&entry.place(), 80)));
        }
    }
    draft.remark("supervisord does not know when a game is ready beyond its first seconds: see `ready` in the manual");
    Ok(draft)
}

/// Puts what is known of its starts and stops into the draft.
fn keys<'e>(draft: &mut Draft, find: &dyn Fn(&str) -> Option<&'e &'e IniEntry>) {
    if let Some(entry) = find("autostart") {
        let value = if entry.value.eq_ignore_ascii_case("false") {
            "false"
        } else {
            "true"
        };
        draft.keys().plain("autostart", value, entry.place());
    }
    let seconds = |key: &str| find(key).and_then(|entry| Some((entry, entry.value.parse::<u32>().ok()?)));
    if let Some((entry, seconds)) = seconds("startsecs").filter(|(_, seconds)| *seconds > 0) {
        let ready = DraftSection::of("alive_for", DraftValue::Plain(format!("{seconds}s")));
        draft.keys().put("ready", DraftValue::Section(ready), entry.place());
    }
    let signal = find("stopsignal")
        .map_or("TERM", |entry| entry.value.as_str())
        .to_ascii_uppercase();
    let wait = seconds("stopwaitsecs").map_or(10, |(_, seconds)| seconds.clamp(1, 86_400));
    let name = signal.strip_prefix("SIG").unwrap_or(&signal);
    let step = signal_step(name, format!("{wait}s"));
    let place = find("stopsignal")
        .or_else(|| find("stopwaitsecs"))
        .map_or_else(|| "supervisord's own".to_owned(), |entry| entry.place());
    draft.keys().put("stop", DraftValue::Steps(vec![step]), place);
    let mut restart = DraftSection::default();
    if let Some(entry) = find("autorestart") {
        let policy = match entry.value.to_ascii_lowercase().as_str() {
            "false" => "never",
            "true" => "always",
            _ => "on-failure",
        };
        restart.plain("policy", policy, entry.place());
    }
    if let Some(entry) = find("exitcodes") {
        let codes: Vec<u8> = entry
            .value
            .split(',')
            .filter_map(|code| code.trim().parse().ok())
            .collect();
        if !codes.is_empty() {
            restart.plain("success_exit_codes", format!("{codes:?}"), entry.place());
        }
    }
    if !restart.is_empty() {
        draft.keys().put("restart", DraftValue::Section(restart), "");
    }
}

/// Splits `A="x",B=y`.
fn environment(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    while let Some((name, behind)) = rest.split_once('=') {
        let (value, more) = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = &behind[1..];
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => behind.split_once(',').unwrap_or((behind, "")),
        };
        let name = name.trim();
        if !name.is_empty() && !name.contains('\0') {
            pairs.push((name.to_owned(), value.trim().to_owned()));
        }
        rest = more.trim_start_matches([',', ' ']);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_an_instance() {
        let text = "[supervisord]\nnodaemon=true\n[program:castle]\ncommand=./siege -n \"My castle\" %(program_name)s ; x\n\
                    directory=/srv/castle\nuser=games\nenvironment=A=\"1,2\",B=3\nautostart=false\nautorestart=unexpected\n\
                    exitcodes=0,2\nstopsignal=INT\nstopwaitsecs=45\nstartsecs=5\npriority=9\n";
        let file = ImportFile::new("x.conf", text.as_bytes()).unwrap();
        assert!(is_supervisord(&file));
        let drafts = read(&file, &ImportOptions::default()).unwrap();
        let out = drafts[0].clone().loadable().unwrap().to_instance();
        for part in [
            "executable: \"/srv/castle/siege\" # command, line 4",
            "- \"My castle\"",
            "- \"castle\"",
            "A: \"1,2\"",
            "B: \"3\"",
            "user: \"games\" # user, line 6",
            "autostart: false # autostart, line 8",
            "ready: # startsecs, line 13\n      alive_for: 5s",
            "stop: # stopsignal, line 11\n      - { signal: INT, wait: 45s }",
            "policy: on-failure",
            "success_exit_codes: [0, 2]",
            "priority, line 14 is not carried over",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        for (text, problem) in [
            ("[program:a]\ncommand='x\n", "x:2:1: this command cannot be read"),
            ("[program:a]\nuser=x\n", "x:2:1: the program `a` has no command"),
            ("[x]\na=b\n", "x: there is no section"),
        ] {
            let file = ImportFile::new("x", text.as_bytes()).unwrap();
            let problems = read(&file, &ImportOptions::default()).unwrap_err();
            assert!(problems.summary().starts_with(problem), "{problems}");
        }
    }
}
