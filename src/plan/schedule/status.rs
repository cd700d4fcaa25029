//! What a Schedule's status says.

use super::{Problem, read};
use crate::api::conditions::{
    CONNECTED, Conditions, IN_SYNC, INPUT_CHECKED, LAST_RUN_SUCCEEDED, READY, RECONCILING, STALLED, Status, VALID,
};
use crate::api::{AppliedSchedule, ScheduleSpec, ScheduleStatus, ScheduledRun, SeenAnnotations, TemporalConnection};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// How many of the next runs a status tells.
const NEXT: usize = 5;

/// How far a schedule has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// The spec cannot be.
    Invalid(Problem),
    /// It waits for the Workflow: it is not there, or was never live.
    Waits(Problem),
    /// The input is not of the Workflow's type.
    WrongInput(Problem),
    /// Whether the input is of the Workflow's type can't be told for now.
    InputUnknown(Problem),
    /// The server can't be asked, or refuses; whether that may pass by itself.
    Unreachable(Problem, bool),
    /// The ID is another's.
    Taken(Problem),
    /// The server keeps it.
    Kept(Kept),
}

/// How the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// As asked for; what somebody had changed by hand was undone.
    AsAsked {
        /// What was undone now.
        corrected: Vec<String>,
    },
    /// With what somebody changed by hand.
    Adopted(Vec<String>),
    /// A failure paused it.
    PausedByFailure,
    /// There is no time left at which it would run, and why.
    Ended(Problem),
}

/// What the server tells of a schedule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// Its ID.
    pub id: String,
    /// Whether nothing is started.
    pub paused: bool,
    /// What is said about its state.
    pub note: String,
    /// The newest starts, oldest first.
    pub runs: Vec<Run>,
    /// The next times.
    pub next: Vec<Timestamp>,
    /// How many executions run.
    pub running: i64,
    /// How many starts there were.
    pub taken: i64,
    /// How many were missed.
    pub missed: i64,
    /// How many were left out because one ran.
    pub skipped: i64,
    /// How many wait.
    pub buffered: i64,
    /// How many are left.
    pub remaining: Option<i64>,
}

/// One start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When.
    pub time: Timestamp,
    /// The workflow ID.
    pub workflow_id: String,
    /// The run ID.
    pub run_id: String,
    /// `Running`, `Completed`, ….
    pub result: &'static str,
    /// Why it failed.
    pub error: Option<String>,
}

impl Run {
    /// Whether it has ended, and not well.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.result, "Failed" | "TimedOut" | "Terminated" | "Canceled")
    }
}

/// Everything that a status depends on.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The time.
    pub now: Timestamp,
    /// The generation of the spec.
    pub generation: Option<i64>,
    /// The spec.
    pub spec: &'a ScheduleSpec,
    /// The last status.
    pub last: &'a ScheduleStatus,
    /// How far it has come.
    pub standing: Standing,
    /// What the spec does that may not be meant.
    pub warnings: Vec<String>,
    /// What the server tells; the last status stays where it was not asked.
    pub server: Option<Server>,
    /// What was written to the server; as before where nothing was.
    pub applied: Option<AppliedSchedule>,
    /// Where it was written.
    pub temporal: Option<TemporalConnection>,
    /// Where it was before its task queue moved and can't be deleted, and why not.
    pub left: Vec<(TemporalConnection, String)>,
    /// The digest of an input that was found good.
    pub input_digest: Option<String>,
    /// The annotations that were acted on.
    pub annotations: SeenAnnotations,
}

/// The status.
#[must_use]
pub fn status(seen: Seen<'_>) -> ScheduleStatus {
    let mut conditions = Conditions::from(&seen.last.conditions, seen.generation, seen.now);
    steps(&seen, &mut conditions);
    summary(&seen, &mut conditions);
    left_behind(&seen.left, &mut conditions);
    let mut status = ScheduleStatus {
        observed_generation: seen.generation,
        when: Some(read::describe(seen.spec)),
        applied: seen.applied,
        temporal: seen.temporal,
        left_on: seen.left.into_iter().map(|(place, _)| place).collect(),
        input_digest: seen.input_digest,
        seen: Some(seen.annotations).filter(|annotations| *annotations != SeenAnnotations::default()),
        ..seen.last.clone()
    };
    if let Some(server) = seen.server {
        last_run(&server, &mut conditions);
        tell(server, seen.now, &mut status);
    }
    status.conditions = conditions.into_list();
    status
}

fn tell(server: Server, now: Timestamp, status: &mut ScheduleStatus) {
    status.schedule_id = Some(server.id);
    status.paused = server.paused;
    // While it is paused, the server tells times at which nothing will happen; after an outage, until something begins, those that it missed.
    let next = if server.paused { &[] } else { server.next.as_slice() };
    status.next_runs = next.iter().filter(|time| **time > now).take(NEXT).map(|time| Time(*time)).collect();
    status.last_run = server.runs.last().map(|run| ScheduledRun {
        time: Time(run.time),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        result: run.result.to_owned(),
        error: run.error.clone(),
    });
    (status.running, status.runs, status.missed_catchup) = (server.running, server.taken, server.missed);
    (status.skipped_overlap, status.buffered, status.remaining_actions) = (server.skipped, server.buffered, server.remaining);
}

/// A condition for each step that a Schedule takes.
fn steps(seen: &Seen<'_>, conditions: &mut Conditions) {
    let warnings = seen.warnings.join("; ");
    let valid = if seen.warnings.is_empty() { "Valid" } else { "RunsAtOtherTimes" };
    let good_input = |conditions: &mut Conditions| conditions.set(INPUT_CHECKED, true, "InputChecked", "");
    if let Standing::Invalid((reason, message)) = &seen.standing {
        conditions.set(VALID, false, reason, message.clone());
        return;
    }
    conditions.set(VALID, true, valid, warnings);
    match &seen.standing {
        Standing::Invalid(_) => {}
        Standing::Waits((reason, message)) | Standing::InputUnknown((reason, message)) => {
            conditions.set(INPUT_CHECKED, Status::Unknown, reason, message.clone());
        }
        Standing::WrongInput((reason, message)) => conditions.set(INPUT_CHECKED, false, reason, message.clone()),
        Standing::Unreachable((reason, message), _) => {
            good_input(conditions);
            conditions.set(CONNECTED, false, reason, message.clone());
        }
        Standing::Taken((reason, message)) => {
            good_input(conditions);
            conditions.set(CONNECTED, true, "Connected", "");
            conditions.set(IN_SYNC, false, reason, message.clone());
        }
        Standing::Kept(kept) => {
            good_input(conditions);
            conditions.set(CONNECTED, true, "Connected", "");
            match kept {
                Kept::Adopted(drift) => {
                    conditions.set(IN_SYNC, false, "Adopted", format!("changed on the server, and left so: {}", drift.join(", ")));
                }
                Kept::AsAsked { .. } | Kept::PausedByFailure | Kept::Ended(_) => conditions.set(IN_SYNC, true, "InSync", ""),
            }
        }
    }
}

/// `Ready`, `Reconciling` and `Stalled`.
fn summary(seen: &Seen<'_>, conditions: &mut Conditions) {
    let is_kept = seen.last.applied.is_some();
    let (ready, reconciling, stalled, problem) = match &seen.standing {
        Standing::Invalid(problem) | Standing::WrongInput(problem) if is_kept => (Status::True, false, true, last_good(problem)),
        Standing::Invalid(problem) | Standing::WrongInput(problem) | Standing::Taken(problem) => {
            (Status::False, false, true, problem.clone())
        }
        Standing::Waits(problem) => (Status::False, true, false, problem.clone()),
        Standing::InputUnknown(problem) if is_kept => (Status::True, true, false, last_good(problem)),
        Standing::InputUnknown(problem) => (Status::Unknown, true, false, problem.clone()),
        Standing::Unreachable(problem, may_pass) => (Status::Unknown, *may_pass, !*may_pass, problem.clone()),
        Standing::Kept(Kept::PausedByFailure) => {
            let note = seen.server.as_ref().map_or("", |server| server.note.as_str());
            let message = format!("{note}: set warpline.dev/unpause to a new text when the cause is gone");
            (Status::False, false, true, ("PausedByFailure".to_owned(), message))
        }
        // It has done what it was for.
        Standing::Kept(Kept::Ended((reason, message))) => {
            let has_run = seen.server.as_ref().map_or(seen.last.runs, |server| server.taken) > 0;
            (has_run.into(), false, !has_run, (reason.clone(), message.clone()))
        }
        Standing::Kept(_) => (Status::True, false, false, kept(seen)),
    };
    let (reason, message) = problem;
    let only = |holds: bool| if holds { message.clone() } else { String::new() };
    conditions.set(RECONCILING, reconciling, &reason, only(reconciling));
    conditions.set(STALLED, stalled, &reason, only(stalled));
    conditions.set(READY, ready, &reason, message);
}

/// It is kept on one server and may start runs on another: that is not the end of the matter.
fn left_behind(left: &[(TemporalConnection, String)], conditions: &mut Conditions) {
    let Some((place, why)) = left.first() else { return };
    let (address, namespace) = (place.address.as_deref().unwrap_or_default(), place.namespace.as_deref().unwrap_or_default());
    let message = format!(
        "the schedule may still start runs on {address} (namespace {namespace}), where it was before its task queue moved: {why}; it is tried again; where that server is no more, delete this object and apply it again"
    );
    conditions.set(RECONCILING, true, "LeftBehind", message);
}

/// The last good schedule goes on.
fn last_good((reason, message): &Problem) -> Problem {
    ("LastGoodSchedule".to_owned(), format!("the schedule goes on as it was last good ({reason}): {message}"))
}

fn kept(seen: &Seen<'_>) -> Problem {
    let server = seen.server.as_ref();
    if server.is_some_and(|server| server.paused) {
        let note =
            server.map(|server| server.note.as_str()).filter(|note| !note.is_empty()).map(|note| format!(": {note}")).unwrap_or_default();
        return ("Paused".to_owned(), format!("nothing is started{note}"));
    }
    if server.is_some_and(|server| server.remaining == Some(0)) {
        return ("NoRunsLeft".to_owned(), "all of remainingActions were made: it runs no more".to_owned());
    }
    ("Scheduled".to_owned(), "the schedule is on the server".to_owned())
}

fn last_run(server: &Server, conditions: &mut Conditions) {
    let Some(run) = server.runs.iter().rev().find(|run| run.result == "Completed" || run.has_failed()) else { return };
    if run.has_failed() {
        let error = run.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        conditions.set(LAST_RUN_SUCCEEDED, false, run.result, format!("{} ended as {}{error}", run.workflow_id, run.result));
    } else {
        conditions.set(LAST_RUN_SUCCEEDED, true, run.result, "");
    }
}
