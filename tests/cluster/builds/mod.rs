//! Modules built on the cluster from packages of a real npm registry: what workflows call is those bytes, and no others.

mod failures;
mod faults;
mod kinds;
mod leaving;
mod package_builder;
mod private_registry;
mod sources;
mod upgrades;

use crate::ground::{Namespace, workflow};
use serde_json::{Value, json};

/// A workflow that calls an activity with its input's field `name`, and returns the result.
fn calling(namespace: &Namespace, name: &str, activity: &str) -> Value {
    let mut object = workflow(
        namespace,
        name,
        json!({
            "nodes": [
                {"id": "start", "type": "trigger"},
                {"id": "call", "type": "activity", "config": {"activityName": activity, "args": ["input.name"]}},
                {"id": "end", "type": "exit", "config": {"returnValue": "call"}},
            ],
            "edges": [{"source": "start", "target": "call"}, {"source": "call", "target": "end"}],
        }),
    );
    object["spec"]["input"] = json!({"name": "string"});
    object
}

/// The same, which waits for the signal `go` before it calls.
fn calling_later(namespace: &Namespace, name: &str, activity: &str) -> Value {
    let mut object = calling(namespace, name, activity);
    let definition = &mut object["spec"]["definition"];
    let nodes = definition["nodes"].as_array_mut().expect("nodes");
    nodes.push(json!({"id": "goes", "type": "state-variable", "config": {"name": "goes", "value": false}}));
    let handler = json!({"stateUpdates": [{"target": "goes", "operation": "set", "value": true}]});
    nodes.push(json!({"id": "go", "type": "signal-handler", "config": {"signalName": "go", "handler": handler}}));
    nodes.push(json!({"id": "hold", "type": "wait", "config": {"condition": "state.goes"}}));
    definition["edges"] = json!([
        {"source": "start", "target": "goes"}, {"source": "goes", "target": "hold"}, {"source": "hold", "target": "call"}, {"source": "call", "target": "end"},
    ]);
    object["spec"]["state"] = json!({"goes": "boolean"});
    object
}

/// Waits until a module's newest generation is in use; its status.
async fn accepted(namespace: &Namespace, module: &str) -> Value {
    namespace
        .eventually(&format!("ActivityModule/{module} to be accepted"), || {
            let object = namespace.get("activitymodule", module);
            let ready = object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Ready")?.clone();
            let is_ready = ready["reason"] == "Accepted" && ready["observedGeneration"] == object["metadata"]["generation"];
            is_ready.then(|| object["status"].clone())
        })
        .await
}

/// Waits until a module says why it can't go on; its message.
async fn stalled(namespace: &Namespace, module: &str, reason: &str) -> String {
    let object = namespace.until("activitymodule", module, "Stalled", &format!("True/{reason}")).await;
    crate::ground::message(&object, "Stalled")
}

/// Whether the registry of images has an image.
fn has_image(namespace: &Namespace, image: &str) -> bool {
    let crane = std::process::Command::new(namespace.cluster.get("CRANE")).args(["manifest", image]).output().expect("crane runs");
    crane.status.success()
}
