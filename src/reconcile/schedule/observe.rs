//! What the server tells of a schedule.

use super::Pass;
use crate::plan::schedule::{Run, Server};
use crate::temporal::{Client, DescribedSchedule, ExecutionId, ExecutionStatus, OpenFilter, Outcome, Started};
use std::time::Duration;

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
