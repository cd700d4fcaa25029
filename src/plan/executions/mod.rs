//! Executions that are open: which version each is on and why, and what can be done about that.
//! Pure; may use `api`. Must not know how an execution is observed, replayed or moved.

mod drain;
mod moving;
mod reset;

pub use drain::{drained, takes_signal};
pub use moving::{Replay, moved, target};
pub use reset::{Moment, Point, reset_at};

use crate::api::{TakenState, VersionedWorkflow, WorkerVersion};
use serde::Serialize;

/// An execution that is open, as the server knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The workflow ID.
    pub workflow_id: String,
    /// The run.
    pub run_id: String,
    /// The workflow type.
    pub workflow_type: String,
    /// The build ID of the version that it is on, by its code or an override.
    pub build_id: Option<String>,
    /// Whether it moves to new versions by itself.
    pub moves: bool,
    /// The build ID that somebody pinned it to.
    pub pinned_to: Option<String>,
}

/// What serves a task queue.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The build ID that new executions begin on.
    pub current: Option<String>,
    /// The build ID that some new executions begin on.
    pub ramping: Option<String>,
    /// The versions.
    pub versions: Vec<WorkerVersion>,
}

impl Fleet {
    /// The version of a build ID.
    #[must_use]
    pub fn version(&self, build_id: &str) -> Option<&WorkerVersion> {
        self.versions.iter().find(|version| version.spec.build_id == build_id)
    }

    /// A workflow in a version.
    fn workflow(&self, build_id: &str, workflow_type: &str) -> Option<&VersionedWorkflow> {
        self.version(build_id)?.spec.workflows.iter().find(|workflow| workflow.workflow_type == workflow_type)
    }
}

/// Why an execution is on its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// One word for programs.
    pub reason: &'static str,
    /// The rest, for people.
    pub message: String,
}

/// What is to be done with an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "message", rename_all = "camelCase")]
pub enum Verdict {
    /// This.
    Do(String),
    /// Nothing, for there is no need.
    Nothing(String),
    /// Nothing, for it would do harm.
    Refused(String),
}

impl Verdict {
    /// The words of it, and a word before them.
    #[must_use]
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Do(words) => ("do", words),
            Self::Nothing(words) => ("nothing", words),
            Self::Refused(words) => ("refused", words),
        }
    }
}

/// Why an execution is on the version that it is on.
#[must_use]
pub fn why(seen: &Seen, fleet: &Fleet) -> Why {
    let say = |reason, message: String| Why { reason, message };
    let Some(build_id) = &seen.build_id else {
        return say("NotBegun", "no task of it is done yet; it begins on the current version, or the ramping one".to_owned());
    };
    if fleet.version(build_id).is_none() {
        let message = "no worker serves this version any more: move it, reset it, or apply the definition again that it was made from";
        return say("VersionGone", message.to_owned());
    }
    let Some(current) = fleet.current.as_ref() else { return say("NoCurrent", "no version is current".to_owned()) };
    if seen.pinned_to.is_some() {
        let upgrades = fleet.workflow(build_id, &seen.workflow_type).is_some_and(|workflow| !workflow.forms.is_empty());
        let until = if upgrades && build_id != current { ", until who pinned it takes that back" } else { "" };
        return say("Overridden", format!("somebody pinned it to this version{until}"));
    }
    if build_id == current {
        return say("Current", "it is on the current version".to_owned());
    }
    if seen.moves {
        return say("AutoUpgrade", format!("it moves to version {current} with its next task"));
    }
    if fleet.ramping.as_ref() == Some(build_id) {
        return say("Ramping", "it is on the ramping version".to_owned());
    }
    carried(seen, fleet, build_id, current)
}

/// Why a pinned one is on a version that is not current.
fn carried(seen: &Seen, fleet: &Fleet, build_id: &str, current: &str) -> Why {
    let say = |reason, message: String| Why { reason, message };
    let from = fleet.workflow(build_id, &seen.workflow_type);
    let Some(state) = from.and_then(|workflow| workflow.forms.first()) else {
        return say("Pinned", "it ends on the version that it began on".to_owned());
    };
    let Some(taker) = fleet.workflow(current, &seen.workflow_type) else {
        return say("WorkflowGone", format!("version {current} has no {}: it ends where it is", seen.workflow_type));
    };
    if taker.forms.is_empty() {
        return say("Stays", format!("version {current} has `onContinueAsNew: Stay`: it goes on here when it continues as new"));
    }
    let takes = fleet.version(current).and_then(|version| version.status.as_ref()).map(|status| status.takes.as_slice());
    let is_that = |taken: &&TakenState| taken.workflow_type == seen.workflow_type && taken.form == state.form;
    match takes.unwrap_or_default().iter().find(is_that) {
        None => say("Comparing", "its state is being compared with what the current version takes".to_owned()),
        Some(TakenState { problem: Some(problem), .. }) => {
            say("StateIncompatible", format!("version {current} does not take its state: {problem}"))
        }
        Some(_) => say("WaitsForContinueAsNew", format!("it goes on on version {current} when it continues as new")),
    }
}

#[cfg(test)]
mod tests;
