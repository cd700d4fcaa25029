//! `TaskQueue`: how the workers of one Temporal task queue run, and how new versions of them are rolled out.
//! Depends on kube's derive only.

use super::conditions::Condition;
use super::open;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the workers of one Temporal task queue run. Where a Workflow names a queue that has no `TaskQueue`, the operator makes one with the defaults.
#[derive(CustomResource, Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[kube(
    group = "warpline.dev",
    version = "v1alpha1",
    kind = "TaskQueue",
    namespaced,
    status = "TaskQueueStatus",
    shortname = "wtq",
    category = "warpline",
    derive = "PartialEq",
    doc = "The workers of one Temporal task queue: where Temporal is, how they run, how new versions are rolled out.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Current", type_ = "string", json_path = ".status.current.buildId"),
    printcolumn(name = "Target", type_ = "string", json_path = ".status.target.buildId"),
    printcolumn(name = "Ramping", type_ = "string", json_path = ".status.rampingPercentage"),
    printcolumn(name = "Open", type_ = "integer", json_path = ".status.openExecutions"),
    printcolumn(name = "Versions", type_ = "integer", json_path = ".status.versions"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"RolledOut\")].message", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct TaskQueueSpec {
    /// The queue's name in Temporal; by default the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = ("self == oldSelf", "a queue keeps its name: make a new TaskQueue"))]
    pub task_queue: Option<String>,
    /// Where Temporal is; by default as the operator was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal: Option<TemporalConnection>,
    /// The image of the workers of new versions, where no ActivityModule brings one; by default as the operator was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_image: Option<String>,
    /// How many pods serve a version that takes new executions.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,
    /// Lets the number of pods follow what waits in the queue, in place of `replicas`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// How long activities that run when a pod ends have to finish, `25s`, `30m`; then they are cancelled, and tried again elsewhere.
    #[serde(default = "grace")]
    #[schemars(schema_with = "open::duration")]
    pub grace_period: Value,
    /// What is merged into the workers' pods (a PodTemplateSpec: metadata and spec; the container is named `worker`). A change rolls the pods, and makes no new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::object")]
    pub pod_template: Option<Value>,
    /// How a new version becomes current.
    #[serde(default)]
    pub rollout: Rollout,
    /// When an old version goes.
    #[serde(default)]
    pub sunset: Sunset,
}

/// How the number of a version's pods follows what waits in its queue: up at once, down by one each `scaleDownDelay`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[x_kube(validation = ("self.minReplicas <= self.maxReplicas", "minReplicas is more than maxReplicas"))]
#[serde(rename_all = "camelCase")]
pub struct Autoscaling {
    /// The fewest pods. 0 is for activities on a queue of their own: pods of workflows are at least one, since only they answer queries.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub min_replicas: i32,
    /// The most pods.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,
    /// For how many waiting tasks there is to be a pod.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub backlog_per_pod: i64,
    /// How long fewer pods must be enough before one of them goes: `5m`, `30s`.
    #[serde(default = "five_minutes")]
    #[schemars(schema_with = "open::duration")]
    pub scale_down_delay: Value,
}

/// Where a Temporal server is, and how to talk to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporalConnection {
    /// The address of the frontend's gRPC service, `host:port`; by default as the operator was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The Temporal namespace; by default as the operator was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// TLS to the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TemporalTls>,
    /// The Secret that holds the API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_secret: Option<SecretKey>,
}

/// TLS to a Temporal server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporalTls {
    /// A Secret (of type `kubernetes.io/tls`, say) with `tls.crt` and `tls.key` for mutual TLS, and `ca.crt` where the server's authority is a private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = super::OBJECT_NAME), length(max = 253))]
    pub secret_name: Option<String>,
    /// The name that the server's certificate is checked against; by default the address's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// One key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// The Secret's name.
    #[schemars(regex(pattern = super::OBJECT_NAME), length(max = 253))]
    pub name: String,
    /// The key.
    #[serde(default = "api_key")]
    pub key: String,
}

/// How a new version becomes current.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[x_kube(validation = ("self.strategy == 'Progressive' || !has(self.steps) || size(self.steps) == 0", "steps are for the strategy Progressive"))]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// `AllAtOnce`: as soon as its pods are ready and its checks passed; `Progressive`: by steps; `Manual`: when `warpline.dev/promote` names its build ID.
    #[serde(default)]
    pub strategy: Strategy,
    /// The steps of `Progressive`, each with more new executions on the new version than the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub steps: Vec<Step>,
    /// A workflow that must complete on the new version before the version takes any execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// How long the pods of a new version may take to get ready before the version counts as failed: `10m`, `30s`.
    #[serde(default = "ten_minutes")]
    #[schemars(schema_with = "open::duration")]
    pub progress_deadline: Value,
    /// Nothing goes on while this holds; what is current stays so.
    #[serde(default)]
    pub paused: bool,
}

/// How a new version becomes current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Strategy {
    /// At once.
    #[default]
    AllAtOnce,
    /// By steps.
    Progressive,
    /// When somebody promotes it.
    Manual,
}

/// One step of a progressive rollout.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// How many of 100 new executions begin on the new version.
    #[schemars(range(min = 1, max = 99))]
    pub percentage: u8,
    /// How long the step lasts: `5m`, `30s`.
    #[schemars(schema_with = "open::duration")]
    pub pause: Value,
}

/// A workflow that must complete on a new version first.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Its workflow type, of the same queue.
    #[schemars(length(min = 1, max = 200))]
    pub workflow_type: String,
    /// Its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::value")]
    pub input: Option<Value>,
    /// How long it may take: `5m`, `30s`.
    #[serde(default = "ten_minutes")]
    #[schemars(schema_with = "open::duration")]
    pub timeout: Value,
}

/// When an old version goes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sunset {
    /// How long the pods of a version stay after its last execution ended (queries on closed executions need them): `1h`, `0s`.
    #[serde(default = "an_hour")]
    #[schemars(schema_with = "open::duration")]
    pub scale_down_delay: Value,
    /// How long the version itself stays after that; until then it can be current again without a build: `24h`, `0s`.
    #[serde(default = "a_day")]
    #[schemars(schema_with = "open::duration")]
    pub delete_delay: Value,
}

impl Default for TaskQueueSpec {
    /// As the API server fills in what is not given.
    fn default() -> Self {
        Self {
            task_queue: None,
            temporal: None,
            worker_image: None,
            replicas: one(),
            autoscaling: None,
            grace_period: grace(),
            pod_template: None,
            rollout: Rollout::default(),
            sunset: Sunset::default(),
        }
    }
}

impl Default for Rollout {
    fn default() -> Self {
        Self { strategy: Strategy::default(), steps: Vec::new(), gate: None, progress_deadline: ten_minutes(), paused: false }
    }
}

impl Default for Sunset {
    fn default() -> Self {
        Self { scale_down_delay: an_hour(), delete_delay: a_day() }
    }
}

impl TaskQueue {
    /// The queue's name in Temporal.
    #[must_use]
    pub fn temporal_name(&self) -> &str {
        self.spec.task_queue.as_deref().or(self.metadata.name.as_deref()).unwrap_or_default()
    }
}

/// What the operator knows of a queue.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskQueueStatus {
    /// The generation of the spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling`, `Stalled`, `Connected`, `RolledOut`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The worker deployment in Temporal, once the server has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_name: Option<String>,
    /// Where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal: Option<TemporalReference>,
    /// The version that new executions begin on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<VersionReference>,
    /// The version that the Workflows ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<VersionReference>,
    /// How the target is getting on, until it is current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutStatus>,
    /// How many of 100 new executions begin on the target, `20%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramping_percentage: Option<String>,
    /// How many versions there are.
    #[serde(default)]
    pub versions: i32,
    /// How many executions are open on all of them.
    #[serde(default)]
    pub open_executions: i64,
}

/// A namespace of a Temporal server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporalReference {
    /// The address of the frontend's gRPC service, `host:port`, as pods reach it.
    pub address: String,
    /// The Temporal namespace.
    pub namespace: String,
}

/// A version, by its names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionReference {
    /// The `WorkerVersion`.
    pub name: String,
    /// The build ID.
    pub build_id: String,
}

/// How a version is getting on.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStatus {
    /// The build ID that this is about.
    pub build_id: String,
    /// When the rollout began.
    pub started_at: Time,
    /// The step that it is at, from 0; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<i32>,
    /// When that step began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_started_at: Option<Time>,
    /// Whether the gate was passed.
    #[serde(default)]
    pub gate_passed: bool,
    /// Whether the histories of open executions were replayed without a difference.
    #[serde(default)]
    pub replay_passed: bool,
    /// Why the version is not rolled out, until the definition changes or `warpline.dev/retry` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RolloutFailure>,
    /// The value of `warpline.dev/retry` that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
}

/// Why a version is not rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutFailure {
    /// One CamelCase word.
    pub reason: String,
    /// What happened, and what to do.
    pub message: String,
}

fn one() -> i32 {
    1
}

fn api_key() -> String {
    "apiKey".to_owned()
}

fn ten() -> i64 {
    10
}

fn grace() -> Value {
    "25s".into()
}

fn five_minutes() -> Value {
    "5m".into()
}

fn ten_minutes() -> Value {
    "10m".into()
}

fn an_hour() -> Value {
    "1h".into()
}

fn a_day() -> Value {
    "24h".into()
}
