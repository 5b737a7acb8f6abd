//! The options of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use nix::sys::signal::Signal;

/// A mode, its arguments and the flags.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) mode: String,
    /// The plain arguments of the mode.
    pub(crate) arguments: Vec<String>,
    /// The words behind `--`: the mode of a process to start.
    pub(crate) rest: Vec<OsString>,
    pub(crate) gate: Option<PathBuf>,
    pub(crate) ready: Option<String>,
    pub(crate) say: Option<String>,
    pub(crate) dump: Option<PathBuf>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) beacon: Option<PathBuf>,
    pub(crate) pids: Option<PathBuf>,
    pub(crate) save_gate: Option<PathBuf>,
    pub(crate) ignore: Vec<Signal>,
    pub(crate) code: u8,
    pub(crate) line: Option<usize>,
    pub(crate) block: Option<usize>,
    pub(crate) deaf: bool,
    pub(crate) deaf_children: bool,
    pub(crate) scatter: bool,
    pub(crate) then_serve: bool,
    pub(crate) expect_stdin: bool,
    pub(crate) undumpable: bool,
}

impl Options {
    /// Reads the arguments behind the program's name.
    pub(crate) fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Self {
            mode: text(words.next().ok_or("no mode given")?),
            ..Self::default()
        };
        while let Some(word) = words.next() {
            let word = text(word);
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            match word.as_str() {
                "--" => options.rest = words.by_ref().collect(),
                "--gate" => options.gate = Some(value()?.into()),
                "--ready" => options.ready = Some(text(value()?)),
                "--say" => options.say = Some(text(value()?)),
                "--dump" => options.dump = Some(value()?.into()),
                "--journal" => options.journal = Some(value()?.into()),
                "--beacon" => options.beacon = Some(value()?.into()),
                "--pids" => options.pids = Some(value()?.into()),
                "--save-gate" => options.save_gate = Some(value()?.into()),
                "--code" => options.code = number(&text(value()?))?,
                "--line" => options.line = Some(number(&text(value()?))?),
                "--block" => options.block = Some(number(&text(value()?))?),
                "--ignore" => {
                    options.ignore = text(value()?).split(',').map(signal).collect::<Result<_, _>>()?;
                }
                "--deaf" => options.deaf = true,
                "--deaf-children" => options.deaf_children = true,
                "--scatter" => options.scatter = true,
                "--then-serve" => options.then_serve = true,
                "--expect-stdin" => options.expect_stdin = true,
                "--undumpable" => options.undumpable = true,
                _ => options.arguments.push(word),
            }
        }
        Ok(options)
    }

    /// The plain argument at `index`, as a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, index: usize) -> Result<T, String> {
        let word = self.arguments.get(index).ok_or("an argument is missing")?;
        number(word)
    }

    /// The mode to start as another process.
    pub(crate) fn inner(&self) -> Vec<OsString> {
        if self.rest.is_empty() {
            vec!["serve".into()]
        } else {
            self.rest.clone()
        }
    }
}

/// A signal by its name, with or without SIG.
pub(crate) fn signal(name: &str) -> Result<Signal, String> {
    let full = format!("SIG{}", name.trim_start_matches("SIG"));
    full.parse().map_err(|_| format!("{name} is not a signal"))
}

/// A word as a number.
pub(crate) fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word} is not a number of that kind"))
}

/// Tests put any bytes into arguments; only `dump` cares for them as they are.
fn text(word: OsString) -> String {
    word.into_string()
        .unwrap_or_else(|word| word.to_string_lossy().into_owned())
}
