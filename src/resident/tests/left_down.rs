//! An instance that stays down says so when it is first seen, and how it is started.

use std::sync::Arc;

use super::core::{Bench, without_delay};
use crate::event::{Level, Want};
use crate::inventory::Instance;
use crate::invocation::command;
use crate::policy::restart::StayReason;
use crate::resident::core::Core;
use crate::resident::left_down::standing_trouble;
use crate::resident::step::{Effect, Input};
use crate::store::history::{Restarts, Trouble};
use crate::supervisor::{Facts, InstanceState, Observation};

fn logged(effects: &[Effect]) -> Vec<(Level, &str)> {
    fn log(effect: &Effect) -> Option<(Level, &str)> {
        match effect {
            Effect::Log(level, text, _) => Some((*level, text)),
            _ => None,
        }
    }
    effects.iter().filter_map(log).collect()
}

fn down(note: Option<&str>) -> Facts {
    Facts::bare(InstanceState::Stopped, note.map(str::to_owned))
}

#[test]
fn what_is_not_wanted_running_says_so_and_what_is_started_does_not() {
    let start = command("start a");
    let stopped = format!("stopped by you; {start} starts it");
    let not_by_itself = format!("its `autostart` is false; {start} starts it");
    let (stopped, not_by_itself) = (Some(stopped.as_str()), Some(not_by_itself.as_str()));
    for (autostart, want, note, said) in [
        (true, None, None, None),
        (true, Some(Want::Running), None, None),
        (true, Some(Want::Stopped), None, stopped),
        (false, Some(Want::Stopped), None, stopped),
        (false, Some(Want::Running), None, None),
        (false, None, None, not_by_itself),
        (false, None, Some("of its plane"), None),
    ] {
        let instance = Instance {
            autostart,
            ..without_delay()
        };
        let mut bench = Bench::new(instance);
        bench.want(want);
        let facts = down(note);
        let effects = bench.step(Input::Observed(Observation::Known(Box::new(facts.clone()))));
        let case = format!("{autostart} {want:?} {note:?}");
        assert_eq!(
            logged(&effects),
            said.map(|said| (Level::Info, said)).as_slice(),
            "{case}"
        );
        assert_eq!(
            bench.core.note(&facts, &bench.moment).as_deref(),
            said.or(note),
            "{case}"
        );
        // It is said once.
        let effects = bench.step(Input::Observed(Observation::Known(Box::new(facts))));
        assert_eq!(logged(&effects), [], "{case}");
        bench.step(Input::Listed(false));
        let note = bench.core.note(&down(None), &bench.moment);
        assert_eq!(
            note.as_deref(),
            Some("no longer in the inventory"),
            "it cannot be started"
        );
    }
}

#[test]
fn what_an_earlier_run_gave_up_says_how_it_is_tried_again() {
    let again = format!("held: x; {} tries again", command("start a"));
    let again = again.as_str();
    for (stays, said) in [
        (None, "held: x"),
        (Some(StayReason::Never), "held: x"),
        (Some(StayReason::GaveUp), again),
        (Some(StayReason::Held), again),
    ] {
        let record = Restarts {
            stays,
            trouble: Some(Trouble {
                why: "held: x".to_owned(),
                intent_ms: 0,
            }),
            ..Restarts::default()
        };
        let mut bench = Bench::new(without_delay());
        bench.core = Core::new(Arc::clone(bench.core.instance()), record);
        let trouble = |bench: &Bench| standing_trouble(bench.core.instance(), bench.core.restarts(), &bench.moment);
        assert_eq!(trouble(&bench).as_deref(), Some(said));
        let effects = bench.step(Input::Observed(Observation::Known(Box::new(down(None)))));
        let told: &[_] = if stays.is_some() { &[(Level::Error, said)] } else { &[] };
        assert_eq!(logged(&effects), told, "{stays:?}");
        bench.want(Some(Want::Running));
        assert_eq!(trouble(&bench), None, "somebody has started it since");
    }
}
