//! Who refers to whom, by name: kept as objects come and go, so that no reconciliation has to look at all of them.
//! Depends on `api` and the words of a definition.

use crate::api::{ActivityModule, Schedule, TaskQueue, WorkerVersion, Workflow};
use crate::definition::workflow_type_of;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names of objects by what they are called by others, per namespace.
#[derive(Debug, Default)]
pub struct Index(Mutex<HashMap<String, Names>>);

#[derive(Debug, Default)]
struct Names {
    /// Workflow types → workflows.
    types: Relation,
    /// Task queues, as Temporal names them → workflows.
    queues: Relation,
    /// Task queues, as Temporal names them → `TaskQueue` objects.
    queue_objects: Relation,
    /// Activities → modules.
    activities: Relation,
    /// Task queues → modules that are served there.
    module_queues: Relation,
    /// `ConfigMap`s → modules whose files they hold.
    sources: Relation,
    /// `TaskQueue` objects → versions.
    versions: Relation,
    /// Activity modules → the Jobs that build them.
    builds: Relation,
    /// Those Jobs → their pods.
    build_pods: Relation,
    /// Queues that are named by their content → versions.
    content_queues: Relation,
    /// Versions → the versions that call them.
    callers: Relation,
    /// `Workflow/…` and `ActivityModule/…` → the workflows that are compiled with them.
    referred: Relation,
    /// Workflows → the schedules that start them.
    started: Relation,
    /// IDs in Temporal → schedules.
    schedule_ids: Relation,
    /// Workflows whose definitions lack something, which any new object may be.
    broken: BTreeSet<String>,
}

/// Keys → names of objects, and back.
#[derive(Debug, Default)]
struct Relation {
    by_key: HashMap<String, BTreeSet<String>>,
    by_name: BTreeMap<String, Vec<String>>,
}

impl Relation {
    fn set(&mut self, name: &str, keys: Vec<String>) {
        for key in self.by_name.remove(name).into_iter().flatten() {
            if let Some(names) = self.by_key.get_mut(&key) {
                names.remove(name);
                if names.is_empty() {
                    self.by_key.remove(&key);
                }
            }
        }
        for key in &keys {
            self.by_key.entry(key.clone()).or_default().insert(name.to_owned());
        }
        if !keys.is_empty() {
            self.by_name.insert(name.to_owned(), keys);
        }
    }

    fn get(&self, key: &str) -> Vec<String> {
        self.by_key.get(key).into_iter().flatten().cloned().collect()
    }
}

/// The workflow type, as the spec has it.
pub(super) fn type_of(workflow: &Workflow) -> String {
    workflow.spec.workflow_type.clone().unwrap_or_else(|| workflow_type_of(&workflow.name_any()))
}

impl Index {
    fn names(&self) -> MutexGuard<'_, HashMap<String, Names>> {
        // A panic elsewhere leaves the maps whole: every change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn within<T>(&self, namespace: &str, read: impl FnOnce(&Names) -> T) -> Option<T> {
        self.names().get(namespace).map(read)
    }

    /// A workflow that is there, or gone.
    pub fn workflow(&self, workflow: &Workflow, is_there: bool) {
        let mut names = self.names();
        let names = names.entry(workflow.namespace().unwrap_or_default()).or_default();
        let name = workflow.name_any();
        names.types.set(&name, is_there.then(|| type_of(workflow)).into_iter().collect());
        names.queues.set(&name, is_there.then(|| workflow.spec.task_queue.clone()).into_iter().collect());
        if !is_there {
            names.referred.set(&name, Vec::new());
            names.broken.remove(&name);
        }
    }

    /// What a workflow was compiled with, and whether that was enough.
    pub fn compiled(&self, namespace: &str, name: &str, referred: Vec<String>, is_broken: bool) {
        let mut names = self.names();
        let names = names.entry(namespace.to_owned()).or_default();
        names.referred.set(name, referred);
        if is_broken {
            names.broken.insert(name.to_owned());
        } else {
            names.broken.remove(name);
        }
    }

    /// The workflows that a change of an object (`Workflow/…`, `ActivityModule/…`) may concern: those compiled with it, and those that lack something.
    #[must_use]
    pub fn concerned(&self, namespace: &str, object: &str) -> BTreeSet<String> {
        let concerned = |names: &Names| names.referred.get(object).into_iter().chain(names.broken.iter().cloned()).collect();
        self.within(namespace, concerned).unwrap_or_default()
    }

    /// The queue that a workflow was on when it was last seen, as Temporal names it.
    #[must_use]
    pub fn queue_of(&self, namespace: &str, workflow: &str) -> Option<String> {
        self.within(namespace, |names| names.queues.by_name.get(workflow).and_then(|queues| queues.first().cloned())).flatten()
    }

    /// A module that is there, or gone.
    pub fn module(&self, module: &ActivityModule, is_there: bool) {
        let mut names = self.names();
        let names = names.entry(module.namespace().unwrap_or_default()).or_default();
        let name = module.name_any();
        names.activities.set(&name, if is_there { super::activities::names(module).into_iter().collect() } else { Vec::new() });
        names.module_queues.set(&name, module.spec.task_queue.iter().filter(|_| is_there).cloned().collect());
        let config_map = module.spec.source.as_ref().and_then(|source| source.config_map.clone());
        names.sources.set(&name, config_map.into_iter().filter(|_| is_there).collect());
    }

    /// The modules whose files a `ConfigMap` holds.
    #[must_use]
    pub fn modules_from(&self, namespace: &str, config_map: &str) -> Vec<String> {
        self.within(namespace, |names| names.sources.get(config_map)).unwrap_or_default()
    }

    /// A task queue that is there, or gone.
    pub fn queue(&self, queue: &TaskQueue, is_there: bool) {
        let mut names = self.names();
        let names = names.entry(queue.namespace().unwrap_or_default()).or_default();
        names.queue_objects.set(&queue.name_any(), is_there.then(|| queue.temporal_name().to_owned()).into_iter().collect());
    }

    /// A version that is there, or gone.
    pub fn version(&self, version: &WorkerVersion, is_there: bool) {
        let mut names = self.names();
        let names = names.entry(version.namespace().unwrap_or_default()).or_default();
        let name = version.name_any();
        names.versions.set(&name, is_there.then(|| version.spec.task_queue.clone()).into_iter().collect());
        names.content_queues.set(&name, version.spec.content_queue.iter().filter(|_| is_there).cloned().collect());
        names.callers.set(&name, version.spec.calls.iter().filter(|_| is_there).cloned().collect());
    }

    /// A schedule that is there, or gone.
    pub fn schedule(&self, schedule: &Schedule, is_there: bool) {
        let mut names = self.names();
        let names = names.entry(schedule.namespace().unwrap_or_default()).or_default();
        let name = schedule.name_any();
        names.started.set(&name, is_there.then(|| schedule.spec.workflow.clone()).into_iter().collect());
        names.schedule_ids.set(&name, is_there.then(|| schedule.temporal_id()).into_iter().collect());
    }

    /// The schedules that start a workflow.
    #[must_use]
    pub fn schedules_of(&self, namespace: &str, workflow: &str) -> Vec<String> {
        self.within(namespace, |names| names.started.get(workflow)).unwrap_or_default()
    }

    /// The schedules that have that ID in Temporal: one, unless users contradict themselves.
    #[must_use]
    pub fn schedules_with(&self, namespace: &str, id: &str) -> Vec<String> {
        self.within(namespace, |names| names.schedule_ids.get(id)).unwrap_or_default()
    }

    /// The workflows of that type: one, unless users contradict themselves.
    #[must_use]
    pub fn workflows_of_type(&self, namespace: &str, workflow_type: &str) -> Vec<String> {
        self.within(namespace, |names| names.types.get(workflow_type)).unwrap_or_default()
    }

    /// The workflows on a queue, as Temporal names it.
    #[must_use]
    pub fn workflows_on(&self, namespace: &str, queue: &str) -> Vec<String> {
        self.within(namespace, |names| names.queues.get(queue)).unwrap_or_default()
    }

    /// The `TaskQueue` objects of a queue, as Temporal names it.
    #[must_use]
    pub fn queue_objects(&self, namespace: &str, queue: &str) -> Vec<String> {
        self.within(namespace, |names| names.queue_objects.get(queue)).unwrap_or_default()
    }

    /// The modules that have an activity.
    #[must_use]
    pub fn modules_with(&self, namespace: &str, activity: &str) -> Vec<String> {
        self.within(namespace, |names| names.activities.get(activity)).unwrap_or_default()
    }

    /// The modules that have an activity which this one has, too.
    #[must_use]
    pub fn shared_activities(&self, namespace: &str, module: &str) -> Vec<String> {
        let shared = |names: &Names| {
            let own = names.activities.by_name.get(module).cloned().unwrap_or_default();
            own.iter().flat_map(|activity| names.activities.get(activity)).filter(|other| other != module).collect()
        };
        self.within(namespace, shared).unwrap_or_default()
    }

    /// The modules whose activities are served on a queue of their own.
    #[must_use]
    pub fn modules_on(&self, namespace: &str, queue: &str) -> Vec<String> {
        self.within(namespace, |names| names.module_queues.get(queue)).unwrap_or_default()
    }

    /// A Job that builds a module is there, or gone; the module.
    pub fn build(&self, job: &Job, is_there: bool) -> Option<String> {
        let module = job.owner_references().iter().find(|owner| owner.kind == "ActivityModule")?.name.clone();
        let mut names = self.names();
        let names = names.entry(job.namespace().unwrap_or_default()).or_default();
        names.builds.set(&job.name_any(), is_there.then(|| module.clone()).into_iter().collect());
        Some(module)
    }

    /// A pod of such a Job is there, or gone; the module, where the Job is known.
    pub fn build_pod(&self, pod: &Pod, is_there: bool) -> Option<String> {
        let job = pod.labels().get("batch.kubernetes.io/job-name")?.clone();
        let mut names = self.names();
        let names = names.entry(pod.namespace().unwrap_or_default()).or_default();
        names.build_pods.set(&pod.name_any(), is_there.then(|| job.clone()).into_iter().collect());
        names.builds.by_name.get(&job)?.first().cloned()
    }

    /// The Jobs that build a module.
    #[must_use]
    pub fn builds_of(&self, namespace: &str, module: &str) -> Vec<String> {
        self.within(namespace, |names| names.builds.get(module)).unwrap_or_default()
    }

    /// The pods of a Job that builds a module.
    #[must_use]
    pub fn pods_of_build(&self, namespace: &str, job: &str) -> Vec<String> {
        self.within(namespace, |names| names.build_pods.get(job)).unwrap_or_default()
    }

    /// The modules that a workflow was compiled with.
    #[must_use]
    pub fn modules_of(&self, namespace: &str, workflow: &str) -> Vec<String> {
        let of = |names: &Names| names.referred.by_name.get(workflow).cloned().unwrap_or_default();
        let referred = self.within(namespace, of).unwrap_or_default();
        referred.iter().filter_map(|object| object.strip_prefix("ActivityModule/").map(str::to_owned)).collect()
    }

    /// The names of all versions in a namespace.
    #[must_use]
    pub fn versions_in(&self, namespace: &str) -> Vec<String> {
        self.within(namespace, |names| names.versions.by_name.keys().cloned().collect()).unwrap_or_default()
    }

    /// The names of all modules in a namespace that have anything to call.
    #[must_use]
    pub fn modules_in(&self, namespace: &str) -> Vec<String> {
        self.within(namespace, |names| names.activities.by_name.keys().cloned().collect()).unwrap_or_default()
    }

    /// The names of all workflows in a namespace.
    #[must_use]
    pub fn workflows_in(&self, namespace: &str) -> Vec<String> {
        self.within(namespace, |names| names.types.by_name.keys().cloned().collect()).unwrap_or_default()
    }

    /// The queue of its own that a module was on when it was last seen.
    #[must_use]
    pub fn queue_of_module(&self, namespace: &str, module: &str) -> Option<String> {
        self.within(namespace, |names| names.module_queues.by_name.get(module).and_then(|queues| queues.first().cloned())).flatten()
    }

    /// The versions that serve a queue which is named by its content.
    #[must_use]
    pub fn content_queues(&self, namespace: &str, content_queue: &str) -> Vec<String> {
        self.within(namespace, |names| names.content_queues.get(content_queue)).unwrap_or_default()
    }

    /// The versions that call a version.
    #[must_use]
    pub fn callers(&self, namespace: &str, version: &str) -> Vec<String> {
        self.within(namespace, |names| names.callers.get(version)).unwrap_or_default()
    }

    /// The `TaskQueue` of a version.
    #[must_use]
    pub fn queue_of_version(&self, namespace: &str, version: &str) -> Option<String> {
        self.within(namespace, |names| names.versions.by_name.get(version).and_then(|queues| queues.first().cloned())).flatten()
    }

    /// The versions of a `TaskQueue`.
    #[must_use]
    pub fn versions_of(&self, namespace: &str, task_queue: &str) -> Vec<String> {
        self.within(namespace, |names| names.versions.get(task_queue)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_anew_is_found_by_its_new_keys_only() {
        let mut relation = Relation::default();
        relation.set("a", vec!["x".into(), "y".into()]);
        relation.set("b", vec!["x".into()]);
        assert_eq!(relation.get("x"), ["a", "b"]);
        relation.set("a", vec!["z".into()]);
        assert_eq!((relation.get("x"), relation.get("y"), relation.get("z")), (vec!["b".into()], vec![], vec!["a".into()]));
        relation.set("a", Vec::new());
        assert!(relation.get("z").is_empty() && relation.by_name.len() == 1);
    }
}
