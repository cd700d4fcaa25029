//! One watch: its store kept, and everyone told who is concerned by a change.

use crate::cluster::Written;
use futures::{StreamExt, pin_mut};
use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

/// The objects that are watched: one namespace, or all.
pub fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// Follows a kind for ever: keeps its store, and calls `changed` with each object that came, changed (`true`) or went (`false`).
/// `written` is told what the store shows.
pub async fn follow<K>(written: &Written, api: Api<K>, config: watcher::Config, mut writer: Writer<K>, changed: impl Fn(&K, bool))
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let store = writer.as_reader();
    written.watches::<K>(config.label_selector.as_deref());
    let changed = |object: &K, is_there: bool| {
        if is_there {
            written.shows(object);
        } else {
            written.shows_gone(object);
        }
        changed(object, is_there);
    };
    // Nobody here reads who manages which field, and it is the larger half of most objects.
    let events = watch(api, config).default_backoff().modify(|object| object.managed_fields_mut().clear());
    pin_mut!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => take(&store, &mut writer, &event, &changed),
            Err(error) => tracing::warn!(%error, kind = %K::kind(&()), "a watch was interrupted"),
        }
    }
}

/// Follows a kind for ever without keeping anything: calls `changed` with each object that is there, came, changed or went.
pub async fn pass<K>(api: Api<K>, config: watcher::Config, changed: impl Fn(&K))
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let events = watch(api, config).default_backoff();
    pin_mut!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::InitApply(object) | Event::Apply(object) | Event::Delete(object)) => changed(&object),
            Ok(Event::Init | Event::InitDone) => {}
            Err(error) => tracing::warn!(%error, kind = %K::kind(&()), "a watch was interrupted"),
        }
    }
}

fn take<K>(store: &Store<K>, writer: &mut Writer<K>, event: &Event<K>, changed: &impl Fn(&K, bool))
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    match event {
        Event::Init | Event::InitApply(_) => writer.apply_watcher_event(event),
        Event::InitDone => {
            let before = by_uid(store);
            writer.apply_watcher_event(event);
            let after = by_uid(store);
            // What went while nobody looked.
            before.iter().filter(|(uid, _)| !after.contains_key(*uid)).for_each(|(_, gone)| changed(gone, false));
            after.values().for_each(|there| changed(there, true));
        }
        Event::Apply(object) => {
            writer.apply_watcher_event(event);
            changed(object, true);
        }
        Event::Delete(object) => {
            writer.apply_watcher_event(event);
            changed(object, false);
        }
    }
}

fn by_uid<K: Resource<DynamicType = ()> + Clone + 'static>(store: &Store<K>) -> HashMap<String, Arc<K>> {
    store.state().into_iter().map(|object| (object.uid().unwrap_or_default(), object)).collect()
}
