//! The steps that `start` and `stop` would take with an object, in words.

use serde_json::Value;

use super::managed::ManagedObject;
use super::stopping;
use crate::inventory::{KubectlObject, Mask, StopAction, WorkloadKind};
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{PlannedStep, StartOptions, StopOptions, VerbPlan};

impl VerbPlan for ManagedObject {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let spec = self.spec();
        let does = match &spec.object {
            KubectlObject::Workload {
                kind: WorkloadKind::CronJob,
                ..
            } => format!("let {spec} go on"),
            KubectlObject::Workload { replicas, .. } => match replicas {
                Some(count) => format!("scale {spec} to {count}"),
                None => format!("scale {spec} to as many pods as before its stop"),
            },
            KubectlObject::Resource(resource) => patched(spec, &resource.start),
        };
        let does = format!("{does}, in {} of {}", spec.place.namespace, spec.place.context);
        let also = match self.plan().is_ready_by_default() {
            true => "",
            false => ", and its probes hold",
        };
        let until = format!("its pods are ready{also}");
        let wait = PlannedStep::wait_until_ready(options, self.plan().ready.timeout, &until);
        vec![PlannedStep::new(does, "kubectl"), wait]
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        let (spec, mask) = (self.spec(), Mask::default());
        let mut steps = Vec::new();
        if !options.now {
            for step in &self.plan().stop {
                let action = match &step.action {
                    StopAction::Exec(argv) => format!("exec: {}, in its container", mask.words(argv).join(" ")),
                    action => mask.text(&action.to_string()),
                };
                let wait = humantime::format_duration(step.wait);
                steps.push(PlannedStep::new(
                    format!("{action}, and wait up to {wait} for its end"),
                    "stop",
                ));
            }
        }
        let does = match &spec.object {
            KubectlObject::Resource(resource) => patched(spec, &resource.stop),
            object => format!("{}: {spec}", stopping::label(object)),
        };
        let does = format!("{does}, in {} of {}", spec.place.namespace, spec.place.context);
        steps.push(PlannedStep::new(does, "kubectl"));
        if options.now {
            let does = format!("delete its pods, with {} s each", LEFTOVER_GRACE_MS / 1000);
            steps.push(PlannedStep::new(does, "--now"));
        }
        steps.push(PlannedStep::new("wait until none of its pods is left", "kubectl"));
        steps
    }
}

fn patched(spec: &crate::inventory::KubectlSpec, patch: &Value) -> String {
    format!("patch {spec} with {patch}")
}
