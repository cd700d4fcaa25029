//! What a test's activities do, in an image of its own, and what they wrote down on a volume that outlives every pod.

use crate::ground::{Namespace, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;

/// Activities that write into a ledger, each by the execution that asks, so that a second attempt changes nothing.
const CODE: &str = r"
const { appendFileSync, writeFileSync } = require('node:fs');
class Unbuildable extends Error {}
const safe = (text) => text.replace(/[^A-Za-z0-9]+/g, '-');
const once = (file, text) => {
  try { writeFileSync(file, text, { flag: 'wx' }); } catch (error) { if (error.code !== 'EEXIST') throw error; }
};
exports.wanted = async (poll) => {
  const time = poll.replace(/\D/g, '').slice(-10);
  const names = [`p${time}a`, `p${time}b`, `p${time}a`, ...(Number(time) % 3 === 0 ? [`p${time}bad`] : [])];
  once(`/ledger/submitted-${safe(poll)}`, JSON.stringify({ poll, names }));
  return names;
};
exports.build = async ({ name, workflowId, runId }) => {
  appendFileSync('/ledger/attempts', `${name}\n`);
  if (name.endsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (name.endsWith('bad')) throw new Unbuildable(`${name} cannot be built`);
  once(`/ledger/built-${safe(workflowId)}-${safe(runId)}`, JSON.stringify({ name, workflowId, runId }));
};
";

/// The image of these activities, on the worker's.
pub fn image(namespace: &Namespace) -> String {
    let folder = std::env::temp_dir().join(format!("warpline-ledger-{}", namespace.name));
    let package = folder.join("activities");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("package.json"), json!({"name": "ledger", "version": "1.0.0", "main": "index.js"}).to_string()).unwrap();
    std::fs::write(package.join("index.js"), CODE).unwrap();
    let layer = folder.join("layer.tar");
    run(Command::new("tar").arg("--create").arg("--file").arg(&layer).arg("--directory").arg(&folder).arg("activities"));
    let image = format!("{}/warpline/ledger:{}", namespace.cluster.get("REGISTRY"), namespace.name);
    let mut crane = Command::new(namespace.cluster.get("CRANE"));
    run(crane.args(["append", "--base", namespace.cluster.image("WORKER_IMAGE"), "--new_tag", &image, "--new_layer"]).arg(&layer));
    std::fs::remove_dir_all(folder).unwrap();
    image
}

/// The module of these activities, and the volume that they write on.
pub fn objects(image: &str) -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "ledger"},
            "spec": {
                "image": image, "timeout": {"startToClose": "2s"}, "retry": {"initialInterval": "500ms", "maximumInterval": "1s"},
                "activities": {
                    "wanted": {"signature": "(poll: string) => Promise<string[]>"},
                    "build": {"signature": "(input: {name: string; workflowId: string; runId: string}) => Promise<void>"},
                },
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "ledger"},
            "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
        }),
    ]
}

/// The pod template that mounts it.
pub fn template() -> Value {
    json!({"spec": {
        "containers": [{"name": "worker", "volumeMounts": [{"name": "ledger", "mountPath": "/ledger"}]}],
        "volumes": [{"name": "ledger", "persistentVolumeClaim": {"claimName": "ledger"}}],
    }})
}

/// What stands in the ledger.
pub struct Ledger {
    /// Polls, by their workflow IDs: the names that each submitted.
    pub submitted: BTreeMap<String, Vec<String>>,
    /// Builds that were done: name, workflow ID, run ID.
    pub built: Vec<(String, String, String)>,
    /// Attempts to build, by name.
    pub attempts: BTreeMap<String, usize>,
}

/// Reads it, in a worker's pod.
pub fn read(namespace: &Namespace, pod: &str) -> Ledger {
    let cat = |files: &str| {
        namespace.kubectl(&["exec", pod, "--container", "worker", "--", "sh", "-c", &format!("for f in {files}; do cat $f; echo; done")])
    };
    let lines = |files: &str| -> Vec<Value> {
        cat(files).lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names = |value: &Value| value.as_array().unwrap().iter().map(text).collect();
    let submitted = lines("/ledger/submitted-*").iter().map(|line| (text(&line["poll"]), names(&line["names"]))).collect();
    let built =
        lines("/ledger/built-*").iter().map(|line| (text(&line["name"]), text(&line["workflowId"]), text(&line["runId"]))).collect();
    let mut attempts = BTreeMap::new();
    for name in cat("/ledger/attempts").lines().filter(|line| !line.is_empty()) {
        *attempts.entry(name.to_owned()).or_default() += 1;
    }
    Ledger { submitted, built, attempts }
}
