//! What a version needs to stay: its owners, and its files.
//!
//! It is owned by its queue, below which tools show it, and by its namespace, which keeps it when the queue is deleted.
//! What deletes in the foreground (Argo CD does, unless told otherwise) has the garbage collector delete all that the object owns at once, and with a
//! version the pods that its executions run on. Of an object with another owner the collector takes the one reference only; a version goes when we
//! delete it, after its last execution.
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/#foreground-deletion>

use super::content::is_stored;
use super::observe::{self, Scene};
use crate::api::{TaskQueue, WorkerVersion, WorkerVersionStatus};
use crate::cluster::NAMESPACE;
use crate::reconcile::{Context, Error, Stores};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};
use std::sync::Arc;
use std::time::Duration;

/// The owners of the versions of a queue.
///
/// # Errors
/// The API server's.
pub async fn owners(queue: &TaskQueue, context: &Context) -> Result<Vec<OwnerReference>, Error> {
    let namespace = context.cluster.namespace_reference(&queue.namespace().unwrap_or_default()).await?;
    Ok(queue.controller_owner_ref(&()).into_iter().chain([namespace]).collect())
}

/// Versions that have other owners get theirs: what an earlier release made, and what a queue that was deleted left.
///
/// # Errors
/// The API server's.
pub async fn adopt(scene: &Scene, context: &Context) -> Result<(), Error> {
    let queue = scene.queue.uid().unwrap_or_default();
    let all = scene.versions.iter().chain(&scene.own);
    let foreign: Vec<_> = all.filter(|version| !is_owned(version.owner_references(), &queue)).cloned().collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let patch = serde_json::json!({"metadata": {"ownerReferences": owners(&scene.queue, context).await?}});
    for version in foreign {
        context.cluster.merge(version.as_ref(), &patch).await?;
    }
    Ok(())
}

/// How old a version is before its files are looked for: pods take a moment to begin.
const YOUNG: Duration = Duration::from_secs(30);

/// A version whose pods don't get ready, and of which somebody deleted a ConfigMap, has its files no longer: it is made anew where the definitions ask
/// for it.
///
/// # Errors
/// The API server's.
pub async fn find_files(scene: &mut Scene, context: &Context) -> Result<(), Error> {
    for version in scene.versions.iter_mut().chain(&mut scene.own) {
        let is_old = version.creation_timestamp().is_some_and(|time| Timestamp::now().duration_since(time.0).unsigned_abs() > YOUNG);
        let deployment = Stores::find(&context.stores.deployments, &scene.namespace, &version.name_any());
        let lacks_pods = deployment.is_some_and(|deployment| {
            let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
            ready < observe::wanted(&deployment)
        });
        if !(is_old && lacks_pods && is_stored(version)) || has_files(context, &scene.namespace, version).await? {
            continue;
        }
        let status = WorkerVersionStatus { files_stored: false, ..version.status.clone().unwrap_or_default() };
        context.cluster.write_status(version.as_ref(), version.status.as_ref(), &status).await?;
        *version = Arc::new(WorkerVersion { status: Some(status), ..WorkerVersion::clone(version) });
    }
    Ok(())
}

async fn has_files(context: &Context, namespace: &str, version: &WorkerVersion) -> Result<bool, Error> {
    for name in &version.spec.config_maps {
        if context.cluster.get::<ConfigMap>(namespace, name).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_owned(owners: &[OwnerReference], queue: &str) -> bool {
    owners.iter().any(|owner| owner.uid == queue) && owners.iter().any(|owner| owner.kind == NAMESPACE)
}
