//! Events: what a user reads in `kubectl describe`. Told on transitions only.

use super::Cluster;
use kube::Resource;
use kube::runtime::events::{Event, EventType};

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

impl Cluster {
    /// Tells an event about an object. An event that can't be written is logged, and stops nothing.
    pub async fn tell<K: Resource<DynamicType = ()>>(&self, object: &K, told: Told) {
        // The API server takes 1024 bytes.
        let event = Event {
            type_: if told.is_warning { EventType::Warning } else { EventType::Normal },
            reason: told.reason.clone(),
            note: Some(told.message[..told.message.floor_char_boundary(1000)].to_owned()),
            action: told.reason,
            secondary: None,
        };
        if self.check_lead().is_err() {
            return;
        }
        if let Err(error) = self.recorder.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(%error, reason = event.reason, "an event could not be written");
        }
    }
}
