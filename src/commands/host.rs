//! `gamectl host`.

use tokio::sync::mpsc;

use super::context::Context;
use super::signals::unless_interrupted;
use crate::cli::{HostAction, HostArgs};
use crate::event::CopyEvent;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::host::{Error, Host, Scope};
use crate::report::verdict;
use crate::ui::{CopyView, TICK};

pub(super) async fn run(context: &Context<'_>, asked: &HostArgs) -> Result<u8, Error> {
    // What is wrong with an instance is nothing to its host.
    let (host, _) = context.host_of_whole(Scope::Matching(&[]))?;
    unless_interrupted(async {
        let findings = match asked.action {
            HostAction::Check => host.check_hosts(&asked.hosts).await?,
            HostAction::Install => install(context, &host, asked).await?,
        };
        context.screen.findings(&findings);
        Ok(verdict::of_findings(&findings))
    })
    .await
}

async fn install(context: &Context<'_>, host: &Host, asked: &HostArgs) -> Result<Vec<Finding>, Failure> {
    let (events, copies) = mpsc::unbounded_channel();
    let installed = host.install_on_hosts(&asked.hosts, asked.dry_run, events);
    let (findings, ()) = tokio::join!(installed, show(context.screen.copies(), copies));
    findings
}

async fn show(mut view: CopyView, mut copies: mpsc::UnboundedReceiver<CopyEvent>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            copy = copies.recv() => match copy {
                Some(copy) => view.event(&copy),
                None => return,
            },
            _ = ticks.tick() => view.tick(),
        }
    }
}
