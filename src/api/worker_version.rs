//! `WorkerVersion`: one immutable version of what a task queue's workers serve.
//! Depends on kube's derive only.

use super::conditions::Condition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One immutable version: the code of a task queue's workflows, the image with its activities, and the build ID that is made of both. Written by the operator.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Deserialize, Serialize, KubeSchema)]
#[kube(
    group = "warpline.dev",
    version = "v1alpha1",
    kind = "WorkerVersion",
    namespaced,
    status = "WorkerVersionStatus",
    shortname = "wv",
    category = "warpline",
    derive = "PartialEq",
    doc = "One immutable version of what the workers of a task queue serve; written by the operator.",
    printcolumn(name = "Queue", type_ = "string", json_path = ".spec.taskQueue"),
    printcolumn(name = "Build ID", type_ = "string", json_path = ".spec.buildId"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Open", type_ = "integer", json_path = ".status.openExecutions"),
    printcolumn(name = "Pods", type_ = "string", json_path = ".status.pods"),
    printcolumn(name = "Image", type_ = "string", json_path = ".spec.image", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = ("self == oldSelf", "a version never changes"))]
#[serde(rename_all = "camelCase")]
pub struct WorkerVersionSpec {
    /// The name of the `TaskQueue`.
    pub task_queue: String,
    /// The worker deployment in Temporal; absent for a version of activities alone, which is bound to its callers by its queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_name: Option<String>,
    /// The queue in Temporal that a version of activities alone is served on: named by its content, and in the code of its callers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_queue: Option<String>,
    /// The build ID: a digest of what the version is made of.
    pub build_id: String,
    /// The image of its workers.
    pub image: String,
    /// The digest of the definitions that it was first made from: the same definitions have the same version, also when a newer compiler would print other code.
    pub definition_digest: String,
    /// The workflows that it serves, by type.
    #[schemars(extend("maxItems" = 1000, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["workflowType"]))]
    pub workflows: Vec<VersionedWorkflow>,
    /// The activities that it serves, by module.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 1000, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["module"]))]
    pub activities: Vec<VersionedActivities>,
    /// The versions of activities on other queues that its workflows call, by the names of their `WorkerVersion`s: they live as long as it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 1000, "x-kubernetes-list-type" = "set"))]
    pub calls: Vec<String>,
    /// The ConfigMaps that hold its files.
    #[schemars(length(max = 100))]
    pub config_maps: Vec<String>,
}

/// A workflow in a version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionedWorkflow {
    /// The workflow type.
    pub workflow_type: String,
    /// The `Workflow` object.
    pub name: String,
    /// `Pinned` or `AutoUpgrade`.
    pub versioning_behavior: super::VersioningBehavior,
    /// The digest of its definition, with what it refers to.
    pub definition_digest: String,
    /// The forms of states, where its runs go on on newer versions: the first is what they carry, the others are what its migrations take, the oldest
    /// first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<StateForm>,
}

/// The type of a state as continue-as-new carries it, with that of the input.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateForm {
    /// A digest of the type.
    pub form: String,
    /// The type, as TypeScript; none where it is of a package, or too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
}

/// What a version does with a state that runs of other versions carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TakenState {
    /// The workflow type.
    pub workflow_type: String,
    /// The form of the state.
    pub form: String,
    /// The form as which the version takes it; none where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_as: Option<String>,
    /// Why it does not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The activities of a module in a version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionedActivities {
    /// The `ActivityModule` object.
    pub module: String,
    /// What stands for its code: the image.
    pub digest: String,
    /// The image that the module was built to, by digest, where we built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The digest of that build's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The package's folder in the version's image, where we built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The activities that are called.
    pub names: Vec<String>,
}

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
pub enum VersionState {
    /// Its pods are starting, or its checks running.
    #[default]
    Pending,
    /// Ready, and waiting to be promoted.
    Waiting,
    /// Some new executions begin on it.
    Ramping,
    /// New executions begin on it.
    Current,
    /// Versions that live call its activities.
    Serving,
    /// Executions that began on it go on; new ones begin elsewhere.
    Draining,
    /// No execution is open on it.
    Drained,
    /// Its pods are gone, and its record goes.
    Retiring,
    /// It did not pass its checks.
    Failed,
}

impl VersionState {
    /// Its name, as the status has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Waiting => "Waiting",
            Self::Ramping => "Ramping",
            Self::Current => "Current",
            Self::Serving => "Serving",
            Self::Draining => "Draining",
            Self::Drained => "Drained",
            Self::Retiring => "Retiring",
            Self::Failed => "Failed",
        }
    }
}

/// Definitions, by their digests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SameDefinitions {
    /// The digest of them all.
    pub definition_digest: String,
    /// The digest of each, by workflow type.
    #[schemars(extend("maxProperties" = 1000))]
    pub workflows: BTreeMap<String, String>,
}

impl WorkerVersion {
    /// Whether these definitions, by the digest of them all, are this version.
    #[must_use]
    pub fn is_made_of(&self, definition_digest: &str) -> bool {
        self.spec.definition_digest == definition_digest || self.same().is_some_and(|same| same.definition_digest == definition_digest)
    }

    /// Whether a workflow's definition of that digest is what this version has.
    #[must_use]
    pub fn has(&self, workflow_type: &str, definition_digest: &str) -> bool {
        self.spec.workflows.iter().any(|entry| entry.workflow_type == workflow_type && entry.definition_digest == definition_digest)
            || self.same().and_then(|same| same.workflows.get(workflow_type)).is_some_and(|digest| digest == definition_digest)
    }

    fn same(&self) -> Option<&SameDefinitions> {
        self.status.as_ref()?.same_definitions.as_ref()
    }
}

/// What the operator knows of a version.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerVersionStatus {
    /// The generation of the spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling`, `Stalled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Where it is in its life.
    #[serde(default)]
    pub state: VersionState,
    /// How many executions are open on it.
    #[serde(default)]
    pub open_executions: i64,
    /// Its ready pods of those wanted, `1/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods: Option<String>,
    /// Whether it was current once: its checks were passed, so it can be current again at once.
    #[serde(default)]
    pub was_current: bool,
    /// Whether its files are in their ConfigMaps, so that its pods can start.
    #[serde(default)]
    pub files_stored: bool,
    /// The definitions that ask for it now, where they are others than those it was made from and make the same code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_definitions: Option<SameDefinitions>,
    /// How many pods it scaled itself to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_to: Option<i32>,
    /// Since when fewer pods would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_since: Option<Time>,
    /// What it does with the states that runs of other versions carry; Temporal knows of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes: Vec<TakenState>,
    /// Since when it is drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drained_since: Option<Time>,
    /// Since when it has no pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_down_since: Option<Time>,
}
