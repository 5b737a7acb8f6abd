//! The one table of the inventory's keys: what each holds, its default, an
//! example and a sentence about it. The reader's allowed keys, the JSON Schema
//! and gamectl-inventory(5) come from it.

use Holds::{Address, Choice, ChoiceList, Duration, Flag, List, Map, Number, Numbers};
use Holds::{Path, Section as In, SectionOr, Signed, Size, Text, Words};

/// The JSON Schema of the inventory, draft 2020-12, made from [`SECTIONS`].
pub const SCHEMA: &str = include_str!("../instances.schema.json");

/// The kind of value that a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any scalar, as text.
    Text,
    Path,
    Flag,
    Duration,
    Size,
    /// A whole number from the one to the other.
    Number(u32, u32),
    /// A whole number that may be negative.
    Signed(i32, i32),
    Numbers(u32, u32),
    /// `HOST:PORT`.
    Address,
    /// `28015/udp`.
    PortSpec,
    /// A list of texts.
    Words,
    Choice(&'static [&'static str]),
    ChoiceList(&'static [&'static str]),
    /// A mapping of names to these.
    Map(&'static Holds),
    Section(&'static Section),
    /// A section, or a text.
    SectionOr(&'static Section),
    /// A list of sections.
    List(&'static Section),
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub holds: Holds,
    /// The value without it, in words.
    pub default: &'static str,
    /// A use of it, as YAML.
    pub example: &'static str,
    /// The sentence about it.
    pub about: &'static str,
    /// The planes on which it means nothing, each with what to do instead.
    pub not_on: &'static [(&'static str, &'static str)],
}

/// A mapping with fixed keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its name, for references.
    pub name: &'static str,
    /// Its place, for a sentence.
    pub place: &'static str,
    /// The sentences about all of it.
    pub about: &'static str,
    /// Its keys, in the order in which they are shown. Sections share groups.
    groups: &'static [&'static [Key]],
}

impl Section {
    /// Returns its keys, in the order in which they are shown.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.groups.iter().copied().flatten()
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// Returns true when any section has this key.
pub(crate) fn is_known(key: &str) -> bool {
    section_with(key).is_some()
}

/// Returns the section that has this key.
pub(crate) fn section_with(key: &str) -> Option<&'static Section> {
    // What can have defaults belongs into an instance first of all.
    let mut sections = SECTIONS.iter().filter(|section| **section != &DEFAULTS);
    sections.find(|section| section.key(key).is_some()).copied()
}

/// Returns the example of the key that holds a section.
pub(crate) fn example_of(key: &str, section: &'static Section) -> Option<&'static str> {
    let keys = SECTIONS.iter().flat_map(|outer| outer.keys());
    let mut holding = keys.filter(|one| matches!(one.holds, In(held) | SectionOr(held) if held == section));
    holding.find(|one| one.name == key).map(|one| one.example)
}

/// Returns true for a plane section.
pub(crate) fn is_plane(key: &str) -> bool {
    PLANES.iter().any(|plane| plane.name == key)
}

/// Returns true for a probe of `ready` or `healthy`.
pub(crate) fn is_probe(key: &Key) -> bool {
    [PROBES, READY_LOG, ALIVE_FOR]
        .into_iter()
        .flatten()
        .any(|probe| probe == key)
}

/// Returns true when a key looks like one. What does not may be a value that
/// slipped, and a secret, so it is not repeated.
pub(crate) fn looks_like_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with('-')
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'<'))
}

macro_rules! keys {
    ($($key:literal: $holds:expr, $default:literal, $example:literal, $about:literal
        $(, not on $plane:literal: $instead:literal)*;)*) => {
        &[$(Key {
            name: $key,
            holds: $holds,
            default: $default,
            example: $example,
            about: $about,
            not_on: &[$(($plane, $instead)),*],
        },)*]
    };
}

macro_rules! sections {
    ($($section:ident: $name:literal, $place:literal, $about:literal, $groups:expr;)*) => {
        $(pub(crate) static $section: Section = Section {
            name: $name,
            place: $place,
            about: $about,
            groups: $groups,
        };)*

        /// All sections; the first is the whole.
        pub static SECTIONS: &[&Section] = &[$(&$section),*];
    };
}

const IDENTITY: &[Key] = keys! {
    "game": Text, "none", "game: rust",
        "The preset that it is merged over; `gamectl games` lists them.";
    "tags": Words, "none", "tags: [pvp, eu]",
        "Words to choose instances by: `tag:pvp`.";
    "host": Text, "this machine, or the `owner`", "host: box2",
        "The host, of those in `hosts`, where it is managed. Its paths and files are of that host, and must be absolute; variables are expanded here.";
    "autostart": Flag, "true", "autostart: false",
        "Whether `gamectl run` starts it, unless somebody stopped it.";
};

/// The plane sections: an instance has one of them, and none has defaults.
const PLANES: &[Key] = keys! {
    "process": In(&PROCESS), "none", "process: { executable: ./RustDedicated }",
        "It is a process of this host.";
    "docker_compose": In(&DOCKER_COMPOSE), "none", "docker_compose: { file: compose.yaml, project: dune }",
        "It is a stack of containers of a Docker Engine.";
};

const SETTINGS: &[Key] = keys! {
    "ready": In(&READY), "alive for 1 s", "ready: { log: 'Server startup complete' }",
        "When it counts as ready for players: when all probes succeed. An answer at a port of this host counts only if the game itself has the port, so behind a proxy of the host probe the port of the game.";
    "healthy": In(&HEALTHY), "off", "healthy: { a2s: 127.0.0.1:28017, failures: 3 }",
        "When `gamectl run` counts it as hung, and restarts it.";
    "stop": List(&STEP), "TERM, then 60 s", "stop: [{ stdin: quit, wait: 30s }, { signal: TERM }]",
        "The steps that end it politely, each with its wait. A kill follows, written or not.",
        not on "docker_compose": "services stop by the `stop_signal` and `stop_grace_period` of the compose file";
    "rcon": In(&RCON), "none", "rcon: { port: 28016, password: { file: rcon.pw } }",
        "Source RCON, over TCP.";
    "webrcon": In(&RCON), "none", "webrcon: { port: 28016, password: \"${RCON}\" }",
        "WebRCON, as Rust has it.";
    "telnet": In(&TELNET), "none", "telnet: { port: 8081 }",
        "Lines over TCP.";
    "admin": Choice(&["stdin", "rcon", "webrcon", "telnet"]), "the preset's, else the only one given, else stdin", "admin: rcon",
        "The channel that `gamectl send` uses.";
    "restart": In(&RESTART), "always", "restart: { policy: on-failure }",
        "What `gamectl run` does when it ends by itself.";
    "on_event": List(&HOOK), "none", "on_event: [{ command: [/srv/tell], events: [crashed] }]",
        "Commands that `gamectl run` executes when something happens.";
    "ports": Map(&Holds::PortSpec), "the preset's", "ports: { game: 28015/udp }",
        "The ports that it takes, by name, for `gamectl check`.";
    "broadcast": Text, "none", "broadcast: 'say {message}'",
        "Does nothing yet: the line that tells all players something, with `{message}` in it.";
    "players": Text, "none", "players: playerlist",
        "Does nothing yet: the line whose reply tells who plays.";
};

const PROBES: &[Key] = keys! {
    "tcp": Address, "none", "tcp: 127.0.0.1:25565",
        "A TCP connection is accepted there.";
    "http": SectionOr(&HTTP), "none", "http: http://127.0.0.1:8212/health",
        "A request is answered with a wanted status.";
    "a2s": Address, "none", "a2s: 127.0.0.1:28017",
        "The query of Steam's server list is answered there.";
    "rcon": Flag, "false", "rcon: true",
        "A login over `rcon`, or the other channel that there is, works.";
    "minecraft": Address, "none", "minecraft: 127.0.0.1:25565",
        "The query of Minecraft's server list is answered there.";
    "exec": Words, "none", "exec: [/srv/is-up]",
        "A command exits with 0.";
};

const CHANNEL: &[Key] = keys! {
    "host": Text, "127.0.0.1", "host: 10.0.0.2",
        "Where it listens.";
    "port": Number(1, 65_535), "the preset's", "port: 28016",
        "At which port.";
    "password": SectionOr(&PASSWORD), "none", "password: { file: rcon.pw }",
        "What opens it: text, better a `${VARIABLE}`, or a file.";
};

const READY_LOG: &[Key] = keys! {
    "log": Text, "none", "log: '^Server ready'",
        "A regular expression that a line of this launch matches, as `logs` shows it. One with `$` or `\\b` in it waits for the end of the line.",
        not on "docker_compose": "give the service a `healthcheck` in the compose file, or use `tcp`, `a2s`, `http` or `exec`";
};

const ALIVE_FOR: &[Key] = keys! {
    "alive_for": Duration, "1s, where there is no other probe", "alive_for: 10s",
        "It stays alive for this long.";
};

const READY_REST: &[Key] = keys! {
    "timeout": Duration, "5m", "timeout: 15m",
        "How long `start` waits; `run` then says that it is not ready.";
    "on_timeout": Choice(&["wait", "restart"]), "wait", "on_timeout: restart",
        "What `run` does then: `restart` ends it by its stop chain, and starts it again as after a crash.";
    "interval": Duration, "each probe's own", "interval: 500ms",
        "How often to try the probes; at least 10ms.";
    "attempt_timeout": Duration, "each probe's own", "attempt_timeout: 2s",
        "How long to wait for an answer; at least 10ms.";
};

const HEALTHY_REST: &[Key] = keys! {
    "start_grace": Duration, "60s", "start_grace: 5m",
        "How long to wait with the first check after it became ready.";
    "interval": Duration, "15s", "interval: 30s",
        "How often to check.";
    "attempt_timeout": Duration, "5s", "attempt_timeout: 2s",
        "How long to wait for an answer.";
    "failures": Number(1, 64), "3", "failures: 3",
        "How many of the last `of` probes must fail before it counts as hung.";
    "of": Number(1, 64), "`failures`", "of: 5",
        "How many recent probes to look at.";
};

const GREETING: &[Key] = keys! {
    "greeting": Text, "none", "greeting: Press 'help'",
        "What the server prints before it accepts commands.";
};

sections! {
    TOP: "top", "the top of the inventory", "The inventory is one mapping.", &[keys! {
        "defaults": In(&DEFAULTS), "none", "defaults: { autostart: false }",
            "Merged under every instance; what an instance says itself wins.";
        "hosts": Map(&In(&HOST)), "none", "hosts: { box2: { ssh: games@box2.example.net }, shared: { sudo: games } }",
            "The hosts where instances are managed, by name.";
        "owner": Text, "none", "owner: games",
            "The user whose servers these are: whoever else reads the inventory reaches all instances without a `host` through `sudo -n -u games`.";
        "instances": Map(&In(&INSTANCE)), "required", "instances: { rust-main: { game: rust } }",
            "The game servers, by id: `[a-z0-9][a-z0-9_-]{0,62}`. May be empty.";
    }];
    HOST: "host", "a host of `hosts`", "One way in is needed: `ssh`, or `sudo` alone for this machine as another user. gamectl must be installed there.", &[keys! {
        "ssh": Text, "none", "ssh: games@box2.example.net",
            "What `ssh` accepts, an alias of ~/.ssh/config too.";
        "port": Number(1, 65_535), "ssh's own", "port: 2222",
            "The port of ssh there.";
        "identity": Path, "ssh's own", "identity: ~/.ssh/id_ed25519",
            "The private key to log in with.";
        "options": Map(&Text), "none", "options: { ProxyJump: bastion }",
            "More options of ssh_config(5).";
        "gamectl": Text, "gamectl, on PATH there", "gamectl: /usr/bin/gamectl",
            "The program there, as an absolute path.";
        "sudo": Text, "false", "sudo: games",
            "The user that it becomes there through `sudo -n`; `true` is root.";
    }];
    DEFAULTS: "defaults", "`defaults`", "The keys of an instance, except for those of planes.", &[IDENTITY, SETTINGS];
    INSTANCE: "instance", "an instance", "What one game server is. With no plane section, or no executable in it, it is shown and not managed.", &[IDENTITY, PLANES, SETTINGS];
    PROCESS: "process", "`process`", "Relative paths begin at the inventory's folder.", &[keys! {
        "executable": Path, "none: it is unmanaged", "executable: /srv/rust/RustDedicated",
            "The program. A bare name is looked for in that folder, then on PATH: that of `run` while it watches, else that of who types.";
        "args": Words, "none", "args: [\"-batchmode\", \"+server.port\", \"28015\"]",
            "Its arguments; no shell reads them.";
        "cwd": Path, "the inventory's folder", "cwd: /srv/rust",
            "The folder that it runs in.";
        "env": Map(&Holds::Text), "none", "env: { LD_LIBRARY_PATH: /srv/rust }",
            "Variables for it; they win over `env_file`.";
        "env_file": Path, "none", "env_file: /srv/rust/secrets.env",
            "A file of NAME=value lines, read at each launch as docker compose reads it: comments, quotes, escapes, `$NAME`.";
        "inherit_env": Words, "none", "inherit_env: [JAVA_HOME, 'WINE*']",
            "Variables of who starts it that it gets too (of `run`, while one watches); `*` stands for any rest. Without it, it gets PATH, HOME, USER, LOGNAME, SHELL, LANG, TZ and LC_*, and TERM with `tty`.";
        "umask": Text, "022", "umask: \"027\"",
            "The permissions that its new files do not get.";
        "user": Text, "who runs gamectl", "user: rust",
            "The user that it runs as; needs root.";
        "tty": Flag, "false", "tty: true",
            "Whether to give it a terminal of its own.";
        "log": In(&LOG), "50MiB, 5 kept", "log: { max_size: 10MiB, keep: 2 }",
            "How its console log is rotated.";
        "limits": In(&LIMITS), "none", "limits: { memory: 8GiB, cpu: 200% }",
            "What it may use, with all that it starts.";
        "main": Text, "the process that was started", "main: 'PalServer-Linux'",
            "A regular expression that the path or first word of the real game matches, below a launcher.";
    }];
    DOCKER_COMPOSE: "docker_compose", "`docker_compose`", "A file is needed. Services stop by the `stop_signal` and `stop_grace_period` of the compose file, and are healthy by its `healthcheck`; `stop` and `ready.log` mean nothing here.", &[keys! {
        "file": Path, "required, or `files`", "file: /srv/dune/compose.yaml",
            "The compose file.";
        "files": Words, "none", "files: [compose.yaml, compose.local.yaml]",
            "Several; later ones override earlier ones.";
        "project": Text, "the id", "project: dune",
            "The project's name, by which its containers are known.";
        "profiles": Words, "none", "profiles: [maps]",
            "The profiles to enable.";
        "services": Words, "all", "services: [director, survival-1]",
            "The services that must run; others do not count.";
        "env_file": Path, "compose's own", "env_file: /srv/dune/dune.env",
            "The file that compose takes variables from.";
        "context": Text, "docker's own", "context: host-2",
            "The docker context, and so the engine.";
    }];
    LOG: "log", "`process.log`", "How the console log is rotated.", &[keys! {
        "max_size": Size, "50MiB", "max_size: 10MiB",
            "The size at which a new file is begun.";
        "keep": Number(0, 1000), "5", "keep: 2",
            "How many files are kept beside the present one.";
    }];
    LIMITS: "limits", "`process.limits`", "`memory`, `cpu`, `tasks` and `io_weight` need systemd, and root or a user with lingering: they are limits of the game's scope. `start` and `check` say which limit does not hold.", &[keys! {
        "memory": Size, "none", "memory: 8GiB",
            "How much memory it may use; more, and the kernel kills it.";
        "cpu": Text, "none", "cpu: 200%",
            "How much of the processors it may use: in percent of one core, or as a number of cores.";
        "tasks": Number(1, 4_194_304), "systemd's", "tasks: 500",
            "How many processes and threads it may have.";
        "nofile": Number(16, 1_073_741_816), "that of who starts it", "nofile: 100000",
            "How many files each of its processes may have open.";
        "nice": Signed(-20, 19), "that of who starts it", "nice: 5",
            "How far it gives way to other programs; only root may go below 0.";
        "io_weight": Number(1, 10_000), "100", "io_weight: 50",
            "Its share of a busy disk. A disk heeds it that has the scheduler bfq, or io.cost.qos.";
    }];
    READY: "ready", "`ready`", "All probes that are given must hold. Own probes replace all of the preset's.", &[READY_LOG, PROBES, ALIVE_FOR, READY_REST];
    HEALTHY: "healthy", "`healthy`", "Off unless it is given. When `failures` of the last `of` checks have failed, the game counts as hung, and `run` restarts it.", &[PROBES, HEALTHY_REST];
    HTTP: "http", "`http`", "Or the URL alone.", &[keys! {
        "url": Text, "required", "url: http://127.0.0.1:8212/health",
            "What to ask for. `https:` checks the server's certificate. A login may stand in it: `http://USER:PASSWORD@...`.";
        "status": Numbers(100, 599), "200 to 299", "status: [200, 401]",
            "The wanted answers.";
        "method": Choice(&["GET", "POST", "PUT"]), "GET; in a step, POST", "method: PUT",
            "What is asked for.";
        "body": Text, "none", "body: '{\"waittime\": 10}'",
            "What is sent along.";
        "user": Text, "none", "user: admin",
            "Who asks, by basic authentication; with `password`.";
        "password": SectionOr(&PASSWORD), "none", "password: { file: /srv/pal/admin.pw }",
            "The password of `user`.";
        "token": SectionOr(&PASSWORD), "none", "token: { file: /srv/satisfactory/token }",
            "A bearer token, in place of a user and a password.";
        "headers": Map(&Text), "none", "headers: { X-Api-Key: '${API_KEY}' }",
            "More headers; what they hold is never shown.";
        "ca": Path, "the system's", "ca: /srv/satisfactory/cert.pem",
            "The certificates that `https:` trusts, in PEM: the server's own, or its issuer's.";
    }];
    STEP: "step", "a step of `stop`", "One action, and its wait.", &[keys! {
        "rcon": Text, "none", "rcon: quit",
            "Sends this line over RCON.";
        "webrcon": Text, "none", "webrcon: quit",
            "Sends this line over WebRCON.";
        "telnet": Text, "none", "telnet: shutdown",
            "Sends this line over telnet.";
        "stdin": Text, "none", "stdin: quit",
            "Writes this line to the console.";
        "exec": Words, "none", "exec: [/srv/save-world]",
            "Runs this command in its folder.";
        "http": SectionOr(&HTTP), "none", "http: http://127.0.0.1:8212/v1/api/shutdown",
            "Makes this request.";
        "signal": Text, "none", "signal: INT",
            "Sends this signal, by name.";
        "wait": Duration, "60s", "wait: 30s",
            "How long to wait for the server to exit before the next step. There is no wait where the step was certainly not carried out: nothing was sent, the login failed, or HTTP answered with 400 to 499. Where that is true of all steps, TERM and 60 s come before the kill.";
        "expect": Text, "none", "expect: Saved",
            "A text in the reply that confirms it; for rcon, webrcon and telnet.";
    }];
    RESTART: "restart", "`restart`", "What `gamectl run` does when an instance ends by itself.", &[keys! {
        "policy": Choice(&["always", "on-failure", "never"]), "always", "policy: on-failure",
            "When it is started again. With `on-failure` a success exit code is a stop on purpose.";
        "delay": Duration, "1s", "delay: 5s",
            "The wait before the first restart; it doubles with each crash.";
        "max_delay": Duration, "60s", "max_delay: 5m",
            "The longest wait before a restart.";
        "reset_after": Duration, "60s", "reset_after: 10m",
            "How long it must run before the wait begins at `delay` again.";
        "success_exit_codes": Numbers(0, 255), "[0]", "success_exit_codes: [0, 143]",
            "The exit codes that count as a stop on purpose.";
        "give_up": In(&GIVE_UP), "never", "give_up: { times: 10, within: 10m }",
            "When to give up restarting it.";
    }];
    GIVE_UP: "give_up", "`restart.give_up`", "Both are needed.", &[keys! {
        "times": Number(1, 4_294_967_295), "required", "times: 10",
            "How many crashes are too many: with the last of them it stays down.";
        "within": Duration, "required", "within: 10m",
            "The time in which these crashes must come.";
    }];
    HOOK: "hook", "a hook of `on_event`", "A command, and at which events.", &[keys! {
        "command": Words, "required", "command: [/srv/tell, me]",
            "The program and its arguments; no shell reads them.";
        "events": ChoiceList(&["crashed", "restarted", "gave_up", "recovered", "started", "stopped", "not_ready"]), "all", "events: [crashed, gave_up]",
            "The events that it is run for.";
        "timeout": Duration, "10s", "timeout: 30s",
            "How long it may run.";
    }];
    RCON: "rcon", "`rcon` or `webrcon`", "An admin channel that wants a password.", &[CHANNEL];
    TELNET: "telnet", "`telnet`", "An admin channel that may want a password.", &[CHANNEL, GREETING];
    PASSWORD: "password", "`password` or `token`", "Or the password itself as text.", &[keys! {
        "file": Path, "required", "file: /srv/rust/rcon.pw",
            "A file whose first line is the password, read whenever it is needed.";
    }];
}
