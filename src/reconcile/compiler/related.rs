//! What a definition is compiled with: itself, the workflows and modules that it may refer to, and the digest of all that.

use crate::api::{AcceptedBuild, ActivityModule, Workflow};
use crate::definition::{essence, words};
use crate::reconcile::activities::is_built;
use crate::reconcile::{Context, Stores, own_queue};
use crate::version;
use kube::ResourceExt;
use serde_json::Value;
use std::collections::BTreeMap;

/// What one definition is compiled from. All specs are as the API server holds them.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The namespace.
    pub namespace: String,
    /// The name of the `Workflow`.
    pub name: String,
    /// The spec of the workflow and of those that it refers to, by name.
    pub workflows: BTreeMap<String, Value>,
    /// The specs of the modules that it may call, by name.
    pub modules: BTreeMap<String, Value>,
    /// The builds of those modules that are built, by name.
    pub builds: BTreeMap<String, AcceptedBuild>,
    /// The digest of the workflow's spec, its canvas left out, with what it refers to.
    pub digest: String,
}

/// The inputs of a workflow: from its words to the objects that bear them, and on from those workflows.
#[must_use]
pub fn inputs(context: &Context, workflow: &Workflow) -> Inputs {
    inputs_with(context, workflow, None)
}

/// The same, as if a build of a module were in use.
#[must_use]
pub fn inputs_with(context: &Context, workflow: &Workflow, candidate: Option<(&str, &AcceptedBuild)>) -> Inputs {
    let namespace = workflow.namespace().unwrap_or_default();
    let name = workflow.name_any();
    let mut workflows = BTreeMap::new();
    let mut modules = BTreeMap::new();
    let mut builds = BTreeMap::new();
    let mut waiting = vec![(name.clone(), spec(&workflow.spec))];
    while let Some((name, spec)) = waiting.pop() {
        for word in words(&spec) {
            for module in named_modules(context, &namespace, word) {
                let name = module.name_any();
                let accepted = module.status.as_ref().and_then(|status| status.accepted.as_ref()).filter(|_| is_built(&module));
                let build = candidate.filter(|(other, _)| *other == name).map(|(_, build)| build).or(accepted);
                builds.extend(build.map(|build| (name.clone(), build.clone())));
                modules.entry(name).or_insert_with(|| module_spec(context, &namespace, &workflow.spec.task_queue, &module));
            }
            for other in named_workflows(context, &namespace, word) {
                let other_name = other.name_any();
                if other_name != name && !workflows.contains_key(&other_name) && !waiting.iter().any(|(waiting, _)| *waiting == other_name)
                {
                    waiting.push((other_name, self::spec(&other.spec)));
                }
            }
        }
        workflows.insert(name, spec);
    }
    let digest = digest(&name, &workflows, &modules, &builds);
    Inputs { namespace, name, workflows, modules, builds, digest }
}

/// A module as a workflow of that queue sees it: activities that pods of their own serve are on the queue that is named by their content.
fn module_spec(context: &Context, namespace: &str, queue: &str, module: &ActivityModule) -> Value {
    let mut spec = spec(&module.spec);
    let own =
        module.spec.task_queue.as_ref().filter(|own| *own != queue).and_then(|own| own_queue::find(context, namespace, own).ok().flatten());
    if let Some(own) = own.filter(|own| own.served.contains_key(&module.name_any())) {
        spec["taskQueue"] = own.name().into();
    }
    spec
}

fn spec<S: serde::Serialize>(spec: &S) -> Value {
    serde_json::to_value(spec).unwrap_or_default()
}

fn named_modules(context: &Context, namespace: &str, word: &str) -> Vec<std::sync::Arc<ActivityModule>> {
    let mut names = context.index.modules_with(namespace, word);
    names.push(word.to_owned());
    names.iter().filter_map(|name| Stores::find(&context.stores.modules, namespace, name)).collect()
}

fn named_workflows(context: &Context, namespace: &str, word: &str) -> Vec<std::sync::Arc<Workflow>> {
    let mut names = context.index.workflows_of_type(namespace, word);
    names.push(word.to_owned());
    names.iter().filter_map(|name| Stores::find(&context.stores.workflows, namespace, name)).collect()
}

/// What another workflow or module says about how it is run changes no code, but may change what is served where: it stays in.
/// Of a module that is built, the bytes that it was built to stand for where they came from.
fn digest(
    name: &str,
    workflows: &BTreeMap<String, Value>,
    modules: &BTreeMap<String, Value>,
    builds: &BTreeMap<String, AcceptedBuild>,
) -> String {
    let workflows =
        workflows.iter().map(|(name, spec)| (format!("Workflow/{name}"), without(&essence(spec), "deletionPolicy").to_string()));
    let modules = modules.iter().map(|(name, spec)| {
        let mut essence = essence(spec);
        if let (Some(build), Value::Object(spec)) = (builds.get(name), &mut essence) {
            spec.retain(|field, _| !NOT_CODE.contains(&field.as_str()));
            spec.insert("record".to_owned(), build.record.clone().into());
        }
        (format!("ActivityModule/{name}"), essence.to_string())
    });
    let parts: Vec<(String, String)> = std::iter::once(("name".to_owned(), name.to_owned())).chain(workflows).chain(modules).collect();
    version::digest(parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))
}

/// How a module gets to its build.
const NOT_CODE: &[&str] = &["npm", "source", "path", "build", "updatePolicy", "updateInterval"];

fn without(value: &Value, key: &str) -> Value {
    let mut value = value.clone();
    if let Value::Object(object) = &mut value {
        object.remove(key);
    }
    value
}
