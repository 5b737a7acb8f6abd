//! `gamectl check`.

use super::context::Context;
use super::signals::Interrupt;
use crate::host::Error;
use crate::report::verdict;

pub(super) async fn run(context: &Context<'_>) -> Result<u8, Error> {
    let host = context.host()?;
    let mut interrupt = Interrupt::new()?;
    tokio::select! {
        findings = host.check() => {
            context.screen.findings(&findings);
            Ok(verdict::of_findings(&findings))
        }
        signal = interrupt.signalled() => Ok(signal.exit_code()),
    }
}
