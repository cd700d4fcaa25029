//! Objects that tests apply, and what is read in them: the same on a cluster and without one (tests/dev).

use super::Namespace;
use serde_json::{Value, json};

/// A workflow of one queue that waits for the signal `go` and says which text it was made with.
pub fn waiting(namespace: &Namespace, text: &str) -> Value {
    let mut object = workflow(
        namespace,
        "waiting",
        json!({
            "nodes": [
                {"id": "start", "type": "trigger"},
                {"id": "goes", "type": "state-variable", "config": {"name": "goes", "value": false}},
                {"id": "go", "type": "signal-handler", "config": {"signalName": "go", "handler": {"stateUpdates": [{"target": "goes", "operation": "set", "value": true}]}}},
                {"id": "hold", "type": "wait", "config": {"condition": "state.goes"}},
                {"id": "end", "type": "exit", "config": {"returnValue": {"$literal": text}}},
            ],
            "edges": [{"source": "start", "target": "goes"}, {"source": "goes", "target": "hold"}, {"source": "hold", "target": "end"}],
        }),
    );
    object["spec"]["state"] = json!({"goes": "boolean"});
    object
}

/// A workflow that returns a text at once.
pub fn saying(namespace: &Namespace, name: &str, text: &str) -> Value {
    workflow(
        namespace,
        name,
        json!({
            "nodes": [{"id": "start", "type": "trigger"}, {"id": "end", "type": "exit", "config": {"returnValue": {"$literal": text}}}],
            "edges": [{"source": "start", "target": "end"}],
        }),
    )
}

pub fn workflow(namespace: &Namespace, name: &str, definition: Value) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": name},
        "spec": {"taskQueue": namespace.queue(), "definition": definition},
    })
}

/// The `TaskQueue` of a namespace's queue, with no delays.
pub fn task_queue(namespace: &Namespace, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "TaskQueue", "metadata": {"name": namespace.queue()},
        "spec": {"sunset": {"scaleDownDelay": "0s", "deleteDelay": "0s"}},
    });
    for (key, value) in spec.as_object().expect("an object") {
        object["spec"][key] = value.clone();
    }
    object
}

/// The condition of that type, as `status/reason`.
pub fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    found.map_or_else(String::new, |found| format!("{}/{}", found["status"].as_str().unwrap_or(""), found["reason"].as_str().unwrap_or("")))
}

/// The message of the condition of that type.
pub fn message(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.iter().find(|condition| condition["type"] == kind).and_then(|found| found["message"].as_str()).unwrap_or_default().to_owned()
}
