//! The Job that replays open executions on a version before the version takes them over.

use super::pod::{self, InvalidTemplate, VERSION};
use super::{Owner, Run};
use k8s_openapi::api::batch::v1::{Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule};
use serde_json::Value;

/// How many executions are replayed at most: the oldest of them are the likeliest to differ.
const MOST: &str = "200";

/// What is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Replayed<'a> {
    /// The name of the Job.
    pub name: &'a str,
    /// The worker deployment whose executions are replayed.
    pub deployment: &'a str,
    /// The workflow types whose executions move.
    pub types: &'a [&'a str],
}

/// The Job: the version's worker image and files, with the worker's `replay` program, which leaves what it found in the pod's termination message.
///
/// # Errors
/// A template that is no PodTemplateSpec.
pub fn replay_job(owner: &Owner, run: Run, template: Option<&Value>, replayed: Replayed) -> Result<Job, InvalidTemplate> {
    let mut template = pod::template(owner, run, template)?;
    if let Some(metadata) = &mut template.metadata {
        // No selector of the version's workers may find it.
        let labels = metadata.labels.get_or_insert_default();
        labels.remove(crate::api::labels::WORKER_VERSION);
        labels.insert("warpline.dev/replay".to_owned(), replayed.name.to_owned());
    }
    if let Some(spec) = &mut template.spec {
        spec.restart_policy = Some("Never".to_owned());
        spec.topology_spread_constraints = None;
        for container in spec.containers.iter_mut().filter(|container| container.name == "worker") {
            let types = replayed.types.join(",");
            let mut arguments = vec!["dist/replay.js", "--bundle", pod::BUNDLE, "--version", VERSION, "--open-on", replayed.deployment];
            arguments.extend(["--types", &types, "--limit", MOST, "--summary", "/dev/termination-log"]);
            container.command = Some(vec!["node".to_owned()]);
            container.args = Some(arguments.into_iter().map(str::to_owned).chain(pod::connection(run.reach)).collect());
            container.working_dir = Some("/opt/warpline/worker".to_owned());
            (container.liveness_probe, container.readiness_probe, container.ports) = (None, None, None);
        }
    }
    let spec = JobSpec {
        backoff_limit: Some(3),
        pod_failure_policy: Some(PodFailurePolicy { rules: vec![verdict()] }),
        active_deadline_seconds: Some(600),
        ttl_seconds_after_finished: Some(3600),
        template,
        ..JobSpec::default()
    };
    Ok(Job { metadata: owner.metadata(replayed.name), spec: Some(spec), status: None })
}

/// A replay that differs is a verdict; one that could not be done (exit code 3: no server, say) is tried again.
fn verdict() -> PodFailurePolicyRule {
    let codes =
        PodFailurePolicyOnExitCodesRequirement { container_name: Some("worker".to_owned()), operator: "In".to_owned(), values: vec![1, 2] };
    PodFailurePolicyRule { action: "FailJob".to_owned(), on_exit_codes: Some(codes), ..PodFailurePolicyRule::default() }
}
