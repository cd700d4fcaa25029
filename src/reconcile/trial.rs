//! What the operator would make of objects that are not applied: the same inputs, compiler and digests over stores that are filled once.
//! Uses the room's reconcilers as they are; can write nothing, for it never leads.

use super::activities::{self, Image, Served};
use super::compiler::{Compiled, Compiler, Inputs, inputs};
use super::index::type_of;
use super::task_queue::{definition_digest, files, kept};
use super::{BuildQueue, BuildSettings, Context, Error, Index, Registries, Settings, Stores};
use crate::api::{ActivityModule, TaskQueue, WorkerVersion, Workflow};
use crate::cluster::Cluster;
use crate::compile::Activities;
use crate::project::Declarations;
use crate::registry::Registry;
use crate::telemetry::Metrics;
use crate::temporal::Connections;
use crate::typecheck::Checker;
use crate::version::{self, Content};
use kube::runtime::reflector::{Store, store};
use kube::runtime::watcher::Event;
use kube::{Client, Resource, ResourceExt};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// The objects of one namespace, as they are or as they would be.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Workflows.
    pub workflows: Vec<Workflow>,
    /// Activity modules.
    pub modules: Vec<ActivityModule>,
    /// Task queues.
    pub queues: Vec<TaskQueue>,
    /// Versions.
    pub versions: Vec<WorkerVersion>,
}

/// What the trial works with beside objects.
pub struct Tools {
    /// The API server, for the files of versions.
    pub client: Client,
    /// The TypeScript checker.
    pub checker: Checker,
    /// Where files for the checker go.
    pub scratch: PathBuf,
    /// Registries, for the types of built modules.
    pub registry: Registry,
    /// Packages that lie on this machine, by the modules' names: their types are taken in place of those of a build.
    pub local: BTreeMap<String, Declarations>,
}

/// The operator's thinking over objects that may not be applied.
pub struct Trial {
    context: Context,
    local: BTreeMap<String, Declarations>,
}

/// The version that a queue's workflows would ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreseen {
    /// One that there is.
    Known(String),
    /// A new one.
    New(String),
    /// A new one, whose build ID can't be told before it is made: why.
    Unnamed(String),
    /// None: why.
    Nothing(String),
}

impl Trial {
    /// A trial over these objects.
    #[must_use]
    pub fn new(tools: Tools, objects: Objects) -> Self {
        let (_, leads) = watch::channel(false);
        let (modules_to_wake, _) = futures::channel::mpsc::unbounded();
        let cluster = Cluster::new(tools.client, None, leads);
        let registries = Registries::only(cluster.clone(), tools.registry);
        let index = Index::default();
        objects.workflows.iter().for_each(|workflow| index.workflow(workflow, true));
        objects.modules.iter().for_each(|module| index.module(module, true));
        objects.queues.iter().for_each(|queue| index.queue(queue, true));
        objects.versions.iter().for_each(|version| index.version(version, true));
        let stores = Stores {
            workflows: filled(objects.workflows),
            modules: filled(objects.modules),
            queues: filled(objects.queues),
            schedules: filled(Vec::new()),
            versions: filled(objects.versions),
            deployments: filled(Vec::new()),
            builds: filled(Vec::new()),
            build_pods: filled(Vec::new()),
            namespaces: None,
        };
        let settings = Settings {
            temporal_address: None,
            temporal_namespace: String::new(),
            worker_image: String::new(),
            max_versions: crate::reconcile::MAX_VERSIONS,
            builds: BuildSettings::default(),
        };
        let context = Context {
            cluster,
            stores,
            index,
            compiler: Compiler::new(tools.checker, tools.scratch, 2, registries.clone(), None),
            registries,
            queue_of_builds: Mutex::new(BuildQueue::new(1)),
            modules_to_wake,
            temporal: Connections::new("warpline"),
            awaited: super::schedule::Awaited::default(),
            settings,
            metrics: Metrics::default(),
        };
        Self { context, local: tools.local }
    }

    /// The digest of a workflow's definition with all that it refers to.
    #[must_use]
    pub fn digest(&self, workflow: &Workflow) -> String {
        inputs(&self.context, workflow).digest
    }

    /// Whether a workflow may call a module whose package lies on this machine.
    #[must_use]
    pub fn uses_local(&self, workflow: &Workflow) -> bool {
        !self.local.is_empty() && !self.local_of(&inputs(&self.context, workflow)).is_empty()
    }

    /// Those of the packages that inputs may need.
    fn local_of(&self, inputs: &Inputs) -> BTreeMap<String, Declarations> {
        let needed = self.local.iter().filter(|(name, _)| inputs.modules.contains_key(*name));
        needed.map(|(name, found)| (name.clone(), found.clone())).collect()
    }

    /// Compiles and type-checks a workflow.
    pub async fn compile(&self, workflow: &Workflow) -> Arc<Compiled> {
        let inputs = inputs(&self.context, workflow);
        let local = self.local_of(&inputs);
        if local.is_empty() {
            self.context.compiler.compile(inputs).await.0
        } else {
            self.context.compiler.compile_against(inputs, local).await
        }
    }

    /// The version that the workflows of a queue (its name in Temporal) would ask for.
    ///
    /// # Errors
    /// The API server's.
    pub async fn version(&self, namespace: &str, queue: &str) -> Result<Foreseen, Error> {
        let workflows = self.context.workflows_on(namespace, queue);
        let object = self.context.queue(namespace, queue);
        let versions = object.as_ref().map(|object| self.versions(object)).unwrap_or_default();
        let mut parts = Vec::new();
        for workflow in workflows.iter().filter(|workflow| workflow.metadata.deletion_timestamp.is_none()) {
            let workflow_type = type_of(workflow);
            parts.push((workflow_type, self.digest(workflow), workflow.clone()));
        }
        if parts.is_empty() {
            return Ok(Foreseen::Nothing("no Workflow is left on it".to_owned()));
        }
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let asked = || parts.iter().map(|(kind, digest, workflow)| (kind.as_str(), digest.as_str(), workflow.spec.versioning_behavior));
        if let Some(object) = &object {
            let digest = definition_digest(object, asked());
            if let Some(known) = versions.iter().find(|version| version.is_made_of(&digest)) {
                return Ok(Foreseen::Known(known.spec.build_id.clone()));
            }
        }
        let (mut scripts, mut served) = (BTreeMap::new(), Served::new());
        for (workflow_type, digest, workflow) in &parts {
            let (script, called) = match self.code(&versions, (workflow_type, digest), workflow).await? {
                Ok(code) => code,
                Err(why) => return Ok(Foreseen::Nothing(why)),
            };
            if activities::add(&mut served, &self.context, (namespace, queue), &called, None).is_err() {
                return Ok(Foreseen::Unnamed("activities that it calls are not built yet".to_owned()));
            }
            scripts.insert(workflow_type.clone(), script);
        }
        let Some(image) = self.image(object.as_deref(), &versions, &served) else {
            return Ok(Foreseen::Unnamed("its image is not there yet".to_owned()));
        };
        let build_id = version::build_id(&Content { scripts: &scripts, runtime: &image, activities: &activities::digests(&served) });
        let is_known = versions.iter().any(|version| version.spec.build_id == build_id);
        Ok(if is_known { Foreseen::Known(build_id) } else { Foreseen::New(build_id) })
    }

    /// The versions of workflows on a queue, the newest first.
    fn versions(&self, queue: &TaskQueue) -> Vec<Arc<WorkerVersion>> {
        let (namespace, name) = (queue.namespace().unwrap_or_default(), queue.name_any());
        let names = self.context.index.versions_of(&namespace, &name);
        let mut versions: Vec<_> = names.iter().filter_map(|name| Stores::find(&self.context.stores.versions, &namespace, name)).collect();
        versions.retain(|version| version.spec.content_queue.is_none());
        versions.sort_by_key(|version| std::cmp::Reverse(version.metadata.creation_timestamp.as_ref().map(|time| time.0)));
        versions
    }

    /// The script of a workflow and the activities that it calls: kept from a version that has it, or else compiled.
    async fn code(
        &self,
        versions: &[Arc<WorkerVersion>],
        (workflow_type, digest): (&str, &str),
        workflow: &Workflow,
    ) -> Result<Result<(String, Activities), String>, Error> {
        if let Some(version) = versions.iter().find(|version| version.has(workflow_type, digest)) {
            let all = files(&self.context, &workflow.namespace().unwrap_or_default(), version).await?;
            if let Some(code) = kept(workflow_type, &all, Vec::new()) {
                return Ok(Ok((code.script, code.activities)));
            }
        }
        let compiled = self.compile(workflow).await;
        let code = compiled.unit.as_ref().map(|unit| (unit.script.clone(), unit.activities.clone()));
        Ok(code.ok_or_else(|| format!("Workflow/{} does not compile", workflow.name_any())))
    }

    /// The image that the version would have; none where that is not known here.
    fn image(&self, queue: Option<&TaskQueue>, versions: &[Arc<WorkerVersion>], served: &Served) -> Option<String> {
        let worker = queue.and_then(|queue| queue.spec.worker_image.as_deref()).unwrap_or_default();
        // Without the operator's default nothing stands for a version of workflows alone.
        if let Ok(Image::Ready(image)) = activities::image(served, worker)
            && !image.is_empty()
        {
            return Some(image);
        }
        // The same modules are in the same image, as long as the operator is the same.
        let images = |served: Vec<crate::api::VersionedActivities>| -> Vec<_> {
            served.into_iter().map(|entry| (entry.module, entry.image, entry.record)).collect()
        };
        let wanted = images(activities::versioned(served));
        let last = versions.first().filter(|version| images(version.spec.activities.clone()) == wanted)?;
        Some(last.spec.image.clone())
    }
}

/// A store that holds these objects.
fn filled<K>(objects: Vec<K>) -> Store<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let (reader, mut writer) = store();
    writer.apply_watcher_event(&Event::Init);
    objects.into_iter().for_each(|object| writer.apply_watcher_event(&Event::InitApply(object)));
    writer.apply_watcher_event(&Event::InitDone);
    reader
}
