//! One instance in detail: all that can be found out of it at once.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::{Host, OutputAsk, OutputFrom, RowParts, Scope};
use crate::event::Row;
use crate::failure::Failure;
use crate::inventory::Needs;
use crate::invocation::command;
use crate::report::InstanceReport;
use crate::store::history;
use crate::supervisor::{Observation, Supervisor, TreeProcess};
use crate::sys::clock;

/// The time after which a part is left out.
const PART: Duration = Duration::from_secs(5);

/// The number of last lines of its log.
const LINES: u64 = 10;

/// The most bytes of them.
const BYTES: usize = 16 * 1024;

impl Host {
    /// Looks at one instance in detail. A part that is slow is left out, with the reason.
    ///
    /// # Errors
    /// When it is not in the inventory, and was never started.
    pub async fn detail(&self, id: &str) -> Result<InstanceReport, Failure> {
        let supervisor = self.the_one(id, "details are of one")?.supervisor;
        let needs = Needs::of_inventory(&self.inventory);
        let own: Vec<String> = needs.of(id).to_vec();
        let others = self.inventory.instances.iter().map(|instance| &instance.id);
        let dependents: Vec<String> = others
            .filter(|other| needs.of(other).contains(&id.to_owned()))
            .cloned()
            .collect();
        let (row, processes, log, needs, needed_by) = tokio::join!(
            self.own_row(id),
            processes(supervisor.as_ref()),
            self.last_output(id),
            self.states(own),
            self.states(dependents),
        );
        let row = row?;
        Ok(InstanceReport {
            commands: commands(&row),
            processes,
            crashes: self.crashes(id)?,
            needs,
            needed_by,
            next: self.next_firing(id),
            log,
            row,
        })
    }

    /// Returns what its schedules do next, or why that is not known.
    fn next_firing(&self, id: &str) -> Result<Option<(String, String)>, String> {
        let has_any = self.inventory.get(id).is_some_and(|one| !one.schedules.is_empty());
        if !has_any {
            return Ok(None);
        }
        let scope = [id.to_owned()];
        let view = self
            .schedules(Scope::Matching(&scope))
            .map_err(|failure| failure.message)?;
        let next = view.firings.into_iter().find(|firing| !firing.is_skipped);
        Ok(next.map(|next| (next.here, next.does)))
    }

    async fn own_row(&self, id: &str) -> Result<Row, Failure> {
        let wanted = RowParts {
            intent: true,
            players: true,
            usage: true,
        };
        let scope = [id.to_owned()];
        let mut look = self.look(Scope::Matching(&scope), wanted)?;
        look.complete().await;
        let row = look.into_rows().pop();
        row.ok_or_else(|| Failure::unknown("nothing is known of it").of(id))
    }

    /// Returns the states of other instances.
    async fn states(&self, ids: Vec<String>) -> Vec<(String, &'static str)> {
        if ids.is_empty() {
            return Vec::new();
        }
        let wanted = RowParts {
            intent: false,
            players: false,
            usage: false,
        };
        let looked = async {
            let mut look = self.look(Scope::Matching(&ids), wanted).ok()?;
            look.complete().await;
            Some(look.into_rows())
        };
        let rows = timeout(PART, looked).await.ok().flatten().unwrap_or_default();
        let label = |id: &str| rows.iter().find(|row| row.id == id).map_or("unknown", Row::label);
        ids.iter().map(|id| (id.clone(), label(id))).collect()
    }

    async fn last_output(&self, id: &str) -> Result<Vec<u8>, String> {
        let read = async {
            let scope = [id.to_owned()];
            let ask = OutputAsk::plain(OutputFrom::LastLines(LINES), false);
            let mut reader = self.logs(Scope::Matching(&scope), ask).await?;
            let mut bytes = Vec::new();
            while let Some((_, piece)) = reader.next().await? {
                bytes.extend(piece);
                let excess = bytes.len().saturating_sub(BYTES);
                bytes.drain(..excess);
            }
            Ok::<_, Failure>(bytes)
        };
        match timeout(PART, read).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(failure)) => Err(failure.message),
            Err(_) => Err(too_slow()),
        }
    }

    /// Returns the times of the crashes that are on record.
    fn crashes(&self, id: &str) -> Result<Vec<SystemTime>, Failure> {
        let Some(state) = self.state()? else {
            return Ok(Vec::new());
        };
        let dir = state.instance(id).ok().flatten();
        let restarts = dir.and_then(|dir| history::read(&dir).ok().flatten());
        let (now, now_ms) = (SystemTime::now(), clock::monotonic_ms());
        let at = |ms: &u64| now.checked_sub(Duration::from_millis(now_ms.saturating_sub(*ms)));
        let crashes = restarts.map(|restarts| restarts.history.crashes).unwrap_or_default();
        Ok(crashes.iter().filter_map(at).collect())
    }
}

async fn processes(supervisor: &dyn Supervisor) -> Result<Option<Vec<TreeProcess>>, String> {
    match supervisor.usage() {
        Some(meter) => timeout(PART, meter.processes())
            .await
            .unwrap_or_else(|_| Err(too_slow())),
        None => Ok(None),
    }
}

fn too_slow() -> String {
    format!("that took more than {} s", PART.as_secs())
}

/// Returns what may be typed next.
fn commands(row: &Row) -> Vec<String> {
    let id = &row.id;
    let logs = || command(format_args!("logs -t {id}"));
    match &row.observation {
        Observation::Unknown { .. } => vec![command("check"), logs()],
        Observation::Known(facts) => match facts.state.as_label() {
            "crashed" => vec![logs(), command("check"), command(format_args!("start {id}"))],
            "starting" | "stopping" => vec![command(format_args!("logs -f {id}"))],
            _ => Vec::new(),
        },
    }
}
