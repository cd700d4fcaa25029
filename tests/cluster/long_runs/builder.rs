//! A builder that runs on and on, of the form of the example's ContinuousBuilder, in five versions whose states differ.

use crate::ground::{Namespace, workflow};
use serde_json::{Value, json};

/// What the runs of a version carry of what they have built, and what brings older states up.
struct Built {
    ty: &'static str,
    empty: &'static str,
    update: Value,
    names: &'static str,
    more: &'static str,
    migrations: Value,
}

/// The states that came before, as migrations name them.
const LISTED: &str = "{queue: string[]; active: Set<string>; seen: Set<string>; built: string[]; failed: string[]; paused: boolean; draining: boolean; stopped: boolean; note?: string}";
const COUNTED: &str = "{queue: string[]; active: Set<string>; seen: Set<string>; built: Map<string, number>; failed: string[]; paused: boolean; draining: boolean; stopped: boolean; note?: string}";

/// What a version has: 1; 2, which fits; 3, to which a migration leads; 4, to which none does; 5, which mends that, and others with its state.
fn built(version: u32) -> Built {
    let push = json!({"target": "state.built", "operation": "push", "value": "results.name"});
    let count = json!({"target": "state.built", "operation": "set", "key": "results.name", "value": {"$expr": "state.built.size + 1"}});
    let say = json!({"target": "state.built", "operation": "set", "key": "results.name", "value": "`the ${state.built.size + 1}th`"});
    let from_list = json!({"from": LISTED, "migrate": "(old) => ({...old, built: new Map(old.built.map((name, at) => [name, at + 1]))})"});
    let from_count = json!({"from": COUNTED, "migrate": "(old) => ({...old, built: new Map([...old.built].map(([name, at]) => [name, `the ${at}th`]))})"});
    let map = |ty, update, migrations| Built {
        ty,
        empty: "new Map()",
        update,
        names: "[...state.built.keys()]",
        more: "note?: string",
        migrations,
    };
    let list = |more| Built { ty: "string[]", empty: "[]", update: push.clone(), names: "state.built", more, migrations: Value::Null };
    match version {
        1 => list(""),
        2 => list("note?: string"),
        3 => map("Map<string, number>", count, json!([from_list])),
        4 => map("Map<string, string>", say, Value::Null),
        _ => map("Map<string, string>", say, json!([from_list, from_count])),
    }
}

/// The builder; it continues as new after so many builds.
pub fn builder(namespace: &Namespace, version: u32, threshold: u32) -> Value {
    let Built { ty, empty, update, names, more, migrations } = built(version);
    let set = |name: &str, value: bool| json!({"target": name, "operation": "set", "value": value});
    let first = json!({"queue": [], "active": "new Set()", "seen": "new Set()", "built": {"$expr": empty}, "failed": [], "paused": false, "draining": false, "stopped": false});
    let coordinator = json!({
        "maxConcurrent": 2, "loopWhile": "!(state.draining && state.queue.length === 0)", "stopWhen": "state.stopped",
        "selectionCriteria": "state.paused ? [] : state.queue", "completionMode": "race", "key": "item",
        "workflowType": "PartWorkflow", "workflowId": "`${workflowInfo().workflowId}/${item}`", "parentClosePolicy": "RequestCancel", "args": {"name": "item"},
        "continueAsNewThreshold": threshold,
        "stateUpdates": [
            {"on": "start", "update": {"target": "state.queue", "operation": "delete", "value": "item"}},
            {"on": "start", "update": {"target": "state.active", "operation": "add", "value": "item"}},
            {"on": "success", "update": {"target": "state.active", "operation": "delete", "value": "results.name"}},
            {"on": "failure", "update": {"target": "state.active", "operation": "delete", "value": "results.name"}},
            {"on": "success", "update": update},
            {"on": "failure", "update": {"target": "state.failed", "operation": "push", "value": "results.name"}},
        ],
    });
    let report = json!({"version": {"$literal": version}, "built": names, "failed": "state.failed", "interrupted": "[...state.active]", "left": "state.queue"});
    let mut object = workflow(
        namespace,
        "builder",
        json!({
            "nodes": [
                {"id": "start", "type": "trigger"},
                {"id": "init", "type": "state-variable", "config": {"name": "state", "value": first}},
                {"id": "main", "type": "parallel-coordinator", "config": coordinator},
                {"id": "done", "type": "exit", "config": {"returnValue": report}},
            ],
            "edges": [{"source": "start", "target": "init"}, {"source": "init", "target": "main"}, {"source": "main", "target": "done"}],
            "signals": [
                {"name": "submit", "args": {"names": "string[]"}, "handler": {"wakeMainLoop": true, "stateUpdates": [
                    {"target": "queue", "operation": "push", "value": "unseen(state.seen, args[0])"},
                    {"target": "seen", "operation": "set", "value": "new Set([...state.seen, ...args[0]])"},
                ]}},
                {"name": "pause", "handler": {"stateUpdates": [set("paused", true)]}},
                {"name": "resume", "handler": {"stateUpdates": [set("paused", false)], "wakeMainLoop": true}},
                {"name": "drain", "handler": {"stateUpdates": [set("draining", true)], "wakeMainLoop": true}},
                {"name": "emergencyStop", "handler": {"stateUpdates": [set("stopped", true)], "wakeMainLoop": true}},
            ],
            "queries": [{"name": "getStatus", "returnType": "{version: number; built: string[]; failed: string[]; interrupted: string[]; left: string[]}", "handler": {"returnValue": report}}],
        }),
    );
    let spec = &mut object["spec"];
    spec["onContinueAsNew"] = json!("Upgrade");
    spec["state"] = json!("BuilderState");
    spec["types"] = json!(format!(
        "interface BuilderState {{ queue: string[]; active: Set<string>; seen: Set<string>; built: {ty}; failed: string[]; paused: boolean; draining: boolean; stopped: boolean; {more} }}"
    ));
    spec["helpers"] = json!(
        "function unseen(seen: Set<string>, names: string[]): string[] { return names.filter((name, at) => !seen.has(name) && names.indexOf(name) === at); }"
    );
    if !migrations.is_null() {
        spec["migrations"] = migrations;
    }
    object
}

/// What the builder does for each name: nothing that takes time, or the activity `build`.
pub fn part(namespace: &Namespace, builds: bool) -> Value {
    let start = json!({"id": "start", "type": "trigger"});
    let build = json!({"id": "build", "type": "activity", "config": {"activityName": "build", "args": [{
        "name": "input.name", "workflowId": "workflowInfo().workflowId", "runId": "workflowInfo().runId",
    }], "retry": {"initialInterval": "500ms", "maximumInterval": "1s", "nonRetryableErrorTypes": ["Unbuildable"]}}});
    let end = json!({"id": "end", "type": "exit", "config": {"returnValue": "input.name"}});
    let definition = if builds {
        json!({"nodes": [start, build, end], "edges": [{"source": "start", "target": "build"}, {"source": "build", "target": "end"}]})
    } else {
        json!({"nodes": [start, end], "edges": [{"source": "start", "target": "end"}]})
    };
    let mut object = workflow(namespace, "part", definition);
    object["spec"]["input"] = json!({"name": "string"});
    object
}

/// Asks the ledger's module what is wanted, and tells a builder.
pub fn poller(namespace: &Namespace) -> Value {
    let deliver =
        json!({"targetWorkflowId": "input.builder", "workflowType": "BuilderWorkflow", "signalName": "submit", "payload": "poll"});
    let mut object = workflow(
        namespace,
        "poller",
        json!({
            "nodes": [
                {"id": "start", "type": "trigger"},
                {"id": "poll", "type": "activity", "config": {"activityName": "wanted", "args": ["workflowInfo().workflowId"]}},
                {"id": "deliver", "type": "retry", "config": {"maxAttempts": 5, "retryOn": "error", "scope": "block", "backoff": {"type": "fixed", "initialInterval": "1s"}}},
                {"id": "tell", "type": "signal-external-workflow", "parentId": "deliver", "config": deliver},
                {"id": "done", "type": "exit", "config": {"returnValue": {"submitted": "poll.length"}}},
            ],
            "edges": [{"source": "start", "target": "poll"}, {"source": "poll", "target": "deliver"}, {"source": "deliver", "target": "done"}],
        }),
    );
    object["spec"]["input"] = json!({"builder": "string"});
    object
}
