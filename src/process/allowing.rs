//! Whether a shim may launch its game again without being asked, and telling it
//! so.

use std::time::Duration;

use super::shim::client::Client;
use super::shim::wire::Request;
use super::supervisor::ProcessSupervisor;
use crate::supervisor::Allowance;

/// How long after a crash is looked what its shim has made of it.
const AFTERWARDS: Duration = Duration::from_millis(100);

/// How long a shim may take to read what it is told.
const LIMIT: Duration = Duration::from_secs(1);

impl ProcessSupervisor {
    /// Whether it is kept by a resident supervisor, and not only looked at or
    /// started by a command.
    pub(super) fn is_resident(&self) -> bool {
        self.takes_over && self.changes.is_some()
    }

    /// Whether a crash of what we have launched is followed by another launch
    /// at once: then its shim is kept for that.
    pub(super) fn renews(&self) -> bool {
        self.is_resident() && self.policy.delay.is_zero()
    }

    /// Whether that launch is sure to be the same as the last: it depends on no
    /// file that may have changed.
    pub(super) fn repeats(&self) -> bool {
        self.spec.as_deref().is_some_and(|spec| spec.env_file.is_none())
    }
}

/// The launch for which a shim was told that it may launch the next by itself.
#[derive(Default)]
pub(super) struct Allowed(Option<u64>);

impl Allowed {
    /// Tells a shim what is allowed for this launch of so many restarts, where
    /// that is another thing than it was told. False when it must be taken back:
    /// then the connection has to end.
    pub(super) async fn tell(
        &mut self,
        line: Option<&Client>,
        launch: Option<(u64, u32)>,
        allows: Option<Allowance>,
    ) -> bool {
        let Some((generation, restarts)) = launch else {
            return true;
        };
        let is_told = self.0.take() == Some(generation);
        let wanted = allows.filter(|allowance| allowance.restarts == restarts + 1);
        match (line, wanted) {
            (_, None) => return !is_told,
            (_, Some(_)) if is_told => self.0 = Some(generation),
            (Some(client), Some(allowance)) => {
                let request = Request::Allow { generation, allowance };
                let sent = tokio::time::timeout(LIMIT, client.send(&request)).await;
                self.0 = matches!(sent, Ok(Ok(()))).then_some(generation);
            }
            (None, Some(_)) => {}
        }
        true
    }

    /// How long a change of its folder is left alone. A crash is its shim's
    /// affair then: a look would only be in the way of the next launch. What
    /// cannot wait comes over the line.
    pub(super) fn patience(&self) -> Duration {
        self.0.map_or(Duration::ZERO, |_| AFTERWARDS)
    }
}
