//! `gamectl notify`.

use super::context::Context;
use super::signals::unless_interrupted;
use crate::cli::NotifyArgs;
use crate::host::Error;
use crate::report::verdict;

pub(super) async fn run(context: &Context<'_>, notify: &NotifyArgs) -> Result<u8, Error> {
    let host = context.host_of_one(&notify.id)?;
    unless_interrupted(async {
        let findings = host.try_notify(&notify.id).await?;
        context.screen.findings(&findings);
        Ok(verdict::of_findings(&findings))
    })
    .await
}
