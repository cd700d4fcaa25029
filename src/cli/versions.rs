//! `warpline versions`

use super::Stop;
use super::kubernetes::{Cluster, known};
use super::output::Printer;
use super::table::{age, table};
use crate::plan::overview::{QueueTree, trees};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

/// List the versions of task queues: which is current, what is open on each, and what it waits for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # All versions in your namespace
  warpline versions

  # Those of one TaskQueue
  warpline versions engine -n builds")]
pub(super) struct Versions {
    /// TaskQueues; by default all.
    #[arg(value_name = "TASKQUEUE")]
    names: Vec<String>,
    #[command(flatten)]
    cluster: Cluster,
}

impl Versions {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let snapshot = self.cluster.connect().await?.snapshot().await?;
        let mut queues = trees(&snapshot, &[]);
        let there: Vec<&str> = queues.iter().map(|queue| queue.name.as_str()).collect();
        known(&snapshot, "TaskQueue", &there, &self.names)?;
        queues.retain(|queue| self.names.is_empty() || self.names.contains(&queue.name));
        if printer.is_json() {
            printer.line(&json!({"namespace": snapshot.namespace, "taskQueues": queues}).to_string());
            return Ok(());
        }
        let rows: Vec<_> = queues.iter().flat_map(|queue| rows(queue, Timestamp::now())).collect();
        if rows.is_empty() {
            printer.note(&format!("no version in namespace {}", snapshot.namespace));
            return Ok(());
        }
        table(["QUEUE", "BUILD ID", "STATE", "OPEN", "PODS", "AGE", "MESSAGE"], &rows).iter().for_each(|line| printer.line(line));
        Ok(())
    }
}

fn rows(queue: &QueueTree, now: Timestamp) -> Vec<[String; 7]> {
    let row = |version: &crate::plan::overview::VersionRow| {
        let ready = version.pods.iter().filter(|pod| pod.ready).count();
        [
            queue.name.clone(),
            version.build_id.clone(),
            version.state.clone(),
            version.open_executions.to_string(),
            format!("{ready}/{}", version.pods.len()),
            age(version.created, now),
            version.message.clone(),
        ]
    };
    queue.versions.iter().map(row).collect()
}
