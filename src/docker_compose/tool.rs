//! Compose itself, in its generations: the plugin of docker (2 and later), the
//! standalone `docker-compose` (2 and later), and the old one (1.29).

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::containers::Engine;
use crate::failure::{Failure, FailureKind};
use crate::inventory::ComposeSpec;
use crate::program::{CallError, Finished, OutputStream, ProgramCall, Running};
use crate::supervisor::OutputFrom;

/// The time within which compose answers a question. The old one needs half a
/// second for its version alone.
const ANSWER: Duration = Duration::from_secs(20);

const STANDALONE: &str = "docker-compose";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plugin,
    /// `docker-compose`, of any version.
    Standalone,
}

/// Compose, as it is called for one project.
#[derive(Debug)]
pub(super) struct Tool<'a> {
    kind: Kind,
    version: String,
    engine: &'a Engine,
    spec: &'a ComposeSpec,
}

impl fmt::Display for Tool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::Plugin => "docker compose",
            Kind::Standalone => "docker-compose",
        };
        write!(f, "`{name}`, version {}", self.version)
    }
}

impl<'a> Tool<'a> {
    /// Finds out which compose there is.
    pub(super) async fn find(engine: &'a Engine, spec: &'a ComposeSpec) -> Result<Self, Failure> {
        let program = engine.kind().program;
        let asked = call(engine, engine.argv(program, ["compose", "version", "--short"]), ANSWER).await;
        let found = |kind, answer: &Finished| Self {
            kind,
            version: answer.word(),
            engine,
            spec,
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

    /// Returns true if it is of the first generation.
    pub(super) fn is_old(&self) -> bool {
        self.kind == Kind::Standalone && self.version.starts_with("1.")
    }

    /// Returns the command line of a verb on the project.
    fn argv(&self, words: &[&str]) -> Vec<OsString> {
        let spec = self.spec;
        let mut argv = match self.kind {
            Kind::Plugin => self.engine.argv(self.engine.kind().program, ["compose"]),
            Kind::Standalone => self.engine.argv(STANDALONE, [""; 0]),
        };
        argv.extend(["--project-name".into(), (&spec.project).into()]);
        for file in &spec.files {
            argv.extend(["--file".into(), file.into()]);
        }
        let folder = spec.files.first().and_then(|file| file.parent());
        argv.extend(["--project-directory".into(), folder.unwrap_or(Path::new("/")).into()]);
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
        let called = self.ask(&["config", "--quiet"]).await?;
        if called.status.success() {
            return Ok(());
        }
        let said = called.complaint.trim();
        Err(Failure::failed(format!("compose does not take its file: {said}")).hint("nothing was changed"))
    }

    /// Returns the services that Docker itself starts again. The old compose has
    /// no JSON, so it names none.
    pub(super) async fn restarting(&self) -> Vec<String> {
        match self.ask(&["config", "--format", "json"]).await {
            Ok(called) if called.status.success() => restarting(&called.output),
            _ => Vec::new(),
        }
    }

    async fn ask(&self, words: &[&str]) -> Result<Finished, Failure> {
        call(self.engine, self.argv(words), ANSWER).await
    }

    /// Begins an `up`, which creates what is missing or has changed, and starts
    /// it. Its messages go into a file, so that it can go on without us.
    pub(super) fn up(&self, messages: File) -> Result<Running, Failure> {
        let services: Vec<&str> = self.spec.services.iter().map(String::as_str).collect();
        let words = [["up", "--detach"].as_slice(), &services].concat();
        let up = ProgramCall::new(self.argv(&words)).complaining_to(messages);
        up.outliving_caller().spawn().map_err(|error| self.call_failed(&error))
    }

    /// Returns the failure of a call that has no outcome.
    pub(super) fn call_failed(&self, error: &CallError) -> Failure {
        let program = match self.kind {
            Kind::Plugin => self.engine.kind().program,
            Kind::Standalone => STANDALONE,
        };
        self.engine.kind().call_failed(program, error)
    }

    /// Stops the services in the order of the compose file.
    pub(super) async fn stop(&self, limit: Duration) -> Result<(), Failure> {
        call(self.engine, self.argv(&["stop"]), limit).await.map(drop)
    }

    pub(super) fn logs(&self, from: OutputFrom, follow: bool) -> Result<OutputStream, Failure> {
        let from = match from {
            OutputFrom::Start => "--tail=all".to_owned(),
            OutputFrom::LastLines(lines) => format!("--tail={lines}"),
            OutputFrom::Time(at) => format!("--since={}", humantime::format_rfc3339_millis(at)),
        };
        let mut words = vec!["logs", "--no-color", &from];
        if follow {
            words.push("--follow");
        }
        let logs = ProgramCall::new(self.argv(&words));
        logs.stream()
            .map_err(|error| Failure::unknown(format!("compose cannot be called: {error}")))
    }
}

/// Returns the compose files of a project, for a message.
pub(super) fn files(spec: &ComposeSpec) -> String {
    let files: Vec<String> = spec.files.iter().map(|file| file.display().to_string()).collect();
    files.join(", ")
}

/// Calls a program that reaches the engine. It goes on when the caller is gone.
async fn call(engine: &Engine, argv: Vec<OsString>, limit: Duration) -> Result<Finished, Failure> {
    let program = argv.first().map(|word| word.to_string_lossy().into_owned());
    let called = ProgramCall::new(argv).outliving_caller().output(limit).await;
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
    fn services_that_docker_restarts() {
        let config = br#"{"services":{"db":{"restart":"always"},"game":{"restart":"no"},"web":{},"x":7}}"#;
        assert_eq!(restarting(config), ["db"]);
        for nothing in [&b""[..], b"services: {}", b"[]", b"{\"services\":[]}"] {
            assert_eq!(restarting(nothing), [""; 0]);
        }
    }
}
