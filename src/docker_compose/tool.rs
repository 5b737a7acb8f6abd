//! Compose itself, in its generations: the plugin of docker (2 and later), the
//! standalone `docker-compose` (2 and later), and the old one (1.29).

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::Value;

use super::call::{Call, Called};
use super::engine::Engine;
use crate::failure::{Failure, FailureKind};
use crate::inventory::ComposeSpec;
use crate::supervisor::OutputFrom;

/// How long a question to compose may take. The old one needs half a second
/// for its version alone.
const ANSWER: Duration = Duration::from_secs(20);

/// Which one there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `docker compose`.
    Plugin,
    /// `docker-compose`, of any version.
    Standalone,
}

/// Compose, as it is called for one project.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    kind: Kind,
    /// Whether it is of the first generation.
    pub(super) is_old: bool,
    version: String,
    engine: Engine,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::Plugin => "docker compose",
            Kind::Standalone => "docker-compose",
        };
        write!(f, "`{name}`, version {}", self.version)
    }
}

impl Tool {
    /// Finds out what there is.
    ///
    /// # Errors
    /// When there is none, or docker does not answer.
    pub(super) async fn find(engine: &Engine) -> Result<Self, Failure> {
        let plugin = Call {
            argv: engine.docker(["compose", "version", "--short"]),
            limit: ANSWER,
            complaints: None,
            halt: None,
        };
        let asked = plugin.make().await;
        if let Ok(called) = &asked
            && called.is_ok()
        {
            return Ok(Self {
                kind: Kind::Plugin,
                is_old: false,
                version: called.word(),
                engine: engine.clone(),
            });
        }
        let standalone = Call {
            argv: vec!["docker-compose".into(), "version".into(), "--short".into()],
            limit: ANSWER,
            complaints: None,
            halt: None,
        };
        match standalone.make().await {
            Ok(called) if called.is_ok() => Ok(Self {
                kind: Kind::Standalone,
                is_old: called.answer.starts_with(b"1."),
                version: called.word(),
                engine: engine.clone(),
            }),
            _ => {
                asked?;
                Err(Failure::new(
                    FailureKind::Unsupported,
                    "there is neither `docker compose` nor `docker-compose`",
                )
                .hint("install the compose plugin of Docker"))
            }
        }
    }

    /// The command line of a verb on a project.
    fn argv(&self, spec: &ComposeSpec, words: &[&str]) -> Vec<OsString> {
        let mut argv = match self.kind {
            Kind::Plugin => self.engine.docker(["compose"]),
            Kind::Standalone => {
                let mut argv: Vec<OsString> = vec!["docker-compose".into()];
                if let Some(context) = &self.engine.context {
                    argv.extend(["--context".into(), context.into()]);
                }
                argv
            }
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

    /// Whether compose takes the files. With an explicit project, some of its
    /// verbs never look at them.
    ///
    /// # Errors
    /// What compose says is wrong with them.
    pub(super) async fn validate(&self, spec: &ComposeSpec) -> Result<(), Failure> {
        let called = self.ask(spec, &["config", "--quiet"]).await?;
        if called.is_ok() {
            return Ok(());
        }
        let said = called.complaint.trim();
        Err(Failure::failed(format!("compose does not take its file: {said}")).hint("nothing was changed"))
    }

    /// The services that Docker itself starts again. None where compose does not
    /// say, as the old one does not in JSON.
    pub(super) async fn restarting(&self, spec: &ComposeSpec) -> Vec<String> {
        match self.ask(spec, &["config", "--format", "json"]).await {
            Ok(called) if called.is_ok() => restarting(&called.answer),
            _ => Vec::new(),
        }
    }

    async fn ask(&self, spec: &ComposeSpec, words: &[&str]) -> Result<Called, Failure> {
        let call = Call {
            argv: self.argv(spec, words),
            limit: ANSWER,
            complaints: None,
            halt: None,
        };
        call.make().await
    }

    /// `up`: creates what is missing or has changed, and starts it. What it
    /// says goes into `said`, so that it can go on without us.
    ///
    /// # Errors
    /// When compose is missing or does not end in time.
    pub(super) async fn up(
        &self,
        spec: &ComposeSpec,
        limit: Duration,
        said: File,
        halt: Arc<AtomicBool>,
    ) -> Result<Called, Failure> {
        let services: Vec<&str> = spec.services.iter().map(String::as_str).collect();
        let words = [["up", "--detach"].as_slice(), &services].concat();
        let call = Call {
            argv: self.argv(spec, &words),
            limit,
            complaints: Some(said),
            halt: Some(halt),
        };
        call.make().await
    }

    /// `stop`, in the order of the file.
    ///
    /// # Errors
    /// When compose is missing or does not end in time.
    pub(super) async fn stop(&self, spec: &ComposeSpec, limit: Duration) -> Result<Called, Failure> {
        let call = Call {
            argv: self.argv(spec, &["stop"]),
            limit,
            complaints: None,
            halt: None,
        };
        call.make().await
    }

    /// The command line that prints what the services said.
    pub(super) fn logs(&self, spec: &ComposeSpec, from: OutputFrom, follow: bool) -> Vec<OsString> {
        let from = match from {
            OutputFrom::Start => "--tail=all".to_owned(),
            OutputFrom::LastLines(lines) => format!("--tail={lines}"),
            OutputFrom::Time(at) => format!("--since={}", humantime::format_rfc3339_millis(at)),
        };
        let mut words = vec!["logs", "--no-color", &from];
        if follow {
            words.push("--follow");
        }
        self.argv(spec, &words)
    }
}

/// Those of a configuration, in JSON, that have a policy other than `no`.
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
    fn who_is_restarted_by_docker() {
        let config = br#"{"services":{"db":{"restart":"always"},"game":{"restart":"no"},"web":{},"x":7}}"#;
        assert_eq!(restarting(config), ["db"]);
        for nothing in [&b""[..], b"services: {}", b"[]", b"{\"services\":[]}"] {
            assert_eq!(restarting(nothing), [""; 0]);
        }
    }
}
