//! `warpline status`

use super::Stop;
use super::kubernetes::{Cluster, known};
use super::output::Printer;
use super::table::age;
use crate::plan::overview::{PodRow, QueueTree, VersionRow, WorkflowRow, trees};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

/// Show the workflows of a namespace with their queues, versions, pods and open executions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Everything in your namespace
  warpline status

  # The queues of two Workflows
  warpline status package-builder package-build -n builds

  # Why one is not live
  warpline doctor package-builder -n builds")]
pub(super) struct Status {
    /// Workflows; by default all.
    #[arg(value_name = "WORKFLOW")]
    names: Vec<String>,
    #[command(flatten)]
    cluster: Cluster,
}

impl Status {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let snapshot = self.cluster.connect().await?.snapshot().await?;
        known(&snapshot, "Workflow", &snapshot.workflow_names(), &self.names)?;
        let queues = trees(&snapshot, &self.names);
        if printer.is_json() {
            printer.line(&json!({"namespace": snapshot.namespace, "taskQueues": queues}).to_string());
            return Ok(());
        }
        if queues.is_empty() {
            printer.note(&format!("no Workflow in namespace {}", snapshot.namespace));
        }
        let now = Timestamp::now();
        queues.iter().flat_map(|queue| lines(queue, now)).for_each(|line| printer.line(&line));
        Ok(())
    }
}

fn lines(queue: &QueueTree, now: Timestamp) -> Vec<String> {
    let mut lines = vec![format!("TaskQueue/{}  {}  {}", queue.name, queue.standing, queue.message)];
    let branches = queue.workflows.len() + queue.versions.len();
    let mut number = 0;
    let mut branch = |head: String, under: Vec<String>| {
        number += 1;
        let is_last = number == branches;
        lines.push(format!("{}{head}", if is_last { "└─ " } else { "├─ " }));
        let count = under.len();
        for (at, line) in under.into_iter().enumerate() {
            let stem = if is_last { "   " } else { "│  " };
            lines.push(format!("{stem}{}{line}", if at + 1 == count { "└─ " } else { "├─ " }));
        }
    };
    queue.workflows.iter().for_each(|workflow| branch(workflow_line(workflow), Vec::new()));
    queue.versions.iter().for_each(|version| branch(version_line(version, now), version.pods.iter().map(pod_line).collect()));
    lines
}

fn workflow_line(workflow: &WorkflowRow) -> String {
    format!("Workflow/{}  {}  {}  {}", workflow.name, workflow.standing, workflow.workflow_type, workflow.message)
}

fn version_line(version: &VersionRow, now: Timestamp) -> String {
    let open = match version.open_executions {
        1 => "1 execution open".to_owned(),
        some => format!("{some} executions open"),
    };
    format!("version {}  {}  {open}, {} old  {}", version.build_id, version.state, age(version.created, now), version.message)
}

fn pod_line(pod: &PodRow) -> String {
    let ready = if pod.ready { ", ready" } else { "" };
    let restarts = if pod.restarts > 0 { format!(", started again {} times", pod.restarts) } else { String::new() };
    let problem = pod.problem.as_ref().map(|problem| format!("  {problem}")).unwrap_or_default();
    format!("pod {}  {}{ready}{restarts}{problem}", pod.name, pod.phase)
}
