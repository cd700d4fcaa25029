//! Acting: one file or folder per kind, each observe (doors) → plan (pure) → carry out (doors).
//! Uses the doors and `plan`; must not decide anything that a plan could decide.

mod activities;
pub mod activity_module;
pub mod compiler;
mod images;
mod index;
mod left_images;
mod own_queue;
mod registries;
pub mod schedule;
pub mod task_queue;
pub mod temporal_target;
mod trial;
pub mod workflow;

pub use compiler::Compiler;
pub use images::LOCAL;
pub use index::Index;
pub use left_images::{LeftImage, delete_left};
pub use registries::Registries;
pub use trial::{Foreseen, Objects, Tools, Trial};

use crate::api::{ActivityModule, Schedule, TaskQueue, WorkerVersion, Workflow};
use crate::cluster::{self, Cluster};
pub use crate::plan::build::Queue as BuildQueue;
use crate::temporal;
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::runtime::reflector::{ObjectRef, Store};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What every reconciler works with.
pub struct Context {
    /// The API server.
    pub cluster: Cluster,
    /// What the API server holds, as watches keep it.
    pub stores: Stores,
    /// Who refers to whom.
    pub index: Index,
    /// The compiler, with bounded concurrency.
    pub compiler: Compiler,
    /// Registries of images.
    pub registries: Arc<Registries>,
    /// Whose build may begin.
    pub queue_of_builds: Mutex<BuildQueue>,
    /// Wakes the reconciler of modules.
    pub modules_to_wake: UnboundedSender<ObjectRef<ActivityModule>>,
    /// Connections to Temporal.
    pub temporal: temporal::Connections,
    /// What is awaited of schedules.
    pub awaited: schedule::Awaited,
    /// How the operator was installed.
    pub settings: Settings,
    /// What is counted.
    pub metrics: crate::telemetry::Metrics,
}

impl Context {
    /// The `TaskQueue` of a queue, as Temporal names it.
    fn queue(&self, namespace: &str, queue: &str) -> Option<Arc<TaskQueue>> {
        let names = self.index.queue_objects(namespace, queue);
        names.iter().find_map(|name| Stores::find(&self.stores.queues, namespace, name))
    }

    /// Lets a module be looked at.
    fn wake_module(&self, namespace: &str, name: &str) {
        // The receiver is gone only when the program ends.
        let _ = self.modules_to_wake.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    /// The workflows on a queue, as Temporal names it.
    fn workflows_on(&self, namespace: &str, queue: &str) -> Vec<Arc<Workflow>> {
        let names = self.index.workflows_on(namespace, queue);
        names.iter().filter_map(|name| Stores::find(&self.stores.workflows, namespace, name)).collect()
    }
}

/// Copies of what the API server holds.
#[derive(Clone)]
pub struct Stores {
    /// Workflows.
    pub workflows: Store<Workflow>,
    /// Activity modules.
    pub modules: Store<ActivityModule>,
    /// Task queues.
    pub queues: Store<TaskQueue>,
    /// Schedules.
    pub schedules: Store<Schedule>,
    /// Versions.
    pub versions: Store<WorkerVersion>,
    /// The Deployments of versions.
    pub deployments: Store<Deployment>,
    /// The Jobs that build modules.
    pub builds: Store<Job>,
    /// Their pods.
    pub build_pods: Store<Pod>,
    /// Namespaces, where the whole cluster is watched.
    pub namespaces: Option<Store<Namespace>>,
}

/// How the operator was installed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Temporal is for task queues that don't say.
    pub temporal_address: Option<String>,
    /// The Temporal namespace of task queues that don't say.
    pub temporal_namespace: String,
    /// The image of workers where no module brings one.
    pub worker_image: String,
    /// How many versions of a worker deployment the Temporal server keeps.
    pub max_versions: usize,
    /// How modules are built.
    pub builds: BuildSettings,
}

/// How many versions of a worker deployment a Temporal server keeps if nobody said otherwise (`matching.maxVersionsInDeployment`).
pub const MAX_VERSIONS: usize = 100;

/// How modules are built.
#[derive(Clone, Debug, Default)]
pub struct BuildSettings {
    /// Where images go: `REGISTRY/PATH`, below which each namespace and module has a path of its own. None: nothing is built.
    pub image_repository: Option<String>,
    /// The Secret, in each namespace that builds, with credentials for it.
    pub image_secret: Option<String>,
    /// The npm registry of packages that name none, as a URL.
    pub npm_registry: Option<String>,
    /// The operator's own image, which packs.
    pub operator_image: Option<String>,
    /// How many builds run at a time.
    pub concurrency: usize,
    /// Registries of images that speak HTTP without TLS, as `HOST:PORT`.
    pub plain_http_registries: Vec<String>,
    /// Whether a NetworkPolicy limits what builds reach.
    pub network_policy: bool,
    /// Where packages that lie in folders of this machine are kept, which takes the place of building modules with a `path`; none on a cluster.
    pub local: Option<PathBuf>,
}

/// Why a reconciliation failed; it is tried again, later and later.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// The Temporal server.
    #[error(transparent)]
    Temporal(#[from] temporal::Error),
    /// A defect of ours.
    #[error("{0}")]
    Defect(String),
}

impl Error {
    /// One CamelCase word for conditions, metrics and logs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Cluster(error) => error.reason(),
            Self::Temporal(error) => error.reason(),
            Self::Defect(_) => "Defect",
        }
    }
}

/// When to look at an object again, where no watch tells.
pub type Again = Option<Duration>;

impl Stores {
    /// An object of a store, by namespace and name.
    pub fn find<K>(store: &Store<K>, namespace: &str, name: &str) -> Option<Arc<K>>
    where
        K: kube::Resource<DynamicType = ()> + Clone + 'static,
    {
        store.get(&ObjectRef::new(name).within(namespace))
    }

    /// Whether a namespace is being deleted, so that nothing can be made in it.
    #[must_use]
    pub fn is_terminating(&self, namespace: &str) -> bool {
        let namespaces = self.namespaces.as_ref();
        namespaces.and_then(|store| store.get(&ObjectRef::new(namespace))).is_some_and(|found| found.metadata.deletion_timestamp.is_some())
    }
}
