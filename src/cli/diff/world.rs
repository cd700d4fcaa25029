//! A namespace as it is, and as it would be with the objects of some files.

use crate::api::{ActivityModule, Workflow};
use crate::cli::Stop;
use crate::cli::kubernetes::{Connected, words};
use crate::definition::Documents;
use crate::plan::overview::Snapshot;
use crate::reconcile::Objects;
use kube::api::{Api, PostParams};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The objects of a namespace now.
pub(super) fn now(snapshot: &Snapshot) -> Objects {
    Objects {
        workflows: snapshot.workflows.clone(),
        modules: snapshot.modules.clone(),
        queues: snapshot.queues.clone(),
        versions: snapshot.versions.clone(),
    }
}

/// The same with what the files hold, as the API server would take it: with its defaults, after its checks.
pub(super) async fn then(cluster: &Connected, documents: &Documents, now: &Objects) -> Result<Objects, Stop> {
    let mut objects = now.clone();
    for workflow in &documents.workflows {
        if let Some(object) = put::<Workflow>(cluster, documents, &workflow.object, &workflow.name, &objects.workflows).await? {
            replace(&mut objects.workflows, object);
        }
    }
    for module in &documents.modules {
        if let Some(object) = put::<ActivityModule>(cluster, documents, &module.object, &module.name, &objects.modules).await? {
            replace(&mut objects.modules, object);
        }
    }
    Ok(objects)
}

fn replace<K: Resource<DynamicType = ()>>(all: &mut Vec<K>, object: K) {
    all.retain(|other| other.name_any() != object.name_any());
    all.push(object);
}

/// What the API server would hold if the object of a file were applied; none for one that can't be (a bare export).
async fn put<K>(cluster: &Connected, documents: &Documents, object: &str, name: &str, all: &[K]) -> Result<Option<K>, Stop>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + Serialize + DeserializeOwned + std::fmt::Debug,
{
    let Some(manifest) = documents.manifest(object).filter(|manifest| manifest.get("kind").is_some()) else { return Ok(None) };
    let namespace = manifest.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or(&cluster.namespace);
    if namespace != cluster.namespace {
        return Err(Stop::Usage(format!("{object} is for the namespace {namespace}: compare it by itself, with -n {namespace}")));
    }
    let api: Api<K> = Api::namespaced(cluster.client.clone(), namespace);
    let dry = PostParams { dry_run: true, field_manager: Some("warpline-diff".to_owned()) };
    let refused = |error: kube::Error| match &error {
        kube::Error::Api(status) if status.code == 403 => Stop::Machine(format!(
            "{object}: {}; a comparison asks the API server for what it would hold, without writing it",
            words(&error)
        )),
        _ => Stop::Usage(format!("the API server would refuse {object}: {}", words(&error))),
    };
    let read = |value: Value| serde_json::from_value::<K>(value).map_err(|error| Stop::Usage(format!("{object}: {error}")));
    let there = all.iter().find(|other| other.name_any() == name);
    let Some(there) = there else {
        return api.create(&dry, &read(manifest.clone())?).await.map(Some).map_err(refused);
    };
    let mut value = serde_json::to_value(there).map_err(Stop::machine)?;
    value["spec"] = manifest.get("spec").cloned().unwrap_or_default();
    let mut taken = api.replace(name, &dry, &read(value)?).await.map_err(refused)?;
    // What the operator knows of the object stays: a build that is in use, say.
    let status = serde_json::to_value(there).map_err(Stop::machine)?;
    if let Some(status) = status.get("status") {
        let mut value = serde_json::to_value(&taken).map_err(Stop::machine)?;
        value["status"] = status.clone();
        taken = read(value)?;
    }
    Ok(Some(taken))
}
