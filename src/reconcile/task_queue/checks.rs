//! Checks of a version before it takes executions: the gate workflow, and the replay of executions that would move to it.

use super::carry_out::owner;
use super::observe::Scene;
use crate::api::{VersioningBehavior, WorkerVersion};
use crate::definition::Duration as Span;
use crate::plan::objects::{Replayed, replay_job};
use crate::plan::rollout::{Begin, Check};
use crate::reconcile::{Context, Error};
use crate::temporal::{Error as TemporalError, ExecutionId, ExecutionStatus, OpenFilter, Start};
use crate::version::digest;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use std::time::{Duration, SystemTime};

/// How the checks of a version stand: the gate, the replay.
pub async fn look(scene: &Scene, context: &Context, version: &WorkerVersion) -> Result<(Check, Check), Error> {
    Ok((gate(scene, version).await?, replay(scene, context, version).await?))
}

/// Begins a check.
pub async fn begin(scene: &Scene, context: &Context, begin: &Begin) -> Result<(), Error> {
    match begin {
        Begin::Gate(build_id) => begin_gate(scene, build_id).await,
        Begin::Replay(build_id) => begin_replay(scene, context, build_id).await,
    }
}

fn gate_id(scene: &Scene, build_id: &str) -> String {
    format!("warpline-gate/{}/{build_id}", scene.deployment)
}

async fn gate(scene: &Scene, version: &WorkerVersion) -> Result<Check, Error> {
    let (Some(client), Some(gate)) = (&scene.client, &scene.queue.spec.rollout.gate) else { return Ok(Check::Passed) };
    if version.status.as_ref().is_some_and(|status| status.was_current) {
        return Ok(Check::Passed);
    }
    if !version.spec.workflows.iter().any(|workflow| workflow.workflow_type == gate.workflow_type) {
        let known: Vec<&str> = version.spec.workflows.iter().map(|workflow| workflow.workflow_type.as_str()).collect();
        return Ok(Check::Failed(format!(
            "cannot run: the version has no workflow type {}; it has {}",
            gate.workflow_type,
            known.join(", ")
        )));
    }
    let id = ExecutionId::newest(gate_id(scene, &version.spec.build_id));
    let description = match client.describe(&id).await {
        Ok(description) => description,
        Err(TemporalError::NotFound { .. }) => return Ok(Check::NotStarted),
        Err(error) => return Err(error.into()),
    };
    Ok(match description.status {
        ExecutionStatus::Running | ExecutionStatus::Paused | ExecutionStatus::ContinuedAsNew => Check::Running,
        ExecutionStatus::Completed => Check::Passed,
        _ if is_tried_again(scene, description.started) => Check::NotStarted,
        _ => {
            let outcome = client.outcome(&description.id).await?;
            let why = outcome.failure().map_or_else(|| "did not complete".to_owned(), |failure| format!("failed: {failure}"));
            Check::Failed(format!("{why} (workflow {})", description.id.workflow_id))
        }
    })
}

/// Whether the gate's last run is from before the rollout was tried again.
fn is_tried_again(scene: &Scene, started: Option<SystemTime>) -> bool {
    let progress = scene.queue.status.as_ref().and_then(|status| status.rollout.as_ref());
    let (Some(progress), Some(started)) = (progress.filter(|progress| progress.failure.is_none()), started) else { return false };
    SystemTime::from(progress.started_at.0) > started
}

async fn begin_gate(scene: &Scene, build_id: &str) -> Result<(), Error> {
    let (Some(client), Some(gate)) = (&scene.client, &scene.queue.spec.rollout.gate) else { return Ok(()) };
    let timeout = Span::parse(&gate.timeout).map_or(Duration::from_secs(600), |span| Duration::from_millis(span.millis));
    let mut start = Start::new(&gate.workflow_type, gate_id(scene, build_id), &scene.name, gate.input.clone().into_iter().collect());
    start.use_existing = true;
    start.execution_timeout = Some(timeout);
    start.pinned = Some((scene.deployment.clone(), build_id.to_owned()));
    client.start(&start).await?;
    Ok(())
}

/// The workflow types of a version whose executions move with the current version.
fn moving(version: &WorkerVersion) -> Vec<&str> {
    let moving = version.spec.workflows.iter().filter(|workflow| workflow.versioning_behavior == VersioningBehavior::AutoUpgrade);
    moving.map(|workflow| workflow.workflow_type.as_str()).collect()
}

/// The name of the Job; another one for each time that a user asks to try again.
fn replay_name(scene: &Scene, version: &WorkerVersion) -> String {
    let retry = scene.queue.annotations().get(crate::api::labels::RETRY).map(String::as_str).unwrap_or_default();
    let mark: String = digest([("retry", retry.as_bytes())]).chars().take(6).collect();
    format!("{}-{mark}", version.name_any().trim_end_matches('-'))
}

/// Executions that move with the current version are replayed on it first; where none is open there is nothing to replay.
async fn replay(scene: &Scene, context: &Context, version: &WorkerVersion) -> Result<Check, Error> {
    let is_current = scene.server.as_ref().and_then(|server| server.current.as_deref()) == Some(version.spec.build_id.as_str());
    let types = moving(version);
    let Some(client) = scene.client.as_ref().filter(|_| !types.is_empty() && !is_current) else { return Ok(Check::Passed) };
    let name = replay_name(scene, version);
    let Some(job) = context.cluster.get::<Job>(&scene.namespace, &name).await? else {
        for workflow_type in types {
            let filter = OpenFilter { workflow_type: Some(workflow_type), task_queue: Some(&scene.name), ..OpenFilter::default() };
            if client.count_open(&filter).await? > 0 {
                return Ok(Check::NotStarted);
            }
        }
        return Ok(Check::Passed);
    };
    let status = job.status.unwrap_or_default();
    if status.succeeded.unwrap_or(0) > 0 {
        return Ok(Check::Passed);
    }
    let has_failed = status.conditions.iter().flatten().any(|condition| condition.type_ == "Failed" && condition.status == "True");
    if !has_failed {
        return Ok(Check::Running);
    }
    let pods = context.cluster.labelled::<Pod>(&scene.namespace, "warpline.dev/replay", &name).await?;
    Ok(Check::Failed(pods.iter().rev().find_map(found).unwrap_or_else(|| format!("the replay failed; see kubectl logs job/{name}"))))
}

/// What a replay left in its pod's termination message: the first execution that differs, and where.
fn found(pod: &Pod) -> Option<String> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let message = statuses.iter().find_map(|status| status.state.as_ref()?.terminated.as_ref()?.message.clone())?;
    let Ok(summary) = serde_json::from_str::<serde_json::Value>(&message) else { return Some(message) };
    let first = &summary["first"];
    if first.is_null() {
        let why = summary["error"].as_str().unwrap_or("its pod's log says why");
        return Some(format!("the replay could not be done: {why}; set warpline.dev/retry once that is mended"));
    }
    let text = |key: &str| first[key].as_str().map_or_else(|| first[key].to_string(), str::to_owned);
    let node = if first["node"].is_null() { String::new() } else { format!(", node {}", text("node")) };
    let event =
        if first["eventId"].is_null() { String::new() } else { format!(" at event {} ({}){node}", text("eventId"), text("eventType")) };
    Some(format!(
        "{} of {} open executions do not replay on it: workflow {}{event}: {}; keep the order of what is done, or make the workflow Pinned",
        summary["failed"],
        summary["replayed"],
        text("workflowId"),
        text("error"),
    ))
}

async fn begin_replay(scene: &Scene, context: &Context, build_id: &str) -> Result<(), Error> {
    let Some(version) = scene.versions.iter().find(|version| version.spec.build_id == build_id) else { return Ok(()) };
    let Some(temporal) = &scene.temporal else { return Ok(()) };
    let (name, types) = (replay_name(scene, version), moving(version));
    let owner = owner(version, &scene.namespace);
    let replayed = Replayed { name: &name, deployment: &scene.deployment, types: &types };
    let job = |template| replay_job(&owner, super::carry_out::run(scene, version, temporal), template, replayed);
    let job = job(scene.queue.spec.pod_template.as_ref()).or_else(|_| job(None)).map_err(|error| Error::Defect(error.to_string()))?;
    context.cluster.apply(&job).await?;
    Ok(())
}
