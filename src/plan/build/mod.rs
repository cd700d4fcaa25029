//! How a module gets from a package to a build: what is resolved, built, looked for, tried again, and said.
//! Pure; may use `api` and `version`. Must not know how a Job is made or watched, nor what a registry is.

#[cfg(test)]
mod anywhere;
mod failure;
mod queue;
mod wish;

pub use failure::{is_about_credentials, is_passing, wait};
pub use queue::Queue;
pub use wish::{Origin, SourceFiles, Wish};

use crate::api::{ActivityModuleStatus, AvailablePackage, BuildFailure, BuildStatus, ResolvedPackage, UpdatePolicy};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::time::Duration;

/// How long a Job that was begun may not be seen before it counts as gone.
const UNSEEN: Duration = Duration::from_secs(15);

/// What a Job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It looked: this is what the range stands for now.
    Looked(AvailablePackage),
    /// It built.
    Built(Built),
    /// It failed.
    Failed(BuildFailure),
}

/// What was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// The exact version.
    pub version: String,
    /// The hash of the package's tarball; none for a source.
    pub integrity: Option<String>,
    /// The digest of the lock file.
    pub lock_digest: Option<String>,
    /// The image, by digest.
    pub image: String,
    /// The digest of its record.
    pub record: String,
    /// How many bytes were pushed.
    pub pushed_bytes: Option<i64>,
}

/// A Job of the module's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// What it came to; none while it runs.
    pub ended: Option<Ended>,
}

/// Everything that is decided from.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The time.
    pub now: Timestamp,
    /// The module's name.
    pub module: &'a str,
    /// What the spec asks for.
    pub wish: &'a Wish,
    /// The last status.
    pub last: &'a ActivityModuleStatus,
    /// The module's Jobs.
    pub jobs: &'a [Seen],
    /// The worker image that a build would stand on.
    pub base: &'a str,
    /// Whether the queue of builds lets this module begin one.
    pub may_begin: bool,
}

/// What a Job is begun for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// To say what the range stands for now.
    Look,
    /// To build what the range stands for.
    First,
    /// To build this version, which is known by its hash, with the tree that is locked where its lock file is known.
    Pinned(ResolvedPackage),
}

/// A Job to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Its name.
    pub job: String,
    /// What for.
    pub task: Task,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A Job has to wait until others have ended.
    Queued,
    /// A Job runs: its name.
    Building(String),
    /// A build is there, and has to be judged before it is used.
    Candidate,
    /// What is asked for is in use.
    Settled,
    /// The build failed: reason and message; when it is tried again, if it is.
    Failed(BuildFailure, Option<Timestamp>),
}

/// What to do and say.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The status, as far as it is about builds.
    pub status: ActivityModuleStatus,
    /// The Job to begin.
    pub begin: Option<Begin>,
    /// Jobs that are of no use any more.
    pub cancel: Vec<String>,
    /// How it stands.
    pub standing: Standing,
    /// Whether something is to be begun that needs a place in the queue of builds.
    pub wants_place: bool,
    /// Whether a Job runs, or is begun now.
    pub is_busy: bool,
    /// When to look again.
    pub again: Option<Duration>,
}

/// Works out the next step.
#[must_use]
pub fn plan(observed: &Observed) -> Plan {
    let mut status = observed.last.clone();
    let ours = |name: &str| observed.jobs.iter().find(|job| job.name == name);
    let look = look_name(observed, &status);
    if let Some(Ended::Looked(found)) = ours(&look).and_then(|job| job.ended.clone()) {
        looked(observed, &mut status, found);
    } else if let Some(Ended::Failed(failure)) = ours(&look).and_then(|job| job.ended.clone()) {
        // What is in use goes on; the next look may succeed. A look that was asked for is said to have failed.
        if is_asked(observed, &status) {
            note_failure(observed, &mut status, &look, failure);
        }
        status.looked_at = Some(Time(observed.now));
        status.looked_for = Some(observed.wish.token());
    }
    let (task, key) = wanted(observed.wish, &status);
    if status.build.as_ref().is_none_or(|build| build.key != key) {
        let (job, retry, means) = (job_name(observed.module, &key, 0), observed.wish.retry.clone(), Some(observed.wish.means.clone()));
        status.build = Some(BuildStatus { key, job, retry, means, ..BuildStatus::default() });
    }
    tried_again(observed, &mut status);
    take_in(observed, &mut status);
    if matches!(observed.wish.origin, Origin::Source { .. }) {
        status.available.clone_from(&observed.wish.held);
        // Files that were asked for and are in use: a later change is asked for anew.
        if status.accepted.as_ref().zip(status.build.as_ref()).is_some_and(|(accepted, build)| accepted.key == build.key) {
            status.looked_for = Some(observed.wish.token());
        }
    }
    next(observed, status, task)
}

/// What is to be built, by which key.
fn wanted(wish: &Wish, status: &ActivityModuleStatus) -> (Task, String) {
    match status.resolved.as_ref().filter(|resolved| resolved.from == wish.from) {
        Some(resolved) => (Task::Pinned(resolved.clone()), wish.key(Some(resolved))),
        None => (Task::First, wish.key(None)),
    }
}

/// Takes in what the build's Job came to.
fn take_in(observed: &Observed, status: &mut ActivityModuleStatus) {
    let Some(build) = status.build.as_mut().filter(|build| build.finished_at.is_none()) else { return };
    let Some(ended) = observed.jobs.iter().find(|job| job.name == build.job).and_then(|job| job.ended.clone()) else { return };
    if build.started_at.is_none() {
        begun(build, observed);
    }
    build.finished_at = Some(Time(observed.now));
    match ended {
        Ended::Built(built) => {
            let resolved = ResolvedPackage {
                version: built.version,
                integrity: built.integrity,
                lock_digest: built.lock_digest,
                from: observed.wish.from.clone(),
                place: observed.wish.place(),
            };
            build.key = observed.wish.key(Some(&resolved));
            (build.image, build.record, build.pushed_bytes) = (Some(built.image), Some(built.record), built.pushed_bytes);
            build.failure = None;
            if status.looked_for.is_none() || status.resolved.as_ref().is_none_or(|last| last.from != resolved.from) {
                (status.looked_at, status.looked_for) = (Some(Time(observed.now)), Some(observed.wish.token()));
                status.available = None;
            }
            status.resolved = Some(resolved);
        }
        Ended::Failed(failure) => build.failure = Some(failure),
        Ended::Looked(_) => {
            build.failure =
                Some(BuildFailure { reason: "BuildFailed".to_owned(), message: "the Job only looked; please report it".to_owned() });
        }
    }
}

/// A look found what the range stands for now.
fn looked(observed: &Observed, status: &mut ActivityModuleStatus, found: AvailablePackage) {
    let moves = is_asked(observed, status) || observed.wish.policy == UpdatePolicy::Interval;
    (status.looked_at, status.looked_for) = (Some(Time(observed.now)), Some(observed.wish.token()));
    let is_same = status.resolved.as_ref().is_some_and(|resolved| resolved.version == found.version);
    if is_same {
        status.available = None;
    } else if moves {
        status.available = None;
        let from = observed.wish.from.clone();
        status.resolved = Some(ResolvedPackage { version: found.version, integrity: found.integrity, from, ..ResolvedPackage::default() });
    } else {
        status.available = Some(found);
    }
}

/// Whether somebody asked for a move: an annotation, or a change of the spec with the policy `OnApply`.
fn is_asked(observed: &Observed, status: &ActivityModuleStatus) -> bool {
    status.looked_for.as_ref().is_some_and(|token| *token != observed.wish.token())
}

/// Whether a look is due, and when the next one is.
fn look_due(observed: &Observed, status: &ActivityModuleStatus) -> (bool, Option<Duration>) {
    let is_resolved = status.resolved.as_ref().is_some_and(|resolved| resolved.from == observed.wish.from);
    if !is_resolved || observed.wish.is_fixed {
        return (false, None);
    }
    if is_asked(observed, status) {
        return (true, None);
    }
    let Some(interval) = observed.wish.interval else { return (false, None) };
    let since = status.looked_at.as_ref().map_or(Duration::MAX, |at| failure::elapsed(at.0, observed.now));
    if since >= interval { (true, None) } else { (false, Some(interval.saturating_sub(since))) }
}

fn look_name(observed: &Observed, status: &ActivityModuleStatus) -> String {
    let at = status.looked_at.as_ref().map(|at| at.0.to_string()).unwrap_or_default();
    let key = crate::version::digest([
        ("look", observed.wish.from.as_bytes()),
        ("for", observed.wish.token().as_bytes()),
        ("after", at.as_bytes()),
    ]);
    job_name(observed.module, &key, 0)
}

fn note_failure(observed: &Observed, status: &mut ActivityModuleStatus, job: &str, failure: BuildFailure) {
    let build = status.build.get_or_insert_default();
    job.clone_into(&mut build.job);
    build.finished_at = Some(Time(observed.now));
    build.failure = Some(failure);
}

/// A failure whose time has come, or that somebody wants tried again or gave other means, is as if it had not been.
fn tried_again(observed: &Observed, status: &mut ActivityModuleStatus) {
    let Some(build) = status.build.as_mut() else { return };
    let has_other_means = build.means.as_ref().is_some_and(|means| *means != observed.wish.means);
    let is_asked = has_other_means || observed.wish.retry.is_some() && build.retry != observed.wish.retry;
    let Some(failed) = &build.failure else { return };
    let is_due = failure::next_try(failed, build).is_some_and(|at| at <= observed.now);
    if !is_asked && !is_due {
        return;
    }
    if is_asked {
        build.attempts = 0;
    }
    build.retry.clone_from(&observed.wish.retry);
    build.means = Some(observed.wish.means.clone());
    (build.started_at, build.finished_at) = (None, None);
    let mark = format!("{}{}{}", build.key, build.retry.clone().unwrap_or_default(), observed.wish.means);
    build.job = job_name(observed.module, &mark, build.attempts);
    // The failure stays said until the next end.
}

/// Notes that a build's Job is there: one more attempt, from which the next one has another name.
fn begun(build: &mut BuildStatus, observed: &Observed) {
    observed.base.clone_into(&mut build.base);
    build.started_at = Some(Time(observed.now));
    build.attempts += 1;
}

fn next(observed: &Observed, mut status: ActivityModuleStatus, task: Task) -> Plan {
    let build = status.build.clone().unwrap_or_default();
    let is_accepted = status.accepted.as_ref().is_some_and(|accepted| accepted.key == build.key);
    let (is_due, later) = look_due(observed, &status);
    let mut begin = None;
    let mut again = later;
    let standing = if build.finished_at.is_none() && !is_accepted {
        match observed.jobs.iter().any(|job| job.name == build.job) {
            true => {
                // Where the operator ended before it could say so, the Job was begun all the same.
                if let Some(build) = status.build.as_mut().filter(|build| build.started_at.is_none()) {
                    begun(build, observed);
                }
                Standing::Building(build.job.clone())
            }
            // It was just begun, and no watch has told of it yet.
            false if build.started_at.as_ref().is_some_and(|at| failure::elapsed(at.0, observed.now) < UNSEEN) => {
                again = Some(UNSEEN);
                Standing::Building(build.job.clone())
            }
            false if observed.may_begin => {
                begin = Some(Begin { job: build.job.clone(), task });
                if let Some(build) = status.build.as_mut() {
                    begun(build, observed);
                }
                Standing::Building(build.job.clone())
            }
            false => Standing::Queued,
        }
    } else if let Some(failed) = build.failure.clone() {
        let at = failure::next_try(&failed, &build);
        again = at.map(|at| failure::elapsed(observed.now, at).max(Duration::from_secs(1)));
        Standing::Failed(failed, at)
    } else if is_accepted {
        Standing::Settled
    } else {
        Standing::Candidate
    };
    let look = look_name(observed, &status);
    let mut keep = vec![build.job];
    let mut wants_place = standing == Standing::Queued;
    if begin.is_none() && is_due && !matches!(standing, Standing::Building(_) | Standing::Queued) {
        keep.push(look.clone());
        if !observed.jobs.iter().any(|job| job.name == look) {
            if observed.may_begin {
                begin = Some(Begin { job: look, task: Task::Look });
            } else {
                wants_place = true;
            }
        }
    }
    let cancel = observed.jobs.iter().map(|job| job.name.clone()).filter(|name| !keep.contains(name)).collect();
    let runs = observed.jobs.iter().any(|job| job.ended.is_none() && keep.contains(&job.name));
    let is_busy = runs || begin.is_some() || matches!(standing, Standing::Building(_));
    Plan { status, begin, cancel, standing, wants_place, is_busy, again }
}

/// The name of a Job.
#[must_use]
pub fn job_name(module: &str, key: &str, attempt: i32) -> String {
    let mark: String =
        crate::version::digest([("key", key.as_bytes()), ("attempt", attempt.to_string().as_bytes())]).chars().take(10).collect();
    let head: String = module.chars().take(40).collect();
    format!("{}-build-{mark}", head.trim_end_matches(['-', '.']).replace('.', "-"))
}

#[cfg(test)]
mod tests;
