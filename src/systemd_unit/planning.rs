//! The steps that `start` and `stop` would take with a unit, in words.

use super::managed::ManagedUnit;
use crate::inventory::{Mask, StopAction};
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{PlannedStep, StartOptions, StopOptions, VerbPlan};

impl VerbPlan for ManagedUnit {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let ready = &self.plan().ready;
        let also = match self.plan().is_ready_by_default() {
            true => "",
            false => ", and its probes hold",
        };
        let until = format!("systemd calls it active{also}");
        let wait = PlannedStep::wait_until_ready(options, ready.timeout, &until);
        let does = format!("have systemd start {}, and what that needs", self.spec().unit);
        vec![PlannedStep::new(does, "systemd"), wait]
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        let mask = Mask::default();
        let mut steps = Vec::new();
        if !options.now {
            for step in &self.plan().stop {
                let action = match &step.action {
                    StopAction::Exec(argv) => format!("exec: {}", mask.words(argv).join(" ")),
                    action => mask.text(&action.to_string()),
                };
                let wait = humantime::format_duration(step.wait);
                let does = format!("{action}, and wait up to {wait} for its end");
                steps.push(PlannedStep::new(does, "stop"));
            }
        }
        let does = format!("have systemd stop {} in its own way and time", self.spec().unit);
        steps.push(PlannedStep::new(does, "systemd"));
        if options.now {
            let does = format!("kill what is left of it after {} s", LEFTOVER_GRACE_MS / 1000);
            steps.push(PlannedStep::new(does, "--now"));
        }
        steps
    }
}
