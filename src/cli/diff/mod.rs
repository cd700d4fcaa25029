//! `warpline diff`: what files would change on a cluster, found out by the operator's own thinking, without a write.

mod changes;
mod world;

use super::Stop;
use super::check::checker;
use super::kubernetes::Cluster;
use super::output::Printer;
use super::pack::{Scratch, client};
use crate::api::{OnContinueAsNew, StatusDiagnostic, VersioningBehavior, Workflow};
use crate::definition::{Documents, workflow_from_value};
use crate::diagnostic::{Report, has_errors};
use crate::plan::overview::Snapshot;
use crate::project;
use crate::reconcile::{Foreseen, Objects, Tools, Trial};
use clap::Args;
use kube::ResourceExt;
use serde::Serialize;
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Show what files would change on a cluster: nodes, generated code, versions, and which executions stay where.
///
/// Nothing is written. Workflows are compiled and type-checked with what is on the cluster, also those that the files don't hold but that use what
/// changes. A module of the files with a `path` is taken as it lies there: so an edit of activities that breaks a Workflow is seen before it is published.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # What would applying this folder do?
  warpline diff manifests/examples/package-builder -n builds")]
pub(super) struct Diff {
    /// Files or folders; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The registries of built modules speak HTTP without TLS.
    #[arg(long)]
    plain_http: bool,
    /// A docker config.json with the credentials of the registries of built modules, whose types are read there.
    #[arg(long, value_name = "FILE")]
    registry_config: Option<PathBuf>,
    #[command(flatten)]
    cluster: Cluster,
}

/// What would become of a workflow.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    workflow: String,
    /// `new`, `changed`, or `affected` where only something that it refers to changed.
    change: &'static str,
    /// Nodes, edges and fields, a line each.
    changes: Vec<String>,
    /// What keeps it from compiling.
    errors: Vec<StatusDiagnostic>,
    /// Why it could not be compiled here.
    unknown: Option<String>,
    /// The generated TypeScript, as a unified diff; empty where it stays the same.
    code: String,
}

/// What would become of a queue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Queue {
    task_queue: String,
    /// The build ID that new executions begin on now.
    current: Option<String>,
    /// The build ID that they would begin on; none where it can't be told.
    build_id: Option<String>,
    /// What there is to say about that.
    message: String,
    /// What becomes of open executions, by build ID.
    open: BTreeMap<String, String>,
}

impl Diff {
    pub(super) async fn run(&self, printer: &Printer) -> Result<(), Stop> {
        let (documents, found) = project::documents(&self.files)?;
        if has_errors(&found) {
            printer.diagnostics(&found, &documents);
            return Err(Stop::Definition);
        }
        let cluster = self.cluster.connect().await?;
        let snapshot = cluster.snapshot().await?;
        let now = world::now(&snapshot);
        let then = world::then(&cluster, &documents, &now).await?;
        let scratch = Scratch::new(None).map_err(Stop::machine)?;
        let checker = checker(printer).await?;
        let registry = client(self.plain_http, self.registry_config.as_deref()).map_err(Stop::machine)?;
        let trial = |objects: &Objects, local| {
            let (client, scratch) = (cluster.client.clone(), scratch.folder.clone());
            Trial::new(Tools { client, checker: checker.clone(), scratch, registry: registry.clone(), local }, objects.clone())
        };
        let (before, after) = (trial(&now, BTreeMap::new()), trial(&then, local(&documents)));
        let mut changed = Vec::new();
        for workflow in &then.workflows {
            changed.extend(compare(&before, &after, &now, workflow).await);
        }
        let queues = queues(&after, &snapshot, &then, &changed).await?;
        say(&changed, &queues, &cluster.namespace, printer);
        if changed.iter().any(|changed| !changed.errors.is_empty()) { Err(Stop::Definition) } else { Ok(()) }
    }
}

/// The declarations of modules whose packages lie on this machine.
fn local(documents: &Documents) -> BTreeMap<String, project::Declarations> {
    let found =
        documents.modules.iter().filter_map(|module| Some((module.name.clone(), project::package(module, documents)?.declarations?)));
    found.collect()
}

/// How a workflow would differ; none where it would not.
async fn compare(before: &Trial, after: &Trial, now: &Objects, workflow: &Workflow) -> Option<Changed> {
    let name = workflow.name_any();
    let old = now.workflows.iter().find(|old| old.name_any() == name);
    let is_same = old.is_some_and(|old| before.digest(old) == after.digest(workflow));
    if is_same && !after.uses_local(workflow) {
        return None;
    }
    let spec = |workflow: &Workflow| serde_json::to_value(&workflow.spec).unwrap_or_default();
    let drawing = |workflow: &Workflow| workflow_from_value(&name, &spec(workflow), &Report::new()).map(|read| read.definition);
    let mut changes = old.map(|old| changes::fields(&spec(old), &spec(workflow))).unwrap_or_default();
    changes.extend(drawing(workflow).map(|new| changes::drawings(old.and_then(drawing).as_ref(), &new)).unwrap_or_default());
    let compiled = after.compile(workflow).await;
    let old_code = match old {
        Some(old) => before.compile(old).await.unit.as_ref().map(|unit| unit.typescript.clone()).unwrap_or_default(),
        None => String::new(),
    };
    let new_code = compiled.unit.as_ref().map(|unit| unit.typescript.as_str());
    let code = new_code.map(|new| unified(&name, &old_code, new)).unwrap_or_default();
    let errors: Vec<_> = compiled.diagnostics.iter().filter(|found| found.level == "error").cloned().collect();
    let unknown = match &compiled.outcome {
        crate::plan::workflow::Outcome::Unfinished(why) => Some(why.clone()),
        _ => None,
    };
    if is_same && errors.is_empty() && code.is_empty() && unknown.is_none() {
        return None;
    }
    let change = match old {
        None => "new",
        Some(_) if changes.is_empty() => "affected",
        Some(_) => "changed",
    };
    Some(Changed { workflow: name, change, changes, errors, unknown, code })
}

fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(3).header(&format!("{name} (now)"), &format!("{name} (then)")).to_string()
}

/// What would become of the queues of these workflows.
async fn queues(after: &Trial, snapshot: &Snapshot, then: &Objects, changed: &[Changed]) -> Result<Vec<Queue>, Stop> {
    let of = |workflows: &[Workflow]| -> BTreeSet<String> {
        let concerned = workflows.iter().filter(|workflow| changed.iter().any(|changed| changed.workflow == workflow.name_any()));
        concerned.map(|workflow| workflow.spec.task_queue.clone()).collect()
    };
    let names: BTreeSet<String> = of(&snapshot.workflows).into_iter().chain(of(&then.workflows)).collect();
    let mut queues = Vec::new();
    for name in names {
        let object = snapshot.queues.iter().find(|queue| queue.temporal_name() == name);
        let current = object.and_then(|queue| Some(queue.status.as_ref()?.current.as_ref()?.build_id.clone()));
        let (build_id, message) = match after.version(&snapshot.namespace, &name).await.map_err(Stop::machine)? {
            Foreseen::Known(build_id) if Some(&build_id) == current.as_ref() => {
                let message = format!("version {build_id} stays: no new version is made");
                (Some(build_id), message)
            }
            Foreseen::Known(build_id) => {
                let message = format!("version {build_id}, which there is already, becomes current again");
                (Some(build_id), message)
            }
            Foreseen::New(build_id) => {
                let message = format!("a new version, {build_id}");
                (Some(build_id), message)
            }
            Foreseen::Unnamed(why) => (None, format!("a new version, whose build ID can't be told before it is made: {why}")),
            Foreseen::Nothing(why) => (None, format!("no new version: {why}")),
        };
        let open = match object {
            Some(object) if build_id != current => open(snapshot, then, &object.name_any()),
            _ => BTreeMap::new(),
        };
        queues.push(Queue { task_queue: name, current, build_id, message, open });
    }
    Ok(queues)
}

/// What becomes of open executions, by build ID.
fn open(snapshot: &Snapshot, then: &Objects, queue: &str) -> BTreeMap<String, String> {
    let mut open = BTreeMap::new();
    for version in snapshot.versions.iter().filter(|version| version.spec.task_queue == queue && version.spec.content_queue.is_none()) {
        let count = version.status.as_ref().map_or(0, |status| status.open_executions);
        if count == 0 {
            continue;
        }
        let served =
            version.spec.workflows.iter().filter_map(|entry| then.workflows.iter().find(|workflow| workflow.name_any() == entry.name));
        let served: Vec<_> = served.collect();
        let names = |what: fn(&Workflow) -> bool| -> Vec<String> {
            served.iter().filter(|workflow| what(workflow)).map(|workflow| workflow.name_any()).collect()
        };
        let moving = names(|workflow| workflow.spec.versioning_behavior == VersioningBehavior::AutoUpgrade);
        let upgrading = names(|workflow| workflow.spec.on_continue_as_new == Some(OnContinueAsNew::Upgrade));
        let mut message = format!("{count} open, which stay to their end");
        if !moving.is_empty() {
            message += &format!("; those of {} (AutoUpgrade) move once their histories replay on the new version", moving.join(", "));
        }
        if !upgrading.is_empty() {
            message +=
                &format!("; those of {} go on on the new version when they continue as new, if it takes their state", upgrading.join(", "));
        }
        open.insert(version.spec.build_id.clone(), message);
    }
    open
}

fn say(changed: &[Changed], queues: &[Queue], namespace: &str, printer: &Printer) {
    if printer.is_json() {
        return printer.line(&serde_json::json!({"namespace": namespace, "workflows": changed, "taskQueues": queues}).to_string());
    }
    if changed.is_empty() {
        return printer.line("nothing would change");
    }
    for changed in changed {
        let what = if changed.change == "affected" { "changes by what it refers to" } else { changed.change };
        printer.line(&format!("Workflow/{}  {what}", changed.workflow));
        changed.changes.iter().for_each(|change| printer.line(&format!("  {change}")));
        for error in &changed.errors {
            let node = error.node.as_ref().map(|node| format!(" (node {node})")).unwrap_or_default();
            let suggestion = error.suggestion.as_ref().map(|suggestion| format!("; {suggestion}")).unwrap_or_default();
            let object = error.object.as_ref().map(|object| format!(" of {object}")).unwrap_or_default();
            printer.line(&format!("  error[{}] at {}{object}{node}: {}{suggestion}", error.code, error.path, error.message));
        }
        changed.unknown.iter().for_each(|why| printer.line(&format!("  can't be compiled here: {why}")));
        if changed.change == "new" {
            let lines = changed.code.lines().filter(|line| line.starts_with('+')).count();
            printer.line(&format!("  {lines} lines of TypeScript: warpline compile shows them"));
        } else {
            changed.code.lines().for_each(|line| printer.line(&format!("  {line}")));
        }
    }
    for queue in queues {
        let current = queue.current.as_deref().map(|current| format!(" (now {current})")).unwrap_or_default();
        printer.line(&format!("TaskQueue/{}{current}  {}", queue.task_queue, queue.message));
        queue.open.iter().for_each(|(build_id, message)| printer.line(&format!("  {build_id}: {message}")));
    }
}
