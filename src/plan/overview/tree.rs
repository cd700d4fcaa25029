//! Queues with their workflows, versions, pods and open executions.
//! Pure; uses the types of its room.

use super::Snapshot;
use crate::api::conditions::{Condition, READY, RECONCILING, ROLLED_OUT, STALLED, find, find_true};
use crate::api::{TaskQueue, WorkerVersion, Workflow};
use crate::plan::pod_problem::pod_problem;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde::Serialize;
use std::collections::BTreeSet;

/// One task queue and all that is on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueTree {
    /// The `TaskQueue`; the queue's name in Temporal where there is no object.
    pub name: String,
    /// `Ready`, `Reconciling`, `Stalled` or `Unknown`.
    pub standing: String,
    /// What there is to say about that.
    pub message: String,
    /// The workflows on it.
    pub workflows: Vec<WorkflowRow>,
    /// Its versions, the newest first.
    pub versions: Vec<VersionRow>,
}

/// A workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowRow {
    /// The `Workflow`.
    pub name: String,
    /// The workflow type in Temporal.
    pub workflow_type: String,
    /// `Ready`, `Reconciling`, `Stalled` or `Unknown`.
    pub standing: String,
    /// What there is to say about that.
    pub message: String,
    /// The build ID that new executions begin on.
    pub build_id: Option<String>,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRow {
    /// The `WorkerVersion`.
    pub name: String,
    /// The build ID.
    pub build_id: String,
    /// Where it is in its life.
    pub state: String,
    /// What there is to say about that.
    pub message: String,
    /// How many executions are open on it.
    pub open_executions: i64,
    /// The image of its workers.
    pub image: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The workflows that it serves, by type.
    pub workflows: Vec<String>,
    /// Its pods.
    pub pods: Vec<PodRow>,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRow {
    /// Its name.
    pub name: String,
    /// Its phase; `Terminating` while it ends.
    pub phase: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often its containers were started again.
    pub restarts: i32,
    /// Why it does not get ready.
    pub problem: Option<String>,
}

/// The trees of the queues on which these workflows are; of all where none is named.
#[must_use]
pub fn trees(snapshot: &Snapshot, names: &[String]) -> Vec<QueueTree> {
    let wanted = |workflow: &&Workflow| names.is_empty() || names.contains(&workflow.name_any());
    let called: BTreeSet<&str> = snapshot.workflows.iter().filter(wanted).map(|workflow| workflow.spec.task_queue.as_str()).collect();
    let own = snapshot.queues.iter().filter(|_| names.is_empty()).map(TaskQueue::temporal_name);
    let queues: BTreeSet<&str> = called.into_iter().chain(own).collect();
    queues.into_iter().map(|queue| tree(snapshot, queue)).collect()
}

fn tree(snapshot: &Snapshot, queue: &str) -> QueueTree {
    let object = snapshot.queue(queue);
    let conditions = object.and_then(|object| object.status.as_ref()).map(|status| status.conditions.as_slice()).unwrap_or_default();
    let (standing, message) = standing(conditions);
    let rolled_out = find(conditions, ROLLED_OUT).map(|condition| condition.message.clone()).filter(|message| !message.is_empty());
    let workflows = snapshot.workflows.iter().filter(|workflow| workflow.spec.task_queue == queue);
    let name = object.map_or_else(|| queue.to_owned(), ResourceExt::name_any);
    let versions = snapshot.versions_of(&name).into_iter().map(|version| version_row(snapshot, version)).collect();
    let message = if object.is_none() { "the operator has yet to make it".to_owned() } else { rolled_out.unwrap_or(message) };
    QueueTree { name, standing: standing.to_owned(), message, workflows: workflows.map(workflow_row).collect(), versions }
}

/// How an object stands, by the conditions that every kind has.
pub(super) fn standing(conditions: &[Condition]) -> (&'static str, String) {
    for kind in [STALLED, RECONCILING] {
        if let Some(condition) = find_true(conditions, kind) {
            return (kind, format!("{}: {}", condition.reason, condition.message));
        }
    }
    match find(conditions, READY) {
        Some(ready) if ready.status == "True" => (READY, ready.message.clone()),
        Some(ready) => ("Unknown", format!("{}: {}", ready.reason, ready.message)),
        None => ("Unknown", "the operator has yet to look at it".to_owned()),
    }
}

fn workflow_row(workflow: &Workflow) -> WorkflowRow {
    let status = workflow.status.clone().unwrap_or_default();
    let (standing, message) = standing(&status.conditions);
    WorkflowRow {
        name: workflow.name_any(),
        workflow_type: super::workflow_type(workflow),
        standing: standing.to_owned(),
        message,
        build_id: status.build_id,
    }
}

fn version_row(snapshot: &Snapshot, version: &WorkerVersion) -> VersionRow {
    let status = version.status.clone().unwrap_or_default();
    VersionRow {
        name: version.name_any(),
        build_id: version.spec.build_id.clone(),
        state: status.state.name().to_owned(),
        message: find(&status.conditions, READY).map(|ready| ready.message.clone()).unwrap_or_default(),
        open_executions: status.open_executions,
        image: version.spec.image.clone(),
        created: version.metadata.creation_timestamp.as_ref().map(|time| time.0),
        workflows: version.spec.workflows.iter().map(|workflow| workflow.workflow_type.clone()).collect(),
        pods: snapshot.pods_of(version).into_iter().map(pod_row).collect(),
    }
}

fn pod_row(pod: &Pod) -> PodRow {
    let status = pod.status.clone().unwrap_or_default();
    let ready = status.conditions.iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let phase = if pod.metadata.deletion_timestamp.is_some() { "Terminating".to_owned() } else { status.phase.unwrap_or_default() };
    PodRow {
        name: pod.name_any(),
        phase,
        ready,
        restarts: status.container_statuses.iter().flatten().map(|container| container.restart_count).sum(),
        problem: pod_problem(pod).map(|(reason, message)| format!("{reason}: {message}")),
    }
}
