//! Processes for pods: for each Deployment of a version as many workers on this machine as it asks for, rolled, restarted and ended as a cluster's are.
//! Reads Deployments and writes what the kubelet and its controllers write, Pods and statuses; must not know what a version is.

mod jobs;
mod mount;
mod pod;
mod status;

use super::Say;
use crate::local::Toolchain;
use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::watcher::{self, Event};
use kube::{Client, ResourceExt};
use pod::Pod;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What pods need of this machine.
#[derive(Clone)]
pub struct Ground {
    /// The API server.
    pub client: Client,
    /// The programs.
    pub toolchain: Toolchain,
    /// The image that stands for the worker of this machine.
    pub worker_image: String,
    /// Where files of pods go, and below `logs` their logs.
    pub folder: PathBuf,
    /// Who is told.
    pub say: Say,
}

/// A Deployment, as far as it is known, and its pods.
#[derive(Default)]
struct Workers {
    wanted: Option<Deployment>,
    pods: Vec<Pod>,
    /// The status that was written last.
    said: Option<serde_json::Value>,
}

/// All of them.
struct Fleet {
    ground: Arc<Ground>,
    deployments: BTreeMap<String, Workers>,
    /// Who has news: the name of a Deployment.
    news: UnboundedSender<String>,
}

/// Runs pods until `stop` resolves; then ends them, and waits for that.
pub async fn run(ground: Ground, namespace: &str, stop: impl Future<Output = ()>) {
    let (news, heard) = unbounded_channel();
    let deployments = Api::<Deployment>::namespaced(ground.client.clone(), namespace);
    let ground = Arc::new(ground);
    let mut fleet = Fleet { ground: ground.clone(), deployments: BTreeMap::new(), news };
    tokio::select! {
        () = fleet.follow(deployments, heard) => {}
        () = jobs::run(ground, namespace) => {}
        () = stop => {}
    }
    fleet.end().await;
}

impl Fleet {
    async fn follow(&mut self, api: Api<Deployment>, mut heard: UnboundedReceiver<String>) {
        let events = watcher::watcher(api.clone(), watcher::Config::default());
        futures::pin_mut!(events);
        loop {
            let concerned = tokio::select! {
                event = events.next() => match event {
                    Some(Ok(Event::Apply(deployment) | Event::InitApply(deployment))) => Some(self.know(deployment)),
                    Some(Ok(Event::Delete(deployment))) => {
                        let name = deployment.name_any();
                        self.deployments.entry(name.clone()).or_default().wanted = None;
                        Some(name)
                    }
                    Some(Ok(Event::Init | Event::InitDone)) => None,
                    Some(Err(error)) => {
                        tracing::warn!(%error, "the watch of Deployments was interrupted");
                        None
                    }
                    None => return,
                },
                name = heard.recv() => name,
            };
            if let Some(name) = concerned {
                self.settle(&name, &api).await;
            }
        }
    }

    fn know(&mut self, deployment: Deployment) -> String {
        let name = deployment.name_any();
        self.deployments.entry(name.clone()).or_default().wanted = Some(deployment);
        name
    }

    /// Brings the pods of a Deployment one step nearer to what it asks for, and says in its status how they stand.
    async fn settle(&mut self, name: &str, api: &Api<Deployment>) {
        let Some(workers) = self.deployments.get_mut(name) else { return };
        workers.pods.retain(|pod| !pod.has_ended());
        let Some(deployment) = workers.wanted.clone().filter(|deployment| deployment.metadata.deletion_timestamp.is_none()) else {
            workers.pods.iter_mut().for_each(Pod::stop);
            if workers.pods.is_empty() {
                self.deployments.remove(name);
            }
            return;
        };
        let count = usize::try_from(status::wanted(&deployment)).unwrap_or(0);
        let template = status::template(&deployment);
        let (current, old): (Vec<_>, Vec<_>) =
            workers.pods.iter_mut().filter(|pod| !pod.is_stopping()).partition(|pod| pod.template == template);
        let (there, ready) = (current.len(), current.iter().filter(|pod| pod.is_ready()).count());
        current.into_iter().skip(count).for_each(Pod::stop);
        // One that serves ends when another one does in its place.
        if ready >= count {
            old.into_iter().for_each(Pod::stop);
        }
        for _ in there..count {
            workers.pods.push(Pod::start(self.ground.clone(), &deployment, template.clone(), self.news.clone()));
        }
        let said = status::of_deployment(&deployment, &template, &workers.pods);
        if workers.said.as_ref() != Some(&said) {
            match api.patch_status(name, &PatchParams::default(), &Patch::Merge(json!({"status": said}))).await {
                Ok(_) => workers.said = Some(said),
                Err(error) => tracing::debug!(%error, name, "the status of a Deployment could not be written"),
            }
        }
    }

    /// Ends all pods, side by side.
    async fn end(self) {
        let mut pods: Vec<Pod> = self.deployments.into_values().flat_map(|workers| workers.pods).collect();
        pods.iter_mut().for_each(Pod::stop);
        futures::future::join_all(pods.into_iter().map(Pod::ended)).await;
    }
}
