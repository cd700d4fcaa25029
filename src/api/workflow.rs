//! `Workflow`: a drawing, its types and helpers, and where it runs.
//! Depends on kube's derive only.

use super::conditions::Condition;
use super::diagnostic::StatusDiagnostic;
use super::open;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A workflow as its builder drew it. It is compiled to TypeScript, and runs on Temporal.
#[derive(CustomResource, Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[kube(
    group = "warpline.dev",
    version = "v1alpha1",
    kind = "Workflow",
    namespaced,
    status = "WorkflowStatus",
    shortname = "flow",
    category = "warpline",
    derive = "PartialEq",
    doc = "A durable workflow: a drawing of nodes and edges that is compiled to TypeScript and runs on Temporal.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.workflowType"),
    printcolumn(name = "Task Queue", type_ = "string", json_path = ".spec.taskQueue"),
    printcolumn(name = "Build ID", type_ = "string", json_path = ".status.buildId"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Live\")].message", priority = 1),
    printcolumn(name = "Versioning", type_ = "string", json_path = ".spec.versioningBehavior", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowSpec {
    /// The exported function, which is the workflow type in Temporal. By default the object's name in `PascalCase`, with `Workflow` at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"), length(max = 200))]
    pub workflow_type: Option<String>,
    /// The Temporal task queue that the workflow runs on.
    #[serde(default = "default_task_queue")]
    #[schemars(length(min = 1, max = 200))]
    pub task_queue: String,
    /// How executions move to new versions: `Pinned` stays on the version that it began on, `AutoUpgrade` moves to the current one.
    #[serde(default)]
    pub versioning_behavior: VersioningBehavior,
    /// Where a pinned run goes on when it continues as new: on its own version (`Stay`, the default), or on the current one where that takes its
    /// state (`Upgrade`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_continue_as_new: Option<OnContinueAsNew>,
    /// What brings the states of earlier versions up, the oldest first: each element makes the state of the next of the one before, the last one that of
    /// today.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub migrations: Vec<Migration>,
    /// What becomes of open executions when this object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// The type of the input: a TypeScript type, or a map of field names to types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::value")]
    pub input: Option<Value>,
    /// The type of the output, in the same forms; inferred where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::value")]
    pub output: Option<Value>,
    /// The type of the state, in the same forms; inferred from the state's first value where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::value")]
    pub state: Option<Value>,
    /// TypeScript type declarations that the other fields may name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
    /// Pure TypeScript functions, callable from every expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpers: Option<String>,
    /// Fields of the state that `warpline.state` and `warpline watch` don't show: paths of names, with `*` for each element of a list or map, as in `packages.*.token`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub redact: Vec<String>,
    /// The drawing: `nodes`, `edges`, `signals`, `queries` and `cleanup`. The compiler checks it, and says what is wrong at which node.
    #[schemars(schema_with = "open::object")]
    pub definition: Value,
}

/// How executions move to new versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum VersioningBehavior {
    /// An execution stays on the version that it began on.
    #[default]
    Pinned,
    /// An execution moves to the current version.
    AutoUpgrade,
}

/// Where a run goes on when it continues as new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum OnContinueAsNew {
    /// On the version that it began on.
    Stay,
    /// On the current version, where that takes its state; else on its own.
    Upgrade,
}

/// How the state of earlier versions becomes the state that came next.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Migration {
    /// The type of the older state: a TypeScript type, or a map of field names to types.
    #[schemars(schema_with = "open::value")]
    pub from: Value,
    /// A function of the older state, such as `(old) => ({...old, retries: 0})`, or the name of a helper.
    #[schemars(length(min = 1, max = 100_000))]
    pub migrate: String,
}

/// What becomes of open executions when their Workflow is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum DeletionPolicy {
    /// They go on to their end; the object stays until then, and no new one begins.
    #[default]
    Drain,
    /// They are terminated.
    Terminate,
    /// They stay open on the server, and go on when the same definition is applied again.
    Orphan,
}

/// What the operator knows of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowStatus {
    /// The generation of the spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling`, `Stalled`, `Compiled`, `TypeChecked`, `Live`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The workflow type in Temporal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_type: Option<String>,
    /// The digest of the definition that was compiled last, with what it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_digest: Option<String>,
    /// The build ID that new executions begin on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// What the compiler found, errors first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub diagnostics: Vec<StatusDiagnostic>,
    /// How many executions are still open, while the object is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_executions: Option<i64>,
}

fn default_task_queue() -> String {
    "default".to_owned()
}
