//! What a pod's status says of why it doesn't get ready.
//! Pure; must not know what the pod is for.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

/// Why a pod does not get ready by itself: reason and message.
#[must_use]
pub fn pod_problem(pod: &Pod) -> Option<(String, String)> {
    let status = pod.status.as_ref()?;
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
