//! What users apply in the story.

use serde_json::{Value, json};

/// The queue that the module `heavy` names: its name is in the code of callers, and so in their build ID.
pub const HEAVY: &str = "heavy";

/// A queue whose versions go as soon as nothing runs on them.
pub fn task_queue(name: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "TaskQueue", "metadata": {"name": name},
        "spec": {"replicas": 1, "sunset": {"scaleDownDelay": "0s", "deleteDelay": "0s"}},
    })
}

/// A workflow that returns a text.
pub fn saying(queue: &str, text: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "saying"},
        "spec": {"taskQueue": queue, "definition": {
            "nodes": [{"id": "start", "type": "trigger"}, {"id": "end", "type": "exit", "config": {"returnValue": {"$literal": text}}}],
            "edges": [{"source": "start", "target": "end"}],
        }},
    })
}

/// A workflow that calls an activity of the module.
pub fn calling(queue: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "calling"},
        "spec": {"taskQueue": queue, "definition": {
            "nodes": [
                {"id": "start", "type": "trigger"},
                {"id": "lift", "type": "activity", "config": {"activityName": "lift", "args": []}},
                {"id": "end", "type": "exit", "config": {"returnValue": "lift"}},
            ],
            "edges": [{"source": "start", "target": "lift"}, {"source": "lift", "target": "end"}],
        }},
    })
}

/// Activities of a ready image, on a queue of their own that nobody wrote.
pub fn heavy() -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "heavy"},
        "spec": {
            "image": "registry.example/heavy:1", "taskQueue": HEAVY, "timeout": {"startToClose": "1m"},
            "activities": {"lift": {"signature": "() => Promise<string>"}},
        },
    })
}

/// A schedule of `saying`.
pub fn nightly() -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Schedule", "metadata": {"name": "nightly"},
        "spec": {"workflow": "saying", "cron": "0 3 1 1 *", "timeZone": "Europe/Warsaw"},
    })
}
