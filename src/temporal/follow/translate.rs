//! History events → what happened. Keeps what later events refer to by number. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use temporalio_common::protos::temporal::api::common::v1::{Payload, WorkflowExecution, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::{StartChildWorkflowExecutionFailedCause, TimeoutType};
use temporalio_common::protos::temporal::api::failure::v1 as proto;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use super::super::failure::{Kind, timeout_name};
use super::super::history::{End, closing};
use super::super::{Error, ExecutionId, Failure};
use super::event::{Activity, Child, Event, What};
use super::pending::{Pending, timestamp};

/// One run, as far as it was read.
pub(super) struct Run {
    id: ExecutionId,
    workflow_type: String,
    /// Open activities by the number of their scheduling.
    activities: BTreeMap<i64, Activity>,
    /// What is known of their attempts.
    pub(super) pending: Pending,
}

impl Run {
    pub(super) fn new(id: ExecutionId, workflow_type: String) -> Self {
        Self { id, workflow_type, activities: BTreeMap::new(), pending: Pending::default() }
    }

    /// An event of this run.
    pub(super) fn event(&self, time: Timestamp, what: What) -> Event {
        Event { time, id: self.id.clone(), workflow_type: self.workflow_type.clone(), what }
    }

    /// What `event` tells, in order; nothing for what is the server's business only.
    pub(super) fn read(&mut self, event: &HistoryEvent) -> Result<Vec<Event>, Error> {
        let time = event.event_time.as_ref().and_then(|time| timestamp(time.seconds, time.nanos)).unwrap_or_default();
        let Some(attributes) = &event.attributes else { return Ok(Vec::new()) };
        let whats = match self.read_activity(event, attributes) {
            Some(whats) => whats,
            None => match read_child(attributes).or_else(|| self.read_rest(attributes)) {
                Some(what) => vec![what],
                None => self.read_end(event, attributes)?.into_iter().collect(),
            },
        };
        Ok(whats.into_iter().map(|what| self.event(time, what)).collect())
    }

    fn read_activity(&mut self, event: &HistoryEvent, attributes: &Attributes) -> Option<Vec<What>> {
        Some(match attributes {
            Attributes::ActivityTaskScheduledEventAttributes(a) => {
                let summary = event.user_metadata.as_ref().and_then(|metadata| metadata.summary.as_ref()).and_then(text);
                let activity = Activity { id: a.activity_id.clone(), name: name(a.activity_type.as_ref().map(|t| &t.name)), summary };
                self.activities.insert(event.event_id, activity.clone());
                self.pending.opened(&activity);
                vec![What::ActivityScheduled { activity }]
            }
            Attributes::ActivityTaskStartedEventAttributes(a) => {
                let activity = self.activities.get(&a.scheduled_event_id)?;
                let failure = a.last_failure.as_ref().map(Failure::read);
                self.pending.started(activity, u32::try_from(a.attempt).unwrap_or(1), failure)
            }
            Attributes::ActivityTaskCompletedEventAttributes(a) => {
                let activity = self.activities.remove(&a.scheduled_event_id)?;
                let attempt = self.pending.closed(&activity);
                vec![What::ActivityCompleted { activity, attempt }]
            }
            Attributes::ActivityTaskFailedEventAttributes(a) => self.failed(a.scheduled_event_id, a.failure.as_ref(), Kind::Server)?,
            Attributes::ActivityTaskTimedOutEventAttributes(a) => {
                let kind = Kind::Timeout { which: timeout_name(TimeoutType::Unspecified) };
                self.failed(a.scheduled_event_id, a.failure.as_ref(), kind)?
            }
            Attributes::ActivityTaskCanceledEventAttributes(a) => self.failed(a.scheduled_event_id, None, Kind::Canceled)?,
            _ => return None,
        })
    }

    fn failed(&mut self, scheduled: i64, failure: Option<&proto::Failure>, otherwise: Kind) -> Option<Vec<What>> {
        let activity = self.activities.remove(&scheduled)?;
        let attempt = self.pending.closed(&activity);
        let failure = failure.map_or_else(|| Failure::plain(otherwise, ""), Failure::read);
        Some(vec![What::ActivityFailed { activity, attempt, failure }])
    }

    fn read_rest(&mut self, attributes: &Attributes) -> Option<What> {
        Some(match attributes {
            Attributes::WorkflowExecutionStartedEventAttributes(a) => {
                self.workflow_type = name(a.workflow_type.as_ref().map(|t| &t.name));
                let parent = a.parent_workflow_execution.as_ref().map(|parent| parent.workflow_id.clone());
                What::Started { parent, continued: !a.continued_execution_run_id.is_empty() }
            }
            Attributes::WorkflowTaskFailedEventAttributes(a) => What::TaskFailed { failure: Failure::read(a.failure.as_ref()?) },
            Attributes::WorkflowExecutionSignaledEventAttributes(a) => What::SignalReceived { signal: a.signal_name.clone() },
            Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                What::SignalSent { signal: a.signal_name.clone(), to: a.workflow_execution.clone().unwrap_or_default().workflow_id }
            }
            Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a) => {
                What::UpdateAccepted { update: a.accepted_request.clone()?.input?.name }
            }
            Attributes::TimerStartedEventAttributes(a) => {
                let duration = a.start_to_fire_timeout.and_then(|duration| duration.try_into().ok());
                What::TimerStarted { timer: a.timer_id.clone(), duration }
            }
            Attributes::TimerFiredEventAttributes(a) => What::TimerEnded { timer: a.timer_id.clone(), fired: true },
            Attributes::TimerCanceledEventAttributes(a) => What::TimerEnded { timer: a.timer_id.clone(), fired: false },
            _ => return None,
        })
    }

    fn read_end(&self, event: &HistoryEvent, attributes: &Attributes) -> Result<Option<What>, Error> {
        let ends = matches!(
            attributes,
            Attributes::WorkflowExecutionCompletedEventAttributes(_)
                | Attributes::WorkflowExecutionFailedEventAttributes(_)
                | Attributes::WorkflowExecutionTimedOutEventAttributes(_)
                | Attributes::WorkflowExecutionCanceledEventAttributes(_)
                | Attributes::WorkflowExecutionTerminatedEventAttributes(_)
                | Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_)
        );
        if !ends {
            return Ok(None);
        }
        Ok(Some(match closing(event, &self.id)? {
            End::Over(outcome) => What::Ended { outcome },
            End::GoesOn { next_run, failure: None } => What::ContinuedAsNew { next_run },
            End::GoesOn { next_run, failure: Some(failure) } => What::RunRetried { next_run, failure },
        }))
    }
}

fn read_child(attributes: &Attributes) -> Option<What> {
    let ended = |execution: &Option<WorkflowExecution>, workflow_type: &Option<WorkflowType>, failure| What::ChildEnded {
        child: child(execution.clone(), workflow_type.as_ref()),
        failure,
    };
    Some(match attributes {
        Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
            What::ChildStarted { child: child(a.workflow_execution.clone(), a.workflow_type.as_ref()) }
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => ended(&a.workflow_execution, &a.workflow_type, None),
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => {
            let failure = Failure::read(&a.failure.clone().unwrap_or_default());
            ended(&a.workflow_execution, &a.workflow_type, Some(failure))
        }
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            ended(&a.workflow_execution, &a.workflow_type, Some(Failure::plain(Kind::Canceled, "")))
        }
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            ended(&a.workflow_execution, &a.workflow_type, Some(Failure::plain(Kind::Timeout { which: "execution" }, "")))
        }
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            ended(&a.workflow_execution, &a.workflow_type, Some(Failure::plain(Kind::Terminated, "")))
        }
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => {
            let words = match a.cause() {
                StartChildWorkflowExecutionFailedCause::WorkflowAlreadyExists => "another execution has its workflow ID",
                StartChildWorkflowExecutionFailedCause::NamespaceNotFound => "its namespace is not there",
                StartChildWorkflowExecutionFailedCause::InvalidVersioningOverride => "the version that it is pinned to is not there",
                StartChildWorkflowExecutionFailedCause::Unspecified => "the server didn't start it",
            };
            let execution = WorkflowExecution { workflow_id: a.workflow_id.clone(), run_id: String::new() };
            ended(&Some(execution), &a.workflow_type, Some(Failure::plain(Kind::Server, words)))
        }
        _ => return None,
    })
}

fn child(execution: Option<WorkflowExecution>, workflow_type: Option<&WorkflowType>) -> Child {
    let WorkflowExecution { workflow_id, run_id } = execution.unwrap_or_default();
    Child { workflow_id, run_id, workflow_type: name(workflow_type.map(|t| &t.name)) }
}

fn name(name: Option<&String>) -> String {
    name.cloned().unwrap_or_default()
}

/// A payload that holds a string.
fn text(payload: &Payload) -> Option<String> {
    serde_json::from_slice(&payload.data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::common::v1::ActivityType;
    use temporalio_common::protos::temporal::api::history::v1 as history;

    fn run() -> Run {
        Run::new(ExecutionId { workflow_id: "w".to_owned(), run_id: "r".to_owned() }, "W".to_owned())
    }

    fn read(run: &mut Run, event_id: i64, attributes: Attributes) -> Vec<What> {
        let event = HistoryEvent { event_id, attributes: Some(attributes), ..Default::default() };
        run.read(&event).unwrap().into_iter().map(|event| event.what).collect()
    }

    #[test]
    fn an_activity_is_known_by_name_to_its_end() {
        let mut run = run();
        let activity = Activity { id: "1".to_owned(), name: "build".to_owned(), summary: None };
        let scheduled = history::ActivityTaskScheduledEventAttributes {
            activity_id: "1".to_owned(),
            activity_type: Some(ActivityType { name: "build".to_owned() }),
            ..Default::default()
        };
        let started = history::ActivityTaskStartedEventAttributes { scheduled_event_id: 5, attempt: 1, ..Default::default() };
        let completed = history::ActivityTaskCompletedEventAttributes { scheduled_event_id: 5, ..Default::default() };
        assert_eq!(read(&mut run, 5, scheduled.into()), [What::ActivityScheduled { activity: activity.clone() }]);
        assert_eq!(read(&mut run, 6, started.into()), [What::ActivityStarted { activity: activity.clone(), attempt: 1 }]);
        assert_eq!(read(&mut run, 7, completed.clone().into()), [What::ActivityCompleted { activity, attempt: 1 }]);
        assert_eq!(read(&mut run, 8, completed.into()), []);
    }

    #[test]
    fn ends_and_continuations_are_told_apart() {
        let mut run = run();
        let next = history::WorkflowExecutionContinuedAsNewEventAttributes { new_execution_run_id: "r2".to_owned(), ..Default::default() };
        assert_eq!(read(&mut run, 9, next.into()), [What::ContinuedAsNew { next_run: "r2".to_owned() }]);
        let retried = history::WorkflowExecutionFailedEventAttributes { new_execution_run_id: "r3".to_owned(), ..Default::default() };
        assert!(matches!(&read(&mut run, 9, retried.into())[..], [What::RunRetried { next_run, .. }] if next_run == "r3"));
        let end = history::WorkflowExecutionTerminatedEventAttributes { reason: "enough".to_owned(), ..Default::default() };
        let outcome = super::super::super::Outcome::Terminated { reason: "enough".to_owned() };
        assert_eq!(read(&mut run, 9, end.into()), [What::Ended { outcome }]);
    }
}
