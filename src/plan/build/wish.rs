//! What a spec asks to be built, with digests of the parts that decide when it is built again.

use crate::api::{ActivityModuleSpec, ActivityModuleStatus, AvailablePackage, ModuleSource, NpmPackage, ResolvedPackage, UpdatePolicy};
use crate::version::digest;
use serde_json::json;
use std::time::Duration;

/// Where the code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A package of a registry.
    Npm(NpmPackage),
    /// Files.
    Source {
        /// Where they are.
        source: ModuleSource,
        /// What they are.
        files: SourceFiles,
    },
}

/// Files of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFiles {
    /// The name of the package that they are; none where only the build finds that out.
    pub package: Option<String>,
    /// Its version, likewise.
    pub version: Option<String>,
    /// Their digest.
    pub content: String,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Where the code is.
    pub origin: Origin,
    /// The digest of the package, range and registry: another one is resolved anew.
    pub from: String,
    /// The digest of how it is built: another one is built anew, with the same version.
    pub how: String,
    /// The digest of what it is built with (deadline, resources, Secrets): what failed is tried again with others, what was built stays.
    pub means: String,
    /// Whether it can stand for one version only.
    pub is_fixed: bool,
    /// When a range moves.
    pub policy: UpdatePolicy,
    /// How often a newer version is looked for.
    pub interval: Option<Duration>,
    /// The generation of the spec.
    pub generation: i64,
    /// The value of `warpline.dev/update`.
    pub update: Option<String>,
    /// The value of `warpline.dev/retry`.
    pub retry: Option<String>,
    /// Files that wait until somebody asks for them: the wish is for those that are in use.
    pub held: Option<AvailablePackage>,
}

/// How often a newer version is looked for with the policy `Interval`, where the spec does not say.
const INTERVAL: Duration = Duration::from_secs(3600);

impl Wish {
    /// What a spec asks for; none where nothing is built. `registry` is the URL of the npm registry of packages that name none,
    /// `files` those of a source, `interval` the spec's.
    #[must_use]
    pub fn of(spec: &ActivityModuleSpec, generation: i64, registry: &str, files: &SourceFiles, interval: Option<Duration>) -> Option<Self> {
        let origin = match (&spec.npm, &spec.source) {
            (Some(npm), _) => {
                let registry = npm.registry.clone().unwrap_or_else(|| registry.to_owned());
                Origin::Npm(NpmPackage { registry: Some(registry), ..npm.clone() })
            }
            (None, Some(source)) => Origin::Source { source: source.clone(), files: files.clone() },
            (None, None) => return None,
        };
        let (from, is_fixed) = match &origin {
            Origin::Npm(npm) => {
                let version = npm.version.as_deref().unwrap_or("latest");
                (json!(["npm", npm.package, version, npm.registry]).to_string(), is_exact(version))
            }
            Origin::Source { source, files } => (json!(["source", source.path, files.content]).to_string(), true),
        };
        let build = spec.build.clone().unwrap_or_default();
        let secret = spec.npm.as_ref().and_then(|npm| npm.secret_name.as_ref());
        let means = json!([build.deadline, build.resources, secret]).to_string();
        let mut scripts = build.allow_scripts;
        scripts.sort();
        let how = json!([spec.module, scripts, build.require_lockfile, build.allowed_registries]).to_string();
        let interval = match (interval, spec.update_policy) {
            (None, UpdatePolicy::Interval) => Some(INTERVAL),
            (interval, _) => interval,
        };
        Some(Self {
            origin,
            from: digest([("from", from.as_bytes())]),
            how: digest([("how", how.as_bytes())]),
            means: digest([("means", means.as_bytes())]),
            is_fixed,
            policy: spec.update_policy,
            interval,
            generation,
            update: None,
            retry: None,
            held: None,
        })
    }

    /// Where files come from that can change under one name: the ConfigMap, and the folder in it.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let Origin::Source { source, .. } = &self.origin else { return None };
        let path = source.path.as_deref().map(|path| path.trim_matches('/')).unwrap_or_default();
        source.config_map.as_ref().map(|name| format!("{name}/{path}"))
    }

    /// With the policy `Manual`, files that changed under their name wait until somebody asks for them, as a newer version of a range does.
    #[must_use]
    pub fn hold(self, last: &ActivityModuleStatus) -> Self {
        let (Some(resolved), Some(accepted), Origin::Source { files, .. }) = (&last.resolved, &last.accepted, &self.origin) else {
            return self;
        };
        let is_asked = self.policy != UpdatePolicy::Manual || last.looked_for.as_ref() != Some(&self.token());
        let is_other = self.place().is_none() || self.place() != resolved.place;
        if is_asked || is_other || resolved.from == self.from {
            return self;
        }
        let there = AvailablePackage { version: files.version.clone().unwrap_or_default(), integrity: Some(files.content.clone()) };
        let held = Self { from: resolved.from.clone(), held: Some(there), ..self.clone() };
        // What has to be built anyway is built of the files that there are.
        if held.key(Some(resolved)) == accepted.key { held } else { self }
    }

    /// The same, with what stands for the content of the Secrets that it is built with.
    #[must_use]
    pub fn with_secrets(self, marks: &[String]) -> Self {
        if marks.is_empty() {
            return self;
        }
        let means = json!([self.means, marks]).to_string();
        Self { means: digest([("means", means.as_bytes())]), ..self }
    }

    /// What stands for the build of a version: the same one is not built twice.
    #[must_use]
    pub fn key(&self, resolved: Option<&ResolvedPackage>) -> String {
        let pin = resolved.map(|resolved| json!([resolved.version, resolved.integrity]).to_string()).unwrap_or_default();
        digest([("from", self.from.as_bytes()), ("how", self.how.as_bytes()), ("pin", pin.as_bytes())])
    }

    /// What asks for a move: another text asks anew.
    #[must_use]
    pub fn token(&self) -> String {
        let update = self.update.clone().unwrap_or_default();
        match self.policy {
            UpdatePolicy::OnApply => format!("{update} {}", self.generation),
            UpdatePolicy::Manual | UpdatePolicy::Interval => update,
        }
    }
}

/// `1.2.3`, and nothing that may stand for another version.
fn is_exact(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}
