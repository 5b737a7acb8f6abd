//! A start command of other tools: which of its commands is the game, and what else it does.

use std::collections::BTreeMap;

use super::draft::{Draft, DraftSection, DraftValue, shortened};
use super::filled::Filled;
use super::launcher::{MainGame, main_game};
use super::options::ImportOptions;
use super::shell::{
    Dialect, Filler, ShellCommand, ShellToken, ShellWord, Surrounding, VariableValues, WordValues, commands, lex,
};

/// The folder of a server's files in the images of the panel.
const CONTAINER_HOME: &str = "/home/container";

/// The longest value of a variable that a command sets, in bytes.
const VALUE_MAX: usize = 4096;

/// The client of an admin channel that a start command runs beside the game.
#[derive(Debug, Default, Clone)]
pub(super) struct AdminClient {
    /// `rcon`, `webrcon` or `telnet`.
    pub(super) channel: &'static str,
    pub(super) port: Option<Filled>,
    pub(super) password: Option<Filled>,
    /// The lines that a signal handler of the command sends.
    pub(super) lines: Vec<String>,
}

/// A start command, taken apart.
#[derive(Debug, Default)]
pub(super) struct StartCommand {
    words: Vec<Filled>,
    /// The folder that it changes to, within the server's files.
    folder: Option<String>,
    env: Vec<(String, Filled)>,
    /// The log file that it shows beside the game.
    pub(super) tailed: Option<String>,
    pub(super) client: Option<AdminClient>,
    remarks: Vec<String>,
}

/// Variables with those before them that the command itself sets.
struct Shadowed<'v> {
    outer: &'v mut dyn VariableValues,
    own: BTreeMap<String, Filled>,
}

impl VariableValues for Shadowed<'_> {
    fn value(&mut self, name: &str) -> Option<Filled> {
        match self.own.get(name) {
            Some(value) => Some(value.clone()),
            None => self.outer.value(name),
        }
    }

    fn folder(&self) -> String {
        self.outer.folder()
    }
}

/// Takes a start command apart.
///
/// # Errors
/// Why it cannot be, as the end of a sentence.
pub(super) fn read_start(
    text: &str,
    dialect: Dialect,
    values: &mut dyn VariableValues,
) -> Result<StartCommand, &'static str> {
    let mut tokens = lex(text, dialect)?;
    // A command that stands within quotes as a whole.
    if let [ShellToken::Word(word)] = tokens.as_slice()
        && let Some(inner) = word.literal().filter(|inner| inner.contains(' '))
    {
        tokens = lex(&inner, dialect)?;
    }
    let all = commands(&tokens)?;
    let Some(at) = the_game(&all) else {
        return Err("no program in it can be the game");
    };
    let mut shadowed = Shadowed {
        outer: values,
        own: BTreeMap::new(),
    };
    let mut start = StartCommand::default();
    for (number, command) in all.iter().enumerate() {
        match number.cmp(&at) {
            std::cmp::Ordering::Less => start.before(command, dialect, &mut shadowed),
            std::cmp::Ordering::Equal => start.game(command, dialect, &mut shadowed),
            std::cmp::Ordering::Greater => start.beside(command, dialect, &mut shadowed),
        }
    }
    Ok(start)
}

/// Returns which command is the game: the last that may be one, outside of branches and loops
/// if there is such a one.
fn the_game(all: &[ShellCommand]) -> Option<usize> {
    let candidates = || all.iter().enumerate().filter(|(_, one)| one.may_be_the_game());
    let plain = candidates().rfind(|(_, one)| one.surrounding == Surrounding::Plain);
    plain.or_else(|| candidates().next_back()).map(|(at, _)| at)
}

fn shown(command: &ShellCommand) -> String {
    let assignments = command
        .assignments
        .iter()
        .map(|(name, value)| format!("{name}={}", value.shown()));
    let words = command.words.iter().map(ShellWord::shown);
    let redirects = command
        .redirects
        .iter()
        .map(|(operator, word)| format!("{operator}{}", word.shown()));
    let all: Vec<String> = assignments.chain(words).chain(redirects).collect();
    shortened(&all.join(" "), 200)
}

impl StartCommand {
    fn remark(&mut self, remark: impl Into<String>) {
        let remark = remark.into();
        if self.remarks.len() < 200 && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Does something with a filler, and keeps what it notes.
    fn filling<T>(
        &mut self,
        dialect: Dialect,
        values: &mut Shadowed<'_>,
        work: impl FnOnce(&mut Filler<'_>) -> T,
    ) -> T {
        let mut filler = Filler::new(values, dialect);
        let done = work(&mut filler);
        for note in filler.into_notes() {
            self.remark(note);
        }
        done
    }

    fn set(&mut self, name: &str, value: &ShellWord, dialect: Dialect, values: &mut Shadowed<'_>) -> Filled {
        // A list of folders goes on with what the variable holds already, which is not known.
        if name.ends_with("PATH") || name == "LD_PRELOAD" {
            values.own.entry(name.to_owned()).or_default();
        }
        let value = self.filling(dialect, values, |filler| filler.text(value));
        let value = match name.ends_with("PATH") || name == "LD_PRELOAD" {
            true => value.map_text(|text| text.trim_matches(':').replace("::", ":")),
            false => value,
        };
        // Those that hold each other twice would grow without an end.
        let value = if value.len() > VALUE_MAX {
            Filled::default()
        } else {
            value
        };
        values.own.insert(name.to_owned(), value.clone());
        value
    }

    fn export(&mut self, name: String, value: Filled) {
        self.env.retain(|(known, _)| *known != name);
        self.env.push((name, value));
    }

    fn before(&mut self, command: &ShellCommand, dialect: Dialect, values: &mut Shadowed<'_>) {
        if command.surrounding >= Surrounding::Coprocess {
            return self.beside(command, dialect, values);
        }
        for (name, value) in &command.assignments {
            let value = self.set(name, value, dialect, values);
            if command.words.is_empty() && name.chars().all(|c| !c.is_ascii_lowercase()) && !value.is_empty() {
                // Written without `export`, and meant for the game nonetheless.
                self.export(name.clone(), value);
            }
        }
        match command.program().as_deref() {
            None if command.words.is_empty() => {}
            Some("export" | "declare") => {
                for word in &command.words[1..] {
                    if let Some((name, value)) = word.assignment() {
                        let value = self.set(&name, &value, dialect, values);
                        self.export(name, value);
                    } else if let Some(name) = word.literal()
                        && let Some(value) = values.own.get(&name).cloned()
                    {
                        self.export(name, value);
                    }
                }
            }
            Some("cd") if command.surrounding == Surrounding::Plain => {
                let folder = command.words.get(1).cloned().unwrap_or_default();
                let folder = self.filling(dialect, values, |filler| filler.text(&folder)).plain();
                self.change_folder(&folder);
            }
            Some("tail") => self.beside(command, dialect, values),
            Some("echo" | "sleep" | "[" | "[[" | "test" | "true" | ":" | "stty" | "trap" | "set") => {}
            Some("Xvfb") => self.remark(format!(
                "a display is started beside the game (`{}`): start it before, or make `executable: xvfb-run`",
                shown(command)
            )),
            _ if command.surrounding == Surrounding::Condition => {}
            _ => self.remark(format!(
                "before the game it runs `{}`: do that once by hand, or before each start",
                shown(command)
            )),
        }
    }

    fn change_folder(&mut self, folder: &str) {
        let folder = match folder.strip_prefix(CONTAINER_HOME) {
            Some(below) => format!("./{}", below.trim_start_matches('/')),
            None => folder.to_owned(),
        };
        if matches!(folder.as_str(), "" | "." | "./" | "~") {
            self.folder = None;
            return;
        }
        let is_absolute = folder.starts_with('/') || folder.starts_with("./");
        let folder = folder.trim_end_matches('/').trim_start_matches("./");
        self.folder = Some(match &self.folder {
            Some(known) if !is_absolute => format!("{known}/{folder}"),
            _ => folder.to_owned(),
        });
    }

    fn game(&mut self, command: &ShellCommand, dialect: Dialect, values: &mut Shadowed<'_>) {
        for (name, value) in &command.assignments {
            let value = self.set(name, value, dialect, values);
            self.export(name.clone(), value);
        }
        self.words = self.filling(dialect, values, |filler| {
            command.words.iter().flat_map(|word| filler.words(word)).collect()
        });
        for (operator, word) in &command.redirects {
            let to = word.shown();
            match *operator {
                ">&" | "<&" if to.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {}
                "<" | "<<" | "<<<" | "<&" => {
                    self.remark(format!(
                        "its input is `{operator}{to}`: gamectl has its console instead"
                    ));
                }
                _ if to.starts_with("$(") => {
                    self.remark(format!("its output goes through `{to}`: here it is shown as it is"));
                }
                _ => {
                    self.remark(format!("its output went to `{to}`: here it is in the console log"));
                }
            }
        }
        if command.surrounding != Surrounding::Plain {
            self.remark("the start command has branches or loops around the game: compare it with what came out");
        }
    }

    fn beside(&mut self, command: &ShellCommand, dialect: Dialect, values: &mut Shadowed<'_>) {
        for (name, _) in &command.assignments {
            values.own.entry(name.clone()).or_default();
        }
        // Nothing of it is carried over, and so nothing of it has to be known.
        let mut filler = Filler::new(values, dialect);
        let words: Vec<Filled> = command.words.iter().map(|word| filler.text(word)).collect();
        let program = command.program().unwrap_or_default();
        match program.as_str() {
            "tail" => {
                let is_file = |word: &&Filled| {
                    let text = word.plain();
                    !text.starts_with(['-', '+']) && text.contains('.') && text.parse::<f64>().is_err()
                };
                let file = words.iter().skip(1).find(is_file).map(Filled::plain);
                self.tailed = self.tailed.take().or(file);
            }
            "rcon" | "gorcon" | "rcon-cli" | "mcrcon" | "telnet" => self.client(&program, &words),
            _ if command.is_piped => {
                self.remark(format!(
                    "its output goes through `{}`: here it is shown as it is",
                    shown(command)
                ));
            }
            _ if command.surrounding == Surrounding::Coprocess || command.may_be_the_game() => {
                let told = format!(
                    "it also runs `{}`: that is a second instance, or is left out",
                    shown(command)
                );
                self.remark(told);
            }
            _ => {}
        }
    }

    fn client(&mut self, program: &str, words: &[Filled]) {
        let after = |option: &str| {
            let at = words.iter().position(|word| word.known() == Some(option))?;
            words.get(at + 1).cloned()
        };
        let client = self.client.get_or_insert_default();
        let is_telnet = program == "telnet" || after("-t").is_some_and(|kind| kind.known() == Some("telnet"));
        let is_web = after("-t").is_some_and(|kind| kind.known() == Some("web"));
        client.channel = match (is_telnet, is_web) {
            (true, _) => "telnet",
            (_, true) => "webrcon",
            _ => "rcon",
        };
        if program == "telnet" {
            client.port = words
                .iter()
                .skip(1)
                .rfind(|word| !word.plain().starts_with('-'))
                .cloned();
            return;
        }
        if let Some(address) = after("-a").or_else(|| after("--address")) {
            let port = |text: &str| text.rsplit(':').next().unwrap_or_default().to_owned();
            client.port = Some(address.map_text(port));
        }
        client.password = after("-p").or_else(|| after("--password")).or(client.password.take());
        // What follows the options is a line to be sent.
        let line: Vec<String> = words.iter().skip(1).map(Filled::plain).collect();
        let mut rest = line.as_slice();
        while let [option, _, more @ ..] = rest
            && option.starts_with('-')
        {
            rest = more;
        }
        if !rest.is_empty() && !rest[0].starts_with('-') {
            client.lines.push(rest.join(" "));
        }
    }

    /// Returns true for engines that have a console on a terminal alone.
    pub(super) fn needs_a_terminal(&self) -> bool {
        let program = self.words.first().map(Filled::plain).unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or_default();
        ["srcds_run", "srcds_run_64", "srcds_linux", "hlds_run", "hlds_linux"].contains(&name)
    }

    /// Returns true where one of its words is this.
    pub(super) fn has_word(&self, wanted: &str) -> bool {
        self.words.iter().any(|word| word.known() == Some(wanted))
    }

    /// Returns the word behind this one.
    pub(super) fn word_after(&self, wanted: &str) -> Option<&Filled> {
        let at = self.words.iter().position(|word| word.known() == Some(wanted))?;
        self.words.get(at + 1)
    }

    /// Returns the path of a file of the server, as a key of the inventory has it.
    pub(super) fn file(&self, path: &str, options: &ImportOptions) -> String {
        match path.strip_prefix(CONTAINER_HOME) {
            Some(below) => format!("{}{below}", options.home_from(self.folder.as_deref())),
            None => path.to_owned(),
        }
    }

    /// Puts the keys of `process` into a draft.
    pub(super) fn write(&self, draft: &mut Draft, process: &mut DraftSection, from: &str, options: &ImportOptions) {
        let home = options.home_from(self.folder.as_deref());
        let at_home = |text: &str| text.replace(CONTAINER_HOME, &home);
        let mut words = self.words.iter().map(|word| word.clone().map_text(at_home));
        let program = words.next().unwrap_or_default();
        let folder = self.folder.as_deref().unwrap_or(".");
        let program = match program.known() {
            Some(path) if path.contains('/') && !path.starts_with('/') => {
                let inside = format!("{folder}/{}", path.strip_prefix("./").unwrap_or(path));
                Filled::text(options.within(inside.strip_prefix("./").unwrap_or(&inside))).from(program.places())
            }
            _ => program,
        };
        let all: Vec<String> = self.words.iter().map(Filled::plain).collect();
        process.text("executable", program, from);
        let args: Vec<Filled> = words.collect();
        if !args.is_empty() {
            process.put("args", DraftValue::Texts(args), from);
        }
        if self.folder.is_some() {
            process.text(
                "cwd",
                Filled::text(options.within(folder)),
                "the folder that the start command changes to",
            );
        } else if options.folder.is_some() {
            process.text("cwd", Filled::text(options.within(".")), "--dir");
        }
        if !self.env.is_empty() {
            let mut env = DraftSection::default();
            for (name, value) in &self.env {
                env.text(name, value.clone().map_text(at_home), "");
            }
            process.put("env", DraftValue::Section(env), from);
        }
        match main_game(&all) {
            MainGame::Itself => {}
            MainGame::Matches(pattern) => {
                process.text(
                    "main",
                    Filled::text(pattern),
                    "the game below its launcher, by its name",
                );
            }
            MainGame::Script(name) => draft.remark(format!(
                "`{name}` may start the game as a process of its own: give its name as `main`, so that signals reach it"
            )),
        }
        for remark in &self.remarks {
            draft.remark(remark.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shell::Few;
    use super::*;

    fn told(text: &str, options: &ImportOptions) -> String {
        let mut few = Few(&[("PORT", "7777"), ("NAME", "My server"), ("PW", "secret")]);
        let start = match read_start(text, Dialect::Egg, &mut few) {
            Ok(start) => start,
            Err(why) => return why.to_owned(),
        };
        let (mut draft, mut process) = (Draft::new("x", "a test"), DraftSection::default());
        start.write(&mut draft, &mut process, "", options);
        draft.keys().put("process", DraftValue::Section(process), "");
        let mut out = draft
            .to_instance()
            .replace("  # a test\n  x:\n    process:\n", "")
            .replace("      ", "");
        out.extend(start.tailed.map(|file| format!("tail {file}\n")));
        out.extend(start.client.map(|client| {
            let port = client.port.map(|port| port.plain());
            format!("{} {port:?} {:?}\n", client.channel, client.lines)
        }));
        out
    }

    #[test]
    fn values_that_double_each_other_come_to_an_end() {
        let doubled: Vec<String> = (1..4000).map(|n| format!("A{n}=$A{0}$A{0};", n - 1)).collect();
        let text = format!("A0=castle; {} ./g $A3999 {}", doubled.join(""), "$A8 ".repeat(4000));
        assert!(text.len() < 64 << 10 || read_start(&text, Dialect::Shell, &mut Few(&[])).is_err());
        let text = format!("A0=castle; {} ./g {}", doubled[..1000].join(""), "$A8 ".repeat(4000));
        assert!(read_start(&text, Dialect::Shell, &mut Few(&[])).is_ok());
    }

    #[test]
    fn start_commands_taken_apart() {
        let plain = ImportOptions::default();
        for (text, expected) in [
            (
                "./Game -port={{PORT}} -name \"{{NAME}}\"",
                "executable: \"./Game\"\nargs:\n  - \"-port=7777\"\n  - \"-name\"\n  - \"My server\"\n",
            ),
            (
                "cd /home/container/bin; export A=1; rm -f x; B=$A wine ./g.exe -c /home/container/c.ini & PID=$!; \
                 tail -c0 -F /home/container/l/g.log --pid=$PID",
                "executable: \"wine\"\nargs:\n  - \"./g.exe\"\n  - \"-c\"\n  - \"../c.ini\"\ncwd: \"./bin\" # the folder that the start command changes to\nenv:\n  \
                 A: \"1\"\n  B: \"1\"\nmain: \"g\\\\.exe$$\" # the game below its launcher, by its name\n    \
                 # Look over, or set by hand:\n    # - before the game it runs `rm -f x`: do that once by hand, or \
                 before each start\ntail /home/container/l/g.log\n",
            ),
            (
                "bye() { rcon -a 127.0.0.1:{{PORT}} -p {{PW}} save && rcon -a 127.0.0.1:{{PORT}} -p {{PW}} DoExit; }; \
                 trap bye 15; ./g & until rcon -a 127.0.0.1:{{PORT}} -p {{PW}}; do sleep 5; done",
                "executable: \"./g\"\nrcon Some(\"7777\") [\"save\", \"DoExit\"]\n",
            ),
            (
                "./g & telnet -E 127.0.0.1 8081",
                "executable: \"./g\"\ntelnet Some(\"8081\") []\n",
            ),
            (
                "LD_LIBRARY_PATH=./lib:$LD_LIBRARY_PATH ./g > >(sed x)",
                "executable: \"./g\"\nenv:\n  LD_LIBRARY_PATH: \"./lib\"\n    # Look over, or set by hand:\n    \
                 # - its output goes through `$(sed x)`: here it is shown as it is\n",
            ),
            ("echo hello; sleep 5", "no program in it can be the game"),
            ("'./g", "a quote is not closed"),
        ] {
            assert_eq!(told(text, &plain), expected, "{text}");
        }
        let placed = ImportOptions {
            folder: Some("/srv/g".to_owned()),
            ..ImportOptions::default()
        };
        assert_eq!(
            told("cd bin && ./g /home/container/x $(pwd)/y", &placed),
            "executable: \"/srv/g/bin/g\"\nargs:\n  - \"/srv/g/x\"\n  - \"./y\"\ncwd: \"/srv/g/bin\" \
             # the folder that the start command changes to\n"
        );
    }
}
