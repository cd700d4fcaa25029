//! `Schedule`: when a Workflow is started, with what input. Maps to a Temporal Schedule.
//! Depends on kube's derive only.

use super::conditions::Condition;
use super::open;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When a Workflow is started, and with what input.
#[derive(CustomResource, Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[kube(
    group = "warpline.dev",
    version = "v1alpha1",
    kind = "Schedule",
    namespaced,
    status = "ScheduleStatus",
    shortname = "wsched",
    category = "warpline",
    derive = "PartialEq",
    doc = "When a Workflow is started, and with what input.",
    printcolumn(name = "Workflow", type_ = "string", json_path = ".spec.workflow"),
    printcolumn(name = "Cron", type_ = "string", json_path = ".spec.cron"),
    printcolumn(name = "Paused", type_ = "boolean", json_path = ".spec.paused"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = ("has(self.cron) != has(self.every)", "give either cron or every"))]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSpec {
    /// The name of the Workflow, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub workflow: String,
    /// A cron expression of five fields, such as `*/30 * * * *`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// An interval, such as `30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub every: Option<Value>,
    /// The time zone of the cron expression, such as `Europe/Warsaw`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// The workflow's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::value")]
    pub input: Option<Value>,
    /// Nothing is started while this holds.
    #[serde(default)]
    pub paused: bool,
}

/// What the operator knows of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleStatus {
    /// The generation of the spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling`, `Stalled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

fn utc() -> String {
    "UTC".to_owned()
}
