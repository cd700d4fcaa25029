//! Activities on a queue of their own: what its modules ask for now, and the queue's name in Temporal, which is made of that content.
//! Late binding would break pinning (an activity on another queue runs on whatever is current there): so each content has a queue, and callers name it.

use super::activities::{self, Lack, Served};
use super::{Context, Stores};
use crate::api::{WorkerVersion, WorkerVersionSpec};
use crate::version;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the modules of a queue ask for.
pub struct OwnQueue {
    /// The queue as its modules name it.
    pub queue: String,
    /// The digest of the content.
    pub build_id: String,
    /// The activities, by module.
    pub served: Served,
}

impl OwnQueue {
    /// The name in Temporal of the queue that serves this content.
    pub fn name(&self) -> String {
        format!("{}--{}", self.queue, self.build_id)
    }
}

/// What the modules of a queue ask for; none where no workers of ours serve them.
///
/// # Errors
/// What cannot be served.
pub fn find(context: &Context, namespace: &str, queue: &str) -> Result<Option<OwnQueue>, Lack> {
    let mut served = Served::new();
    for name in context.index.modules_on(namespace, queue) {
        let Some(module) = Stores::find(&context.stores.modules, namespace, &name) else { continue };
        if module.metadata.deletion_timestamp.is_none() {
            activities::add_module(&mut served, &module, &activities::names(&module), &context.settings.builds)?;
        }
    }
    if served.is_empty() {
        return Ok(None);
    }
    Ok(Some(OwnQueue { queue: queue.to_owned(), build_id: content(namespace, &activities::digests(&served)), served }))
}

/// The digest of what a queue's modules are, by name. The namespace is in it: of two tenants with the same modules on one Temporal server neither runs
/// what the other asks for, with the other's Secrets.
fn content(namespace: &str, modules: &BTreeMap<String, String>) -> String {
    // No module has such a name.
    let namespace = ("namespace/", namespace.as_bytes());
    let modules = modules.iter().map(|(module, digest)| (module.as_str(), digest.as_bytes()));
    version::digest([namespace].into_iter().chain(modules)).chars().take(16).collect()
}

/// A version of activities that has to be made.
pub struct Callee {
    /// Its queue, as modules name it.
    pub queue: String,
    /// What it is.
    pub spec: WorkerVersionSpec,
    /// Its files, for each ConfigMap.
    pub groups: Vec<BTreeMap<String, Vec<u8>>>,
}

/// The version that serves a queue's content, where it is there.
pub fn version_of(context: &Context, namespace: &str, content_queue: &str) -> Option<Arc<WorkerVersion>> {
    let names = context.index.content_queues(namespace, content_queue);
    let found = names.iter().filter_map(|name| Stores::find(&context.stores.versions, namespace, name));
    found.into_iter().find(|version| version.metadata.deletion_timestamp.is_none())
}

/// The version that serves `own`, to be made for the `TaskQueue` of that name.
///
/// # Errors
/// Reason and message: no image holds all of it.
pub async fn callee(context: &Context, namespace: &str, own: OwnQueue, task_queue: &str) -> Result<Callee, (String, String)> {
    let object = context.queue(namespace, &own.queue);
    let default_image = object.as_ref().and_then(|queue| queue.spec.worker_image.clone());
    let worker = default_image.as_ref().unwrap_or(&context.settings.worker_image);
    let image = context.image_of(namespace, &own.served, worker).await?;
    let record = json!({
        "buildId": own.build_id, "taskQueue": own.name(), "workflows": [], "activities": activities::record(&own.served),
    });
    let groups = version::volumes(&[("version.json".to_owned(), record.to_string().into_bytes())]);
    let name = crate::plan::objects::version_name(task_queue, &own.build_id);
    let spec = WorkerVersionSpec {
        task_queue: task_queue.to_owned(),
        deployment_name: None,
        content_queue: Some(own.name()),
        build_id: own.build_id.clone(),
        image,
        definition_digest: own.build_id,
        workflows: Vec::new(),
        activities: activities::versioned(&own.served),
        calls: Vec::new(),
        config_maps: (0..groups.len()).map(|number| crate::plan::objects::config_map_name(&name, number)).collect(),
    };
    Ok(Callee { queue: own.queue, spec, groups })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_modules_of_two_tenants_are_served_on_two_queues() {
        let modules = BTreeMap::from([("engine".to_owned(), "1f".to_owned())]);
        let [one, again, other] = ["builds", "builds", "reports"].map(|namespace| content(namespace, &modules));
        assert_eq!(one, again);
        assert_ne!(one, other);
    }
}
