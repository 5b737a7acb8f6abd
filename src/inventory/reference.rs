//! Every key of the inventory, with what it holds, its default and an example:
//! the one table from which the JSON Schema and gamectl-inventory(5) are made.

use Holds::{Address, Choice, ChoiceList, Duration, Flag, List, Map, Number, Numbers};
use Holds::{Path, Section, SectionOr, Size, Text, Words};

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any scalar, as text.
    Text,
    /// A path.
    Path,
    /// `true` or `false`.
    Flag,
    /// `500ms`, `30s`, `5m`, `2h`.
    Duration,
    /// `50MiB`.
    Size,
    /// A whole number from the one to the other.
    Number(u32, u32),
    /// Some of them.
    Numbers(u32, u32),
    /// `HOST:PORT`.
    Address,
    /// `28015/udp`.
    PortSpec,
    /// A list of texts.
    Words,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of them.
    ChoiceList(&'static [&'static str]),
    /// A mapping of names to these.
    Map(&'static Holds),
    /// The section of that name.
    Section(&'static str),
    /// The section of that name, or a text.
    SectionOr(&'static str),
    /// A list of sections of that name.
    List(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// What holds without it, in words.
    pub default: &'static str,
    /// A use of it, as YAML.
    pub example: &'static str,
    /// What it is for, as a sentence.
    pub about: &'static str,
}

/// A mapping with fixed keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Its name, for [`Holds::Section`].
    pub name: &'static str,
    /// Where it stands.
    pub place: &'static str,
    /// What there is to say of all of it.
    pub about: &'static str,
    /// Its keys, in the order in which they are told.
    pub keys: &'static [Key],
}

/// The JSON Schema of the inventory, draft 2020-12, made from [`SECTIONS`].
pub const SCHEMA: &str = include_str!("instances.schema.json");

macro_rules! sections {
    ($($name:literal, $place:literal, $about:literal {
        $($key:literal: $holds:expr, $default:literal, $example:literal, $what:literal;)*
    })*) => {
        &[$(Reference {
            name: $name,
            place: $place,
            about: $about,
            keys: &[$(Key {
                name: $key,
                holds: $holds,
                default: $default,
                example: $example,
                about: $what,
            },)*],
        },)*]
    };
}

/// All of them; the first is the whole.
pub const SECTIONS: &[Reference] = sections! {
    "top", "the top of the inventory", "The inventory is one mapping." {
        "defaults": Section("defaults"), "none", "defaults: { autostart: false }",
            "Merged under every instance; what an instance says itself wins.";
        "instances": Map(&Holds::Section("instance")), "required", "instances: { rust-main: { game: rust } }",
            "The game servers, by id: `[a-z0-9][a-z0-9_-]{0,62}`. May be empty.";
    }
    "defaults", "`defaults`", "The keys of an instance, except for those of planes." {
        "game": Text, "none", "game: rust",
            "The preset that it is merged over; `gamectl games` lists them.";
        "tags": Words, "none", "tags: [pvp, eu]",
            "Words to choose instances by: `tag:pvp`.";
        "autostart": Flag, "true", "autostart: false",
            "Whether `gamectl run` starts it, unless somebody stopped it.";
        "ready": Section("ready"), "alive for 1 s", "ready: { log: 'Server startup complete' }",
            "When it counts as ready for players: when all probes hold.";
        "healthy": Section("healthy"), "off", "healthy: { a2s: 127.0.0.1:28017, failures: 3 }",
            "When `gamectl run` counts it as hung, and stops and restarts it.";
        "stop": List("step"), "TERM, then 60 s", "stop: [{ stdin: quit, wait: 30s }, { signal: TERM }]",
            "The steps that end it politely, each with its wait. A kill follows, written or not.";
        "rcon": Section("rcon"), "none", "rcon: { port: 28016, password: { file: rcon.pw } }",
            "Source RCON, over TCP.";
        "webrcon": Section("rcon"), "none", "webrcon: { port: 28016, password: \"${RCON}\" }",
            "WebRCON, as Rust has it.";
        "telnet": Section("telnet"), "none", "telnet: { port: 8081 }",
            "Lines over TCP.";
        "admin": Choice(&["stdin", "rcon", "webrcon", "telnet"]), "the preset's, else the only one given, else stdin", "admin: rcon",
            "The channel that `gamectl send` uses.";
        "restart": Section("restart"), "always", "restart: { policy: on-failure }",
            "What `gamectl run` does when it ends by itself.";
        "on_event": List("hook"), "none", "on_event: [{ command: [/srv/tell], events: [crashed] }]",
            "Commands that `gamectl run` executes when something happens.";
        "ports": Map(&Holds::PortSpec), "the preset's", "ports: { game: 28015/udp }",
            "The ports that it takes, by name, for `gamectl check`.";
        "broadcast": Text, "the preset's", "broadcast: 'say {message}'",
            "The line that tells all players something, with `{message}` in it.";
        "players": Text, "the preset's", "players: playerlist",
            "The line whose reply tells who plays.";
    }
    "instance", "an instance", "What one game server is. With no plane section, or no executable in it, it is shown and not managed." {
        "game": Text, "none", "game: rust",
            "The preset that it is merged over; `gamectl games` lists them.";
        "tags": Words, "none", "tags: [pvp, eu]",
            "Words to choose instances by: `tag:pvp`.";
        "autostart": Flag, "true", "autostart: false",
            "Whether `gamectl run` starts it, unless somebody stopped it.";
        "process": Section("process"), "none", "process: { executable: ./RustDedicated }",
            "It is a process of this host.";
        "docker_compose": Section("docker_compose"), "none", "docker_compose: { file: compose.yaml, project: dune }",
            "It is a stack of containers of a Docker Engine.";
        "ready": Section("ready"), "alive for 1 s", "ready: { log: 'Server startup complete' }",
            "When it counts as ready for players: when all probes hold.";
        "healthy": Section("healthy"), "off", "healthy: { a2s: 127.0.0.1:28017, failures: 3 }",
            "When `gamectl run` counts it as hung, and stops and restarts it.";
        "stop": List("step"), "TERM, then 60 s", "stop: [{ stdin: quit, wait: 30s }, { signal: TERM }]",
            "The steps that end it politely, each with its wait. A kill follows, written or not.";
        "rcon": Section("rcon"), "none", "rcon: { port: 28016, password: { file: rcon.pw } }",
            "Source RCON, over TCP.";
        "webrcon": Section("rcon"), "none", "webrcon: { port: 28016, password: \"${RCON}\" }",
            "WebRCON, as Rust has it.";
        "telnet": Section("telnet"), "none", "telnet: { port: 8081 }",
            "Lines over TCP.";
        "admin": Choice(&["stdin", "rcon", "webrcon", "telnet"]), "the preset's, else the only one given, else stdin", "admin: rcon",
            "The channel that `gamectl send` uses.";
        "restart": Section("restart"), "always", "restart: { policy: on-failure }",
            "What `gamectl run` does when it ends by itself.";
        "on_event": List("hook"), "none", "on_event: [{ command: [/srv/tell], events: [crashed] }]",
            "Commands that `gamectl run` executes when something happens.";
        "ports": Map(&Holds::PortSpec), "the preset's", "ports: { game: 28015/udp }",
            "The ports that it takes, by name, for `gamectl check`.";
        "broadcast": Text, "the preset's", "broadcast: 'say {message}'",
            "The line that tells all players something, with `{message}` in it.";
        "players": Text, "the preset's", "players: playerlist",
            "The line whose reply tells who plays.";
    }
    "process", "`process`", "Relative paths begin at the inventory's folder." {
        "executable": Path, "none: it is unmanaged", "executable: /srv/rust/RustDedicated",
            "The program. A bare name is looked for in that folder, then on PATH.";
        "args": Words, "none", "args: [\"-batchmode\", \"+server.port\", \"28015\"]",
            "Its arguments; no shell reads them.";
        "cwd": Path, "the inventory's folder", "cwd: /srv/rust",
            "The folder that it runs in.";
        "env": Map(&Holds::Text), "none", "env: { LD_LIBRARY_PATH: /srv/rust }",
            "Variables for it; they win over `env_file`.";
        "env_file": Path, "none", "env_file: /srv/rust/secrets.env",
            "A file of NAME=value lines, read at each launch.";
        "user": Text, "who runs gamectl", "user: rust",
            "The user that it runs as; needs root.";
        "tty": Flag, "false", "tty: true",
            "Whether it gets a terminal of its own.";
        "log": Section("log"), "50MiB, 5 kept", "log: { max_size: 10MiB, keep: 2 }",
            "How its console log is rotated.";
        "main": Text, "the process that was started", "main: 'PalServer-Linux'",
            "A regular expression that the path or first word of the real game matches, below a launcher.";
    }
    "docker_compose", "`docker_compose`", "A file is needed. Services stop by the `stop_signal` and `stop_grace_period` of the compose file, and are healthy by its `healthcheck`; `stop` and `ready.log` mean nothing here." {
        "file": Path, "required, or `files`", "file: /srv/dune/compose.yaml",
            "The compose file.";
        "files": Words, "none", "files: [compose.yaml, compose.local.yaml]",
            "Several; later ones override earlier ones.";
        "project": Text, "the id", "project: dune",
            "The project's name, by which its containers are known.";
        "profiles": Words, "none", "profiles: [maps]",
            "The profiles that are on.";
        "services": Words, "all", "services: [director, survival-1]",
            "The services that must run; others do not count.";
        "env_file": Path, "compose's own", "env_file: /srv/dune/dune.env",
            "The file that compose takes variables from.";
        "context": Text, "docker's own", "context: host-2",
            "The docker context, and so the engine.";
    }
    "log", "`process.log`", "How the console log is rotated." {
        "max_size": Size, "50MiB", "max_size: 10MiB",
            "The size at which a new file is begun.";
        "keep": Number(0, 1000), "5", "keep: 2",
            "How many files are kept beside the present one.";
    }
    "ready", "`ready`", "All probes that are given must hold. Own probes replace all of the preset's." {
        "log": Text, "none", "log: '^Server ready'",
            "A regular expression that a line of this launch matches.";
        "tcp": Address, "none", "tcp: 127.0.0.1:25565",
            "A TCP connection is accepted there.";
        "http": SectionOr("http"), "none", "http: http://127.0.0.1:8212/health",
            "A request is answered with a wanted status.";
        "a2s": Address, "none", "a2s: 127.0.0.1:28017",
            "The query of Steam's server list is answered there.";
        "rcon": Flag, "false", "rcon: true",
            "A login over `rcon`, or the other channel that there is, works.";
        "minecraft": Address, "none", "minecraft: 127.0.0.1:25565",
            "The query of Minecraft's server list is answered there.";
        "exec": Words, "none", "exec: [/srv/is-up]",
            "A command exits with 0.";
        "alive_for": Duration, "1s, where there is no other probe", "alive_for: 10s",
            "It is alive for so long.";
        "timeout": Duration, "5m", "timeout: 15m",
            "How long `start` waits.";
        "interval": Duration, "each probe's own", "interval: 500ms",
            "How often the probes are asked; at least 10ms.";
        "attempt_timeout": Duration, "each probe's own", "attempt_timeout: 2s",
            "How long one answer may take; at least 10ms.";
    }
    "healthy", "`healthy`", "Off unless it is given. One failed probe says nothing; so many of the last ones mean that the game hangs." {
        "tcp": Address, "none", "tcp: 127.0.0.1:25565",
            "A TCP connection is accepted there.";
        "http": SectionOr("http"), "none", "http: http://127.0.0.1:8212/health",
            "A request is answered with a wanted status.";
        "a2s": Address, "none", "a2s: 127.0.0.1:28017",
            "The query of Steam's server list is answered there.";
        "rcon": Flag, "false", "rcon: true",
            "A login over `rcon`, or the other channel that there is, works.";
        "minecraft": Address, "none", "minecraft: 127.0.0.1:25565",
            "The query of Minecraft's server list is answered there.";
        "exec": Words, "none", "exec: [/srv/is-up]",
            "A command exits with 0.";
        "start_grace": Duration, "60s", "start_grace: 5m",
            "How long after it became ready nothing is asked.";
        "interval": Duration, "15s", "interval: 30s",
            "How often it is asked.";
        "attempt_timeout": Duration, "5s", "attempt_timeout: 2s",
            "How long one answer may take.";
        "failures": Number(1, 64), "3", "failures: 3",
            "So many failed probes ...";
        "of": Number(1, 64), "`failures`", "of: 5",
            "... of the last so many mean that it hangs.";
    }
    "http", "`http`", "Or the URL alone." {
        "url": Text, "required", "url: http://127.0.0.1:8212/health",
            "What to ask for; TLS is not spoken.";
        "status": Numbers(100, 599), "200 to 299", "status: [200, 401]",
            "The wanted answers.";
        "method": Choice(&["GET", "POST", "PUT"]), "GET; in a step, POST", "method: PUT",
            "What is asked for.";
        "body": Text, "none", "body: '{\"waittime\": 10}'",
            "What is sent along.";
    }
    "step", "a step of `stop`", "One action, and its wait." {
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
        "http": SectionOr("http"), "none", "http: http://127.0.0.1:8212/v1/api/shutdown",
            "Makes this request.";
        "signal": Text, "none", "signal: INT",
            "Sends this signal, by name.";
        "wait": Duration, "60s", "wait: 30s",
            "How long its end is awaited before the next step.";
        "expect": Text, "none", "expect: Saved",
            "A text in the reply that confirms it; for rcon, webrcon and telnet.";
    }
    "restart", "`restart`", "What `gamectl run` does when an instance ends by itself." {
        "policy": Choice(&["always", "on-failure", "never"]), "always", "policy: on-failure",
            "When it is started again. With `on-failure` a success exit code is a stop on purpose.";
        "delay": Duration, "1s", "delay: 5s",
            "The wait before the first restart; it doubles with each crash.";
        "max_delay": Duration, "60s", "max_delay: 5m",
            "The longest wait.";
        "reset_after": Duration, "60s", "reset_after: 10m",
            "After running for so long the wait falls back.";
        "success_exit_codes": Numbers(0, 255), "[0]", "success_exit_codes: [0, 143]",
            "What counts as a stop on purpose.";
        "give_up": Section("give_up"), "never", "give_up: { times: 10, within: 10m }",
            "When it is not started again any more.";
    }
    "give_up", "`restart.give_up`", "Both are needed." {
        "times": Number(1, 4_294_967_295), "required", "times: 10",
            "This crash is the last ...";
        "within": Duration, "required", "within: 10m",
            "... when it comes within this time of the first.";
    }
    "hook", "a hook of `on_event`", "A command, and at which events." {
        "command": Words, "required", "command: [/srv/tell, me]",
            "The program and its arguments; no shell reads them.";
        "events": ChoiceList(&["crashed", "restarted", "gave_up", "recovered", "started", "stopped"]), "all", "events: [crashed, gave_up]",
            "At which events it is run.";
        "timeout": Duration, "10s", "timeout: 30s",
            "How long it may take.";
    }
    "rcon", "`rcon` or `webrcon`", "An admin channel that wants a password." {
        "host": Text, "127.0.0.1", "host: 10.0.0.2",
            "Where it listens.";
        "port": Number(1, 65_535), "the preset's", "port: 28016",
            "At which port.";
        "password": SectionOr("password"), "none", "password: { file: rcon.pw }",
            "What opens it: text, better a `${VARIABLE}`, or a file.";
    }
    "telnet", "`telnet`", "An admin channel that may want a password." {
        "host": Text, "127.0.0.1", "host: 10.0.0.2",
            "Where it listens.";
        "port": Number(1, 65_535), "the preset's", "port: 28016",
            "At which port.";
        "password": SectionOr("password"), "none", "password: { file: rcon.pw }",
            "What opens it: text, better a `${VARIABLE}`, or a file.";
        "greeting": Text, "none", "greeting: Press 'help'",
            "What the server says before it listens.";
    }
    "password", "`password`", "Or the password itself as text." {
        "file": Path, "required", "file: /srv/rust/rcon.pw",
            "A file whose first line is the password, read whenever it is needed.";
    }
};

#[cfg(test)]
mod tests {
    use super::super::fields::{Section, keys_of};
    use super::*;

    fn section(name: &str) -> Section {
        match name {
            "top" => Section::Top,
            "defaults" => Section::Defaults,
            "instance" => Section::Instance,
            "process" => Section::Process,
            "log" => Section::Log,
            "docker_compose" => Section::Compose,
            "ready" => Section::Ready,
            "healthy" => Section::Healthy,
            "http" => Section::Http,
            "step" => Section::Step,
            "restart" => Section::Restart,
            "give_up" => Section::GiveUp,
            "hook" => Section::Hook,
            "rcon" => Section::Rcon,
            "telnet" => Section::Telnet,
            "password" => Section::Password,
            other => panic!("which section is `{other}`?"),
        }
    }

    /// What is told is what is read, and all of it.
    #[test]
    fn the_table_has_the_keys_that_are_read() {
        assert_eq!(SECTIONS.len(), keys_of(None).len());
        for reference in SECTIONS {
            let sorted = |mut keys: Vec<&'static str>| {
                keys.sort_unstable();
                keys
            };
            let told = sorted(reference.keys.iter().map(|key| key.name).collect());
            assert_eq!(
                told,
                sorted(keys_of(Some(section(reference.name)))),
                "{}",
                reference.name
            );
        }
    }
}
