//! `warpline executions`, without more: the list.

use super::fleet::{Named, Which};
use crate::cli::Stop;
use crate::cli::output::Printer;
use crate::cli::table::table;
use crate::plan::executions::why;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only of this Workflow.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    #[command(flatten)]
    which: Which,
}

impl List {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let scene = self.which.look(Named::Workflow(self.workflow.as_deref()), printer).await?;
        let all: Vec<_> =
            scene.queues.iter().flat_map(|queue| queue.seen.iter().map(move |seen| (queue, seen, why(seen, &queue.fleet)))).collect();
        if printer.is_json() {
            let executions: Vec<_> = all
                .iter()
                .map(|(queue, seen, why)| {
                    json!({
                        "taskQueue": queue.name, "workflowId": seen.workflow_id, "runId": seen.run_id, "workflowType": seen.workflow_type,
                        "buildId": seen.build_id, "pinnedTo": seen.pinned_to, "reason": why.reason, "message": why.message,
                    })
                })
                .collect();
            printer.line(&json!({"namespace": scene.cluster.namespace, "executions": executions}).to_string());
            return Ok(());
        }
        if all.is_empty() {
            printer.note(&format!("no execution is open in namespace {}", scene.cluster.namespace));
            return Ok(());
        }
        let row = |(queue, seen, why): &(&super::fleet::Served, &crate::plan::executions::Seen, crate::plan::executions::Why)| {
            let build_id = seen.build_id.clone().unwrap_or_else(|| "-".to_owned());
            [seen.workflow_id.clone(), seen.workflow_type.clone(), queue.name.clone(), build_id, why.reason.to_owned(), why.message.clone()]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(["EXECUTION", "TYPE", "QUEUE", "BUILD ID", "WHY", "MESSAGE"], &rows).iter().for_each(|line| printer.line(line));
        Ok(())
    }
}
