//! A namespace of one run's own: its objects, and everything that two runs must have in common.

use super::ground::{Servers, eventually};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use warpline::temporal::{ExecutionId, Start};

/// The kinds that the operator writes: group, plural.
const KINDS: [(&str, &str); 8] = [
    ("/apis/warpline.dev/v1alpha1", "workflows"),
    ("/apis/warpline.dev/v1alpha1", "taskqueues"),
    ("/apis/warpline.dev/v1alpha1", "activitymodules"),
    ("/apis/warpline.dev/v1alpha1", "schedules"),
    ("/apis/warpline.dev/v1alpha1", "workerversions"),
    ("/apis/apps/v1", "deployments"),
    ("/api/v1", "configmaps"),
    ("/apis/policy/v1", "poddisruptionbudgets"),
];

/// What differs from run to run and means nothing: identities, times, and words that tell them.
const ASIDE: [&str; 21] = [
    "inputDigest",
    "nudged",
    // The queue's name is in it, which is another one in each run.
    "definitionDigest",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "lastTransitionTime",
    "message",
    "startedAt",
    "started_at",
    "drainedSince",
    "scaledDownSince",
    "nextRuns",
    "lastRun",
    "warpline.dev/applied",
    "digest",
    "createdAt",
    "updatedAt",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

pub struct Place {
    pub name: String,
    pub servers: &'static Servers,
    /// Whether build IDs are hidden: a content of activities is named by its namespace, too, which is another one in each run.
    pub hides_builds: bool,
}

impl Place {
    pub async fn new(servers: &'static Servers, about: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{about}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).to_string().into_bytes();
        let request = http::Request::post("/api/v1/namespaces").header("content-type", "application/json").body(body).unwrap();
        servers.kube.request::<Value>(request).await.unwrap();
        Self { name, servers, hides_builds: false }
    }

    /// The queue's name, in Kubernetes as in Temporal.
    pub fn queue(&self) -> String {
        format!("{}-queue", self.name)
    }

    /// The worker deployment's name.
    pub fn deployment(&self) -> String {
        format!("{}/{}", self.name, self.queue())
    }

    fn path(&self, kind: &str, name: &str) -> String {
        let (group, _) = KINDS.iter().find(|(_, plural)| *plural == kind).copied().unwrap_or(("/api/v1", ""));
        format!("{group}/namespaces/{}/{kind}/{name}", self.name).trim_end_matches('/').to_owned()
    }

    /// Applies an object, as a user does.
    pub async fn apply(&self, kind: &str, object: Value) {
        let name = object["metadata"]["name"].as_str().unwrap();
        let request = http::Request::patch(format!("{}?fieldManager=user&force=true", self.path(kind, name)));
        let request = request.header("content-type", "application/apply-patch+yaml").body(object.to_string().into_bytes()).unwrap();
        self.servers.kube.request::<Value>(request).await.unwrap();
    }

    /// Merges a patch into an object, or its status.
    pub async fn patch(&self, kind: &str, name: &str, patch: Value) {
        let request = http::Request::patch(self.path(kind, name)).header("content-type", "application/merge-patch+json");
        // It may be gone.
        let _ = self.servers.kube.request_text(request.body(patch.to_string().into_bytes()).unwrap()).await;
    }

    pub async fn delete(&self, kind: &str, name: &str) {
        let request = http::Request::delete(self.path(kind, name)).body(Vec::new()).unwrap();
        // It may be gone already.
        let _ = self.servers.kube.request_text(request).await;
    }

    /// Ends its pods, and what would be looked at for ever: other runs go on on the same servers.
    pub async fn end(&self) {
        for kind in ["deployments", "configmaps", "poddisruptionbudgets"] {
            let request = http::Request::delete(self.path(kind, "")).body(Vec::new()).unwrap();
            // The next kind is tried all the same.
            let _ = self.servers.kube.request_text(request).await;
        }
    }

    /// An object, or null.
    pub async fn get(&self, kind: &str, name: &str) -> Value {
        let request = http::Request::get(self.path(kind, name)).body(Vec::new()).unwrap();
        self.servers.kube.request::<Value>(request).await.unwrap_or_default()
    }

    pub async fn list(&self, kind: &str) -> Vec<Value> {
        self.get(kind, "").await["items"].as_array().cloned().unwrap_or_default()
    }

    /// Starts an execution by an ID of this namespace, and waits until it has begun on a version.
    pub async fn begin(&self, workflow_type: &str, id: &str) -> Result<ExecutionId, String> {
        let id = self.servers.temporal.start(&Start::new(workflow_type, format!("{}/{id}", self.name), self.queue(), vec![])).await;
        let id = id.map_err(|error| error.to_string())?;
        eventually("an execution to begin", async || {
            let described = self.servers.temporal.describe(&id).await.map_err(|error| error.to_string())?;
            described.build_id.filter(|build_id| !build_id.is_empty()).map(|_| id.clone()).ok_or_else(|| "it hasn't".to_owned())
        })
        .await
    }

    /// Everything that two runs must have in common at the same point.
    pub async fn snapshot(&self, temporal: &str) -> Value {
        let mut all = Map::new();
        for (_, kind) in KINDS {
            for object in self.list(kind).await {
                let name = format!("{kind}/{}", object["metadata"]["name"].as_str().unwrap_or_default());
                if name != "configmaps/kube-root-ca.crt" {
                    all.insert(name, normal(object, kind));
                }
            }
        }
        all.insert("temporal".to_owned(), self.on_temporal().await);
        let text = Value::Object(all).to_string().replace(temporal, "TEMPORAL").replace(&self.name, "NS");
        let text = if self.hides_builds { without_builds(&text) } else { text };
        serde_json::from_str(&text).unwrap()
    }

    async fn on_temporal(&self) -> Value {
        let client = &self.servers.temporal;
        let deployment = client.deployment(&self.deployment()).await.unwrap_or_default().map(|deployment| {
            let versions: Map<String, Value> = deployment
                .versions
                .iter()
                // No longer asked for: its record goes a little later.
                .map(|version| (version.build_id.clone(), json!(format!("{:?}", version.status))))
                .collect();
            json!({"current": deployment.current, "ramping": format!("{:?}", deployment.ramping), "manager": deployment.manager, "versions": versions})
        });
        let mut schedules = Map::new();
        for name in ["nightly"] {
            let seen = client.schedule(&format!("{}/{name}", self.name)).await.unwrap_or_default();
            schedules
                .insert(name.to_owned(), json!(seen.map(|seen| (seen.owner, seen.schedule.paused, format!("{:?}", seen.schedule.timing)))));
        }
        json!({"deployment": deployment, "schedules": schedules})
    }
}

fn normal(mut object: Value, kind: &str) -> Value {
    if kind == "deployments" || kind == "poddisruptionbudgets" {
        object["status"] = Value::Null;
        // How often it was written is counted elsewhere.
        object["metadata"]["generation"] = Value::Null;
    }
    if let Some(conditions) = object["status"]["conditions"].as_array_mut() {
        conditions.sort_by_key(|condition| condition["type"].to_string());
    }
    stripped(object)
}

fn stripped(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| !ASIDE.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name, stripped(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(stripped).collect()),
        value => value,
    }
}

/// The text with the same word for every build ID.
pub fn without_builds(text: &str) -> String {
    let mut all = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let is_build = word.len() == 16 && word.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        all.push_str(if is_build { "BUILD" } else { &word });
        all.push(c);
        word.clear();
    }
    all.pop();
    all
}

/// Where two snapshots differ, in lines.
pub fn difference(expected: &Value, found: &Value) -> Vec<String> {
    fn walk(path: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
        match (expected, found) {
            (Value::Object(one), Value::Object(other)) => {
                let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for name in names {
                    walk(&format!("{path}.{name}"), &expected[name], &found[name], lines);
                }
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                one.iter().zip(other).enumerate().for_each(|(at, (one, other))| walk(&format!("{path}[{at}]"), one, other, lines));
            }
            _ if expected != found => {
                let short = |value: &Value| value.to_string().chars().take(200).collect::<String>();
                lines.push(format!("{path}: {} instead of {}", short(found), short(expected)));
            }
            _ => {}
        }
    }
    let mut lines = Vec::new();
    walk("", expected, found, &mut lines);
    lines
}
