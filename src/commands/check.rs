//! `gamectl check`.

use super::context::Context;
use super::signals::unless_interrupted;
use crate::host::Error;
use crate::report::verdict;

pub(super) async fn run(context: &Context<'_>) -> Result<u8, Error> {
    let host = context.host()?;
    unless_interrupted(async {
        let findings = host.check().await;
        context.screen.findings(&findings);
        Ok(verdict::of_findings(&findings))
    })
    .await
}
