//! A host that is asked about its instances.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::call::Call;
use super::called_host::{CalledHost, RETRY};
use super::counts::{Askers, CountQueue};
use super::host_check;
use super::keeping::Keeping;
use super::kept_host::KeptHost;
use super::looks::LookQueue;
use super::watches::{Followers, WatchQueue};
use super::wire::{Ask, RowLine, Say};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{HostSpec, Hosted, Inventory, definitions};
use crate::supervisor::{Players, Usage};

/// The longest wait for a look: a host has limits of its own for what it asks.
const LOOK: Duration = Duration::from_secs(20);

/// The longest wait for a check, which asks engines and looks at disks.
const CHECK: Duration = Duration::from_secs(60);

/// The longest wait for counts of players: games have less there to answer.
const COUNTS: Duration = Duration::from_secs(5);

/// The hosts of an inventory.
#[derive(Default)]
pub struct RemoteHosts {
    known: StdMutex<HashMap<String, Arc<RemoteHost>>>,
    /// Those that only records name.
    former: StdMutex<Vec<Arc<RemoteHost>>>,
    /// The `run` for which their instances are kept there.
    keeping: Option<Arc<Keeping>>,
}

impl RemoteHosts {
    /// Makes the hosts of a `run`: what is followed there is kept there.
    pub fn of_run(keeping: Keeping) -> Self {
        Self {
            keeping: Some(Arc::new(keeping)),
            ..Self::default()
        }
    }

    /// Ends the keeping on all of them. Returns what has to be said of it.
    pub async fn release(&self) -> Vec<String> {
        let mut ends = JoinSet::new();
        for remote in self.all() {
            ends.spawn(async move {
                match &remote.kept {
                    Some(kept) => kept.release().await,
                    None => None,
                }
            });
        }
        let mut said = Vec::new();
        while let Some(ended) = ends.join_next().await {
            said.extend(ended.ok().flatten());
        }
        said
    }

    /// Returns who else keeps the instances of a host.
    pub fn other_keeper(&self, host: &str) -> Option<String> {
        self.get(host)?.kept.as_ref()?.another()
    }

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
            let called = CalledHost::new(spec, definitions(instances), folder);
            if !known.get(name).is_some_and(|old| old.called.is_same(&called)) {
                let remote = RemoteHost::new(called, self.keeping.as_ref());
                known.insert(name.to_owned(), Arc::new(remote));
            }
        }
    }

    /// Returns the host of a record, which knows its instances by its own records alone.
    pub fn on_record(&self, spec: HostSpec) -> Arc<RemoteHost> {
        let mut former = self.former.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = former.iter().find(|known| *known.spec() == spec) {
            return Arc::clone(known);
        }
        let called = CalledHost::new(Arc::new(spec), definitions([]), None);
        let remote = Arc::new(RemoteHost::new(called, None));
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
    called: Arc<CalledHost>,
    looks: LookQueue,
    /// The looks that measure, too.
    measures: LookQueue,
    counts: CountQueue,
    watches: Arc<WatchQueue>,
    /// The keeping of its instances, for a `run`.
    kept: Option<Arc<KeptHost>>,
}

impl RemoteHost {
    fn new(called: CalledHost, keeping: Option<&Arc<Keeping>>) -> Self {
        let (called, watches) = (Arc::new(called), Arc::<WatchQueue>::default());
        let kept = keeping.map(|keeping| {
            let (called, watches) = (Arc::clone(&called), Arc::clone(&watches));
            Arc::new(KeptHost::new(Arc::clone(keeping), called, watches))
        });
        Self {
            called,
            looks: LookQueue::default(),
            measures: LookQueue::default(),
            counts: CountQueue::default(),
            watches,
            kept,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.called.name()
    }

    pub(super) fn spec(&self) -> &HostSpec {
        self.called.spec()
    }

    /// Returns the account there, as it introduced itself last.
    pub(super) fn account(&self) -> Option<String> {
        self.called.account()
    }

    /// Makes sure that the host can be asked.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) async fn reach(&self) -> Result<(), Failure> {
        self.called.connection().await.map(drop)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the host cannot be reached: nothing was asked then.
    pub(super) async fn call(&self, ask: Ask) -> Result<Call, Failure> {
        self.called.call(ask).await
    }

    /// Looks at an instance, together with all that are looked at by now.
    pub(super) async fn look(self: &Arc<Self>, id: &str) -> Result<RowLine, Failure> {
        self.look_or_measure(id, false).await
    }

    /// Measures what an instance uses, together with all that are measured by now.
    pub(super) async fn measure(self: &Arc<Self>, id: &str) -> Option<Usage> {
        self.look_or_measure(id, true).await.ok()?.usage
    }

    fn queue(&self, measures: bool) -> &LookQueue {
        if measures { &self.measures } else { &self.looks }
    }

    async fn look_or_measure(self: &Arc<Self>, id: &str, usage: bool) -> Result<RowLine, Failure> {
        let (is_first, looked) = self.queue(usage).add(id);
        if is_first {
            let remote = Arc::clone(self);
            // A task of its own: others wait for it, too.
            tokio::spawn(async move {
                // The others of this turn come before it is sent.
                tokio::task::yield_now().await;
                let mut asked = None;
                let take = || {
                    let ids = asked.insert(remote.queue(usage).take()).ids();
                    Ask::Look { ids, usage }
                };
                let rows = match remote.called.ask_early(take).await {
                    Ok(call) => remote.rows(call).await,
                    Err(failure) => Err(failure),
                };
                let batch = asked.unwrap_or_else(|| remote.queue(usage).take());
                batch.answer(rows);
            });
        }
        looked
            .await
            .unwrap_or_else(|_| Err(Failure::unknown("the look was given up")))
    }

    /// Asks how many play at an instance that runs, together with all that are asked for by
    /// now. Nobody is called for that: without a connection nothing is known.
    pub(super) async fn count(self: &Arc<Self>, id: &str) -> Option<Players> {
        let (is_first, counted) = self.counts.add(id);
        if is_first {
            let remote = Arc::clone(self);
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                // Its end is the answer for those who have none by then.
                let _ = timeout(COUNTS, remote.pass_counts_on(remote.counts.take())).await;
            });
        }
        counted.await.ok()
    }

    async fn pass_counts_on(&self, mut askers: Askers) -> Result<(), Failure> {
        let Some(connection) = self.called.known_connection().await else {
            return Ok(());
        };
        let ask = Ask::Players { ids: askers.ids() };
        let mut call = self.called.call_over(&connection, ask).await?;
        while let (Say::Players(count), _) = call.next().await? {
            askers.answer(&count);
        }
        Ok(())
    }

    /// Follows an instance, together with all that are followed by now; for a `run` it is
    /// also kept there. Sends its row, and again after each change; a failure as long as the host cannot be asked. Ends when
    /// the receiver is dropped.
    pub(super) fn watch(self: &Arc<Self>, id: &str) -> mpsc::UnboundedReceiver<Result<RowLine, Failure>> {
        let (is_first, rows) = self.watches.add(id);
        if let Some(kept) = &self.kept {
            kept.follow_more();
        } else if is_first {
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
            Err(_) => Err(self.called.silent(CHECK)),
        };
        match answered {
            Ok(findings) => {
                let greeted = self
                    .called
                    .connection()
                    .await
                    .ok()
                    .map(|connection| connection.finding(name));
                let findings = findings.into_iter().map(|finding| finding.on(name));
                greeted.into_iter().chain(findings).collect()
            }
            Err(failure) => vec![host_check::fault("host", name, failure)],
        }
    }

    async fn rows(&self, mut looked: Call) -> Result<Vec<RowLine>, Failure> {
        match timeout(LOOK, looked.next()).await {
            Ok(Ok((Say::Rows { rows }, _))) => Ok(rows),
            Ok(Ok(_)) => Err(Failure::unknown(format!("{}: it answers something else", self.name()))),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(self.called.silent(LOOK)),
        }
    }
}
