//! Packages of one test's own, published to the cluster's npm registry.

use super::{Namespace, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a package is made of.
pub struct Package {
    manifest: Value,
    files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// A CommonJS package of that name in the scope `@acme`, unless `name` has a scope.
    pub fn new(namespace: &Namespace, name: &str, version: &str) -> Self {
        let name = package_name(namespace, name);
        Self { manifest: json!({"name": name, "version": version, "main": "index.js", "types": "index.d.ts"}), files: BTreeMap::new() }
    }

    /// Adds fields to its package.json.
    pub fn with(mut self, fields: Value) -> Self {
        for (name, value) in fields.as_object().expect("an object") {
            self.manifest[name] = value.clone();
        }
        self
    }

    /// Adds a file.
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.to_owned(), content.into());
        self
    }

    /// Its code and its declarations.
    pub fn code(self, code: &str, declarations: &str) -> Self {
        self.file("index.js", code).file("index.d.ts", declarations)
    }

    /// Publishes it; anyone may.
    pub fn publish(self, namespace: &Namespace) {
        let folder = scratch(namespace, "package");
        for (name, content) in self.files.iter().chain([(&"package.json".to_owned(), &self.manifest.to_string().into_bytes())]) {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
            std::fs::write(path, content).expect("a writable file");
        }
        publish(namespace, &folder);
        std::fs::remove_dir_all(folder).expect("a folder");
    }
}

/// The name of a package of a namespace's own.
pub fn package_name(namespace: &Namespace, name: &str) -> String {
    match name.split_once('/') {
        Some((scope, name)) => format!("{scope}/{}-{name}", namespace.name),
        None => format!("@acme/{}-{name}", namespace.name),
    }
}

/// Publishes a folder.
pub fn publish(namespace: &Namespace, folder: &Path) {
    run(npm(namespace, folder).args(["publish", "--ignore-scripts", "--loglevel=error", "--tag=latest"]));
}

/// npm, with the cluster's registry.
pub fn npm(namespace: &Namespace, folder: &Path) -> Command {
    let registry = namespace.cluster.get("NPM_REGISTRY");
    let host = registry.strip_prefix("http:").expect("plain HTTP");
    let mut npm = Command::new("npm");
    npm.current_dir(folder).env("npm_config_registry", registry).env(format!("npm_config_{host}:_authToken"), "anyone");
    npm
}

/// A new folder.
pub fn scratch(namespace: &Namespace, about: &str) -> PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("{}-{about}-{number}", namespace.name));
    std::fs::create_dir_all(&folder).expect("a writable folder");
    folder
}

/// An `ActivityModule` of a package of the namespace's own.
pub fn module(namespace: &Namespace, name: &str, package: &str, version: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": name},
        "spec": {
            "npm": {"package": package_name(namespace, package), "version": version},
            "timeout": {"startToClose": "1m"}, "retry": {"maximumAttempts": 1},
        },
    })
}
