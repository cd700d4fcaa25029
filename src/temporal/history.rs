//! Histories: fetched whole, as the JSON that every Temporal tool reads and writes; and how one ends.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use temporalio_common::protos::temporal::api::enums::v1::RetryState;
pub(super) use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::History as ProtoHistory;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error, ExecutionId, Failure, Outcome, payload};

/// One run's history.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Its events, in order.
    events: Vec<HistoryEvent>,
}

#[allow(clippy::expect_used, reason = "a failure here is a broken build of this program")]
static DESCRIPTOR: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    // Both are made of the same files when we are built: a failure here is a broken build.
    let pool = DescriptorPool::decode(include_bytes!(env!("TEMPORAL_DESCRIPTORS")).as_slice()).expect("descriptors are readable");
    pool.get_message_by_name("temporal.api.history.v1.History").expect("there is a History")
});

impl History {
    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has none, which no history of a server's has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The protobuf JSON, `{"events": […]}`, as `temporal workflow show --output json` prints it; what a replay reads.
    ///
    /// # Errors
    /// [`Error::Payload`] when an event is newer than our copy of Temporal's API.
    pub fn to_json(&self) -> Result<String, Error> {
        let unreadable = |problem: String| Error::Payload { about: "the history".to_owned(), problem };
        let bytes = ProtoHistory { events: self.events.clone() }.encode_to_vec();
        let message = DynamicMessage::decode(DESCRIPTOR.clone(), bytes.as_slice()).map_err(|error| unreadable(error.to_string()))?;
        serde_json::to_string_pretty(&message).map_err(|error| unreadable(error.to_string()))
    }
}

impl Client {
    /// The history of one run, all pages of it.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the server's.
    pub async fn history(&self, id: &ExecutionId) -> Result<History, Error> {
        let mut events = Vec::new();
        let mut token = Vec::new();
        loop {
            let request = service::GetWorkflowExecutionHistoryRequest {
                namespace: self.namespace.clone(),
                execution: Some(id.proto()),
                next_page_token: token,
                ..Default::default()
            };
            let answer = self.answer(|| id.to_string(), self.service().get_workflow_execution_history(self.request(request)).await)?;
            events.append(&mut answer.history.unwrap_or_default().events);
            token = answer.next_page_token;
            if token.is_empty() {
                return Ok(History { events });
            }
        }
    }
}

/// How the execution of which `event` is the last ended, or the run that goes on.
///
/// # Errors
/// [`Error::Payload`] when the result can't be read, or the event ends nothing.
pub(super) fn closing(event: &HistoryEvent, id: &ExecutionId) -> Result<Result<Outcome, String>, Error> {
    let unreadable = |problem| Error::Payload { about: format!("the result of {id}"), problem };
    let going_on = |run: &str| (!run.is_empty()).then(|| run.to_owned());
    let attributes = event.attributes.as_ref().ok_or_else(|| unreadable("its last event says nothing".to_owned()))?;
    Ok(match attributes {
        Attributes::WorkflowExecutionCompletedEventAttributes(end) => match going_on(&end.new_execution_run_id) {
            Some(next) => Err(next),
            None => Ok(Outcome::Completed { result: payload::decode(end.result.as_ref()).map_err(unreadable)? }),
        },
        Attributes::WorkflowExecutionFailedEventAttributes(end) => match going_on(&end.new_execution_run_id) {
            Some(next) => Err(next),
            None => Ok(Outcome::Failed { failure: Failure::read(&end.failure.clone().unwrap_or_default()) }),
        },
        Attributes::WorkflowExecutionTimedOutEventAttributes(end) => match going_on(&end.new_execution_run_id) {
            Some(next) if end.retry_state() == RetryState::InProgress => Err(next),
            _ => Ok(Outcome::TimedOut),
        },
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(end) => Err(end.new_execution_run_id.clone()),
        Attributes::WorkflowExecutionCanceledEventAttributes(_) => Ok(Outcome::Canceled),
        Attributes::WorkflowExecutionTerminatedEventAttributes(end) => Ok(Outcome::Terminated { reason: end.reason.clone() }),
        _ => return Err(unreadable(format!("event {} ends nothing", event.event_id))),
    })
}
