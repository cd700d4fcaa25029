//! Who is concerned by a change: the objects to reconcile.

use crate::api::conditions::{COMPILED, TYPE_CHECKED, is_true};
use crate::api::labels;
use crate::api::{ActivityModule, SameDefinitions, Schedule, TakenState, TaskQueue, WorkerVersion, Workflow};
use crate::reconcile::{Index, LeftImage, Stores};
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::ResourceExt;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Wakes reconcilers.
#[derive(Clone)]
pub struct Wake {
    pub workflows: UnboundedSender<ObjectRef<Workflow>>,
    pub modules: UnboundedSender<ObjectRef<ActivityModule>>,
    pub queues: UnboundedSender<ObjectRef<TaskQueue>>,
    pub schedules: UnboundedSender<ObjectRef<Schedule>>,
    pub images: UnboundedSender<LeftImage>,
}

impl Wake {
    fn workflow(&self, namespace: &str, name: &str) {
        // The receiver is gone only when the program ends.
        let _ = self.workflows.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    fn module(&self, namespace: &str, name: &str) {
        let _ = self.modules.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    fn queue(&self, namespace: &str, name: &str) {
        let _ = self.queues.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    fn schedule(&self, namespace: &str, name: &str) {
        let _ = self.schedules.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    fn images(&self, left: Vec<LeftImage>) {
        for image in left {
            let _ = self.images.unbounded_send(image);
        }
    }
}

/// What of each object others look at, as it was last seen: a change of the rest concerns nobody else.
pub struct Facts<F>(Mutex<HashMap<(String, String), F>>);

impl<F> Default for Facts<F> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<F: PartialEq> Facts<F> {
    /// Whether they are new, or gone.
    fn are_new(&self, namespace: &str, name: &str, facts: F, is_there: bool) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (namespace.to_owned(), name.to_owned());
        if !is_there {
            return seen.remove(&key).is_some();
        }
        let is_new = seen.get(&key) != Some(&facts);
        if is_new {
            seen.insert(key, facts);
        }
        is_new
    }
}

/// Of a spec: a status that changes concerns fewer.
pub type Generation = Option<i64>;

/// What workflows look at in a module: the generation of its spec, and the record of the build that is in use.
pub type Callable = (Generation, Option<String>);

/// What schedules look at in their workflow.
pub type Startable = (Option<i64>, Option<i64>, bool, bool, Option<String>);

/// What somebody asks of a schedule: the spec's generation, the annotations, whether it is to go.
pub type Asked = (Option<i64>, [Option<String>; 3], bool);

/// The schedules of a workflow, where what they look at in it changed.
pub fn started(workflow: &Workflow, is_there: bool, index: &Index, wake: &Wake, facts: &Facts<Startable>) {
    let (namespace, name) = (workflow.namespace().unwrap_or_default(), workflow.name_any());
    let status = workflow.status.clone().unwrap_or_default();
    let is_typed = is_true(&status.conditions, COMPILED) && is_true(&status.conditions, TYPE_CHECKED);
    let generations = (workflow.metadata.generation, status.observed_generation);
    let is_live = status.build_id.is_some() && workflow.metadata.deletion_timestamp.is_none();
    let startable = (generations.0, generations.1, is_live, is_typed, status.definition_digest);
    if facts.are_new(&namespace, &name, startable, is_there) {
        index.schedules_of(&namespace, &name).iter().for_each(|schedule| wake.schedule(&namespace, schedule));
    }
}

/// A schedule: itself, where it is asked something new; those that want its ID, when it goes; the workflow whose trigger it is of.
pub fn schedule(schedule: &Schedule, is_there: bool, index: &Index, wake: &Wake, facts: &Facts<Asked>) {
    let (namespace, name) = (schedule.namespace().unwrap_or_default(), schedule.name_any());
    index.schedule(schedule, is_there);
    let asked = (
        schedule.metadata.generation,
        [labels::TRIGGER, labels::BACKFILL, labels::UNPAUSE].map(|name| schedule.annotations().get(name).cloned()),
        schedule.metadata.deletion_timestamp.is_some(),
    );
    if !facts.are_new(&namespace, &name, asked, is_there) {
        return;
    }
    if is_there {
        wake.schedule(&namespace, &name);
    } else {
        index.schedules_with(&namespace, &schedule.temporal_id()).iter().for_each(|other| wake.schedule(&namespace, other));
    }
    if let Some(workflow) = schedule.labels().get(labels::TRIGGERED_BY) {
        wake.workflow(&namespace, workflow);
    }
}

/// A workflow: itself, its queue (and the one that it left), and those that refer to it.
pub fn workflow(workflow: &Workflow, is_there: bool, index: &Index, wake: &Wake, generations: &Facts<Generation>) {
    let (namespace, name) = (workflow.namespace().unwrap_or_default(), workflow.name_any());
    let before = index.queue_of(&namespace, &name);
    let concerned = index.concerned(&namespace, &format!("Workflow/{name}"));
    index.workflow(workflow, is_there);
    if is_there {
        wake.workflow(&namespace, &name);
    }
    let now = Some(workflow.spec.task_queue.clone());
    let left = before.filter(|before| Some(before) != now.as_ref());
    for queue in now.into_iter().chain(left) {
        index.queue_objects(&namespace, &queue).iter().for_each(|queue| wake.queue(&namespace, queue));
    }
    if generations.are_new(&namespace, &name, workflow.metadata.generation, is_there) {
        // A build that waits to be accepted may fit it now.
        index.modules_of(&namespace, &name).iter().for_each(|module| wake.module(&namespace, module));
        concerned.iter().filter(|other| **other != name).for_each(|other| wake.workflow(&namespace, other));
    }
}

/// A module: itself, those that share an activity or a queue with it, the workflows that call any of them or lack something, and the queue that it names.
pub fn module(module: &ActivityModule, is_there: bool, index: &Index, wake: &Wake, callable: &Facts<Callable>) {
    let (namespace, name) = (module.namespace().unwrap_or_default(), module.name_any());
    let left = index.queue_of_module(&namespace, &name);
    index.module(module, is_there);
    if is_there {
        wake.module(&namespace, &name);
    } else {
        wake.images(LeftImage::of_module(module));
    }
    let accepted = module.status.as_ref().and_then(|status| status.accepted.as_ref()).map(|accepted| accepted.record.clone());
    if !callable.are_new(&namespace, &name, (module.metadata.generation, accepted), is_there) {
        return;
    }
    let sharing = index.shared_activities(&namespace, &name).into_iter();
    // The queue's name is made of the content of all of its modules.
    let neighbours = module.spec.task_queue.iter().chain(&left).flat_map(|queue| index.modules_on(&namespace, queue));
    let others: BTreeSet<String> = sharing.chain(neighbours).chain([name]).collect();
    for other in &others {
        wake.module(&namespace, other);
        index.concerned(&namespace, &format!("ActivityModule/{other}")).iter().for_each(|workflow| wake.workflow(&namespace, workflow));
    }
    for queue in module.spec.task_queue.iter().flat_map(|queue| index.queue_objects(&namespace, queue)) {
        wake.queue(&namespace, &queue);
    }
}

/// A `ConfigMap`: the modules whose files it holds.
pub fn config_map(config_map: &PartialObjectMeta<ConfigMap>, index: &Index, wake: &Wake) {
    let namespace = config_map.namespace().unwrap_or_default();
    index.modules_from(&namespace, &config_map.name_any()).iter().for_each(|module| wake.module(&namespace, module));
}

/// A task queue: itself, and its workflows, whose status says what it serves; and their schedules, where it says anew where Temporal is.
pub fn queue(queue: &TaskQueue, is_there: bool, index: &Index, wake: &Wake, generations: &Facts<Generation>) {
    let (namespace, name) = (queue.namespace().unwrap_or_default(), queue.name_any());
    index.queue(queue, is_there);
    if is_there {
        wake.queue(&namespace, &name);
    }
    let is_new = generations.are_new(&namespace, &name, queue.metadata.generation, is_there);
    for workflow in index.workflows_on(&namespace, queue.temporal_name()) {
        wake.workflow(&namespace, &workflow);
        if is_new {
            index.schedules_of(&namespace, &workflow).iter().for_each(|schedule| wake.schedule(&namespace, schedule));
        }
    }
}

/// What workflows look at in a version: the definitions that it is, the states that it takes, and whether runs are open on it.
pub type Serving = (Option<SameDefinitions>, Vec<TakenState>, bool);

/// A version: its queue, and those of the versions that call it and that it calls; its workflows, where what becomes of older runs
/// changed, or other definitions turned out to be it; when it goes, the modules whose images it may have been the last to need.
pub fn version(version: &WorkerVersion, is_there: bool, index: &Index, wake: &Wake, facts: &Facts<Serving>) {
    let namespace = version.namespace().unwrap_or_default();
    index.version(version, is_there);
    if !is_there {
        version.spec.activities.iter().for_each(|entry| wake.module(&namespace, &entry.module));
        wake.images(LeftImage::of_version(version));
    }
    wake.queue(&namespace, &version.spec.task_queue);
    let status = version.status.clone().unwrap_or_default();
    let is_same = status.same_definitions.is_some();
    let concerned: Vec<_> = version.spec.workflows.iter().filter(|workflow| is_same || !workflow.forms.is_empty()).collect();
    let serving = (status.same_definitions, status.takes, status.open_executions > 0);
    if !concerned.is_empty() && facts.are_new(&namespace, &version.name_any(), serving, is_there) {
        concerned.iter().for_each(|workflow| wake.workflow(&namespace, &workflow.name));
    }
    let neighbours = index.callers(&namespace, &version.name_any());
    let queues: BTreeSet<String> =
        neighbours.iter().chain(&version.spec.calls).filter_map(|other| index.queue_of_version(&namespace, other)).collect();
    queues.iter().for_each(|queue| wake.queue(&namespace, queue));
}

/// A Job that builds a module, or its pod: the module.
pub fn build(namespace: Option<String>, module: Option<String>, wake: &Wake) {
    if let (Some(namespace), Some(module)) = (namespace, module) {
        wake.module(&namespace, &module);
    }
}

/// A Deployment: the queue of its version, and of those that call it.
pub fn deployment(deployment: &Deployment, stores: &Stores, index: &Index, wake: &Wake) {
    let namespace = deployment.namespace().unwrap_or_default();
    let Some(version) = Stores::find(&stores.versions, &namespace, &deployment.name_any()) else { return };
    wake.queue(&namespace, &version.spec.task_queue);
    for caller in index.callers(&namespace, &version.name_any()) {
        if let Some(queue) = index.queue_of_version(&namespace, &caller) {
            wake.queue(&namespace, &queue);
        }
    }
}

/// A namespace that is being deleted: everything in it.
pub fn namespace(namespace: &Namespace, stores: &Stores, wake: &Wake) {
    if namespace.metadata.deletion_timestamp.is_none() {
        return;
    }
    let name = namespace.name_any();
    for workflow in stores.workflows.state_filter(|workflow| workflow.namespace().as_deref() == Some(&name)) {
        wake.workflow(&name, &workflow.name_any());
    }
    for schedule in stores.schedules.state_filter(|schedule| schedule.namespace().as_deref() == Some(&name)) {
        wake.schedule(&name, &schedule.name_any());
    }
    for queue in stores.queues.state_filter(|queue| queue.namespace().as_deref() == Some(&name)) {
        wake.queue(&name, &queue.name_any());
    }
}
