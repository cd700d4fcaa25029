//! The kinds that the API server of `warpline dev` knows: Warpline's own, with their schemas, and those of Kubernetes that the operator uses.
//! Depends on the custom resources' definitions; must not know what an object means.

use crate::api::crds;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Secret};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Resource;
use serde_json::{Value, json};

/// A kind of objects.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// The API group; empty for Kubernetes' own first one.
    pub group: String,
    /// The version.
    pub version: String,
    /// As URLs name it.
    pub plural: String,
    /// As objects name it.
    pub kind: String,
    /// Shorter names that people type.
    pub short: Vec<String>,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Whether its status is written on a path of its own.
    pub has_status: bool,
    /// The schema of its objects; none for Kubernetes' own kinds, whose writers here are ours.
    pub schema: Option<Value>,
    /// What a table shows of each object: title, type and path.
    pub columns: Vec<(String, String, String)>,
}

impl Kind {
    /// `group/version`, as objects say it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As errors name it: `workflows.warpline.dev`.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The entry of a discovery document.
    pub fn discovered(&self) -> Vec<Value> {
        let verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];
        let mut all = vec![json!({
            "name": self.plural, "singularName": self.kind.to_lowercase(), "namespaced": self.namespaced, "kind": self.kind,
            "verbs": verbs, "shortNames": self.short, "categories": if self.schema.is_some() { vec!["warpline"] } else { vec![] },
        })];
        if self.has_status {
            let name = format!("{}/status", self.plural);
            all.push(json!({"name": name, "singularName": "", "namespaced": self.namespaced, "kind": self.kind, "verbs": ["get", "patch", "update"]}));
        }
        all
    }
}

fn builtin<K: Resource<DynamicType = ()>>(has_status: bool, short: &[&str]) -> Kind {
    Kind {
        group: K::group(&()).into_owned(),
        version: K::version(&()).into_owned(),
        plural: K::plural(&()).into_owned(),
        kind: K::kind(&()).into_owned(),
        short: short.iter().map(|name| (*name).to_owned()).collect(),
        namespaced: K::kind(&()) != "Namespace",
        has_status,
        ..Kind::default()
    }
}

/// All of them.
pub fn kinds() -> Vec<Kind> {
    let own = crds().into_iter().map(|crd| {
        let names = crd.spec.names;
        let version = crd.spec.versions.into_iter().next();
        let columns = version.as_ref().and_then(|version| version.additional_printer_columns.clone()).unwrap_or_default();
        let columns = columns.into_iter().filter(|column| column.priority.unwrap_or(0) == 0);
        Kind {
            group: crd.spec.group,
            version: version.as_ref().map(|version| version.name.clone()).unwrap_or_default(),
            plural: names.plural,
            kind: names.kind,
            short: names.short_names.unwrap_or_default(),
            namespaced: crd.spec.scope == "Namespaced",
            has_status: true,
            columns: columns.map(|column| (column.name, column.type_, column.json_path)).collect(),
            schema: version.and_then(|version| serde_json::to_value(version.schema?.open_api_v3_schema?).ok()),
        }
    });
    let kubernetes = [
        builtin::<Namespace>(true, &["ns"]),
        builtin::<Pod>(true, &["po"]),
        builtin::<ConfigMap>(false, &["cm"]),
        builtin::<Secret>(false, &[]),
        builtin::<Deployment>(true, &["deploy"]),
        builtin::<Job>(true, &[]),
        builtin::<Event>(false, &["ev"]),
        builtin::<Lease>(false, &[]),
        builtin::<PodDisruptionBudget>(true, &["pdb"]),
        builtin::<NetworkPolicy>(false, &["netpol"]),
    ];
    own.chain(kubernetes).collect()
}
