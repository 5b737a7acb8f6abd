//! The collector of problems, with what all readers share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::inventory::model::bare_name::BareName;
use crate::inventory::model::schedule::Schedule;
use crate::inventory::report::found::Found;
use crate::inventory::text::node::Span;

/// A lookup of the variables that a file refers to.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The most values that all instances may have together: what defaults and
/// aliases say once can multiply.
const BUDGET: usize = 1_000_000;

/// The reason why a pattern is no regular expression, and the place in it.
type Verdict = Option<(String, usize)>;

/// The problems found so far, and what the readers share.
pub(crate) struct Collector<'a> {
    folder: &'a Path,
    env: Env<'a>,
    found: Vec<Found>,
    /// The programs that were looked for by their bare names.
    programs: HashMap<OsString, PathBuf>,
    /// The verdicts on regular expressions, which instances tend to share.
    patterns: HashMap<String, Verdict>,
    /// The schedules that were read, by their keys: instances tend to share them, too.
    schedules: HashMap<String, Arc<Schedule>>,
    /// `None` when it is used up.
    budget: Option<usize>,
    is_whole: bool,
    /// True while what is read belongs to another host.
    is_elsewhere: bool,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(folder: &'a Path, env: Env<'a>) -> Self {
        Self {
            folder,
            env,
            found: Vec::new(),
            programs: HashMap::new(),
            patterns: HashMap::new(),
            schedules: HashMap::new(),
            budget: Some(BUDGET),
            is_whole: false,
            is_elsewhere: false,
        }
    }

    /// Returns a schedule, as the one that was read before where they are equal.
    pub(super) fn shared(&mut self, schedule: Schedule) -> Arc<Schedule> {
        match self.schedules.entry(schedule.key()) {
            Entry::Occupied(known) if **known.get() == schedule => Arc::clone(known.get()),
            Entry::Occupied(_) => Arc::new(schedule),
            Entry::Vacant(place) => Arc::clone(place.insert(Arc::new(schedule))),
        }
    }

    /// Notes a problem.
    pub(crate) fn problem(&mut self, at: Span, message: impl Into<String>) -> &mut Found {
        self.found.push(Found {
            at,
            message: message.into(),
            hint: None,
            related: None,
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// Returns how many problems were noted.
    pub(crate) fn problems(&self) -> usize {
        self.found.len()
    }

    /// Gives the problem that was found last a hint, unless it has one.
    pub(crate) fn hint_last(&mut self, hint: String) {
        if let Some(last) = self.found.last_mut() {
            last.hint.get_or_insert(hint);
        }
    }

    pub(crate) fn into_problems(self) -> Vec<Found> {
        self.found
    }

    /// Takes `values` from the budget. Returns false when it is used up, which
    /// is a problem the first time.
    pub(crate) fn spend(&mut self, values: usize, at: Span) -> bool {
        let Some(budget) = self.budget else {
            return false;
        };
        self.budget = budget.checked_sub(values);
        if self.budget.is_none() {
            let message = format!("with what defaults and aliases repeat, there are more than {BUDGET} values by here");
            self.problem(at, message)
                .hint("make the defaults, or what is aliased, smaller");
        }
        self.budget.is_some()
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.budget.is_none()
    }

    /// Makes [`Collector::is_whole`] true or false.
    pub(crate) fn set_whole(&mut self, is_whole: bool) {
        self.is_whole = is_whole;
    }

    /// Returns true when everything that is inherited is there, so that what is
    /// missing or does not fit together is a problem.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Makes relative paths a problem, or none.
    pub(crate) fn set_elsewhere(&mut self, is_elsewhere: bool) {
        self.is_elsewhere = is_elsewhere;
    }

    /// Returns true while what is read belongs to another host, whose folders are not
    /// known here.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Returns the inventory's folder.
    pub(crate) fn folder(&self) -> &'a Path {
        self.folder
    }

    pub(crate) fn env(&self) -> Env<'a> {
        self.env
    }

    /// Returns the path of a program that is given by its bare name.
    pub(crate) fn program(&mut self, name: &OsStr) -> PathBuf {
        if let Some(known) = self.programs.get(name) {
            return known.clone();
        }
        let bare = BareName {
            name: name.to_owned(),
            folder: self.folder.to_owned(),
        };
        let found = bare.find((self.env)("PATH").as_deref());
        self.programs.insert(name.to_owned(), found.clone());
        found
    }

    /// Returns the verdict on a pattern. `judge` is asked once for each.
    pub(crate) fn verdict(&mut self, pattern: &str, judge: fn(&str) -> Verdict) -> Verdict {
        if let Some(known) = self.patterns.get(pattern) {
            return known.clone();
        }
        let verdict = judge(pattern);
        self.patterns.insert(pattern.to_owned(), verdict.clone());
        verdict
    }
}
