//! `gamectl host`.

use super::context::Context;
use super::signals::unless_interrupted;
use crate::cli::{HostAction, HostArgs};
use crate::host::{Error, Scope};
use crate::report::verdict;

pub(super) async fn run(context: &Context<'_>, asked: &HostArgs) -> Result<u8, Error> {
    // What is wrong with an instance is nothing to its host.
    let (host, _) = context.host_of_whole(Scope::Matching(&[]))?;
    unless_interrupted(async {
        let findings = match asked.action {
            HostAction::Check => host.check_hosts(&asked.hosts).await?,
            HostAction::Install => host.install_on_hosts(&asked.hosts, asked.dry_run).await?,
        };
        context.screen.findings(&findings);
        Ok(verdict::of_findings(&findings))
    })
    .await
}
