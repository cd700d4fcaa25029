//! `warpline release`

use super::Stop;
use super::output::Printer;
use crate::api::labels::FINALIZER;
use crate::api::{Schedule, TaskQueue, WorkerVersion, Workflow};
use crate::cluster::{disown, let_go, stop_operator};
use crate::telemetry::{LogFormat, Traces, init_logs};
use clap::Args;
use kube::Client;

/// Stop the operator and take its finalizers from every object, before it is uninstalled.
///
/// Workers and open executions go on; Workflows and TaskQueues can be deleted without an operator, and are then not drained. The Helm chart runs this
/// before it is uninstalled.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # The operator that was installed as warpline in the namespace warpline-system
  warpline release --deployment warpline --deployment-namespace warpline-system")]
pub(super) struct Release {
    /// The operator's Deployment, which is scaled to zero first.
    #[arg(long, value_name = "NAME", env = "WARPLINE_DEPLOYMENT", default_value = "warpline")]
    deployment: String,
    /// Its namespace.
    #[arg(long, value_name = "NAMESPACE", env = "POD_NAMESPACE", default_value = "warpline-system")]
    deployment_namespace: String,
    /// Only objects in these namespaces; without it, in all of them.
    #[arg(long, value_name = "NAMESPACE", env = "WARPLINE_WATCH_NAMESPACES", value_delimiter = ',')]
    watch_namespace: Vec<String>,
    /// How log lines look.
    #[arg(long, value_enum, env = "WARPLINE_LOG_FORMAT", default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// What is logged.
    #[arg(long, value_name = "LEVEL", env = "WARPLINE_LOG_LEVEL", default_value = "info")]
    log_level: String,
}

impl Release {
    pub(super) async fn run(&self, _: &Printer) -> Result<(), Stop> {
        init_logs(self.log_format, &self.log_level, &Traces::default()).map_err(Stop::Usage)?;
        let client = Client::try_default().await.map_err(|error| Stop::Machine(format!("no Kubernetes API server: {error}")))?;
        stop_operator(&client, &self.deployment_namespace, &self.deployment).await.map_err(Stop::machine)?;
        tracing::info!(deployment = self.deployment, "the operator is stopped");
        let namespaces: Vec<Option<&str>> = match self.watch_namespace.as_slice() {
            [] => vec![None],
            some => some.iter().filter(|namespace| !namespace.is_empty()).map(|namespace| Some(namespace.as_str())).collect(),
        };
        for namespace in namespaces {
            let workflows = let_go::<Workflow>(&client, namespace, FINALIZER).await.map_err(Stop::machine)?;
            let queues = let_go::<TaskQueue>(&client, namespace, FINALIZER).await.map_err(Stop::machine)?;
            let schedules = let_go::<Schedule>(&client, namespace, FINALIZER).await.map_err(Stop::machine)?;
            tracing::info!(namespace, workflows, queues, schedules, "finalizers are removed");
            let versions = disown::<WorkerVersion>(&client, namespace).await.map_err(Stop::machine)?;
            tracing::info!(namespace, versions, "versions go with their queues");
        }
        Ok(())
    }
}
