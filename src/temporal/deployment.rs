//! Worker deployments: which version new executions begin on.

use std::time::{Duration, Instant};

use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::deployment::v1::WorkerDeploymentVersion;
use temporalio_common::protos::temporal::api::enums::v1::WorkerDeploymentVersionStatus;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::{Client, Error};

/// How long the pollers of a version may take to be known to the server.
const POLLERS: Duration = Duration::from_secs(30);

/// What the server knows of a worker deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// The build ID that new executions begin on; none before the first.
    pub current: Option<String>,
    /// Every version the server keeps: build ID, status (as `Current`, `Draining`).
    pub versions: Vec<(String, String)>,
    /// Who alone may change it; none where everybody may.
    pub manager: Option<String>,
    token: Vec<u8>,
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
        let current = info.routing_config.and_then(|routing| routing.current_deployment_version);
        let versions = info.version_summaries.into_iter().map(|summary| {
            let status = status_name(summary.status());
            (summary.deployment_version.unwrap_or_default().build_id, status)
        });
        Ok(Some(Deployment {
            current: current.map(|version| version.build_id).filter(|build_id| !build_id.is_empty()),
            versions: versions.collect(),
            manager: Some(info.manager_identity).filter(|manager| !manager.is_empty()),
            token: answer.conflict_token,
        }))
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
                if known.versions.iter().any(|(version, _)| version == build_id) {
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

    async fn try_set_current(&self, deployment: &str, build_id: &str, token: Vec<u8>) -> Result<(), temporalio_client::tonic::Status> {
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
fn may_pass(status: &temporalio_client::tonic::Status) -> bool {
    matches!(status.code(), Code::FailedPrecondition | Code::NotFound | Code::Aborted)
}

fn status_name(status: WorkerDeploymentVersionStatus) -> String {
    format!("{status:?}")
}
