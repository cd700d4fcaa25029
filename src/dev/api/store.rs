//! The objects, in memory, with the journal that watches read. Every change has a number; an object's is its resource version.
//! Knows metadata; must not know what an object means.

use super::fields::Managers;
use super::kinds::Kind;
use super::select::Selector;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How many changes are remembered; a watch from before them is told to list anew.
pub const REMEMBERED: usize = if cfg!(test) { 64 } else { 4096 };

/// An object's place: the number of its kind, its namespace (empty where it has none), its name.
pub type Key = (usize, String, String);

/// An object as it is kept.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The object.
    pub object: Arc<Value>,
    /// Who owns which field.
    pub managers: Managers,
}

/// A change of an object: how it was and how it is.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub version: u64,
    /// The number of the kind.
    pub kind: usize,
    /// The namespace.
    pub namespace: String,
    /// None where it was made.
    pub before: Option<Arc<Value>>,
    /// None where it went.
    pub after: Option<Arc<Value>>,
}

/// All objects.
pub struct Store {
    /// The kinds.
    pub kinds: Vec<Kind>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

/// What changes.
pub struct State {
    /// The number of the last change.
    pub version: u64,
    /// The objects.
    pub objects: BTreeMap<Key, Stored>,
    journal: VecDeque<Change>,
}

impl Store {
    /// Without any object.
    pub fn new(kinds: Vec<Kind>) -> Self {
        // A cluster's numbers don't begin at one, either: zero means "any" in queries.
        let state = State { version: 1, objects: BTreeMap::new(), journal: VecDeque::new() };
        Self { kinds, state: Mutex::new(state), changed: watch::Sender::new(1) }
    }

    /// The objects, for as long as nobody else is to change them.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the number of the last change, whenever there is another one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Lets watches look at what was changed.
    pub fn announce(&self, version: u64) {
        self.changed.send_replace(version);
    }
}

impl State {
    /// The objects of a kind, in a namespace or in all, that a selector chooses.
    pub fn list(&self, kind: usize, namespace: Option<&str>, selector: &Selector) -> Vec<Arc<Value>> {
        let of_kind = self.objects.iter().filter(|(key, _)| key.0 == kind && namespace.is_none_or(|namespace| key.1 == namespace));
        of_kind.map(|(_, stored)| stored.object.clone()).filter(|object| selector.chooses(object)).collect()
    }

    /// What changed after that number; none where that is forgotten.
    pub fn since(&self, version: u64) -> Option<Vec<Change>> {
        let oldest = self.journal.front().map_or(self.version + 1, |change| change.version);
        if version + 1 < oldest && version < self.version {
            return None;
        }
        Some(self.journal.iter().filter(|change| change.version > version).cloned().collect())
    }

    /// Puts an object in its place, with the next number as its resource version.
    pub fn put(&mut self, key: Key, mut object: Value, managers: Managers) -> Arc<Value> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), Stored { object: object.clone(), managers });
        self.record(key, before.map(|stored| stored.object), Some(object.clone()));
        object
    }

    /// Takes an object away; as it was, with the number of its end.
    pub fn take(&mut self, key: &Key) -> Option<Arc<Value>> {
        let stored = self.objects.remove(key)?;
        self.version += 1;
        let mut last = Value::clone(&stored.object);
        last["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let last = Arc::new(last);
        self.record(key.clone(), Some(last.clone()), None);
        Some(last)
    }

    fn record(&mut self, key: Key, before: Option<Arc<Value>>, after: Option<Arc<Value>>) {
        let (kind, namespace, _) = key;
        self.journal.push_back(Change { version: self.version, kind, namespace, before, after });
        if self.journal.len() > REMEMBERED {
            self.journal.pop_front();
        }
    }

    /// The UIDs of all objects.
    pub fn uids(&self) -> BTreeSet<String> {
        self.objects.values().filter_map(|stored| stored.object["metadata"]["uid"].as_str().map(str::to_owned)).collect()
    }
}

impl Change {
    /// What a watch tells of it: the type of the event, and the object.
    pub fn told(&self, selector: &Selector) -> Option<(&'static str, Value)> {
        let chosen = |object: &Option<Arc<Value>>| object.clone().filter(|object| selector.chooses(object));
        match (chosen(&self.before), chosen(&self.after)) {
            (None, None) => None,
            (None, Some(after)) => Some(("ADDED", Value::clone(&after))),
            (Some(_), Some(after)) => Some(("MODIFIED", Value::clone(&after))),
            (Some(before), None) => {
                let mut gone = Value::clone(&before);
                gone["metadata"]["resourceVersion"] = json!(self.version.to_string());
                Some(("DELETED", gone))
            }
        }
    }
}
