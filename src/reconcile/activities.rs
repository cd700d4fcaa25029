//! Which activities a queue serves, and from which image.
//! Uses the stores; decides nothing about versions.

use super::{BuildSettings, Context, Stores};
use crate::api::conditions::{STALLED, find_true};
use crate::api::{ActivityModule, VersionedActivities, WorkerVersion};
use crate::compile::Activities;
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where the package is in an image that users made.
const READY_MADE: &str = "/activities";

/// What a version needs to know of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFacts {
    /// The image that holds it.
    pub image: String,
    /// The package's folder in it.
    pub folder: String,
    /// The export of the package.
    pub export: String,
    /// What we built it to; none for an image that the user made.
    pub built: Option<Built>,
}

/// A build of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The digest of its record.
    pub record: String,
    /// The worker image that it stands on, as it was named; none where that is not known any more.
    pub base: Option<String>,
}

/// Where a module's activities come from, seen from a cluster.
pub enum Source {
    /// An image.
    Image(ModuleFacts),
    /// Workers that others run.
    External,
    /// An image that is not there yet.
    Pending,
    /// Nothing that a cluster can serve: why.
    Unserved(String),
}

/// Why activities can't be served.
#[derive(Debug, PartialEq, Eq)]
pub enum Lack {
    /// A build is on its way.
    NotYet,
    /// Reason and message.
    Never(String, String),
}

/// Where the activities of a module come from.
pub fn source(module: &ActivityModule, builds: &BuildSettings) -> Source {
    let spec = &module.spec;
    if builds.local.is_some() && spec.path.is_some() {
        return built(module);
    }
    if let Some(image) = &spec.image {
        let export = spec.module.clone().unwrap_or_else(|| ".".to_owned());
        return Source::Image(ModuleFacts { image: image.clone(), folder: READY_MADE.to_owned(), export, built: None });
    }
    if spec.npm.is_none() && spec.source.is_none() {
        return match (&spec.path, &spec.external) {
            (Some(_), None) => Source::Unserved(
                "a path is only there where `warpline run` runs: add npm, source or an image that holds the package".to_owned(),
            ),
            _ => Source::External,
        };
    }
    built(module)
}

/// What a module was built to.
fn built(module: &ActivityModule) -> Source {
    let status = module.status.as_ref();
    match status.and_then(|status| status.accepted.as_ref()) {
        Some(accepted) => Source::Image(ModuleFacts {
            image: accepted.image.clone(),
            folder: accepted.folder.clone(),
            export: accepted.export.clone(),
            built: Some(Built { record: accepted.record.clone(), base: Some(accepted.base.clone()) }),
        }),
        None => match status.and_then(|status| find_true(&status.conditions, STALLED)) {
            Some(stalled) => Source::Unserved(format!("{}: {}", stalled.reason, stalled.message)),
            None => Source::Pending,
        },
    }
}

/// Whether a module's code is built by us, or kept where folders are taken.
pub fn is_built(module: &ActivityModule) -> bool {
    module.spec.npm.is_some() || module.spec.source.is_some() || module.spec.path.is_some()
}

/// The activities that are known of a module: those that it declares, and those of the build in use.
pub fn names(module: &ActivityModule) -> BTreeSet<String> {
    let accepted = module.status.as_ref().and_then(|status| status.accepted.as_ref());
    let built = accepted.filter(|_| is_built(module));
    module.spec.activities.keys().chain(built.into_iter().flat_map(|built| &built.activities)).cloned().collect()
}

/// The activities that a queue serves: names by module, with where they come from.
pub type Served = BTreeMap<String, (ModuleFacts, BTreeSet<String>)>;

/// Adds what the workers of a queue (its namespace and name) serve for a workflow of it that calls these activities. Where its code is that of an
/// older version, so are its activities: code never meets a build that it was not compiled with.
///
/// # Errors
/// What cannot be served.
pub fn add(
    served: &mut Served,
    context: &Context,
    (namespace, queue): (&str, &str),
    called: &Activities,
    from: Option<&WorkerVersion>,
) -> Result<(), Lack> {
    for ((activity_queue, module_name), names) in called {
        if activity_queue.as_deref().is_some_and(|other| other != queue) {
            continue;
        }
        if let Some(facts) = from.and_then(|version| recorded(version, module_name)) {
            add_facts(served, module_name, facts, names)?;
            continue;
        }
        let Some(module) = Stores::find(&context.stores.modules, namespace, module_name) else { continue };
        add_module(served, &module, names, &context.settings.builds)?;
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
    builds: &BuildSettings,
) -> Result<(), Lack> {
    let name = module.name_any();
    match source(module, builds) {
        Source::Image(facts) => add_facts(served, &name, facts, names),
        Source::External => Ok(()),
        Source::Pending => Err(Lack::NotYet),
        Source::Unserved(why) => Err(Lack::Never("ActivitiesNotServed".to_owned(), format!("ActivityModule/{name}: {why}"))),
    }
}

fn add_facts<'a>(served: &mut Served, module: &str, facts: ModuleFacts, names: impl IntoIterator<Item = &'a String>) -> Result<(), Lack> {
    let (there, known) = served.entry(module.to_owned()).or_insert_with(|| (facts.clone(), BTreeSet::new()));
    if !is_same(there, &facts) {
        return Err(Lack::Never(
            "ModuleInTwoBuilds".to_owned(),
            format!(
                "a Workflow that is broken runs on with {} of ActivityModule/{module}, and others were compiled with {}: correct the broken one",
                facts.image, there.image
            ),
        ));
    }
    known.extend(names.into_iter().cloned());
    Ok(())
}

/// The same code: what it stands on is no part of it.
fn is_same(one: &ModuleFacts, other: &ModuleFacts) -> bool {
    let code = |facts: &ModuleFacts| facts.built.as_ref().map_or_else(|| facts.image.clone(), |built| built.record.clone());
    code(one) == code(other) && one.export == other.export
}

/// What a version was made with.
fn recorded(version: &WorkerVersion, module: &str) -> Option<ModuleFacts> {
    let entry = version.spec.activities.iter().find(|entry| entry.module == module)?;
    let export = serde_json::from_str::<Vec<serde_json::Value>>(&entry.digest).ok()?.get(1)?.as_str()?.to_owned();
    Some(match (&entry.image, &entry.record, &entry.folder) {
        (Some(image), Some(record), Some(folder)) => {
            ModuleFacts { image: image.clone(), folder: folder.clone(), export, built: Some(Built { record: record.clone(), base: None }) }
        }
        _ => ModuleFacts { image: version.spec.image.clone(), folder: READY_MADE.to_owned(), export, built: None },
    })
}

/// What stands for the activities' code, by module: where it comes from, and which of it is served.
pub fn digests(served: &Served) -> BTreeMap<String, String> {
    let digest = |facts: &ModuleFacts, names: &BTreeSet<String>| {
        let code = facts.built.as_ref().map_or(&facts.image, |built| &built.record);
        json!([code, facts.export, names]).to_string()
    };
    served.iter().map(|(module, (facts, names))| (module.clone(), digest(facts, names))).collect()
}

/// The activities as a version records them.
pub fn versioned(served: &Served) -> Vec<VersionedActivities> {
    let mut digests = digests(served);
    let entry = |(module, (facts, names)): (&String, &(ModuleFacts, BTreeSet<String>))| VersionedActivities {
        module: module.clone(),
        digest: digests.remove(module).unwrap_or_default(),
        image: facts.built.is_some().then(|| facts.image.clone()),
        record: facts.built.as_ref().map(|built| built.record.clone()),
        folder: facts.built.is_some().then(|| facts.folder.clone()),
        names: names.iter().cloned().collect(),
    };
    served.iter().map(entry).collect()
}

/// The activities as `version.json` has them (worker/README.md).
pub fn record(served: &Served) -> Vec<Value> {
    let entry = |(module, (facts, names)): (&String, &(ModuleFacts, BTreeSet<String>))| json!({"module": module, "path": facts.folder, "export": facts.export, "names": names});
    served.iter().map(entry).collect()
}

/// The image that holds all of these modules.
#[derive(Debug, PartialEq, Eq)]
pub enum Image {
    /// This one.
    Ready(String),
    /// One that has to be put together from these, on that worker image.
    Composed {
        /// The worker image.
        base: String,
        /// The images of the modules.
        images: BTreeSet<String>,
    },
}

/// The image for modules; `worker` where there are none, and what built ones are put on.
///
/// # Errors
/// Reason and message: two modules are in two images of which one is the user's own.
pub fn image(served: &Served, worker: &str) -> Result<Image, (String, String)> {
    let mut ready: BTreeMap<&str, &str> = BTreeMap::new();
    let mut built: BTreeMap<&str, (&str, Option<&str>)> = BTreeMap::new();
    for (module, (facts, _)) in served {
        match &facts.built {
            None => ready.entry(&facts.image).or_insert(module),
            Some(build) => &mut built.entry(&facts.image).or_insert((module, build.base.as_deref())).0,
        };
    }
    let all: Vec<(&str, &str)> =
        ready.iter().map(|(image, module)| (*image, *module)).chain(built.iter().map(|(image, (module, _))| (*image, *module))).collect();
    match all.as_slice() {
        [] => return Ok(Image::Ready(worker.to_owned())),
        [(image, _)] if !ready.is_empty() => return Ok(Image::Ready((*image).to_owned())),
        [(one, a), (two, b), ..] if !ready.is_empty() => {
            return Err((
                "TwoImages".to_owned(),
                format!(
                    "ActivityModule/{a} is in the image {one} and ActivityModule/{b} in {two}, but one pod runs one image: put both into one image, or give one of them a taskQueue of its own"
                ),
            ));
        }
        _ => {}
    }
    // One that stands on the worker image already is the image itself.
    if let [(image, (_, Some(base)))] = built.iter().collect::<Vec<_>>().as_slice()
        && *base == worker
    {
        return Ok(Image::Ready((**image).to_owned()));
    }
    Ok(Image::Composed { base: worker.to_owned(), images: built.keys().map(|image| (*image).to_owned()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(image: &str, base: &str) -> (ModuleFacts, BTreeSet<String>) {
        let built = Some(Built { record: format!("record of {image}"), base: Some(base.into()) });
        (ModuleFacts { image: image.into(), folder: "/f".into(), export: ".".into(), built }, BTreeSet::new())
    }

    fn ready(image: &str) -> (ModuleFacts, BTreeSet<String>) {
        (ModuleFacts { image: image.into(), folder: READY_MADE.into(), export: ".".into(), built: None }, BTreeSet::new())
    }

    fn image_of(modules: &[(ModuleFacts, BTreeSet<String>)]) -> Result<Image, String> {
        let served = modules.iter().enumerate().map(|(number, facts)| (format!("m{number}"), facts.clone())).collect();
        image(&served, "worker").map_err(|(reason, _)| reason)
    }

    #[test]
    fn built_modules_share_an_image_and_ready_ones_stand_alone() {
        let composed = |images: &[&str]| {
            Ok(Image::Composed { base: "worker".into(), images: images.iter().map(|image| (*image).to_owned()).collect() })
        };
        assert_eq!(image_of(&[]), Ok(Image::Ready("worker".into())));
        assert_eq!(image_of(&[ready("a"), ready("a")]), Ok(Image::Ready("a".into())));
        assert_eq!(image_of(&[built("a", "worker"), built("a", "worker")]), Ok(Image::Ready("a".into())));
        assert_eq!(image_of(&[built("a", "older")]), composed(&["a"]));
        assert_eq!(image_of(&[built("b", "worker"), built("a", "worker")]), composed(&["a", "b"]));
        assert_eq!(image_of(&[ready("a"), ready("b")]), Err("TwoImages".into()));
        assert_eq!(image_of(&[ready("a"), built("b", "worker")]), Err("TwoImages".into()));
    }

    #[test]
    fn old_code_never_meets_a_new_build() {
        let mut served = Served::new();
        let facts = |image: &str| built(image, "worker").0;
        add_facts(&mut served, "m", facts("1.0.0"), [&"a".to_owned()]).unwrap();
        add_facts(&mut served, "m", facts("1.0.0"), [&"b".to_owned()]).unwrap();
        let refused = add_facts(&mut served, "m", facts("1.1.0"), [&"a".to_owned()]);
        assert!(matches!(refused, Err(Lack::Never(reason, _)) if reason == "ModuleInTwoBuilds"));
    }
}
