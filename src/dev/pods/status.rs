//! What a cluster's controllers and kubelet would write: Pods of a Deployment, and how both stand.
//! Pure but for the time.

use super::pod::Pod;
use crate::version;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

/// How many pods a Deployment asks for.
pub fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// What tells its template from others.
pub fn template(deployment: &Deployment) -> String {
    let template = deployment.spec.as_ref().map(|spec| serde_json::to_vec(&spec.template).unwrap_or_default()).unwrap_or_default();
    version::digest([("template", template.as_slice())]).chars().take(10).collect()
}

/// A pod of a Deployment.
pub fn pod(deployment: &Deployment, name: &str, template: &str) -> v1::Pod {
    let of = deployment.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let mut metadata = of.metadata.unwrap_or_default();
    metadata.name = Some(name.to_owned());
    metadata.namespace = deployment.namespace();
    metadata.owner_references = deployment.controller_owner_ref(&()).map(|owner| vec![owner]);
    metadata.labels.get_or_insert_default().insert("pod-template-hash".to_owned(), template.to_owned());
    v1::Pod { metadata, spec: of.spec, status: None }
}

/// A container that waits.
pub fn waiting(reason: &str, message: &str) -> Value {
    json!({"ready": false, "state": {"waiting": {"reason": reason, "message": message}}})
}

/// A container that runs.
pub fn running(is_ready: bool) -> Value {
    json!({"ready": is_ready, "started": true, "state": {"running": {"startedAt": now()}}})
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A pod's status; `container` is as [`waiting`] and [`running`] make it.
pub fn of_pod(image: &str, container: &Value, restarts: i32, has_failed: bool) -> Value {
    let mut container = container.clone();
    let is_ready = container["ready"] == true;
    let is_running = container["state"]["running"].is_object();
    container["name"] = json!("worker");
    container["image"] = json!(image);
    container["imageID"] = json!(image);
    container["restartCount"] = json!(restarts);
    if has_failed {
        container["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    }
    let condition = |kind: &str, holds: bool| json!({"type": kind, "status": if holds { "True" } else { "False" }});
    json!({
        "phase": if is_running { "Running" } else { "Pending" },
        "conditions": [condition("PodScheduled", true), condition("Ready", is_ready), condition("ContainersReady", is_ready)],
        "containerStatuses": [container],
    })
}

/// A Deployment's status.
pub fn of_deployment(deployment: &Deployment, template: &str, pods: &[Pod]) -> Value {
    let there: Vec<&Pod> = pods.iter().filter(|pod| !pod.is_stopping()).collect();
    let updated = there.iter().filter(|pod| pod.template == template).count();
    let ready = there.iter().filter(|pod| pod.is_ready()).count();
    let ready_now = there.iter().filter(|pod| pod.is_ready() && pod.template == template).count();
    json!({
        "observedGeneration": deployment.metadata.generation,
        "replicas": pods.len(), "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": ready,
        "unavailableReplicas": usize::try_from(wanted(deployment)).unwrap_or(0).saturating_sub(ready_now),
    })
}
