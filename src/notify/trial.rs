//! A message to try out the targets of an instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivery::Delivery;
use super::notice::{Notice, Notification};
use super::retry::{ATTEMPTS, Fate, judge};
use crate::event::{EventKind, Level, LogEntry};
use crate::finding::Finding;
use crate::inventory::Instance;

/// The text of the message.
const TEXT: &str = "this is a test of `notify`; nothing has happened";

/// Sends each target of an instance a message, once. Returns what became of each.
///
/// # Cancel safety
/// Some targets may have been told.
pub async fn try_out(instance: &Instance) -> Vec<Finding> {
    let tried: Vec<_> = instance
        .notify
        .iter()
        .map(|notify| {
            let target = Arc::clone(&notify.target);
            let entry = LogEntry::now(Level::Info, Some(&instance.id), TEXT).of(EventKind::Test);
            let host = instance.host().map(str::to_owned);
            tokio::spawn(async move {
                let notice = Notice::of(&LogEntry { host, ..entry })?;
                let about = target.as_str();
                let notification = Notification {
                    notice,
                    held_back: BTreeMap::new(),
                    lost: 0,
                };
                let answer = Delivery::new(target).attempt(&notification).await;
                Some(match judge(answer, ATTEMPTS, 0.0) {
                    Fate::GivenUp(failure) => Finding::of_failure(about, failure),
                    Fate::Taken | Fate::Again(_) => Finding::ok(about, "a test message was taken"),
                })
            })
        })
        .collect();
    let mut findings = Vec::new();
    for one in tried {
        findings.extend(one.await.ok().flatten().map(|finding| finding.of(&instance.id)));
    }
    findings
}
