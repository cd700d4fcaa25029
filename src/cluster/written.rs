//! What this program wrote and no watch has shown yet. Whoever decides from a store that lacks its own last writes decides the same a second time.
//! Knows names and resource versions; must not know what was written.

use super::write::Object;
use kube::ResourceExt;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a watch may take to show a write; after that it is not waited for any longer.
const LATEST: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// Who writes.
    static WRITER: Key;
}

/// An object, by a digest of its kind, namespace and name: there may be very many.
type Key = u64;

fn key(kind: &str, namespace: &str, name: &str) -> Key {
    let mut hasher = DefaultHasher::new();
    (kind, namespace, name).hash(&mut hasher);
    hasher.finish()
}

fn key_of<K: kube::Resource<DynamicType = ()>>(object: &K) -> Key {
    key(&K::kind(&()), &object.namespace().unwrap_or_default(), &object.name_any())
}

/// The version that stands for an object's end.
const GONE: u64 = u64::MAX;

/// Own writes, until watches show them. Each belongs to the object that was being reconciled.
#[derive(Debug, Default)]
pub struct Written(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The kinds that are watched, and the label that an object must have to be.
    watched: HashMap<String, Option<(String, String)>>,
    /// The newest resource version of each object that a watch has shown.
    shown: HashMap<Key, u64>,
    /// What is waited for: the resource version, and since when.
    unseen: HashMap<Key, (u64, Instant)>,
    /// What each writer wrote.
    by: HashMap<Key, Vec<Key>>,
}

impl Written {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a watch of this kind tells what it shows; `label` is the one (`name=value`) that it selects by.
    pub fn watches<K: kube::Resource<DynamicType = ()>>(&self, label: Option<&str>) {
        let label = label.and_then(|label| label.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.state().watched.insert(K::kind(&()).into_owned(), label);
    }

    /// A watch shows an object.
    pub fn shows<K: kube::Resource<DynamicType = ()>>(&self, object: &K) {
        let key = key_of(object);
        let Some(version) = version(object.meta().resource_version.as_deref()) else { return };
        let mut state = self.state();
        state.shown.insert(key, version);
        if state.unseen.get(&key).is_some_and(|(wanted, _)| *wanted <= version) {
            state.unseen.remove(&key);
        }
    }

    /// A watch shows that an object is gone.
    pub fn shows_gone<K: kube::Resource<DynamicType = ()>>(&self, object: &K) {
        let key = key_of(object);
        let mut state = self.state();
        state.shown.remove(&key);
        state.unseen.remove(&key);
    }

    /// An object is as a write of ours has left it.
    pub(super) fn wrote<K: Object>(&self, object: &K) {
        let Some(version) = version(object.resource_version().as_deref()) else { return };
        let mut state = self.state();
        let is_watched = match state.watched.get(K::kind(&()).as_ref()) {
            Some(Some((name, value))) => object.labels().get(name) == Some(value),
            Some(None) => true,
            None => false,
        };
        let key = key_of(object);
        if is_watched && state.shown.get(&key).is_none_or(|shown| *shown < version) {
            state.awaits(key, version);
        }
    }

    /// An object is about to be deleted by us.
    pub(super) fn deletes<K: Object>(&self, namespace: &str, name: &str) {
        let mut state = self.state();
        let key = key(&K::kind(&()), namespace, name);
        if state.shown.contains_key(&key) {
            state.awaits(key, GONE);
        }
    }

    /// It was not deleted, or is not gone yet.
    pub(super) fn stays<K: Object>(&self, namespace: &str, name: &str) {
        self.state().unseen.remove(&key(&K::kind(&()), namespace, name));
    }

    /// Whether watches have yet to show what `object`'s last pass wrote.
    pub fn lacks<K: kube::Resource<DynamicType = ()>>(&self, object: &K) -> bool {
        let by = key_of(object);
        let mut state = self.state();
        let Some(written) = state.by.get(&by).cloned() else { return false };
        let is_late = |(_, since): &(u64, Instant)| since.elapsed() > LATEST;
        let missing: Vec<Key> = written.into_iter().filter(|what| state.unseen.get(what).is_some_and(|unseen| !is_late(unseen))).collect();
        let lacks = !missing.is_empty();
        if lacks {
            state.by.insert(by, missing);
        } else {
            for what in state.by.remove(&by).unwrap_or_default() {
                state.unseen.remove(&what);
            }
        }
        lacks
    }

    /// Reconciles `object`: what is written meanwhile is its.
    pub async fn during<K: kube::Resource<DynamicType = ()>, T>(object: &K, pass: impl Future<Output = T>) -> T {
        let by = key_of(object);
        WRITER.scope(by, pass).await
    }
}

impl State {
    fn awaits(&mut self, what: Key, version: u64) {
        let Ok(by) = WRITER.try_with(|by| *by) else { return };
        self.unseen.insert(what, (version, Instant::now()));
        let written = self.by.entry(by).or_default();
        if !written.contains(&what) {
            written.push(what);
        }
    }
}

/// Resource versions of one kind are numbers that grow, since Kubernetes 1.35 by contract.
fn version(text: Option<&str>) -> Option<u64> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::ObjectMeta;

    fn metadata(name: &str, version: u64) -> ObjectMeta {
        let labels = Some([("ours".to_owned(), "yes".to_owned())].into());
        let (name, namespace) = (Some(name.to_owned()), Some("here".to_owned()));
        ObjectMeta { name, namespace, labels, resource_version: Some(version.to_string()), ..ObjectMeta::default() }
    }

    fn deployment(name: &str, version: u64) -> Deployment {
        Deployment { metadata: metadata(name, version), ..Deployment::default() }
    }

    fn watched() -> Written {
        let written = Written::default();
        written.watches::<Deployment>(Some("ours=yes"));
        written
    }

    /// A pass of the object `one` that writes `object`.
    async fn write(written: &Written, object: &Deployment) {
        Written::during(&deployment("one", 0), async { written.wrote(object) }).await;
    }

    #[tokio::test]
    async fn a_pass_waits_for_what_the_last_one_wrote_and_no_other_pass_does() {
        let (written, one) = (watched(), deployment("one", 1));
        write(&written, &deployment("a", 5)).await;
        assert!(written.lacks(&one));
        assert!(!written.lacks(&deployment("two", 1)));
        written.shows(&deployment("a", 4));
        assert!(written.lacks(&one), "an older state is not what was written");
        written.shows(&deployment("a", 5));
        assert!(!written.lacks(&one));
    }

    #[tokio::test]
    async fn what_changed_nothing_and_what_is_not_watched_is_not_waited_for() {
        let (written, one) = (watched(), deployment("one", 1));
        written.shows(&deployment("a", 5));
        write(&written, &deployment("a", 5)).await;
        assert!(!written.lacks(&one), "the watch was faster, or nothing was changed");
        let mut other = deployment("b", 6);
        other.metadata.labels = None;
        write(&written, &other).await;
        Written::during(&one, async { written.wrote(&ConfigMap { metadata: metadata("c", 7), ..ConfigMap::default() }) }).await;
        assert!(!written.lacks(&one));
    }

    #[tokio::test]
    async fn what_was_deleted_is_waited_for_until_it_is_gone() {
        let (written, one) = (watched(), deployment("one", 1));
        let delete = async || Written::during(&one, async { written.deletes::<Deployment>("here", "a") }).await;
        delete().await;
        assert!(!written.lacks(&one), "nobody knows of it");
        written.shows(&deployment("a", 5));
        delete().await;
        written.shows(&deployment("a", 6));
        assert!(written.lacks(&one));
        written.shows_gone(&deployment("a", 7));
        assert!(!written.lacks(&one));
        written.shows(&deployment("a", 8));
        delete().await;
        written.stays::<Deployment>("here", "a");
        assert!(!written.lacks(&one), "it could not be deleted");
    }
}
