//! Histories: fetched whole, as the JSON that every Temporal tool reads and writes; and how one ends.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use temporalio_common::protos::temporal::api::history::v1::History as ProtoHistory;
pub(super) use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error, ExecutionId, Failure, FailureKind, Outcome, payload};

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

    pub(super) fn inner(&self) -> &[HistoryEvent] {
        &self.events
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
            let answer = self.call(|| id.to_string(), request, |service, request| service.get_workflow_execution_history(request)).await?;
            events.append(&mut answer.history.unwrap_or_default().events);
            token = answer.next_page_token;
            if token.is_empty() {
                return Ok(History { events });
            }
        }
    }
}

/// What the last event of a run leads to.
pub(super) enum End {
    /// The execution is over.
    Over(Outcome),
    /// Another run goes on where this one ended: continued as new, on its schedule, or after a failure.
    GoesOn {
        /// The next run.
        next_run: String,
        /// Why this one is tried again.
        failure: Option<Failure>,
    },
}

/// How the run of which `event` is the last ended.
///
/// # Errors
/// [`Error::Payload`] when the result can't be read, or the event ends nothing.
pub(super) fn closing(event: &HistoryEvent, id: &ExecutionId) -> Result<End, Error> {
    let unreadable = |problem| Error::Payload { about: format!("the result of {id}"), problem };
    let attributes = event.attributes.as_ref().ok_or_else(|| unreadable("its last event says nothing".to_owned()))?;
    let end = |next_run: &str, failure, outcome| match next_run {
        "" => End::Over(outcome),
        next_run => End::GoesOn { next_run: next_run.to_owned(), failure },
    };
    Ok(match attributes {
        Attributes::WorkflowExecutionCompletedEventAttributes(a) => {
            let result = payload::decode(a.result.as_ref()).map_err(unreadable)?;
            end(&a.new_execution_run_id, None, Outcome::Completed { result })
        }
        Attributes::WorkflowExecutionFailedEventAttributes(a) => {
            let failure = Failure::read(&a.failure.clone().unwrap_or_default());
            end(&a.new_execution_run_id, Some(failure.clone()), Outcome::Failed { failure })
        }
        Attributes::WorkflowExecutionTimedOutEventAttributes(a) => {
            let failure = Failure::plain(FailureKind::Timeout { which: "execution" }, "");
            end(&a.new_execution_run_id, Some(failure), Outcome::TimedOut)
        }
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => {
            End::GoesOn { next_run: a.new_execution_run_id.clone(), failure: None }
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(_) => End::Over(Outcome::Canceled),
        Attributes::WorkflowExecutionTerminatedEventAttributes(a) => End::Over(Outcome::Terminated { reason: a.reason.clone() }),
        _ => return Err(unreadable(format!("event {} ends nothing", event.event_id))),
    })
}
