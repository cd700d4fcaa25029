//! `warpline rollout`

use super::Stop;
use super::output::Printer;
use crate::api::TaskQueue;
use crate::api::conditions::{ROLLED_OUT, find};
use crate::api::labels::{ABORT, PROMOTE, RETRY};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Config};
use serde_json::json;

/// Say how the rollout of a task queue's version is to go on.
///
/// Sets the annotation that the operator looks for, for the version that the queue's Workflows ask for now; `status` only tells how it stands.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # How far is it?
  warpline rollout status engine -n builds

  # Make the waiting version current, past all steps
  warpline rollout promote engine -n builds")]
pub(super) struct Rollout {
    /// What to do.
    #[arg(value_enum)]
    action: Action,
    /// The TaskQueue.
    #[arg(value_name = "TASKQUEUE")]
    name: String,
    /// Its namespace; by default that of your kubeconfig.
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Tell how it stands.
    Status,
    /// Go on at once, to the end.
    Promote,
    /// Begin new executions on the last version again.
    Abort,
    /// Try a version again that failed.
    Retry,
}

impl Rollout {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let config = Config::infer().await.map_err(|error| Stop::Machine(format!("no Kubernetes API server: {error}; set KUBECONFIG")))?;
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(Stop::machine)?;
        let queues: Api<TaskQueue> = Api::namespaced(client, &namespace);
        let queue = queues
            .get(&self.name)
            .await
            .map_err(|error| Stop::Machine(format!("TaskQueue {namespace}/{}: {}", self.name, words(&error))))?;
        let status = queue.status.unwrap_or_default();
        let target = status.target.as_ref().map(|target| target.build_id.clone());
        let annotation = match (self.action, target.clone()) {
            (Action::Status, _) => None,
            (Action::Promote, Some(target)) => Some((PROMOTE, target)),
            (Action::Abort, Some(target)) => Some((ABORT, target)),
            (Action::Retry, _) => Some((RETRY, Timestamp::now().to_string())),
            (_, None) => return Err(Stop::Usage(format!("TaskQueue {namespace}/{} has no version on its way", self.name))),
        };
        if let Some((key, value)) = annotation {
            let patch = json!({"metadata": {"annotations": {key: value}}});
            queues.patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(Stop::machine)?;
            printer.line(&format!("taskqueue/{} annotated: {key}={value}", self.name));
            return Ok(());
        }
        let current = status.current.map_or_else(|| "none".to_owned(), |current| current.build_id);
        let message = find(&status.conditions, ROLLED_OUT).map_or("not looked at yet", |condition| condition.message.as_str());
        printer.line(&format!("current {current}, asked for {}: {message}", target.as_deref().unwrap_or("none")));
        Ok(())
    }
}

/// What the API server said, without the rest of its answer.
pub(super) fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
