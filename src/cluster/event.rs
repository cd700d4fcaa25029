//! Events: what a user reads in `kubectl describe`. Told on transitions only; what is told again in the same words is one event that is counted.

use super::error::code;
use super::{Cluster, Error};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::json;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who tells.
const REPORTER: &str = "warpline";

/// How many counts are remembered; then all begin anew.
const REMEMBERED: usize = 1000;

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// One CamelCase word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// Whether somebody should look.
    pub is_warning: bool,
}

/// How often each event was told, by its name.
pub(super) type Counts = Arc<Mutex<HashMap<String, i32>>>;

impl Cluster {
    /// Tells an event about an object. An event that can't be written is logged, and stops nothing.
    pub async fn tell<K: Resource<DynamicType = ()>>(&self, object: &K, told: Told) {
        if self.check_lead().is_err() {
            return;
        }
        let event = self.event(object, told);
        if let Err(error) = self.publish(&event).await {
            tracing::warn!(%error, reason = event.reason, "an event could not be written");
        }
    }

    fn event<K: Resource<DynamicType = ()>>(&self, object: &K, told: Told) -> Event {
        let regarding = object.object_ref(&());
        // The API server takes 1024 bytes.
        let note = told.message[..told.message.floor_char_boundary(1000)].to_owned();
        Event {
            metadata: ObjectMeta {
                name: Some(name(&regarding, &told.reason, &note)),
                // An event about what is in no namespace is in this one.
                namespace: Some(object.namespace().unwrap_or_else(|| "default".to_owned())),
                ..ObjectMeta::default()
            },
            action: Some(told.reason.clone()),
            reason: Some(told.reason),
            note: Some(note),
            type_: Some(if told.is_warning { "Warning" } else { "Normal" }.to_owned()),
            event_time: Some(MicroTime(Timestamp::now())),
            regarding: Some(regarding),
            reporting_controller: Some(REPORTER.to_owned()),
            reporting_instance: Some(self.pod.clone()),
            ..Event::default()
        }
    }

    /// Writes it, or counts it where it was told before; the API server forgets events after an hour.
    async fn publish(&self, event: &Event) -> Result<(), Error> {
        let (name, namespace) = (event.name_any(), event.namespace().unwrap_or_default());
        let about = || format!("Event {name}");
        let events: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        match events.create(&PostParams::default(), event).await {
            Ok(_) => {
                self.counts().insert(name, 1);
                return Ok(());
            }
            Err(error) if code(&error) == Some(409) => {}
            Err(error) => return Err(Error::api(about)(error)),
        }
        let series = json!({"series": {"count": self.told_again(&name), "lastObservedTime": event.event_time}});
        match events.patch(&name, &PatchParams::default(), &Patch::Merge(&series)).await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(404) => Ok(()),
            Err(error) => Err(Error::api(about)(error)),
        }
    }

    /// Counts an event that was told before, also by another program; how often it was told.
    fn told_again(&self, name: &str) -> i32 {
        let mut counts = self.counts();
        let count = counts.entry(name.to_owned()).or_insert(1);
        *count = count.saturating_add(1);
        *count
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, i32>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= REMEMBERED {
            counts.clear();
        }
        counts
    }
}

/// An event's name: the same for the same words about the same object, and another for others.
fn name(regarding: &ObjectReference, reason: &str, note: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (&regarding.uid, reason, note).hash(&mut hasher);
    let object = regarding.name.as_deref().unwrap_or_default();
    format!("{}.{:016x}", object[..object.floor_char_boundary(200)].trim_end_matches(['.', '-']), hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_one_event_and_others_another() {
        let object = ObjectReference { name: Some("builds".to_owned()), uid: Some("1".to_owned()), ..ObjectReference::default() };
        let one = name(&object, "CurrentChanged", "new executions begin on version 1a");
        assert_eq!(one, name(&object, "CurrentChanged", "new executions begin on version 1a"));
        assert_ne!(one, name(&object, "CurrentChanged", "new executions begin on version 2b"));
        let another = ObjectReference { uid: Some("2".to_owned()), ..object };
        assert_ne!(one, name(&another, "CurrentChanged", "new executions begin on version 1a"));
        assert!(one.starts_with("builds."), "{one}");
    }
}
