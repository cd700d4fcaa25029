//! A `Workflow`: compiled, type-checked, served; and, when it is deleted, what becomes of its executions.

use super::compiler::inputs;
use super::{Again, Context, Error, Stores, schedule, task_queue};
use crate::api::conditions::{
    COMPILED, Conditions, LIVE, READY, RECONCILING, STALLED, Status, TYPE_CHECKED, UPGRADABLE, find, find_true, is_true,
};
use crate::api::labels::FINALIZER;
use crate::api::{DeletionPolicy, TaskQueue, WorkerVersion, Workflow, WorkflowStatus};
use crate::cluster::Told;
use crate::plan::states;
use crate::plan::workflow::{Observed, Outcome, Queue, status};
use crate::reconcile::temporal_target;
use crate::temporal::{self, Client, OpenFilter};
use jiff::Timestamp;
use kube::ResourceExt;
use std::sync::Arc;
use std::time::Duration;

/// How often the executions of a workflow that is being deleted are counted.
const COUNT: Duration = Duration::from_secs(5);
/// How many executions are terminated at a time.
const BATCH: usize = 100;

/// Brings a workflow one step on.
///
/// # Errors
/// The API server's, or Temporal's; the workflow is looked at again, later and later.
pub async fn reconcile(workflow: Arc<Workflow>, context: Arc<Context>) -> Result<Again, Error> {
    let namespace = workflow.namespace().unwrap_or_default();
    if context.stores.is_terminating(&namespace) {
        // Nothing can be made here, and pods end whatever we do: open executions stay on the server.
        context.cluster.hold(workflow.as_ref(), FINALIZER, false).await?;
        return Ok(None);
    }
    if workflow.metadata.deletion_timestamp.is_some() {
        return leave(&workflow, &context).await;
    }
    context.cluster.hold(workflow.as_ref(), FINALIZER, workflow.spec.deletion_policy != DeletionPolicy::Orphan).await?;
    let queue = task_queue::ensure(&context, &namespace, &workflow.spec.task_queue).await?;
    let inputs = inputs(&context, &workflow);
    let referred: Vec<String> = inputs
        .workflows
        .keys()
        .filter(|name| **name != workflow.name_any())
        .map(|name| format!("Workflow/{name}"))
        .chain(inputs.modules.keys().map(|name| format!("ActivityModule/{name}")))
        .collect();
    let last = workflow.status.clone().unwrap_or_default();
    let digest = inputs.digest.clone();
    let (workflow_type, outcome, diagnostics) = if is_known_good(&last, &digest) {
        (last.workflow_type.clone().unwrap_or_default(), Outcome::Good, last.diagnostics.clone())
    } else {
        let (compiled, took) = context.compiler.compile(inputs).await;
        if let Some(took) = took {
            context.metrics.compiled(took);
        }
        (compiled.workflow_type.clone(), compiled.outcome.clone(), compiled.diagnostics.clone())
    };
    context.index.compiled(&namespace, &workflow.name_any(), referred, outcome != Outcome::Good);
    if outcome == Outcome::Good {
        schedule::owned::ensure(&workflow, &context).await?;
    }
    let again = matches!(outcome, Outcome::Unfinished(_)).then_some(Duration::from_secs(30));
    let generation = workflow.metadata.generation;
    let queue = view(&context, &namespace, &queue, (&workflow.name_any(), &digest));
    let new = status(Observed { now: Timestamp::now(), generation, last: &last, workflow_type, digest, outcome, diagnostics, queue });
    for told in transitions(&last, &new) {
        context.cluster.tell(workflow.as_ref(), told).await;
    }
    context.cluster.write_status(workflow.as_ref(), workflow.status.as_ref(), &new).await?;
    Ok(again)
}

/// A definition that passed everything before is not compiled again, whatever the operator's version.
fn is_known_good(last: &WorkflowStatus, digest: &str) -> bool {
    last.definition_digest.as_deref() == Some(digest) && is_true(&last.conditions, COMPILED) && is_true(&last.conditions, TYPE_CHECKED)
}

/// What the task queue says about a workflow.
fn view(context: &Context, namespace: &str, queue: &TaskQueue, (workflow, digest): (&str, &str)) -> Queue {
    let Some(status) = &queue.status else { return Queue::default() };
    let current = status.current.as_ref().map(|current| {
        let version = Stores::find(&context.stores.versions, namespace, &current.name);
        let served = version.and_then(|version| {
            let entry = version.spec.workflows.iter().find(|entry| entry.name == workflow)?;
            Some(if version.has(&entry.workflow_type, digest) { digest.to_owned() } else { entry.definition_digest.clone() })
        });
        (current.build_id.clone(), served)
    });
    let word = |kind: &str| find_true(&status.conditions, kind).map(|condition| (condition.reason.clone(), condition.message.clone()));
    Queue { current, waits: word(RECONCILING), stuck: word(STALLED), upgradable: upgradable(context, namespace, queue, workflow) }
}

/// Whether runs of older versions of the workflow go on on the queue's current one.
fn upgradable(context: &Context, namespace: &str, queue: &TaskQueue, workflow: &str) -> Option<(Status, &'static str, String)> {
    let current = queue.status.as_ref()?.current.as_ref()?;
    let current = Stores::find(&context.stores.versions, namespace, &current.name)?;
    let names = context.index.versions_of(namespace, &queue.name_any());
    let versions: Vec<_> = names.iter().filter_map(|name| Stores::find(&context.stores.versions, namespace, name)).collect();
    let versions: Vec<&WorkerVersion> = versions.iter().map(AsRef::as_ref).collect();
    states::upgradable(workflow, &current, &versions)
}

fn transitions(last: &WorkflowStatus, new: &WorkflowStatus) -> Vec<Told> {
    let mut told = Vec::new();
    for (kind, is_news_when) in [(COMPILED, "False"), (TYPE_CHECKED, "False"), (UPGRADABLE, "False"), (LIVE, "True")] {
        let Some(condition) = find(&new.conditions, kind).filter(|condition| condition.status == is_news_when) else { continue };
        let before = find(&last.conditions, kind);
        if before.is_none_or(|before| before.status != condition.status || before.message != condition.message) {
            let is_warning = is_news_when == "False";
            let reason = if kind == LIVE { "Live".to_owned() } else { condition.reason.clone() };
            told.push(Told { reason, message: condition.message.clone(), is_warning });
        }
    }
    told
}

/// The workflow is being deleted: its executions end first, by themselves or by us.
async fn leave(workflow: &Arc<Workflow>, context: &Arc<Context>) -> Result<Again, Error> {
    if !workflow.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(None);
    }
    let policy = workflow.spec.deletion_policy;
    let open = if policy == DeletionPolicy::Orphan { Open::Counted(0) } else { count(workflow, context).await? };
    match open {
        Open::Counted(0) | Open::NeverRan => {
            context.cluster.hold(workflow.as_ref(), FINALIZER, false).await?;
            Ok(None)
        }
        Open::Counted(open) => {
            let (reason, message) = match policy {
                DeletionPolicy::Terminate => ("Terminating", format!("{open} open executions are being terminated")),
                _ => ("Draining", format!("{open} open executions go on to their end; deletionPolicy: Terminate ends them")),
            };
            say_leaving(workflow, context, reason, message, Some(open)).await?;
            Ok(Some(COUNT))
        }
        Open::Unknown(why) => {
            let message = format!("open executions cannot be counted: {why}; deletionPolicy: Orphan lets the object go at once");
            say_leaving(workflow, context, "ExecutionsUnknown", message, None).await?;
            Ok(Some(COUNT * 6))
        }
    }
}

enum Open {
    Counted(i64),
    /// There is no Temporal that it could have run on.
    NeverRan,
    Unknown(String),
}

async fn count(workflow: &Workflow, context: &Context) -> Result<Open, Error> {
    let namespace = workflow.namespace().unwrap_or_default();
    let name = &workflow.spec.task_queue;
    let Some(queue) = context.queue(&namespace, name) else { return Ok(Open::NeverRan) };
    let has_answered = queue.status.as_ref().is_some_and(|status| status.deployment_name.is_some());
    let temporal = match temporal_target::find(context, &queue).await? {
        Ok(temporal) => temporal,
        Err(_) if !has_answered => return Ok(Open::NeverRan),
        Err((_, why)) => return Ok(Open::Unknown(why)),
    };
    let client = match context.temporal.client(&temporal.target).await {
        Ok(client) => client,
        Err(error) if has_answered => return Ok(Open::Unknown(error.to_string())),
        Err(_) => return Ok(Open::NeverRan),
    };
    let status = workflow.status.clone().unwrap_or_default();
    let workflow_type = status.workflow_type.unwrap_or_else(|| crate::definition::workflow_type_of(&workflow.name_any()));
    let filter = OpenFilter { workflow_type: Some(&workflow_type), task_queue: Some(name), ..OpenFilter::default() };
    match open(&client, &filter, workflow).await {
        Ok(open) => Ok(Open::Counted(open)),
        Err(temporal::Error::NamespaceNotFound { .. }) => Ok(Open::NeverRan),
        Err(error) => Ok(Open::Unknown(error.to_string())),
    }
}

async fn open(client: &Client, filter: &OpenFilter<'_>, workflow: &Workflow) -> Result<i64, temporal::Error> {
    if workflow.spec.deletion_policy == DeletionPolicy::Terminate {
        for execution in client.list_open(filter, BATCH).await? {
            let reason = format!("Workflow/{} was deleted with deletionPolicy: Terminate", workflow.name_any());
            match client.terminate(&execution.id, &reason).await {
                Ok(()) | Err(temporal::Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(i64::try_from(client.count_open(filter).await?).unwrap_or(i64::MAX))
}

async fn say_leaving(workflow: &Workflow, context: &Context, reason: &str, message: String, open: Option<i64>) -> Result<(), Error> {
    let last = workflow.status.clone().unwrap_or_default();
    let mut conditions = Conditions::from(&last.conditions, workflow.metadata.generation, Timestamp::now());
    conditions.set(READY, false, reason, message.clone());
    conditions.set(RECONCILING, true, reason, message.clone());
    conditions.set(STALLED, false, reason, "");
    if find(&last.conditions, READY).is_none_or(|ready| ready.reason != reason) {
        context.cluster.tell(workflow, Told { reason: reason.to_owned(), message, is_warning: false }).await;
    }
    let status = WorkflowStatus {
        observed_generation: workflow.metadata.generation,
        conditions: conditions.into_list(),
        open_executions: open,
        ..last
    };
    context.cluster.write_status(workflow, workflow.status.as_ref(), &status).await?;
    Ok(())
}
