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
pub(super) const NAMESPACE: &str = "Namespace";

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
        api.patch(&name, &parameters, &Patch::Apply(object)).await.map_err(Error::api(|| named::<K>(&name)))
    }

    /// As [`Self::apply`], of the fields in `object` alone: what is not in it is left to defaults and to others.
    ///
    /// # Errors
    /// The API server's.
    pub async fn apply_fields<K: Object>(&self, namespace: &str, name: &str, object: &Value) -> Result<K, Error> {
        self.check_lead()?;
        let parameters = PatchParams::apply(OPERATOR).force();
        self.api::<K>(namespace).patch(name, &parameters, &Patch::Apply(object)).await.map_err(Error::api(|| named::<K>(name)))
    }

    /// Writes a status whole, where it differs from `last`. Whether it was written.
    ///
    /// # Errors
    /// The API server's; that the object is gone is none.
    pub async fn write_status<K: Object, S: Serialize + PartialEq>(&self, object: &K, last: Option<&S>, status: &S) -> Result<bool, Error> {
        if last == Some(status) {
            return Ok(false);
        }
        self.check_lead()?;
        let name = object.name_any();
        let api = self.api::<K>(&object.namespace().unwrap_or_default());
        let patch = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()),
            "metadata": {"name": name, "uid": object.uid()},
            "status": status,
        });
        match api.patch_status(&name, &PatchParams::apply(STATUS).force(), &Patch::Apply(&patch)).await {
            Ok(_) => Ok(true),
            // Gone, or another one of that name.
            Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(false),
            Err(error) => Err(Error::api(|| format!("the status of {}", named::<K>(&name)))(error)),
        }
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
        self.merge(object, &patch).await
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
            Ok(_) => Ok(()),
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
        match self.api::<K>(namespace).delete(name, &parameters).await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(404) => Ok(()),
            Err(error) => Err(Error::api(|| named::<K>(name))(error)),
        }
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// The API server's.
    pub async fn get<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<K>, Error> {
        self.api::<K>(namespace).get_opt(name).await.map_err(Error::api(|| named::<K>(name)))
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
