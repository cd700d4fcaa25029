//! Moving an execution to another version in the middle of a run: only where what it has done so far is what the other version's code would have done.
//! Pure.

use super::{Fleet, Seen, Verdict};
use crate::api::WorkerVersion;

/// What a replay of the execution's history on the other version came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The code does the same.
    Fits,
    /// It does otherwise: where, and what.
    Differs(String),
    /// It could not be done, and why.
    NotDone(String),
    /// It was not asked for.
    Skipped,
}

/// The version of a build ID, or the current one where none is named; it must be able to take executions.
///
/// # Errors
/// Why it can't.
pub fn target<'a>(fleet: &'a Fleet, build_id: Option<&str>) -> Result<&'a WorkerVersion, String> {
    let known = || fleet.versions.iter().map(|version| version.spec.build_id.as_str()).collect::<Vec<_>>().join(", ");
    let Some(build_id) = build_id.or(fleet.current.as_deref()) else { return Err("no version is current; name one".to_owned()) };
    let Some(version) = fleet.version(build_id) else {
        return Err(format!("there is no version {build_id}; there is {}", known()));
    };
    let pods = version.status.as_ref().and_then(|status| status.pods.as_deref()).unwrap_or("0/0");
    if pods.starts_with("0/") {
        return Err(format!("version {build_id} has no ready pod ({pods}): nobody would take the execution up there"));
    }
    Ok(version)
}

/// What is known of the move before anything is replayed; `None` where the replay decides.
fn known(seen: &Seen, target: &WorkerVersion) -> Option<Verdict> {
    let to = &target.spec.build_id;
    if seen.build_id.as_ref() == Some(to) {
        return Some(Verdict::Nothing(format!("it is on version {to}")));
    }
    if !target.spec.workflows.iter().any(|workflow| workflow.workflow_type == seen.workflow_type) {
        return Some(Verdict::Refused(format!("version {to} has no {}", seen.workflow_type)));
    }
    if seen.build_id.is_none() {
        return Some(Verdict::Nothing("no task of it is done yet; it begins on the current version by itself".to_owned()));
    }
    None
}

/// What is to be done with an execution; `replay` is asked for where that decides.
#[must_use]
pub fn moved(seen: &Seen, target: &WorkerVersion, replay: impl FnOnce() -> Replay) -> Verdict {
    if let Some(verdict) = known(seen, target) {
        return verdict;
    }
    let (from, to) = (seen.build_id.as_deref().unwrap_or_default(), &target.spec.build_id);
    let from_to = format!("moves from version {from} to {to}");
    match replay() {
        Replay::Fits => Verdict::Do(format!("{from_to}: its history replays there")),
        Replay::Skipped => Verdict::Do(format!("{from_to}, unchecked")),
        Replay::Differs(what) => Verdict::Refused(format!(
            "its history does not replay on version {to}: {what}; let it come there when it continues as new, or reset it to a point before"
        )),
        Replay::NotDone(why) => Verdict::Refused(format!("whether its history replays on version {to} is not known: {why}")),
    }
}
