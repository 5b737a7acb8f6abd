//! The inventory and its instances.

use std::path::PathBuf;
use std::sync::Arc;

use super::amp::AmpSpec;
use super::before_start::BeforeStart;
use super::channels::{Channels, Password};
use super::compose::ComposeSpec;
use super::hook::Hook;
use super::host::{HostSpec, Hosted, WayIn};
use super::http::{HttpCheck, HttpLogin};
use super::kubectl::KubectlSpec;
use super::link::NatsLink;
use super::notify::Notify;
use super::players::PlayersRule;
use super::podman::PodmanSpec;
use super::probe::{Healthy, Probe, Ready};
use super::process::ProcessSpec;
use super::restart::RestartPolicy;
use super::schedule::Schedule;
use super::stop::{StopAction, StopStep};
use super::unit::UnitSpec;
use super::warn::{Broadcast, Warning};

/// The longest instance id.
pub const ID_MAX: usize = 63;

/// Returns true for a valid instance id: `[a-z0-9][a-z0-9_-]{0,62}`. Such an id
/// is safe as a file name and as one segment of a message subject.
pub fn is_valid_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    let alnum = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(alnum)
        && bytes.len() <= ID_MAX
        && bytes.iter().all(|b| alnum(b) || matches!(b, b'_' | b'-'))
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    /// The instances, in the order of the file. Ids are unique.
    /// Each is shared by whoever keeps it: `run` has several that do.
    pub instances: Vec<Arc<Instance>>,
    /// The other hosts, in the order of the file; also those of no instance.
    pub hosts: Vec<Arc<HostSpec>>,
    /// The link to a message system, if there is one.
    pub link: Option<Arc<NatsLink>>,
    /// The folder of the file, where relative paths begin.
    pub folder: PathBuf,
}

impl Inventory {
    /// Returns the instance of that id.
    pub fn get(&self, id: &str) -> Option<&Instance> {
        self.instances
            .iter()
            .map(Arc::as_ref)
            .find(|instance| instance.id == id)
    }

    /// Returns what is managed on this machine.
    #[must_use]
    pub fn of_this_host(mut self) -> Self {
        self.instances.retain(|instance| instance.hosted.is_none());
        self
    }

    /// Returns it as a user sees it: what belongs to this user on this machine is on no
    /// other host.
    #[must_use]
    pub fn seen_by(mut self, user: &str) -> Self {
        let is_own = |host: &HostSpec| matches!(&host.way, WayIn::Sudo(owner) if owner == user);
        self.hosts.retain(|host| !is_own(host));
        for instance in &mut self.instances {
            if instance.hosted.as_deref().is_some_and(|hosted| is_own(&hosted.host)) {
                Arc::make_mut(instance).hosted = None;
            }
        }
        self
    }
}

/// One game server as a person thinks of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its slug, valid by [`is_valid_id`].
    pub id: String,
    /// The preset that it was made from.
    pub game: Option<&'static str>,
    pub ports: Vec<Port>,
    pub tags: Vec<String>,
    /// True when `run` starts it.
    pub autostart: bool,
    /// The ids of the instances that it needs. None needs itself, however indirectly.
    pub needs: Vec<String>,
    pub plane: Plane,
    pub ready: Ready,
    /// The probes that tell when it hangs; `None` where that is not checked.
    pub healthy: Option<Healthy>,
    /// The polite steps of its stop chain. The kill at the end is implied.
    pub stop: Vec<StopStep>,
    pub channels: Channels,
    pub restart: RestartPolicy,
    /// The command that must succeed before each start.
    pub before_start: Option<BeforeStart>,
    pub on_event: Vec<Hook>,
    /// The targets that are told of what happens to it, by the `run` here.
    pub notify: Vec<Notify>,
    /// The line that tells its players something, where there is one.
    pub broadcast: Option<Broadcast>,
    /// The way in which its players are counted, where its probes do not tell, or not rightly.
    pub players: Option<PlayersRule>,
    /// The warnings of its players, where they are given.
    pub warn: Option<Warning>,
    /// The deeds of `run` at given times; no two have the same key.
    pub schedules: Vec<Arc<Schedule>>,
    /// Its host and its definition there; `None` for this machine as this user. The
    /// other fields are then for that host.
    pub hosted: Option<Box<Hosted>>,
}

impl Instance {
    /// Returns the name of its host; `None` for this machine as this user.
    pub fn host(&self) -> Option<&str> {
        self.hosted.as_ref().map(|hosted| hosted.host.name.as_str())
    }

    /// Returns the passwords of its plane, of its channels and of its requests over HTTP.
    pub fn passwords(&self) -> impl Iterator<Item = &Password> {
        let of_channels = self
            .channels
            .remotes
            .iter()
            .filter_map(|remote| remote.password.as_ref());
        let logins = self.requests().filter_map(|request| request.access.login.as_ref());
        let of_plane = match &self.plane {
            Plane::Amp(spec) => spec.access.panel().map(|panel| &panel.password),
            _ => None,
        };
        of_plane
            .into_iter()
            .chain(of_channels)
            .chain(logins.map(HttpLogin::password))
    }

    /// Returns the way in which its players are counted: its own, or a probe that tells it.
    pub fn counted_by(&self) -> Option<PlayersRule> {
        self.players.clone().or_else(|| {
            let healthy = self.healthy.iter().flat_map(|healthy| &healthy.probes);
            let mut probes = self.ready.probes.iter().chain(healthy);
            probes
                .find(|probe| probe.counts_players())
                .cloned()
                .map(|probe| PlayersRule::Query(Box::new(probe)))
        })
    }

    /// Returns its requests over HTTP: of `ready`, `healthy`, `stop` and `players`.
    pub fn requests(&self) -> impl Iterator<Item = &HttpCheck> {
        let healthy = self.healthy.iter().flat_map(|healthy| &healthy.probes);
        let probes = self.ready.probes.iter().chain(healthy).filter_map(|probe| match probe {
            Probe::Http(request) => Some(request),
            _ => None,
        });
        let steps = self.stop.iter().filter_map(|step| match &step.action {
            StopAction::Http(request) => Some(&**request),
            _ => None,
        });
        let players = self.players.as_ref().and_then(|players| match players {
            PlayersRule::Http(asked) => Some(&asked.request),
            _ => None,
        });
        probes.chain(steps).chain(players)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name, which says what it is for.
    pub name: String,
    pub number: u16,
    pub protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    Udp,
    Tcp,
}

/// A management plane with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Plane {
    /// No plane section, or one that lacks what it needs: shown, not managed.
    Unmanaged {
        /// The plane it would be on, or `none`.
        plane: &'static str,
        /// The reason, for the note of a status row.
        reason: String,
    },
    Process(Box<ProcessSpec>),
    DockerCompose(Box<ComposeSpec>),
    Podman(Box<PodmanSpec>),
    Systemd(Box<UnitSpec>),
    Kubectl(Box<KubectlSpec>),
    Amp(Box<AmpSpec>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        for good in ["a", "0", "rust-main", "a_b", "9-", &"x".repeat(63)] {
            assert!(is_valid_id(good), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a.b", "a b", "ä", "a/b", "..", &"x".repeat(64)] {
            assert!(!is_valid_id(bad), "{bad}");
        }
    }
}
