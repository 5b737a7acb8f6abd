//! An egg of Pterodactyl or Pelican.

use super::draft::{Draft, DraftSection, DraftValue, shortened, variable};
use super::egg_variables::EggVariables;
use super::file::ImportFile;
use super::filled::Filled;
use super::options::ImportOptions;
use super::pattern::literal_pattern;
use super::shell::{Dialect, VariableValues};
use super::startup::{AdminClient, StartCommand, read_start};
use super::tree::{Branch, TreeText, within};
use crate::inventory::Problems;

/// The part of a line by which it is known, in characters.
const LINE_MAX: usize = 500;

/// Returns true where a tree is an egg.
pub(super) fn is_egg(root: Branch<'_>) -> bool {
    let version = root.get("meta").and_then(|meta| meta.text_of("version"));
    version.is_some_and(|version| version.starts_with("PTDL") || version.starts_with("PLCN"))
        || (root.get("startup").is_some() && root.get("docker_images").is_some() && root.get("config").is_some())
}

/// Reads an egg.
///
/// # Errors
/// When the file is none.
pub(super) fn read(file: &ImportFile, options: &ImportOptions) -> Result<Draft, Problems> {
    TreeText::new(file).read(|root| {
        if !root.is_mapping() {
            return Err(file.whole("this is no egg: an egg is a mapping", "export it from the panel again"));
        }
        Ok(draft(root, file, options))
    })
}

fn draft(root: Branch<'_>, file: &ImportFile, options: &ImportOptions) -> Draft {
    let version = root
        .get("meta")
        .and_then(|meta| meta.text_of("version"))
        .unwrap_or("no version");
    let name = root.text_of("name").unwrap_or(file.stem());
    let about = format!("{name}: from {}, an egg ({version}).", file.base_name());
    let mut draft = Draft::new(name, about).called(options.id.as_deref());
    let mut variables = EggVariables::read(root, draft.id(), options);
    let mut process = DraftSection::default();
    let start = match startup(root, &mut draft) {
        Some((text, from)) => match read_start(text, Dialect::Egg, &mut variables) {
            Ok(start) => {
                start.write(&mut draft, &mut process, &from, options);
                Some(start)
            }
            Err(why) => {
                draft.remark(format!(
                    "its start command cannot be taken apart ({why}): write `executable` and `args` by hand. It is: {}",
                    shortened(text, 400)
                ));
                None
            }
        },
        None => {
            draft.remark("it has no start command: write `executable` and `args` by hand");
            None
        }
    };
    let start = start.unwrap_or_default();
    if start.needs_a_terminal() {
        process.plain("tty", "true", "this engine has no console without a terminal");
    }
    draft.keys().put("process", DraftValue::Section(process), "");
    let config = root.get("config");
    ready(config, &start, options, &mut draft);
    stop(root, config, &start, &mut variables, &mut draft);
    remarks(root, config, &mut draft);
    for remark in variables.into_remarks() {
        draft.remark(remark);
    }
    draft
}

/// Returns the start command, and its place.
fn startup<'n>(root: Branch<'n>, draft: &mut Draft) -> Option<(&'n str, String)> {
    if let Some(startup) = root
        .get("startup")
        .filter(|startup| startup.text().is_some_and(|text| !text.is_empty()))
    {
        return Some((startup.text()?, format!("startup, line {}", startup.line())));
    }
    let commands = root.get("startup_commands")?;
    let mut named = commands.entries();
    let (name, first) = named.next()?;
    let others: Vec<&str> = named.map(|(name, _)| name).collect();
    if !others.is_empty() {
        draft.remark(format!(
            "it has several start commands; this is `{name}`, and the others are {}: compare them",
            others.join(", ")
        ));
    }
    Some((
        first.text()?,
        format!("startup_commands, {name}, line {}", first.line()),
    ))
}

/// Calls `work` with a part of `config`, which is a tree, or the text of one.
fn part<T>(config: Option<Branch<'_>>, name: &str, work: impl FnOnce(Branch<'_>) -> T) -> Option<T> {
    let part = config?.get(name)?;
    match part.text() {
        Some(text) => within(text, work),
        None => Some(work(part)),
    }
}

fn ready(config: Option<Branch<'_>>, start: &StartCommand, options: &ImportOptions, draft: &mut Draft) {
    let done = part(config, "startup", |startup| -> Vec<String> {
        let done = startup.get("done");
        let lines = done.into_iter().flat_map(Branch::items);
        lines
            .take(20)
            .filter_map(Branch::text)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    });
    let done = done.unwrap_or_default();
    if done.is_empty() {
        draft.remark(
            "the egg does not say when it is ready: it counts as ready after a second; see `ready` in the manual",
        );
        return;
    }
    let patterns: Vec<String> = done.iter().map(|line| pattern(line)).collect();
    let pattern = match patterns.as_slice() {
        [one] => one.clone(),
        several => format!("(?:{})", several.join("|")),
    };
    if let Some(address) = done
        .iter()
        .find(|line| line.contains("0.0.0.0:") || line.contains("127.0.0.1:"))
    {
        draft.remark(format!(
            "the line by which it is ready has an address in it ({address}): see that it is yours"
        ));
    }
    if let Some(short) = done.iter().find(|line| line.trim().chars().count() < 6) {
        draft.remark(format!(
            "the line by which it is ready is short ({short}): see that no other line has it"
        ));
    }
    let line = config.and_then(|config| config.get("startup")).map_or(0, Branch::line);
    let from = format!("config.startup.done, line {line}");
    let mut ready = DraftSection::default();
    match &start.tailed {
        Some(tailed) => {
            let path = start.file(tailed, options);
            ready.text(
                "log_file",
                Filled::text(path),
                "the file that the start command shows with tail",
            );
            ready.text("pattern", Filled::text(pattern), from);
            draft.remark(format!(
                "the panel shows {tailed}, which the game writes: `ready` looks there, and `logs` shows only what it prints"
            ));
        }
        None => ready.text("log", Filled::text(pattern), from),
    }
    draft.keys().put("ready", DraftValue::Section(ready), "");
}

/// Returns the regular expression for a literal part of a line.
fn pattern(line: &str) -> String {
    match line
        .strip_prefix("regex:")
        .filter(|pattern| pattern.len() < 4096 && regex_syntax::parse(pattern).is_ok())
    {
        Some(pattern) => pattern.to_owned(),
        None => {
            let first = line.lines().next().unwrap_or_default();
            literal_pattern(&first.chars().take(LINE_MAX).collect::<String>())
        }
    }
}

fn stop(
    root: Branch<'_>,
    config: Option<Branch<'_>>,
    start: &StartCommand,
    variables: &mut EggVariables<'_>,
    draft: &mut Draft,
) {
    let stop = config.and_then(|config| config.get("stop"));
    let word = stop.and_then(Branch::text).unwrap_or_default().trim().to_owned();
    let from = stop.map_or(String::new(), |stop| format!("config.stop, line {}", stop.line()));
    let client = start.client.clone().or_else(|| web_console(root, start, variables));
    let mut steps = Vec::new();
    let signal = |name: &str, wait: &str| DraftSection::default().with("signal", name).with("wait", wait);
    let line = |channel: &str, line: &str, wait: &str| {
        DraftSection::of(channel, DraftValue::Text(Filled::text(line))).with("wait", wait)
    };
    let channel = client.and_then(|client| admin(client, draft));
    match word.trim_start_matches('^') {
        "" => draft.remark("the egg does not say how it is stopped: it gets TERM; see `stop` in the manual"),
        name if word.starts_with('^') => {
            let lines = start
                .client
                .as_ref()
                .map(|client| client.lines.clone())
                .unwrap_or_default();
            if let Some(channel) = channel {
                for text in &lines {
                    steps.push(line(
                        channel,
                        text,
                        if Some(text) == lines.last() { "60s" } else { "5s" },
                    ));
                }
            }
            if !lines.is_empty() {
                draft.remark("the lines of `stop` are those that the start command sends when it gets a signal");
            }
            match name.to_ascii_uppercase().as_str() {
                "SIGKILL" => {
                    steps.push(signal("TERM", "30s"));
                    draft.remark("the egg kills it at once: here it gets TERM first, and 30 s");
                }
                _ => {
                    steps.push(signal("INT", "60s"));
                    steps.push(signal("TERM", "30s"));
                    draft.remark(format!(
                        "`{word}` is meant as INT, and the panels send TERM or KILL for it: INT comes first here, then \
                         TERM. Try it once, and see that it saves"
                    ));
                }
            }
        }
        _ => {
            steps.push(line(channel.unwrap_or("stdin"), &word, "60s"));
            steps.push(signal("TERM", "30s"));
        }
    }
    if !steps.is_empty() {
        draft.keys().put("stop", DraftValue::Steps(steps), from);
    }
}

/// Returns the console over the web that an image of the panel has for Rust.
fn web_console(root: Branch<'_>, start: &StartCommand, variables: &mut EggVariables<'_>) -> Option<AdminClient> {
    let images = root.get("docker_images").or_else(|| root.get("images"))?;
    let is_rust = |image: Branch<'_>| image.text().is_some_and(|image| image.contains("games:rust"));
    let has_image = images.entries().any(|(_, image)| is_rust(image)) || images.items().any(is_rust);
    if !has_image || !start.has_word("+rcon.port") {
        return None;
    }
    Some(AdminClient {
        channel: "webrcon",
        port: start
            .word_after("+rcon.port")
            .cloned()
            .or_else(|| variables.value("RCON_PORT")),
        password: start
            .word_after("+rcon.password")
            .cloned()
            .or_else(|| variables.value("RCON_PASS")),
        lines: Vec::new(),
    })
}

/// Puts the section of an admin channel into the draft; returns its name.
fn admin(client: AdminClient, draft: &mut Draft) -> Option<&'static str> {
    let from = match client.channel {
        "webrcon" => "the console of the image games:rust",
        _ => "the client that the start command runs",
    };
    let mut section = DraftSection::default();
    let port = client
        .port
        .as_ref()
        .and_then(|port| port.known())
        .and_then(|port| port.trim().parse::<u16>().ok());
    let Some(port) = port.filter(|port| *port > 0) else {
        draft.remark(format!(
            "its stop command goes over {}, whose port is not known: add `{}: {{ port: ..., password: ... }}`",
            client.channel, client.channel
        ));
        return None;
    };
    section.plain("port", port.to_string(), "");
    match client.password.filter(|password| !password.is_empty()) {
        Some(password) => section.text("password", password, ""),
        None if client.channel == "telnet" => {}
        None => section.text(
            "password",
            Filled::asked(&variable(draft.id(), "RCON_PASSWORD")),
            "not known",
        ),
    }
    draft.keys().put(client.channel, DraftValue::Section(section), from);
    Some(client.channel)
}

/// Tells what the panel does and gamectl does not.
fn remarks(root: Branch<'_>, config: Option<Branch<'_>>, draft: &mut Draft) {
    let files = part(config, "files", |files| -> Vec<String> {
        let told = |(name, file): (&str, Branch<'_>)| {
            let keys: Vec<&str> = file
                .get("find")
                .into_iter()
                .flat_map(Branch::entries)
                .map(|(key, _)| key)
                .collect();
            match keys.is_empty() {
                true => name.to_owned(),
                false => format!("{name} ({})", keys.join(", ")),
            }
        };
        files.entries().map(told).collect()
    });
    let line = config.and_then(|config| config.get("files")).map_or(0, Branch::line);
    for file in files.unwrap_or_default() {
        draft.remark(format!(
            "before each start the panel writes {}: set these there by hand (config.files, line {line})",
            shortened(&file, 500)
        ));
    }
    let features = root.get("features").into_iter().flat_map(|features| {
        let named = features.entries().map(|(name, _)| name);
        features
            .items()
            .filter_map(Branch::text)
            .chain(named)
            .collect::<Vec<_>>()
    });
    for feature in features {
        match feature {
            "eula" => draft.remark("its licence has to be accepted once: `eula=true` in eula.txt"),
            "gsl_token" => draft.remark("it may need a login token of a Steam game server account"),
            _ => {}
        }
    }
    if root
        .get("scripts")
        .and_then(|scripts| scripts.get("installation"))
        .is_some()
    {
        draft.remark("its installation script is not run: install the server first, by hand or with steamcmd");
    }
    draft.remark("its ports are given by the panel, and are in no egg: add `ports: { game: PORT/udp }` for `check`");
}
