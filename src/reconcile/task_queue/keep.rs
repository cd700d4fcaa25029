//! Who owns a version: its queue, below which tools show it, and its namespace, which keeps it when the queue is deleted.
//!
//! What deletes in the foreground (Argo CD does, unless told otherwise) has the garbage collector delete all that the object owns at once, and with a
//! version the pods that its executions run on. Of an object with another owner the collector takes the one reference only; a version goes when we
//! delete it, after its last execution.
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/#foreground-deletion>

use super::observe::Scene;
use crate::api::TaskQueue;
use crate::cluster::NAMESPACE;
use crate::reconcile::{Context, Error};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};

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

fn is_owned(owners: &[OwnerReference], queue: &str) -> bool {
    owners.iter().any(|owner| owner.uid == queue) && owners.iter().any(|owner| owner.kind == NAMESPACE)
}
