//! A command line of `docker run` or `podman run`.

use super::draft::{Draft, DraftSection, DraftValue, shortened};
use super::file::ImportFile;
use super::filled::Filled;
use super::open_variables::OpenVariables;
use super::options::ImportOptions;
use super::secrecy::holds_a_secret;
use super::shell::{Dialect, Filler, WordValues, commands, lex};
use crate::inventory::{Problems, quoted, quoted_list};

/// Long options without a value.
const FLAGS: [&str; 13] = [
    "detach",
    "interactive",
    "tty",
    "rm",
    "init",
    "privileged",
    "read-only",
    "publish-all",
    "no-healthcheck",
    "quiet",
    "oom-kill-disable",
    "replace",
    "help",
];

/// Returns true where a text is such a line.
pub(super) fn is_docker_run(file: &ImportFile) -> bool {
    let first = file
        .lines()
        .map(|(_, line)| line.trim())
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let mut words = first
        .unwrap_or_default()
        .split_whitespace()
        .skip_while(|word| *word == "sudo");
    matches!(words.next(), Some("docker" | "podman"))
        && matches!(words.find(|word| *word != "container"), Some("run" | "create"))
}

/// A command line, taken apart.
#[derive(Debug, Default)]
struct RunLine {
    is_podman: bool,
    /// Options with their values, by their long names.
    options: Vec<(String, String)>,
    image: String,
    command: Vec<String>,
}

impl RunLine {
    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.options.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    fn last(&self, name: &str) -> Option<&str> {
        self.all(name).last().copied()
    }
}

/// Reads such a line.
///
/// # Errors
/// When it cannot be taken apart, or names no image.
pub(super) fn read(file: &ImportFile, options: &ImportOptions) -> Result<Draft, Problems> {
    let refuse =
        |why: String| file.problem_in_line(1, why, "such as `docker run -d --name game -p 7000:7000/udp IMAGE`");
    let tokens =
        lex(file.text(), Dialect::Shell).map_err(|why| refuse(format!("this command cannot be read: {why}")))?;
    let all = commands(&tokens).map_err(|why| refuse(format!("this command cannot be read: {why}")))?;
    let runs = |program: Option<String>| matches!(program.as_deref(), Some("docker" | "podman" | "sudo"));
    let Some(command) = all.iter().find(|command| runs(command.program())) else {
        return Err(refuse("this is no `docker run`".to_owned()));
    };
    let mut variables = OpenVariables::new("container", options);
    let mut filler = Filler::new(&mut variables, Dialect::Shell);
    let words: Vec<String> = command
        .words
        .iter()
        .flat_map(|word| filler.words(word))
        .map(|word| word.plain())
        .collect();
    let notes = filler.into_notes();
    let Some(line) = taken_apart(&words) else {
        return Err(refuse("this is no `docker run` with an image".to_owned()));
    };
    let mut draft = draft(&line, file, options);
    for remark in notes.into_iter().chain(variables.into_remarks()) {
        draft.remark(remark);
    }
    Ok(draft)
}

fn taken_apart(words: &[String]) -> Option<RunLine> {
    let mut words = words.iter().skip_while(|word| *word == "sudo").peekable();
    let mut line = RunLine {
        is_podman: words.next()? == "podman",
        ..RunLine::default()
    };
    words.next_if(|word| *word == "container");
    words.next_if(|word| matches!(word.as_str(), "run" | "create"))?;
    while let Some(word) = words.next_if(|word| word.starts_with('-')) {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None if FLAGS.contains(&long) => (long, String::new()),
                None => (long, words.next()?.clone()),
            };
            line.options.push((name.to_owned(), value));
            continue;
        }
        let letters = word[1..].char_indices();
        for (at, letter) in letters {
            let name = match letter {
                'd' => "detach",
                'i' => "interactive",
                't' => "tty",
                'P' => "publish-all",
                'q' => "quiet",
                'p' => "publish",
                'v' => "volume",
                'e' => "env",
                'u' => "user",
                'w' => "workdir",
                'm' => "memory",
                'h' => "hostname",
                'l' => "label",
                _ => return None,
            };
            if FLAGS.contains(&name) {
                line.options.push((name.to_owned(), String::new()));
                continue;
            }
            let rest = &word[1 + at + letter.len_utf8()..];
            let value = match rest.strip_prefix('=').unwrap_or(rest) {
                "" => words.next()?.clone(),
                rest => rest.to_owned(),
            };
            line.options.push((name.to_owned(), value));
            break;
        }
    }
    line.image.clone_from(words.next()?);
    line.command = words.cloned().collect();
    Some(line)
}

fn draft(line: &RunLine, file: &ImportFile, options: &ImportOptions) -> Draft {
    let image = line.image.rsplit('/').next().unwrap_or_default();
    let image = image.split([':', '@']).next().unwrap_or_default();
    let name = line.last("name").unwrap_or(image);
    let program = if line.is_podman { "podman" } else { "docker" };
    let about = format!(
        "{}: from {}, a line of `{program} run`.",
        shortened(name, 60),
        file.base_name()
    );
    let mut draft = Draft::new(name, about).called(options.id.as_deref());
    if line.is_podman
        && let Some(name) = line.last("name")
    {
        let container = DraftSection::of("container", DraftValue::Text(Filled::text(name)));
        draft.keys().put("podman", DraftValue::Section(container), "--name");
        draft.remark("podman starts a container that is there: make it once with the same line, and `create` in place of `run -d`");
    } else {
        let file = format!("./{}.compose.yaml", draft.id());
        let mut stack = DraftSection::default();
        stack.text("file", Filled::text(options.within(&file)), "to be written, see below");
        draft.keys().put("docker_compose", DraftValue::Section(stack), "");
        draft.remark(format!(
            "a container of Docker is managed as a stack: write the lines below into {file}, remove the old container, \
             and start this"
        ));
        let text = compose_text(line, name, &mut draft);
        draft.append_lines(text);
    }
    let mut ports = DraftSection::default();
    for published in line.all("publish") {
        let (text, protocol) = published.split_once('/').unwrap_or((published, "tcp"));
        let host = text
            .rsplit(':')
            .nth(1)
            .and_then(|host| host.parse::<u16>().ok())
            .filter(|host| *host > 0);
        if let Some(host) = host.filter(|_| matches!(protocol, "tcp" | "udp")) {
            ports.plain(&format!("port_{host}_{protocol}"), format!("{host}/{protocol}"), "-p");
        }
    }
    if !ports.is_empty() {
        draft.keys().put("ports", DraftValue::Section(ports), "");
    }
    draft
}

/// Returns the lines of a compose file that does the same.
fn compose_text(line: &RunLine, name: &str, draft: &mut Draft) -> Vec<String> {
    let mut lines = vec!["services:".to_owned(), format!("  {}:", draft.id())];
    let mut push = |text: String| lines.push(format!("    {text}"));
    push(format!("image: {}", quoted(&line.image)));
    push(format!("container_name: {}", quoted(name)));
    if !line.command.is_empty() {
        push(format!("command: {}", quoted_list(&line.command)));
    }
    for (option, key) in [
        ("publish", "ports"),
        ("volume", "volumes"),
        ("env", "environment"),
        ("env-file", "env_file"),
    ] {
        let values: Vec<String> = line.all(option).into_iter().map(str::to_owned).collect();
        if !values.is_empty() {
            push(format!("{key}: {}", quoted_list(&values)));
        }
    }
    for (option, key) in [
        ("restart", "restart"),
        ("user", "user"),
        ("workdir", "working_dir"),
        ("memory", "mem_limit"),
        ("cpus", "cpus"),
        ("network", "network_mode"),
        ("net", "network_mode"),
        ("stop-signal", "stop_signal"),
        ("hostname", "hostname"),
        ("entrypoint", "entrypoint"),
    ] {
        if let Some(value) = line.last(option) {
            push(format!("{key}: {}", quoted(value)));
        }
    }
    if let Some(seconds) = line.last("stop-timeout") {
        push(format!("stop_grace_period: {}", quoted(&format!("{seconds}s"))));
    }
    for (option, key) in [
        ("tty", "tty"),
        ("interactive", "stdin_open"),
        ("init", "init"),
        ("privileged", "privileged"),
    ] {
        if line.last(option).is_some() {
            push(format!("{key}: true"));
        }
    }
    let known = [
        "name",
        "detach",
        "rm",
        "publish",
        "volume",
        "env",
        "env-file",
        "restart",
        "user",
        "workdir",
        "memory",
        "cpus",
        "network",
        "net",
        "stop-signal",
        "hostname",
        "entrypoint",
        "stop-timeout",
        "tty",
        "interactive",
        "init",
        "privileged",
    ];
    for (option, value) in line.options.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        draft.remark(format!("--{option} {} is not carried over", shortened(value, 100)));
    }
    if line
        .all("env")
        .iter()
        .any(|pair| holds_a_secret(pair.split('=').next().unwrap_or_default()))
    {
        draft.remark("a password stands among its variables: better in a file, with `env_file`");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let file = ImportFile::new("run.txt", text.as_bytes()).unwrap();
        assert!(is_docker_run(&file), "{text}");
        read(&file, &ImportOptions::default())
            .unwrap()
            .loadable()
            .unwrap()
            .to_instance()
    }

    #[test]
    fn lines_of_docker_and_podman() {
        let out = told(
            "sudo docker run -dit --name castle -p7000:7000/udp -p 127.0.0.1:7010:7010 -v /srv/castle:/data \\\n  \
             -e RCON_PASSWORD='a b' --restart=unless-stopped --stop-timeout 60 --gpus all example.invalid/castle:2 -n \"My $$ castle\"\n",
        );
        for part in [
            "  castle:\n    docker_compose:\n      file: \"./castle.compose.yaml\"",
            "port_7000_udp: 7000/udp # -p",
            "port_7010_tcp: 7010/tcp",
            "#     image: \"example.invalid/castle:2\"\n",
            "#     ports: [\"7000:7000/udp\", \"127.0.0.1:7010:7010\"]",
            "#     environment: [\"RCON_PASSWORD=a b\"]",
            "#     restart: \"unless-stopped\"",
            "#     stop_grace_period: \"60s\"",
            "#     tty: true",
            "--gpus all is not carried over",
            "a password stands among its variables",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        let out = told("podman run -d --name castle castle:2");
        assert!(out.contains("podman: # --name\n      container: \"castle\""), "{out}");
        for text in ["docker run -d", "docker run --name", "docker run 'x", "docker run -Z x"] {
            let file = ImportFile::new("x", text.as_bytes()).unwrap();
            assert!(read(&file, &ImportOptions::default()).is_err(), "{text}");
        }
    }
}
