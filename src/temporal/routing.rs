//! Which versions of a worker deployment new executions begin on, and who may say so. Each write is tried once, and only
//! while the deployment is as it was looked at.

use std::time::{Duration, Instant};

use temporalio_client::tonic::{Code, Status};
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;
use temporalio_common::protos::temporal::api::workflowservice::v1::set_worker_deployment_manager_request::NewManagerIdentity;

use super::refusal::Refusal;
use super::{Client, Deployment, Error};

/// How long the pollers of a version may take to be known to the server.
const POLLERS: Duration = Duration::from_secs(30);

impl Client {
    /// Makes `build_id` the version that new executions begin on; none takes the routing back, so that only workers
    /// without versions get them.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the deployment is not as it was looked at, [`Error::VersionNotReady`] when the server
    /// knows no workers of the version yet or not all that the current one needs, [`Error::Managed`], or the server's.
    pub async fn set_current(&self, deployment: &Deployment, build_id: Option<&str>) -> Result<(), Error> {
        let request = service::SetWorkerDeploymentCurrentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.name.clone(),
            build_id: build_id.unwrap_or_default().to_owned(),
            conflict_token: deployment.token.clone(),
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let answer = self.caller.call(request, |service, request| service.set_worker_deployment_current_version(request)).await;
        self.routed(&deployment.name, build_id, answer)
    }

    /// Makes `percentage` of 100 new executions begin on `build_id` in place of the current version; none ends that.
    ///
    /// # Errors
    /// As [`Self::set_current`].
    pub async fn set_ramping(&self, deployment: &Deployment, build_id: Option<&str>, percentage: f32) -> Result<(), Error> {
        let request = service::SetWorkerDeploymentRampingVersionRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.name.clone(),
            build_id: build_id.unwrap_or_default().to_owned(),
            percentage: if build_id.is_some() { percentage } else { 0.0 },
            conflict_token: deployment.token.clone(),
            identity: self.identity().to_owned(),
            ..Default::default()
        };
        let answer = self.caller.call(request, |service, request| service.set_worker_deployment_ramping_version(request)).await;
        self.routed(&deployment.name, build_id, answer)
    }

    fn routed<A>(&self, deployment: &str, build_id: Option<&str>, answer: Result<A, Status>) -> Result<(), Error> {
        let Err(status) = answer else { return Ok(()) };
        let about = match build_id {
            Some(build_id) => format!("version {build_id} of worker deployment `{deployment}`"),
            None => format!("the routing of worker deployment `{deployment}`"),
        };
        let problem = status.message().to_owned();
        Err(match self.refused(deployment, &about, &status) {
            Error::NotFound { .. } | Error::Refused { .. } if build_id.is_some() && status.code() != Code::InvalidArgument => {
                Error::VersionNotReady { about, problem }
            }
            error => error,
        })
    }

    /// What a refused write to a deployment means.
    pub(super) fn refused(&self, deployment: &str, about: &str, status: &Status) -> Error {
        match Refusal::read(status) {
            Some(Refusal::Changed) => Error::Conflict { about: about.to_owned(), problem: status.message().to_owned() },
            Some(Refusal::Managed { manager }) => Error::Managed { about: format!("worker deployment `{deployment}`"), manager },
            Some(Refusal::State) | None => self.failed(about.to_owned(), status),
        }
    }

    /// Makes us the only ones who may change the deployment; does nothing when we are that already.
    ///
    /// # Errors
    /// [`Error::Managed`] when somebody else manages it, [`Error::Conflict`] when it is not as it was looked at, or the
    /// server's.
    pub async fn set_manager(&self, deployment: &Deployment) -> Result<(), Error> {
        match &deployment.manager {
            Some(manager) if manager == self.identity() => Ok(()),
            _ => self.manage(deployment, NewManagerIdentity::Self_(true)).await,
        }
    }

    /// Lets everybody change the deployment again; does nothing when everybody may.
    ///
    /// # Errors
    /// As [`Self::set_manager`].
    pub async fn unset_manager(&self, deployment: &Deployment) -> Result<(), Error> {
        match &deployment.manager {
            None => Ok(()),
            Some(_) => self.manage(deployment, NewManagerIdentity::ManagerIdentity(String::new())).await,
        }
    }

    async fn manage(&self, deployment: &Deployment, manager: NewManagerIdentity) -> Result<(), Error> {
        let about = format!("worker deployment `{}`", deployment.name);
        // The server lets anybody take over: it is on us to respect who was first.
        if let Some(manager) = deployment.manager.clone().filter(|manager| manager != self.identity()) {
            return Err(Error::Managed { about, manager });
        }
        let request = service::SetWorkerDeploymentManagerRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment.name.clone(),
            new_manager_identity: Some(manager),
            conflict_token: deployment.token.clone(),
            identity: self.identity().to_owned(),
        };
        let answer = self.caller.call(request, |service, request| service.set_worker_deployment_manager(request)).await;
        answer.map(|_| ()).map_err(|status| self.refused(&deployment.name, &about, &status))
    }

    /// Makes `build_id` the version that new executions of `deployment` begin on. Waits until the server knows its
    /// pollers; does nothing when it is current already.
    ///
    /// # Errors
    /// [`Error::NoPollers`] when no worker of the version makes itself known, [`Error::Managed`] when somebody else
    /// manages the deployment, or the server's.
    pub async fn set_current_version(&self, deployment: &str, build_id: &str) -> Result<(), Error> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            if let Some(known) = self.deployment(deployment).await? {
                if known.current.as_deref() == Some(build_id) {
                    return Ok(());
                }
                if known.versions.iter().any(|version| version.build_id == build_id) {
                    match self.set_current(&known, Some(build_id)).await {
                        Ok(()) => return Ok(()),
                        // Pollers on their way to the server, another write between our two calls.
                        Err(Error::VersionNotReady { .. } | Error::Conflict { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            if begun.elapsed() > POLLERS {
                let about = format!("version {build_id} of worker deployment `{deployment}`");
                return Err(Error::NoPollers { about, waited: POLLERS.as_secs() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }
}
