//! Where an `ActivityModule`'s code comes from, and how it is built.
//! Depends on kube's derive only.

use super::open;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A package of an npm registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NpmPackage {
    /// The package's name, such as `@acme/build-activities`.
    #[schemars(length(min = 1, max = 214), regex(pattern = r"^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$"))]
    pub package: String,
    /// Its version: one (`1.2.3`), a range (`^1.2`) or a tag; `latest` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub version: Option<String>,
    /// The registry's URL; by default the one that Warpline was installed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://[^/@\s]+(/\S*)?$"), length(max = 500))]
    pub registry: Option<String>,
    /// A Secret with what the registry asks for: `token`, or `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = super::OBJECT_NAME), length(max = 253))]
    pub secret_name: Option<String>,
}

/// Files of a package with its own package.json and package-lock.json.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, KubeSchema)]
#[x_kube(validation = ("has(self.configMap) != has(self.oci)", "give one of configMap and oci"))]
#[serde(rename_all = "camelCase")]
pub struct ModuleSource {
    /// A ConfigMap with the files; `__` in a key stands for `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = super::OBJECT_NAME), length(max = 253))]
    pub config_map: Option<String>,
    /// An artifact in a registry, as `warpline push` prints it: `registry.example/acme/activities@sha256:…`. A tag may move, so it takes a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[^@\s]+/[^@\s]+@sha256:[0-9a-f]{64}$"), length(max = 500))]
    pub oci: Option<String>,
    /// The package's folder in it; by default its root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub path: Option<String>,
}

/// Workers that others run, in any language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ExternalWorkers {}

/// When a range of versions moves to a newer one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum UpdatePolicy {
    /// When the annotation `warpline.dev/update` gets a new value, or the spec names another package or range.
    #[default]
    Manual,
    /// Also with every change of the spec.
    OnApply,
    /// Also when a newer one is found, which is looked for every `updateInterval`.
    Interval,
}

impl UpdatePolicy {
    /// What is not written, so that objects from before there was a policy read the same.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How a module is built.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleBuild {
    /// The packages whose install scripts run, by name; no others do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub allow_scripts: Vec<String>,
    /// Resources of the build's containers, as in a pod; 100m and 256Mi up to 2Gi where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::resources")]
    pub resources: Option<Value>,
    /// How long a build may take; `10m` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::duration")]
    pub deadline: Option<Value>,
    /// Refuse a package that brings no lock file of its own (`npm-shrinkwrap.json` in a package, `package-lock.json` in a source).
    #[serde(default)]
    pub require_lockfile: bool,
    /// The registries, by URL, that packages of the tree may come from; any where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub allowed_registries: Vec<String>,
}
