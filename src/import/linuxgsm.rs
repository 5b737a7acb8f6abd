//! The configuration of a LinuxGSM instance: its defaults, and what is set over them.

use std::collections::BTreeMap;

use super::draft::{Draft, DraftSection, DraftValue, variable};
use super::file::ImportFile;
use super::filled::Filled;
use super::options::ImportOptions;
use super::secrecy::holds_a_secret;
use super::shell::{Dialect, Filler, ShellToken, ShellWord, VariableValues, WordValues, lex};
use super::startup::read_start;
use crate::inventory::Problems;

/// The files of an instance, those that go first.
const LAYERS: [&str; 2] = ["_default.cfg", "common.cfg"];

/// The most variables within each other.
const DEEPEST: usize = 8;

/// The most values that are worked out.
const LOOK_UPS_MAX: usize = 5000;

/// Returns true where a file is such a configuration.
pub(super) fn is_linuxgsm(file: &ImportFile) -> bool {
    let keys = ["startparameters=", "executable=", "stopmode=", "querymode="];
    let has = |key: &str| file.lines().any(|(_, line)| line.trim_start().starts_with(key));
    keys.iter().filter(|key| has(key)).count() >= 2 || (file.base_name().ends_with(".cfg") && has("startparameters="))
}

/// Returns the names of the files beside it that it is set over.
pub(super) fn beside(file: &ImportFile) -> Vec<String> {
    let before = LAYERS.iter().take_while(|name| **name != file.base_name());
    before.map(|name| (*name).to_owned()).collect()
}

/// A variable as it was written.
struct Setting {
    word: ShellWord,
    /// The text between its quotes, for a shell that reads it again.
    raw: String,
    place: String,
    is_default: bool,
}

struct Settings<'o> {
    known: BTreeMap<String, Setting>,
    id: String,
    selfname: String,
    options: &'o ImportOptions,
    asked: BTreeMap<String, &'static str>,
    depth: usize,
    /// The values that were worked out: those that name each other have an end.
    looked_up: usize,
}

impl Settings<'_> {
    fn add(&mut self, file: &ImportFile) {
        for (line, text) in file.lines() {
            let Ok(tokens) = lex(text, Dialect::Shell) else {
                continue;
            };
            let Some(ShellToken::Word(word)) = tokens.first() else {
                continue;
            };
            let Some((name, value)) = word.assignment() else {
                continue;
            };
            let raw = text.trim().split_once('=').map_or("", |(_, raw)| raw.trim());
            let setting = Setting {
                word: value,
                raw: unquoted(raw),
                place: format!("{name}, line {line} of {}", file.base_name()),
                is_default: file.base_name() == LAYERS[0],
            };
            self.known.insert(name, setting);
        }
    }

    fn text(&mut self, name: &str) -> String {
        self.value(name).map(|value| value.plain()).unwrap_or_default()
    }

    fn place(&self, name: &str) -> String {
        self.known
            .get(name)
            .map_or_else(|| name.to_owned(), |setting| setting.place.clone())
    }

    fn port(&mut self, name: &str) -> Option<u16> {
        self.text(name).trim().parse().ok().filter(|port| *port > 0)
    }
}

/// Returns what stands between quotes, as a shell reads it when it comes by again: single quotes
/// within double ones group words then, and what they hold was filled in before.
fn unquoted(raw: &str) -> String {
    match raw
        .strip_prefix('"')
        .and_then(|rest| rest.rfind('"').map(|end| &rest[..end]))
    {
        Some(inner) => inner.replace("\\\"", "\"").replace('\'', "\""),
        None => raw.trim_matches('\'').to_owned(),
    }
}

impl VariableValues for Settings<'_> {
    fn value(&mut self, name: &str) -> Option<Filled> {
        if let Some(value) = self.options.set.get(name) {
            return Some(Filled::text(value.as_str()).from(format!("--set {name}")));
        }
        match name {
            "rootdir" => return Some(Filled::text(".")),
            "serverfiles" => return Some(Filled::text("./serverfiles")),
            "selfname" => return Some(Filled::text(self.selfname.as_str())),
            _ => {}
        }
        self.looked_up += 1;
        if self.depth > DEEPEST || self.looked_up > LOOK_UPS_MAX {
            return None;
        }
        let setting = self.known.get(name)?;
        let (word, place, is_default) = (setting.word.clone(), setting.place.clone(), setting.is_default);
        self.depth += 1;
        let value = Filler::new(self, Dialect::Shell).text(&word);
        self.depth -= 1;
        if is_default && holds_a_secret(name) && !value.is_empty() {
            self.asked.insert(
                name.to_owned(),
                "that of LinuxGSM is known to everybody, and not copied",
            );
            return Some(Filled::asked(&variable(&self.id, name)).from(name));
        }
        Some(value.from(place))
    }

    fn folder(&self) -> String {
        self.options.home_from(None)
    }
}

/// Reads the configuration of an instance, with those of its files that were found.
///
/// # Errors
/// When it names no executable.
pub(super) fn read(file: &ImportFile, others: &[ImportFile], options: &ImportOptions) -> Result<Draft, Problems> {
    let folder = file.name().rsplit('/').nth(1).unwrap_or_default();
    let selfname = match LAYERS.contains(&file.base_name()) && !folder.is_empty() {
        true => folder,
        false => file.stem(),
    };
    let about = format!("{selfname}: from {}, an instance of LinuxGSM.", file.base_name());
    let mut draft = Draft::new(selfname, about).called(options.id.as_deref());
    let mut settings = Settings {
        known: BTreeMap::new(),
        id: draft.id().to_owned(),
        selfname: selfname.to_owned(),
        options,
        asked: BTreeMap::new(),
        depth: 0,
        looked_up: 0,
    };
    for layer in LAYERS {
        if let Some(other) = others
            .iter()
            .find(|other| other.base_name() == layer && other.base_name() != file.base_name())
        {
            settings.add(other);
        }
    }
    settings.add(file);
    if settings.text("executable").is_empty() {
        let hint = "name the instance's own file, with _default.cfg beside it in lgsm/config-lgsm/NAME/";
        return Err(file.whole("no `executable` is set in it, nor in _default.cfg beside it", hint));
    }
    let part =
        |settings: &Settings<'_>, name: &str| settings.known.get(name).map_or(String::new(), |one| one.raw.clone());
    let folder = settings.text("executabledir");
    let command = format!(
        "cd {}; {} {} {}",
        if folder.is_empty() {
            "./serverfiles"
        } else {
            folder.as_str()
        },
        part(&settings, "preexecutable"),
        part(&settings, "executable"),
        part(&settings, "startparameters"),
    );
    let mut process = DraftSection::default();
    let place = format!(
        "{}; {}",
        settings.place("executable"),
        settings.place("startparameters")
    );
    let start = read_start(&command, Dialect::Shell, &mut settings).map_err(|why| {
        file.whole(
            format!("its start command cannot be taken apart: {why}"),
            "write it by hand",
        )
    })?;
    start.write(&mut draft, &mut process, &place, options);
    if start.needs_a_terminal() || matches!(settings.text("engine").as_str(), "source" | "goldsrc") {
        process.plain("tty", "true", "this engine has no console without a terminal");
    }
    draft.keys().put("process", DraftValue::Section(process), "");
    stop(&mut settings, &mut draft);
    network(&mut settings, &mut draft);
    draft.remark("LinuxGSM knows no line by which it is ready: see `ready` in the manual");
    draft.remark("updates, backups and alerts stay with LinuxGSM; its monitor must be off while gamectl runs the game");
    for (name, why) in std::mem::take(&mut settings.asked) {
        let variable = variable(&settings.id, &name);
        draft.remark(format!(
            "{name} is to be set ({why}): set {variable} where gamectl runs, or import with --set {name}=VALUE"
        ));
    }
    Ok(draft)
}

/// Puts the stop into the draft: the numbers mean what LinuxGSM does for them.
fn stop(settings: &mut Settings<'_>, draft: &mut Draft) {
    let mode = settings.text("stopmode");
    let line =
        |text: &str, wait: &str| DraftSection::of("stdin", DraftValue::Text(Filled::text(text))).with("wait", wait);
    let mut steps = match mode.trim() {
        "2" => vec![DraftSection::default().with("signal", "INT").with("wait", "30s")],
        "3" => vec![line("quit", "30s")],
        "4" => vec![line("quit", "120s")],
        "5" => vec![line("stop", "30s")],
        "6" => vec![line("q", "30s")],
        "7" => vec![line("exit", "30s")],
        "9" => {
            draft.remark("its launcher starts the game again at `quit`: LinuxGSM ends the terminal after 3 s");
            vec![line("quit", "3s")]
        }
        "10" => vec![line("/save", "5s"), line("/stop", "30s")],
        "11" => vec![line("end", "30s")],
        "12" => vec![line("shutdown", "30s")],
        "8" | "13" => {
            draft.remark("LinuxGSM stops it over telnet: add `telnet: { port: ..., password: ... }` and steps for it");
            Vec::new()
        }
        _ => Vec::new(),
    };
    steps.push(DraftSection::default().with("signal", "TERM").with("wait", "30s"));
    draft
        .keys()
        .put("stop", DraftValue::Steps(steps), settings.place("stopmode"));
}

fn network(settings: &mut Settings<'_>, draft: &mut Draft) {
    let query = settings.port("queryport").or_else(|| settings.port("port"));
    let place = if settings.known.contains_key("queryport") {
        "queryport"
    } else {
        "port"
    };
    if settings.text("querytype") == "protocol-valve"
        && let Some(port) = query
    {
        let players = DraftSection::of("a2s", DraftValue::Text(Filled::text(format!("127.0.0.1:{port}"))));
        draft
            .keys()
            .put("players", DraftValue::Section(players), settings.place(place));
    }
    match settings.port("port") {
        Some(port) => draft.remark(format!(
            "its port is {port} ({}), and the file does not say of which protocol: add `ports: {{ game: {port}/udp }}` for `check`",
            settings.place("port")
        )),
        None => draft.remark("its ports stand in the game's own files: add `ports: { game: PORT/udp }` for `check`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "#### Settings ####\nip=\"0.0.0.0\"\nport=\"7000\"\nservername=\"A castle\"\nrconpassword=\"CHANGE_ME\"\n\
        gslt=\"\"\nstartparameters=\"-game siege -ip ${ip} -port ${port} -name '${servername}' ${gslt:+-gslt ${gslt}} \
        -pw ${rconpassword} -cfg ${selfname}.cfg\"\nstopmode=\"3\"\nquerymode=\"2\"\nquerytype=\"protocol-valve\"\n\
        systemdir=\"${serverfiles}/siege\"\nexecutabledir=\"${systemdir}\"\nexecutable=\"./siege_run.sh\"\n";

    #[test]
    fn what_is_set_goes_over_the_defaults() {
        let own = ImportFile::new(
            "lgsm/config-lgsm/siege/siege-2.cfg",
            b"port=\"7005\"\nservername=\"My castle\"\n",
        )
        .unwrap();
        let default = ImportFile::new("_default.cfg", DEFAULT.as_bytes()).unwrap();
        assert!(is_linuxgsm(&default));
        assert_eq!(beside(&own), ["_default.cfg", "common.cfg"]);
        let draft = read(&own, &[default], &ImportOptions::default()).unwrap();
        let out = draft.loadable().unwrap().to_instance();
        for part in [
            "  siege-2:\n    process:\n      executable: \"./serverfiles/siege/siege_run.sh\"",
            "- \"7005\" # port, line 1 of siege-2.cfg",
            "- \"My castle\" # servername, line 2 of siege-2.cfg",
            "- \"${SIEGE_2_RCONPASSWORD:-SET-ME}\"",
            "- \"siege-2.cfg\"",
            "cwd: \"./serverfiles/siege\"",
            "stop: # stopmode, line 8 of _default.cfg\n      - { stdin: \"quit\", wait: 30s }",
            "a2s: \"127.0.0.1:7005\"",
            "rconpassword is to be set",
            "`siege_run.sh` may start the game",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        assert!(!out.contains("-gslt") && !out.contains("CHANGE_ME"), "{out}");
        assert!(read(&own, &[], &ImportOptions::default()).is_err());
        let cyclic = ImportFile::new(
            "x.cfg",
            b"a=\"$b\"\nb=\"$a\"\nexecutable=\"./x$a\"\nstartparameters=\"$b\"\n",
        )
        .unwrap();
        assert!(read(&cyclic, &[], &ImportOptions::default()).is_ok());
        let many = format!(
            "a=\"{}\"\nb=\"{}\"\nexecutable=\"./x\"\nstartparameters=\"$b\"\n",
            "$b".repeat(999),
            "$a".repeat(999)
        );
        let cyclic = ImportFile::new("x.cfg", many.as_bytes()).unwrap();
        assert!(read(&cyclic, &[], &ImportOptions::default()).is_ok());
    }
}
