//! The file of a unit of systemd, as a process of gamectl.

use super::draft::{Draft, DraftSection, DraftValue, shortened};
use super::file::ImportFile;
use super::filled::Filled;
use super::ini::{IniEntry, IniStyle, read_ini, split_words};
use super::options::ImportOptions;
use super::service::{command_words, put_command, put_user, signal_step};
use crate::inventory::Problems;

/// Returns true where a file is a service of systemd.
pub(super) fn is_unit(file: &ImportFile) -> bool {
    file.lines().any(|(_, line)| line.trim() == "[Service]")
}

/// Keys that say nothing of the game, or that gamectl has its own way for.
const PASSED_OVER: [&str; 12] = [
    "Type",
    "StandardOutput",
    "StandardError",
    "StandardInput",
    "SyslogIdentifier",
    "RemainAfterExit",
    "PIDFile",
    "KillMode",
    "SendSIGKILL",
    "TimeoutStartSec",
    "NotifyAccess",
    "Group",
];

/// Reads a unit.
///
/// # Errors
/// When it starts nothing, or a value cannot be read.
pub(super) fn read(file: &ImportFile, options: &ImportOptions) -> Result<Draft, Problems> {
    let entries = read_ini(file, IniStyle::Systemd);
    let name = file.base_name().trim_end_matches(".service").trim_end_matches('@');
    let about = format!("{name}: from {}, a unit of systemd.", file.base_name());
    let mut draft = Draft::new(name, about).called(options.id.as_deref());
    let own: Vec<&IniEntry> = entries.iter().filter(|entry| entry.section == "Service").collect();
    let find = |key: &str| {
        own.iter()
            .rev()
            .find(|entry| entry.key == key && !entry.value.is_empty())
            .copied()
    };
    let Some(start) = find("ExecStart") else {
        return Err(file.whole("this unit has no ExecStart=", "a unit that starts nothing is no game"));
    };
    let mut process = command(file, start, &find, &mut draft)?;
    environment(&own, &mut process, &mut draft);
    limits(&find, &mut process);
    draft.keys().put("process", DraftValue::Section(process), "");
    stop(file, &find, &mut draft)?;
    restart(&find, &mut draft);
    if find("Type").is_some_and(|entry| !matches!(entry.value.as_str(), "simple" | "exec")) {
        draft.remark(format!(
            "its type is {}: a game that goes into the background by itself must be started in the foreground here",
            find("Type").map_or("", |entry| entry.value.as_str())
        ));
    }
    let written = draft_keys();
    for entry in own.iter().filter(|entry| !written.contains(&entry.key.as_str())) {
        if !PASSED_OVER.contains(&entry.key.as_str()) && !entry.value.is_empty() {
            draft.remark(format!(
                "{} is not carried over: {}",
                entry.place(),
                shortened(&entry.value, 200)
            ));
        }
    }
    if own.iter().any(|entry| has_specifier(&entry.value)) {
        draft.remark("systemd fills in words such as %i and %n: write what they stand for");
    }
    draft.remark("a unit does not say when its game is ready: see `ready` in the manual");
    draft.remark(format!(
        "stop and disable the unit before this is started; or keep it, and write `systemd: {{ unit: {} }}` in place of `process`",
        shortened(file.base_name(), 80)
    ));
    Ok(draft)
}

/// Returns true where systemd replaces a part of a value, such as `%i`.
fn has_specifier(value: &str) -> bool {
    let mut chars = value.chars();
    while chars.any(|c| c == '%') {
        match chars.next() {
            Some(c) if c.is_ascii_alphabetic() => return true,
            _ => {}
        }
    }
    false
}

/// Returns the keys that are carried over.
fn draft_keys() -> [&'static str; 24] {
    [
        "ExecStart",
        "User",
        "WorkingDirectory",
        "UMask",
        "Environment",
        "EnvironmentFile",
        "MemoryMax",
        "CPUQuota",
        "TasksMax",
        "LimitNOFILE",
        "Nice",
        "IOWeight",
        "KillSignal",
        "TimeoutStopSec",
        "TimeoutSec",
        "ExecStop",
        "Restart",
        "RestartSec",
        "SuccessExitStatus",
        "MemoryLimit",
        "BlockIOWeight",
        "PassEnvironment",
        "TTYPath",
        "UnsetEnvironment",
    ]
}

fn command<'e>(
    file: &ImportFile,
    start: &IniEntry,
    find: &dyn Fn(&str) -> Option<&'e IniEntry>,
    draft: &mut Draft,
) -> Result<DraftSection, Problems> {
    let mut process = DraftSection::default();
    let exec = start.value.trim_start_matches(['-', '+', '!', ':']);
    let (exec, renamed) = exec.strip_prefix('@').map_or((exec, false), |exec| (exec, true));
    let words = command_words(file, start, exec)?;
    let Some((program, mut args)) = words.split_first() else {
        return Err(file.problem_in_line(start.line, "this command is empty", "name the program"));
    };
    if renamed {
        args = args.get(1..).unwrap_or_default();
    }
    let folder = find("WorkingDirectory").map(|entry| (entry, entry.value.trim_start_matches('-')));
    put_command(&mut process, program, args, folder.map(|(_, folder)| folder), start);
    if args.iter().any(|word| word.contains('$')) {
        draft.remark("systemd fills in the variables of its arguments: write what they stand for");
    }
    if let Some((entry, folder)) = folder.filter(|(_, folder)| *folder != "~") {
        process.text("cwd", Filled::text(folder), entry.place());
    }
    put_user(&mut process, find("User"), find("UMask"));
    Ok(process)
}

fn environment(own: &[&IniEntry], process: &mut DraftSection, draft: &mut Draft) {
    let mut env = DraftSection::default();
    let mut files = Vec::new();
    for entry in own {
        match entry.key.as_str() {
            "Environment" => {
                for pair in split_words(&entry.value).unwrap_or_default() {
                    if let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) {
                        env.text(name, Filled::text(value), entry.place());
                    }
                }
            }
            "EnvironmentFile" => files.push(entry),
            _ => {}
        }
    }
    if !env.is_empty() {
        process.put("env", DraftValue::Section(env), "");
    }
    if let Some(first) = files.first() {
        process.text(
            "env_file",
            Filled::text(first.value.trim_start_matches('-')),
            first.place(),
        );
        if files.len() > 1 {
            draft.remark("it has several EnvironmentFile=: only the first is here");
        }
    }
}

fn limits<'e>(find: &dyn Fn(&str) -> Option<&'e IniEntry>, process: &mut DraftSection) {
    let mut limits = DraftSection::default();
    let number = |value: &str, range: std::ops::RangeInclusive<i64>| {
        value
            .parse::<i64>()
            .ok()
            .filter(|number| range.contains(number))
            .map(|number| number.to_string())
    };
    if let Some(entry) = find("MemoryMax").or_else(|| find("MemoryLimit"))
        && let Some(size) = memory(&entry.value)
    {
        limits.plain("memory", size, entry.place());
    }
    let is_percent = |value: &str| {
        value
            .strip_suffix('%')
            .is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 0))
    };
    if let Some(entry) = find("CPUQuota").filter(|entry| is_percent(&entry.value)) {
        limits.text("cpu", Filled::text(entry.value.as_str()), entry.place());
    }
    for (key, name, range) in [
        ("TasksMax", "tasks", 1..=4_194_304),
        ("LimitNOFILE", "nofile", 16..=1_073_741_816),
        ("Nice", "nice", -20..=19),
        ("IOWeight", "io_weight", 1..=10_000),
    ] {
        if let Some(entry) = find(key)
            && let Some(number) = number(entry.value.split(':').next().unwrap_or_default(), range)
        {
            limits.plain(name, number, entry.place());
        }
    }
    if !limits.is_empty() {
        process.put("limits", DraftValue::Section(limits), "");
    }
}

/// Returns a size of systemd, whose letters are powers of 1024.
fn memory(value: &str) -> Option<String> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok().filter(|number| *number > 0)?;
    match value.strip_prefix(digits)? {
        "" | "B" => number.is_multiple_of(1 << 20).then(|| format!("{}MiB", number >> 20)),
        "M" => Some(format!("{number}MiB")),
        "G" => Some(format!("{number}GiB")),
        _ => None,
    }
}

/// Returns a time of systemd as a duration of the inventory.
fn duration(value: &str) -> Option<String> {
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(format!("{seconds}s"));
    }
    let value = value.replace("min", "m").replace("sec", "s").replace(' ', "");
    let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit())?);
    let number: u32 = number.parse().ok()?;
    matches!(unit, "s" | "m" | "h").then(|| format!("{number}{unit}"))
}

fn stop<'e>(file: &ImportFile, find: &dyn Fn(&str) -> Option<&'e IniEntry>, draft: &mut Draft) -> Result<(), Problems> {
    let timeout = find("TimeoutStopSec").or_else(|| find("TimeoutSec"));
    let wait = timeout
        .and_then(|entry| duration(&entry.value))
        .unwrap_or_else(|| "90s".to_owned());
    let mut steps = Vec::new();
    if let Some(entry) = find("ExecStop") {
        let exec = entry.value.trim_start_matches(['-', '+', '!', ':', '@']);
        let words = command_words(file, entry, exec)?;
        if words.iter().any(|word| word.contains('$')) {
            draft.remark(format!(
                "{} has variables of systemd in it, such as $MAINPID: it is left out",
                entry.place()
            ));
        } else if !words.is_empty() {
            let words = words.iter().map(|word| Filled::text(word.as_str())).collect();
            steps.push(DraftSection::of("exec", DraftValue::Texts(words)).with("wait", wait.as_str()));
        }
    }
    let signal = find("KillSignal");
    let name = signal.map_or("TERM", |entry| entry.value.trim_start_matches("SIG"));
    steps.push(signal_step(name, wait));
    let place = signal
        .or(timeout)
        .map_or_else(|| "systemd's own: TERM, 90 s".to_owned(), IniEntry::place);
    draft.keys().put("stop", DraftValue::Steps(steps), place);
    Ok(())
}

fn restart<'e>(find: &dyn Fn(&str) -> Option<&'e IniEntry>, draft: &mut Draft) {
    let mut restart = DraftSection::default();
    let policy = find("Restart").map_or("no", |entry| entry.value.as_str());
    let name = match policy {
        "always" => "always",
        "no" => "never",
        _ => "on-failure",
    };
    let place = find("Restart").map_or_else(|| "systemd's own: no".to_owned(), IniEntry::place);
    restart.plain("policy", name, place);
    if let Some(entry) = find("RestartSec")
        && let Some(delay) = duration(&entry.value)
    {
        restart.plain("delay", delay, entry.place());
    }
    if let Some(entry) = find("SuccessExitStatus") {
        let mut codes: Vec<u8> = entry
            .value
            .split_whitespace()
            .filter_map(|code| code.parse().ok())
            .collect();
        if !codes.is_empty() {
            codes.insert(0, 0);
            codes.dedup();
            restart.plain("success_exit_codes", format!("{codes:?}"), entry.place());
        }
    }
    draft.keys().put("restart", DraftValue::Section(restart), "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_process() {
        let text = "[Unit]\nDescription=Castle\n[Service]\nType=forking\nUser=games\nWorkingDirectory=/srv/castle\n\
                    Environment=\"A=1 2\" B=3\nEnvironmentFile=-/srv/castle/env\nExecStartPre=/usr/bin/steam x\n\
                    ExecStart=-/srv/castle/siege -n \"My castle\" \\\n  -p 7000\nExecStop=/srv/castle/save now\n\
                    KillSignal=SIGINT\nTimeoutStopSec=2min\nRestart=on-failure\nRestartSec=5\nSuccessExitStatus=143\n\
                    MemoryMax=8G\nCPUQuota=200%\nLimitNOFILE=100000\nNice=5\nUMask=0027\n[Install]\nWantedBy=x\n";
        let file = ImportFile::new("castle.service", text.as_bytes()).unwrap();
        assert!(is_unit(&file));
        let out = read(&file, &ImportOptions::default())
            .unwrap()
            .loadable()
            .unwrap()
            .to_instance();
        for part in [
            "  castle:\n    process:\n      executable: \"/srv/castle/siege\" # ExecStart, line 10",
            "- \"My castle\"\n        - \"-p\"\n        - \"7000\"",
            "cwd: \"/srv/castle\" # WorkingDirectory, line 6",
            "user: \"games\"",
            "umask: \"0027\"",
            "A: \"1 2\" # Environment, line 7",
            "env_file: \"/srv/castle/env\"",
            "memory: 8GiB # MemoryMax, line 18",
            "cpu: \"200%\"",
            "nofile: 100000",
            "nice: 5",
            "- { exec: [\"/srv/castle/save\", \"now\"], wait: 2m }\n      - { signal: INT, wait: 2m }",
            "policy: on-failure # Restart, line 15\n      delay: 5s # RestartSec, line 16\n      success_exit_codes: [0, 143]",
            "ExecStartPre, line 9 is not carried over: /usr/bin/steam x",
            "its type is forking",
            "keep it, and write `systemd: { unit:",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        assert!(!out.contains("%i"), "{out}");
        for (text, problem) in [
            ("[Service]\nUser=x\n", "x: this unit has no ExecStart="),
            ("[Service]\nExecStart='x\n", "x:2:1: this command cannot be read"),
            ("[Service]\nExecStart=-\n", "x:2:1: this command is empty"),
        ] {
            let file = ImportFile::new("x", text.as_bytes()).unwrap();
            let problems = read(&file, &ImportOptions::default()).unwrap_err();
            assert!(problems.summary().starts_with(problem), "{problems}");
        }
    }
}
