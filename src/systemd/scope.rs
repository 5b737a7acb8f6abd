//! A scope of systemd for each game: a control group of its own, which systemd
//! limits, accounts and stops. See `systemd.scope(5)`.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use zbus::Variant;

use super::bus::Bus;
use super::cgroup;
use super::manager::Manager;
use super::unit::Unit;
use crate::inventory::Limits;
use crate::sys::procfs;

/// The time for all of the conversation about one scope. systemd makes hundreds of
/// them one after the other while a host boots, which takes it seconds.
const DEADLINE: Duration = Duration::from_secs(5);

/// The time in which systemd is not asked again after it did not answer.
const SILENCE: Duration = Duration::from_secs(60);

/// The time for the scope of the last launch to go away, which begins when its last
/// process has ended.
const OLD_SCOPE: Duration = Duration::from_millis(100);

const SLICE: &str = "gamectl.slice";

/// The beginning of the name of a keeper's scope. No id of an instance has a dot.
const KEEPER: &str = "gamectl.keeper.";

/// The signal by which systemd asks a shim to end its game. systemd sends it to each
/// process of the scope, and only a shim must obey: what does not know this signal
/// ignores it.
pub const STOP_SIGNAL: Signal = Signal::SIGURG;

/// The wish for a scope.
#[derive(Debug, Clone, Copy)]
pub struct ScopeOrder<'a> {
    pub id: &'a str,
    /// A word that no other launch has.
    pub token: &'a str,
    /// The folder of its records, for a person.
    pub state_dir: &'a Path,
    /// The time in which the game ends when the scope is stopped.
    pub stop_within: Duration,
    pub limits: &'a Limits,
}

/// Makes the scopes of one command, over one connection.
#[derive(Debug, Default)]
pub struct Scopes(Mutex<Conversation>);

#[derive(Debug, Default)]
enum Conversation {
    #[default]
    None,
    Open(Bus),
    /// systemd did not answer then.
    Silent(Instant),
}

/// The reason why there is no scope.
enum Trouble {
    /// There is nobody to ask.
    Absent(String),
    /// systemd did not answer within the deadline.
    Silent,
    Failed(String),
}

impl Scopes {
    /// Moves a process into a scope of its own. Returns the notes on that, such as those
    /// on limits that do not hold.
    ///
    /// # Cancel safety
    /// Dropped, it may have moved the process or not.
    pub async fn enclose(&self, pid: i32, order: &ScopeOrder<'_>) -> Vec<String> {
        let limits = order.limits;
        let made = self.within_deadline(|bus, manager| make(bus, manager, pid, order));
        let (none, unheld) = match made.await {
            Ok(unit) => (None, cgroup::unheld(limits, &unit, pid)),
            Err(Trouble::Absent(why)) => (None, cgroup::all(limits, &why)),
            Err(Trouble::Failed(why)) => (
                Some(format!("it has no scope of its own: {why}")),
                cgroup::all(limits, "it has no scope"),
            ),
            // systemd may have done it without a word yet, or may do it later.
            Err(Trouble::Silent) => match of_cgroup(&procfs::control_groups(pid)) {
                Some(unit) => (None, cgroup::unheld(limits, unit, pid)),
                None => (
                    Some(format!(
                        "it has no scope of its own yet: systemd did not answer within {} s",
                        DEADLINE.as_secs()
                    )),
                    cgroup::all(limits, "it has no scope yet"),
                ),
            },
        };
        none.into_iter().chain(unheld.iter().map(ToString::to_string)).collect()
    }

    /// Moves a process into the scope of another one, if that is in one of ours.
    pub async fn join(&self, pid: i32, other: i32) {
        let groups = procfs::control_groups(other);
        let Some(unit) = of_cgroup(&groups) else { return };
        let pids = [u32::try_from(pid).unwrap_or_default()];
        let body = (unit, "/", &pids[..]);
        let _ = self
            .within_deadline(async |bus, _| bus.call("AttachProcessesToUnit", &body).await)
            .await;
    }

    /// Moves this process, which keeps instances for a person elsewhere, into a scope of its
    /// own. One that is in such a scope already stays there.
    ///
    /// # Errors
    /// The reason why it is in none, for a sentence.
    ///
    /// # Cancel safety
    /// Dropped, it may have moved the process or not.
    pub async fn enclose_keeper(&self, token: &str, who: &str) -> Result<(), String> {
        if procfs::own_control_groups().contains(&format!("/{KEEPER}")) {
            return Ok(());
        }
        let unit = format!("{KEEPER}{}.scope", short(token));
        let properties: Vec<(&str, Variant<'_>)> = vec![
            ("Description", format!("gamectl, which keeps games for {who}").into()),
            ("Slice", SLICE.into()),
            ("PIDs", vec![std::process::id()].into()),
            ("CollectMode", "inactive-or-failed".into()),
        ];
        let begun = async |bus: Bus, _| begin(&bus, &unit, properties).await;
        match self.within_deadline(begun).await {
            Ok(result) if result == "done" => Ok(()),
            Ok(result) => Err(result),
            Err(Trouble::Absent(why) | Trouble::Failed(why)) => Err(why),
            Err(Trouble::Silent) => Err(format!("systemd did not answer within {} s", DEADLINE.as_secs())),
        }
    }

    async fn within_deadline<T>(&self, ask: impl AsyncFnOnce(Bus, Manager) -> zbus::Result<T>) -> Result<T, Trouble> {
        let manager = Manager::find().map_err(|why| Trouble::Absent(why.to_owned()))?;
        let asked = timeout(DEADLINE, async {
            let bus = self.open(&manager).await?;
            ask(bus, manager).await.map_err(|error| trouble(&error))
        });
        match asked.await {
            Ok(answer) => answer,
            Err(_) => {
                // Another one may be waiting for the connection, which does not come.
                if let Ok(mut conversation) = self.0.try_lock() {
                    *conversation = Conversation::Silent(Instant::now());
                }
                Err(Trouble::Silent)
            }
        }
    }

    async fn open(&self, manager: &Manager) -> Result<Bus, Trouble> {
        let mut conversation = self.0.lock().await;
        match &*conversation {
            Conversation::Open(bus) if !bus.is_closed() => return Ok(bus.clone()),
            Conversation::Silent(since) if since.elapsed() < SILENCE => return Err(Trouble::Silent),
            _ => {}
        }
        *conversation = Conversation::Silent(Instant::now());
        let bus = Bus::open(manager).await;
        *conversation = Conversation::None;
        let bus = bus.map_err(|error| trouble(&error))?;
        *conversation = Conversation::Open(bus.clone());
        Ok(bus)
    }
}

fn trouble(error: &zbus::Error) -> Trouble {
    match error {
        zbus::Error::MethodError(_, Some(message), _) => Trouble::Failed(format!("systemd says: {message}")),
        // Another init, with a D-Bus of its own.
        zbus::Error::FDO(error) if matches!(**error, zbus::fdo::Error::ServiceUnknown(_)) => {
            Trouble::Absent("this host has no systemd".to_owned())
        }
        zbus::Error::Connection(error, _) | zbus::Error::InputOutput(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused
            ) =>
        {
            Trouble::Absent("there is no D-Bus to ask systemd over".to_owned())
        }
        error => Trouble::Failed(format!("D-Bus: {error}")),
    }
}

/// Makes a scope, and returns its name.
async fn make(bus: Bus, manager: Manager, pid: i32, order: &ScopeOrder<'_>) -> zbus::Result<String> {
    // A verb may have its shim from the `run` that watches.
    let watcher = Unit::of_cgroup(&procfs::control_groups(pid));
    let until = Instant::now() + OLD_SCOPE;
    let mut unit = format!("gamectl-{}.scope", order.id);
    loop {
        let properties = properties(pid, order, (manager == Manager::Host).then_some(watcher.as_ref()));
        match begin(&bus, &unit, properties).await {
            Ok(result) if result == "done" => return Ok(unit),
            Ok(result) => return Err(zbus::Error::Failure(format!("its scope could not be made: {result}"))),
            Err(zbus::Error::MethodError(name, _, _)) if name.as_str() == "org.freedesktop.systemd1.UnitExists" => {
                if Instant::now() < until {
                    sleep(Duration::from_millis(2)).await;
                } else {
                    // What is left of an earlier launch, or an instance of this name in
                    // another state directory.
                    unit = format!("gamectl-{}.{}.scope", order.id, short(order.token));
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Begins a unit with these properties, and returns the result: `done` once it is there.
async fn begin(bus: &Bus, unit: &str, properties: Vec<(&str, Variant<'_>)>) -> zbus::Result<String> {
    let auxiliary: [(&str, Vec<(&str, Variant<'_>)>); 0] = [];
    let body = (unit, "fail", properties, auxiliary.as_slice());
    bus.job("StartTransientUnit", &body).await
}

/// Returns as much of a word as tells it from others.
fn short(token: &str) -> &str {
    token.get(..8).unwrap_or(token)
}

/// Returns the properties of a scope. On the host it is ordered behind the unit of the
/// `run` that watches, so that this stops the games first when the host goes down.
fn properties<'a>(
    pid: i32,
    order: &'a ScopeOrder<'_>,
    of_host: Option<Option<&'a Unit>>,
) -> Vec<(&'static str, Variant<'a>)> {
    // Some more, so that the shim outlives its chain.
    let stop_within = order.stop_within.saturating_add(Duration::from_secs(10));
    let stop_within = u64::try_from(stop_within.as_micros()).unwrap_or(u64::MAX);
    let mut properties: Vec<(&str, Variant<'_>)> = vec![
        (
            "Description",
            format!("{}, a game in {}", order.id, order.state_dir.display()).into(),
        ),
        ("Slice", SLICE.into()),
        ("PIDs", vec![u32::try_from(pid).unwrap_or_default()].into()),
        ("CollectMode", "inactive-or-failed".into()),
        ("KillSignal", (STOP_SIGNAL as i32).into()),
        ("TimeoutStopUSec", stop_within.into()),
        // So that a new shim may join, and no OOM kill stops the scope.
        ("DelegateControllers", Vec::<&str>::new().into()),
    ];
    if let Some(watcher) = of_host {
        let packaged = Unit::packaged();
        let mut units = vec![packaged.name().to_owned()];
        units.extend(
            watcher
                .map(|unit| unit.name().to_owned())
                .filter(|name| name != packaged.name()),
        );
        properties.push(("Before", units.into()));
        properties.push(("After", vec!["local-fs.target", "network.target"].into()));
    }
    let limits = order.limits;
    let quota = limits.cpu.map(|percent| u64::from(percent) * 10_000);
    let all = [
        ("MemoryMax", limits.memory),
        ("CPUQuotaPerSecUSec", quota),
        ("TasksMax", limits.tasks.map(u64::from)),
        ("IOWeight", limits.io_weight.map(u64::from)),
    ];
    properties.extend(all.into_iter().filter_map(|(name, value)| Some((name, value?.into()))));
    properties
}

/// Returns the scope of ours that a process is in, by its control groups.
fn of_cgroup(groups: &str) -> Option<&str> {
    let mut parts = groups.lines().flat_map(|line| line.split('/'));
    parts.find(|part| part.starts_with("gamectl-") && part.ends_with(".scope"))
}
