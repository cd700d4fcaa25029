//! The rollout of a task queue's versions: what is there and what is asked for → what to do next, and what to say.
//! Pure; may use `api`. Must not know how anything is observed or done.

#[cfg(test)]
mod anywhere;
mod back;
mod progress;
mod retire;
#[cfg(test)]
mod tests;

use crate::api::{RolloutFailure, RolloutStatus, Strategy, VersionState};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// How new versions become current, with times worked out.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// At once, by steps or by hand.
    pub strategy: Strategy,
    /// Percentage and length of each step.
    pub steps: Vec<(u8, Duration)>,
    /// Whether a gate workflow has to complete first.
    pub has_gate: bool,
    /// How long pods may take to get ready.
    pub progress_deadline: Duration,
    /// Whether nothing is to go on.
    pub paused: bool,
    /// How many pods serve a version that takes new executions.
    pub replicas: i32,
    /// How long pods stay after the last execution.
    pub scale_down_delay: Duration,
    /// How long the record stays after the pods.
    pub delete_delay: Duration,
}

/// What users asked for by annotations: each a build ID, `retry` any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Go on at once with this one.
    pub promote: Option<String>,
    /// Don't make this one current.
    pub abort: Option<String>,
    /// Try again what failed, when this text is a new one.
    pub retry: Option<String>,
    /// While the definitions ask for the first, new executions begin on the second.
    pub rollback: Option<(String, String)>,
}

impl Requests {
    /// The pair in the text of `warpline.dev/rollback`: `<from>/<to>`.
    #[must_use]
    pub fn rollback(text: &str) -> Option<(String, String)> {
        let (from, to) = text.split_once('/')?;
        Some((from.trim().to_owned(), to.trim().to_owned()))
    }
}

/// Everything that a decision depends on.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The time.
    pub now: Timestamp,
    /// How to roll out.
    pub policy: Policy,
    /// The build ID that the definitions ask for; none where no workflow is left.
    pub target: Option<String>,
    /// Whether the queue itself is being deleted.
    pub leaving: bool,
    /// Every version that there is an object of.
    pub versions: Vec<Version>,
    /// What the server keeps a record of, and there is no object of; looked for while the queue is being deleted.
    pub strays: Vec<Stray>,
    /// What the server says; none while it does not answer.
    pub server: Option<Server>,
    /// How the target was getting on.
    pub progress: Option<RolloutStatus>,
    /// What users asked for.
    pub requests: Requests,
}

impl Observed {
    /// How it is once the server has taken the routing of a plan that was made from this: its answer says so, and need not be asked for.
    #[must_use]
    pub fn routed(&self, plan: &Plan) -> Self {
        let mut observed = Self { progress: plan.progress.clone(), ..self.clone() };
        let (Some(routing), Some(server)) = (&plan.routing, &mut observed.server) else { return observed };
        let before: Vec<String> = server.current.iter().chain(server.ramping.as_ref().map(|(build_id, _)| build_id)).cloned().collect();
        match routing {
            Routing::Current(build_id) => {
                server.current.clone_from(build_id);
                // What was ramped to is current now.
                server.ramping = server.ramping.take().filter(|(ramping, _)| Some(ramping) != build_id.as_ref());
            }
            Routing::Ramp(build_id, percentage) => server.ramping = Some((build_id.clone(), *percentage)),
            Routing::ClearRamp => server.ramping = None,
        }
        for version in &mut observed.versions {
            let is_current = server.current.as_ref() == Some(&version.build_id);
            let is_ramping = server.ramping.as_ref().is_some_and(|(ramping, _)| *ramping == version.build_id);
            version.server = version.server.map(|status| match status {
                _ if is_current => ServerStatus::Current,
                _ if is_ramping => ServerStatus::Ramping,
                // Whether executions are open on it the server finds out later.
                _ if before.contains(&version.build_id) => ServerStatus::Draining,
                other => other,
            });
        }
        observed
    }
}

/// What the server says of the worker deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// The build ID that new executions begin on.
    pub current: Option<String>,
    /// The build ID that some new executions begin on, and how many of 100.
    pub ramping: Option<(String, f32)>,
    /// Somebody else who alone may change the routing.
    pub manager: Option<String>,
    /// Another worker deployment whose current version polls the queue.
    pub holder: Option<String>,
    /// The build IDs that the server keeps a record of.
    pub known: Vec<String>,
}

/// A version whose object somebody deleted: nothing serves it, and of what it ran only the server's record is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The build ID.
    pub build_id: String,
    /// How many executions are open on it.
    pub open: i64,
}

/// One version.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The object's name.
    pub name: String,
    /// The build ID.
    pub build_id: String,
    /// Whether it was current once.
    pub was_current: bool,
    /// Its pods.
    pub pods: Pods,
    /// What else must be ready before it takes executions: in a sentence.
    pub waits_for: Option<String>,
    /// Its status on the server; none where the server has no record.
    pub server: Option<ServerStatus>,
    /// How many executions are open on it; none where that is not known.
    pub open: Option<i64>,
    /// Since when it is drained.
    pub drained_since: Option<Timestamp>,
    /// Since when it has no pods.
    pub scaled_down_since: Option<Timestamp>,
    /// The gate workflow on it.
    pub gate: Check,
    /// The replay of open executions on it; passed where none has to be.
    pub replay: Check,
}

/// The pods of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pods {
    /// How many are wanted now; none where there is no Deployment.
    pub wanted: Option<i32>,
    /// How many there are.
    pub existing: i32,
    /// How many are ready.
    pub ready: i32,
    /// What keeps one from starting: a reason, and what to do.
    pub problem: Option<(String, String)>,
}

/// A version's status on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// Known; never took an execution.
    Inactive,
    /// New executions begin on it.
    Current,
    /// Some new executions begin on it.
    Ramping,
    /// Open executions go on.
    Draining,
    /// No execution is open.
    Drained,
}

/// A check of a version before it takes executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Not begun.
    NotStarted,
    /// Begun.
    Running,
    /// Passed.
    Passed,
    /// Failed: what happened.
    Failed(String),
}

/// A write of the routing; at most one in a pass, since each changes what the next would see.
#[derive(Clone, Debug, PartialEq)]
pub enum Routing {
    /// New executions begin on this version; none: on no version.
    Current(Option<String>),
    /// So many of 100 new executions begin on this version.
    Ramp(String, f32),
    /// No version ramps.
    ClearRamp,
}

/// A check to begin on a version, by its build ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The gate workflow.
    Gate(String),
    /// The replay of open executions.
    Replay(String),
}

/// What a version's status becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionPlan {
    /// How many pods are to serve it.
    pub replicas: i32,
    /// Where it is in its life.
    pub state: VersionState,
    /// What there is to say about that.
    pub message: String,
    /// Since when it is drained.
    pub drained_since: Option<Timestamp>,
    /// Since when it has no pods.
    pub scaled_down_since: Option<Timestamp>,
    /// Whether it was current once.
    pub was_current: bool,
}

/// What keeps a rollout from going on by itself, or what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// One CamelCase word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

impl Word {
    fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.to_owned(), message: message.into() }
    }
}

/// How the target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no target.
    Nothing,
    /// It is current.
    Current,
    /// It goes on by itself.
    Waits(Word),
    /// Somebody has to do something.
    Stuck(Word),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What each version gets, by the object's name.
    pub versions: BTreeMap<String, VersionPlan>,
    /// The write of the routing.
    pub routing: Option<Routing>,
    /// The check to begin.
    pub begin: Option<Begin>,
    /// The build IDs whose records the server is to forget.
    pub forget: Vec<String>,
    /// The names of the objects to delete.
    pub delete: Vec<String>,
    /// How the target is getting on.
    pub progress: Option<RolloutStatus>,
    /// How the target stands.
    pub standing: Standing,
    /// Whether nothing is left, so that a queue that is being deleted can go.
    pub is_empty: bool,
    /// When to look again, where nothing tells.
    pub again: Duration,
}

/// How often a rollout or a drainage is looked at: the server tells nobody that something changed.
const FLUX: Duration = Duration::from_secs(5);
/// How often a queue at rest is looked at.
const REST: Duration = Duration::from_secs(300);

/// What to do next. The same observation always gives the same plan, and a plan that was carried out gives, in the end, a plan that does nothing.
#[must_use]
pub fn plan(observed: &Observed) -> Plan {
    let advance = progress::advance(observed);
    let retirement = retire::retire(observed, &advance);
    let in_flux = !matches!(advance.standing, Standing::Current | Standing::Nothing)
        || advance.routing.is_some()
        || retirement.versions.values().any(|version| !matches!(version.state, VersionState::Current));
    let soon = retirement.soon.into_iter().chain(advance.soon).min();
    let again = soon.unwrap_or(REST).min(if in_flux { FLUX } else { REST }).max(Duration::from_millis(500));
    Plan {
        is_empty: observed.versions.is_empty() && observed.server.as_ref().is_some_and(|server| observed.is_left_to(server)),
        versions: retirement.versions,
        routing: advance.routing,
        begin: advance.begin,
        forget: retirement.forget,
        delete: retirement.delete,
        progress: advance.progress,
        standing: advance.standing,
        again,
    }
}

/// What the rollout of the target does next.
struct Advance {
    progress: Option<RolloutStatus>,
    routing: Option<Routing>,
    begin: Option<Begin>,
    standing: Standing,
    /// When a step ends.
    soon: Option<Duration>,
}

impl Observed {
    fn version(&self, build_id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.build_id == build_id)
    }

    fn current(&self) -> Option<&str> {
        self.server.as_ref()?.current.as_deref()
    }

    /// Whether the server keeps nothing that it will ever forget: records alone whose executions nobody can end by serving them.
    fn is_left_to(&self, server: &Server) -> bool {
        server.known.iter().all(|known| self.strays.iter().any(|stray| stray.build_id == *known && stray.open > 0))
    }

    /// The version that new executions are to begin on in the target's place.
    fn back_to(&self) -> Option<&str> {
        let (from, to) = self.requests.rollback.as_ref()?;
        (self.target.as_ref() == Some(from) && from != to).then_some(to.as_str())
    }

    fn ramping(&self) -> Option<(&str, f32)> {
        self.server.as_ref()?.ramping.as_ref().map(|(build_id, percentage)| (build_id.as_str(), *percentage))
    }

    /// Whether new executions begin on it.
    fn routes_to(&self, build_id: &str) -> bool {
        self.current() == Some(build_id) || self.ramping().is_some_and(|(ramping, _)| ramping == build_id)
    }
}

/// How long it is from `now` until `since` + `delay`; zero when that is past.
pub(super) fn left(now: Timestamp, since: Timestamp, delay: Duration) -> Duration {
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO);
    delay.saturating_sub(passed)
}

/// When `since` + `delay` is, in words that stay the same until then: a status that counted down would be written anew at every look.
pub(super) fn due(since: Timestamp, delay: Duration) -> String {
    let at = i64::try_from(delay.as_secs()).ok().and_then(|delay| Timestamp::from_second(since.as_second().saturating_add(delay)).ok());
    at.map_or_else(|| "never".to_owned(), |at| format!("at {at}"))
}

fn failure(reason: &str, message: impl Into<String>) -> RolloutFailure {
    RolloutFailure { reason: reason.to_owned(), message: message.into() }
}
