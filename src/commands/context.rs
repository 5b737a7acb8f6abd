//! The surroundings of every command.

use crate::cli::{Cli, Selection};
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, Host, Scope};
use crate::invocation::command;
use crate::sys::host;
use crate::ui::Screen;

pub(super) struct Context<'a> {
    pub(super) screen: &'a Screen,
    pub(super) cli: &'a Cli,
}

impl Context<'_> {
    pub(super) fn host(&self) -> Result<Host, Error> {
        Host::open(self.cli.inventory.as_deref(), self.cli.common.state_dir.as_deref())
    }

    /// Opens the inventory for a verb that passes over instances with mistakes:
    /// one wrong key must not keep a person from stopping and reading the
    /// others. Tells the mistakes, unless the scope is of whole instances, and
    /// returns the exit code that they mean.
    pub(super) fn host_of_whole(&self, scope: Scope<'_>) -> Result<(Host, Option<u8>), Error> {
        let host = Host::open_whole(self.cli.inventory.as_deref(), self.cli.common.state_dir.as_deref())?;
        let code = host.mistakes_in(scope).map(|problems| {
            self.screen.passed_over(problems);
            FailureKind::Inventory.exit_code()
        });
        Ok((host, code))
    }

    /// Opens the inventory for what is done to a single instance, which must be
    /// whole.
    pub(super) fn host_of_one(&self, selector: &str) -> Result<Host, Error> {
        let host = Host::open_whole(self.cli.inventory.as_deref(), self.cli.common.state_dir.as_deref())?;
        without_mistakes(host, &[selector.to_owned()])
    }
}

/// Returns a host whose inventory has no mistake where one looks.
///
/// # Errors
/// With the mistakes there.
pub(super) fn without_mistakes(host: Host, selectors: &[String]) -> Result<Host, Error> {
    match host.mistakes_in(Scope::Matching(selectors)).cloned() {
        None => Ok(host),
        Some(problems) => Err(Error::Problems(problems)),
    }
}

/// Returns the scope of a verb that needs one to be typed.
pub(super) fn typed<'a>(verb: &str, selected: &'a Selection) -> Result<Scope<'a>, Failure> {
    match selected.selectors.as_slice() {
        [] if selected.all => Ok(Scope::Listed),
        [] => Err(
            Failure::new(FailureKind::Usage, format!("{verb} what? No instance was named")).hint(format!(
                "name instances, as in {}, or say {}",
                command(format_args!("{verb} ID")),
                command(format_args!("{verb} --all"))
            )),
        ),
        selectors => Ok(Scope::Matching(selectors)),
    }
}

/// Returns the scope of a verb that means everything where none is typed.
pub(super) fn typed_or_everything(selected: &Selection) -> Scope<'_> {
    match selected.selectors.as_slice() {
        [] => Scope::Everything,
        selectors => Scope::Matching(selectors),
    }
}

/// Makes the runtime of a command that waits.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    // Without these the runtime would not fail, but panic.
    const DESCRIPTORS: usize = 8;
    host::room_for_descriptors(DESCRIPTORS).map_err(|error| {
        let (what, hint) = (error.to_string(), "raise the limit: `ulimit -n 1024`");
        Failure::failed(format!("cannot begin: {what}")).hint(hint)
    })?;
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
