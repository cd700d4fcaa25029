//! `warpline executions reset`

use super::fleet::{Named, Which, run_of};
use super::proposal::{Proposal, decide};
use crate::cli::Stop;
use crate::cli::output::Printer;
use crate::plan::executions::{Moment, Point, Seen, Verdict, reset_at};
use crate::temporal::{self, Client, Event};
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Let open executions begin again from a point of their history.
///
/// The run that is open ends, and a new one goes on from there: what was decided later is decided anew, activities included. Signals that came later are
/// delivered again. The point is in the newest run; what was before it continued as new is done.
#[derive(Debug, Args)]
pub(super) struct Reset {
    /// Executions, by their workflow IDs.
    #[arg(value_name = "WORKFLOW_ID", required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    point: PointOptions,
    /// Why; it stands in the history.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Lose the signals that came after the point.
    #[arg(long)]
    drop_signals: bool,
    /// Do it.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    which: Which,
}

/// The point, as one option of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct PointOptions {
    /// From the run's beginning.
    #[arg(long)]
    first: bool,
    /// From the last thing that was decided.
    #[arg(long)]
    last: bool,
    /// Undo this event, and what was decided with it.
    #[arg(long, value_name = "EVENT")]
    before: Option<i64>,
    /// Keep this event; undo what was decided after it.
    #[arg(long, value_name = "EVENT")]
    after: Option<i64>,
    /// Undo what was decided from this time on.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
}

impl PointOptions {
    fn point(&self) -> Point {
        match (self.before, self.after, self.since) {
            (Some(event), ..) => Point::Before(event),
            (_, Some(event), _) => Point::After(event),
            (.., Some(time)) => Point::Since(time),
            _ if self.first => Point::First,
            _ => Point::Last,
        }
    }
}

impl Reset {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let scene = self.which.look(Named::Ids(&self.ids), printer).await?;
        let mut proposals = Vec::new();
        let mut points = BTreeMap::new();
        for queue in &scene.queues {
            for seen in &queue.seen {
                let events = moments(&queue.client, seen).await?;
                let verdict = match reset_at(&events, self.point.point()) {
                    Ok((at, words)) => {
                        points.insert(&seen.run_id, at);
                        Verdict::Do(words)
                    }
                    Err(why) => Verdict::Refused(why),
                };
                proposals.push(Proposal { queue, seen, verdict });
            }
        }
        decide(&proposals, self.yes, printer, async |proposal: &Proposal<'_>| {
            let (id, at) = (run_of(proposal.seen), points.get(&proposal.seen.run_id).copied().unwrap_or_default());
            let reset = temporal::Reset { id: &id, at, reason: &self.reason, drops_signals: self.drop_signals };
            proposal.queue.client.reset(&reset).await.map(|_| ())
        })
        .await
    }
}

async fn moments(client: &Client, seen: &Seen) -> Result<Vec<Moment>, Stop> {
    let history = client.history(&run_of(seen)).await.map_err(Stop::machine)?;
    let moment = |event: Event| Moment {
        id: event.id,
        name: event.name,
        time: event.time.and_then(|time| Timestamp::try_from(time).ok()),
        completes_task: event.completes_task,
    };
    Ok(history.events().into_iter().map(moment).collect())
}
