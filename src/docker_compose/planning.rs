//! The steps that `start` and `stop` would take with a stack, in words.

use super::stack::ComposeStack;
use super::tool::files;
use crate::supervisor::{PlannedStep, StartOptions, StopOptions, VerbPlan};

impl VerbPlan for ComposeStack {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let spec = self.spec();
        let services = match spec.services.as_slice() {
            [] => "its services".to_owned(),
            some => some.join(", "),
        };
        let up = format!(
            "create what is missing or has changed of project {}, and start {services}: compose up",
            spec.project
        );
        let also = match self.ready().probes.is_empty() {
            true => "",
            false => ", and its probes hold",
        };
        let until = format!("each of them is up and healthy{also}");
        let wait = PlannedStep::wait_until_ready(options, self.ready().timeout, &until);
        vec![
            PlannedStep::new(format!("let compose validate {}", files(spec)), "docker_compose"),
            PlannedStep::new(up, "docker_compose"),
            wait,
        ]
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        let project = &self.spec().project;
        let (how, cause) = match options.now {
            true => (
                "all at once, each by its own signal, and kill what is left after 5 s",
                "--now",
            ),
            false => (
                "those that depend on others first, each by its own signal and within its own grace period",
                "the compose file, as it was when they were created",
            ),
        };
        vec![
            PlannedStep::new(format!("stop every container of project {project}, {how}"), cause),
            PlannedStep::new("keep the containers", "a stop removes nothing"),
        ]
    }
}
