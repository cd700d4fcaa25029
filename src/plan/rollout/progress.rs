//! The way of the target: pods ready → known to the server → gate → replay → steps → current.
//! Pure; uses the types of its room.

use super::{Advance, Begin, Check, Observed, Routing, Standing, Version, Word, failure, left};
use crate::api::{RolloutFailure, RolloutStatus, Strategy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::time::Duration;

/// What the rollout of the target does next.
pub(super) fn advance(observed: &Observed) -> Advance {
    let Some(target) = observed.target.as_deref() else { return stop_routing(observed) };
    if let Some(word) = somebody_elses(observed) {
        return rest(observed.progress.clone(), Standing::Stuck(word));
    }
    if let Some(to) = observed.back_to() {
        return super::back::advance(observed, target, to);
    }
    if observed.current() == Some(target) {
        // A ramp that is left is that of a version which is wanted no more.
        let routing = observed.ramping().map(|_| Routing::ClearRamp);
        return Advance { routing, ..rest(None, Standing::Current) };
    }
    let mut progress = begun(observed, target);
    let verdict = match observed.version(target) {
        _ if progress.failure.is_some() => Verdict::Failed,
        None => Verdict::Wait(Word::new("VersionPending", format!("version {target} is being written"))),
        Some(version) => next(observed, version, &mut progress),
    };
    conclude(observed, target, progress, verdict)
}

/// What comes next for the target.
enum Verdict {
    Wait(Word),
    WaitFor(Word, Duration),
    Stuck(Word),
    Begin(Begin, Word),
    Route(Routing, Word),
    Fail(RolloutFailure),
    Failed,
}

pub(super) fn rest(progress: Option<RolloutStatus>, standing: Standing) -> Advance {
    Advance { progress, routing: None, begin: None, standing, soon: None }
}

/// No workflow is left: no new execution begins.
fn stop_routing(observed: &Observed) -> Advance {
    if let Some(word) = somebody_elses(observed).filter(|word| word.reason == "DeploymentManagedByOther" && observed.current().is_some()) {
        return rest(None, Standing::Stuck(word));
    }
    let routing = match (observed.ramping(), observed.current()) {
        (Some(_), _) => Some(Routing::ClearRamp),
        (None, Some(_)) => Some(Routing::Current(None)),
        (None, None) => None,
    };
    Advance { routing, ..rest(None, Standing::Nothing) }
}

/// The routing is not ours to write.
fn somebody_elses(observed: &Observed) -> Option<Word> {
    let server = observed.server.as_ref()?;
    if let Some(manager) = &server.manager {
        let message = format!(
            "the worker deployment is managed by `{manager}`; it stays as it is until `temporal worker deployment manager-identity unset`"
        );
        return Some(Word::new("DeploymentManagedByOther", message));
    }
    let holder = server.holder.as_ref()?;
    let message = format!(
        "the task queue is served by the worker deployment `{holder}`; give the queue another name (`taskQueue`), or remove that deployment"
    );
    Some(Word::new("TaskQueueHeldByOther", message))
}

/// The progress of this target: begun now, or before; tried again where a user asks for it.
fn begun(observed: &Observed, target: &str) -> RolloutStatus {
    let retry = observed.requests.retry.clone();
    match &observed.progress {
        Some(progress) if progress.build_id == target && (progress.failure.is_none() || progress.retry == retry) => progress.clone(),
        _ => RolloutStatus {
            build_id: target.to_owned(),
            started_at: Time(observed.now),
            step: None,
            step_started_at: None,
            gate_passed: false,
            replay_passed: false,
            failure: None,
            retry,
        },
    }
}

fn next(observed: &Observed, version: &Version, progress: &mut RolloutStatus) -> Verdict {
    let target = version.build_id.as_str();
    if observed.requests.abort.as_deref() == Some(target) {
        let message = format!(
            "the rollout of {target} was aborted by the annotation warpline.dev/abort; change the definition, or remove the annotation and set warpline.dev/retry"
        );
        return Verdict::Fail(failure("Aborted", message));
    }
    if let Some(verdict) = pods(observed, version, progress) {
        return verdict;
    }
    if observed.server.is_none() {
        return Verdict::Wait(Word::new("TemporalUnreachable", "waits for the Temporal server"));
    }
    if version.server.is_none() {
        return Verdict::Wait(Word::new("NotRegistered", format!("waits until Temporal knows the workers of version {target}")));
    }
    if let Some(verdict) = checks(observed, version, progress) {
        return verdict;
    }
    if observed.policy.paused {
        return Verdict::Stuck(Word::new("Paused", format!("version {target} is ready; the rollout is paused (spec.rollout.paused)")));
    }
    route(observed, version, progress)
}

/// Pods that are not ready yet, or no more.
fn pods(observed: &Observed, version: &Version, progress: &RolloutStatus) -> Option<Verdict> {
    let pods = &version.pods;
    if observed.policy.replicas == 0 {
        return Some(Verdict::Stuck(Word::new(
            "NoReplicas",
            "spec.replicas is 0, so no worker can serve a new version; set it to 1 or more",
        )));
    }
    let is_ready = pods.wanted.is_some() && pods.ready >= observed.policy.replicas;
    let count = format!("{} of {} pods of version {} are ready", pods.ready, observed.policy.replicas, version.build_id);
    let text = match (&version.waits_for, &pods.problem) {
        (None, _) if is_ready => return None,
        (Some(other), _) if is_ready => format!("version {} waits: {other}", version.build_id),
        (_, Some((reason, message))) => format!("{count}: {reason}: {message}"),
        (_, None) => count,
    };
    if progress.step.is_some() && pods.problem.is_some() {
        return Some(Verdict::Fail(failure("UnhealthyWhileRamping", format!("{text}; new executions begin on the last version again"))));
    }
    let remaining = left(observed.now, progress.started_at.0, observed.policy.progress_deadline);
    if remaining.is_zero() {
        return Some(Verdict::Fail(failure(
            "ProgressDeadlineExceeded",
            format!("{text}, after {} s", observed.policy.progress_deadline.as_secs()),
        )));
    }
    Some(match &pods.problem {
        Some((reason, _)) => Verdict::Stuck(Word::new(reason, text)),
        None => Verdict::WaitFor(Word::new("PodsNotReady", text), remaining),
    })
}

fn checks(observed: &Observed, version: &Version, progress: &mut RolloutStatus) -> Option<Verdict> {
    let target = version.build_id.as_str();
    if observed.policy.has_gate && !version.was_current && !progress.gate_passed {
        match &version.gate {
            Check::NotStarted => {
                return Some(Verdict::Begin(
                    Begin::Gate(target.to_owned()),
                    Word::new("Gate", format!("the gate workflow begins on version {target}")),
                ));
            }
            Check::Running => return Some(Verdict::Wait(Word::new("Gate", format!("the gate workflow runs on version {target}")))),
            Check::Failed(why) => {
                return Some(Verdict::Fail(failure("GateFailed", format!("the gate workflow on version {target} {why}"))));
            }
            Check::Passed => progress.gate_passed = true,
        }
    }
    if !progress.replay_passed {
        match &version.replay {
            Check::NotStarted => {
                let word = Word::new("Replay", format!("open executions are being replayed on version {target}"));
                return Some(Verdict::Begin(Begin::Replay(target.to_owned()), word));
            }
            Check::Running => {
                return Some(Verdict::Wait(Word::new("Replay", format!("open executions are being replayed on version {target}"))));
            }
            Check::Failed(why) => return Some(Verdict::Fail(failure("ReplayFailed", why.clone()))),
            Check::Passed => progress.replay_passed = true,
        }
    }
    None
}

/// The version is ready to take executions: how many.
fn route(observed: &Observed, version: &Version, progress: &mut RolloutStatus) -> Verdict {
    let target = version.build_id.clone();
    let is_promoted = observed.requests.promote.as_deref() == Some(target.as_str());
    let current = || {
        let word = Word::new("BecomesCurrent", format!("version {target} becomes current"));
        Verdict::Route(Routing::Current(Some(target.clone())), word)
    };
    match observed.policy.strategy {
        _ if is_promoted => current(),
        Strategy::Manual => {
            let message = format!(
                "version {target} is ready and waits for you: kubectl annotate taskqueue NAME warpline.dev/promote={target} --overwrite"
            );
            Verdict::Stuck(Word::new("WaitsForPromotion", message))
        }
        // There is nothing to ramp from, or it was current before.
        Strategy::AllAtOnce => current(),
        Strategy::Progressive if observed.current().is_none() || version.was_current => current(),
        Strategy::Progressive => step(observed, &target, progress).unwrap_or_else(current),
    }
}

/// The step of a progressive rollout that is to be; none after the last.
fn step(observed: &Observed, target: &str, progress: &mut RolloutStatus) -> Option<Verdict> {
    let steps = &observed.policy.steps;
    let word = |at: usize, percentage: u8| {
        let message = format!("step {} of {}: {percentage}% of new executions begin on version {target}", at + 1, steps.len());
        Word::new("Ramping", message)
    };
    if progress.step.is_none() {
        enter(progress, 0, observed);
    }
    let mut at = progress.step.and_then(|step| usize::try_from(step).ok()).unwrap_or(0);
    let (percentage, pause) = *steps.get(at)?;
    let is_ramped =
        observed.ramping().is_some_and(|(build_id, ramped)| build_id == target && (ramped - f32::from(percentage)).abs() < 0.01);
    let since = progress.step_started_at.as_ref().map_or(observed.now, |since| since.0);
    let remaining = left(observed.now, since, pause);
    if is_ramped && !remaining.is_zero() {
        return Some(Verdict::WaitFor(word(at, percentage), remaining));
    }
    if is_ramped {
        at += 1;
        enter(progress, at, observed);
    }
    let (percentage, _) = *steps.get(at)?;
    Some(Verdict::Route(Routing::Ramp(target.to_owned(), f32::from(percentage)), word(at, percentage)))
}

fn enter(progress: &mut RolloutStatus, step: usize, observed: &Observed) {
    progress.step = i32::try_from(step).ok();
    progress.step_started_at = Some(Time(observed.now));
}

fn conclude(observed: &Observed, target: &str, mut progress: RolloutStatus, verdict: Verdict) -> Advance {
    let mut advance = rest(None, Standing::Nothing);
    advance.standing = match verdict {
        Verdict::Wait(word) => Standing::Waits(word),
        Verdict::WaitFor(word, soon) => {
            advance.soon = Some(soon);
            Standing::Waits(word)
        }
        Verdict::Stuck(word) => Standing::Stuck(word),
        Verdict::Begin(begin, word) => {
            advance.begin = Some(begin);
            Standing::Waits(word)
        }
        Verdict::Route(routing, word) => {
            advance.routing = Some(routing);
            Standing::Waits(word)
        }
        Verdict::Fail(failure) => {
            progress.failure = Some(failure);
            Standing::Nothing
        }
        Verdict::Failed => Standing::Nothing,
    };
    if let Some(failure) = &progress.failure {
        advance.standing = Standing::Stuck(Word::new(&failure.reason, failure.message.clone()));
        // What had begun to take executions takes no more of them.
        let is_ramping = observed.ramping().is_some_and(|(build_id, _)| build_id == target);
        advance.routing = is_ramping.then_some(Routing::ClearRamp);
    } else if observed.ramping().is_some_and(|(build_id, _)| build_id != target) && advance.routing.is_none() {
        // The ramp of a target that was replaced before it was current.
        advance.routing = Some(Routing::ClearRamp);
    }
    advance.progress = Some(progress);
    advance
}
