//! The times of a schedule: a pattern of five fields, read on the clocks of a zone.
//!
//! A time of the pattern is due once, at the first moment at which the clocks show that time
//! or a later one. So one that is left out at a change of the clocks is due when they change,
//! and one that comes twice is due the first time.

use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::Weekday;
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};

use super::zone::ClockZone;

/// The longest time between two days of a pattern that has any: a 29 February that is a
/// Monday can be 40 years away.
const DAYS_MAX: usize = 41 * 366;

/// The first moment of the search for whether there is any: 2026-01-01.
const BEGINNING: i64 = 1_767_225_600;

/// The changes of the clocks that count as one day at most.
const A_DAY: i64 = 24 * 60 * 60;

/// The largest value of the first two fields.
const LARGEST: [(&str, u32); 2] = [("minute", 59), ("hour", 23)];

#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// Shared by the copies of an instance, as the times.
    cron: Arc<Cron>,
    /// The pattern as it was written.
    text: String,
    /// The hours and minutes of each day, in order.
    times: Arc<[(i8, i8)]>,
    zone: ClockZone,
}

impl Calendar {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Returns what is wrong with it, as the end of a sentence, and what to do instead.
    pub fn new(text: &str, zone: ClockZone) -> Result<Self, (String, Option<String>)> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() != 5 {
            let wrong = format!(
                "must have five fields (minute, hour, day of the month, month, day of the week), and has {}",
                fields.len()
            );
            return Err((wrong, Some(advice(text))));
        }
        for ((name, largest), field) in LARGEST.into_iter().zip(&fields) {
            let step = field.rsplit_once('/').and_then(|(_, step)| step.parse::<u32>().ok());
            if step.is_some_and(|step| step > largest) {
                let wrong = format!("has a step in `{field}` that is longer than all of the {name}s");
                return Err((wrong, Some(format!("the largest {name} is {largest}"))));
            }
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let mut cron = parser.parse(text).map_err(|error| {
            let why = error.to_string();
            let why = why.trim_end_matches('.');
            let hint = "minute 0-59, hour 0-23, day 1-31, month 1-12 or JAN-DEC, day of the week 0-7 or SUN-SAT; with `*`, `,`, `-` and `/`";
            (format!("is not a pattern of cron: {why}"), Some(hint.to_owned()))
        })?;
        // Those of all years are 10 KiB, and nobody asks for them.
        cron.pattern.years.clone_from(&cron.pattern.months);
        let hours = cron.pattern.hours.values();
        let minutes = cron.pattern.minutes.values();
        let number = |value: &u16| i8::try_from(*value).ok();
        let of_hour = |hour: i8| minutes.iter().filter_map(number).map(move |minute| (hour, minute));
        let calendar = Self {
            times: hours.iter().filter_map(number).flat_map(of_hour).collect(),
            cron: Arc::new(cron),
            text: fields.join(" "),
            zone,
        };
        match calendar.next_after(BEGINNING) {
            Some(_) => Ok(calendar),
            None => {
                let hint = "such as `0 5 1 * *`, at 05:00 on the first of each month";
                Err(("means a day that never comes".to_owned(), Some(hint.to_owned())))
            }
        }
    }

    /// Returns the pattern.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn zone(&self) -> &ClockZone {
        &self.zone
    }

    /// Returns the first time that is due after a moment; both are seconds since 1970.
    pub fn next_after(&self, moment: i64) -> Option<i64> {
        let shown = self.zone.shown_at(moment)?;
        // What the clocks show already was due before.
        self.forwards(shown).find(|due| *due > moment)
    }

    /// Returns the last time that is due after one moment, and not after another.
    pub fn last_between(&self, after: i64, until: i64) -> Option<i64> {
        // Clocks that were set back had shown a later time already.
        let shown = self.zone.shown_at(until + A_DAY)?;
        self.backwards(shown)
            .find(|due| *due <= until)
            .filter(|due| *due > after)
    }

    /// Returns the shortest time between two of those that come, in seconds. What a change
    /// of the clocks does is left out.
    pub fn shortest_interval(&self) -> i64 {
        const PLACES: usize = 400;
        let Some(shown) = self.zone.shown_at(BEGINNING) else {
            return 1;
        };
        let as_utc = |at: DateTime| jiff::tz::Offset::UTC.to_timestamp(at).map_or(0, Timestamp::as_second);
        let times: Vec<i64> = self
            .shown_after(shown)
            .take(PLACES.max(self.times.len() + 1))
            .map(as_utc)
            .collect();
        let intervals = times.windows(2).map(|pair| pair[1] - pair[0]);
        intervals.min().unwrap_or(i64::MAX)
    }

    fn forwards(&self, shown: DateTime) -> impl Iterator<Item = i64> {
        self.shown_after(shown).filter_map(|at| self.zone.first_moment(at))
    }

    /// Returns the times of the pattern that clocks show later than this.
    fn shown_after(&self, shown: DateTime) -> impl Iterator<Item = DateTime> {
        let days = days(shown.date(), 1).filter(|day| self.has(*day));
        let times = days.flat_map(|day| {
            self.times
                .iter()
                .map(move |(hour, minute)| day.at(*hour, *minute, 0, 0))
        });
        times.filter(move |at| *at > shown)
    }

    fn backwards(&self, shown: DateTime) -> impl Iterator<Item = i64> {
        let days = days(shown.date(), -1).filter(|day| self.has(*day));
        let times = days.flat_map(|day| {
            let times = self.times.iter().rev();
            times.map(move |(hour, minute)| day.at(*hour, *minute, 0, 0))
        });
        let times = times.filter(move |at| *at <= shown);
        times.filter_map(|at| self.zone.first_moment(at))
    }

    fn has(&self, day: Date) -> bool {
        let [Ok(month), Ok(number), Ok(weekday)] =
            [day.month(), day.day(), day.weekday().to_sunday_zero_offset()].map(u32::try_from)
        else {
            return false;
        };
        let pattern = &self.cron.pattern;
        let weekday = Weekday::from_days_from_sunday(weekday);
        pattern.month_match(month).unwrap_or(false)
            && pattern
                .day_match(i32::from(day.year()), month, number, weekday)
                .unwrap_or(false)
    }
}

/// Returns the days from one on, or back from it.
fn days(first: Date, step: i64) -> impl Iterator<Item = Date> {
    let next = move |day: &Date| day.checked_add(step.days()).ok();
    std::iter::successors(Some(first), next).take(DAYS_MAX)
}

/// Returns what to write in place of a word that some programs know.
fn advice(text: &str) -> String {
    let instead = match text.trim().to_ascii_lowercase().as_str() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return "such as `0 5 * * *`, at 05:00 each day, or `30 4 * * MON`".to_owned(),
    };
    format!("write `{instead}`")
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
