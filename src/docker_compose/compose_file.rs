//! The few facts of compose files that `podman-compose` leaves out of its containers:
//! who needs whom, and how long each may take to end.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml::Value;

use crate::containers::Container;
use crate::failure::Failure;
use crate::inventory::ComposeSpec;
use crate::sys::plain_file;

/// The size of a compose file, in bytes, beyond which it is none.
const FILE_MAX: u64 = 4 << 20;

/// The services of compose files, by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct FileServices {
    services: BTreeMap<String, FileService>,
}

#[derive(Debug, Default, PartialEq)]
struct FileService {
    needs: Vec<String>,
    /// Its grace period, in seconds.
    grace: Option<u64>,
    has_health: bool,
    profiles: Vec<String>,
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    services: Option<BTreeMap<String, Option<RawService>>>,
}

#[derive(Deserialize)]
struct RawService {
    depends_on: Option<RawNeeds>,
    stop_grace_period: Option<RawText>,
    healthcheck: Option<IgnoredAny>,
    #[serde(default)]
    profiles: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawNeeds {
    Names(Vec<String>),
    Conditions(BTreeMap<String, IgnoredAny>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawText {
    Text(String),
    Other(IgnoredAny),
}

impl FileServices {
    /// Reads the files of a project.
    ///
    /// # Errors
    /// When one cannot be read, or is no compose file.
    pub(super) async fn read(spec: &ComposeSpec) -> Result<Self, Failure> {
        let mut all = Self::default();
        for file in &spec.files {
            let shown = file.display();
            let text = plain_file::read(file, FILE_MAX).await;
            let text = text.map_err(|error| Failure::failed(format!("{shown} cannot be read: {error}")))?;
            let parsed = parse(&text);
            all.add(parsed.map_err(|error| Failure::failed(format!("{shown} is no compose file: {error}")))?);
        }
        Ok(all)
    }

    /// Adds a later file, which overrides what it names.
    fn add(&mut self, later: Self) {
        for (name, later) in later.services {
            let service = self.services.entry(name).or_default();
            service.needs.extend(later.needs);
            service.grace = later.grace.or(service.grace);
            service.has_health |= later.has_health;
            service.profiles.extend(later.profiles);
        }
    }

    /// Returns those that an `up` of the project starts, as far as the files tell.
    pub(super) fn wanted(&self, spec: &ComposeSpec) -> Vec<&str> {
        let is_listed = |name: &String| spec.services.is_empty() || spec.services.contains(name);
        let is_on =
            |one: &FileService| one.profiles.is_empty() || one.profiles.iter().any(|name| spec.profiles.contains(name));
        let wanted = self.services.iter().filter(|(name, one)| is_listed(name) && is_on(one));
        wanted.map(|(name, _)| name.as_str()).collect()
    }

    /// Returns those that have a health check.
    pub(super) fn with_health(&self) -> Vec<&str> {
        let with = self.services.iter().filter(|(_, one)| one.has_health);
        with.map(|(name, _)| name.as_str()).collect()
    }

    /// Adds to containers what their labels do not tell.
    pub(super) fn complete(&self, containers: &mut [Container]) {
        for one in containers.iter_mut().filter(|one| one.member.depends_on.is_none()) {
            let Some(service) = self.services.get(one.service()) else {
                continue;
            };
            one.grace = service.grace.unwrap_or(one.grace);
            one.member.depends_on = Some(service.needs.clone());
        }
    }
}

fn parse(text: &[u8]) -> Result<FileServices, serde_yaml::Error> {
    let mut whole: Value = serde_yaml::from_slice(text)?;
    whole.apply_merge()?;
    let raw: RawFile = serde_yaml::from_value(whole)?;
    let services = raw.services.unwrap_or_default().into_iter();
    let services = services.map(|(name, raw)| (name, raw.map(FileService::from).unwrap_or_default()));
    Ok(FileServices {
        services: services.collect(),
    })
}

impl From<RawService> for FileService {
    fn from(raw: RawService) -> Self {
        Self {
            needs: match raw.depends_on {
                None => Vec::new(),
                Some(RawNeeds::Names(names)) => names,
                Some(RawNeeds::Conditions(conditions)) => conditions.into_keys().collect(),
            },
            grace: match raw.stop_grace_period {
                // What has a variable in it is not known here.
                Some(RawText::Text(text)) => humantime::parse_duration(&text).ok().map(|span| span.as_secs().max(1)),
                Some(RawText::Other(_)) | None => None,
            },
            has_health: raw.healthcheck.is_some(),
            profiles: raw.profiles.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_containers_of_podman_compose_do_not_tell() {
        let text = br#"
x-slow: &slow { stop_grace_period: 1m30s }
services:
  db: { <<: *slow, image: db, healthcheck: { test: [CMD, "true"] } }
  game: { image: game, depends_on: { db: { condition: service_healthy } }, stop_grace_period: "20s" }
  web: { image: web, depends_on: [game, db], stop_grace_period: "${GRACE}", profiles: [wide] }
  odd: { stop_grace_period: 7 }
  empty:
"#;
        let mut all = parse(text).unwrap();
        let of = |all: &FileServices, name: &str| {
            let one = &all.services[name];
            (one.needs.join(" "), one.grace)
        };
        assert_eq!(of(&all, "db"), (String::new(), Some(90)));
        assert_eq!(of(&all, "game"), ("db".to_owned(), Some(20)));
        assert_eq!(of(&all, "web"), ("game db".to_owned(), None));
        assert_eq!((of(&all, "odd").1, of(&all, "empty").1), (None, None));
        assert_eq!(all.with_health(), ["db"]);
        all.add(parse(b"services: { game: { stop_grace_period: 5s } }").unwrap());
        assert_eq!(of(&all, "game"), ("db".to_owned(), Some(5)), "the later file");
        for bad in ["services: [", "services: 7", "- a", "services: { a: 7 }"] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(parse(b"services:").unwrap(), FileServices::default());
    }
}
