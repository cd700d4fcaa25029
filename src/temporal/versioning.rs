//! Which version an execution is on, said by somebody in place of its own code; and executions that begin again from a point of their history.

use std::time::SystemTime;

use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::enums::v1::{EventType, ResetReapplyExcludeType, VersioningBehavior};
use temporalio_common::protos::temporal::api::workflow::v1::versioning_override::Override as ProtoOverride;
use temporalio_common::protos::temporal::api::workflow::v1::{WorkflowExecutionOptions, WorkflowExecutionVersioningInfo};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error, ExecutionId, History, execution};

/// What an execution does when new versions become current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// Nothing is known: no task of it is done, or by workers without versions.
    Unknown,
    /// It stays on its version.
    Pinned,
    /// It moves with its next task.
    AutoUpgrade,
}

/// What somebody said of one execution, over what its code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// It is on that version.
    Pinned {
        /// The worker deployment.
        deployment: String,
        /// The build ID.
        build_id: String,
    },
    /// It moves with its next task.
    AutoUpgrade,
}

/// How an execution stands with versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioning {
    /// What its code says.
    pub behavior: Behavior,
    /// What somebody said over that.
    pub override_: Option<Override>,
    /// The worker deployment of the version that it runs on.
    pub deployment: Option<String>,
    /// The build ID of that version; none before its first task, or on workers without versions.
    pub build_id: Option<String>,
}

impl From<WorkflowExecutionVersioningInfo> for Versioning {
    fn from(info: WorkflowExecutionVersioningInfo) -> Self {
        let behavior = match info.behavior() {
            VersioningBehavior::Unspecified => Behavior::Unknown,
            VersioningBehavior::Pinned => Behavior::Pinned,
            VersioningBehavior::AutoUpgrade => Behavior::AutoUpgrade,
        };
        let override_ = info.versioning_override.and_then(|over| over.r#override).and_then(|over| match over {
            ProtoOverride::Pinned(pinned) => {
                pinned.version.map(|version| Override::Pinned { deployment: version.deployment_name, build_id: version.build_id })
            }
            ProtoOverride::OneTime(once) => once
                .target_deployment_version
                .map(|version| Override::Pinned { deployment: version.deployment_name, build_id: version.build_id }),
            ProtoOverride::AutoUpgrade(moves) => moves.then_some(Override::AutoUpgrade),
        });
        let version = info.deployment_version;
        let deployment = version.as_ref().map(|version| version.deployment_name.clone());
        Self { behavior, override_, deployment, build_id: version.map(|version| version.build_id) }
    }
}

/// An execution that begins again.
#[derive(Clone, Debug)]
pub struct Reset<'a> {
    /// The run whose history is kept up to the point.
    pub id: &'a ExecutionId,
    /// The event that ended the workflow task which is done again.
    pub at: i64,
    /// Why, for whoever reads the history.
    pub reason: &'a str,
    /// Whether signals that came after the point are lost.
    pub drops_signals: bool,
}

/// An event of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub id: i64,
    /// Its type, as `ACTIVITY_TASK_SCHEDULED`.
    pub name: String,
    /// When it was written.
    pub time: Option<SystemTime>,
    /// Whether a workflow task was completed by it: an execution can begin again here.
    pub completes_task: bool,
}

impl History {
    /// Its events, without what they hold.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let event = |event: &super::history::HistoryEvent| Event {
            id: event.event_id,
            name: event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_").to_owned(),
            time: event.event_time.as_ref().and_then(proto_ts_to_system_time),
            completes_task: event.event_type() == EventType::WorkflowTaskCompleted,
        };
        self.inner().iter().map(event).collect()
    }
}

impl Client {
    /// Pins an execution to a version (deployment, build ID) whatever its code says, or takes back what was said so. `identity` is who says it;
    /// we, where it is absent.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it has ended, or the server's.
    pub async fn pin(&self, id: &ExecutionId, version: Option<(&str, &str)>, identity: Option<&str>) -> Result<(), Error> {
        let versioning_override = version.map(|(name, build_id)| execution::pinned(name, build_id));
        let request = service::UpdateWorkflowExecutionOptionsRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(id.proto()),
            workflow_execution_options: Some(WorkflowExecutionOptions { versioning_override, ..Default::default() }),
            update_mask: Some(prost_wkt_types::FieldMask { paths: vec!["versioning_override".to_owned()] }),
            identity: identity.unwrap_or(self.identity()).to_owned(),
        };
        let about = || format!("the version of {id}");
        self.call(about, request, |service, request| service.update_workflow_execution_options(request)).await?;
        Ok(())
    }

    /// Lets an execution begin again from a point of its history; the new run.
    ///
    /// # Errors
    /// [`Error::Refused`] when the server finds no such point, or the server's.
    pub async fn reset(&self, reset: &Reset<'_>) -> Result<ExecutionId, Error> {
        let id = reset.id;
        let dropped = reset.drops_signals.then_some(ResetReapplyExcludeType::Signal.into());
        let request = service::ResetWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(id.proto()),
            reason: reset.reason.to_owned(),
            workflow_task_finish_event_id: reset.at,
            request_id: self.request_id("reset"),
            reset_reapply_exclude_types: dropped.into_iter().collect(),
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let about = || format!("a reset of {id} to event {}", reset.at);
        let answer = self.call(about, request, |service, request| service.reset_workflow_execution(request)).await?;
        Ok(ExecutionId { workflow_id: id.workflow_id.clone(), run_id: answer.run_id })
    }
}
