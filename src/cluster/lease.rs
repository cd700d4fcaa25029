//! The lease that one instance of the operator holds, and what the others wait for.

use super::Error;
use crate::api::labels::{NAME, OPERATOR};
use k8s_openapi::api::coordination::v1::Lease as K8sLease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a lease holds without being renewed, in seconds; how long before that it is renewed.
const DURATION: u64 = 15;
const GRACE: u64 = 5;

/// Which lease, and who we are.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// The namespace of the lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who we are: the pod's name.
    pub identity: String,
}

/// A lease that is being held, or waited for.
#[derive(Debug)]
pub struct Lease {
    task: JoinHandle<Result<LeaseManager, LeaseManagerError>>,
}

impl Lease {
    /// Begins to wait for the lease. The receiver tells whether we hold it; when the last receiver is dropped the lease is released.
    ///
    /// # Errors
    /// The API server can't be reached, or refuses the lease.
    pub async fn take(client: Client, options: &LeaseOptions) -> Result<(Self, watch::Receiver<bool>), Error> {
        let manager = LeaseManagerBuilder::new(client, &options.name)
            .with_namespace(&options.namespace)
            .with_identity(&options.identity)
            .with_duration(DURATION)
            .with_grace(GRACE)
            .with_field_manager(format!("warpline-{}", options.identity))
            .build()
            .await
            .map_err(|error| Error::Lease { name: format!("{}/{}", options.namespace, options.name), problem: error.to_string() })?;
        let (leads, task) = manager.watch().await;
        Ok((Self { task }, leads))
    }

    /// Gives the lease to the owner of our pod, so that it goes with the installation, and the label by which `warpline doctor` finds it. Where that can't be done, the lease stays: that is logged.
    pub async fn belong_to_owner_of(client: Client, options: &LeaseOptions, namespace: &str, pod: &str) {
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let owners = match pods.get(pod).await {
            Ok(pod) => pod.owner_references().iter().filter(|owner| owner.controller == Some(true)).cloned().collect::<Vec<_>>(),
            Err(error) => return tracing::warn!(%error, pod, "our pod can't be read, so the lease gets no owner"),
        };
        let leases: Api<K8sLease> = Api::namespaced(client, &options.namespace);
        let patch = json!({"metadata": {"ownerReferences": owners, "labels": {NAME: OPERATOR}}});
        if let Err(error) = leases.patch(&options.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            tracing::warn!(%error, lease = options.name, "the lease gets no owner");
        }
    }

    /// Waits until the lease is released, for a moment at most. All receivers must be gone.
    pub async fn released(self) {
        if tokio::time::timeout(Duration::from_secs(5), self.task).await.is_err() {
            tracing::warn!("the lease could not be released; the next leader waits until it expires");
        }
    }
}
