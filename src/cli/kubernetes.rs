//! Which cluster and namespace a command is about, as options of the command line, and what the cluster holds there.

use super::Stop;
use crate::api::labels::{MANAGED_BY, NAME, OPERATOR, WORKER};
use crate::plan::overview::{Operator, Snapshot};
use clap::Args;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, Resource};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A namespace of a cluster.
#[derive(Debug, Args)]
pub(super) struct Cluster {
    /// The namespace; by default that of your kubeconfig.
    #[arg(long, short, global = true, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// The context of your kubeconfig; by default the current one.
    #[arg(long, global = true, value_name = "CONTEXT")]
    context: Option<String>,
}

/// A connection to it.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) namespace: String,
}

impl Cluster {
    /// Connects.
    pub(super) async fn connect(&self) -> Result<Connected, Stop> {
        let failed = |error: &dyn std::fmt::Display| Stop::Machine(format!("no Kubernetes API server: {error}; set KUBECONFIG"));
        let mut config = match &self.context {
            None => Config::infer().await.map_err(|error| failed(&error))?,
            Some(context) => {
                let file = Kubeconfig::read().map_err(|error| failed(&error))?;
                let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
                Config::from_custom_kubeconfig(file, &options).await.map_err(|error| failed(&error))?
            }
        };
        config.connect_timeout = Some(Duration::from_secs(10));
        config.read_timeout = Some(Duration::from_secs(60));
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        Ok(Connected { client: Client::try_from(config).map_err(Stop::machine)?, namespace })
    }
}

impl Connected {
    /// One object.
    pub(super) async fn get<K>(&self, name: &str) -> Result<K, Stop>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let kind = K::kind(&());
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        api.get(name).await.map_err(|error| Stop::Machine(format!("{kind} {}/{name}: {}", self.namespace, words(&error))))
    }

    /// Everything of the namespace that Warpline has to do with.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, Stop> {
        let pods = ListParams::default().labels(&format!("{MANAGED_BY}={OPERATOR},{NAME}={WORKER}"));
        let all = ListParams::default();
        let (workflows, modules, queues, versions, schedules, pods) =
            tokio::try_join!(self.list(&all), self.list(&all), self.list(&all), self.list(&all), self.list(&all), self.list::<Pod>(&pods))?;
        let operator = self.operator().await;
        Ok(Snapshot { namespace: self.namespace.clone(), workflows, modules, queues, versions, schedules, pods, operator })
    }

    /// All objects of a kind.
    pub(super) async fn list<K>(&self, parameters: &ListParams) -> Result<Vec<K>, Stop>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let failed = |error: kube::Error| match &error {
            kube::Error::Api(status) if status.code == 404 => Stop::Machine(format!(
                "this cluster doesn't know {}.{}: install Warpline's custom resources first (helm install warpline-crds charts/warpline-crds)",
                K::plural(&()),
                K::group(&())
            )),
            other => Stop::Machine(format!("{} in {}: {}", K::plural(&()), self.namespace, words(other))),
        };
        Ok(api.list(parameters).await.map_err(failed)?.items)
    }

    /// Whether an operator is at work, by the label that it gives its lease.
    async fn operator(&self) -> Operator {
        let api: Api<Lease> = Api::all(self.client.clone());
        let Ok(leases) = api.list(&ListParams::default().labels(&format!("{NAME}={OPERATOR}"))).await else { return Operator::Unknown };
        let mut held = leases.items.into_iter().filter_map(|lease| {
            let spec = lease.spec?;
            let seconds = i64::from(spec.lease_duration_seconds?);
            let until = spec.renew_time?.0.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()?;
            Some(Operator::Leads { holder: spec.holder_identity.filter(|holder| !holder.is_empty())?, until })
        });
        held.next_back().unwrap_or(Operator::Absent)
    }
}

/// Refuses the name of an object that is not there.
pub(super) fn known(snapshot: &Snapshot, kind: &str, there: &[&str], names: &[String]) -> Result<(), Stop> {
    let Some(unknown) = names.iter().find(|name| !there.contains(&name.as_str())) else { return Ok(()) };
    let there = if there.is_empty() { "there is none".to_owned() } else { format!("there is {}", there.join(", ")) };
    Err(Stop::Usage(format!("namespace {} has no {kind} {unknown}: {there}", snapshot.namespace)))
}

/// What the API server said, without the rest of its answer.
pub(super) fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
