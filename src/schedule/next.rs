//! When a timing's times are: the same ones that a Temporal server finds, its way with clocks that are put forward or back included.
//! Depends on jiff for what the clock on the wall reads.

use super::{Calendar, Fault, Interval, Timing, zone};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The last year in which the server looks for a time.
const LAST_YEAR: i16 = 2100;
const HOUR: i64 = 3600;
/// How many excluded times are passed over, one after the other, before there is said to be none.
const PASSED_OVER: usize = 100_000;

/// The times of a timing, without the jitter.
#[derive(Clone, Debug)]
pub struct Times {
    timing: Timing,
    zone: TimeZone,
}

impl Times {
    /// # Errors
    /// The time zone is unknown.
    pub fn new(timing: &Timing) -> Result<Self, Fault> {
        Ok(Self { zone: zone::zone(&timing.time_zone)?, timing: timing.clone() })
    }

    /// All times after `time`, in their order.
    pub fn after(&self, time: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next(time), |last| self.next(*last))
    }

    /// A time as the clock on the wall reads it, such as `Wed 2027-03-31 02:30 CEST`.
    #[must_use]
    pub fn shown(&self, time: Timestamp) -> String {
        let seconds = if time.as_second() % 60 == 0 { "" } else { ":%S" };
        time.to_zoned(self.zone.clone()).strftime(&format!("%a %Y-%m-%d %H:%M{seconds} %Z")).to_string()
    }

    /// The first time after `time`.
    #[must_use]
    pub fn next(&self, time: Timestamp) -> Option<Timestamp> {
        let start = self.timing.start.map(|start| start.as_second().saturating_sub(1));
        let mut after = start.map_or(time.as_second(), |start| start.max(time.as_second()));
        for _ in 0..PASSED_OVER {
            let found = self.any_after(after)?;
            let at = Timestamp::from_second(found).ok()?;
            if self.timing.end.is_some_and(|end| at > end) {
                return None;
            }
            if !self.timing.exclude.iter().any(|calendar| self.matches(calendar, found)) {
                return Some(at);
            }
            after = found;
        }
        None
    }

    fn any_after(&self, after: i64) -> Option<i64> {
        let calendars = self.timing.calendars.iter().filter_map(|calendar| self.calendar_after(calendar, after));
        calendars.chain(self.timing.intervals.iter().filter_map(|interval| interval_after(*interval, after))).min()
    }

    /// What the clock on the wall reads.
    fn wall(&self, second: i64) -> DateTime {
        Timestamp::from_second(second).map(|at| self.zone.to_datetime(at)).unwrap_or_default()
    }

    fn offset(&self, second: i64) -> i64 {
        Timestamp::from_second(second).map_or(0, |at| i64::from(self.zone.to_offset(at).seconds()))
    }

    /// When the clock reads `wall`. Where it reads that twice, or never, it is the time that the server's language takes:
    /// the offset is the one of the time that lies `wall` minus the offset of `wall`, read as UTC, away.
    fn reads(&self, wall: DateTime) -> i64 {
        let as_utc = jiff::tz::Offset::UTC.to_timestamp(wall).map_or(i64::MAX, Timestamp::as_second);
        as_utc - self.offset(as_utc.saturating_sub(self.offset(as_utc)))
    }

    fn matches(&self, calendar: &Calendar, second: i64) -> bool {
        let wall = self.wall(second);
        matches_day(calendar, wall.date(), wall)
            && has(&calendar.hour, wall.hour())
            && has(&calendar.minute, wall.minute())
            && has(&calendar.second, wall.second())
    }

    /// The first time of a calendar after `after`: days, hours, minutes and seconds are gone through as the clock reads them. An hour
    /// that two hours pass in is gone through twice.
    fn calendar_after(&self, calendar: &Calendar, after: i64) -> Option<i64> {
        let wall = self.wall(after);
        let mut hand =
            Hand { date: wall.date(), hour: wall.hour(), minute: wall.minute(), second: wall.second() + 1, is_second_round: false };
        hand.is_second_round = self.wall(after - HOUR).hour() == hand.hour;
        loop {
            self.carry(&mut hand);
            if hand.date.year() > LAST_YEAR {
                return None;
            }
            if !(calendar.year.is_empty() || calendar.year.contains(&u16::try_from(hand.date.year()).unwrap_or(0))) {
                hand.turn_to(Date::new(hand.date.year() + 1, 1, 1).ok()?);
            } else if !has(&calendar.month, hand.date.month()) {
                hand.turn_to(hand.date.last_of_month().tomorrow().ok()?);
            } else if !matches_day(calendar, hand.date, self.wall(self.reads(hand.at()?))) {
                hand.turn_to(hand.date.tomorrow().ok()?);
            } else if !has(&calendar.hour, hand.hour) {
                hand.next_hour();
                hand.is_second_round = false;
            } else if let Some(found) = hand.find(calendar) {
                let time = self.reads(found);
                // The clock was put forward over it.
                if self.wall(time).hour() == found.hour() {
                    return Some(time + if hand.is_second_round { HOUR } else { 0 });
                }
                hand.next_hour();
            }
        }
    }

    /// What is past the end of its field goes to the next.
    fn carry(&self, hand: &mut Hand) {
        if hand.second >= 60 {
            (hand.minute, hand.second) = (hand.minute + 1, 0);
        }
        if hand.minute >= 60 {
            let begun = self.reads(hand.date.at(hand.hour, 0, 0, 0));
            let next = hand.date.at(hand.hour, 0, 0, 0).saturating_add(SignedDuration::from_hours(1));
            (hand.minute, hand.second) = (0, 0);
            if !hand.is_second_round && self.reads(next) - begun > HOUR {
                hand.is_second_round = true;
            } else {
                hand.is_second_round = false;
                hand.hour += 1;
            }
        }
        if hand.hour >= 24 {
            hand.hour = 0;
            hand.date = hand.date.tomorrow().unwrap_or(Date::MAX);
        }
    }
}

/// Where in the fields of a calendar we look.
struct Hand {
    date: Date,
    hour: i8,
    minute: i8,
    second: i8,
    /// Whether the hour is gone through for the second time, because the clock was put back.
    is_second_round: bool,
}

impl Hand {
    fn at(&self) -> Option<DateTime> {
        jiff::civil::Time::new(self.hour, self.minute, self.second, 0).ok().map(|time| self.date.to_datetime(time))
    }

    fn turn_to(&mut self, date: Date) {
        *self = Self { date, hour: 0, minute: 0, second: 0, is_second_round: false };
    }

    fn next_hour(&mut self) {
        (self.hour, self.minute, self.second) = (self.hour + 1, 0, 0);
    }

    /// The first minute and second of the calendar in this hour, from here on; where there is none, we are past the hour's end.
    fn find(&mut self, calendar: &Calendar) -> Option<DateTime> {
        let from = |set: &std::collections::BTreeSet<u16>, least: i8| {
            set.range(u16::try_from(least).unwrap_or(0)..).next().and_then(|value| i8::try_from(*value).ok())
        };
        while let Some(minute) = from(&calendar.minute, self.minute) {
            if minute > self.minute {
                (self.minute, self.second) = (minute, 0);
            }
            if let Some(second) = from(&calendar.second, self.second) {
                self.second = second;
                return self.at();
            }
            (self.minute, self.second) = (self.minute + 1, 0);
        }
        self.minute = 60;
        None
    }
}

/// Whether a day is one of the calendar's. The weekday is that of `moment`, which is on another day where the clock was put forward at midnight.
fn matches_day(calendar: &Calendar, date: Date, moment: DateTime) -> bool {
    let year = u16::try_from(date.year()).unwrap_or(0);
    (calendar.year.is_empty() || calendar.year.contains(&year))
        && has(&calendar.month, date.month())
        && has(&calendar.day_of_month, date.day())
        && has(&calendar.day_of_week, moment.weekday().to_sunday_zero_offset())
}

fn has(set: &std::collections::BTreeSet<u16>, value: i8) -> bool {
    u16::try_from(value).is_ok_and(|value| set.contains(&value))
}

fn interval_after(interval: Interval, after: i64) -> Option<i64> {
    let (every, offset) = (i64::try_from(interval.every).ok()?, i64::try_from(interval.offset).ok()?);
    let passed = after.checked_sub(offset)?.checked_div(every)?;
    passed.checked_add(1)?.checked_mul(every)?.checked_add(offset)
}
