//! The steps that `start` and `stop` would take, in words.

use super::game::AmpGame;
use super::order::AmpOrder;
use super::stopping::GRACE;
use crate::inventory::AmpLayer;
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{PlannedStep, StartOptions, StopOptions, VerbPlan};

impl VerbPlan for AmpGame {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let name = &self.spec().instance;
        let also = match self.ready().probes.is_empty() {
            true => "",
            false => ", and its probes hold",
        };
        let until = format!("AMP calls it ready{also}");
        let wait = PlannedStep::wait_until_ready(options, self.ready().timeout, &until);
        if self.spec().access.panel().is_none() {
            let step = format!("have AMP bring up the instance `{name}` with its game: `ampinstmgr -s {name}`");
            let until = match self.ready().probes.is_empty() {
                true => "its instance of AMP runs",
                false => "its instance of AMP runs, and its probes hold",
            };
            let wait = PlannedStep::wait_until_ready(options, self.ready().timeout, until);
            return vec![PlannedStep::new(step, "amp"), wait];
        }
        let instance = AmpOrder::StartInstance.method();
        vec![
            PlannedStep::new(
                format!("have AMP bring up the instance `{name}`, if it is down: {instance}"),
                "amp",
            ),
            PlannedStep::new(format!("have AMP start the game: {}", AmpOrder::Start.method()), "amp"),
            wait,
        ]
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        let name = &self.spec().instance;
        if self.spec().access.panel().is_none() {
            let step = format!("have AMP stop the instance `{name}` with its game: `ampinstmgr -q {name}`");
            return vec![PlannedStep::new(step, "amp")];
        }
        let stop = format!(
            "have AMP stop the game in its own way and time: {}",
            AmpOrder::Stop.method()
        );
        let (after, cause) = match options.now {
            true => (format!("{} s", LEFTOVER_GRACE_MS / 1000), "--now"),
            false => (humantime::format_duration(GRACE).to_string(), "the end of each chain"),
        };
        let kill = format!("have AMP kill it if it runs after {after}: {}", AmpOrder::Kill.method());
        let mut steps = vec![PlannedStep::new(stop, "amp"), PlannedStep::new(kill, cause)];
        steps.push(match self.spec().layer {
            AmpLayer::Application => PlannedStep::new(
                format!("leave the instance `{name}` itself running in AMP"),
                "amp.layer",
            ),
            AmpLayer::Instance => PlannedStep::new(
                format!(
                    "have AMP stop the instance `{name}`: {}",
                    AmpOrder::StopInstance.method()
                ),
                "amp.layer",
            ),
        });
        steps
    }
}
