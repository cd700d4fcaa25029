//! `warpline schedule`

use super::Stop;
use super::kubernetes::{Cluster, words};
use super::output::Printer;
use crate::api::labels::{BACKFILL, TRIGGER, UNPAUSE};
use crate::api::{Schedule as Object, ScheduleStatus};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

/// Start a schedule's workflow now, make up for runs that were not made, pause it and end the pause.
///
/// Says so to the operator by annotations and by `spec.paused`; `status` only tells how it stands.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # How is it?
  warpline schedule status nightly -n builds

  # Run it once more, now
  warpline schedule trigger nightly -n builds

  # Make the runs of a day on which it was paused, one after the other
  warpline schedule backfill nightly -n builds --from 2027-01-01T00:00:00Z --to 2027-01-02T00:00:00Z")]
pub(super) struct Schedule {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    cluster: Cluster,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tell how it stands.
    Status(Name),
    /// Start its workflow now, whether it is paused or not.
    Trigger(Name),
    /// Make the runs of a time that has passed.
    Backfill {
        #[command(flatten)]
        name: Name,
        /// From when on.
        #[arg(long, value_name = "TIME")]
        from: Timestamp,
        /// Until when.
        #[arg(long, value_name = "TIME")]
        to: Timestamp,
        /// What happens to runs that meet: Skip, BufferOne, BufferAll, CancelOther, TerminateOther or AllowAll.
        #[arg(long, value_name = "POLICY", default_value = "BufferAll")]
        overlap: String,
    },
    /// Start nothing more.
    Pause {
        #[command(flatten)]
        name: Name,
        /// Why, for people.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// End the pause, also one that a failure made.
    Unpause(Name),
}

#[derive(Debug, Args)]
struct Name {
    /// The Schedule.
    #[arg(value_name = "SCHEDULE")]
    name: String,
}

impl Schedule {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let connected = self.cluster.connect().await?;
        let namespace = connected.namespace;
        let schedules: Api<Object> = Api::namespaced(connected.client, &namespace);
        let name = self.action.name();
        let failed = |error: kube::Error| Stop::Machine(format!("Schedule {namespace}/{name}: {}", words(&error)));
        let now = Timestamp::now().to_string();
        let (patch, said) = match &self.action {
            Action::Status(_) => {
                let status = schedules.get(name).await.map_err(failed)?.status.unwrap_or_default();
                stand(&status).iter().for_each(|line| printer.line(line));
                return Ok(());
            }
            Action::Trigger(_) => (annotated(TRIGGER, &now), format!("annotated: {TRIGGER}={now}")),
            Action::Backfill { from, to, overlap, .. } => {
                let text = format!("{from}/{to}/{overlap}");
                (annotated(BACKFILL, &text), format!("annotated: {BACKFILL}={text}"))
            }
            Action::Pause { note, .. } => (json!({"spec": {"paused": true, "pausedNote": note}}), "paused".to_owned()),
            Action::Unpause(_) => {
                let mut patch = annotated(UNPAUSE, &now);
                patch["spec"] = json!({"paused": false, "pausedNote": null});
                (patch, "on again".to_owned())
            }
        };
        schedules.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
        printer.line(&format!("schedule/{name} {said}"));
        Ok(())
    }
}

impl Action {
    fn name(&self) -> &str {
        match self {
            Self::Status(name) | Self::Trigger(name) | Self::Unpause(name) | Self::Backfill { name, .. } | Self::Pause { name, .. } => {
                &name.name
            }
        }
    }
}

fn annotated(name: &str, text: &str) -> Value {
    json!({"metadata": {"annotations": {name: text}}})
}

/// How it stands, in lines.
fn stand(status: &ScheduleStatus) -> Vec<String> {
    let ready = crate::api::conditions::find(&status.conditions, crate::api::conditions::READY);
    let mut lines = vec![ready.map_or_else(|| "not looked at yet".to_owned(), |ready| ready.message.clone())];
    if let Some(last) = &status.last_run {
        let error = last.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        lines.push(format!("last  {} {} {}{error}", last.time.0, last.result, last.workflow_id));
    }
    lines.extend(status.next_runs.iter().map(|next| format!("next  {}", next.0)));
    let counts = [
        (status.running, "running"),
        (status.runs, "made"),
        (status.buffered, "waiting"),
        (status.skipped_overlap, "left out because one ran"),
        (status.missed_catchup, "missed"),
    ];
    let counts: Vec<String> = counts.iter().map(|(count, what)| format!("{count} {what}")).collect();
    lines.push(format!("runs  {}", counts.join(", ")));
    lines
}
