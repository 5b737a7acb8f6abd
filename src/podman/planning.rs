//! The steps that `start` and `stop` would take, in words.

use super::game::PodmanGame;
use crate::containers::SeenGroup;
use crate::inventory::{PodmanObject, StopStep};
use crate::supervisor::{PlannedStep, StartOptions, StopOptions, VerbPlan};

impl VerbPlan for PodmanGame {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let call = match &self.spec().object {
            PodmanObject::Container(name) => format!("podman start {name}"),
            PodmanObject::Pod(name) => format!("podman pod start {name}"),
        };
        let whose = match self.engine().user() {
            Some(user) => format!(", as user {user}"),
            None => String::new(),
        };
        let first = format!(
            "let it go on if it is paused, else start {}{whose}: {call}",
            self.spec().object
        );
        let ready = self.group().ready();
        let also = match ready.probes.is_empty() {
            true => "",
            false => ", and its probes hold",
        };
        let until = format!("it is up and healthy{also}");
        let wait = PlannedStep::wait_until_ready(options, ready.timeout, &until);
        vec![PlannedStep::new(first, "podman"), wait]
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        let object = &self.spec().object;
        let mut steps = Vec::new();
        if options.now {
            let does = format!("stop {object} by the stop signal of its containers, and kill what is left after 5 s");
            steps.push(PlannedStep::new(does, "--now"));
        } else if self.stop_chain().is_empty() {
            let does = format!(
                "stop {object} by the stop signal of its containers, each within its own grace period: podman stop"
            );
            steps.push(PlannedStep::new(does, "the containers, as they were made"));
        } else {
            steps.extend(self.stop_chain().iter().map(planned));
            steps.push(PlannedStep::new(
                "kill what is left: podman stop -t 0",
                "the end of each chain",
            ));
        }
        steps.push(PlannedStep::new("keep the containers", "a stop removes nothing"));
        steps
    }
}

fn planned(step: &StopStep) -> PlannedStep {
    let wait = humantime::format_duration(step.wait);
    PlannedStep::new(format!("{}, then wait up to {wait} for its end", step.action), "stop")
}
