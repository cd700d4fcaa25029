//! Conditions: their types, the reasons that programs may look for, and how one changes (Kubernetes API conventions; kstatus).
//! Depends on Kubernetes' types only.

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::fmt;

/// What the object is for works: a workflow can be started, a queue serves its current version.
pub const READY: &str = "Ready";
/// Something is on its way to what the spec asks for (kstatus).
pub const RECONCILING: &str = "Reconciling";
/// Nothing goes on until somebody does what the message says (kstatus).
pub const STALLED: &str = "Stalled";
/// The definition was compiled to TypeScript.
pub const COMPILED: &str = "Compiled";
/// The TypeScript passed `tsc --strict`.
pub const TYPE_CHECKED: &str = "TypeChecked";
/// New executions run this generation of the definition.
pub const LIVE: &str = "Live";
/// Runs of older versions go on on the current one when they continue as new.
pub const UPGRADABLE: &str = "Upgradable";
/// Temporal answers, and the namespace is there.
pub const CONNECTED: &str = "Connected";
/// The version that the Workflows ask for is current.
pub const ROLLED_OUT: &str = "RolledOut";
/// The module's activities and types can be used; a schedule's times and settings can.
pub const VALID: &str = "Valid";
/// The input is of the type that the Workflow takes.
pub const INPUT_CHECKED: &str = "InputChecked";
/// The schedule on the server is what the spec asks for.
pub const IN_SYNC: &str = "InSync";
/// The newest run that ended did so well.
pub const LAST_RUN_SUCCEEDED: &str = "LastRunSucceeded";

/// The package's exact version and hash are known.
pub const RESOLVED: &str = "Resolved";
/// The image of the newest version that is asked for is in the registry.
pub const BUILT: &str = "Built";

/// A condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Not known yet.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        })
    }
}

impl From<bool> for Status {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// The conditions of an object while they are being worked out.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The conditions, in the order in which they were first set.
    list: Vec<Condition>,
    generation: Option<i64>,
    now: Timestamp,
}

impl Conditions {
    /// Begins with those of the last status; `generation` is that of the spec that was looked at.
    #[must_use]
    pub fn from(last: &[Condition], generation: Option<i64>, now: Timestamp) -> Self {
        Self { list: last.to_vec(), generation, now }
    }

    /// Sets a condition. `lastTransitionTime` moves only when the status does.
    pub fn set(&mut self, kind: &str, status: impl Into<Status>, reason: &str, message: impl Into<String>) {
        self.set_at(kind, status, reason, message, self.generation);
    }

    /// Sets a condition that is about an older generation than the one that was looked at.
    pub fn set_at(&mut self, kind: &str, status: impl Into<Status>, reason: &str, message: impl Into<String>, generation: Option<i64>) {
        let status = status.into().to_string();
        let message = shortened(message.into());
        let last = self.list.iter_mut().find(|condition| condition.type_ == kind);
        let since = last.as_ref().filter(|last| last.status == status).map(|last| last.last_transition_time.clone());
        let condition = Condition {
            type_: kind.to_owned(),
            status,
            reason: reason.to_owned(),
            message,
            observed_generation: generation,
            last_transition_time: since.unwrap_or(Time(self.now)),
        };
        match last {
            Some(last) => *last = condition,
            None => self.list.push(condition),
        }
    }

    /// Leaves a condition out that says nothing here.
    pub fn remove(&mut self, kind: &str) {
        self.list.retain(|condition| condition.type_ != kind);
    }

    /// The conditions.
    #[must_use]
    pub fn into_list(self) -> Vec<Condition> {
        self.list
    }
}

/// The API server takes 32 768 bytes; nobody reads so many.
fn shortened(message: String) -> String {
    const LONGEST: usize = 2000;
    if message.len() <= LONGEST {
        return message;
    }
    format!("{}…", &message[..message.floor_char_boundary(LONGEST)])
}

/// The condition of that type.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// The condition of that type, where it is `True`.
#[must_use]
pub fn find_true<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    find(conditions, kind).filter(|condition| condition.status == "True")
}

/// Whether the condition of that type is `True`.
#[must_use]
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    find_true(conditions, kind).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_moves_only_when_the_status_does() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut conditions = Conditions::from(&[], Some(1), at(1));
        conditions.set(READY, Status::Unknown, "Pending", "first");
        let mut conditions = Conditions::from(&conditions.into_list(), Some(2), at(2));
        conditions.set(READY, Status::Unknown, "Pending", "second");
        let list = conditions.into_list();
        assert_eq!((list[0].last_transition_time.0, list[0].observed_generation, list[0].message.as_str()), (at(1), Some(2), "second"));
        let mut conditions = Conditions::from(&list, Some(2), at(3));
        conditions.set(READY, true, "Current", "");
        assert_eq!(conditions.into_list()[0].last_transition_time.0, at(3));
    }
}
