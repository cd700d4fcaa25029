//! Which activities a queue serves, and from which image.
//! Uses the stores; decides nothing about versions.

use super::{Context, Stores};
use crate::api::{ActivityModule, VersionedActivities};
use crate::compile::Activities;
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a version needs to know of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFacts {
    /// The image that holds it.
    pub image: String,
    /// The export of the package in it.
    pub export: String,
}

/// Where a module's activities come from, seen from a cluster.
pub enum Source {
    /// An image.
    Image(ModuleFacts),
    /// Workers that others run.
    External,
    /// Nothing that a cluster can serve: why.
    Unserved(String),
}

/// Where the activities of a module come from.
pub fn source(module: &ActivityModule) -> Source {
    let spec = &module.spec;
    match (&spec.image, &spec.npm, &spec.path) {
        (Some(image), _, _) => {
            Source::Image(ModuleFacts { image: image.clone(), export: spec.module.clone().unwrap_or_else(|| ".".to_owned()) })
        }
        (None, Some(npm), _) => Source::Unserved(format!(
            "the npm package {} is not built by this version of the operator: give an image that holds it",
            npm.package
        )),
        (None, None, Some(_)) => {
            Source::Unserved("a path is only there where `warpline run` runs: give an image that holds the package".to_owned())
        }
        (None, None, None) => Source::External,
    }
}

/// The activities that a queue serves: names by module, with where they come from.
pub type Served = BTreeMap<String, (ModuleFacts, BTreeSet<String>)>;

/// Adds what the workers of a queue (its namespace and name) serve for a workflow of it that calls these activities.
///
/// # Errors
/// Reason and message of what cannot be served.
pub fn add(served: &mut Served, context: &Context, (namespace, queue): (&str, &str), called: &Activities) -> Result<(), (String, String)> {
    for ((activity_queue, module_name), names) in called {
        if activity_queue.as_deref().is_some_and(|other| other != queue) {
            continue;
        }
        let Some(module) = Stores::find(&context.stores.modules, namespace, module_name) else { continue };
        add_module(served, &module, names)?;
    }
    Ok(())
}

/// Adds activities of a module, where its workers are ours.
///
/// # Errors
/// As [`add`].
pub fn add_module<'a>(
    served: &mut Served,
    module: &ActivityModule,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), (String, String)> {
    let name = module.name_any();
    match source(module) {
        Source::Image(facts) => {
            let (_, known) = served.entry(name).or_insert_with(|| (facts, BTreeSet::new()));
            known.extend(names.into_iter().cloned());
            Ok(())
        }
        Source::External => Ok(()),
        Source::Unserved(why) => Err(("ActivitiesNotServed".to_owned(), format!("ActivityModule/{name}: {why}"))),
    }
}

/// What stands for the activities' code, by module: where it comes from, and which of it is served.
pub fn digests(served: &Served) -> BTreeMap<String, String> {
    served.iter().map(|(module, (facts, names))| (module.clone(), json!([facts.image, facts.export, names]).to_string())).collect()
}

/// The activities as a version records them.
pub fn versioned(served: &Served) -> Vec<VersionedActivities> {
    let mut digests = digests(served);
    let entry = |(module, (_, names)): (&String, &(ModuleFacts, BTreeSet<String>))| VersionedActivities {
        module: module.clone(),
        digest: digests.remove(module).unwrap_or_default(),
        names: names.iter().cloned().collect(),
    };
    served.iter().map(entry).collect()
}

/// The activities as `version.json` has them (worker/README.md).
pub fn record(served: &Served) -> Vec<Value> {
    let entry = |(module, (facts, names)): (&String, &(ModuleFacts, BTreeSet<String>))| json!({"module": module, "path": "/activities", "export": facts.export, "names": names});
    served.iter().map(entry).collect()
}

/// The one image that holds all of these modules; `otherwise` where there are none.
///
/// # Errors
/// Reason and message: two modules are in two images.
pub fn image(served: &Served, otherwise: &str) -> Result<String, (String, String)> {
    let mut images: BTreeMap<&str, &str> = BTreeMap::new();
    for (module, (facts, _)) in served {
        images.entry(&facts.image).or_insert(module);
    }
    match images.iter().collect::<Vec<_>>().as_slice() {
        [] => Ok(otherwise.to_owned()),
        [(image, _)] => Ok((**image).to_owned()),
        [(one, a), (two, b), ..] => Err((
            "TwoImages".to_owned(),
            format!(
                "ActivityModule/{a} is in the image {one} and ActivityModule/{b} in {two}, but one pod runs one image: put both into one image, or give one of them a taskQueue of its own"
            ),
        )),
    }
}
