//! Compose itself, in its generations: the plugin of docker (2 and later), the
//! standalone `docker-compose` (2 and later), and the old one (1.29). Each of them also
//! reaches podman, through its socket. Where it does not, there is `podman-compose`.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::podman_socket;
use crate::containers::{DOCKER, Engine, output_in_turn};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{ComposeEngine, ComposeSpec};
use crate::program::{CallError, Finished, OutputStream, ProgramCall, Running};
use crate::supervisor::{OutputAsk, OutputFrom};

/// The time within which compose answers a question. The old one needs half a
/// second for its version alone.
const ANSWER: Duration = Duration::from_secs(20);

const STANDALONE: &str = "docker-compose";

const OF_PODMAN: &str = "podman-compose";

/// The variable that names the engine to compose.
const HOST: &str = "DOCKER_HOST";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plugin,
    /// `docker-compose`, of any version.
    Standalone,
    /// `podman-compose`.
    OfPodman,
}

/// Compose, as it is called for one project.
#[derive(Debug)]
pub(super) struct Tool<'a> {
    kind: Kind,
    version: String,
    engine: &'a Engine,
    spec: &'a ComposeSpec,
    /// The address of the engine, where compose does not know it by itself.
    host: Option<String>,
}

impl fmt::Display for Tool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::Plugin => "docker compose",
            Kind::Standalone => STANDALONE,
            Kind::OfPodman => OF_PODMAN,
        };
        write!(f, "`{name}`, version {}", self.version)?;
        match &self.host {
            Some(host) => write!(f, ", over {host}"),
            None => Ok(()),
        }
    }
}

impl<'a> Tool<'a> {
    /// Finds out which compose there is.
    pub(super) async fn find(engine: &'a Engine, spec: &'a ComposeSpec) -> Result<Self, Failure> {
        match spec.engine {
            ComposeEngine::Docker => Self::of_docker(engine, spec).await,
            ComposeEngine::Podman => Self::of_podman(engine, spec).await,
        }
    }

    async fn of_docker(engine: &'a Engine, spec: &'a ComposeSpec) -> Result<Self, Failure> {
        let program = engine.kind().program;
        let asked = call(engine, engine.argv(program, ["compose", "version", "--short"]), ANSWER).await;
        let found = |kind, answer: &Finished| Self {
            kind,
            version: answer.word(),
            engine,
            spec,
            host: None,
        };
        if let Ok(answer) = &asked
            && answer.status.success()
        {
            return Ok(found(Kind::Plugin, answer));
        }
        let standalone = [STANDALONE, "version", "--short"].map(OsString::from);
        match call(engine, standalone.into(), ANSWER).await {
            Ok(answer) if answer.status.success() => Ok(found(Kind::Standalone, &answer)),
            _ => {
                asked?;
                let message = "there is neither `docker compose` nor `docker-compose`";
                Err(Failure::new(FailureKind::Unsupported, message).hint("install the compose plugin of Docker"))
            }
        }
    }

    /// Finds a compose that reaches podman through its socket, else `podman-compose`.
    async fn of_podman(engine: &'a Engine, spec: &'a ComposeSpec) -> Result<Self, Failure> {
        let answer = async |argv: &[&str]| {
            let called = call(engine, argv.iter().map(Into::into).collect(), ANSWER).await.ok()?;
            called.status.success().then_some(called)
        };
        let host = podman_socket::address();
        if podman_socket::answers(&host).await {
            let plugin: &[&str] = &[DOCKER.program, "compose", "version", "--short"];
            for (kind, argv) in [
                (Kind::Plugin, plugin),
                (Kind::Standalone, &[STANDALONE, "version", "--short"]),
            ] {
                if let Some(answer) = answer(argv).await {
                    return Ok(Self {
                        kind,
                        version: answer.word(),
                        engine,
                        spec,
                        host: Some(host),
                    });
                }
            }
        }
        if let Some(answer) = answer(&[OF_PODMAN, "--version"]).await {
            return Ok(Self {
                kind: Kind::OfPodman,
                version: own_version(&String::from_utf8_lossy(&answer.output)),
                engine,
                spec,
                host: None,
            });
        }
        let message = format!("there is neither a compose that reaches podman at {host} nor `{OF_PODMAN}`");
        let hint = "enable the socket, with `systemctl enable --now podman.socket` (and `--user` for a user's own), \
                    and install the compose plugin of Docker; or install podman-compose";
        Err(Failure::new(FailureKind::Unsupported, message).hint(hint))
    }

    /// Returns true if its exit code and its containers do not tell enough.
    pub(super) fn is_of_podman(&self) -> bool {
        self.kind == Kind::OfPodman
    }

    /// Returns true if it is of the first generation.
    pub(super) fn is_old(&self) -> bool {
        self.kind == Kind::Standalone && self.version.starts_with("1.")
    }

    /// Returns the command line of a verb on the project.
    fn argv(&self, words: &[&str]) -> Vec<OsString> {
        let spec = self.spec;
        let mut argv = match self.kind {
            Kind::Plugin => self.engine.argv(DOCKER.program, ["compose"]),
            Kind::Standalone => self.engine.argv(STANDALONE, [""; 0]),
            Kind::OfPodman => vec![OF_PODMAN.into()],
        };
        argv.extend(["--project-name".into(), (&spec.project).into()]);
        for file in &spec.files {
            argv.extend(["--file".into(), file.into()]);
        }
        // `podman-compose` knows that folder only.
        if !self.is_of_podman() {
            let folder = spec.files.first().and_then(|file| file.parent());
            argv.extend(["--project-directory".into(), folder.unwrap_or(Path::new("/")).into()]);
        }
        if let Some(file) = &spec.env_file {
            argv.extend(["--env-file".into(), file.into()]);
        }
        for profile in &spec.profiles {
            argv.extend(["--profile".into(), profile.into()]);
        }
        argv.extend(words.iter().map(Into::into));
        argv
    }

    /// Checks that compose accepts the files. With an explicit project, some of
    /// its verbs never read them.
    pub(super) async fn validate(&self) -> Result<(), Failure> {
        let has_more = !self.spec.profiles.is_empty() || self.spec.env_file.is_some();
        if self.is_of_podman() && self.version.starts_with("1.0.") && has_more {
            let message = format!("{self} knows neither profiles nor another env_file");
            let hint = "install the compose plugin of Docker, and enable podman.socket";
            return Err(Failure::new(FailureKind::Unsupported, message).hint(hint));
        }
        // `podman-compose` has no word for it that all its versions know.
        let words: &[&str] = match self.kind {
            Kind::OfPodman => &["--dry-run", "ps"],
            Kind::Plugin | Kind::Standalone => &["config", "--quiet"],
        };
        let called = self.ask(words).await?;
        if called.status.success() {
            return Ok(());
        }
        let said = called.complaint.trim();
        // Its last line is what is wrong; the others are where in its source.
        let said = match self.kind {
            Kind::OfPodman => said.lines().last().unwrap_or("it does not say why"),
            Kind::Plugin | Kind::Standalone => said,
        };
        Err(Failure::failed(format!("compose does not take its file: {said}")).hint("nothing was changed"))
    }

    /// Returns the services that the engine itself starts again. The old compose and
    /// `podman-compose` have no JSON, so they name none.
    pub(super) async fn restarting(&self) -> Vec<String> {
        if self.is_of_podman() {
            return Vec::new();
        }
        match self.ask(&["config", "--format", "json"]).await {
            Ok(called) if called.status.success() => restarting(&called.output),
            _ => Vec::new(),
        }
    }

    async fn ask(&self, words: &[&str]) -> Result<Finished, Failure> {
        self.call(words, ANSWER).await
    }

    async fn call(&self, words: &[&str], limit: Duration) -> Result<Finished, Failure> {
        let call = self.program(words).outliving_caller();
        let called = output_in_turn(call, limit).await;
        called.map_err(|error| self.call_failed(&error))
    }

    fn program(&self, words: &[&str]) -> ProgramCall {
        let host = self.host.clone().map(|host| (HOST, host));
        ProgramCall::new(self.argv(words)).add_env(host)
    }

    /// Begins an `up`, which creates what is missing or has changed, and starts
    /// it. Its messages go into a file, so that it can go on without us.
    pub(super) fn up(&self, messages: File) -> Result<Running, Failure> {
        let services: Vec<&str> = self.spec.services.iter().map(String::as_str).collect();
        let words = [["up", "--detach"].as_slice(), &services].concat();
        let up = self.program(&words).complaining_to(messages);
        up.outliving_caller().spawn().map_err(|error| self.call_failed(&error))
    }

    /// Returns the failure of a call that has no outcome.
    pub(super) fn call_failed(&self, error: &CallError) -> Failure {
        let program = match self.kind {
            Kind::Plugin => DOCKER.program,
            Kind::Standalone => STANDALONE,
            Kind::OfPodman => OF_PODMAN,
        };
        self.engine.kind().call_failed(program, error)
    }

    /// Stops the services in the order of the compose file.
    pub(super) async fn stop(&self, limit: Duration) -> Result<(), Failure> {
        self.call(&["stop"], limit).await.map(drop)
    }

    pub(super) fn logs(&self, ask: OutputAsk) -> Result<OutputStream, Failure> {
        let from = match ask.from {
            OutputFrom::Start => "--tail=all".to_owned(),
            OutputFrom::LastLines(lines) => format!("--tail={lines}"),
            OutputFrom::Time(at) => format!("--since={}", humantime::format_rfc3339_millis(at)),
        };
        let mut words = vec!["logs", "--no-color", &from];
        words.extend(ask.follow.then_some("--follow"));
        words.extend(ask.times.then_some("--timestamps"));
        let logs = self.program(&words).stream();
        logs.map_err(|error| Failure::unknown(format!("compose cannot be called: {error}")))
    }
}

/// Returns the version of `podman-compose`, which also prints that of podman.
fn own_version(said: &str) -> String {
    let own = said.lines().find(|line| line.starts_with(OF_PODMAN));
    own.and_then(|line| line.split_ascii_whitespace().last())
        .unwrap_or("unknown")
        .to_owned()
}

/// Returns the compose files of a project, for a message.
pub(super) fn files(spec: &ComposeSpec) -> String {
    let files: Vec<String> = spec.files.iter().map(|file| file.display().to_string()).collect();
    files.join(", ")
}

/// Calls a program that reaches the engine. It goes on when the caller is gone.
async fn call(engine: &Engine, argv: Vec<OsString>, limit: Duration) -> Result<Finished, Failure> {
    let program = argv.first().map(|word| word.to_string_lossy().into_owned());
    let called = output_in_turn(ProgramCall::new(argv).outliving_caller(), limit).await;
    called.map_err(|error| engine.kind().call_failed(&program.unwrap_or_default(), &error))
}

/// Returns the services of a configuration, in JSON, whose restart policy is not
/// `no`.
pub(super) fn restarting(config: &[u8]) -> Vec<String> {
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let services = config["services"].as_object().into_iter().flatten();
    let policy = |service: &Value| service["restart"].as_str().map_or("no", |word| word).to_owned();
    let rivals = services.filter(|(_, service)| policy(service) != "no");
    rivals.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_podman_compose() {
        let old = "['podman', '--version', '']\nusing podman version: 4.3.1\npodman-composer version  1.0.3\n\
                   podman --version \npodman version 4.3.1\nexit code: 0\n";
        assert_eq!(own_version(old), "1.0.3");
        assert_eq!(
            own_version("podman-compose version 1.3.0\npodman version 4.3.1\n"),
            "1.3.0"
        );
        assert_eq!(own_version(""), "unknown");
    }

    #[test]
    fn services_that_docker_restarts() {
        let config = br#"{"services":{"db":{"restart":"always"},"game":{"restart":"no"},"web":{},"x":7}}"#;
        assert_eq!(restarting(config), ["db"]);
        for nothing in [&b""[..], b"services: {}", b"[]", b"{\"services\":[]}"] {
            assert_eq!(restarting(nothing), [""; 0]);
        }
    }
}
