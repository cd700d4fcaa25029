//! A Schedule: from its spec and what the server keeps to what is to be done on the server, and what is said.
//! Pure; may use `api` and `schedule`. Must not know how anything is observed or done.

#[cfg(test)]
mod anywhere;
mod drift;
mod read;
mod status;
#[cfg(test)]
mod tests;

pub use drift::differences;
pub use read::{Target, Wrong, describe, desired, ended, input, timing};
pub use status::{Kept, Run, Seen, Server, Standing, status};

use crate::api::{AppliedSchedule, DriftPolicy, ScheduleSpec, ScheduleStatus};
use crate::schedule::Schedule;
use crate::version;

/// Why something cannot be: reason and message.
pub type Problem = (String, String);

/// A schedule on the server, as far as a decision needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The schedule.
    pub schedule: Schedule,
    /// Whose it is: the full name of a Schedule.
    pub owner: Option<String>,
    /// Parts that somebody else put there, which no Schedule has.
    pub foreign: Vec<&'static str>,
}

/// What is to be done with the schedule on the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is made.
    Create(Schedule),
    /// It is made what it should be; `drift` is what somebody changed by hand, where that is why.
    Update {
        /// What it should be.
        schedule: Schedule,
        /// What differs and was not asked for by a change of the spec.
        drift: Vec<String>,
    },
    /// Nothing: it is as it should be.
    Nothing,
    /// Nothing: somebody changed these parts by hand, and they may stay.
    Adopted(Vec<String>),
    /// Nothing: a failure paused it.
    PausedByFailure,
    /// Nothing: it is another's.
    Taken(Problem),
}

/// What the server writes into the note of a schedule that a failure pauses.
const FAILURE_NOTE: &str = "paused due to workflow";

/// What a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The schedule that the spec asks for.
    pub desired: &'a Schedule,
    /// The spec.
    pub spec: &'a ScheduleSpec,
    /// The Schedule's full name.
    pub owner: &'a str,
    /// The last status.
    pub last: &'a ScheduleStatus,
    /// What the server keeps under the ID.
    pub observed: Option<&'a Observed>,
    /// Whether somebody asks to end the pause that a failure made.
    pub unpauses: bool,
    /// Whether there is no time left at which it would run.
    pub has_ended: bool,
    /// Whether the last status tells of another server, where it was before its task queue moved.
    pub has_moved: bool,
}

/// What is to be done.
#[must_use]
pub fn decide(question: &Question<'_>) -> Step {
    let Question { desired, spec, owner, last, .. } = *question;
    let written = last.applied.as_ref();
    let is_same_spec = written.is_some_and(|written| *written == applied(desired));
    let Some(observed) = question.observed else { return make(question, is_same_spec) };
    if let Some(problem) = taken(observed, spec, owner) {
        return Step::Taken(problem);
    }
    let is_ours = observed.owner.is_some();
    let is_failed = observed.schedule.paused && observed.schedule.note.starts_with(FAILURE_NOTE);
    let mut wanted = desired.clone();
    // What the server has counted down stays, unless another limit is asked for.
    if is_ours && written.is_some_and(|written| written.remaining_actions == limit(desired)) && observed.schedule.remaining.is_some() {
        wanted.remaining = desired.remaining.and(observed.schedule.remaining);
    }
    let stays_paused = is_failed && !desired.paused && !question.unpauses && spec.pause_on_failure;
    if stays_paused {
        (wanted.paused, wanted.note) = (true, observed.schedule.note.clone());
    }
    let mut differences = differences(&wanted, &observed.schedule);
    differences.extend(observed.foreign.iter().map(|what| (*what).to_owned()));
    let is_asked_for = !is_ours || !is_same_spec || (question.unpauses && is_failed);
    match (differences.is_empty(), is_asked_for) {
        (true, _) if is_ours && stays_paused => Step::PausedByFailure,
        (true, _) if is_ours => Step::Nothing,
        (_, true) => Step::Update { schedule: wanted, drift: Vec::new() },
        (_, false) if spec.drift_policy == DriftPolicy::Adopt => Step::Adopted(differences),
        (_, false) => Step::Update { schedule: wanted, drift: differences },
    }
}

/// There is no schedule of the ID.
fn make(question: &Question<'_>, is_same_spec: bool) -> Step {
    let left = question.last.remaining_actions;
    // Servers forget a schedule that has nothing left to do: it is not to begin anew.
    if question.has_ended || (is_same_spec && question.desired.remaining.is_some() && left == Some(0)) {
        return Step::Nothing;
    }
    let is_gone = is_same_spec && question.last.schedule_id.is_some();
    if is_gone && !question.has_moved && question.spec.drift_policy == DriftPolicy::Adopt {
        return Step::Adopted(vec!["the schedule itself, which was deleted".to_owned()]);
    }
    let left = left.and_then(|left| u64::try_from(left).ok()).filter(|_| is_gone);
    Step::Create(Schedule { remaining: question.desired.remaining.map(|given| left.unwrap_or(given)), ..question.desired.clone() })
}

/// Why the schedule is not ours to change.
fn taken(observed: &Observed, spec: &ScheduleSpec, owner: &str) -> Option<Problem> {
    let message = match &observed.owner {
        Some(other) if other == owner => return None,
        Some(other) => format!(
            "Schedule {other} has this ID in Temporal: give one of them another scheduleId; where that Schedule is no more, delete the schedule on the server"
        ),
        None if spec.drift_policy == DriftPolicy::Adopt => return None,
        None => "a schedule that no Schedule made has this ID in Temporal: give another scheduleId, delete it there, or take it over by driftPolicy: Adopt".to_owned(),
    };
    Some(("ScheduleIdTaken".to_owned(), message))
}

/// What a status remembers of a schedule that was written.
#[must_use]
pub fn applied(desired: &Schedule) -> AppliedSchedule {
    let text = format!("{:?}", Schedule { remaining: None, ..desired.clone() });
    AppliedSchedule {
        digest: version::digest([("schedule", text.as_bytes())]),
        task_queue: desired.action.task_queue.clone(),
        remaining_actions: limit(desired),
    }
}

fn limit(schedule: &Schedule) -> Option<i64> {
    schedule.remaining.and_then(|remaining| i64::try_from(remaining).ok())
}
