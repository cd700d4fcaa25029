//! From what the server tells to our nouns.

use std::collections::BTreeSet;

use jiff::Timestamp;
use prost_wkt_types::{Duration, Timestamp as ProtoTimestamp};
use temporalio_common::protos::temporal::api::common::v1::{Priority, WorkflowExecution};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1 as proto;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeScheduleResponse;

use super::{Described, OWNER, Started};
use crate::schedule::{Action, Calendar, Interval, Overlap, Schedule, Timing};
use crate::temporal::{ExecutionId, payload};

/// # Errors
/// Why a value can't be read, as a sentence.
pub(super) fn described(answer: DescribeScheduleResponse) -> Result<Described, String> {
    let owner = answer.memo.unwrap_or_default().fields.get(OWNER).and_then(|owner| payload::decode_one(owner).ok());
    let info = answer.info.unwrap_or_default();
    let (schedule, foreign) = schedule(answer.schedule.unwrap_or_default())?;
    Ok(Described {
        schedule,
        foreign,
        owner: owner.and_then(|owner| owner.as_str().map(str::to_owned)),
        starts: info.recent_actions.into_iter().filter_map(started).collect(),
        next: info.future_action_times.iter().filter_map(timestamp).collect(),
        running: info.running_workflows.into_iter().map(execution).collect(),
        taken: info.action_count,
        missed: info.missed_catchup_window,
        skipped: info.overlap_skipped,
        buffered: info.buffer_size,
        token: answer.conflict_token,
    })
}

fn schedule(schedule: proto::Schedule) -> Result<(Schedule, Vec<&'static str>), String> {
    let policies = schedule.policies.unwrap_or_default();
    let state = schedule.state.unwrap_or_default();
    let spec = schedule.spec.unwrap_or_default();
    let mut foreign = Vec::new();
    if !spec.timezone_data.is_empty() {
        foreign.push("time zone data");
    }
    let info = match schedule.action.and_then(|action| action.action) {
        Some(proto::schedule_action::Action::StartWorkflow(info)) => info,
        None => NewWorkflowExecutionInfo::default(),
    };
    let unknown = [
        (info.retry_policy.is_some(), "a retry policy"),
        (info.search_attributes.as_ref().is_some_and(|attributes| !attributes.indexed_fields.is_empty()), "search attributes"),
        (info.header.as_ref().is_some_and(|header| !header.fields.is_empty()), "a header"),
        (info.versioning_override.is_some(), "a versioning override, which the server ignores"),
        (info.workflow_task_timeout.is_some_and(|timeout| timeout != Duration::default()), "a task timeout"),
        (info.priority.as_ref().is_some_and(|priority| *priority != Priority::default()), "a priority"),
    ];
    foreign.extend(unknown.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what));
    let read = Schedule {
        timing: timing(spec),
        action: action(info)?,
        overlap: overlap(policies.overlap_policy()),
        catchup_window: policies.catchup_window.map_or(0, millis),
        pause_on_failure: policies.pause_on_failure,
        paused: state.paused,
        note: state.notes,
        remaining: state.limited_actions.then(|| u64::try_from(state.remaining_actions).unwrap_or(0)),
    };
    Ok((read, foreign))
}

fn timing(spec: proto::ScheduleSpec) -> Timing {
    let interval = |interval: proto::IntervalSpec| Interval {
        every: interval.interval.map_or(0, millis) / 1000,
        offset: interval.phase.map_or(0, millis) / 1000,
    };
    let timing = Timing {
        calendars: spec.structured_calendar.iter().map(calendar).collect(),
        intervals: spec.interval.into_iter().map(interval).collect(),
        exclude: spec.exclude_structured_calendar.iter().map(calendar).collect(),
        start: spec.start_time.as_ref().and_then(timestamp),
        end: spec.end_time.as_ref().and_then(timestamp),
        jitter: spec.jitter.map_or(0, millis),
        time_zone: spec.timezone_name,
    };
    timing.in_order()
}

fn calendar(calendar: &proto::StructuredCalendarSpec) -> Calendar {
    Calendar {
        second: values(&calendar.second, 59),
        minute: values(&calendar.minute, 59),
        hour: values(&calendar.hour, 23),
        day_of_month: values(&calendar.day_of_month, 31),
        month: values(&calendar.month, 12),
        day_of_week: values(&calendar.day_of_week, 6),
        year: values(&calendar.year, 2100),
    }
}

fn values(ranges: &[proto::Range], most: i32) -> BTreeSet<u16> {
    let numbers = ranges.iter().flat_map(|range| {
        let end = range.end.max(range.start).min(most);
        (range.start..=end).step_by(usize::try_from(range.step.max(1)).unwrap_or(1))
    });
    numbers.filter_map(|number| u16::try_from(number).ok()).collect()
}

fn action(info: NewWorkflowExecutionInfo) -> Result<Action, String> {
    let payloads = info.input.unwrap_or_default().payloads;
    let memo = info.memo.unwrap_or_default().fields;
    Ok(Action {
        workflow_type: info.workflow_type.unwrap_or_default().name,
        workflow_id: info.workflow_id,
        task_queue: info.task_queue.unwrap_or_default().name,
        input: payloads.iter().map(payload::decode_one).collect::<Result<_, _>>()?,
        memo: memo.iter().map(|(name, value)| Ok((name.clone(), payload::decode_one(value)?))).collect::<Result<_, String>>()?,
        execution_timeout: info.workflow_execution_timeout.map_or(0, millis),
        run_timeout: info.workflow_run_timeout.map_or(0, millis),
    })
}

fn started(start: proto::ScheduleActionResult) -> Option<Started> {
    let status = start.start_workflow_status().into();
    Some(Started {
        due: start.schedule_time.as_ref().and_then(timestamp),
        at: start.actual_time.as_ref().and_then(timestamp),
        id: execution(start.start_workflow_result?),
        status,
    })
}

fn execution(execution: WorkflowExecution) -> ExecutionId {
    ExecutionId { workflow_id: execution.workflow_id, run_id: execution.run_id }
}

fn overlap(policy: ScheduleOverlapPolicy) -> Overlap {
    match policy {
        ScheduleOverlapPolicy::Unspecified | ScheduleOverlapPolicy::Skip => Overlap::Skip,
        ScheduleOverlapPolicy::BufferOne => Overlap::BufferOne,
        ScheduleOverlapPolicy::BufferAll => Overlap::BufferAll,
        ScheduleOverlapPolicy::CancelOther => Overlap::CancelOther,
        ScheduleOverlapPolicy::TerminateOther => Overlap::TerminateOther,
        ScheduleOverlapPolicy::AllowAll => Overlap::AllowAll,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.seconds).unwrap_or(0).saturating_mul(1000) + u64::try_from(duration.nanos / 1_000_000).unwrap_or(0)
}

pub(super) fn timestamp(at: &ProtoTimestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}
