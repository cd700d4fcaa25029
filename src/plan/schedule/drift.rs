//! What differs between two schedules, in the words of a spec.

use crate::schedule::{Schedule, Timing};

/// The parts of `wanted` that `found` lacks or has otherwise, by the names that a spec gives them.
#[must_use]
pub fn differences(wanted: &Schedule, found: &Schedule) -> Vec<String> {
    let (timing, other) = (wanted.timing.clone().in_order(), found.timing.clone().in_order());
    let (action, other_action) = (&wanted.action, &found.action);
    let rules = |timing: &Timing| (timing.calendars.clone(), timing.intervals.clone());
    let parts = [
        (rules(&timing) != rules(&other), "the times"),
        (timing.exclude != other.exclude, "exclude"),
        ((timing.start, timing.end) != (other.start, other.end), "startAt or endAt"),
        (timing.jitter != other.jitter, "jitter"),
        (timing.time_zone != other.time_zone, "timeZone"),
        (action.workflow_type != other_action.workflow_type, "the workflow type"),
        (action.workflow_id != other_action.workflow_id, "workflowId"),
        (action.task_queue != other_action.task_queue, "the task queue"),
        (action.input != other_action.input, "input"),
        (action.memo != other_action.memo, "memo"),
        (action.execution_timeout != other_action.execution_timeout, "executionTimeout"),
        (action.run_timeout != other_action.run_timeout, "runTimeout"),
        (wanted.overlap != found.overlap, "overlapPolicy"),
        (wanted.catchup_window != found.catchup_window, "catchupWindow"),
        (wanted.pause_on_failure != found.pause_on_failure, "pauseOnFailure"),
        (wanted.paused != found.paused, "paused"),
        (wanted.paused && found.paused && wanted.note != found.note, "pausedNote"),
        (wanted.remaining != found.remaining, "remainingActions"),
    ];
    parts.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name.to_owned()).collect()
}
