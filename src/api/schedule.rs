//! `Schedule`: when a Workflow is started, with what input. Maps to a Temporal Schedule.
//! Depends on kube's derive only.

use super::conditions::Condition;
use super::{TemporalConnection, open};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

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
    printcolumn(name = "When", type_ = "string", json_path = ".status.when"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Paused", type_ = "boolean", json_path = ".status.paused"),
    printcolumn(name = "Last", type_ = "date", json_path = ".status.lastRun.time"),
    printcolumn(name = "Result", type_ = "string", json_path = ".status.lastRun.result"),
    // A date column says how long ago something was, and this is to come.
    printcolumn(name = "Next", type_ = "string", json_path = ".status.nextRuns[0]"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = ("has(self.cron) || has(self.crons) || has(self.every) || has(self.calendars)", "say when: give cron, crons, every or calendars"))]
#[x_kube(validation = ("!(has(self.cron) && has(self.crons))", "give either cron or crons"))]
#[x_kube(validation = ("!has(self.offset) || has(self.every)", "an offset is one of `every`"))]
#[x_kube(validation = ("!has(self.startAt) || !has(self.endAt) || self.startAt < self.endAt", "endAt is not after startAt"))]
#[x_kube(validation = ("has(self.scheduleId) == has(oldSelf.scheduleId) && (!has(self.scheduleId) || self.scheduleId == oldSelf.scheduleId)", "the ID of a schedule cannot change: make another Schedule"))]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSpec {
    /// The name of the Workflow, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub workflow: String,
    /// A cron expression of five fields, such as `*/30 * * * *`, a macro such as `@daily`, or `@every 30m`. Where both the day of the month and the weekday are limited, it runs on either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub cron: Option<String>,
    /// Several cron expressions: it runs at the times of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 200)))]
    pub crons: Vec<String>,
    /// An interval of whole seconds, such as `30m`; counted from 1970, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub every: Option<Value>,
    /// How long after a whole multiple of `every`, such as `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub offset: Option<Value>,
    /// Times by the clock on the wall: it runs at the times of each, where all fields of it match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 50))]
    pub calendars: Vec<CalendarTimes>,
    /// Times at which it doesn't run, whatever says so. A field that is absent matches every value, so that `{month: 12, dayOfMonth: 25}` is a whole day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub exclude: Vec<CalendarTimes>,
    /// The time zone of `cron`, `calendars` and `exclude`, such as `Europe/Warsaw`.
    #[serde(default = "utc")]
    #[schemars(length(max = 100))]
    pub time_zone: String,
    /// It doesn't run before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Time>,
    /// It doesn't run after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<Time>,
    /// Each run begins up to so much later, by chance, so that many don't begin at once: `30s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub jitter: Option<Value>,
    /// The workflow's input; `{}` where absent. It is checked against the type of the Workflow's input before anything is scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::value")]
    pub input: Option<Value>,
    /// Nothing is started while this holds, but by `warpline.dev/trigger` and `warpline.dev/backfill`.
    #[serde(default)]
    pub paused: bool,
    /// Why it is paused, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub paused_note: Option<String>,
    /// What happens to a run that is due while one is still running.
    #[serde(default)]
    pub overlap_policy: OverlapPolicy,
    /// How late a run may begin that the Temporal server missed because it was down: `1h`; at least 10 seconds.
    #[serde(default = "a_year")]
    #[schemars(schema_with = "open::duration")]
    pub catchup_window: Value,
    /// Whether a run that fails or times out pauses the schedule, until `warpline.dev/unpause` gets a new text.
    #[serde(default)]
    pub pause_on_failure: bool,
    /// After so many runs it runs no more. Counted by the server; an edit of this field counts anew, other edits keep the count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub remaining_actions: Option<i64>,
    /// The schedule's ID in Temporal; by default `<namespace>/<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub schedule_id: Option<String>,
    /// What the IDs of its executions begin with; by default `<namespace>/<name>`. Temporal adds `-` and the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub workflow_id: Option<String>,
    /// What each execution carries for those who look at it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "open::object")]
    pub memo: BTreeMap<String, Value>,
    /// How long an execution may take, with all runs that continue it: `2h`. No limit where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub execution_timeout: Option<Value>,
    /// How long one run of an execution may take: `30m`. No limit where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub run_timeout: Option<Value>,
    /// What becomes of a change that somebody made on the server by hand: `Correct` undoes it, `Adopt` leaves it until this spec changes.
    #[serde(default)]
    pub drift_policy: DriftPolicy,
}

/// Times by the clock on the wall. Each field is `*`, numbers, ranges, steps or a list of them, as in cron.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarTimes {
    /// 0 to 59; by default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub second: Option<Value>,
    /// 0 to 59; by default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub minute: Option<Value>,
    /// 0 to 23; by default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub hour: Option<Value>,
    /// 1 to 31; by default each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub day_of_month: Option<Value>,
    /// 1 to 12, or `JAN` to `DEC`; by default each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub month: Option<Value>,
    /// 2000 to 2100; by default each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub year: Option<Value>,
    /// 0 to 7 (0 and 7 are Sunday), or `SUN` to `SAT`; by default each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::int_or_text")]
    pub day_of_week: Option<Value>,
}

/// What happens to a run that is due while one is still running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum OverlapPolicy {
    /// It is left out.
    #[default]
    Skip,
    /// One waits until the running one ends; others are left out.
    BufferOne,
    /// All wait, one after the other.
    BufferAll,
    /// The running one is cancelled; the new one begins when it has ended.
    CancelOther,
    /// The running one is terminated.
    TerminateOther,
    /// They run at the same time.
    AllowAll,
}

/// What becomes of a change that somebody made on the server by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum DriftPolicy {
    /// It is undone.
    #[default]
    Correct,
    /// It stays until the spec changes; also takes over a schedule of that ID that no Schedule made.
    Adopt,
}

/// What the operator knows of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleStatus {
    /// The generation of the spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling`, `Stalled`, `Valid`, `InputChecked`, `Connected`, `InSync`, `LastRunSucceeded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// When it runs, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether nothing is started on the server.
    #[serde(default)]
    pub paused: bool,
    /// The schedule's ID in Temporal, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<String>,
    /// The newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<ScheduledRun>,
    /// When it runs next, five times at most; as the server says, jitter included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub next_runs: Vec<Time>,
    /// How many of its executions run.
    #[serde(default)]
    pub running: i64,
    /// How many runs there were.
    #[serde(default)]
    pub runs: i64,
    /// How many runs were left out because the server missed them by more than the catch-up window.
    #[serde(default)]
    pub missed_catchup: i64,
    /// How many runs were left out because one was still running.
    #[serde(default)]
    pub skipped_overlap: i64,
    /// How many runs wait for one to end.
    #[serde(default)]
    pub buffered: i64,
    /// How many runs are left; absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_actions: Option<i64>,
    /// What was written to the server last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedSchedule>,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal: Option<TemporalConnection>,
    /// Where it was before its task queue moved, and has yet to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_on: Vec<TemporalConnection>,
    /// The digest of the input that was checked, with the definition that it was checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_digest: Option<String>,
    /// The values of the annotations that were acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenAnnotations>,
}

/// One run of a schedule.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledRun {
    /// When it began.
    pub time: Time,
    /// The execution's workflow ID.
    pub workflow_id: String,
    /// Its run ID.
    pub run_id: String,
    /// `Running`, `Completed`, `Failed`, `Canceled`, `Terminated`, `TimedOut`, `Paused` or `Unknown`.
    pub result: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What was written to the server last.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedSchedule {
    /// The digest of the schedule, without what the server counts.
    pub digest: String,
    /// The task queue that its executions begin on.
    #[serde(default)]
    pub task_queue: String,
    /// How many runs it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_actions: Option<i64>,
}

/// The values of the annotations that were acted on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeenAnnotations {
    /// `warpline.dev/trigger`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// `warpline.dev/backfill`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<String>,
    /// `warpline.dev/unpause`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpause: Option<String>,
}

impl Schedule {
    /// The schedule's ID in Temporal.
    #[must_use]
    pub fn temporal_id(&self) -> String {
        self.spec.schedule_id.clone().unwrap_or_else(|| self.full_name())
    }

    /// `<namespace>/<name>`
    #[must_use]
    pub fn full_name(&self) -> String {
        let (namespace, name) = (self.metadata.namespace.as_deref(), self.metadata.name.as_deref());
        format!("{}/{}", namespace.unwrap_or_default(), name.unwrap_or_default())
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

/// As Temporal has it.
fn a_year() -> Value {
    "365d".into()
}
