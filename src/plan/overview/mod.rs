//! What the objects of a namespace say together: the tree of queues, versions and pods, and why a workflow is not live.
//! Pure; may use `api` and `definition`. Must not know how the objects were listed or how what is said is printed.

mod doctor;
#[cfg(test)]
mod tests;
mod tree;

pub use doctor::{Finding, Verdict, examine};
pub use tree::{PodRow, QueueTree, VersionRow, WorkflowRow, trees};

use crate::api::labels;
use crate::api::{ActivityModule, Schedule, TaskQueue, WorkerVersion, Workflow};
use crate::definition::workflow_type_of;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

/// The objects of one namespace at one moment, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The namespace.
    pub namespace: String,
    /// Workflows.
    pub workflows: Vec<Workflow>,
    /// Activity modules.
    pub modules: Vec<ActivityModule>,
    /// Task queues.
    pub queues: Vec<TaskQueue>,
    /// Versions.
    pub versions: Vec<WorkerVersion>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// The pods of versions.
    pub pods: Vec<Pod>,
    /// Whether an operator is at work.
    pub operator: Operator,
}

/// Whether an operator is at work, by its lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// Who asks may not look, or there is no telling: why.
    #[default]
    Unknown,
    /// There is no lease of one.
    Absent,
    /// One holds the lease: who, and until when if it is renewed no more.
    Leads {
        /// The pod.
        holder: String,
        /// When the lease ends.
        until: Timestamp,
    },
}

/// The workflow type, as it was compiled last; by the name where it never was.
#[must_use]
pub fn workflow_type(workflow: &Workflow) -> String {
    let known = workflow.status.as_ref().and_then(|status| status.workflow_type.clone());
    known.unwrap_or_else(|| workflow_type_of(&workflow.name_any()))
}

impl Snapshot {
    /// The names of the workflows.
    #[must_use]
    pub fn workflow_names(&self) -> Vec<&str> {
        self.workflows.iter().filter_map(|workflow| workflow.metadata.name.as_deref()).collect()
    }

    /// The `TaskQueue` of a queue, by its name in Temporal.
    fn queue(&self, name: &str) -> Option<&TaskQueue> {
        self.queues.iter().find(|queue| queue.temporal_name() == name)
    }

    /// The versions of a `TaskQueue`, the newest first.
    fn versions_of(&self, queue: &str) -> Vec<&WorkerVersion> {
        let mut versions: Vec<_> = self.versions.iter().filter(|version| version.spec.task_queue == queue).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.metadata.creation_timestamp.as_ref().map(|time| time.0)));
        versions
    }

    /// The pods of a version.
    fn pods_of(&self, version: &WorkerVersion) -> Vec<&Pod> {
        let name = version.name_any();
        self.pods.iter().filter(|pod| pod.labels().get(labels::WORKER_VERSION).is_some_and(|of| *of == name)).collect()
    }
}
