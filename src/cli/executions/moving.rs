//! `warpline executions move`

use super::fleet::{Chosen, run_of};
use super::proposal::{Proposal, decide};
use super::replays::replays;
use crate::cli::Stop;
use crate::cli::output::Printer;
use crate::plan::executions::{Replay, Verdict, moved, target};
use clap::Args;
use kube::ResourceExt;

/// Who says so of a move that ends with the run: workers take that back before the run continues as new.
const FOR_THE_TIME_BEING: &str = "warpline";

/// Move open executions to another version, in the middle of a run.
///
/// Only those whose history replays on the other version: that is tried on this machine first. The execution is pinned there by an override, which the
/// worker takes back before it continues as new, where its workflow has `onContinueAsNew: Upgrade`.
#[derive(Debug, Args)]
pub(super) struct Move {
    #[command(flatten)]
    chosen: Chosen,
    /// The build ID of the version that they go to; the current one by default.
    #[arg(long, value_name = "BUILD_ID")]
    to: Option<String>,
    /// Keep them there for good, also when they continue as new.
    #[arg(long)]
    stay: bool,
    /// Don't replay: an execution that does otherwise there fails its tasks until it is moved back.
    #[arg(long)]
    without_replay: bool,
    /// Do it.
    #[arg(long, short)]
    yes: bool,
}

impl Move {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let scene = self.chosen.look(printer).await?;
        let mut proposals = Vec::new();
        for queue in scene.queues.iter().filter(|queue| !queue.seen.is_empty()) {
            let target = target(&queue.fleet, self.to.as_deref()).map_err(|why| Stop::Usage(format!("TaskQueue {}: {why}", queue.name)))?;
            let asks: Vec<_> = queue.seen.iter().filter(|seen| matches!(moved(seen, target, || Replay::Skipped), Verdict::Do(_))).collect();
            let replayed = if self.without_replay {
                asks.iter().map(|seen| (seen.run_id.clone(), Replay::Skipped)).collect()
            } else {
                if !asks.is_empty() {
                    printer.note(&format!("replaying {} histories on {}", asks.len(), target.name_any()));
                }
                replays(&scene.cluster, &queue.client, target, &asks, printer).await
            };
            for seen in &queue.seen {
                let replay = || replayed.get(&seen.run_id).cloned().unwrap_or_else(|| Replay::NotDone("it was not replayed".to_owned()));
                proposals.push(Proposal { queue, seen, verdict: moved(seen, target, replay) });
            }
        }
        let identity = (!self.stay).then_some(FOR_THE_TIME_BEING);
        decide(&proposals, self.yes, printer, async |proposal: &Proposal<'_>| {
            let to = self.to.as_deref().or(proposal.queue.fleet.current.as_deref()).unwrap_or_default();
            proposal.queue.client.pin(&run_of(proposal.seen), Some((&proposal.queue.deployment, to)), identity).await
        })
        .await
    }
}
