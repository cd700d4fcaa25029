//! `Workflow`: a drawing, its types and helpers, and where it runs.
//! Depends on kube's derive only.

use super::open;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A workflow as its builder drew it. It is compiled to TypeScript, and runs on Temporal.
#[derive(CustomResource, Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "warpline.dev",
    version = "v1alpha1",
    kind = "Workflow",
    namespaced,
    shortname = "flow",
    category = "warpline",
    derive = "PartialEq",
    doc = "A durable workflow: a drawing of nodes and edges that is compiled to TypeScript and runs on Temporal.",
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.workflowType"),
    printcolumn(name = "Task Queue", type_ = "string", json_path = ".spec.taskQueue"),
    printcolumn(name = "Versioning", type_ = "string", json_path = ".spec.versioningBehavior", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowSpec {
    /// The exported function, which is the workflow type in Temporal. By default the object's name in PascalCase, with `Workflow` at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"), length(max = 200))]
    pub workflow_type: Option<String>,
    /// The Temporal task queue that the workflow runs on.
    #[serde(default = "default_task_queue")]
    #[schemars(length(min = 1, max = 1000))]
    pub task_queue: String,
    /// How executions move to new versions: Pinned stays on the version that it began on, AutoUpgrade moves to the current one.
    #[serde(default)]
    pub versioning_behavior: VersioningBehavior,
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

fn default_task_queue() -> String {
    "default".to_owned()
}
