//! `warpline promote`, `warpline abort`, `warpline retry` and `warpline rollback`: what a user asks of a queue's rollout.

use super::Stop;
use super::kubernetes::{Cluster, Connected, words};
use super::output::Printer;
use crate::api::labels::{ABORT, PROMOTE, RETRY, ROLLBACK};
use crate::api::{TaskQueue, WorkerVersion};
use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

/// Make the version that waits current, past all steps.
///
/// Concerns the version that the queue's Workflows ask for now; one that comes later goes its own way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Make the waiting version current
  warpline promote engine -n builds")]
pub(super) struct Promote {
    #[command(flatten)]
    of: Of,
}

/// Begin new executions on the last version again, where the new one is not current yet.
#[derive(Debug, Args)]
pub(super) struct Abort {
    #[command(flatten)]
    of: Of,
}

/// Try a version again that failed.
#[derive(Debug, Args)]
pub(super) struct Retry {
    #[command(flatten)]
    of: Of,
}

/// Begin new executions on an earlier version, at once.
///
/// Open executions stay on the versions that they are on. It holds until the Workflows change: then the version that they ask for is rolled out as ever.
/// Where Workflows come from Git, a revert there does the same and stays.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Back to the version before
  warpline rollback engine -n builds

  # Back to one of those that `warpline versions engine` shows
  warpline rollback engine -n builds --to 3f9a6c01d2e4b587

  # Forward again
  warpline rollback engine -n builds --undo")]
pub(super) struct Rollback {
    #[command(flatten)]
    of: Of,
    /// The build ID to go back to; by default the newest that was current before.
    #[arg(long, value_name = "BUILD_ID", conflicts_with = "undo")]
    to: Option<String>,
    /// Go on to the version that the Workflows ask for.
    #[arg(long)]
    undo: bool,
}

#[derive(Debug, Args)]
struct Of {
    /// The TaskQueue.
    #[arg(value_name = "TASKQUEUE")]
    name: String,
    #[command(flatten)]
    cluster: Cluster,
}

impl Promote {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let (connected, queue) = self.of.queue().await?;
        let target = target(&queue, &connected)?;
        annotate(&connected, &self.of.name, PROMOTE, json!(target)).await?;
        printer.line(&format!("taskqueue/{}: version {target} becomes current as soon as its pods and checks let it", self.of.name));
        Ok(())
    }
}

impl Abort {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let (connected, queue) = self.of.queue().await?;
        let target = target(&queue, &connected)?;
        if current(&queue) == Some(target.clone()) {
            return Err(Stop::Usage(format!("version {target} is current already: warpline rollback {} goes back from it", self.of.name)));
        }
        annotate(&connected, &self.of.name, ABORT, json!(target)).await?;
        printer.line(&format!("taskqueue/{}: version {target} does not become current", self.of.name));
        Ok(())
    }
}

impl Retry {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let (connected, queue) = self.of.queue().await?;
        let target = target(&queue, &connected)?;
        annotate(&connected, &self.of.name, RETRY, json!(Timestamp::now().to_string())).await?;
        printer.line(&format!("taskqueue/{}: version {target} is tried again", self.of.name));
        Ok(())
    }
}

impl Rollback {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let (connected, queue) = self.of.queue().await?;
        if self.undo {
            annotate(&connected, &self.of.name, ROLLBACK, Value::Null).await?;
            printer.line(&format!("taskqueue/{}: goes on to the version that its Workflows ask for", self.of.name));
            return Ok(());
        }
        let target = target(&queue, &connected)?;
        let versions: Vec<WorkerVersion> = connected.list(&ListParams::default()).await?;
        let to = chosen(&versions, &self.of.name, &target, self.to.as_deref()).map_err(Stop::Usage)?;
        annotate(&connected, &self.of.name, ROLLBACK, json!(format!("{target}/{to}"))).await?;
        printer.line(&format!("taskqueue/{}: new executions begin on version {to} in place of {target}", self.of.name));
        Ok(())
    }
}

/// The version to go back to, or why there is none.
fn chosen(versions: &[WorkerVersion], queue: &str, target: &str, named: Option<&str>) -> Result<String, String> {
    let of_queue = |version: &&WorkerVersion| version.spec.task_queue == queue && version.spec.content_queue.is_none();
    let was_current = |version: &&WorkerVersion| version.status.as_ref().is_some_and(|status| status.was_current);
    let mut known: Vec<_> = versions.iter().filter(of_queue).filter(|version| version.spec.build_id != target).collect();
    known.sort_by_key(|version| version.metadata.creation_timestamp.as_ref().map(|time| time.0));
    match named {
        Some(named) if named == target => Err(format!("version {target} is the one that the Workflows ask for: --undo goes on to it")),
        Some(named) => match known.iter().find(|version| version.spec.build_id == named) {
            Some(version) => Ok(version.spec.build_id.clone()),
            None => Err(format!("TaskQueue {queue} has no version {named}: warpline versions {queue} shows those that it has")),
        },
        None => known.iter().rev().find(|version| was_current(version)).map(|version| version.spec.build_id.clone()).ok_or_else(|| {
            format!("TaskQueue {queue} has no earlier version that was current: apply its definitions again, which make the same version")
        }),
    }
}

impl Of {
    async fn queue(&self) -> Result<(Connected, TaskQueue), Stop> {
        let connected = self.cluster.connect().await?;
        let queue = connected.get(&self.name).await?;
        Ok((connected, queue))
    }
}

fn target(queue: &TaskQueue, connected: &Connected) -> Result<String, Stop> {
    let target = queue.status.as_ref().and_then(|status| status.target.as_ref());
    target
        .map(|target| target.build_id.clone())
        .ok_or_else(|| Stop::Usage(format!("TaskQueue {}/{} has no version yet", connected.namespace, queue.name_any())))
}

fn current(queue: &TaskQueue) -> Option<String> {
    queue.status.as_ref()?.current.as_ref().map(|current| current.build_id.clone())
}

async fn annotate(connected: &Connected, name: &str, key: &str, value: Value) -> Result<(), Stop> {
    let queues: Api<TaskQueue> = Api::namespaced(connected.client.clone(), &connected.namespace);
    let patch = json!({"metadata": {"annotations": {key: value}}});
    let failed = |error: kube::Error| Stop::Machine(format!("TaskQueue {}/{name}: {}", connected.namespace, words(&error)));
    queues.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
    Ok(())
}
