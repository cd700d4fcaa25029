//! Letting go: finalizers taken from every object, so that nothing waits for an operator that is gone, and nothing is kept that only it would remove.

use super::Error;
use super::write::{NAMESPACE, Object};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::time::Duration;

/// Scales the operator's Deployment to zero and waits until its pods are gone: it would put the finalizers back.
///
/// # Errors
/// The API server's. That the Deployment is gone is none.
pub async fn stop_operator(client: &Client, namespace: &str, deployment: &str) -> Result<(), Error> {
    let about = || format!("Deployment {namespace}/{deployment}");
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let patch = json!({"spec": {"replicas": 0}});
    match deployments.patch_scale(deployment, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => {}
        Err(error) if super::error::code(&error) == Some(404) => return Ok(()),
        Err(error) => return Err(Error::api(about)(error)),
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let operators = ListParams::default().labels("app.kubernetes.io/component=operator");
    loop {
        let left = pods.list(&operators).await.map_err(Error::api(about))?;
        // ReplicaSets name their pods by the Deployment.
        if !left.iter().any(|pod| pod.name_any().starts_with(&format!("{deployment}-"))) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Takes `finalizer` from every object of a kind, in a namespace or in all; how many had it.
///
/// # Errors
/// The API server's. That the kind is unknown is none: then there are no objects.
pub async fn let_go<K: Object>(client: &Client, namespace: Option<&str>, finalizer: &str) -> Result<usize, Error> {
    patch_each::<K>(client, namespace, |object| {
        let kept: Vec<&String> = object.finalizers().iter().filter(|kept| *kept != finalizer).collect();
        (kept.len() < object.finalizers().len()).then(|| json!({"metadata": {"finalizers": kept}}))
    })
    .await
}

/// Takes the namespace from the owners of every object of a kind, so that the garbage collector removes each with its other owner; how many had it.
///
/// # Errors
/// The API server's. That the kind is unknown is none: then there are no objects.
pub async fn disown<K: Object>(client: &Client, namespace: Option<&str>) -> Result<usize, Error> {
    patch_each::<K>(client, namespace, |object| {
        let kept: Vec<&OwnerReference> = object.owner_references().iter().filter(|owner| owner.kind != NAMESPACE).collect();
        (kept.len() < object.owner_references().len()).then(|| json!({"metadata": {"ownerReferences": kept}}))
    })
    .await
}

/// Merges a patch into every object that needs one; how many did.
async fn patch_each<K: Object>(client: &Client, namespace: Option<&str>, patch: impl Fn(&K) -> Option<Value>) -> Result<usize, Error> {
    let kind = K::kind(&()).into_owned();
    let all: Api<K> = namespace.map_or_else(|| Api::all(client.clone()), |namespace| Api::namespaced(client.clone(), namespace));
    let objects = match all.list(&ListParams::default()).await {
        Ok(objects) => objects,
        Err(error) if super::error::code(&error) == Some(404) => return Ok(0),
        Err(error) => return Err(Error::api(|| format!("the list of {kind} objects"))(error)),
    };
    let mut patched = 0;
    for object in &objects {
        let Some(patch) = patch(object) else { continue };
        let api: Api<K> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
        match api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => {}
            Err(error) if super::error::code(&error) == Some(404) => {}
            Err(error) => return Err(Error::api(|| format!("{kind} {}", object.name_any()))(error)),
        }
        patched += 1;
    }
    Ok(patched)
}
