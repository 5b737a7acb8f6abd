//! The record, on this machine, of an instance that was started on another host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::origin::{self, account_on_record, host_on_record, is_same_account};
use crate::failure::Failure;
use crate::inventory::HostSpec;
use crate::store;
use crate::store::StateDir;
use crate::store::origin::Origin;

/// Keeps the record of one instance; nothing is written without a state directory.
pub(super) struct StartRecord {
    state: Option<Arc<StateDir>>,
    origin: Origin,
    /// True once this process has put on record that it runs there.
    is_written: AtomicBool,
}

impl StartRecord {
    pub(super) fn new(plane: &str, host: &HostSpec, state: Option<Arc<StateDir>>) -> Self {
        let inventory = state.as_deref().and_then(StateDir::inventory);
        Self {
            origin: origin::of_host(plane, host, inventory),
            state,
            is_written: AtomicBool::new(false),
        }
    }

    /// Takes what is on record already as it is.
    #[must_use]
    pub(super) fn left_alone(self) -> Self {
        self.is_written.store(true, Ordering::Relaxed);
        self
    }

    /// Puts on record that an instance is started there.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(super) fn starts(&self, id: &str, account: Option<String>) -> Result<(), Failure> {
        let Some(state) = &self.state else { return Ok(()) };
        let dir = state.create_instance(id)?;
        let origin = origin::with_account(self.origin.clone(), account);
        store::origin::record(&dir, &origin).map_err(|error| {
            let place = dir.path().display();
            Failure::failed(format!("its host cannot be put on record in {place}: {error}"))
                .hint("nothing was started; free some space or mend the state directory")
        })?;
        self.is_written.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Puts on record that an instance was seen to run there, whoever has started it.
    pub(super) fn runs(&self, id: &str, account: Option<String>) {
        if !self.is_written.load(Ordering::Relaxed)
            && let Err(error) = self.starts(id, account)
        {
            tracing::warn!(id, %error, "its host is not on record");
        }
    }

    /// Puts on record that nothing of an instance runs there any more.
    pub(super) fn stopped(&self, id: &str, account: Option<&str>) {
        let dir = self.state.as_ref().and_then(|state| state.instance(id).ok().flatten());
        let Some(dir) = dir else { return };
        // A later start elsewhere is not touched.
        let Ok(Some(known)) = store::origin::read(&dir) else {
            return;
        };
        let is_known_by_name = || account.is_some() && account_on_record(&known) == account;
        let is_same_way = match (host_on_record(&known), host_on_record(&self.origin)) {
            (Some(known), Some(own)) => is_same_account(&known, &own),
            _ => false,
        };
        if is_same_way || is_known_by_name() {
            // Without it the host is asked at the next look.
            let _ = store::origin::record_stopped(&dir);
        }
        self.is_written.store(false, Ordering::Relaxed);
    }
}
