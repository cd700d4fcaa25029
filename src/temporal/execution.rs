//! Workflow executions: start, signal, query, update, end, look at, wait for.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::Value;
use temporalio_client::tonic::Code;
use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::common::v1::{WorkflowExecution, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::{
    HistoryEventFilterType, UpdateWorkflowExecutionLifecycleStage, WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
};
use temporalio_common::protos::temporal::api::query::v1::WorkflowQuery;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::update::v1::{Input, Meta, Request as UpdateRequest, WaitPolicy, outcome};
use temporalio_common::protos::temporal::api::workflow::v1::VersioningOverride;
use temporalio_common::protos::temporal::api::workflow::v1::versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::failure::Kind;
use super::history::{End, closing};
use super::{Client, Error, Failure, deployment, payload};

/// One execution: an ID, and one of its runs (the newest, where empty).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionId {
    /// The workflow ID.
    pub workflow_id: String,
    /// The run ID; empty for the newest run.
    pub run_id: String,
}

impl ExecutionId {
    /// The newest run of `workflow_id`.
    #[must_use]
    pub fn newest(workflow_id: impl Into<String>) -> Self {
        Self { workflow_id: workflow_id.into(), run_id: String::new() }
    }

    pub(super) fn proto(&self) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id: self.run_id.clone() }
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow `{}`", self.workflow_id)?;
        if self.run_id.is_empty() { Ok(()) } else { write!(f, " (run {})", self.run_id) }
    }
}

/// How an execution is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The workflow type.
    pub workflow_type: String,
    /// The workflow ID.
    pub workflow_id: String,
    /// The task queue.
    pub task_queue: String,
    /// The arguments.
    pub input: Vec<Value>,
    /// Whether an ID that is running is an error (default) or its execution is taken as ours.
    pub use_existing: bool,
    /// How long the execution and its successors may take.
    pub execution_timeout: Option<Duration>,
    /// The version (deployment, build ID) that it is pinned to, in place of the current one.
    pub pinned: Option<(String, String)>,
}

impl Start {
    /// A start with the defaults: IDs are not shared, no timeout, on the current version.
    #[must_use]
    pub fn new(workflow_type: impl Into<String>, workflow_id: impl Into<String>, task_queue: impl Into<String>, input: Vec<Value>) -> Self {
        Self {
            workflow_type: workflow_type.into(),
            workflow_id: workflow_id.into(),
            task_queue: task_queue.into(),
            input,
            use_existing: false,
            execution_timeout: None,
            pinned: None,
        }
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Outcome {
    /// It returned.
    Completed {
        /// What it returned.
        result: Value,
    },
    /// It threw.
    Failed {
        /// What it threw.
        failure: Failure,
    },
    /// It was cancelled.
    Canceled,
    /// Somebody terminated it.
    Terminated {
        /// The words that were given.
        reason: String,
    },
    /// Its time ran out.
    TimedOut,
}

/// What state an execution is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It runs, or waits for a worker.
    Running,
    /// It returned.
    Completed,
    /// It threw.
    Failed,
    /// It was cancelled.
    Canceled,
    /// Somebody terminated it.
    Terminated,
    /// This run ended; the next goes on.
    ContinuedAsNew,
    /// Its time ran out.
    TimedOut,
    /// It is paused.
    Paused,
    /// The server says something we don't know.
    Unknown,
}

impl Status {
    /// Its name, as Temporal writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::Terminated => "Terminated",
            Self::ContinuedAsNew => "ContinuedAsNew",
            Self::TimedOut => "TimedOut",
            Self::Paused => "Paused",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<WorkflowExecutionStatus> for Status {
    fn from(status: WorkflowExecutionStatus) -> Self {
        match status {
            WorkflowExecutionStatus::Running => Self::Running,
            WorkflowExecutionStatus::Completed => Self::Completed,
            WorkflowExecutionStatus::Failed => Self::Failed,
            WorkflowExecutionStatus::Canceled => Self::Canceled,
            WorkflowExecutionStatus::Terminated => Self::Terminated,
            WorkflowExecutionStatus::ContinuedAsNew => Self::ContinuedAsNew,
            WorkflowExecutionStatus::TimedOut => Self::TimedOut,
            WorkflowExecutionStatus::Paused => Self::Paused,
            WorkflowExecutionStatus::Unspecified => Self::Unknown,
        }
    }
}

/// What the server knows of an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The execution, run included.
    #[serde(flatten)]
    pub id: ExecutionId,
    /// Its type.
    pub workflow_type: String,
    /// Its task queue.
    pub task_queue: String,
    /// Its state.
    pub status: Status,
    /// Events in its history.
    pub history_length: i64,
    /// The build ID of the version that it runs on; none before its first task, or on workers without versions.
    pub build_id: Option<String>,
    /// When it started.
    pub started: Option<SystemTime>,
    /// When it ended.
    pub closed: Option<SystemTime>,
    /// Activities that are scheduled, running or waiting for a retry.
    pub pending_activities: usize,
    /// Children that run.
    pub pending_children: usize,
}

impl Client {
    /// Starts an execution; its ID and run.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] when the ID is running, or the server's.
    pub async fn start(&self, start: &Start) -> Result<ExecutionId, Error> {
        let conflict = if start.use_existing { WorkflowIdConflictPolicy::UseExisting } else { WorkflowIdConflictPolicy::Fail };
        let request = service::StartWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_id: start.workflow_id.clone(),
            workflow_type: Some(WorkflowType { name: start.workflow_type.clone() }),
            task_queue: Some(TaskQueue { name: start.task_queue.clone(), ..Default::default() }),
            input: Some(payload::encode(&start.input)),
            workflow_execution_timeout: start.execution_timeout.and_then(|timeout| timeout.try_into().ok()),
            identity: self.identity().to_owned(),
            request_id: self.request_id(&start.workflow_id),
            workflow_id_reuse_policy: WorkflowIdReusePolicy::AllowDuplicate.into(),
            workflow_id_conflict_policy: conflict.into(),
            versioning_override: start.pinned.as_ref().map(|(deployment, build_id)| pinned(deployment, build_id)),
            ..Default::default()
        };
        let about = || format!("{} `{}` on task queue `{}`", start.workflow_type, start.workflow_id, start.task_queue);
        let answer = self.call(about, request, |service, request| service.start_workflow_execution(request)).await?;
        Ok(ExecutionId { workflow_id: start.workflow_id.clone(), run_id: answer.run_id })
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the execution has ended, or the server's.
    pub async fn signal(&self, id: &ExecutionId, signal: &str, arguments: &[Value]) -> Result<(), Error> {
        let request = service::SignalWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(id.proto()),
            signal_name: signal.to_owned(),
            input: Some(payload::encode(arguments)),
            identity: self.identity().to_owned(),
            request_id: self.request_id(signal),
            ..Default::default()
        };
        let about = || format!("signal `{signal}` to {id}");
        self.call(about, request, |service, request| service.signal_workflow_execution(request)).await?;
        Ok(())
    }

    /// Asks a query of a running or ended execution; its answer.
    ///
    /// # Errors
    /// [`Error::Query`] with the handler's words, [`Error::Deadline`] when no worker answers, or the server's.
    pub async fn query(&self, id: &ExecutionId, query: &str, arguments: &[Value]) -> Result<Value, Error> {
        let request = service::QueryWorkflowRequest {
            namespace: self.namespace.clone(),
            execution: Some(id.proto()),
            query: Some(WorkflowQuery { query_type: query.to_owned(), query_args: Some(payload::encode(arguments)), header: None }),
            ..Default::default()
        };
        let about = || format!("query `{query}` of {id}");
        let answer = match self.call(about, request, |service, request| service.query_workflow(request)).await {
            // The server answers so for a query that the handler failed, or that no handler is there for.
            Err(Error::Refused { about, problem }) => return Err(Error::Query { about, problem }),
            answer => answer?,
        };
        payload::decode(answer.query_result.as_ref()).map_err(|problem| Error::Payload { about: about(), problem })
    }

    /// Runs an update to its end; its answer.
    ///
    /// # Errors
    /// [`Error::Update`] when it was rejected or its handler failed, [`Error::Deadline`] when no worker takes it, or
    /// the server's.
    pub async fn update(&self, id: &ExecutionId, update: &str, arguments: &[Value]) -> Result<Value, Error> {
        let about = || format!("update `{update}` of {id}");
        let input = Input { name: update.to_owned(), args: Some(payload::encode(arguments)), header: None };
        let meta = Meta { update_id: self.request_id(update), identity: self.identity().to_owned() };
        let request = service::UpdateWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(id.proto()),
            wait_policy: Some(WaitPolicy { lifecycle_stage: UpdateWorkflowExecutionLifecycleStage::Completed.into() }),
            request: Some(UpdateRequest { meta: Some(meta), input: Some(input), ..Default::default() }),
            ..Default::default()
        };
        loop {
            // The update's ID makes a repetition the same update; the server answers early when it takes long.
            let answer = self.call(about, request.clone(), |service, request| service.update_workflow_execution(request)).await?;
            match answer.outcome.and_then(|outcome| outcome.value) {
                Some(outcome::Value::Success(result)) => {
                    return payload::decode(Some(&result)).map_err(|problem| Error::Payload { about: about(), problem });
                }
                Some(outcome::Value::Failure(failure)) => {
                    return Err(Error::Update { about: about(), failure: Box::new(Failure::read(&failure)) });
                }
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Asks an execution to cancel itself.
    ///
    /// # Errors
    /// The server's.
    pub async fn cancel(&self, id: &ExecutionId, reason: &str) -> Result<(), Error> {
        let request = service::RequestCancelWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(id.proto()),
            identity: self.identity().to_owned(),
            request_id: self.request_id("cancel"),
            reason: reason.to_owned(),
            ..Default::default()
        };
        let about = || format!("cancelling {id}");
        self.call(about, request, |service, request| service.request_cancel_workflow_execution(request)).await?;
        Ok(())
    }

    /// Ends an execution at once; its code runs no further.
    ///
    /// # Errors
    /// The server's.
    pub async fn terminate(&self, id: &ExecutionId, reason: &str) -> Result<(), Error> {
        let request = service::TerminateWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(id.proto()),
            identity: self.identity().to_owned(),
            reason: reason.to_owned(),
            ..Default::default()
        };
        let about = || format!("terminating {id}");
        self.call(about, request, |service, request| service.terminate_workflow_execution(request)).await?;
        Ok(())
    }

    /// What the server knows of an execution.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the server's.
    pub async fn describe(&self, id: &ExecutionId) -> Result<Description, Error> {
        let answer = self.describe_raw(id).await?;
        let info = answer.workflow_execution_info.unwrap_or_default();
        let execution = info.execution.clone().unwrap_or_default();
        Ok(Description {
            id: ExecutionId { workflow_id: execution.workflow_id, run_id: execution.run_id },
            status: info.status().into(),
            workflow_type: info.r#type.unwrap_or_default().name,
            task_queue: info.task_queue,
            history_length: info.history_length,
            build_id: info.versioning_info.and_then(|info| info.deployment_version).map(|version| version.build_id),
            started: info.start_time.as_ref().and_then(proto_ts_to_system_time),
            closed: info.close_time.as_ref().and_then(proto_ts_to_system_time),
            pending_activities: answer.pending_activities.len(),
            pending_children: answer.pending_children.len(),
        })
    }

    /// How an execution stands with versions.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the server's.
    pub async fn versioning(&self, id: &ExecutionId) -> Result<super::Versioning, Error> {
        let info = self.describe_raw(id).await?.workflow_execution_info.unwrap_or_default();
        Ok(info.versioning_info.unwrap_or_default().into())
    }

    pub(super) async fn describe_raw(&self, id: &ExecutionId) -> Result<service::DescribeWorkflowExecutionResponse, Error> {
        let request = service::DescribeWorkflowExecutionRequest { namespace: self.namespace.clone(), execution: Some(id.proto()) };
        self.call(|| id.to_string(), request, |service, request| service.describe_workflow_execution(request)).await
    }

    /// Waits for the end of an execution and, where it continued as new, of its successors.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Payload`] when the result can't be read, or the server's. Not for a failure of
    /// the workflow: that is an [`Outcome`].
    pub async fn outcome(&self, id: &ExecutionId) -> Result<Outcome, Error> {
        let mut id = id.clone();
        loop {
            match closing(&self.close_event(&id).await?, &id)? {
                End::Over(outcome) => return Ok(outcome),
                End::GoesOn { next_run, .. } => id.run_id = next_run,
            }
        }
    }

    async fn close_event(&self, id: &ExecutionId) -> Result<super::history::HistoryEvent, Error> {
        let mut token = Vec::new();
        loop {
            let request = service::GetWorkflowExecutionHistoryRequest {
                namespace: self.namespace.clone(),
                execution: Some(id.proto()),
                next_page_token: token.clone(),
                wait_new_event: true,
                history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
                ..Default::default()
            };
            match self.caller.poll(request, |service, request| service.get_workflow_execution_history(request)).await {
                Err(status) if status.code() == Code::DeadlineExceeded => {}
                answer => {
                    let answer = answer.map_err(|status| self.failed(id.to_string(), &status))?;
                    if let Some(event) = answer.history.unwrap_or_default().events.pop() {
                        return Ok(event);
                    }
                    token = answer.next_page_token;
                }
            }
        }
    }

    /// A name for one request, so that its retries count once.
    pub(super) fn request_id(&self, about: &str) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        format!("{}/{about}/{}", self.identity(), now.as_nanos())
    }
}

pub(super) fn pinned(name: &str, build_id: &str) -> VersioningOverride {
    let version = Some(deployment::proto(name, build_id));
    let pinned = PinnedOverride { behavior: PinnedOverrideBehavior::Pinned.into(), version };
    VersioningOverride { r#override: Some(Override::Pinned(pinned)), ..Default::default() }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed { .. } => f.write_str("completed"),
            Self::Failed { failure } => write!(f, "failed: {failure}"),
            Self::Canceled => f.write_str("was cancelled"),
            Self::Terminated { reason } if reason.is_empty() => f.write_str("was terminated"),
            Self::Terminated { reason } => write!(f, "was terminated: {reason}"),
            Self::TimedOut => f.write_str("timed out"),
        }
    }
}

impl Outcome {
    /// The failure of an execution that didn't complete.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Completed { .. } => None,
            Self::Failed { failure } => Some(failure.clone()),
            Self::Canceled => Some(Failure::plain(Kind::Canceled, "")),
            Self::Terminated { reason } => Some(Failure::plain(Kind::Terminated, reason.clone())),
            Self::TimedOut => Some(Failure::plain(Kind::Timeout { which: "execution" }, "")),
        }
    }
}
