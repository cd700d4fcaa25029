//! `warpline replay`

use super::fleet::Chosen;
use super::replays::replays;
use crate::cli::Stop;
use crate::cli::output::Printer;
use crate::cli::table::table;
use crate::plan::executions::{Replay as Outcome, target};
use clap::Args;
use kube::ResourceExt;
use serde_json::json;

/// Replay the histories of open executions on a version, on this machine.
///
/// Says for each whether the version's code does the same as what is in the history: if not, at which event. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Would those on an old version go on on the current one?
  warpline replay -q engine --on 3f9a6c01d2e4b587

  # One execution, on a version that waits
  warpline replay build-7 -n builds --to 91555c777b28aa7b")]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    chosen: Chosen,
    /// The build ID of the version that they are replayed on; the current one by default.
    #[arg(long, value_name = "BUILD_ID")]
    to: Option<String>,
}

impl Replay {
    pub(in crate::cli) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let scene = self.chosen.look(printer).await?;
        let mut rows = Vec::new();
        let (mut differ, mut undone) = (0, None);
        for queue in scene.queues.iter().filter(|queue| !queue.seen.is_empty()) {
            let on = target(&queue.fleet, self.to.as_deref()).map_err(|why| Stop::Usage(format!("TaskQueue {}: {why}", queue.name)))?;
            printer.note(&format!("replaying {} histories on {}", queue.seen.len(), on.name_any()));
            let seen: Vec<_> = queue.seen.iter().collect();
            let found = replays(&scene.cluster, &queue.client, on, &seen, printer).await;
            for seen in seen {
                let (result, message) = match found.get(&seen.run_id) {
                    Some(Outcome::Fits) => ("Same", String::new()),
                    Some(Outcome::Differs(why)) => ("Differs", why.clone()),
                    Some(Outcome::NotDone(why)) => ("NotDone", why.clone()),
                    Some(Outcome::Skipped) | None => ("NotDone", "it was not replayed".to_owned()),
                };
                differ += usize::from(result == "Differs");
                if result == "NotDone" {
                    undone = Some(message.clone());
                }
                let from = seen.build_id.clone().unwrap_or_else(|| "-".to_owned());
                rows.push([
                    seen.workflow_id.clone(),
                    seen.workflow_type.clone(),
                    from,
                    on.spec.build_id.clone(),
                    result.to_owned(),
                    message,
                ]);
            }
        }
        if printer.is_json() {
            let one = |[id, kind, from, on, result, message]: &[String; 6]| json!({"workflowId": id, "workflowType": kind, "buildId": from, "replayedOn": on, "result": result, "message": message});
            let all: Vec<_> = rows.iter().map(one).collect();
            printer.line(&json!({"namespace": scene.cluster.namespace, "replays": all}).to_string());
        } else if rows.is_empty() {
            printer.note(&format!("no execution is open in namespace {}", scene.cluster.namespace));
        } else {
            table(["EXECUTION", "TYPE", "BUILD ID", "REPLAYED ON", "RESULT", "MESSAGE"], &rows).iter().for_each(|line| printer.line(line));
        }
        match undone {
            Some(why) => Err(Stop::Machine(format!("not everything could be replayed: {why}"))),
            None if differ > 0 => Err(Stop::NotWell),
            None => Ok(()),
        }
    }
}
