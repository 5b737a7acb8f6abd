//! A host with the definitions of its instances, and the connection to it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};

use super::call::Call;
use super::connection::Connection;
use super::host_check;
use super::looks::LookQueue;
use super::watches::{Followers, WatchQueue};
use super::wire::{Ask, RowLine, Say};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{HostSpec, Hosted, Inventory, definitions};
use crate::invocation;

/// A host that could not be reached is not tried again before this time.
const RETRY: Duration = Duration::from_secs(5);

/// The longest wait for a look: a host has limits of its own for what it asks.
const LOOK: Duration = Duration::from_secs(20);

/// The longest wait for a check, which asks engines and looks at disks.
const CHECK: Duration = Duration::from_secs(60);

/// The longest wait until a host has read the definitions.
const OPEN: Duration = Duration::from_secs(10);

/// The hosts of an inventory.
#[derive(Default)]
pub struct RemoteHosts {
    known: StdMutex<HashMap<String, Arc<RemoteHost>>>,
    /// Those that only records name.
    former: StdMutex<Vec<Arc<RemoteHost>>>,
}

impl RemoteHosts {
    /// Takes note of the hosts of an inventory. A connection is kept where nothing has
    /// changed.
    pub fn meet(&self, inventory: &Inventory) {
        let mut hosts: HashMap<&str, Vec<(&str, &Hosted)>> = HashMap::new();
        for instance in &inventory.instances {
            if let Some(hosted) = &instance.hosted {
                let instances = hosts.entry(&hosted.host.name).or_default();
                instances.push((&instance.id, hosted));
            }
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, instances) in hosts {
            let Some((_, first)) = instances.first() else { continue };
            let spec = Arc::clone(&first.host);
            let folder = spec
                .is_this_machine()
                .then(|| inventory.folder.to_string_lossy().into_owned());
            let remote = RemoteHost::new(spec, definitions(instances), folder);
            if !known.get(name).is_some_and(|old| old.is_same(&remote)) {
                known.insert(name.to_owned(), Arc::new(remote));
            }
        }
    }

    /// Returns the host of a record, which knows its instances by its own records alone.
    pub fn on_record(&self, spec: HostSpec) -> Arc<RemoteHost> {
        let mut former = self.former.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = former.iter().find(|known| *known.spec == spec) {
            return Arc::clone(known);
        }
        let remote = Arc::new(RemoteHost::new(Arc::new(spec), definitions([]), None));
        former.push(Arc::clone(&remote));
        remote
    }

    /// Returns all hosts that were met, by their names.
    pub fn all(&self) -> Vec<Arc<RemoteHost>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        all.sort_by(|one, other| one.name().cmp(other.name()));
        all
    }

    /// Returns a host that was met.
    pub fn get(&self, name: &str) -> Option<Arc<RemoteHost>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned()
    }
}

/// A host that is asked about its instances.
pub struct RemoteHost {
    spec: Arc<HostSpec>,
    /// An inventory of its instances, as JSON. It may hold secrets.
    definitions: String,
    folder: Option<String>,
    state: Mutex<Reached>,
    looks: LookQueue,
    watches: WatchQueue,
}

#[derive(Default)]
enum Reached {
    #[default]
    Untried,
    Yes(Arc<Connection>),
    No(Failure, Instant),
}

impl RemoteHost {
    fn new(spec: Arc<HostSpec>, definitions: String, folder: Option<String>) -> Self {
        Self {
            spec,
            definitions,
            folder,
            state: Mutex::default(),
            looks: LookQueue::default(),
            watches: WatchQueue::default(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.spec, &self.definitions, &self.folder) == (&other.spec, &other.definitions, &other.folder)
    }

    pub(super) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(super) fn spec(&self) -> &HostSpec {
        &self.spec
    }

    /// Makes sure that the host can be asked.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) async fn reach(&self) -> Result<(), Failure> {
        self.connection().await.map(drop)
    }

    /// Returns the connection, which is made where there is none. Whoever comes meanwhile
    /// waits for the same one.
    ///
    /// # Errors
    /// When the host cannot be reached, or does not take the definitions.
    async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let mut state = self.state.lock().await;
        match &*state {
            Reached::Yes(connection) if !connection.is_lost() => return Ok(Arc::clone(connection)),
            Reached::No(failure, at) if at.elapsed() < RETRY => return Err(failure.clone()),
            _ => {}
        }
        match self.connect().await {
            Ok(connection) => {
                *state = Reached::Yes(Arc::clone(&connection));
                Ok(connection)
            }
            Err(failure) => {
                *state = Reached::No(failure.clone(), Instant::now());
                Err(failure)
            }
        }
    }

    async fn connect(&self) -> Result<Arc<Connection>, Failure> {
        let connection = Arc::new(Connection::open(&self.spec).await?);
        let ask = Ask::Open {
            inventory: self.definitions.clone(),
            folder: self.folder.clone(),
            options: invocation::options(),
        };
        let opened = async { Call::begin(&connection, ask).await?.next().await };
        match timeout(OPEN, opened).await {
            Ok(opened) => opened.map(drop)?,
            Err(_) => return Err(self.silent(OPEN)),
        }
        Ok(connection)
    }

    fn silent(&self, limit: Duration) -> Failure {
        Failure::unknown(format!(
            "{}: it did not answer within {} seconds",
            self.name(),
            limit.as_secs()
        ))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the host cannot be reached: nothing was asked then.
    pub(super) async fn call(&self, ask: Ask) -> Result<Call, Failure> {
        let connection = self.connection().await?;
        if let Some(feature) = ask.feature() {
            connection.greeting().check_feature(self.name(), feature)?;
        }
        Call::begin(&connection, ask).await
    }

    /// LookQueue at an instance, together with all that are looked at by now.
    pub(super) async fn look(self: &Arc<Self>, id: &str) -> Result<RowLine, Failure> {
        let (is_first, looked) = self.looks.add(id);
        if is_first {
            let remote = Arc::clone(self);
            // A task of its own: others wait for it, too.
            tokio::spawn(async move {
                // The others of this turn come before it is sent.
                tokio::task::yield_now().await;
                let connection = remote.connection().await;
                let batch = remote.looks.take();
                let rows = match connection {
                    Ok(connection) => remote.rows(&connection, batch.ids()).await,
                    Err(failure) => Err(failure),
                };
                batch.answer(rows);
            });
        }
        looked
            .await
            .unwrap_or_else(|_| Err(Failure::unknown("the look was given up")))
    }

    /// Follows an instance, together with all that are followed by now. Sends its row, and
    /// again after each change; a failure as long as the host cannot be asked. Ends when
    /// the receiver is dropped.
    pub(super) fn watch(self: &Arc<Self>, id: &str) -> mpsc::UnboundedReceiver<Result<RowLine, Failure>> {
        let (is_first, rows) = self.watches.add(id);
        if is_first {
            let remote = Arc::clone(self);
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                let followers = remote.watches.take();
                let follow = async {
                    loop {
                        let Err(failure) = remote.follow(&followers).await;
                        followers.tell_all(&failure);
                        tokio::time::sleep(RETRY).await;
                    }
                };
                tokio::select! {
                    () = follow => {}
                    () = followers.gone() => {}
                }
            });
        }
        rows
    }

    async fn follow(&self, followers: &Followers) -> Result<Infallible, Failure> {
        let mut call = self.call(Ask::Watch { ids: followers.ids() }).await?;
        loop {
            if let (Say::Rows { rows }, _) = call.next().await? {
                rows.iter().for_each(|row| followers.tell(row));
            }
        }
    }

    /// Returns the findings of a check of that host.
    pub async fn check(&self) -> Vec<Finding> {
        let asked = async { self.call(Ask::Check {}).await?.next().await };
        let name = self.name();
        let answered = match timeout(CHECK, asked).await {
            Ok(Ok((Say::Findings { findings }, _))) => Ok(findings),
            Ok(Ok(_)) => Err(Failure::unknown(format!("{name}: it answers something else"))),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(self.silent(CHECK)),
        };
        match answered {
            Ok(findings) => {
                let greeted = self.connection().await.ok().map(|connection| connection.finding(name));
                let findings = findings.into_iter().map(|finding| finding.on(name));
                greeted.into_iter().chain(findings).collect()
            }
            Err(failure) => vec![host_check::fault("host", name, failure)],
        }
    }

    async fn rows(&self, connection: &Arc<Connection>, ids: Vec<String>) -> Result<Vec<RowLine>, Failure> {
        let answered = async { Call::begin(connection, Ask::Look { ids }).await?.next().await };
        match timeout(LOOK, answered).await {
            Ok(Ok((Say::Rows { rows }, _))) => Ok(rows),
            Ok(Ok(_)) => Err(Failure::unknown(format!("{}: it answers something else", self.name()))),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(self.silent(LOOK)),
        }
    }
}
