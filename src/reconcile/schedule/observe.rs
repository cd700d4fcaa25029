//! What the server tells of a schedule, and when it is asked again: by the schedule's own times, never by a beat of ours.

use super::{Pass, SLOWLY, SOON};
use crate::plan::schedule::{Kept, Run, Server, Standing};
use crate::temporal::{Client, DescribedSchedule, ExecutionId, ExecutionStatus, OpenFilter, Outcome, Started};
use jiff::Timestamp;
use std::time::Duration;

/// How long after a start we ask how it is: servers are a moment late.
const AFTER_START: Duration = Duration::from_secs(2);
/// All schedules together are asked about no oftener than so many times a second, and one of them no oftener than in so many seconds.
const LOOKS_PER_SECOND: usize = 20;
const ONE: u64 = 5;
/// How long the end of a failed execution may take to be read.
const READ: Duration = Duration::from_secs(5);
/// How an execution ends.
const ENDS: [&str; 5] = ["Completed", "Failed", "Canceled", "Terminated", "TimedOut"];

impl Pass<'_> {
    /// Remembers what the server tells.
    pub(super) async fn take(&mut self, client: &Client, seen: Option<&DescribedSchedule>) {
        self.server = match seen {
            Some(seen) if seen.owner.as_deref() == Some(&self.schedule.full_name()) || seen.owner.is_none() => {
                Some(self.server(client, seen).await)
            }
            _ => None,
        };
    }

    async fn server(&self, client: &Client, seen: &DescribedSchedule) -> Server {
        let mut runs: Vec<Run> = seen.starts.iter().filter_map(run).collect();
        let closed = self.closed(client, seen, runs.last_mut()).await;
        if let Some(newest) = runs.last_mut().filter(|run| run.has_failed()) {
            let known = self.last.last_run.as_ref().filter(|last| last.run_id == newest.run_id && last.error.is_some());
            newest.error = match known {
                Some(known) => known.error.clone(),
                None => why(client, newest).await,
            };
        }
        let running = self.running(client, seen, runs.last(), seen.running.len() - closed).await;
        Server {
            id: self.schedule.temporal_id(),
            paused: seen.schedule.paused,
            note: seen.schedule.note.clone(),
            runs,
            next: seen.next.clone(),
            running: i64::try_from(running).unwrap_or(i64::MAX),
            taken: seen.taken,
            missed: seen.missed,
            skipped: seen.skipped,
            buffered: seen.buffered,
            remaining: seen.schedule.remaining.and_then(|left| i64::try_from(left).ok()),
        }
    }

    /// Corrects what the schedule has yet to notice: the result of the newest start. How many of those that it says to run have ended.
    async fn closed(&self, client: &Client, seen: &DescribedSchedule, newest: Option<&mut Run>) -> usize {
        let Some(newest) = newest.filter(|newest| newest.result == "Running") else { return 0 };
        let known = self.last.last_run.as_ref().filter(|last| last.run_id == newest.run_id);
        match known.and_then(|known| ENDS.into_iter().find(|end| *end == known.result)) {
            Some(end) => newest.result = end,
            None => match client.scheduled_run(&newest.workflow_id).await {
                Ok(Some(status)) if !is_open(status) => newest.result = status.name(),
                _ => return 0,
            },
        }
        seen.running.iter().filter(|running| running.workflow_id == newest.workflow_id).count()
    }

    /// How many of its executions run: `followed` by the schedule itself, which follows none that the next one need not wait for. The index
    /// knows of all; it is asked where there is something to know.
    async fn running(&self, client: &Client, seen: &DescribedSchedule, newest: Option<&Run>, followed: usize) -> usize {
        let is_followed = |start: &&Started| seen.running.iter().any(|running| running.workflow_id == start.id.workflow_id);
        let is_newest_open = newest.is_some_and(|newest| newest.result == "Running");
        // Of the newest start we know more than the schedule does.
        let (newest_start, others) = seen.starts.split_last().map_or((None, &[][..]), |(newest, others)| (Some(newest), others));
        let open = newest_start.filter(|_| is_newest_open).into_iter().chain(others.iter().filter(|start| is_open(start.status)));
        let was_at_rest = self.last.running == 0 && self.last.runs == seen.taken && !is_newest_open;
        if was_at_rest || open.into_iter().all(|start| is_followed(&start)) {
            return followed;
        }
        let id = self.schedule.temporal_id();
        match client.count_open(&OpenFilter { scheduled_by: Some(&id), ..OpenFilter::default() }).await {
            Ok(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Err(_) => followed.max(usize::from(is_newest_open)),
        }
    }
}

fn is_open(status: ExecutionStatus) -> bool {
    matches!(status, ExecutionStatus::Running | ExecutionStatus::ContinuedAsNew | ExecutionStatus::Paused)
}

fn run(start: &Started) -> Option<Run> {
    Some(Run {
        time: start.at.or(start.due)?,
        workflow_id: start.id.workflow_id.clone(),
        run_id: start.id.run_id.clone(),
        // A run that is continued goes on.
        result: if start.status == ExecutionStatus::ContinuedAsNew { "Running" } else { start.status.name() },
        error: None,
    })
}

/// Why an execution failed. None where the server no longer knows.
async fn why(client: &Client, run: &Run) -> Option<String> {
    let id = ExecutionId { workflow_id: run.workflow_id.clone(), run_id: run.run_id.clone() };
    let outcome = tokio::time::timeout(READ, client.outcome(&id)).await.ok()?.ok()?;
    let said = match outcome {
        Outcome::Completed { .. } => return None,
        Outcome::Failed { failure } => failure.to_string(),
        other => other.to_string(),
    };
    Some(said.chars().take(500).collect())
}

/// When to ask again: a moment after the next run, while something runs a quarter of its time so far later, else seldom.
pub(super) fn again(pass: &Pass<'_>, standing: &Standing) -> Duration {
    let at_least = Duration::from_secs(ONE.max(u64::try_from(pass.context.stores.schedules.len() / LOOKS_PER_SECOND).unwrap_or(ONE)));
    match standing {
        // A watch tells when the Workflow or the spec changes.
        Standing::Waits(_) | Standing::Invalid(_) | Standing::WrongInput(_) if pass.server.is_none() => return SLOWLY,
        Standing::InputUnknown(_) | Standing::Unreachable(_, true) => return SOON.max(at_least),
        Standing::Unreachable(_, false) | Standing::Taken(_) => return SLOWLY / 2,
        _ => {}
    }
    let Some(server) = &pass.server else { return SLOWLY };
    if !pass.left.is_empty() {
        return SOON.max(at_least);
    }
    if pass.has_asked {
        return at_least;
    }
    next_look(server, Timestamp::now(), matches!(standing, Standing::Kept(Kept::Ended(_)))).max(at_least)
}

fn next_look(server: &Server, now: Timestamp, has_ended: bool) -> Duration {
    let from_now = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
    let mut next = SLOWLY;
    if let Some(time) = server.next.iter().find(|time| **time > now).filter(|_| !server.paused && !has_ended) {
        next = next.min(from_now(*time) + AFTER_START);
    }
    if let Some(run) = server.runs.last().filter(|run| run.result == "Running" || server.running > 0 || server.buffered > 0) {
        let so_far = Duration::try_from(now.duration_since(run.time)).unwrap_or_default();
        next = next.min((so_far / 4).max(AFTER_START));
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_after_runs_and_seldom_otherwise() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let second = |seconds: i64| now + jiff::SignedDuration::from_secs(seconds);
        let run =
            |seconds: i64, result| Run { time: second(seconds), workflow_id: String::new(), run_id: String::new(), result, error: None };
        let look = |server: &Server, has_ended| next_look(server, now, has_ended).as_secs();
        assert_eq!(look(&Server::default(), false), 600);
        let due = Server { next: vec![second(-1), second(60)], runs: vec![run(-100, "Completed")], ..Server::default() };
        assert_eq!((look(&due, false), look(&due, true)), (62, 600));
        assert_eq!(look(&Server { paused: true, ..due.clone() }, false), 600);
        assert_eq!(look(&Server { runs: vec![run(-1, "Running")], ..due.clone() }, false), 2);
        assert_eq!(look(&Server { runs: vec![run(-100, "Running")], ..due.clone() }, false), 25);
        assert_eq!(look(&Server { runs: vec![run(-86_400, "Running")], ..due }, false), 62);
    }
}
