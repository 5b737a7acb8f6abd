//! The surroundings of every command.

use std::ffi::OsString;

use crate::cli::{Cli, Common, Selection as Selected};
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, Host, Selection};
use crate::ui::Screen;

pub(super) struct Context<'a> {
    pub(super) screen: &'a Screen,
    pub(super) cli: &'a Cli,
    pub(super) common: &'a Common,
}

impl Context<'_> {
    /// Opens the inventory.
    pub(super) fn host(&self) -> Result<Host, Error> {
        Host::open(
            self.inventory().map(OsString::as_os_str),
            self.common.state_dir.as_deref(),
        )
    }

    /// Returns the inventory that was named on the command line.
    pub(super) fn inventory(&self) -> Option<&OsString> {
        self.cli.verb.inventory().or(self.cli.inventory.as_ref())
    }
}

/// Returns the selection of a verb that needs one to be typed.
pub(super) fn typed<'a>(verb: &str, selected: &'a Selected) -> Result<Selection<'a>, Failure> {
    match selected.selectors.as_slice() {
        [] if selected.all => Ok(Selection::Listed),
        [] => Err(
            Failure::new(FailureKind::Usage, format!("{verb} what? No instance was named")).hint(format!(
                "name instances, as in `gamectl {verb} ID`, or say `gamectl {verb} --all`"
            )),
        ),
        selectors => Ok(Selection::Matching(selectors)),
    }
}

/// Returns the selection of a verb that means everything where none is typed.
pub(super) fn typed_or_everything(selected: &Selected) -> Selection<'_> {
    match selected.selectors.as_slice() {
        [] => Selection::Everything,
        selectors => Selection::Matching(selectors),
    }
}
