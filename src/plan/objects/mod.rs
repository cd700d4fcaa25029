//! The Kubernetes objects of a version: what its workers run in, and what its files are in.
//! Pure; builds objects, and must not know whether they are there.

mod build_job;
mod config_map;
mod deployment;
mod names;
mod pod;
mod replay;
mod restricted;

pub use build_job::{
    BuildJob, BuildOwner, FETCH, Files, INSTALL, PACK, Pack, SCRIPTS, build_job, build_network_policy, build_request, registry_config,
};
pub use config_map::{config_maps, group};
pub use deployment::{deployment, disruption_budget};
pub use names::{config_map_name, version_name};
pub use pod::InvalidTemplate;
pub use replay::{Replayed, replay_job};

use crate::api::labels;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use std::collections::BTreeMap;

/// How a version's workers reach Temporal, with names of Secrets in place of what is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// `host:port` of the frontend.
    pub address: String,
    /// The Temporal namespace.
    pub namespace: String,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// The Secret with certificates, where there is one: its name, and which of `ca.crt`, `tls.crt` and `tls.key` it holds.
    pub tls_secret: Option<(String, Vec<String>)>,
    /// The name that the server's certificate is checked against.
    pub server_name: Option<String>,
    /// Name and key of the Secret with the API key.
    pub api_key: Option<(String, String)>,
}

/// What a version's pods run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The image.
    pub image: &'a str,
    /// The ConfigMaps with its files.
    pub config_maps: &'a [String],
    /// How Temporal is reached.
    pub reach: &'a Reach,
    /// How long activities have to end when a pod ends, in seconds.
    pub grace: i64,
}

/// Whose object it is.
#[derive(Clone, Debug)]
pub struct Owner<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The name of the `TaskQueue`.
    pub task_queue: &'a str,
    /// The name of the `WorkerVersion`.
    pub version: &'a str,
    /// The build ID.
    pub build_id: &'a str,
    /// The owner reference to the `WorkerVersion`.
    pub reference: OwnerReference,
}

/// The metadata of an object that goes with another one.
fn owned(namespace: &str, name: &str, labels: BTreeMap<String, String>, owner: &OwnerReference) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some(labels),
        owner_references: Some(vec![owner.clone()]),
        ..ObjectMeta::default()
    }
}

impl Owner<'_> {
    fn labels(&self) -> BTreeMap<String, String> {
        [
            (labels::MANAGED_BY, labels::OPERATOR),
            (labels::NAME, labels::WORKER),
            (labels::TASK_QUEUE, self.task_queue),
            (labels::WORKER_VERSION, self.version),
            (labels::BUILD_ID, self.build_id),
        ]
        .map(|(key, value)| (key.to_owned(), names::label(value)))
        .into()
    }

    fn metadata(&self, name: &str) -> ObjectMeta {
        owned(self.namespace, name, self.labels(), &self.reference)
    }

    /// What selects the version's pods.
    fn selector(&self) -> BTreeMap<String, String> {
        [(labels::WORKER_VERSION.to_owned(), names::label(self.version))].into()
    }
}
