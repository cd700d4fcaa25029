//! Worker deployments: which version new executions begin on.

use std::time::{Duration, Instant};

use temporalio_client::tonic::{Code, Status};
use temporalio_common::protos::temporal::api::deployment::v1::WorkerDeploymentVersion;
use temporalio_common::protos::temporal::api::enums::v1::{TaskQueueType, WorkerDeploymentVersionStatus};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error};

/// How long the pollers of a version may take to be known to the server.
const POLLERS: Duration = Duration::from_secs(30);

/// What the server knows of a worker deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// The build ID that new executions begin on; none before the first.
    pub current: Option<String>,
    /// The version that some new executions begin on.
    pub ramping: Option<Ramp>,
    /// Every version that the server keeps.
    pub versions: Vec<Version>,
    /// Who alone may change it; none where everybody may.
    pub manager: Option<String>,
    token: Vec<u8>,
}

/// A version that some new executions begin on.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    /// Its build ID; none means workers without versions.
    pub build_id: Option<String>,
    /// How many of 100 new executions.
    pub percentage: f32,
}

/// A version, as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The build ID.
    pub build_id: String,
    /// Where it is in its life.
    pub status: VersionStatus,
}

/// Where a version is in its life, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStatus {
    /// The server does not say.
    Unknown,
    /// Known, without executions.
    Inactive,
    /// New executions begin on it.
    Current,
    /// Some new executions begin on it.
    Ramping,
    /// Open executions go on.
    Draining,
    /// No execution is open.
    Drained,
}

impl From<WorkerDeploymentVersionStatus> for VersionStatus {
    fn from(status: WorkerDeploymentVersionStatus) -> Self {
        match status {
            WorkerDeploymentVersionStatus::Inactive | WorkerDeploymentVersionStatus::Created => Self::Inactive,
            WorkerDeploymentVersionStatus::Current => Self::Current,
            WorkerDeploymentVersionStatus::Ramping => Self::Ramping,
            WorkerDeploymentVersionStatus::Draining => Self::Draining,
            WorkerDeploymentVersionStatus::Drained => Self::Drained,
            WorkerDeploymentVersionStatus::Unspecified => Self::Unknown,
        }
    }
}

/// How a request to forget something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// The server refuses for now: pollers, or executions, are still known.
    NotYet {
        /// The server's words.
        reason: String,
    },
}

impl Client {
    /// What the server knows of `deployment`; none when it knows none of that name.
    ///
    /// # Errors
    /// The server's.
    pub async fn deployment(&self, deployment: &str) -> Result<Option<Deployment>, Error> {
        let request =
            service::DescribeWorkerDeploymentRequest { namespace: self.namespace.clone(), deployment_name: deployment.to_owned() };
        let answer = match self.service().describe_worker_deployment(self.request(request)).await {
            Err(status) if status.code() == Code::NotFound => return Ok(None),
            answer => self.answer(|| format!("worker deployment `{deployment}`"), answer)?,
        };
        let info = answer.worker_deployment_info.unwrap_or_default();
        let routing = info.routing_config.unwrap_or_default();
        let build_id = |version: Option<WorkerDeploymentVersion>| version.map(|version| version.build_id).filter(|id| !id.is_empty());
        let percentage = routing.ramping_version_percentage;
        let ramping = build_id(routing.ramping_deployment_version);
        let versions = info.version_summaries.into_iter().map(|summary| {
            let status = summary.status().into();
            Version { build_id: summary.deployment_version.unwrap_or_default().build_id, status }
        });
        Ok(Some(Deployment {
            name: deployment.to_owned(),
            current: build_id(routing.current_deployment_version),
            ramping: (ramping.is_some() || percentage > 0.0).then_some(Ramp { build_id: ramping, percentage }),
            versions: versions.collect(),
            manager: Some(info.manager_identity).filter(|manager| !manager.is_empty()),
            token: answer.conflict_token,
        }))
    }

    /// Makes `build_id` the version that new executions begin on, or none: once, and only if nobody changed the routing since `deployment` was looked at.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody did, or the version's pollers are not known yet; or the server's.
    pub async fn set_current(&self, deployment: &Deployment, build_id: Option<&str>) -> Result<(), Error> {
        let about = || format!("the current version of worker deployment `{}`", deployment.name);
        let answer = self.try_set_current(&deployment.name, build_id.unwrap_or_default(), deployment.token.clone()).await;
        self.routed(about, answer)
    }

    /// Begins so many of 100 new executions on `build_id`; with none, no version ramps. Once, as [`Self::set_current`].
    ///
    /// # Errors
    /// As [`Self::set_current`].
    pub async fn set_ramping(&self, deployment: &Deployment, build_id: Option<&str>, percentage: f32) -> Result<(), Error> {
        let about = || format!("the ramping version of worker deployment `{}`", deployment.name);
        let request = service::SetWorkerDeploymentRampingVersionRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.name.clone(),
            build_id: build_id.unwrap_or_default().to_owned(),
            percentage,
            conflict_token: deployment.token.clone(),
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let answer = self.service().set_worker_deployment_ramping_version(self.request(request)).await.map(|_| ());
        self.routed(about, answer)
    }

    fn routed(&self, about: impl FnOnce() -> String, answer: Result<(), Status>) -> Result<(), Error> {
        match answer {
            Ok(()) => Ok(()),
            Err(status) if may_pass(&status) => Err(Error::Conflict { about: about(), problem: status.message().to_owned() }),
            Err(status) => Err(Error::from_status(&self.address, about(), &status)),
        }
    }

    /// Asks the server to forget a version. One that it has forgotten is gone.
    ///
    /// # Errors
    /// The server's, but for its refusal.
    pub async fn delete_version(&self, deployment: &str, build_id: &str, skip_drainage: bool) -> Result<Deleted, Error> {
        let version = WorkerDeploymentVersion { deployment_name: deployment.to_owned(), build_id: build_id.to_owned() };
        let request = service::DeleteWorkerDeploymentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_version: Some(version),
            skip_drainage,
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let about = || format!("version {build_id} of worker deployment `{deployment}`");
        self.deleted(about, self.service().delete_worker_deployment_version(self.request(request)).await.map(|_| ()))
    }

    /// Asks the server to forget a worker deployment, which must have no versions left.
    ///
    /// # Errors
    /// The server's, but for its refusal.
    pub async fn delete_deployment(&self, deployment: &str) -> Result<Deleted, Error> {
        let request = service::DeleteWorkerDeploymentRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.to_owned(),
            identity: self.identity().to_owned(),
        };
        let about = || format!("worker deployment `{deployment}`");
        self.deleted(about, self.service().delete_worker_deployment(self.request(request)).await.map(|_| ()))
    }

    fn deleted(&self, about: impl FnOnce() -> String, answer: Result<(), Status>) -> Result<Deleted, Error> {
        match answer {
            Ok(()) => Ok(Deleted::Gone),
            Err(status) if status.code() == Code::NotFound => Ok(Deleted::Gone),
            Err(status) if matches!(status.code(), Code::FailedPrecondition | Code::InvalidArgument | Code::Aborted) => {
                Ok(Deleted::NotYet { reason: status.message().to_owned() })
            }
            Err(status) => Err(Error::from_status(&self.address, about(), &status)),
        }
    }

    /// The worker deployment whose current version serves the workflows of a task queue, if one does.
    ///
    /// # Errors
    /// The server's.
    pub async fn task_queue_owner(&self, queue: &str) -> Result<Option<String>, Error> {
        let request = service::DescribeTaskQueueRequest {
            namespace: self.namespace.clone(),
            task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
            task_queue_type: TaskQueueType::Workflow.into(),
            ..Default::default()
        };
        let answer = self.answer(|| format!("task queue `{queue}`"), self.service().describe_task_queue(self.request(request)).await)?;
        let current = answer.versioning_info.and_then(|info| info.current_deployment_version);
        Ok(current.map(|version| version.deployment_name).filter(|name| !name.is_empty()))
    }

    /// Makes `build_id` the version that new executions of `deployment` begin on. Waits until the server knows its
    /// pollers; does nothing when it is current already.
    ///
    /// # Errors
    /// [`Error::NoPollers`] when no worker of the version makes itself known, [`Error::Managed`] when somebody else
    /// manages the deployment, or the server's.
    pub async fn set_current_version(&self, deployment: &str, build_id: &str) -> Result<(), Error> {
        let about = || format!("version {build_id} of worker deployment `{deployment}`");
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            if let Some(known) = self.deployment(deployment).await? {
                if known.current.as_deref() == Some(build_id) {
                    return Ok(());
                }
                if let Some(manager) = known.manager.filter(|manager| manager != self.identity()) {
                    return Err(Error::Managed { about: format!("worker deployment `{deployment}`"), manager });
                }
                if known.versions.iter().any(|version| version.build_id == build_id) {
                    match self.try_set_current(deployment, build_id, known.token).await {
                        Ok(()) => return Ok(()),
                        Err(status) if !may_pass(&status) => return self.answer(about, Err(status)),
                        Err(_) => {}
                    }
                }
            }
            if begun.elapsed() > POLLERS {
                return Err(Error::NoPollers { about: about(), waited: POLLERS.as_secs() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    async fn try_set_current(&self, deployment: &str, build_id: &str, token: Vec<u8>) -> Result<(), Status> {
        let request = service::SetWorkerDeploymentCurrentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.to_owned(),
            build_id: build_id.to_owned(),
            conflict_token: token,
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        self.service().set_worker_deployment_current_version(self.request(request)).await.map(|_| ())
    }

    /// Waits until the server has sent the version's pollers' task queue to its record; the queues by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the server's.
    pub async fn version_task_queues(&self, deployment: &str, build_id: &str) -> Result<Vec<String>, Error> {
        let version = WorkerDeploymentVersion { deployment_name: deployment.to_owned(), build_id: build_id.to_owned() };
        let request = service::DescribeWorkerDeploymentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_version: Some(version),
            ..Default::default()
        };
        let about = || format!("version {build_id} of worker deployment `{deployment}`");
        let answer = self.answer(about, self.service().describe_worker_deployment_version(self.request(request)).await)?;
        let mut names: Vec<_> = answer.version_task_queues.into_iter().map(|queue| queue.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// Whether a refusal passes by itself: pollers on their way to the server, another write between our two calls.
fn may_pass(status: &Status) -> bool {
    matches!(status.code(), Code::FailedPrecondition | Code::NotFound | Code::Aborted)
}
