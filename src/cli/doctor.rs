//! `warpline doctor`

use super::Stop;
use super::kubernetes::{Cluster, known};
use super::output::Printer;
use crate::plan::overview::{Finding, Verdict, examine};
use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::json;

/// Say why workflows are not live, and what to do.
///
/// Looks at every link from the operator over the definition, the modules that it calls and its queue to the pods of the version that is on its way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # All Workflows in your namespace
  warpline doctor

  # One of them
  warpline doctor package-builder -n builds")]
pub(super) struct Doctor {
    /// Workflows; by default all.
    #[arg(value_name = "WORKFLOW")]
    names: Vec<String>,
    #[command(flatten)]
    cluster: Cluster,
}

impl Doctor {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let snapshot = self.cluster.connect().await?.snapshot().await?;
        known(&snapshot, "Workflow", &snapshot.workflow_names(), &self.names)?;
        let now = Timestamp::now();
        let asked = snapshot.workflows.iter().filter(|workflow| self.names.is_empty() || self.names.contains(&workflow.name_any()));
        let examined: Vec<_> = asked.map(|workflow| (workflow.name_any(), examine(&snapshot, workflow, now))).collect();
        if printer.is_json() {
            let all: Vec<_> =
                examined.iter().map(|(name, (found, is_live))| json!({"workflow": name, "live": is_live, "findings": found})).collect();
            printer.line(&json!({"namespace": snapshot.namespace, "workflows": all}).to_string());
        } else if examined.is_empty() {
            printer.note(&format!("no Workflow in namespace {}", snapshot.namespace));
        } else {
            examined.iter().flat_map(|(name, (found, is_live))| lines(name, found, *is_live)).for_each(|line| printer.line(&line));
        }
        if examined.iter().all(|(_, (_, is_live))| *is_live) { Ok(()) } else { Err(Stop::NotWell) }
    }
}

fn lines(name: &str, found: &[Finding], is_live: bool) -> Vec<String> {
    let mut lines = vec![format!("Workflow/{name} is {}", if is_live { "live" } else { "not live" })];
    for finding in found {
        let word = match finding.verdict {
            Verdict::Good => "fine ",
            Verdict::Waits => "waits",
            Verdict::Wrong => "WRONG",
            Verdict::Note => "note ",
        };
        lines.push(format!("  {word}  {}: {}", finding.object, finding.message));
        lines.extend(finding.next.iter().map(|next| format!("         → {next}")));
    }
    lines
}
