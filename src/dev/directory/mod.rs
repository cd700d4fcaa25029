//! A directory in the API server's place: what is in its files is applied, what is no longer in them is deleted, and a file that can't be read changes nothing.
//! Files are looked at again and again (no notifications: they get lost on mounted folders, and there are few files). Must not know what an object means.

mod export;
mod found;
mod prints;

use super::Say;
use super::api::NAMESPACE;
use crate::project::{self, Manifest};
use crate::typecheck::Checker;
use k8s_openapi::ByteString;
use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use prints::Print;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::sleep;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Who applies what files say.
const MANAGER: &str = "warpline-dev";

/// On an `ActivityModule`: what its folder looks like, so that a change there is a change of the object.
const CONTENT: &str = "warpline.dev/folder";

/// The kinds that are applied.
const KINDS: [(&str, &str); 6] = [
    ("warpline.dev/v1alpha1", "Workflow"),
    ("warpline.dev/v1alpha1", "ActivityModule"),
    ("warpline.dev/v1alpha1", "TaskQueue"),
    ("warpline.dev/v1alpha1", "Schedule"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
];

/// An object's kind and name.
type Name = (String, String);

/// A directory that is followed.
pub struct Directory {
    folder: PathBuf,
    client: Client,
    checker: Checker,
    say: Say,
    /// What was applied, and from which file.
    applied: BTreeMap<Name, PathBuf>,
    /// The folders of packages.
    packages: BTreeSet<PathBuf>,
    /// What was said of a kind, file or finding already.
    told: BTreeSet<String>,
    found: String,
}

impl Directory {
    /// A directory whose objects go to that API server.
    pub fn new(folder: PathBuf, client: Client, checker: Checker, say: Say) -> Self {
        let (applied, packages, told) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { folder, client, checker, say, applied, packages, told, found: String::new() }
    }

    /// Follows it, for ever.
    pub async fn follow(mut self) {
        let mut applied = None;
        loop {
            let print = Print::of(&self.folder, &self.packages);
            if applied.as_ref() != Some(&print) {
                // What is being written is waited for.
                sleep(LOOK).await;
                if Print::of(&self.folder, &self.packages) != print {
                    continue;
                }
                self.pass().await;
                // Packages are known only now.
                applied = Some(if applied.is_none() { Print::of(&self.folder, &self.packages) } else { print });
            }
            sleep(LOOK).await;
        }
    }

    /// Applies what the files say now.
    async fn pass(&mut self) {
        let manifests = match project::manifests(std::slice::from_ref(&self.folder)) {
            Ok(manifests) => manifests,
            Err(project::Error::Usage(_)) => Vec::new(),
            Err(error) => return self.say.warn(&error.to_string()),
        };
        let mut wanted: BTreeMap<Name, PathBuf> = BTreeMap::new();
        self.packages.clear();
        for Manifest { file, documents } in &manifests {
            let Some(documents) = documents else {
                // It is being edited: what it said last still holds.
                wanted.extend(self.applied.iter().filter(|(_, from)| *from == file).map(|(name, from)| (name.clone(), from.clone())));
                continue;
            };
            let stem = file.file_name().and_then(|name| name.to_str()?.split('.').next()).unwrap_or_default();
            for document in documents {
                let exported = export::workflow(document, stem);
                if let Some(name) = self.apply(file, exported.as_ref().unwrap_or(document)).await {
                    wanted.insert(name, file.clone());
                }
            }
        }
        let gone: Vec<Name> = self.applied.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
        for name in gone {
            self.delete(&name).await;
        }
        self.applied = wanted;
        self.say_findings().await;
    }

    /// Applies a document; the object that it is, where it is one of those that are applied.
    async fn apply(&mut self, file: &Path, document: &Value) -> Option<Name> {
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
        let (version, kind) = (text("/apiVersion")?, text("/kind")?);
        let name = text("/metadata/name")?.to_owned();
        if !KINDS.contains(&(version, kind)) {
            self.once(&format!("{kind}/{name} is for a cluster: `warpline dev` leaves it out"));
            return None;
        }
        if let Some(other) = text("/metadata/namespace").filter(|namespace| *namespace != NAMESPACE) {
            self.once(&format!("{kind}/{name} is for the namespace {other}: here it is in {NAMESPACE}"));
        }
        let object = self.as_applied(file, document, kind);
        let parameters = PatchParams::apply(MANAGER).force();
        match self.api(version, kind).patch(&name, &parameters, &Patch::Apply(&object)).await {
            Ok(_) => self.told.retain(|line| !line.starts_with(&format!("{kind}/{name}: "))),
            Err(error) => {
                let why = if let kube::Error::Api(status) = &error { status.message.clone() } else { error.to_string() };
                self.once(&format!("{kind}/{name}: not taken: {why} ({})", file.display()));
            }
        }
        // What was not taken is not gone, either: what is there stays.
        Some((format!("{version}/{kind}"), name))
    }

    /// The object as it is applied: in our namespace, with folders by their full names, and what `kubectl` does to Secrets.
    fn as_applied(&mut self, file: &Path, document: &Value, kind: &str) -> Value {
        let mut object = document.clone();
        object["metadata"]["namespace"] = json!(NAMESPACE);
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
            if let Some(Value::Object(texts)) = object.remove("stringData").filter(|_| kind == "Secret") {
                let data = object.entry("data").or_insert_with(|| json!({}));
                for (name, value) in texts {
                    let bytes = ByteString(value.as_str().unwrap_or_default().as_bytes().to_vec());
                    data[name] = serde_json::to_value(bytes).unwrap_or_default();
                }
            }
        }
        if let Some(path) = document.pointer("/spec/path").and_then(Value::as_str).filter(|_| kind == "ActivityModule") {
            let folder = file.parent().unwrap_or(Path::new(".")).join(path);
            let folder = folder.canonicalize().unwrap_or(folder);
            object["metadata"]["annotations"][CONTENT] = json!(Print::of_package(&folder).text());
            object["spec"]["path"] = json!(folder.display().to_string());
            self.packages.insert(folder);
        }
        object
    }

    fn api(&self, version: &str, kind: &str) -> Api<DynamicObject> {
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), NAMESPACE, &resource)
    }

    async fn delete(&self, (kind, name): &Name) {
        let Some((version, kind)) = kind.rsplit_once('/') else { return };
        match self.api(version, kind).delete(name, &DeleteParams::background()).await {
            Ok(either) => {
                let waits = either.left().is_some_and(|held| held.metadata.deletion_timestamp.is_some());
                self.say.line(&format!("{kind}/{name}: {}", if waits { "goes when its executions have ended" } else { "gone" }));
            }
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => self.say.warn(&format!("{kind}/{name} can't be deleted: {error}")),
        }
    }

    fn once(&mut self, line: &str) {
        if self.told.insert(line.to_owned()) {
            self.say.warn(line);
        }
    }

    /// Shows what is wrong with the files, with the places in them; once.
    async fn say_findings(&mut self) {
        let found = match found::found(&self.folder, &self.checker, self.say.has_colour()).await {
            Ok(found) => found,
            Err(why) => return self.say.warn(&why),
        };
        if found != self.found && !found.is_empty() {
            self.say.text(&found);
        }
        self.found = found;
    }
}
