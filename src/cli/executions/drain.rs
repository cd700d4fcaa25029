//! `warpline executions drain`

use super::fleet::{Named, Which};
use super::proposal::{Proposal, decide};
use super::replays::files;
use crate::cli::Stop;
use crate::cli::output::Printer;
use crate::plan::executions::{drained, takes_signal};
use crate::temporal::ExecutionId;
use clap::Args;
use std::collections::BTreeMap;

/// Ask open executions to come to their end, by the signal that their own code has for that.
///
/// By default those on versions that are not current, so that these can go. Who goes on on the current version when it continues as new needs none of
/// this: `warpline executions` says so. What has no such signal is left alone.
#[derive(Debug, Args)]
pub(super) struct Drain {
    /// Only of this Workflow.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// Executions, by their workflow IDs.
    #[arg(long, value_name = "WORKFLOW_ID", conflicts_with = "workflow")]
    id: Vec<String>,
    /// The signal, which must take no arguments.
    #[arg(long, value_name = "NAME", default_value = "drain")]
    signal: String,
    /// Do it.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    which: Which,
}

impl Drain {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let named = if self.id.is_empty() { Named::Workflow(self.workflow.as_deref()) } else { Named::Ids(&self.id) };
        let is_named = !self.id.is_empty() || self.which.on.is_some();
        let scene = self.which.look(named, printer).await?;
        let mut proposals = Vec::new();
        for queue in &scene.queues {
            let mut code = BTreeMap::new();
            for seen in &queue.seen {
                let version = seen.build_id.as_ref().and_then(|build_id| queue.fleet.version(build_id));
                let takes = match version {
                    Some(version) => {
                        let build_id = version.spec.build_id.as_str();
                        if !code.contains_key(build_id) {
                            code.insert(build_id, files(&scene.cluster, version).await?);
                        }
                        let script = code.get(build_id).and_then(|files| files.get(&format!("{}.js", seen.workflow_type)));
                        script.map(|script| takes_signal(&String::from_utf8_lossy(script), &self.signal))
                    }
                    None => None,
                };
                proposals.push(Proposal { queue, seen, verdict: drained(seen, &queue.fleet, &self.signal, takes, is_named) });
            }
        }
        decide(&proposals, self.yes, printer, async |proposal: &Proposal<'_>| {
            let id = ExecutionId { workflow_id: proposal.seen.workflow_id.clone(), run_id: String::new() };
            proposal.queue.client.signal(&id, &self.signal, &[]).await
        })
        .await
    }
}
