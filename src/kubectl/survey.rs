//! Checks of what an object needs: a cluster that answers, the object, and the rights.

use super::explain;
use super::managed::ManagedObject;
use crate::finding::Finding;
use crate::inventory::{KubectlObject, WorkloadKind};
use crate::supervisor::Survey;

const OBJECT: &str = "object";
const RIGHTS: &str = "rights";

#[async_trait::async_trait]
impl Survey for ManagedObject {
    async fn findings(&self) -> Vec<Finding> {
        let spec = self.spec();
        if let Err(failure) = self.see().await {
            return vec![Finding::of_failure(OBJECT, failure)];
        }
        let place = &spec.place;
        let message = format!("{spec} is in `{}` of `{}`", place.namespace, place.context);
        let mut findings = vec![Finding::ok(OBJECT, message)];
        if !self.may("patch", &explain::target(spec)).await {
            let message = format!("you may not patch {spec}: it can be neither started nor stopped");
            findings.push(Finding::error(RIGHTS, message).hint(format!(
                "have a role with patch on {} bound to you; {} asks again",
                spec.resource(),
                self.engine().shown(format_args!("auth can-i patch {}", explain::target(spec)))
            )));
        }
        let is_cronjob = matches!(&spec.object, KubectlObject::Workload { kind, .. } if *kind == WorkloadKind::CronJob);
        if is_cronjob && !self.may("delete", "jobs.batch").await {
            let message = "you may not delete jobs: a stop lets those that run come to their end";
            findings.push(Finding::warning(RIGHTS, message));
        }
        findings.extend(self.miscount().await);
        findings
    }
}

impl ManagedObject {
    /// Asks whether something may be done; what cannot be found out may be.
    async fn may(&self, verb: &str, what: &str) -> bool {
        let asked = self.engine().call(["auth", "can-i", verb, what]).await;
        !asked.is_ok_and(|done| done.word() == "no" || done.word().starts_with("no -"))
    }
}
