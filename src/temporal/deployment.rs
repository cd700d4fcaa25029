//! Worker deployments as the server sees them: their versions, and which of them new executions begin on.

use std::time::SystemTime;

use temporalio_common::protos::proto_ts_to_system_time;
use temporalio_common::protos::temporal::api::deployment::v1::worker_deployment_info::WorkerDeploymentVersionSummary;
use temporalio_common::protos::temporal::api::deployment::v1::{VersionDrainageInfo, WorkerDeploymentVersion};
use temporalio_common::protos::temporal::api::enums::v1::{
    RoutingConfigUpdateState, TaskQueueType as ProtoTaskQueueType, VersionDrainageStatus, WorkerDeploymentVersionStatus,
};
use temporalio_common::protos::temporal::api::taskqueue::v1::{TaskQueue, TaskQueueStats};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error};

/// What the server knows of a worker deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// The build ID that new executions begin on; none before the first, and where workers without versions take them.
    pub current: Option<String>,
    /// The version that a share of new executions begins on instead.
    pub ramping: Option<Ramp>,
    /// Whether every partition of every task queue knows the routing by now.
    pub is_propagated: bool,
    /// Every version that the server keeps.
    pub versions: Vec<Version>,
    /// Who alone may change it; none where everybody may.
    pub manager: Option<String>,
    /// What shows the server that we know its present state.
    pub(super) token: Vec<u8>,
}

/// A version that a share of new executions begins on.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    /// Its build ID; none for workers without versions.
    pub build_id: Option<String>,
    /// How many of 100 new executions.
    pub percentage: f32,
}

/// A version, as its deployment lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The build ID.
    pub build_id: String,
    /// Where it is in its life.
    pub status: VersionStatus,
    /// When the server first heard of it.
    pub created: Option<SystemTime>,
    /// Since when it is drained; none while it isn't.
    pub drained_since: Option<SystemTime>,
    /// When the server last counted its executions; it does so every few minutes while a version drains.
    pub drainage_checked: Option<SystemTime>,
    /// When new executions last stopped to begin on it; none before, and while they begin on it.
    pub deactivated: Option<SystemTime>,
}

/// Where a version is in its life, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStatus {
    /// The server doesn't say, or something newer than we are.
    Unspecified,
    /// Made by somebody's request; no worker has polled yet.
    Created,
    /// Workers polled; executions are only on it where they were pinned to it.
    Inactive,
    /// New executions begin on it.
    Current,
    /// A share of new executions begins on it.
    Ramping,
    /// None begin on it, pinned ones are open. Also what an inactive or drained version becomes when an execution is
    /// pinned to it by its starter.
    Draining,
    /// None begin on it, no pinned one is running. The server doesn't look for paused ones, and some servers not for those
    /// that are pinned to it from here on: ask [`Client::count_open`] before something that they need goes.
    Drained,
}

/// What the server knows of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionDetail {
    /// The version, as its deployment lists it.
    pub version: Version,
    /// Every task queue that a worker of it ever polled.
    pub task_queues: Vec<(String, TaskQueueType)>,
}

/// What kind of tasks a task queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskQueueType {
    /// Workflow tasks.
    Workflow,
    /// Activity tasks.
    Activity,
    /// Nexus tasks.
    Nexus,
}

impl Client {
    /// What the server knows of `deployment`; none when it knows none of that name.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`], or the server's.
    pub async fn deployment(&self, deployment: &str) -> Result<Option<Deployment>, Error> {
        let request =
            service::DescribeWorkerDeploymentRequest { namespace: self.namespace.clone(), deployment_name: deployment.to_owned() };
        let about = || format!("worker deployment `{deployment}`");
        let answer = match self.call(about, request, |service, request| service.describe_worker_deployment(request)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let info = answer.worker_deployment_info.unwrap_or_default();
        let is_propagated = info.routing_config_update_state() != RoutingConfigUpdateState::InProgress;
        let routing = info.routing_config.unwrap_or_default();
        let (ramping, percentage) = (build_id(routing.ramping_deployment_version), routing.ramping_version_percentage);
        Ok(Some(Deployment {
            name: deployment.to_owned(),
            current: build_id(routing.current_deployment_version),
            ramping: (ramping.is_some() || percentage > 0.0).then_some(Ramp { build_id: ramping, percentage }),
            is_propagated,
            versions: info.version_summaries.into_iter().map(Version::from).collect(),
            manager: Some(info.manager_identity).filter(|manager| !manager.is_empty()),
            token: answer.conflict_token,
        }))
    }

    /// What the server knows of one version; none when it knows none of that build ID.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`], or the server's.
    pub async fn version(&self, deployment: &str, build_id: &str) -> Result<Option<VersionDetail>, Error> {
        let request = service::DescribeWorkerDeploymentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_version: Some(proto(deployment, build_id)),
            ..Default::default()
        };
        let about = || format!("version {build_id} of worker deployment `{deployment}`");
        let answer = match self.call(about, request, |service, request| service.describe_worker_deployment_version(request)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let info = answer.worker_deployment_version_info.unwrap_or_default();
        let mut task_queues: Vec<_> = answer
            .version_task_queues
            .into_iter()
            .filter_map(|queue| Some((queue.name.clone(), task_queue_type(queue.r#type())?)))
            .collect();
        task_queues.sort();
        let version = Version {
            build_id: build_id.to_owned(),
            status: info.status().into(),
            created: info.create_time.as_ref().and_then(proto_ts_to_system_time),
            drained_since: drained_since(info.drainage_info.as_ref()),
            drainage_checked: drainage_checked(info.drainage_info.as_ref()),
            deactivated: info.last_deactivation_time.as_ref().and_then(proto_ts_to_system_time),
        };
        Ok(Some(VersionDetail { version, task_queues }))
    }

    /// What waits for the workers of one version of a deployment, and whether anything comes and goes; nothing when the server knows none of that build ID.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`], or the server's.
    pub async fn version_load(&self, deployment: &str, build_id: &str) -> Result<Load, Error> {
        let request = service::DescribeWorkerDeploymentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_version: Some(proto(deployment, build_id)),
            report_task_queue_stats: true,
            ..Default::default()
        };
        let about = || format!("version {build_id} of worker deployment `{deployment}`");
        match self.call(about, request, |service, request| service.describe_worker_deployment_version(request)).await {
            Err(Error::NotFound { .. }) => Ok(Load::default()),
            answer => Ok(Load::sum(answer?.version_task_queues.into_iter().filter_map(|queue| queue.stats))),
        }
    }

    /// What activities wait in a queue without versions, and whether any come and go.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`], or the server's.
    pub async fn activity_load(&self, task_queue: &str) -> Result<Load, Error> {
        let request = service::DescribeTaskQueueRequest {
            namespace: self.namespace.clone(),
            task_queue: Some(TaskQueue { name: task_queue.to_owned(), ..Default::default() }),
            task_queue_type: ProtoTaskQueueType::Activity.into(),
            report_stats: true,
            ..Default::default()
        };
        let about = || format!("task queue `{task_queue}`");
        let answer = self.call(about, request, |service, request| service.describe_task_queue(request)).await?;
        Ok(Load::sum(answer.stats))
    }

    /// Writes one entry of what a version says of itself, in JSON; nobody but those who look for `key` reads it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the server knows no such version, or the server's.
    pub async fn describe_version(&self, deployment: &str, build_id: &str, key: &str, value: &serde_json::Value) -> Result<(), Error> {
        let request = service::UpdateWorkerDeploymentVersionMetadataRequest {
            namespace: self.namespace.clone(),
            deployment_version: Some(proto(deployment, build_id)),
            upsert_entries: [(key.to_owned(), super::payload::encode_one(value))].into(),
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let about = || format!("version {build_id} of worker deployment `{deployment}`");
        self.call(about, request, |service, request| service.update_worker_deployment_version_metadata(request)).await.map(|_| ())
    }

    /// The worker deployment whose current version takes the workflow tasks of `task_queue`; none where no deployment's
    /// does. A deployment becomes it when it makes a version current whose workers poll the queue, whoever was it before.
    ///
    /// # Errors
    /// [`Error::NamespaceNotFound`], or the server's.
    pub async fn task_queue_owner(&self, task_queue: &str) -> Result<Option<String>, Error> {
        let request = service::DescribeTaskQueueRequest {
            namespace: self.namespace.clone(),
            task_queue: Some(TaskQueue { name: task_queue.to_owned(), ..Default::default() }),
            task_queue_type: ProtoTaskQueueType::Workflow.into(),
            ..Default::default()
        };
        let about = || format!("task queue `{task_queue}`");
        let answer = self.call(about, request, |service, request| service.describe_task_queue(request)).await?;
        let current = answer.versioning_info.and_then(|info| info.current_deployment_version);
        Ok(current.map(|version| version.deployment_name).filter(|name| !name.is_empty()))
    }
}

/// What the server says of the tasks of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// How many tasks wait for a worker, about.
    pub backlog: i64,
    /// How many tasks came or were handed out a second, over the last 30 seconds.
    pub rate: f32,
}

impl Load {
    fn sum(all: impl IntoIterator<Item = TaskQueueStats>) -> Self {
        all.into_iter().fold(Self::default(), |sum, stats| Self {
            backlog: sum.backlog.saturating_add(stats.approximate_backlog_count),
            rate: sum.rate + stats.tasks_add_rate.max(stats.tasks_dispatch_rate),
        })
    }
}

impl From<WorkerDeploymentVersionSummary> for Version {
    fn from(summary: WorkerDeploymentVersionSummary) -> Self {
        Self {
            status: summary.status().into(),
            created: summary.create_time.as_ref().and_then(proto_ts_to_system_time),
            drained_since: drained_since(summary.drainage_info.as_ref()),
            drainage_checked: drainage_checked(summary.drainage_info.as_ref()),
            deactivated: summary.last_deactivation_time.as_ref().and_then(proto_ts_to_system_time),
            build_id: summary.deployment_version.unwrap_or_default().build_id,
        }
    }
}

impl From<WorkerDeploymentVersionStatus> for VersionStatus {
    fn from(status: WorkerDeploymentVersionStatus) -> Self {
        match status {
            WorkerDeploymentVersionStatus::Unspecified => Self::Unspecified,
            WorkerDeploymentVersionStatus::Created => Self::Created,
            WorkerDeploymentVersionStatus::Inactive => Self::Inactive,
            WorkerDeploymentVersionStatus::Current => Self::Current,
            WorkerDeploymentVersionStatus::Ramping => Self::Ramping,
            WorkerDeploymentVersionStatus::Draining => Self::Draining,
            WorkerDeploymentVersionStatus::Drained => Self::Drained,
        }
    }
}

/// A version as requests name it.
pub(super) fn proto(deployment: &str, build_id: &str) -> WorkerDeploymentVersion {
    WorkerDeploymentVersion { deployment_name: deployment.to_owned(), build_id: build_id.to_owned() }
}

fn build_id(version: Option<WorkerDeploymentVersion>) -> Option<String> {
    version.map(|version| version.build_id).filter(|build_id| !build_id.is_empty())
}

fn drained_since(drainage: Option<&VersionDrainageInfo>) -> Option<SystemTime> {
    let drainage = drainage.filter(|drainage| drainage.status() == VersionDrainageStatus::Drained)?;
    drainage.last_changed_time.as_ref().and_then(proto_ts_to_system_time)
}

fn drainage_checked(drainage: Option<&VersionDrainageInfo>) -> Option<SystemTime> {
    drainage?.last_checked_time.as_ref().and_then(proto_ts_to_system_time)
}

fn task_queue_type(kind: ProtoTaskQueueType) -> Option<TaskQueueType> {
    match kind {
        ProtoTaskQueueType::Workflow => Some(TaskQueueType::Workflow),
        ProtoTaskQueueType::Activity => Some(TaskQueueType::Activity),
        ProtoTaskQueueType::Nexus => Some(TaskQueueType::Nexus),
        ProtoTaskQueueType::Unspecified => None,
    }
}
