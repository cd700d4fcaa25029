//! Which executions a command is about, as options of the command line; what the cluster and Temporal know of them.

use crate::api::{TaskQueue, WorkerVersion, Workflow};
use crate::cli::Stop;
use crate::cli::connection::Connection;
use crate::cli::kubernetes::{Cluster, Connected};
use crate::cli::output::Printer;
use crate::plan::executions::{Fleet, Seen};
use crate::plan::overview::workflow_type;
use crate::temporal::{Behavior, Client, Error, ExecutionId, ExecutionStatus, OpenFilter, Override};
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use kube::ResourceExt;
use kube::api::ListParams;

/// Where executions are looked for.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only on this TaskQueue, by its name or the queue's.
    #[arg(long, short, value_name = "TASKQUEUE")]
    queue: Option<String>,
    /// Only on the version with this build ID.
    #[arg(long, value_name = "BUILD_ID")]
    pub(super) on: Option<String>,
    /// At most so many of each TaskQueue.
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    limit: usize,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    connection: Connection,
}

/// Which executions, by their IDs or their Workflow.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// Executions, by their workflow IDs; with none, all that the other options name.
    #[arg(value_name = "WORKFLOW_ID")]
    ids: Vec<String>,
    /// Only those of this Workflow.
    #[arg(long, short, value_name = "WORKFLOW", conflicts_with = "ids")]
    workflow: Option<String>,
    #[command(flatten)]
    which: Which,
}

impl Chosen {
    /// Looks.
    pub(super) async fn look(&self, printer: &Printer) -> Result<Scene, Stop> {
        let named = if self.ids.is_empty() { Named::Workflow(self.workflow.as_deref()) } else { Named::Ids(&self.ids) };
        self.which.look(named, printer).await
    }
}

/// The run of an execution.
pub(super) fn run_of(seen: &Seen) -> ExecutionId {
    ExecutionId { workflow_id: seen.workflow_id.clone(), run_id: seen.run_id.clone() }
}

/// What is known.
pub(super) struct Scene {
    pub(super) cluster: Connected,
    pub(super) queues: Vec<Served>,
}

/// A task queue, with the open executions on its versions.
pub(super) struct Served {
    pub(super) name: String,
    pub(super) client: Client,
    pub(super) deployment: String,
    pub(super) fleet: Fleet,
    pub(super) seen: Vec<Seen>,
}

/// What somebody named, beside the options.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    /// A Workflow, or everything.
    Workflow(Option<&'a str>),
    /// Executions, by their IDs.
    Ids(&'a [String]),
}

impl Which {
    /// Looks.
    pub(super) async fn look(&self, named: Named<'_>, printer: &Printer) -> Result<Scene, Stop> {
        let cluster = self.cluster.connect().await?;
        let workflow = match named {
            Named::Workflow(Some(name)) => Some(cluster.get::<Workflow>(name).await?),
            _ => None,
        };
        let versions: Vec<WorkerVersion> = cluster.list(&ListParams::default()).await?;
        let mut queues = Vec::new();
        for queue in self.queues(&cluster, workflow.as_ref()).await? {
            let Some(deployment) = queue.status.as_ref().and_then(|status| status.deployment_name.clone()) else { continue };
            let client = self.connection.client_of(&cluster, &queue).await?;
            let name = queue.name_any();
            let of_it = versions.iter().filter(|version| version.spec.task_queue == name && version.spec.deployment_name.is_some());
            let known = client.deployment(&deployment).await.map_err(Stop::machine)?;
            let fleet = Fleet {
                current: known.as_ref().and_then(|known| known.current.clone()),
                ramping: known.and_then(|known| known.ramping).and_then(|ramp| ramp.build_id),
                versions: of_it.cloned().collect(),
            };
            let ids = match named {
                Named::Ids(ids) => named_on(&client, &queue, ids).await?,
                Named::Workflow(_) => self.listed(&client, &deployment, workflow.as_ref(), printer).await?,
            };
            let seen = stand(&client, ids).await.map_err(Stop::machine)?;
            let seen = seen.into_iter().filter(|seen| self.on.is_none() || seen.build_id == self.on).collect();
            queues.push(Served { name, client, deployment, fleet, seen });
        }
        let scene = Scene { cluster, queues };
        if let Named::Ids(ids) = named {
            scene.all_are_there(ids)?;
        }
        Ok(scene)
    }

    async fn queues(&self, cluster: &Connected, workflow: Option<&Workflow>) -> Result<Vec<TaskQueue>, Stop> {
        let mut queues: Vec<TaskQueue> = cluster.list(&ListParams::default()).await?;
        if let Some(name) = &self.queue {
            queues.retain(|queue| queue.name_any() == *name || queue.temporal_name() == name);
            if queues.is_empty() {
                return Err(Stop::Usage(format!("namespace {} has no TaskQueue {name}; warpline versions lists them", cluster.namespace)));
            }
        }
        queues.retain(|queue| workflow.is_none_or(|workflow| workflow.spec.task_queue == queue.temporal_name()));
        Ok(queues)
    }

    async fn listed(
        &self,
        client: &Client,
        deployment: &str,
        workflow: Option<&Workflow>,
        printer: &Printer,
    ) -> Result<Vec<(ExecutionId, String)>, Stop> {
        let workflow_type = workflow.map(workflow_type);
        let filter = OpenFilter {
            deployment: Some(deployment),
            build_id: self.on.as_deref(),
            workflow_type: workflow_type.as_deref(),
            ..OpenFilter::default()
        };
        let found = client.list_open(&filter, self.limit).await.map_err(Stop::machine)?;
        if found.len() >= self.limit {
            printer.note(&format!("only the first {} executions on {deployment}; --limit looks at more", self.limit));
        }
        Ok(found.into_iter().map(|open| (open.id, open.workflow_type)).collect())
    }
}

impl Scene {
    fn all_are_there(&self, ids: &[String]) -> Result<(), Stop> {
        let is_there = |id: &String| self.queues.iter().flat_map(|queue| &queue.seen).any(|seen| seen.workflow_id == *id);
        match ids.iter().find(|id| !is_there(id)) {
            None => Ok(()),
            Some(id) => Err(Stop::Usage(format!(
                "no execution `{id}` is open on the TaskQueues of namespace {}{}; warpline executions lists those that are",
                self.cluster.namespace,
                if self.queues.is_empty() { ", of which none serves" } else { "" }
            ))),
        }
    }
}

/// The newest runs of those IDs that are open on the queue.
async fn named_on(client: &Client, queue: &TaskQueue, ids: &[String]) -> Result<Vec<(ExecutionId, String)>, Stop> {
    let mut found = Vec::new();
    for id in ids {
        match client.describe(&ExecutionId::newest(id)).await {
            Ok(known) => {
                let is_open = matches!(known.status, ExecutionStatus::Running | ExecutionStatus::Paused);
                if is_open && known.task_queue == queue.temporal_name() {
                    found.push((known.id, known.workflow_type));
                }
            }
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(Stop::machine(error)),
        }
    }
    Ok(found)
}

/// How executions stand with versions; those that ended meanwhile are left out.
async fn stand(client: &Client, ids: Vec<(ExecutionId, String)>) -> Result<Vec<Seen>, Error> {
    let look = |(id, workflow_type): (ExecutionId, String)| async move {
        let known = match client.versioning(&id).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            known => known?,
        };
        let pinned_to = match known.override_ {
            Some(Override::Pinned { ref build_id, .. }) => Some(build_id.clone()),
            _ => None,
        };
        let moves = match known.override_ {
            Some(Override::AutoUpgrade) => true,
            Some(Override::Pinned { .. }) => false,
            None => known.behavior == Behavior::AutoUpgrade,
        };
        let build_id = pinned_to.clone().or(known.build_id);
        Ok(Some(Seen { workflow_id: id.workflow_id, run_id: id.run_id, workflow_type, build_id, moves, pinned_to }))
    };
    let found: Vec<Option<Seen>> = futures::stream::iter(ids).map(look).buffered(16).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
