//! A template of CubeCoders AMP: a `.kvp` file, with its ports and settings beside it.

use super::amp_ports::{port_of, read_ports, section as ports_section};
use super::amp_settings::AmpSettings;
use super::amp_text::{AmpKeys, AmpText};
use super::draft::{Draft, DraftSection, DraftValue, shortened};
use super::file::ImportFile;
use super::filled::Filled;
use super::launcher::{MainGame, main_game};
use super::options::ImportOptions;
use super::pattern::{dotnet_pattern, literal_pattern, without_anchor};
use super::tree::{TreeText, within};
use crate::inventory::Problems;

/// Returns true where a text is such a template.
pub(super) fn is_amp(file: &ImportFile) -> bool {
    let begins = |line: &str| {
        ["App.Executable", "App.CommandLineArgs=", "App.ExitMethod="]
            .iter()
            .any(|key| line.starts_with(key))
    };
    file.lines().any(|(_, line)| begins(line))
}

/// Returns the names of the files beside it that a template refers to.
pub(super) fn beside(file: &ImportFile) -> Vec<String> {
    let keys = keys(file);
    let ports = keys.get("App.Ports");
    let included = ports.split_once('[').and_then(|(_, inner)| inner.strip_suffix(']'));
    let named = [Some(keys.get("Meta.ConfigManifest")), included];
    let is_bare = |name: &&str| !name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.');
    named
        .into_iter()
        .flatten()
        .map(str::trim)
        .filter(is_bare)
        .map(str::to_owned)
        .collect()
}

fn keys(file: &ImportFile) -> AmpKeys {
    let mut keys = AmpKeys::default();
    for (line, text) in file.lines() {
        if let Some((key, value)) = text.split_once('=') {
            keys.put(key.trim(), value, line);
        }
    }
    keys
}

/// Reads a template with those of its files that were found.
///
/// # Errors
/// When one of these is no JSON.
pub(super) fn read(file: &ImportFile, others: &[ImportFile], options: &ImportOptions) -> Result<Draft, Problems> {
    let keys = keys(file);
    let name = match keys.get("Meta.DisplayName") {
        "" => file.stem(),
        name => name,
    };
    let about = format!("{}: from {}, a template of AMP.", shortened(name, 80), file.base_name());
    let mut draft = Draft::new(name, about).called(options.id.as_deref());
    let wanted = beside(file);
    let found = |name: &str| others.iter().find(|other| other.base_name() == name);
    let settings_file = keys.get("Meta.ConfigManifest");
    let settings = match found(settings_file) {
        Some(file) => TreeText::new(file).read(|root| Ok(AmpSettings::read(root)))?,
        None => AmpSettings::default(),
    };
    let ports_file = wanted.iter().find(|name| name.as_str() != settings_file);
    let ports = match ports_file.and_then(|name| found(name)) {
        Some(file) => TreeText::new(file).read(|root| Ok(read_ports(root)))?,
        None => within(keys.get("App.Ports"), read_ports).unwrap_or_default(),
    };
    for name in &wanted {
        if found(name).is_none() {
            draft.remark(format!(
                "{name} is not beside the template, or cannot be read: its values are missing here"
            ));
        }
    }
    let mut text = AmpText::new(&keys, &ports, &settings, options, draft.id());
    text.folder = text
        .one(keys.get("App.WorkingDir"))
        .plain()
        .trim_matches('/')
        .to_owned();
    process(&mut draft, &mut text);
    let section = ports_section(
        &ports,
        keys.get("App.PrimaryApplicationPortRef"),
        ports_file.map_or("", String::as_str),
    );
    if !section.is_empty() {
        draft.keys().put("ports", DraftValue::Section(section), "");
    }
    let channel = admin(&mut draft, &mut text);
    ready(&mut draft, &mut text, channel);
    stop(&mut draft, &mut text, channel);
    let query = port_of(&ports, keys.get("App.UniversalSleepSteamQueryPortRef"));
    if let Some(port) = query.filter(|port| port.is_udp()) {
        let address = Filled::text(format!("127.0.0.1:{}", port.number));
        let players = DraftSection::of("a2s", DraftValue::Text(address));
        let from = keys.place("App.UniversalSleepSteamQueryPortRef");
        draft.keys().put("players", DraftValue::Section(players), from);
    }
    remarks(&mut draft, &keys);
    for remark in text.into_remarks() {
        draft.remark(remark);
    }
    Ok(draft)
}

fn process(draft: &mut Draft, text: &mut AmpText<'_>) {
    let (keys, options) = (text.keys, text.options);
    let mut process = DraftSection::default();
    let program = text.one(keys.get("App.ExecutableLinux"));
    let place = keys.place("App.ExecutableLinux");
    let plain = program.plain();
    let program = match plain.as_str() {
        "" => {
            draft.remark("the template names no program for Linux: write `executable` by hand");
            None
        }
        path if path.starts_with('/') || path == "java" => Some(program),
        path => Some(Filled::text(options.within(path)).from(program.places())),
    };
    let mut words = vec![plain];
    if let Some(program) = program {
        process.text("executable", program, place);
    }
    let args = text.words(keys.get("App.CommandLineArgs"));
    words.extend(args.iter().map(Filled::plain));
    if !args.is_empty() {
        process.put("args", DraftValue::Texts(args), keys.place("App.CommandLineArgs"));
    }
    let folder = text.folder.clone();
    if !folder.is_empty() || options.folder.is_some() {
        process.text(
            "cwd",
            Filled::text(options.within(&folder)),
            keys.place("App.WorkingDir"),
        );
    }
    let env = environment(text);
    if options.folder.is_none()
        && ["WINEPREFIX", "STEAM_COMPAT_DATA_PATH"]
            .iter()
            .any(|name| env.has(name))
    {
        draft.remark("wine and Proton want absolute paths in their variables: import with --dir FOLDER, or write them");
    }
    if !env.is_empty() {
        process.put("env", DraftValue::Section(env), keys.place("App.EnvironmentVariables"));
    }
    if keys.is_false("App.HasWriteableConsole") && keys.get("App.AdminMethod") == "STDIO" {
        process.plain("tty", "true", keys.place("App.HasWriteableConsole"));
    }
    match (main_game(&words), monitored(text)) {
        (MainGame::Matches(pattern), _) => {
            process.text(
                "main",
                Filled::text(pattern),
                "the game below its launcher, by its name",
            );
        }
        (_, Some(pattern)) => process.text("main", Filled::text(pattern), keys.place("App.MonitorChildProcessName")),
        (MainGame::Script(name), None) => draft.remark(format!(
            "`{name}` may start the game as a process of its own: give its name as `main`, so that signals reach it"
        )),
        (MainGame::Itself, None) => {}
    }
    draft.keys().put("process", DraftValue::Section(process), "");
    if options.folder.is_none() {
        draft.remark(format!(
            "paths begin at the folder of the inventory, in place of AMP's {}: import with --dir FOLDER if the server is elsewhere",
            shortened(keys.get("App.RootDir"), 80)
        ));
    }
}

fn environment(text: &mut AmpText<'_>) -> DraftSection {
    let mut env = DraftSection::default();
    let entries = within(
        text.keys.get("App.EnvironmentVariables"),
        |root| -> Vec<(String, String)> {
            let one = |(name, value): (&str, super::tree::Branch<'_>)| {
                (name.to_owned(), value.text().unwrap_or_default().to_owned())
            };
            root.entries().take(500).map(one).collect()
        },
    );
    for (name, value) in entries.unwrap_or_default() {
        // Windows' way to name what a variable holds already, which is not known here.
        let value = value.replace(&format!("%{name}%"), "").replace(&format!("${name}"), "");
        let value = text.one(&value);
        let value = match name.ends_with("PATH") || name == "LD_PRELOAD" {
            true => value.map_text(|text| text.trim_matches(':').replace("::", ":")),
            false => value,
        };
        if !name.is_empty() && !name.contains(['=', '\0']) {
            env.text(&name, value, "");
        }
    }
    env
}

/// Returns the pattern for the name of the process that AMP looks for: its own is for a whole
/// command line.
fn monitored(text: &mut AmpText<'_>) -> Option<String> {
    let keys = text.keys;
    let pattern = text.one(keys.get("App.MonitorChildProcessName")).plain();
    let pattern = pattern.trim_start_matches('^').trim_start_matches(".*");
    let end = [" ", ".*", ".+", "$"].iter().filter_map(|end| pattern.find(end)).min();
    let path = pattern[..end.unwrap_or(pattern.len())]
        .replace("\\\\", "/")
        .replace("\\/", "/")
        .replace("\\.", ".");
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = name.len() > 2 && name.chars().all(is_plain);
    is_name.then(|| format!("{}$", literal_pattern(name)))
}

/// Puts the section of the admin channel into the draft; returns its name.
fn admin(draft: &mut Draft, text: &mut AmpText<'_>) -> Option<&'static str> {
    let keys = text.keys;
    let method = keys.get("App.AdminMethod");
    let channel = match method {
        "SourceRCON" => "rcon",
        "TelnetRCON" => "telnet",
        "STDIO" | "PIPE" | "" => return None,
        "TailLogFile" => return None,
        other => {
            draft.remark(format!(
                "AMP speaks {other} with it: see whether gamectl has a channel for that"
            ));
            return None;
        }
    };
    let Some(port) = port_of(text.ports, keys.get("App.AdminPortRef")) else {
        draft.remark(format!(
            "AMP speaks {method} with it, over a port that the template does not say: add `{channel}`"
        ));
        return None;
    };
    let mut section = DraftSection::default();
    section.plain(
        "port",
        port.number.to_string(),
        format!("{}, line {} of its ports", port.reference, port.line),
    );
    let password = match text.options.set.get("RemoteAdminPassword") {
        Some(given) => Filled::text(given.as_str()).from("--set RemoteAdminPassword"),
        None => text.one("{{$RemoteAdminPassword}}"),
    };
    section.text("password", password, "");
    draft
        .keys()
        .put(channel, DraftValue::Section(section), keys.place("App.AdminMethod"));
    Some(channel)
}

fn ready(draft: &mut Draft, text: &mut AmpText<'_>, channel: Option<&'static str>) {
    let keys = text.keys;
    let mut ready = DraftSection::default();
    match keys.get("App.ApplicationReadyMode") {
        "RegexMatch" => {
            let raw = keys.get("Console.AppReadyRegex").to_owned();
            let filled = text.one(&raw).plain();
            let filter = keys.get("Console.FilterMatchRegex");
            let pattern = match filter.is_empty() {
                true => filled.as_str(),
                false => without_anchor(&filled),
            };
            if !filter.is_empty() {
                draft.remark(format!(
                    "AMP takes {} out of each line first, so the pattern of `ready` has lost its `^` here",
                    shortened(filter, 200)
                ));
            }
            let place = keys.place("Console.AppReadyRegex");
            match dotnet_pattern(pattern).filter(|pattern| !matches!(pattern.as_str(), "" | "^" | "$" | "^$")) {
                None => draft.remark(format!(
                    "the pattern by which AMP knows that it is ready cannot be used: write `ready` by hand. It is: {}",
                    shortened(&raw, 400)
                )),
                Some(pattern) => match log_file(text) {
                    Some(path) => {
                        ready.text("log_file", path, keys.place("App.TailLogFilePath"));
                        ready.text("pattern", Filled::text(pattern), place);
                    }
                    None => ready.text("log", Filled::text(pattern), place),
                },
            }
        }
        "RCONConnected" if channel.is_some() => {
            ready.plain("rcon", "true", keys.place("App.ApplicationReadyMode"));
        }
        "ServerInfo" if let Some(port) = port_of(text.ports, keys.get("App.UniversalSleepSteamQueryPortRef")) => {
            let address = Filled::text(format!("127.0.0.1:{}", port.number));
            ready.text("a2s", address, keys.place("App.ApplicationReadyMode"));
        }
        "Immediate" => draft.remark("AMP takes it as ready at once: here it is after a second; see `ready` in the manual"),
        other => draft.remark(format!(
            "AMP takes it as ready by `{other}`, which has no counterpart here: it is after a second; see `ready` in the manual"
        )),
    }
    if !ready.is_empty() {
        draft.keys().put("ready", DraftValue::Section(ready), "");
    }
}

/// Returns the log file that AMP reads in place of what is printed.
fn log_file(text: &mut AmpText<'_>) -> Option<Filled> {
    let path = text.keys.get("App.TailLogFilePath").to_owned();
    let is_default = path == "server.log" && text.keys.get("App.AdminMethod") != "TailLogFile";
    (!path.is_empty() && !is_default).then(|| text.one(&path))
}

fn stop(draft: &mut Draft, text: &mut AmpText<'_>, channel: Option<&'static str>) {
    let keys = text.keys;
    let wait = match keys.get("App.ExitTimeout").parse::<u32>() {
        Ok(seconds) if (1..=3600).contains(&seconds) => format!("{seconds}s"),
        _ => "30s".to_owned(),
    };
    let signal = |name: &str, wait: &str| DraftSection::default().with("signal", name).with("wait", wait);
    let mut steps = Vec::new();
    let word = keys.get("App.ExitString");
    let word = word.strip_suffix("\\n").unwrap_or(word);
    match keys.get("App.ExitMethod") {
        "String" if !word.is_empty() => {
            let channel = match keys.get("App.AdminMethod") {
                "STDIO" | "PIPE" | "TailLogFile" | "" => Some("stdin"),
                _ => channel,
            };
            match channel {
                Some(channel) => {
                    let step = DraftSection::of(channel, DraftValue::Text(Filled::text(word)));
                    steps.push(step.with("wait", wait.as_str()));
                }
                None => {
                    draft.remark(format!(
                        "AMP stops it by the word `{word}`, over a channel that is not set up here"
                    ));
                    steps.push(signal("INT", &wait));
                }
            }
        }
        "SIGTERM" | "String" => {}
        "Kill" => draft.remark("AMP kills it at once: here it gets TERM first"),
        _ => {
            steps.push(signal("INT", &wait));
            draft.remark(
                "AMP only says that it closes it (OS_CLOSE), which is taken for INT: try it once, and see that it saves",
            );
        }
    }
    steps.push(signal("TERM", if steps.is_empty() { wait.as_str() } else { "30s" }));
    draft
        .keys()
        .put("stop", DraftValue::Steps(steps), keys.place("App.ExitMethod"));
}

fn remarks(draft: &mut Draft, keys: &AmpKeys) {
    if !keys.get("Meta.MetaConfigManifest").is_empty() {
        draft.remark(format!(
            "AMP writes the game's own files from its settings ({}): set these there by hand",
            shortened(keys.get("Meta.MetaConfigManifest"), 100)
        ));
    }
    if !matches!(keys.get("App.PreStartStages"), "" | "[]") {
        draft.remark("AMP does something before each start (App.PreStartStages), which is not carried over");
    }
    if !keys.get("App.UpdateSources").is_empty() {
        draft.remark("AMP installs and updates it: install the server first, by hand or with steamcmd");
    }
    if keys.get("App.UDPLogger").eq_ignore_ascii_case("true") {
        draft.remark("AMP gets its log over UDP: see that it prints the line that `ready` waits for");
    }
}
