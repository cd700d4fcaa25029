//! Writes: server-side apply for what is ours, one field manager a concern; nothing for what is as it should be.

use super::error::code;
use super::{Cluster, Error};
use crate::api::labels::OPERATOR;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PropagationPolicy};
use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;

/// The field manager of statuses.
const STATUS: &str = "warpline-status";

/// The kind of the owner that is none of ours.
pub const NAMESPACE: &str = "Namespace";

/// How often a status is written that others write at the same moment.
const TRIES: usize = 4;

/// What every object that is written can do.
pub trait Object: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize {}

impl<K> Object for K where K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize {}

impl Cluster {
    /// The objects of a kind in a namespace.
    #[must_use]
    pub fn api<K: Object>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Makes the object what it should be, or makes it; fields that others own stay.
    ///
    /// # Errors
    /// The API server's.
    pub async fn apply<K: Object>(&self, object: &K) -> Result<K, Error> {
        self.check_lead()?;
        let api = self.api::<K>(&object.namespace().unwrap_or_default());
        let name = object.name_any();
        let parameters = PatchParams::apply(OPERATOR).force();
        let made = api.patch(&name, &parameters, &Patch::Apply(object)).await.map_err(Error::api(|| named::<K>(&name)))?;
        self.written().wrote(&made);
        Ok(made)
    }

    /// As [`Self::apply`], of the fields in `object` alone: what is not in it is left to defaults and to others.
    ///
    /// # Errors
    /// The API server's.
    pub async fn apply_fields<K: Object>(&self, namespace: &str, name: &str, object: &Value) -> Result<K, Error> {
        self.check_lead()?;
        let parameters = PatchParams::apply(OPERATOR).force();
        let made = self.api::<K>(namespace).patch(name, &parameters, &Patch::Apply(object)).await;
        let made = made.map_err(Error::api(|| named::<K>(name)))?;
        self.written().wrote(&made);
        Ok(made)
    }

    /// Writes a status whole, where it differs from `last`; what others wrote there and is not in it goes. Whether it was written.
    ///
    /// # Errors
    /// The API server's; that the object is gone is none.
    pub async fn write_status<K: Object, S>(&self, object: &K, last: Option<&S>, status: &S) -> Result<bool, Error>
    where
        S: Serialize + DeserializeOwned + PartialEq,
    {
        if last == Some(status) {
            return Ok(false);
        }
        self.check_lead()?;
        let name = object.name_any();
        let api = self.api::<K>(&object.namespace().unwrap_or_default());
        let about = || format!("the status of {}", named::<K>(&name));
        let patch = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()),
            "metadata": {"name": name, "uid": object.uid()},
            "status": status,
        });
        let mut tries = 1;
        let written = loop {
            match api.patch_status(&name, &PatchParams::apply(STATUS).force(), &Patch::Apply(&patch)).await {
                Ok(written) => break written,
                Err(error) if code(&error) == Some(404) || is_gone(&error) => return Ok(false),
                // Somebody else wrote at the same moment; what we say depends on no state of the object.
                Err(error) if code(&error) == Some(409) && tries < TRIES => tries += 1,
                Err(error) => return Err(Error::api(about)(error)),
            }
        };
        self.written().wrote(&written);
        if written.uid() != object.uid() {
            // It was made anew meanwhile, which no server looks at here: what was said of the other one is taken back.
            let nothing = json!({"apiVersion": patch["apiVersion"], "kind": patch["kind"], "metadata": {"name": name}});
            let parameters = PatchParams::apply(STATUS).force();
            let emptied = api.patch_status(&name, &parameters, &Patch::Apply(&nothing)).await.map_err(Error::api(about))?;
            self.written().wrote(&emptied);
            return Ok(false);
        }
        let found = serde_json::to_value(&written).map(|written| written["status"].clone()).unwrap_or_default();
        if is_said::<S>(&found, &patch["status"]) {
            return Ok(true);
        }
        let patch = json!({"status": without_others(&found, &patch["status"])});
        let parameters = PatchParams { field_manager: Some(STATUS.to_owned()), ..PatchParams::default() };
        match api.patch_status(&name, &parameters, &Patch::Merge(&patch)).await {
            Ok(written) => self.written().wrote(&written),
            Err(error) if code(&error) == Some(404) => {}
            Err(error) => return Err(Error::api(about)(error)),
        }
        Ok(true)
    }

    /// Adds or removes our finalizer, where that changes anything.
    ///
    /// # Errors
    /// The API server's; a conflict where the object changed meanwhile. That it is gone is none.
    pub async fn hold<K: Object>(&self, object: &K, finalizer: &str, held: bool) -> Result<(), Error> {
        if object.finalizers().iter().any(|other| other == finalizer) == held {
            return Ok(());
        }
        self.check_lead()?;
        let mut finalizers: Vec<&str> = object.finalizers().iter().map(String::as_str).filter(|other| *other != finalizer).collect();
        finalizers.extend(held.then_some(finalizer));
        let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version()}});
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let goes = finalizers.is_empty() && object.meta().deletion_timestamp.is_some();
        if goes {
            self.written().deletes::<K>(&namespace, &name);
        }
        let held = self.merge(object, &patch).await;
        if held.is_err() && goes {
            self.written().stays::<K>(&namespace, &name);
        }
        held
    }

    /// Merges a patch into an object; that it is gone is no error.
    ///
    /// # Errors
    /// The API server's.
    pub async fn merge<K: Object>(&self, object: &K, patch: &Value) -> Result<(), Error> {
        self.check_lead()?;
        let name = object.name_any();
        let api = self.api::<K>(&object.namespace().unwrap_or_default());
        match api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(merged) => {
                self.written().wrote(&merged);
                Ok(())
            }
            Err(error) if code(&error) == Some(404) => Ok(()),
            Err(error) => Err(Error::api(|| named::<K>(&name))(error)),
        }
    }

    /// Deletes an object and, in the background, what it owns; that it is gone is no error.
    ///
    /// # Errors
    /// The API server's.
    pub async fn delete<K: Object>(&self, namespace: &str, name: &str) -> Result<(), Error> {
        self.check_lead()?;
        let parameters = DeleteParams { propagation_policy: Some(PropagationPolicy::Background), ..DeleteParams::default() };
        self.written().deletes::<K>(namespace, name);
        let deleted = self.api::<K>(namespace).delete(name, &parameters).await;
        if let Some(held) = deleted.as_ref().ok().and_then(|deleted| deleted.as_ref().left())
            && held.meta().deletion_timestamp.is_some()
        {
            // It goes when its finalizers are gone.
            self.written().stays::<K>(namespace, name);
            self.written().wrote(held);
        }
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => {
                self.written().stays::<K>(namespace, name);
                if code(&error) == Some(404) { Ok(()) } else { Err(Error::api(|| named::<K>(name))(error)) }
            }
        }
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// The API server's.
    pub async fn get<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<K>, Error> {
        self.api::<K>(namespace).get_opt(name).await.map_err(Error::api(|| named::<K>(name)))
    }

    /// What stands for an object's content, if it is there: another one after each change. The content is not read.
    ///
    /// # Errors
    /// The API server's.
    pub async fn mark<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<String>, Error> {
        let found = self.api::<K>(namespace).get_metadata_opt(name).await.map_err(Error::api(|| named::<K>(name)))?;
        Ok(found.map(|found| format!("{}/{}", found.uid().unwrap_or_default(), found.resource_version().unwrap_or_default())))
    }

    /// A namespace as an owner: what it owns stays as long as it does.
    ///
    /// # Errors
    /// The API server's.
    pub async fn namespace_reference(&self, name: &str) -> Result<OwnerReference, Error> {
        let about = || format!("Namespace {name}");
        let namespace = Api::<Namespace>::all(self.client.clone()).get_metadata(name).await.map_err(Error::api(about))?;
        Ok(OwnerReference {
            api_version: "v1".to_owned(),
            kind: NAMESPACE.to_owned(),
            name: name.to_owned(),
            uid: namespace.uid().unwrap_or_default(),
            ..OwnerReference::default()
        })
    }

    /// The objects with that label.
    ///
    /// # Errors
    /// The API server's.
    pub async fn labelled<K: Object>(&self, namespace: &str, label: &str, value: &str) -> Result<Vec<K>, Error> {
        let parameters = kube::api::ListParams::default().labels(&format!("{label}={value}"));
        let list = self.api::<K>(namespace).list(&parameters).await.map_err(Error::api(|| format!("{}s of {value}", K::kind(&()))))?;
        Ok(list.items)
    }
}

fn named<K: Object>(name: &str) -> String {
    format!("{} {name}", K::kind(&()))
}

/// Whether a write was refused since the object that it names by its UID is gone.
fn is_gone(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    matches!(status.code, 409 | 422) && status.message.to_ascii_lowercase().contains("uid")
}

/// Whether a status is the wanted one, both as they are read: what is written holds times to the second, and leaves out what is not there.
fn is_said<S: DeserializeOwned + PartialEq>(found: &Value, wanted: &Value) -> bool {
    let [found, wanted] = [found, wanted].map(|status| serde_json::from_value::<S>(status.clone()).ok());
    found.is_some() && found == wanted
}

/// The merge patch that makes `wanted` of `found`, which has all of it.
fn without_others(found: &Value, wanted: &Value) -> Value {
    let (Value::Object(found), Value::Object(fields)) = (found, wanted) else { return wanted.clone() };
    let mut patch = serde_json::Map::new();
    for (name, value) in found {
        match fields.get(name) {
            Some(field) if field == value => {}
            Some(field) => drop(patch.insert(name.clone(), without_others(value, field))),
            None => drop(patch.insert(name.clone(), Value::Null)),
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ScheduleStatus;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;

    #[test]
    fn what_is_not_written_is_no_difference() {
        let at = Time(Timestamp::new(1_000_000, 123_456_789).unwrap());
        let status = ScheduleStatus { next_runs: vec![at], ..ScheduleStatus::default() };
        let wanted = serde_json::to_value(&status).unwrap();
        let found: ScheduleStatus = serde_json::from_value(wanted.clone()).unwrap();
        assert_ne!(found, status, "fractions of a second are not written");
        assert!(is_said::<ScheduleStatus>(&serde_json::to_value(&found).unwrap(), &wanted));
        let others = ScheduleStatus { paused: true, ..found };
        assert!(!is_said::<ScheduleStatus>(&serde_json::to_value(&others).unwrap(), &wanted));
    }

    #[test]
    fn what_others_wrote_goes() {
        let found = json!({"ours": 1, "theirs": 2, "both": {"ours": [1], "theirs": {"a": 1}}, "list": [1, 2]});
        let wanted = json!({"ours": 1, "both": {"ours": [1]}, "list": [1]});
        assert_eq!(without_others(&found, &wanted), json!({"theirs": null, "both": {"theirs": null}, "list": [1]}));
    }
}
