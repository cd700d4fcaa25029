//! Forgetting: versions and worker deployments that the server need keep no longer.

use temporalio_client::tonic::{Code, Status};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;

use super::deployment::proto;
use super::{Client, Error};

/// How a request to forget something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The server knows it no longer.
    Gone,
    /// The server keeps it for now; asking again later is right.
    NotYet {
        /// Why, in the server's words.
        reason: String,
    },
}

impl Client {
    /// Asks the server to forget a version. It refuses while the version is current or ramping, while it drains (unless
    /// `skip_drainage`: its open executions are stuck then), and until its last poller is forgotten, five minutes after it
    /// was last heard of by default. Not to be asked more than every few seconds: each refusal makes the server's record
    /// begin anew, and one that is asked all the time never gets to look whether the version is drained.
    ///
    /// # Errors
    /// [`Error::Managed`] when somebody else manages the deployment, or the server's.
    pub async fn delete_version(&self, deployment: &str, build_id: &str, skip_drainage: bool) -> Result<Deleted, Error> {
        let request = service::DeleteWorkerDeploymentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_version: Some(proto(deployment, build_id)),
            skip_drainage,
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let answer = self.caller.call(request, |service, request| service.delete_worker_deployment_version(request)).await;
        self.deleted(deployment, &format!("version {build_id} of worker deployment `{deployment}`"), answer)
    }

    /// Asks the server to forget a worker deployment, which it does when it keeps no version of it.
    ///
    /// # Errors
    /// [`Error::Managed`] when somebody else manages the deployment, or the server's.
    pub async fn delete_deployment(&self, deployment: &str) -> Result<Deleted, Error> {
        let request = service::DeleteWorkerDeploymentRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.to_owned(),
            identity: self.identity().to_owned(),
        };
        let answer = self.caller.call(request, |service, request| service.delete_worker_deployment(request)).await;
        self.deleted(deployment, &format!("worker deployment `{deployment}`"), answer)
    }

    fn deleted<A>(&self, deployment: &str, about: &str, answer: Result<A, Status>) -> Result<Deleted, Error> {
        let Err(status) = answer else { return Ok(Deleted::Gone) };
        let reason = status.message().to_owned();
        if has_versions(&status) {
            return Ok(Deleted::NotYet { reason });
        }
        match self.refused(deployment, about, &status) {
            Error::NotFound { .. } => Ok(Deleted::Gone),
            Error::Refused { .. } if status.code() == Code::FailedPrecondition => Ok(Deleted::NotYet { reason }),
            Error::Conflict { .. } => Ok(Deleted::NotYet { reason }),
            error => Err(error),
        }
    }
}

/// Whether the server refuses to forget a deployment because of its versions, for which it uses the code of a failure.
pub(super) fn has_versions(status: &Status) -> bool {
    status.code() == Code::Internal && status.message().contains("deployment has versions")
}
