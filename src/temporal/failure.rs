//! A failure as Temporal hands it on (an activity's error in a child's failure in a workflow's failure), readable.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use temporalio_common::protos::temporal::api::enums::v1::TimeoutType;
use temporalio_common::protos::temporal::api::failure::v1 as proto;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;

use super::payload;

/// Why something failed, from the outside in.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: Kind,
    /// The words of who threw it.
    pub message: String,
    /// The error's type, as `BuildError`; of application failures only.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Whether it was thrown as final.
    pub non_retryable: bool,
    /// What it carries; of application failures only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Value>,
    /// Where it was thrown, in the thrower's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stack_trace: String,
    /// What led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Failure>>,
}

/// What kind of failure it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Code threw it.
    Application,
    /// An activity failed; the cause says why.
    Activity {
        /// The activity's name.
        name: String,
    },
    /// A child workflow failed; the cause says why.
    Child {
        /// The child's type.
        workflow_type: String,
        /// The child's ID.
        workflow_id: String,
    },
    /// A time ran out.
    Timeout {
        /// Which one, as `startToClose`.
        which: &'static str,
    },
    /// It was cancelled.
    Canceled,
    /// Somebody terminated it.
    Terminated,
    /// The server failed, or something we don't know.
    Server,
}

impl Failure {
    pub(super) fn read(failure: &proto::Failure) -> Self {
        let mut read = Self {
            kind: Kind::Server,
            message: failure.message.clone(),
            error_type: None,
            non_retryable: false,
            details: Vec::new(),
            stack_trace: failure.stack_trace.clone(),
            cause: failure.cause.as_deref().map(|cause| Box::new(Self::read(cause))),
        };
        match &failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => {
                read.kind = Kind::Application;
                read.error_type = Some(info.r#type.clone()).filter(|name| !name.is_empty() && name != "Error");
                read.non_retryable = info.non_retryable;
                read.details = payload::decode_all(info.details.as_ref());
            }
            Some(FailureInfo::ActivityFailureInfo(info)) => {
                read.kind = Kind::Activity { name: info.activity_type.clone().unwrap_or_default().name };
            }
            Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)) => {
                let workflow_id = info.workflow_execution.clone().unwrap_or_default().workflow_id;
                read.kind = Kind::Child { workflow_type: info.workflow_type.clone().unwrap_or_default().name, workflow_id };
            }
            Some(FailureInfo::TimeoutFailureInfo(info)) => read.kind = Kind::Timeout { which: timeout_name(info.timeout_type()) },
            Some(FailureInfo::CanceledFailureInfo(_)) => read.kind = Kind::Canceled,
            Some(FailureInfo::TerminatedFailureInfo(_)) => read.kind = Kind::Terminated,
            Some(FailureInfo::ServerFailureInfo(info)) => read.non_retryable = info.non_retryable,
            _ => {}
        }
        read
    }

    /// A failure of ours, where the server tells that something ended but sends no failure.
    #[must_use]
    pub fn plain(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            error_type: None,
            non_retryable: false,
            details: Vec::new(),
            stack_trace: String::new(),
            cause: None,
        }
    }

    /// The innermost failure: what really happened.
    #[must_use]
    pub fn root(&self) -> &Self {
        self.cause.as_deref().map_or(self, Self::root)
    }
}

impl fmt::Display for Failure {
    /// One line: what failed, from the outside in, without the words that say nothing ("Activity task failed").
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Application => match &self.error_type {
                Some(name) => write!(f, "{name}: {}", self.message)?,
                None => f.write_str(&self.message)?,
            },
            Kind::Activity { name } => write!(f, "activity {name} failed")?,
            Kind::Child { workflow_type, workflow_id } => write!(f, "child {workflow_type} ({workflow_id}) failed")?,
            Kind::Timeout { which } => write!(f, "{which} timeout")?,
            Kind::Canceled => f.write_str("cancelled")?,
            Kind::Terminated if self.message.is_empty() => f.write_str("terminated")?,
            Kind::Terminated => write!(f, "terminated: {}", self.message)?,
            Kind::Server => f.write_str(&self.message)?,
        }
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

pub(super) fn timeout_name(which: TimeoutType) -> &'static str {
    match which {
        TimeoutType::StartToClose => "startToClose",
        TimeoutType::ScheduleToStart => "scheduleToStart",
        TimeoutType::ScheduleToClose => "scheduleToClose",
        TimeoutType::Heartbeat => "heartbeat",
        TimeoutType::Unspecified => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::common::v1::ActivityType;

    #[test]
    fn a_chain_reads_from_the_outside_in() {
        let thrown = proto::ApplicationFailureInfo { r#type: "BuildError".to_owned(), non_retryable: true, ..Default::default() };
        let cause = proto::Failure {
            message: "exit code 1".to_owned(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(thrown)),
            ..Default::default()
        };
        let activity =
            proto::ActivityFailureInfo { activity_type: Some(ActivityType { name: "runBuild".to_owned() }), ..Default::default() };
        let failure = Failure::read(&proto::Failure {
            message: "Activity task failed".to_owned(),
            cause: Some(Box::new(cause)),
            failure_info: Some(FailureInfo::ActivityFailureInfo(activity)),
            ..Default::default()
        });
        assert_eq!(failure.to_string(), "activity runBuild failed: BuildError: exit code 1");
        assert!(failure.root().non_retryable);
    }
}
