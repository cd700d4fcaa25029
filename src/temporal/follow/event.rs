//! What happens in an execution, in words that need no knowledge of history events.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::super::{ExecutionId, Failure, Outcome};

/// Something happened in one run of an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, by the server's clock.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// Where: the ID and the run.
    #[serde(flatten)]
    pub id: ExecutionId,
    /// The execution's type.
    pub workflow_type: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// An activity of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Its ID, unique in the run.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the code says of this call (`summary` of its options), where it says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// A child of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Child {
    /// Its workflow ID.
    pub workflow_id: String,
    /// Its first run; empty when it never began.
    pub run_id: String,
    /// Its type.
    pub workflow_type: String,
}

/// What happened. Durations are in seconds in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum What {
    /// A run began.
    Started {
        /// The parent's workflow ID.
        parent: Option<String>,
        /// Whether it goes on where an earlier run ended.
        continued: bool,
    },
    /// A workflow task failed: an error in the workflow's code, or in its determinism. It is tried again for ever.
    TaskFailed {
        /// What was thrown.
        failure: Failure,
    },
    /// An activity waits for a worker.
    ActivityScheduled {
        /// The activity.
        activity: Activity,
    },
    /// A worker has the activity.
    ActivityStarted {
        /// The activity.
        activity: Activity,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// An attempt failed; another follows.
    ActivityRetrying {
        /// The activity.
        activity: Activity,
        /// The attempt that failed.
        attempt: u32,
        /// How many there may be; none without a limit.
        maximum_attempts: Option<u32>,
        /// Why it failed.
        failure: Failure,
        /// How long after the failure the next one begins, where known.
        #[serde(serialize_with = "seconds")]
        next_in: Option<Duration>,
    },
    /// An activity returned.
    ActivityCompleted {
        /// The activity.
        activity: Activity,
        /// The attempt that did.
        attempt: u32,
    },
    /// An activity failed for good, timed out or was cancelled.
    ActivityFailed {
        /// The activity.
        activity: Activity,
        /// The last attempt; 0 when none began.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// A child began.
    ChildStarted {
        /// The child.
        child: Child,
    },
    /// A child ended, or could not begin.
    ChildEnded {
        /// The child.
        child: Child,
        /// Why, unless it returned.
        failure: Option<Failure>,
    },
    /// A signal came in.
    SignalReceived {
        /// Its name.
        signal: String,
    },
    /// A signal was sent to another execution.
    SignalSent {
        /// Its name.
        signal: String,
        /// The other's workflow ID.
        to: String,
    },
    /// An update was accepted.
    UpdateAccepted {
        /// Its name.
        update: String,
    },
    /// A timer runs.
    TimerStarted {
        /// Its ID, unique in the run.
        timer: String,
        /// How long.
        #[serde(serialize_with = "seconds")]
        duration: Option<Duration>,
    },
    /// A timer ended.
    TimerEnded {
        /// Its ID.
        timer: String,
        /// Whether it fired; cancelled otherwise.
        fired: bool,
    },
    /// The run ended; the next goes on.
    ContinuedAsNew {
        /// The next run.
        next_run: String,
    },
    /// The run failed; the next tries again.
    RunRetried {
        /// The next run.
        next_run: String,
        /// Why this one failed.
        failure: Failure,
    },
    /// The execution ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

fn rfc3339<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}
