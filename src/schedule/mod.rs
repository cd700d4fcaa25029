//! What a schedule is: when it starts something, what it starts, and what happens when starts meet.
//! Pure; may use `definition` and `diagnostic`. Must not know where a schedule is kept, nor who asked for it.
#![deny(clippy::disallowed_methods)]

mod calendar;
mod cron;
mod field;
mod next;
mod zone;

pub use calendar::Calendar;
pub use cron::{Cron, cron};
pub use field::{Field, values};
pub use next::Times;
pub use zone::check_zone;

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is wrong with a time that a user wrote, or what it does that they may not have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One sentence, no full stop.
    pub message: String,
    /// What to do next.
    pub suggestion: Option<String>,
}

impl Fault {
    /// A sentence without advice.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    /// The same, with what to do next.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.suggestion.as_ref().map_or(Ok(()), |suggestion| write!(f, "; {suggestion}"))
    }
}

/// Times that lie equally far apart, counted from 1970: `1970-01-01T00:00:00Z + n * every + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// Seconds between two times; at least 1.
    pub every: u64,
    /// Seconds from a whole multiple; less than `every`.
    pub offset: u64,
}

/// When something happens: at the times of all calendars and intervals, without those of `exclude`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Times by the clock on the wall, in `time_zone`.
    pub calendars: Vec<Calendar>,
    /// Times that lie equally far apart.
    pub intervals: Vec<Interval>,
    /// Times at which nothing happens.
    pub exclude: Vec<Calendar>,
    /// Nothing happens before.
    pub start: Option<Timestamp>,
    /// Nothing happens after.
    pub end: Option<Timestamp>,
    /// Each time is put off by up to so many milliseconds, by chance.
    pub jitter: u64,
    /// The name of the zone in the time zone database.
    pub time_zone: String,
}

impl Timing {
    /// The same, in one order and with nothing twice: two timings with the same times by the same rules are equal.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        for calendars in [&mut self.calendars, &mut self.exclude] {
            calendars.sort();
            calendars.dedup();
        }
        self.intervals.sort_unstable();
        self.intervals.dedup();
        if self.time_zone.is_empty() {
            "UTC".clone_into(&mut self.time_zone);
        }
        self
    }
}

/// What happens to a start while the execution of an earlier one runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It is left out.
    #[default]
    Skip,
    /// One start waits until the running one ends; others are left out.
    BufferOne,
    /// All wait, one after the other.
    BufferAll,
    /// The running one is cancelled, and the new one begins when it has ended.
    CancelOther,
    /// The running one is terminated.
    TerminateOther,
    /// They run at the same time.
    AllowAll,
}

/// What is started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// The workflow type.
    pub workflow_type: String,
    /// The workflow ID; the server adds the time to it.
    pub workflow_id: String,
    /// The task queue.
    pub task_queue: String,
    /// The arguments.
    pub input: Vec<Value>,
    /// What each execution carries for those who look.
    pub memo: BTreeMap<String, Value>,
    /// Milliseconds that an execution and its successors may take; no limit where 0.
    pub execution_timeout: u64,
    /// Milliseconds that a run may take; no limit where 0.
    pub run_timeout: u64,
}

/// A schedule, as a server keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// When.
    pub timing: Timing,
    /// What.
    pub action: Action,
    /// What happens when starts meet.
    pub overlap: Overlap,
    /// How many milliseconds late a start may be made that the server missed.
    pub catchup_window: u64,
    /// Whether a failure pauses it.
    pub pause_on_failure: bool,
    /// Whether nothing is started.
    pub paused: bool,
    /// What is said about its state; the server writes here when a failure pauses it.
    pub note: String,
    /// How many starts are left; no limit where there is none.
    pub remaining: Option<u64>,
}
