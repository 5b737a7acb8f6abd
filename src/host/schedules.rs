//! The firings that come, and those that are to be skipped.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Host, Scope};
use crate::event::{ComingFiring, ScheduleView};
use crate::failure::Failure;
use crate::inventory::{ClockZone, Instance, Schedule};
use crate::invocation::command;
use crate::policy::schedule::{Firing, Timeline};
use crate::store::{lock, schedule};
use crate::sys::clock;

/// The firings of one schedule that are looked through for one that is not skipped.
const SKIPPED_MAX: usize = 1000;

/// The firings to skip, and what is decided, of one instance.
#[derive(Default)]
struct OnRecord {
    skips: Vec<(String, i64)>,
    decided: HashMap<String, i64>,
}

impl OnRecord {
    /// Returns the firings of a schedule that come, each with whether it is skipped: the
    /// first one that is not is the last.
    fn coming(&self, id: &str, of: &Schedule, now: i64) -> Vec<(Firing, bool)> {
        let key = of.key();
        let line = Timeline::new(id, of);
        // A firing that is delayed by jitter has been planned before now.
        let mut after = self
            .decided
            .get(&key)
            .copied()
            .unwrap_or(now)
            .max(now - of.jitter_seconds());
        let mut coming = Vec::new();
        while let Some(next) = line.next(after) {
            after = next.planned;
            if next.at < now {
                continue;
            }
            let is_skipped = self.skips.iter().any(|(of, at)| *of == key && *at == next.planned);
            coming.push((next, is_skipped));
            if !is_skipped || coming.len() == SKIPPED_MAX {
                break;
            }
        }
        coming
    }
}

impl Host {
    /// Returns what the schedules of the instances in a scope will do next.
    ///
    /// # Errors
    /// When a selector matches nothing.
    pub fn schedules(&self, scope: Scope<'_>) -> Result<ScheduleView, Failure> {
        let now = clock::wall_seconds();
        let here = ClockZone::of_this_machine();
        let mut firings = Vec::new();
        for instance in self.scheduled(scope)? {
            let record = self.on_record(&instance.id)?;
            for one in &instance.schedules {
                for (firing, is_skipped) in record.coming(&instance.id, one, now) {
                    firings.push(shown(instance, one, firing, is_skipped, &here));
                }
            }
        }
        firings.sort_by_key(|firing| (firing.at, firing.id.clone()));
        let run = match self.state()? {
            Some(state) => lock::run_holder(&state).map(|holder| holder.0),
            None => None,
        };
        Ok(ScheduleView { run, now, firings })
    }

    /// Has the next firing of the one instance that a selector matches skipped. Returns it,
    /// with whether it was to be skipped already.
    ///
    /// # Errors
    /// When the instance has no schedule, or that cannot be put on record.
    pub fn skip_next(&self, selector: &str) -> Result<(ComingFiring, bool), Failure> {
        let id = self
            .the_one(selector, "one firing is skipped at a time")?
            .id()
            .to_owned();
        let now = clock::wall_seconds();
        let record = self.on_record(&id)?;
        let instance = self.inventory.get(&id);
        let mut coming: Vec<(Firing, bool, &Schedule)> = Vec::new();
        for one in instance
            .into_iter()
            .flat_map(|instance| &instance.schedules)
            .map(Arc::as_ref)
        {
            let next = record.coming(&id, one, now).into_iter().next();
            coming.extend(next.map(|(firing, is_skipped)| (firing, is_skipped, one)));
        }
        coming.sort_by_key(|(firing, ..)| *firing);
        let (Some(instance), Some((firing, was_skipped, one))) = (instance, coming.first()) else {
            let hint = format!("{} shows what has one", command("schedule"));
            return Err(Failure::failed("it has no schedule").of(&id).hint(hint));
        };
        if !was_skipped {
            let folder = self.create_state()?.create_instance(&id)?;
            schedule::skip(&folder, &one.key(), firing.planned, now).map_err(|error| {
                Failure::failed(format!("that cannot be put on record: {error}"))
                    .of(&id)
                    .hint("it will be done at its time; free some space or mend the state directory")
            })?;
        }
        let here = ClockZone::of_this_machine();
        Ok((shown(instance, one, *firing, true, &here), *was_skipped))
    }

    fn scheduled(&self, scope: Scope<'_>) -> Result<Vec<&Instance>, Failure> {
        let chosen = match scope {
            Scope::Listed | Scope::Everything => None,
            Scope::Matching(_) => Some(self.choose(&self.for_verbs()?, scope, &[])?),
        };
        let is_chosen = |id: &str| {
            let chosen = chosen.as_ref();
            chosen.is_none_or(|members| members.iter().any(|member| member.id() == id))
        };
        Ok(self
            .inventory
            .instances
            .iter()
            .map(Arc::as_ref)
            .filter(|one| is_chosen(&one.id))
            .collect())
    }

    fn on_record(&self, id: &str) -> Result<OnRecord, Failure> {
        let cannot =
            |why: String| Failure::unknown(format!("what was done by its schedules is not known: {why}")).of(id);
        let folder = match self.state()? {
            Some(state) => state.instance(id).map_err(|error| cannot(error.to_string()))?,
            None => None,
        };
        let Some(folder) = folder else {
            return Ok(OnRecord::default());
        };
        let record = schedule::read(&folder).map_err(|error| cannot(error.to_string()))?;
        Ok(OnRecord {
            skips: schedule::skips(&folder).map_err(|error| cannot(error.to_string()))?,
            decided: record.unwrap_or_default().decided.into_iter().collect(),
        })
    }
}

fn shown(instance: &Instance, one: &Schedule, firing: Firing, is_skipped: bool, here: &ClockZone) -> ComingFiring {
    let zone = one.calendar.zone();
    let mut does = one.deed.in_words();
    if let Some(wait) = &one.when_empty {
        does.push_str(match (wait.max_wait, wait.or_skip) {
            (None, _) => ", once nobody plays",
            (Some(_), true) => ", if nobody plays in time",
            (Some(_), false) => ", once nobody plays, or after a while",
        });
    }
    if one.warn.is_some() {
        does.push_str(", with warnings");
    }
    ComingFiring {
        id: instance.id.clone(),
        host: instance.host().map(str::to_owned),
        at: firing.at,
        planned: firing.planned,
        here: here.show(firing.at),
        there: zone.show_short(firing.planned),
        is_of_here: zone.show(firing.planned) == here.show(firing.at),
        at_rfc3339: here.rfc3339(firing.at).unwrap_or_default(),
        planned_rfc3339: zone.rfc3339(firing.planned).unwrap_or_default(),
        cron: one.calendar.text().to_owned(),
        timezone: zone.place().map(str::to_owned),
        deed: one.deed.as_str(),
        does,
        is_skipped,
    }
}
