//! Images that modules and versions leave behind when they go: deleted once nothing needs them, without anything that holds the objects themselves.
//! Uses the doors to registries and to the API server.

use super::images::Undeleted;
use super::{Context, Stores};
use crate::api::{ActivityModule, ActivityModuleSpec, WorkerVersion};
use crate::cluster::Told;
use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use kube::ResourceExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long after an object went its images are looked at: one that is replaced is there again by then.
const FIRST: Duration = Duration::from_secs(10);
/// The longest wait before a registry is asked again that does not answer.
const LONGEST: Duration = Duration::from_secs(600);
/// How often that is done: for a day.
const TRIES: usize = 150;
/// How many images are deleted at a time.
const AT_ONCE: usize = 4;

/// An image that may be of no use any more.
#[derive(Debug)]
pub struct LeftImage {
    /// The module that it was built for, as far as it is known: its namespace, name and UID.
    module: ActivityModule,
    image: String,
}

impl LeftImage {
    /// What a module leaves that is gone.
    #[must_use]
    pub fn of_module(module: &ActivityModule) -> Vec<Self> {
        let status = module.status.clone().unwrap_or_default();
        let accepted = status.accepted.map(|accepted| accepted.image);
        let images = status.retired.into_iter().chain(accepted).chain(status.build.and_then(|build| build.image));
        let mut images: Vec<String> = images.collect();
        images.sort();
        images.dedup();
        let name = |image| Self { module: named(module.namespace(), &module.name_any(), module.uid()), image };
        images.into_iter().map(name).collect()
    }

    /// What a version leaves that is gone.
    #[must_use]
    pub fn of_version(version: &WorkerVersion) -> Vec<Self> {
        let images = version.spec.activities.iter().filter_map(|entry| Some((entry.module.as_str(), entry.image.clone()?)));
        images.map(|(module, image)| Self { module: named(version.namespace(), module, None), image }).collect()
    }
}

fn named(namespace: Option<String>, name: &str, uid: Option<String>) -> ActivityModule {
    let mut module = ActivityModule::new(name, ActivityModuleSpec::default());
    (module.metadata.namespace, module.metadata.uid) = (namespace, uid);
    module
}

/// Deletes what is left, for as long as anything may be.
pub async fn delete_left(context: &Context, left: UnboundedReceiver<LeftImage>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    left.for_each_concurrent(None, |left| delete(context, left, places.clone())).await;
}

async fn delete(context: &Context, left: LeftImage, places: Arc<Semaphore>) {
    let (namespace, mut wait, mut is_told) = (left.module.namespace().unwrap_or_default(), FIRST, false);
    for _ in 0..TRIES {
        tokio::time::sleep(wait).await;
        match standing(context, &namespace, &left) {
            Standing::Needed => return,
            Standing::Undecided => continue,
            Standing::Useless => {}
        }
        // The semaphore is never closed.
        let place = places.acquire().await;
        let deleted = context.delete_image(&namespace, &left.image).await;
        drop(place);
        let Err(undeleted) = deleted else { return };
        if !std::mem::replace(&mut is_told, true) {
            context.cluster.tell(&left.module, stays(&left.image, &undeleted)).await;
        }
        if !undeleted.may_pass {
            return;
        }
        wait = (wait * 2).min(LONGEST);
    }
}

/// That an image stays in the registry, and why.
pub(super) fn stays(image: &str, undeleted: &Undeleted) -> Told {
    let then = if undeleted.may_pass { "it is tried again" } else { "delete it there" };
    let message = format!("the image {image} stays in the registry: {}; {then}", undeleted.message);
    Told { reason: "ImagesLeft".to_owned(), message, is_warning: true }
}

enum Standing {
    /// A version or a module has it, and leaves it in turn.
    Needed,
    /// A module of that name is being built, perhaps into that very image.
    Undecided,
    Useless,
}

fn standing(context: &Context, namespace: &str, left: &LeftImage) -> Standing {
    let again = Stores::find(&context.stores.modules, namespace, &left.module.name_any());
    let status = again.and_then(|module| module.status.clone()).unwrap_or_default();
    if context.needs(namespace, &left.image) || status.retired.contains(&left.image) {
        Standing::Needed
    } else if status.build.is_some_and(|build| build.finished_at.is_none()) {
        Standing::Undecided
    } else {
        Standing::Useless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AcceptedBuild, ActivityModuleStatus, BuildStatus};

    #[test]
    fn a_module_leaves_each_image_that_it_had_once() {
        let mut module = ActivityModule::new("build", ActivityModuleSpec::default());
        module.metadata.namespace = Some("team".into());
        assert!(LeftImage::of_module(&module).is_empty());
        module.status = Some(ActivityModuleStatus {
            retired: vec!["old".into()],
            accepted: Some(AcceptedBuild { image: "now".into(), ..AcceptedBuild::default() }),
            build: Some(BuildStatus { image: Some("now".into()), ..BuildStatus::default() }),
            ..ActivityModuleStatus::default()
        });
        let left = LeftImage::of_module(&module);
        assert_eq!(left.iter().map(|left| left.image.as_str()).collect::<Vec<_>>(), ["now", "old"]);
        assert!(left.iter().all(|left| left.module.namespace().as_deref() == Some("team") && left.module.name_any() == "build"));
    }
}
