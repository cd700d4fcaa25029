//! From our nouns to what the server takes. Every field is said in full, so that what comes back is the same.

use std::collections::BTreeSet;

use jiff::Timestamp;
use prost_wkt_types::{Duration, Timestamp as ProtoTimestamp};
use temporalio_common::protos::temporal::api::common::v1::{Memo, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::{ScheduleOverlapPolicy, WorkflowIdReusePolicy};
use temporalio_common::protos::temporal::api::schedule::v1 as proto;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;

use crate::schedule::{Action, Calendar, Overlap, Schedule, Timing};
use crate::temporal::payload;

pub(super) fn schedule(schedule: &Schedule) -> proto::Schedule {
    proto::Schedule {
        spec: Some(timing(&schedule.timing)),
        action: Some(proto::ScheduleAction { action: Some(proto::schedule_action::Action::StartWorkflow(action(&schedule.action))) }),
        policies: Some(proto::SchedulePolicies {
            overlap_policy: overlap(schedule.overlap).into(),
            catchup_window: Some(duration(schedule.catchup_window)),
            pause_on_failure: schedule.pause_on_failure,
            keep_original_workflow_id: false,
        }),
        state: Some(proto::ScheduleState {
            notes: schedule.note.clone(),
            paused: schedule.paused,
            limited_actions: schedule.remaining.is_some(),
            remaining_actions: schedule.remaining.and_then(|left| i64::try_from(left).ok()).unwrap_or(0),
        }),
    }
}

fn timing(timing: &Timing) -> proto::ScheduleSpec {
    let interval = |interval: &crate::schedule::Interval| proto::IntervalSpec {
        interval: Some(duration(interval.every.saturating_mul(1000))),
        phase: Some(duration(interval.offset.saturating_mul(1000))),
    };
    proto::ScheduleSpec {
        structured_calendar: timing.calendars.iter().map(calendar).collect(),
        interval: timing.intervals.iter().map(interval).collect(),
        exclude_structured_calendar: timing.exclude.iter().map(calendar).collect(),
        start_time: timing.start.map(timestamp),
        end_time: timing.end.map(timestamp),
        jitter: (timing.jitter > 0).then(|| duration(timing.jitter)),
        timezone_name: timing.time_zone.clone(),
        ..Default::default()
    }
}

fn calendar(calendar: &Calendar) -> proto::StructuredCalendarSpec {
    proto::StructuredCalendarSpec {
        second: ranges(&calendar.second),
        minute: ranges(&calendar.minute),
        hour: ranges(&calendar.hour),
        day_of_month: ranges(&calendar.day_of_month),
        month: ranges(&calendar.month),
        year: ranges(&calendar.year),
        day_of_week: ranges(&calendar.day_of_week),
        comment: String::new(),
    }
}

/// As few ranges as there are runs of numbers equally far apart.
fn ranges(values: &BTreeSet<u16>) -> Vec<proto::Range> {
    let values: Vec<i32> = values.iter().map(|value| i32::from(*value)).collect();
    let mut ranges = Vec::new();
    let mut rest = values.as_slice();
    while let [first, others @ ..] = rest {
        let step = others.first().map_or(1, |second| second - first);
        let run = rest.windows(2).take_while(|pair| pair[1] - pair[0] == step).count();
        // Two numbers that lie apart are no run.
        let run = if run == 1 && step > 1 { 0 } else { run };
        let end = rest.get(run).copied().unwrap_or(*first);
        ranges.push(proto::Range { start: *first, end, step: if run == 0 { 1 } else { step } });
        rest = rest.get(run + 1..).unwrap_or_default();
    }
    ranges
}

fn action(action: &Action) -> NewWorkflowExecutionInfo {
    let memo = action.memo.iter().map(|(name, value)| (name.clone(), payload::encode_one(value)));
    NewWorkflowExecutionInfo {
        workflow_id: action.workflow_id.clone(),
        workflow_type: Some(WorkflowType { name: action.workflow_type.clone() }),
        task_queue: Some(TaskQueue { name: action.task_queue.clone(), ..Default::default() }),
        input: Some(payload::encode(&action.input)),
        workflow_execution_timeout: (action.execution_timeout > 0).then(|| duration(action.execution_timeout)),
        workflow_run_timeout: (action.run_timeout > 0).then(|| duration(action.run_timeout)),
        workflow_id_reuse_policy: WorkflowIdReusePolicy::AllowDuplicate.into(),
        memo: (!action.memo.is_empty()).then(|| Memo { fields: memo.collect() }),
        ..Default::default()
    }
}

pub(super) fn overlap(overlap: Overlap) -> ScheduleOverlapPolicy {
    match overlap {
        Overlap::Skip => ScheduleOverlapPolicy::Skip,
        Overlap::BufferOne => ScheduleOverlapPolicy::BufferOne,
        Overlap::BufferAll => ScheduleOverlapPolicy::BufferAll,
        Overlap::CancelOther => ScheduleOverlapPolicy::CancelOther,
        Overlap::TerminateOther => ScheduleOverlapPolicy::TerminateOther,
        Overlap::AllowAll => ScheduleOverlapPolicy::AllowAll,
    }
}

pub(super) fn overlap_or_default(given: Option<Overlap>) -> i32 {
    given.map_or(ScheduleOverlapPolicy::Unspecified, overlap).into()
}

fn duration(millis: u64) -> Duration {
    let nanos = i32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Duration { seconds: i64::try_from(millis / 1000).unwrap_or(i64::MAX), nanos }
}

pub(super) fn timestamp(at: Timestamp) -> ProtoTimestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 { ProtoTimestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 } } else { ProtoTimestamp { seconds, nanos } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_few_ranges() {
        let written = |values: &[u16]| {
            let ranges = ranges(&values.iter().copied().collect());
            ranges.iter().map(|range| format!("{}-{}/{}", range.start, range.end, range.step)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(written(&[]), "");
        assert_eq!(written(&[0]), "0-0/1");
        assert_eq!(written(&[0, 30]), "0-0/1 30-30/1");
        assert_eq!(written(&[0, 15, 30, 45]), "0-45/15");
        assert_eq!(written(&[1, 2, 3, 4, 5]), "1-5/1");
        assert_eq!(written(&[0, 5, 6]), "0-0/1 5-6/1");
    }
}
