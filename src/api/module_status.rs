//! What the operator says of an `ActivityModule`.
//! Depends on kube's derive only.

use super::conditions::Condition;
use super::diagnostic::StatusDiagnostic;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator knows of a module.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityModuleStatus {
    /// The generation of the spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling`, `Stalled`, `Valid`, `Resolved`, `Built`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Where the code comes from, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How many activities workflows may call.
    #[serde(default)]
    pub activities: i32,
    /// What the package and its range of versions were resolved to: builds keep to it until the range is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<ResolvedPackage>,
    /// What a move of the range would bring, where it was looked for and differs; of a source, files that wait until they are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<AvailablePackage>,
    /// The newest build, whether it runs, failed or waits to be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildStatus>,
    /// Images that were in use once: each goes when no version needs it any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub retired: Vec<String>,
    /// The build that workflows compile against and versions are made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedBuild>,
    /// The digest of the signatures and types of the spec that the accepted build was judged with: with others it is judged again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<String>,
    /// When a newer version was last looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Time>,
    /// What asked for the last look: the value of `warpline.dev/update`, or the generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_for: Option<String>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub diagnostics: Vec<StatusDiagnostic>,
}

/// A package as it was resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedPackage {
    /// The exact version.
    pub version: String,
    /// The hash of the package's tarball, as npm writes it; absent for a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// The digest of the lock file of the whole tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_digest: Option<String>,
    /// The digest of the package, range and registry that it was resolved from.
    pub from: String,
    /// The ConfigMap that the files came from, and the folder in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A version that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailablePackage {
    /// The exact version.
    pub version: String,
    /// The hash of the package's tarball; the digest of a source's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// A build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildStatus {
    /// The digest of what is built, and how.
    pub key: String,
    /// The Job, for `kubectl logs job/NAME --all-containers`.
    pub job: String,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: i32,
    /// The worker image that it stands on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base: String,
    /// The image, by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The digest of its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// How many bytes were pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_bytes: Option<i64>,
    /// Why it failed, or was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<BuildFailure>,
    /// The value of `warpline.dev/retry` that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// The digest of the deadline, resources and Secret that it was given: what failed is tried again with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
}

/// Why a build failed, or was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildFailure {
    /// One CamelCase word.
    pub reason: String,
    /// What happened, and what to do.
    pub message: String,
}

/// A build that is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedBuild {
    /// The digest of what was built, and how.
    pub key: String,
    /// The image, by digest.
    pub image: String,
    /// The digest of its record: what is in it, and of which bytes.
    pub record: String,
    /// The worker image that it stands on, as it was named.
    pub base: String,
    /// The package's name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The hash of its tarball.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// The package's folder in the image.
    pub folder: String,
    /// The export of it that holds the activities.
    pub export: String,
    /// The activities that it exports.
    #[schemars(length(max = 1000))]
    pub activities: Vec<String>,
    /// Where its declarations are; absent for a package without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declarations: Option<DeclarationsReference>,
}

/// Declarations of a module, in the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclarationsReference {
    /// The digest of the archive.
    pub digest: String,
    /// The file of the export in it.
    pub file: String,
}
