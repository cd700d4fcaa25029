//! `ActivityModule`: where activities come from, which there are, and how they are called.
//! Depends on kube's derive only.

use super::module_source::{ExternalWorkers, ModuleBuild, ModuleSource, NpmPackage, UpdatePolicy};
use super::module_status::ActivityModuleStatus;
use super::open;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Activities that workflows may call, from one source.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[kube(
    group = "warpline.dev",
    version = "v1alpha1",
    kind = "ActivityModule",
    namespaced,
    status = "ActivityModuleStatus",
    shortname = "actmod",
    category = "warpline",
    derive = "PartialEq",
    doc = "Activities that workflows may call: where they come from, their types, timeouts and retries.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Source", type_ = "string", json_path = ".status.source"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.accepted.version"),
    printcolumn(name = "Activities", type_ = "integer", json_path = ".status.activities"),
    printcolumn(name = "Available", type_ = "string", json_path = ".status.available.version", priority = 1),
    printcolumn(name = "Image", type_ = "string", json_path = ".status.accepted.image", priority = 1),
    printcolumn(name = "Task Queue", type_ = "string", json_path = ".spec.taskQueue"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = ("(has(self.npm) ? 1 : 0) + (has(self.source) ? 1 : 0) + (has(self.image) ? 1 : 0) + (has(self.external) ? 1 : 0) <= 1", "give one of npm, source, image and external"),
    validation = ("!has(self.external) || !has(self.path)", "workers that others run have no path"),
    validation = ("!has(self.build) || has(self.npm) || has(self.source)", "build is for npm and source"),
    validation = ("!has(self.updateInterval) || has(self.npm)", "updateInterval is for npm")
)]
#[serde(rename_all = "camelCase")]
pub struct ActivityModuleSpec {
    /// A folder with a package.json, relative to the file that holds this object: what `warpline run` serves without a cluster, whatever a cluster builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A package of an npm registry: it is built into an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npm: Option<NpmPackage>,
    /// Files of a package: they are built into an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ModuleSource>,
    /// A ready worker image that holds the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Workers that others run serve the activities; so it is, too, where neither npm, source, image nor path is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalWorkers>,
    /// When a range of npm versions moves to a newer one.
    #[serde(default, skip_serializing_if = "UpdatePolicy::is_default")]
    pub update_policy: UpdatePolicy,
    /// How often a newer version is looked for; it is said in `status.available`. Where absent, an hour with the policy `Interval`, else never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub update_interval: Option<Value>,
    /// How npm and source are built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<ModuleBuild>,
    /// Which export of the package holds the activities, such as `./build`; by default `.`. In a ready image, the package is at `/activities`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The Temporal task queue whose workers serve the activities; by default the workflow's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub task_queue: Option<String>,
    /// Timeouts of every activity that sets none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timeout>,
    /// How every activity is retried that says nothing of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What is known of single activities, by name. What is absent is read from the package's declarations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 1000))]
    pub activities: BTreeMap<String, Option<DeclaredActivity>>,
    /// TypeScript declarations that the signatures may name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
}

/// What is known of one activity.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[x_kube(validation = ("!has(self.signature) || !(has(self.input) || has(self.output))", "give a signature, or JSON Schemas in input and output"))]
#[serde(rename_all = "camelCase")]
pub struct DeclaredActivity {
    /// The TypeScript type of the function, such as `(input: {path: string}) => Promise<Result>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// A JSON Schema of the input, in place of a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::object")]
    pub input: Option<Value>,
    /// A JSON Schema of the output, in place of a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::object")]
    pub output: Option<Value>,
    /// The activity's timeouts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timeout>,
    /// How the activity is retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
}

/// Timeouts as Temporal has them: each `10m`, `10 minutes`, or a number of milliseconds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeout {
    /// For one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub start_to_close: Option<Value>,
    /// For all attempts and the waiting between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub schedule_to_close: Option<Value>,
    /// For waiting until a worker takes an attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub schedule_to_start: Option<Value>,
    /// Between two heartbeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub heartbeat: Option<Value>,
}

/// A retry policy as Temporal has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// The wait before the second attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub initial_interval: Option<Value>,
    /// By what each wait is longer than the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub backoff_coefficient: Option<f64>,
    /// The longest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub maximum_interval: Option<Value>,
    /// How many attempts there are at most, the first included; 0 is without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_attempts: Option<u32>,
    /// The types of errors after which there is no other attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_retryable_error_types: Option<Vec<String>>,
}
