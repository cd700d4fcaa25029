//! Which version the workflows ask for: one that there is, or one that has to be made.

use super::calls::Calls;
use super::code::{Lack, Read, code};
use super::observe::Scene;
use crate::api::conditions::{COMPILED, TYPE_CHECKED, find, is_true};
use crate::api::{
    SameDefinitions, StateForm, TaskQueue, VersionedWorkflow, VersioningBehavior, WorkerVersion, WorkerVersionSpec, Workflow,
};
use crate::reconcile::activities::{self, Served};
use crate::reconcile::own_queue::Callee;
use crate::reconcile::{Context, Error, Stores};
use crate::version::{self, Content};
use kube::ResourceExt;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is asked for.
pub enum Wanted {
    /// Nothing: no workflow is left.
    Nothing,
    /// A version that there is, what it calls that is not there, and the definitions, where the version is not known to be theirs.
    Known(Arc<WorkerVersion>, Vec<Callee>, Option<SameDefinitions>),
    /// A version that has to be made (or whose files have to be stored).
    Make(Box<Made>),
    /// Not known yet: a definition is being compiled.
    Wait,
    /// It cannot be made: reason and message.
    Refused(String, String),
}

/// A version that has to be made.
pub struct Made {
    /// What it is.
    pub spec: WorkerVersionSpec,
    /// Its files, for each ConfigMap.
    pub groups: Vec<BTreeMap<String, Vec<u8>>>,
    /// The versions of activities on other queues that it calls, and that are not there.
    pub callees: Vec<Callee>,
}

/// The version that the rollout goes to.
pub enum Target {
    /// None is asked for.
    Nothing,
    /// This one.
    Version(Arc<WorkerVersion>),
    /// Not decided: the last one, by its build ID, and why.
    Undecided(Option<String>, Option<(String, String)>),
}

impl Target {
    /// Its build ID.
    pub fn build_id(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Version(version) => Some(version.spec.build_id.clone()),
            Self::Undecided(last, _) => last.clone(),
        }
    }
}

/// A workflow of the queue, and the code that stands for it.
pub struct Part {
    /// The object.
    pub workflow: Arc<Workflow>,
    /// The workflow type.
    pub workflow_type: String,
    /// The digest of the definition whose code it is: the last good one's, where the newest is broken.
    pub digest: String,
    /// The version that holds that code, where the newest definition is broken.
    pub from: Option<Arc<WorkerVersion>>,
}

/// What the workflows of the queue ask for.
pub async fn wanted(scene: &Scene, context: &Context) -> Result<Wanted, Error> {
    let workflows = context.workflows_on(&scene.namespace, &scene.name);
    let mut parts = Vec::new();
    for workflow in workflows.into_iter().filter(|workflow| serves(workflow)) {
        match part(scene, workflow) {
            Standing::Part(part) => parts.push(part),
            Standing::Pending => return Ok(Wanted::Wait),
            Standing::Broken => {}
        }
    }
    if parts.is_empty() {
        return Ok(Wanted::Nothing);
    }
    parts.sort_by(|a, b| a.workflow_type.cmp(&b.workflow_type));
    if let Some([one, two]) = parts.array_windows().find(|[one, two]| one.workflow_type == two.workflow_type) {
        let (a, b) = (one.workflow.name_any(), two.workflow.name_any());
        let message = format!(
            "Workflow/{a} and Workflow/{b} both have the workflow type {}: give one of them another workflowType",
            one.workflow_type
        );
        return Ok(Wanted::Refused("WorkflowTypeTwice".to_owned(), message));
    }
    let asked = parts.iter().map(|part| (part.workflow_type.as_str(), part.digest.as_str(), part.workflow.spec.versioning_behavior));
    let digest = definition_digest(&scene.queue, asked);
    match scene.versions.iter().find(|version| version.is_made_of(&digest)) {
        Some(known) if is_stored(known) && is_whole(scene, context, known) => Ok(Wanted::Known(known.clone(), Vec::new(), None)),
        _ => make(scene, context, &parts, digest).await,
    }
}

fn lacking(lack: activities::Lack) -> Wanted {
    match lack {
        activities::Lack::NotYet => Wanted::Wait,
        activities::Lack::Never(reason, message) => Wanted::Refused(reason, message),
    }
}

/// Whether a version's files are in their ConfigMaps.
pub fn is_stored(version: &WorkerVersion) -> bool {
    version.status.as_ref().is_some_and(|status| status.files_stored)
}

/// Whether everything that a version calls is there.
fn is_whole(scene: &Scene, context: &Context, version: &WorkerVersion) -> bool {
    version.spec.calls.iter().all(|called| {
        let found = Stores::find(&context.stores.versions, &scene.namespace, called);
        found.is_some_and(|found| found.metadata.deletion_timestamp.is_none() && is_stored(&found))
    })
}

/// A workflow that is being deleted begins no new execution; those that move with the current version keep it there until they end.
fn serves(workflow: &Workflow) -> bool {
    workflow.metadata.deletion_timestamp.is_none() || workflow.spec.versioning_behavior == VersioningBehavior::AutoUpgrade
}

enum Standing {
    Part(Part),
    /// Its newest generation was not compiled yet.
    Pending,
    /// It never compiled.
    Broken,
}

fn part(scene: &Scene, workflow: Arc<Workflow>) -> Standing {
    let status = workflow.status.clone().unwrap_or_default();
    let conditions = &status.conditions;
    let is_unfinished = find(conditions, COMPILED).is_none_or(|condition| condition.status == "Unknown");
    if status.observed_generation != workflow.metadata.generation || is_unfinished {
        return Standing::Pending;
    }
    let workflow_type = status.workflow_type.clone().unwrap_or_default();
    if is_true(conditions, COMPILED) && is_true(conditions, TYPE_CHECKED) {
        let digest = status.definition_digest.clone().unwrap_or_default();
        return Standing::Part(Part { workflow, workflow_type, digest, from: None });
    }
    // The code that serves now goes on; else that of the version which is on its way.
    let status = scene.queue.status.as_ref();
    let references = status.and_then(|status| status.current.as_ref()).into_iter().chain(status.and_then(|status| status.target.as_ref()));
    let good = references.filter_map(|reference| {
        let version = scene.versions.iter().find(|version| version.spec.build_id == reference.build_id && is_stored(version))?;
        let entry = version.spec.workflows.iter().find(|entry| entry.name == workflow.name_any())?;
        Some((version.clone(), entry.clone()))
    });
    match good.into_iter().next() {
        Some((version, entry)) => {
            Standing::Part(Part { workflow, workflow_type: entry.workflow_type, digest: entry.definition_digest, from: Some(version) })
        }
        None => Standing::Broken,
    }
}

/// The digest of what workflows ask for: of each its type, the digest of its definition and how its executions move. Nothing that the operator brings is
/// in it: an upgrade of the operator makes no new version.
pub fn definition_digest<'p>(queue: &TaskQueue, parts: impl Iterator<Item = (&'p str, &'p str, VersioningBehavior)>) -> String {
    let workflows = parts.map(|(workflow_type, digest, behavior)| (format!("Workflow/{workflow_type}"), format!("{digest} {behavior:?}")));
    let image = queue.spec.worker_image.iter().map(|image| ("workerImage".to_owned(), image.clone()));
    let all: Vec<(String, String)> = workflows.chain(image).collect();
    version::digest(all.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))
}

/// Why there is no room for another version, and what holds the old ones, where the server keeps `most`: a tenth is left for what goes more slowly than
/// it comes.
fn crowded(scene: &Scene, most: usize) -> Option<Wanted> {
    if scene.versions.len() < most - most.div_ceil(10) {
        return None;
    }
    let open = |version: &WorkerVersion| version.status.as_ref().map_or(0, |status| status.open_executions);
    let mut held: Vec<_> = scene.versions.iter().filter(|version| open(version) > 0).collect();
    held.sort_by_key(|version| version.metadata.creation_timestamp.as_ref().map(|time| time.0));
    let named: Vec<String> =
        held.iter().take(3).map(|version| format!("{} ({} open executions)", version.name_any(), open(version))).collect();
    let message = format!(
        "the queue has {} versions, and Temporal keeps {most}: no other one is made until old ones go; the oldest that are held: {}; let these executions end, or terminate them",
        scene.versions.len(),
        named.join(", ")
    );
    Some(Wanted::Refused("TooManyVersions".to_owned(), message))
}

async fn make(scene: &Scene, context: &Context, parts: &[Part], definition_digest: String) -> Result<Wanted, Error> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut scripts: BTreeMap<String, String> = BTreeMap::new();
    let (mut served, mut calls, mut read) = (Served::new(), Calls::default(), Read::new());
    let mut workflows = Vec::new();
    for part in parts {
        let code = match code(scene, context, part, &mut read).await? {
            Ok(code) => code,
            Err(Lack::NotYet) => return Ok(Wanted::Wait),
            Err(Lack::Gone(reason, message)) => return Ok(Wanted::Refused(reason, message)),
        };
        if let Err(lack) = activities::add(&mut served, context, (&scene.namespace, &scene.name), &code.activities, part.from.as_deref()) {
            return Ok(lacking(lack));
        }
        match calls.add(scene, context, &code.activities).await {
            Ok(()) => {}
            Err(Lack::NotYet) => return Ok(Wanted::Wait),
            Err(Lack::Gone(reason, message)) => return Ok(Wanted::Refused(reason, message)),
        }
        scripts.insert(part.workflow_type.clone(), code.script);
        workflows.push(versioned(part, code.forms));
        files.extend(code.files);
    }
    let default_image = scene.queue.spec.worker_image.as_ref().unwrap_or(&context.settings.worker_image);
    let image = match context.image_of(&scene.namespace, &served, default_image).await {
        Ok(image) => image,
        Err((reason, message)) => return Ok(Wanted::Refused(reason, message)),
    };
    let digests = activities::digests(&served);
    let build_id = version::build_id(&Content { scripts: &scripts, runtime: &image, activities: &digests });
    if let Some(known) = scene.versions.iter().find(|version| version.spec.build_id == build_id && is_stored(version)) {
        let same = (!known.is_made_of(&definition_digest)).then(|| same(parts, definition_digest));
        return Ok(Wanted::Known(known.clone(), calls.callees, same));
    }
    let is_new = scene.versions.iter().all(|version| version.spec.build_id != build_id);
    if let Some(crowded) = crowded(scene, context.settings.max_versions).filter(|_| is_new) {
        return Ok(crowded);
    }
    files.push(("version.json".to_owned(), record(scene, parts, &served, &build_id)));
    files.sort();
    let groups = version::volumes(&files);
    let spec = spec(scene, workflows, &served, calls.names, (build_id, image, definition_digest), groups.len());
    Ok(Wanted::Make(Box::new(Made { spec, groups, callees: calls.callees })))
}

fn same(parts: &[Part], definition_digest: String) -> SameDefinitions {
    let workflows = parts.iter().map(|part| (part.workflow_type.clone(), part.digest.clone())).collect();
    SameDefinitions { definition_digest, workflows }
}

/// `version.json`, as the worker reads it (worker/README.md).
fn record(scene: &Scene, parts: &[Part], served: &Served, build_id: &str) -> Vec<u8> {
    let workflows: Vec<&str> = parts.iter().map(|part| part.workflow_type.as_str()).collect();
    json!({
        "deploymentName": scene.deployment, "buildId": build_id, "taskQueue": scene.name,
        "workflows": workflows, "activities": activities::record(served),
    })
    .to_string()
    .into_bytes()
}

fn versioned(part: &Part, forms: Vec<StateForm>) -> VersionedWorkflow {
    VersionedWorkflow {
        workflow_type: part.workflow_type.clone(),
        name: part.workflow.name_any(),
        versioning_behavior: part.workflow.spec.versioning_behavior,
        definition_digest: part.digest.clone(),
        forms,
    }
}

fn spec(
    scene: &Scene,
    workflows: Vec<VersionedWorkflow>,
    served: &Served,
    calls: Vec<String>,
    (build_id, image, definition_digest): (String, String, String),
    groups: usize,
) -> WorkerVersionSpec {
    let task_queue = scene.queue.name_any();
    let name = crate::plan::objects::version_name(&task_queue, &build_id);
    WorkerVersionSpec {
        task_queue,
        deployment_name: Some(scene.deployment.clone()),
        content_queue: None,
        build_id,
        image,
        definition_digest,
        workflows,
        activities: activities::versioned(served),
        calls,
        config_maps: (0..groups).map(|number| crate::plan::objects::config_map_name(&name, number)).collect(),
    }
}
