//! What there is of a module's builds: its Jobs, and what their pods left in their termination messages.

use crate::api::{AvailablePackage, BuildFailure};
use crate::plan::build::{Built, Ended, Seen};
use crate::plan::objects::{FETCH, INSTALL, PACK, SCRIPTS};
use crate::plan::pod_problem::pod_problem;
use crate::reconcile::{Context, Stores};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::ResourceExt;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// The Jobs of a module.
pub fn jobs(context: &Context, namespace: &str, module: &str) -> Vec<Seen> {
    let names = context.index.builds_of(namespace, module);
    let jobs = names.iter().filter_map(|name| Stores::find(&context.stores.builds, namespace, name));
    let there = jobs.filter(|job| job.metadata.deletion_timestamp.is_none());
    there.map(|job| Seen { name: job.name_any(), ended: ended(&job, &pods(context, namespace, &job.name_any())) }).collect()
}

fn pods(context: &Context, namespace: &str, job: &str) -> Vec<Arc<Pod>> {
    let names = context.index.pods_of_build(namespace, job);
    names.iter().filter_map(|name| Stores::find(&context.stores.build_pods, namespace, name)).collect()
}

/// Why the pod of a Job that runs does not start: reason and message.
pub fn problem(context: &Context, namespace: &str, job: &str) -> Option<(String, String)> {
    pods(context, namespace, job).iter().find_map(|pod| pod_problem(pod))
}

/// What a Job came to; none while it runs, or while no watch has told what its pod said.
fn ended(job: &Job, pods: &[Arc<Pod>]) -> Option<Ended> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let condition = |kind: &str| conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True");
    if condition("Complete").is_some() {
        return pods.iter().find_map(|pod| succeeded(pod));
    }
    let failed = condition("Failed")?;
    let fail = |reason: &str, message: String| Some(Ended::Failed(BuildFailure { reason: reason.to_owned(), message }));
    if failed.reason.as_deref() == Some("DeadlineExceeded") {
        return fail("TooSlow", "the build did not end within spec.build.deadline: see what is slow, or raise it".to_owned());
    }
    match pods.iter().find_map(|pod| failure(pod)) {
        Some((reason, message)) => fail(&reason, message),
        None if pods.is_empty() => fail("PodLost", "the build's pod is gone, and left no word; it is tried again".to_owned()),
        None => None,
    }
}

/// How a container ended.
fn terminated<'p>(pod: &'p Pod, container: &str) -> Option<&'p ContainerStateTerminated> {
    let status = pod.status.as_ref()?;
    let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    all.filter(|status| status.name == container).find_map(|status| status.state.as_ref()?.terminated.as_ref())
}

/// What a container left.
fn message(pod: &Pod, container: &str) -> Option<Value> {
    serde_json::from_str(terminated(pod, container)?.message.as_ref()?).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Installed {
    version: String,
    integrity: Option<String>,
    lock_digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Packed {
    image: String,
    record: String,
    pushed_bytes: Option<i64>,
}

fn succeeded(pod: &Pod) -> Option<Ended> {
    let unreadable = |container: &str| {
        let message =
            format!("the container {container} left no word that can be read; see kubectl logs {} --all-containers", pod.name_any());
        Ended::Failed(BuildFailure { reason: "PodFailed".to_owned(), message })
    };
    terminated(pod, INSTALL)?;
    let Some(installed) = message(pod, INSTALL).and_then(|said| serde_json::from_value::<Installed>(said).ok()) else {
        return Some(unreadable(INSTALL));
    };
    if !pod.spec.iter().flat_map(|spec| &spec.containers).any(|container| container.name == PACK) {
        return Some(Ended::Looked(AvailablePackage { version: installed.version, integrity: installed.integrity }));
    }
    terminated(pod, PACK)?;
    let Some(packed) = message(pod, PACK).and_then(|said| serde_json::from_value::<Packed>(said).ok()) else {
        return Some(unreadable(PACK));
    };
    Some(Ended::Built(Built {
        version: installed.version,
        integrity: installed.integrity,
        lock_digest: installed.lock_digest,
        image: packed.image,
        record: packed.record,
        pushed_bytes: packed.pushed_bytes,
    }))
}

/// Why a pod failed: what its containers said, else what the kubelet says.
fn failure(pod: &Pod) -> Option<(String, String)> {
    let status = pod.status.as_ref()?;
    let logs = format!("see kubectl logs {} --all-containers", pod.name_any());
    if status.reason.as_deref() == Some("Evicted") {
        let said = status.message.clone().unwrap_or_default();
        let is_full = said.contains("ephemeral") || said.contains("EmptyDir");
        let reason = if is_full { "NoSpace" } else { "Evicted" };
        let hint = if is_full { "; raise the limit of ephemeral-storage in spec.build.resources" } else { "; it is tried again" };
        return Some((reason.to_owned(), format!("{said}{hint}")));
    }
    for container in [FETCH, INSTALL, SCRIPTS, PACK] {
        let Some(ended) = terminated(pod, container).filter(|ended| ended.exit_code != 0) else { continue };
        let said = message(pod, container);
        let text = |key: &str| said.as_ref().and_then(|said| said[key].as_str()).map(str::to_owned);
        if let (Some(reason), Some(message)) = (text("reason"), text("message")) {
            return Some((reason, message));
        }
        if ended.reason.as_deref() == Some("OOMKilled") {
            let hint = "raise the memory limit in spec.build.resources";
            return Some(("OutOfMemory".to_owned(), format!("the container {container} needed more memory than its limit: {hint}")));
        }
        return Some(("PodFailed".to_owned(), format!("the container {container} ended with exit code {}; {logs}", ended.exit_code)));
    }
    status.message.clone().map(|said| ("PodFailed".to_owned(), format!("{said}; {logs}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(init: &Value, main: &Value) -> Arc<Pod> {
        let status = |name: &str, state: &Value| json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": state}});
        let value = json!({
            "metadata": {"name": "p"}, "spec": {"containers": [{"name": "pack"}]},
            "status": {"initContainerStatuses": [status("install", init)], "containerStatuses": [status("pack", main)]},
        });
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn job(kind: &str, reason: &str) -> Job {
        serde_json::from_value(json!({"status": {"conditions": [{"type": kind, "status": "True", "reason": reason}]}})).unwrap()
    }

    fn word(reason: &str) -> Value {
        json!({"exitCode": 1, "message": json!({"reason": reason, "message": "why"}).to_string()})
    }

    #[test]
    fn a_job_says_what_its_containers_said() {
        let installed = json!({"exitCode": 0, "message": json!({"package": "a", "version": "1.0.0", "integrity": "sha512-a"}).to_string()});
        let packed = json!({"exitCode": 0, "message": json!({"image": "i@sha256:1", "record": "sha256:2", "pushedBytes": 7}).to_string()});
        let Some(Ended::Built(built)) = ended(&job("Complete", ""), &[pod(&installed, &packed)]) else { panic!("built") };
        assert_eq!((built.version.as_str(), built.image.as_str(), built.pushed_bytes), ("1.0.0", "i@sha256:1", Some(7)));

        let reason = |job: Job, pods: &[Arc<Pod>]| match ended(&job, pods) {
            Some(Ended::Failed(failure)) => failure.reason,
            other => format!("{other:?}"),
        };
        assert_eq!(reason(job("Failed", "BackoffLimitExceeded"), &[pod(&word("Unauthorized"), &json!(null))]), "Unauthorized");
        assert_eq!(reason(job("Failed", "BackoffLimitExceeded"), &[pod(&installed, &word("NoTypes"))]), "NoTypes");
        let killed = json!({"exitCode": 137, "reason": "OOMKilled"});
        assert_eq!(reason(job("Failed", "BackoffLimitExceeded"), &[pod(&installed, &killed)]), "OutOfMemory");
        assert_eq!(reason(job("Failed", "DeadlineExceeded"), &[]), "TooSlow");
        assert_eq!(reason(job("Failed", "BackoffLimitExceeded"), &[]), "PodLost");
        assert_eq!(ended(&job("Complete", ""), &[]), None, "the watch of pods may be behind");
        let silent = json!({"exitCode": 0, "message": "no JSON"});
        assert_eq!(reason(job("Complete", ""), &[pod(&installed, &silent)]), "PodFailed");
    }
}
