//! From a Schedule's spec to the schedule that the server is to keep.

use super::Problem;
use crate::api::{CalendarTimes, OverlapPolicy, ScheduleSpec};
use crate::definition::Duration;
use crate::diagnostic::JsonPath;
use crate::schedule::{Action, Calendar, Fault, Field, Interval, Overlap, Schedule, Times, Timing, check_zone, cron, values};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// What of a spec cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// One CamelCase word.
    pub reason: &'static str,
    /// The place in the object.
    pub path: JsonPath,
    /// What is wrong, and what to do.
    pub fault: Fault,
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        (wrong.reason.to_owned(), format!("{}: {}", wrong.path, wrong.fault))
    }
}

fn spec_path() -> JsonPath {
    JsonPath::root().key("spec")
}

/// The Workflow that is started, as Temporal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The workflow type.
    pub workflow_type: String,
    /// The task queue.
    pub task_queue: String,
}

/// The schedule that `spec` asks for; `full_name` is `<namespace>/<name>`. What it does that may not be meant comes with it.
///
/// # Errors
/// The first thing in the spec that cannot be.
pub fn desired(spec: &ScheduleSpec, full_name: &str, target: &Target) -> Result<Schedule, Wrong> {
    let (timing, _) = timing(spec)?;
    let action = Action {
        workflow_type: target.workflow_type.clone(),
        workflow_id: spec.workflow_id.clone().unwrap_or_else(|| full_name.to_owned()),
        task_queue: target.task_queue.clone(),
        input: vec![input(spec)],
        memo: spec.memo.clone(),
        execution_timeout: optional(spec.execution_timeout.as_ref(), "executionTimeout")?,
        run_timeout: optional(spec.run_timeout.as_ref(), "runTimeout")?,
    };
    let catchup_window = duration(&spec.catchup_window, "catchupWindow")?;
    if catchup_window < 10_000 {
        return Err(invalid("catchupWindow", "the server takes no less than 10s"));
    }
    Ok(Schedule {
        timing,
        action,
        overlap: overlap(spec.overlap_policy),
        catchup_window,
        pause_on_failure: spec.pause_on_failure,
        paused: spec.paused,
        note: if spec.paused { spec.paused_note.clone().unwrap_or_default() } else { String::new() },
        remaining: spec.remaining_actions.and_then(|left| u64::try_from(left).ok()),
    })
}

/// What the workflow is started with: an object without fields where the spec says nothing, as everywhere.
#[must_use]
pub fn input(spec: &ScheduleSpec) -> Value {
    spec.input.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

/// When a spec says that it runs, and what of it may not be meant, by its place.
///
/// # Errors
/// The first thing that cannot be.
pub fn timing(spec: &ScheduleSpec) -> Result<(Timing, Vec<(JsonPath, Fault)>), Wrong> {
    let at = |name: &str| spec_path().key(name);
    check_zone(&spec.time_zone).map_err(|fault| Wrong { reason: "TimeZoneUnknown", path: at("timeZone"), fault })?;
    let mut warnings = Vec::new();
    let mut timing = Timing { time_zone: spec.time_zone.clone(), ..Timing::default() };
    let crons = spec.crons.iter().enumerate().map(|(number, text)| (at("crons").index(number), text));
    for (path, text) in spec.cron.iter().map(|text| (at("cron"), text)).chain(crons) {
        let read = cron(text).map_err(|fault| Wrong { reason: "CronInvalid", path: path.clone(), fault })?;
        timing.calendars.extend(read.calendars);
        timing.intervals.extend(read.intervals);
        warnings.extend(read.warnings.into_iter().map(|warning| (path.clone(), warning)));
    }
    if let Some(every) = &spec.every {
        timing.intervals.push(interval(every, spec.offset.as_ref())?);
    }
    for (number, written) in spec.calendars.iter().enumerate() {
        timing.calendars.push(calendar(written, &at("calendars").index(number), "0")?);
    }
    for (number, written) in spec.exclude.iter().enumerate() {
        timing.exclude.push(calendar(written, &at("exclude").index(number), "*")?);
    }
    if timing.calendars.is_empty() && timing.intervals.is_empty() {
        let fault = Fault::new("it doesn't say when").suggest("give cron, crons, every or calendars");
        return Err(Wrong { reason: "TimesMissing", path: spec_path(), fault });
    }
    timing.start = spec.start_at.as_ref().map(|time| time.0);
    timing.end = spec.end_at.as_ref().map(|time| time.0);
    timing.jitter = optional(spec.jitter.as_ref(), "jitter")?;
    Ok((timing.in_order(), warnings))
}

/// Whether there is any time at all from `now` on; why not, where there is none.
#[must_use]
pub fn ended(timing: &Timing, now: Timestamp) -> Option<Problem> {
    let times = Times::new(timing).ok()?;
    if times.next(now).is_some() {
        return None;
    }
    Some(match timing.end {
        Some(end) if end <= now => {
            ("PastEnd".to_owned(), format!("spec.endAt was {end}: it runs no more; give a later one, or delete the Schedule"))
        }
        Some(end) => {
            ("NeverRuns".to_owned(), format!("there is no time before spec.endAt ({end}) that the spec names and doesn't exclude"))
        }
        None => (
            "NeverRuns".to_owned(),
            "there is no time that the spec names and doesn't exclude: correct calendars, years or exclude".to_owned(),
        ),
    })
}

fn interval(every: &Value, offset: Option<&Value>) -> Result<Interval, Wrong> {
    let whole = |value: &Value, field: &str| {
        let millis = duration(value, field)?;
        if millis.is_multiple_of(1000) { Ok(millis / 1000) } else { Err(invalid(field, "the server counts whole seconds")) }
    };
    let (every, offset) = (whole(every, "every")?, offset.map_or(Ok(0), |offset| whole(offset, "offset"))?);
    match (every, offset) {
        (0, _) => Err(invalid("every", "an interval is a second or longer")),
        _ if offset >= every => Err(invalid("offset", "it is as long as the interval: make it shorter")),
        _ => Ok(Interval { every, offset }),
    }
}

/// `least` is what stands for a second, minute or hour that is not given.
fn calendar(written: &CalendarTimes, place: &JsonPath, least: &str) -> Result<Calendar, Wrong> {
    let wrong = |path: JsonPath, fault: Fault| Wrong { reason: "CalendarInvalid", path, fault };
    let read = |field: Field, name: &str, value: Option<&Value>, default: &str| -> Result<BTreeSet<u16>, Wrong> {
        let text = match value {
            None | Some(Value::Null) => default.to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        values(field, &text).map_err(|fault| wrong(place.key(name), fault))
    };
    let calendar = Calendar {
        second: read(Field::Second, "second", written.second.as_ref(), least)?,
        minute: read(Field::Minute, "minute", written.minute.as_ref(), least)?,
        hour: read(Field::Hour, "hour", written.hour.as_ref(), least)?,
        day_of_month: read(Field::DayOfMonth, "dayOfMonth", written.day_of_month.as_ref(), "*")?,
        month: read(Field::Month, "month", written.month.as_ref(), "*")?,
        day_of_week: read(Field::DayOfWeek, "dayOfWeek", written.day_of_week.as_ref(), "*")?,
        year: read(Field::Year, "year", written.year.as_ref(), "*")?,
    };
    match calendar.impossible() {
        Some(why) => Err(wrong(place.clone(), Fault::new(format!("there is no such time: {why}")))),
        None => Ok(calendar),
    }
}

fn overlap(policy: OverlapPolicy) -> Overlap {
    match policy {
        OverlapPolicy::Skip => Overlap::Skip,
        OverlapPolicy::BufferOne => Overlap::BufferOne,
        OverlapPolicy::BufferAll => Overlap::BufferAll,
        OverlapPolicy::CancelOther => Overlap::CancelOther,
        OverlapPolicy::TerminateOther => Overlap::TerminateOther,
        OverlapPolicy::AllowAll => Overlap::AllowAll,
    }
}

fn optional(value: Option<&Value>, field: &str) -> Result<u64, Wrong> {
    value.map_or(Ok(0), |value| duration(value, field))
}

/// Milliseconds.
fn duration(value: &Value, field: &str) -> Result<u64, Wrong> {
    let read = Duration::parse(value).ok_or_else(|| invalid(field, &format!("{value} is no duration; write, for example, `30m`")))?;
    Ok(read.millis)
}

fn invalid(field: &str, why: &str) -> Wrong {
    Wrong { reason: "DurationInvalid", path: spec_path().key(field), fault: Fault::new(why) }
}

/// When it runs, in short: as the spec says it.
#[must_use]
pub fn describe(spec: &ScheduleSpec) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut parts: Vec<String> = spec.cron.iter().chain(&spec.crons).cloned().collect();
    if let Some(every) = &spec.every {
        let offset = spec.offset.as_ref().map(|offset| format!(" + {}", text(offset))).unwrap_or_default();
        parts.push(format!("every {}{offset}", text(every)));
    }
    match spec.calendars.len() {
        0 => {}
        1 => parts.push("1 calendar".to_owned()),
        count => parts.push(format!("{count} calendars")),
    }
    let zone = if spec.time_zone == "UTC" || (spec.calendars.is_empty() && spec.cron.is_none() && spec.crons.is_empty()) {
        String::new()
    } else {
        format!(" ({})", spec.time_zone)
    };
    parts.join(", ") + &zone
}
