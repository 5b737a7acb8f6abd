//! A time zone: those of this machine, and where it has none the ones in this program.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

/// The clocks of a place, with their changes.
#[derive(Debug, Clone)]
pub struct ClockZone {
    /// Its name as it was given; `None` for the zone of this machine.
    name: Option<String>,
    clocks: TimeZone,
}

impl PartialEq for ClockZone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl ClockZone {
    /// Returns the zone of this name, such as `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Self> {
        // A machine may have the folder, and not this zone in it.
        let found = TimeZone::get(name).or_else(|_| TimeZoneDatabase::bundled().get(name));
        let clocks = found.ok()?;
        let name = clocks.iana_name().unwrap_or(name).to_owned();
        Some(Self {
            name: Some(name),
            clocks,
        })
    }

    /// Returns the zone of this machine: `$TZ`, else /etc/localtime, else UTC.
    pub fn of_this_machine() -> Self {
        Self {
            name: None,
            clocks: TimeZone::try_system().unwrap_or(TimeZone::UTC),
        }
    }

    /// Returns the names of all zones.
    pub fn names() -> Vec<String> {
        let bundled = TimeZoneDatabase::bundled();
        let names = jiff::tz::db().available().chain(bundled.available());
        names.map(|name| name.as_str().to_owned()).collect()
    }

    /// Returns its name; `local` where it is that of this machine.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("local")
    }

    /// Returns the name of the place; `None` where it has none.
    pub fn place(&self) -> Option<&str> {
        self.name.as_deref().or_else(|| self.clocks.iana_name())
    }

    /// Returns what the clocks show at a moment, in seconds since 1970.
    pub(super) fn shown_at(&self, moment: i64) -> Option<DateTime> {
        Some(self.clocks.to_datetime(Timestamp::from_second(moment).ok()?))
    }

    /// Returns the first moment at which the clocks show this time or a later one, in seconds
    /// since 1970.
    pub(super) fn first_moment(&self, shown: DateTime) -> Option<i64> {
        let moment = match self.clocks.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(shown).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(shown).ok()?,
            AmbiguousOffset::Gap { before, .. } => {
                // By the old offset it lies behind the change that leaves it out.
                let beyond = before.to_timestamp(shown).ok()?.as_second() + 1;
                let beyond = Timestamp::from_second(beyond).ok()?;
                self.clocks.preceding(beyond).next()?.timestamp()
            }
        };
        Some(moment.as_second())
    }

    /// Returns a moment as its clocks show it, as `Tue 2026-12-01 05:00 CET`.
    pub fn show(&self, moment: i64) -> String {
        self.formatted(moment, "%a %Y-%m-%d %H:%M %Z")
    }

    /// Returns a moment as its clocks show it, without the date, as `Tue 05:00 CET`.
    pub fn show_short(&self, moment: i64) -> String {
        self.formatted(moment, "%a %H:%M %Z")
    }

    fn formatted(&self, moment: i64, form: &str) -> String {
        match Timestamp::from_second(moment) {
            Ok(moment) => moment.to_zoned_datetime(self.clocks.clone()).strftime(form).to_string(),
            Err(_) => "-".to_owned(),
        }
    }

    /// Returns a moment with its offset, as RFC 3339.
    pub fn rfc3339(&self, moment: i64) -> Option<String> {
        let moment = Timestamp::from_second(moment)
            .ok()?
            .to_zoned_datetime(self.clocks.clone());
        Some(moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }
}
