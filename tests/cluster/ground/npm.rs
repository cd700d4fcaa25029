//! Packages of one test's own, published to the cluster's npm registry.

use super::{Namespace, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
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

    /// Its archive, as npm packs it.
    fn archive(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, content) in self.files.iter().chain([(&"package.json".to_owned(), &self.manifest.to_string().into_bytes())]) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, format!("package/{name}"), content.as_slice()).expect("memory");
        }
        archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("memory")
    }
}

/// Publishes many packages as npm does, without a process for each.
pub async fn publish_all(namespace: &Namespace, packages: Vec<Package>) {
    let (client, registry) = (client(), namespace.cluster.get("NPM_REGISTRY"));
    let each = packages.into_iter().map(|package| {
        let archive = package.archive();
        let (name, version) = (text(&package.manifest["name"]), text(&package.manifest["version"]));
        let file = format!("{name}-{version}.tgz");
        let mut manifest = package.manifest;
        let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&archive)));
        manifest["dist"] = json!({"integrity": integrity, "tarball": format!("{registry}{name}/-/{file}")});
        let body = json!({
            "_id": name, "name": name, "dist-tags": {"latest": version}, "versions": {version: manifest},
            "_attachments": {file: {"content_type": "application/octet-stream", "data": STANDARD.encode(&archive), "length": archive.len()}},
        });
        let asked = client.put(format!("{registry}{}", name.replace('/', "%2f"))).header("content-type", "application/json").body(body.to_string());
        async move {
            let answer = asked.send().await.expect("the registry answers");
            assert!(answer.status().is_success(), "{name}: {}", answer.text().await.unwrap_or_default());
        }
    });
    futures::stream::iter(each).buffer_unordered(8).collect::<Vec<()>>().await;
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A client of registries without TLS.
pub fn client() -> reqwest::Client {
    // Whoever asks first says how TLS would be done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
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
