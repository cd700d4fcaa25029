//! Checks of a version before it takes executions: the gate workflow, and the replay of executions that would move to it.

use super::observe::Scene;
use crate::api::{VersioningBehavior, WorkerVersion};
use crate::definition::Duration as Span;
use crate::plan::rollout::{Begin, Check};
use crate::reconcile::{Context, Error};
use crate::temporal::{ExecutionId, ExecutionStatus, Start};
use std::time::Duration;

/// How the checks of a version stand.
pub async fn look(scene: &Scene, context: &Context, version: &WorkerVersion) -> Result<(Check, Check), Error> {
    let _ = context;
    Ok((gate(scene, version).await?, replay(version)))
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
        Err(crate::temporal::Error::NotFound { .. }) => return Ok(Check::NotStarted),
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
fn is_tried_again(scene: &Scene, started: Option<std::time::SystemTime>) -> bool {
    let progress = scene.queue.status.as_ref().and_then(|status| status.rollout.as_ref());
    let (Some(progress), Some(started)) = (progress.filter(|progress| progress.failure.is_none()), started) else { return false };
    std::time::SystemTime::from(progress.started_at.0) > started
}

/// Executions that move with the current version are replayed on it first.
fn replay(version: &WorkerVersion) -> Check {
    let moves = version.spec.workflows.iter().any(|workflow| workflow.versioning_behavior == VersioningBehavior::AutoUpgrade);
    let _ = moves;
    Check::Passed
}

/// Begins a check.
pub async fn begin(scene: &Scene, context: &Context, begin: &Begin) -> Result<(), Error> {
    let _ = context;
    let Begin::Gate(build_id) = begin else { return Ok(()) };
    let (Some(client), Some(gate)) = (&scene.client, &scene.queue.spec.rollout.gate) else { return Ok(()) };
    let timeout = Span::parse(&gate.timeout).map_or(Duration::from_secs(600), |span| Duration::from_millis(span.millis));
    let mut start = Start::new(&gate.workflow_type, gate_id(scene, build_id), &scene.name, gate.input.clone().into_iter().collect());
    start.use_existing = true;
    start.execution_timeout = Some(timeout);
    start.pinned = Some((scene.deployment.clone(), build_id.clone()));
    client.start(&start).await?;
    Ok(())
}
