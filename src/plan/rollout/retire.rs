//! Versions beside the target: how many pods each keeps, and when its pods, its record and its object go.
//! Pure; uses the types of its room.

use super::{Advance, Observed, Routing, ServerStatus, Standing, Version, VersionPlan, due, left};
use crate::api::VersionState;
use std::collections::BTreeMap;
use std::time::Duration;

/// What becomes of every version.
#[derive(Default)]
pub(super) struct Retirement {
    pub versions: BTreeMap<String, VersionPlan>,
    pub forget: Vec<String>,
    pub delete: Vec<String>,
    /// When the next one is due.
    pub soon: Option<Duration>,
}

/// Where a version stands, seen from outside.
enum Role {
    Current,
    Ramping,
    /// The target, before it takes executions.
    Coming,
    /// The target that was given up.
    Failed,
    Old,
}

/// What becomes of every version.
pub(super) fn retire(observed: &Observed, advance: &Advance) -> Retirement {
    let mut retirement = Retirement::default();
    for version in &observed.versions {
        let plan = match role(observed, advance, version) {
            Role::Current => keep(observed, version, VersionState::Current, "new executions begin on it"),
            Role::Ramping => keep(observed, version, VersionState::Ramping, "some new executions begin on it"),
            Role::Coming => keep(observed, version, coming(advance), &words(advance)),
            Role::Failed => given_up(observed, version, &words(advance)),
            Role::Old => old(observed, version, &mut retirement),
        };
        retirement.versions.insert(version.name.clone(), plan);
    }
    // While the queue stays, whoever deleted the object may bring it back.
    if observed.leaving {
        let idle = observed.strays.iter().filter(|stray| stray.open == 0 && !observed.routes_to(&stray.build_id));
        retirement.forget.extend(idle.map(|stray| stray.build_id.clone()));
    }
    retirement
}

fn role(observed: &Observed, advance: &Advance, version: &Version) -> Role {
    let id = version.build_id.as_str();
    let becomes_current = matches!(&advance.routing, Some(Routing::Current(Some(current))) if current == id);
    let stays_current = observed.current() == Some(id) && !matches!(&advance.routing, Some(Routing::Current(_)));
    let is_target = observed.target.as_deref() == Some(id);
    let has_failed = advance.progress.as_ref().is_some_and(|progress| progress.build_id == id && progress.failure.is_some());
    if becomes_current || stays_current {
        Role::Current
    } else if is_target && has_failed {
        Role::Failed
    } else if observed.ramping().is_some_and(|(ramping, _)| ramping == id) {
        Role::Ramping
    } else if is_target || observed.back_to() == Some(id) {
        Role::Coming
    } else {
        Role::Old
    }
}

fn coming(advance: &Advance) -> VersionState {
    match &advance.standing {
        Standing::Stuck(word) if matches!(word.reason.as_str(), "WaitsForPromotion" | "Paused" | "RolledBack") => VersionState::Waiting,
        _ => VersionState::Pending,
    }
}

fn words(advance: &Advance) -> String {
    match &advance.standing {
        Standing::Waits(word) | Standing::Stuck(word) => word.message.clone(),
        Standing::Current | Standing::Nothing => String::new(),
    }
}

fn keep(observed: &Observed, version: &Version, state: VersionState, message: &str) -> VersionPlan {
    VersionPlan {
        replicas: observed.policy.replicas,
        state,
        message: message.to_owned(),
        drained_since: None,
        scaled_down_since: None,
        was_current: version.was_current || state == VersionState::Current,
    }
}

/// A failed target keeps pods only for executions that a ramp had begun on it.
fn given_up(observed: &Observed, version: &Version, message: &str) -> VersionPlan {
    let is_used = version.was_current || version.open.is_none_or(|open| open > 0);
    VersionPlan { replicas: if is_used { observed.policy.replicas } else { 0 }, ..keep(observed, version, VersionState::Failed, message) }
}

fn old(observed: &Observed, version: &Version, retirement: &mut Retirement) -> VersionPlan {
    let is_open = version.open.is_none_or(|open| open > 0);
    // What the server still routes to is not old yet, whatever we asked for.
    let is_draining = is_open || matches!(version.server, Some(ServerStatus::Draining | ServerStatus::Current | ServerStatus::Ramping));
    if is_draining {
        let message = match version.open {
            Some(1) => "1 open execution goes on to its end".to_owned(),
            Some(open) if open > 0 => format!("{open} open executions go on to their end"),
            Some(_) => "no execution is open; the server has yet to say so".to_owned(),
            None => "waits for the Temporal server to say what is open".to_owned(),
        };
        // While the server does not answer nothing is scaled.
        let replicas = if version.open.is_none() { version.pods.wanted.unwrap_or(0) } else { observed.policy.replicas.max(1) };
        return VersionPlan { replicas, ..keep(observed, version, VersionState::Draining, &message) };
    }
    let since = version.drained_since.unwrap_or(observed.now);
    let is_needed_no_more = observed.leaving || !version.was_current;
    let delay = |delay: Duration| if is_needed_no_more { Duration::ZERO } else { delay };
    let scale_down_delay = delay(observed.policy.scale_down_delay);
    let until_scaled = left(observed.now, since, scale_down_delay);
    if !until_scaled.is_zero() {
        retirement.due(until_scaled);
        let message = format!("no execution is open; its pods go {}", due(since, scale_down_delay));
        return VersionPlan { drained_since: Some(since), ..keep(observed, version, VersionState::Drained, &message) };
    }
    if version.pods.existing > 0 {
        return gone(version, since, None, "its pods are ending");
    }
    let scaled_down = version.scaled_down_since.unwrap_or(observed.now);
    let delete_delay = delay(observed.policy.delete_delay);
    let until_deleted = left(observed.now, scaled_down, delete_delay);
    if !until_deleted.is_zero() {
        retirement.due(until_deleted);
        return gone(version, since, Some(scaled_down), &format!("its record goes {}", due(scaled_down, delete_delay)));
    }
    let Some(server) = &observed.server else { return gone(version, since, Some(scaled_down), "waits for the Temporal server") };
    let id = version.build_id.as_str();
    if observed.routes_to(id) {
        return gone(version, since, Some(scaled_down), "waits until the server routes nothing to it");
    }
    if server.known.contains(&version.build_id) {
        retirement.forget.push(version.build_id.clone());
    } else {
        retirement.delete.push(version.name.clone());
    }
    gone(version, since, Some(scaled_down), "the server is asked to forget it")
}

fn gone(version: &Version, since: jiff::Timestamp, scaled_down_since: Option<jiff::Timestamp>, message: &str) -> VersionPlan {
    VersionPlan {
        replicas: 0,
        state: VersionState::Retiring,
        message: message.to_owned(),
        drained_since: Some(since),
        scaled_down_since,
        was_current: version.was_current,
    }
}

impl Retirement {
    fn due(&mut self, after: Duration) {
        self.soon = Some(self.soon.map_or(after, |soon| soon.min(after)));
    }
}
