//! What a pod's status says of why it doesn't get ready.
//! Pure; must not know what the pod is for.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;

/// Why a pod does not get ready by itself: reason and message.
#[must_use]
pub fn pod_problem(pod: &Pod) -> Option<(String, String)> {
    let status = pod.status.as_ref()?;
    if let Some(problem) = status.container_statuses.iter().flatten().find_map(|container| out_of_memory(pod, container)) {
        return Some(problem);
    }
    let waiting = status.init_container_statuses.iter().chain(&status.container_statuses).flatten().find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.clone().filter(|reason| !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing"))?;
        let ended = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
        let exit = ended.map(|ended| format!("; its last exit code was {}", ended.exit_code)).unwrap_or_default();
        let hint = match reason.as_str() {
            "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" => {
                format!("check the image {} and imagePullSecrets in the pod template", container.image)
            }
            "CreateContainerConfigError" => "check the Secrets and ConfigMaps that the pod template names".to_owned(),
            _ => format!("look at it: kubectl logs {} --previous", pod.name_any()),
        };
        Some((reason, format!("pod {}: {}{exit}; {hint}", pod.name_any(), waiting.message.clone().unwrap_or_default())))
    });
    waiting.or_else(|| {
        let unscheduled =
            status.conditions.iter().flatten().find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
        let message = unscheduled.message.clone().unwrap_or_default();
        Some((unscheduled.reason.clone().unwrap_or_else(|| "Unschedulable".to_owned()), format!("pod {}: {message}", pod.name_any())))
    })
}

/// A container that took too much memory, of those that are started again; until it is ready.
fn out_of_memory(pod: &Pod, container: &ContainerStatus) -> Option<(String, String)> {
    /// What Node ends with when its heap is full: 128 and the number of the signal SIGABRT.
    const HEAP_IS_FULL: i32 = 134;
    if container.ready || pod.spec.as_ref().is_some_and(|spec| spec.restart_policy.as_deref() == Some("Never")) {
        return None;
    }
    let ended = [&container.state, &container.last_state].into_iter().flatten().find_map(|state| state.terminated.as_ref())?;
    let what = match (ended.reason.as_deref(), ended.exit_code) {
        (Some("OOMKilled"), _) => "was killed at its memory limit",
        (_, HEAP_IS_FULL) => "ended because its JavaScript heap was full",
        _ => return None,
    };
    let (pod, name) = (pod.name_any(), &container.name);
    Some((
        "OutOfMemory".to_owned(),
        format!(
            "pod {pod}: the container {name} {what}; what it ran is tried again as its retry policy says; raise resources.limits.memory of the container {name} in spec.podTemplate, or see which activity takes so much: kubectl logs {pod} --previous"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_worker_that_took_too_much_memory_says_so_until_it_is_ready_again() {
        let found = |ready: bool, state: serde_json::Value, last: serde_json::Value| {
            let pod = json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [{
                "name": "worker", "image": "i", "imageID": "", "ready": ready, "restartCount": 1, "state": state, "lastState": last,
            }]}});
            pod_problem(&serde_json::from_value(pod).unwrap()).map(|(reason, _)| reason)
        };
        let problem = |ready, ended| found(ready, json!({"waiting": {"reason": "CrashLoopBackOff"}}), json!({"terminated": ended}));
        let killed = json!({"reason": "OOMKilled", "exitCode": 137});
        assert_eq!(found(false, json!({"terminated": killed}), json!({})).as_deref(), Some("OutOfMemory"));
        assert_eq!(problem(false, killed).as_deref(), Some("OutOfMemory"));
        assert_eq!(problem(false, json!({"reason": "Error", "exitCode": 134})).as_deref(), Some("OutOfMemory"));
        assert_eq!(problem(false, json!({"reason": "Error", "exitCode": 1})).as_deref(), Some("CrashLoopBackOff"));
        assert_eq!(problem(true, json!({"reason": "OOMKilled", "exitCode": 137})).as_deref(), Some("CrashLoopBackOff"));
    }
}
