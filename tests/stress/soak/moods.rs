//! Twenty games with bad manners, and what each of them can end with.

use serde_json::json;

use crate::support::{Instance, Sandbox};

/// One instance.
pub(crate) struct Mood {
    pub(crate) id: String,
    /// The exit codes that its main process can truly have.
    pub(crate) codes: Vec<i64>,
    /// True when its main process is the one that holds the beacon.
    pub(crate) is_plain: bool,
    instance: Instance,
}

impl Mood {
    fn new(id: String, sandbox: &Sandbox, words: &str) -> Self {
        let (beacon, journal) = (sandbox.arg(&beacon(&id)), sandbox.arg(&format!("{id}.journal")));
        let words = words.replace("BEACON", &format!("--beacon {beacon} --journal {journal}"));
        let words: Vec<&str> = words.split(' ').collect();
        let code = words.iter().position(|word| *word == "--code").map(|at| words[at + 1]);
        let mut codes: Vec<i64> = code.and_then(|code| code.parse().ok()).into_iter().collect();
        // A second game would say so: that is found in its own way.
        codes.push(99);
        // What they leave behind becomes the main process, and ends well.
        if words.contains(&"tree") || words.contains(&"daemonise") {
            codes.extend([0, 128 + 9, 255]);
        }
        match words[0] {
            "early" => codes.push(words[1].parse().expect("a code")),
            // How its server ended, as a shell tells it.
            "wrapper" => codes.extend([128 + 9, 128 + 15, 128 + 11]),
            _ => {}
        }
        Self {
            instance: Instance::awkward(&id, &words),
            is_plain: !["wrapper", "daemonise", "launcher", "early", "crash-early"].contains(&words[0]),
            codes,
            id,
        }
    }

    /// Returns its entry in the inventory. All its waits are short, so that much
    /// happens.
    fn entry(&self) -> Instance {
        let ready = json!({ "alive_for": "20ms", "timeout": "5s" });
        self.instance
            .clone()
            .with("ready", ready)
            .with("stop", json!([{ "signal": "TERM", "wait": "300ms" }]))
            .with("restart", json!({ "delay": "20ms", "max_delay": "400ms" }))
            .process("log", json!({ "max_size": "64KiB", "keep": 2 }))
    }
}

/// The file that a game holds while it runs.
pub(crate) fn beacon(id: &str) -> String {
    format!("{id}.beacon")
}

/// All of them, in the inventory of the sandbox. Their ids are found nowhere
/// else on this host.
pub(crate) fn twenty(sandbox: &Sandbox) -> Vec<Mood> {
    const WORDS: [&str; 20] = [
        "serve BEACON --code 11",
        "deaf BEACON --code 12",
        "no-read BEACON --code 13",
        "mute BEACON --code 14",
        "tree 2 2 --scatter --pids PIDS BEACON --code 15",
        "wrapper -- serve BEACON --code 16",
        "daemonise -- serve BEACON --code 17",
        "launcher --code 18 -- serve BEACON --code 18",
        "flood 300000 --then-serve BEACON --code 19",
        "early 20",
        "crash-early SEGV",
        "zombie 3 BEACON --code 21",
        "serve BEACON --code 22",
        "hog 8 BEACON --code 23",
        "nonblock BEACON --code 24",
        "wrapper -- tree 1 3 --deaf --pids PIDS BEACON --code 25",
        "serve --ignore HUP,USR1 BEACON --code 26",
        "launcher --code 27 -- daemonise -- serve BEACON --code 27",
        "serve BEACON --code 28",
        "serve BEACON --code 29",
    ];
    let mark = std::process::id();
    let mood = |(number, words): (usize, &&str)| Mood::new(format!("soak{mark}-{number:02}"), sandbox, words);
    let moods: Vec<Mood> = WORDS.iter().enumerate().map(mood).collect();
    let entries: Vec<Instance> = moods
        .iter()
        .enumerate()
        .map(|(number, mood)| match number {
            12 => mood.entry().process("tty", json!(true)),
            18 => mood.entry().with("restart", json!({ "policy": "never" })),
            _ => mood.entry(),
        })
        .collect();
    sandbox.inventory(&entries);
    moods
}
