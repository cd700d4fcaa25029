//! A cron expression: five fields, a macro or `@every`, as calendars and intervals; and what it does that may not have been meant.
//! Depends on `field` and the durations of definitions.

use super::{Calendar, Fault, Field, Interval, values};
use crate::definition::Duration;
use serde_json::Value;

/// What a cron expression means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cron {
    /// Times by the clock on the wall. Two where both the day of the month and the weekday are limited: cron runs on either.
    pub calendars: Vec<Calendar>,
    /// Of `@every`.
    pub intervals: Vec<Interval>,
    /// What it does that may not have been meant.
    pub warnings: Vec<Fault>,
}

const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const FIELDS: [Field; 5] = [Field::Minute, Field::Hour, Field::DayOfMonth, Field::Month, Field::DayOfWeek];

/// Reads an expression.
///
/// # Errors
/// What is wrong with it.
pub fn cron(text: &str) -> Result<Cron, Fault> {
    let text = text.trim();
    if let Some(interval) = text.strip_prefix("@every") {
        return Ok(Cron { intervals: vec![every(interval)?], ..Cron::default() });
    }
    if text.starts_with('@') {
        let known = MACROS.iter().find(|(name, _)| *name == text);
        let (_, meaning) = known.ok_or_else(|| {
            Fault::new(format!("`{text}` is no schedule"))
                .suggest("write `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@every 30m`, or five fields")
        })?;
        return cron(meaning);
    }
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        return Err(Fault::new("a schedule's time zone is no part of its expression").suggest("give it as `timeZone`"));
    }
    let written: Vec<&str> = text.split_whitespace().collect();
    if written.len() == 6 {
        return Err(Fault::new("a schedule has five fields, and no seconds: Temporal matches minutes").suggest("remove the first field"));
    }
    let Ok(written) = <[&str; 5]>::try_from(written.as_slice()) else {
        let message = format!("a schedule has five fields (minute, hour, day, month, weekday), not {}", written.len());
        return Err(Fault::new(message).suggest("write, for example, `*/30 * * * *` for every 30 minutes"));
    };
    let mut sets = Vec::new();
    for (field, text) in FIELDS.into_iter().zip(written) {
        let wrong = |fault: Fault| Fault { message: format!("the schedule is not valid: {}", fault.message), ..fault };
        sets.push(values(field, text).map_err(wrong)?);
    }
    let [minute, hour, day_of_month, month, day_of_week] = <[_; 5]>::try_from(sets).unwrap_or_default();
    let all = Calendar { second: [0].into(), minute, hour, day_of_month, month, day_of_week, year: [].into() };
    if let Some(why) = all.impossible() {
        return Err(Fault::new(format!("the schedule never runs: {why}")).suggest("name a day that the months have"));
    }
    let is_limited = |text: &str| !matches!(text, "*" | "?");
    let calendars = if is_limited(written[2]) && is_limited(written[4]) {
        let any = |field| values(field, "*").unwrap_or_default();
        vec![Calendar { day_of_week: any(Field::DayOfWeek), ..all.clone() }, Calendar { day_of_month: any(Field::DayOfMonth), ..all }]
    } else {
        vec![all]
    };
    Ok(Cron { calendars, intervals: Vec::new(), warnings: wide_steps(written) })
}

fn every(text: &str) -> Result<Interval, Fault> {
    let (every, offset) = text.split_once('/').map_or((text, None), |(every, offset)| (every, Some(offset)));
    let seconds = |text: &str| {
        let duration = Duration::parse(&Value::String(text.trim().to_owned()));
        let whole = duration.filter(|duration| duration.millis.is_multiple_of(1000)).map(|duration| duration.millis / 1000);
        whole.ok_or_else(|| {
            Fault::new(format!("`{}` is no number of whole seconds", text.trim())).suggest("write, for example, `@every 30m`")
        })
    };
    interval(seconds(every)?, offset.map_or(Ok(0), seconds)?)
}

/// An interval of whole seconds.
///
/// # Errors
/// It is shorter than a second, or its offset is as long as it.
pub(super) fn interval(every: u64, offset: u64) -> Result<Interval, Fault> {
    if every == 0 {
        return Err(Fault::new("an interval is a second or longer"));
    }
    if offset >= every {
        return Err(Fault::new(format!("the offset of {offset} s is as long as the interval of {every} s")).suggest("make it shorter"));
    }
    Ok(Interval { every, offset })
}

/// Steps that are wider than their field, so that it runs at other times than it seems.
fn wide_steps(written: [&str; 5]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (position, (text, field)) in written.into_iter().zip(FIELDS).enumerate() {
        let step = text.strip_prefix("*/").and_then(|step| step.parse::<u32>().ok());
        let Some(step) = step.filter(|step| *step >= field.width()) else { continue };
        let first = values(field, "*").ok().and_then(|values| values.first().copied()).unwrap_or_default();
        let name = field.name();
        let fault = Fault::new(format!("a step of {step} is wider than the {name} field: it runs at {name} {first} only"));
        let meant = position.checked_sub(1).map(|before| {
            let mut fields = written.map(str::to_owned);
            fields[before] = format!("*/{step}");
            "*".clone_into(&mut fields[position]);
            format!("to run every {step} {}s, write `{}`", FIELDS[before].name(), fields.join(" "))
        });
        faults.push(Fault { suggestion: meant, ..fault });
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_schedule_says_why() {
        let table = [
            ("0 * * * * *", "a schedule has five fields, and no seconds: Temporal matches minutes; remove the first field"),
            (
                "* * * *",
                "a schedule has five fields (minute, hour, day, month, weekday), not 4; write, for example, `*/30 * * * *` for every 30 minutes",
            ),
            ("0 0 30 2 *", "the schedule never runs: February has no day 30; name a day that the months have"),
            ("0 0 31 4,6 *", "the schedule never runs: none of the months has a day 31; name a day that the months have"),
            ("0 0 30 2 MON", "the schedule never runs: February has no day 30; name a day that the months have"),
            ("61 * * * *", "the schedule is not valid: there is no minute 61; write `*`, or numbers from 0 to 59, as in `0,1` or `0-59/5`"),
            (
                "@reboot",
                "`@reboot` is no schedule; write `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@every 30m`, or five fields",
            ),
            ("@every soon", "`soon` is no number of whole seconds; write, for example, `@every 30m`"),
            ("@every 500ms", "`500ms` is no number of whole seconds; write, for example, `@every 30m`"),
            ("@every 0s", "an interval is a second or longer"),
            ("@every 1h/1h", "the offset of 3600 s is as long as the interval of 3600 s; make it shorter"),
            ("TZ=Europe/Warsaw 0 0 * * *", "a schedule's time zone is no part of its expression; give it as `timeZone`"),
        ];
        for (text, said) in table {
            assert_eq!(cron(text).unwrap_err().to_string(), said, "{text}");
        }
    }

    #[test]
    fn a_step_wider_than_its_field_says_when_it_runs_and_what_was_meant() {
        let table = [
            (
                "0 */30 * * *",
                "a step of 30 is wider than the hour field: it runs at hour 0 only; to run every 30 minutes, write `*/30 * * * *`",
            ),
            (
                "0 0 */40 * *",
                "a step of 40 is wider than the day field: it runs at day 1 only; to run every 40 hours, write `0 */40 * * *`",
            ),
            ("*/60 * * * *", "a step of 60 is wider than the minute field: it runs at minute 0 only"),
        ];
        for (text, said) in table {
            let read = cron(text).unwrap();
            assert_eq!(read.warnings.iter().map(Fault::to_string).collect::<Vec<_>>(), [said], "{text}");
        }
        assert!(cron("*/30 * * * *").unwrap().warnings.is_empty());
    }

    #[test]
    fn macros_and_intervals() {
        assert_eq!(cron("@hourly"), cron("0 * * * *"));
        assert_eq!(cron("@weekly"), cron("0 0 * * SUN"));
        assert_eq!(cron("@every 90m").unwrap().intervals, [Interval { every: 5400, offset: 0 }]);
        assert_eq!(cron("@every 1h/15m").unwrap().intervals, [Interval { every: 3600, offset: 900 }]);
        let either = cron("0 12 13 * FRI").unwrap().calendars;
        assert_eq!((either.len(), either[0].day_of_week.len(), either[1].day_of_month.len()), (2, 7, 31));
    }
}
