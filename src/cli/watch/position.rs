//! What an execution says of itself: the answers to `warpline.definition` and `warpline.position`, as types. Plain values.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::compile::inside::{InsideEdge, InsideNode};

/// The drawing that the execution's version was made from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Drawing {
    pub nodes: Vec<InsideNode>,
    pub edges: Vec<InsideEdge>,
}

/// Where an execution is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Position {
    pub workflow_type: String,
    pub run_id: String,
    /// `running`, `completed`, `failed`, `cancelled` or `continuedAsNew`, as the code knows it.
    pub status: String,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub counts: Counts,
    /// In the order in which they began first; those that never began are not here.
    pub nodes: Vec<Place>,
    pub cleanup: Option<Place>,
    #[serde(default)]
    pub signals: BTreeMap<String, Signalled>,
}

/// How many nodes there are, and how many of them are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Counts {
    pub nodes: usize,
    pub done: usize,
    pub failed: usize,
    pub running: usize,
    pub waiting: usize,
}

/// How often a signal came.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Signalled {
    pub count: u64,
}

/// What is said of a node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// Empty for the cleanup, which is no node.
    #[serde(default)]
    pub id: String,
    pub status: Status,
    pub count: u64,
    #[serde(default)]
    pub open: u64,
    #[serde(default)]
    pub failures: u64,
    #[serde(default)]
    pub rounds: u64,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    #[serde(default)]
    pub succeeded: u64,
    #[serde(default)]
    pub unsuccessful: u64,
    #[serde(default)]
    pub waits: Vec<Wait>,
    /// How many things it waits for, where these are not all listed.
    pub waits_in_all: Option<u64>,
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Running,
    Waiting,
    Done,
    Failed,
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "for", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Wait {
    Activity {
        name: String,
        id: String,
        since: Timestamp,
    },
    Timer {
        until: Timestamp,
    },
    Child {
        workflow_type: String,
        workflow_id: String,
        since: Timestamp,
    },
    Delivery {
        signal: String,
        workflow_id: String,
    },
    Condition {
        condition: Option<String>,
    },
    Signal,
    Handlers,
    /// Something that a newer worker knows.
    #[serde(other)]
    Other,
}

/// Everything that an execution answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answers {
    pub drawing: Drawing,
    pub position: Position,
    pub state: Value,
}
