//! A namespace with something wrong in it, and what is said of that.

use super::*;
use crate::api::conditions::Condition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: Some(1),
        last_transition_time: Time(at(0)),
    }
}

fn object<K: DeserializeOwned>(name: &str, kind: &str, spec: Value, mut status: Value, conditions: &[Condition]) -> K {
    status["conditions"] = serde_json::to_value(conditions).unwrap();
    status["observedGeneration"] = 1.into();
    let metadata = json!({"name": name, "namespace": "builds", "generation": 1, "creationTimestamp": "2026-11-24T10:00:00Z"});
    let object = json!({"apiVersion": "warpline.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec, "status": status});
    serde_json::from_value(object).unwrap()
}

fn pod(name: &str, version: &str, status: Value) -> Pod {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": {"warpline.dev/worker-version": version}}, "status": status}))
        .unwrap()
}

fn workflow(conditions: &[Condition], diagnostics: Value) -> Workflow {
    let definition = json!({"nodes": [{"id": "one", "data": {"config": {"activityName": "greet"}}}]});
    let spec = json!({"taskQueue": "engine", "definition": definition});
    object("hello", "Workflow", spec, json!({"workflowType": "HelloWorkflow", "diagnostics": diagnostics}), conditions)
}

fn version(name: &str, build_id: &str, state: &str, open: i64, ready: &str) -> WorkerVersion {
    let spec = json!({
        "taskQueue": "engine", "deploymentName": "builds/engine", "buildId": build_id, "image": "worker", "definitionDigest": "d",
        "workflows": [{"workflowType": "HelloWorkflow", "name": "hello", "versioningBehavior": "Pinned", "definitionDigest": "d"}],
        "activities": [], "configMaps": [],
    });
    let status = json!({"state": state, "openExecutions": open, "pods": "1/1", "wasCurrent": true, "filesStored": true});
    object(name, "WorkerVersion", spec, status, &[condition("Ready", ready, state, "what the operator says")])
}

/// A workflow that is live, with a module, and one execution on an older version.
fn healthy() -> Snapshot {
    let live = [
        condition("Compiled", "True", "Compiled", ""),
        condition("TypeChecked", "True", "TypeChecked", ""),
        condition("Live", "True", "Current", "new executions begin on version b2"),
        condition("Ready", "True", "Current", "new executions begin on version b2"),
    ];
    let rolled_out = [
        condition("Connected", "True", "Connected", ""),
        condition("RolledOut", "True", "Current", "version b2 is current"),
        condition("Ready", "True", "Current", "version b2 is current"),
    ];
    let reference = json!({"name": "engine-b2", "buildId": "b2"});
    let running = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "worker", "image": "i", "imageID": "i", "ready": true, "restartCount": 2}]});
    Snapshot {
        namespace: "builds".into(),
        workflows: vec![workflow(&live, json!([]))],
        modules: vec![object(
            "greetings",
            "ActivityModule",
            json!({"activities": {"greet": {}}}),
            json!({}),
            &[condition("Ready", "True", "Valid", "")],
        )],
        queues: vec![object("engine", "TaskQueue", json!({}), json!({"target": reference, "current": reference}), &rolled_out)],
        versions: vec![version("engine-b1", "b1", "Draining", 1, "True"), version("engine-b2", "b2", "Current", 0, "True")],
        schedules: Vec::new(),
        pods: vec![pod("engine-b2-x", "engine-b2", running)],
        operator: Operator::Leads { holder: "warpline-1".into(), until: at(100) },
    }
}

fn change(change: impl FnOnce(&mut Snapshot)) -> Snapshot {
    let mut snapshot = healthy();
    change(&mut snapshot);
    snapshot
}

/// What is not fine, in short; and whether the workflow is live.
fn found(snapshot: &Snapshot) -> (Vec<String>, bool) {
    let (found, is_live) = examine(snapshot, &snapshot.workflows[0], at(10));
    let short = |finding: &Finding| {
        let next = finding.next.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
        format!("{:?} {}: {}{next}", finding.verdict, finding.object, finding.message)
    };
    (found.iter().filter(|finding| finding.verdict != Verdict::Good).map(short).collect(), is_live)
}

#[test]
fn of_a_live_workflow_everything_is_fine() {
    assert_eq!(found(&healthy()), (Vec::new(), true));
}

#[test]
fn a_broken_link_is_named_with_what_to_do() {
    let not_live = || [condition("TypeChecked", "True", "TypeChecked", ""), condition("Live", "False", "PodsNotReady", "")];
    let stalled = |reason: &str| vec![condition("Stalled", "True", reason, "why")];
    let pulled = json!({"phase": "Pending", "containerStatuses": [{"name": "worker", "image": "registry/worker:1", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}]});
    let broken = json!([{"code": "W0104", "level": "error", "path": "spec.definition.nodes[0]", "node": "one", "message": "no such field", "suggestion": "did you mean `name`?"}]);
    let table: Vec<(&str, Snapshot, &str)> = vec![
        (
            "no operator",
            change(|s| (s.operator, s.workflows[0].metadata.generation) = (Operator::Absent, Some(2))),
            "Wrong operator: no operator holds its lease on this cluster",
        ),
        (
            "an operator that died",
            change(|s| s.operator = Operator::Leads { holder: "warpline-1".into(), until: at(5) }),
            "Wrong operator: warpline-1 held the lease until",
        ),
        (
            "a definition",
            change(|s| s.workflows = vec![workflow(&not_live(), broken)]),
            "Wrong Workflow/hello: W0104 at spec.definition.nodes[0] (node one): no such field -> did you mean `name`?",
        ),
        (
            "a module",
            change(|s| s.modules[0].status.as_mut().unwrap().conditions = stalled("Unauthorized")),
            "Wrong ActivityModule/greetings: Unauthorized: why",
        ),
        (
            "no server",
            change(|s| {
                s.queues[0].status.as_mut().unwrap().conditions = vec![condition("Connected", "False", "TemporalUnreachable", "down")];
            }),
            "Wrong TaskQueue/engine: TemporalUnreachable: down",
        ),
        (
            "waits for a person",
            change(|s| s.queues[0].status.as_mut().unwrap().conditions = stalled("WaitsForPromotion")),
            "Wrong TaskQueue/engine: WaitsForPromotion: why -> warpline promote engine",
        ),
        ("no queue", change(|s| s.queues.clear()), "Waits TaskQueue/engine: the operator has yet to make it"),
        (
            "an image",
            change(|s| s.pods = vec![pod("engine-b2-x", "engine-b2", pulled)]),
            "Wrong WorkerVersion/engine-b2: ImagePullBackOff: pod engine-b2-x: not found; check the image registry/worker:1",
        ),
    ];
    for (name, snapshot, expected) in table {
        let (lines, _) = found(&snapshot);
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{name}: {expected}\nfound:\n{}", lines.join("\n"));
    }
}

#[test]
fn a_generation_that_nobody_looked_at_is_not_live() {
    let (lines, is_live) = found(&change(|s| s.workflows[0].metadata.generation = Some(2)));
    assert!(!is_live);
    assert!(lines[0].starts_with("Waits Workflow/hello: the operator has yet to look at its newest generation"), "{lines:?}");
}

#[test]
fn a_tree_has_the_newest_version_first_and_its_pods() {
    let mut snapshot = healthy();
    snapshot.versions[1].metadata.creation_timestamp = Some(Time(at(2_000_000_000)));
    let trees = trees(&snapshot, &["hello".to_owned()]);
    let [tree] = trees.as_slice() else { panic!("{trees:?}") };
    assert_eq!((tree.name.as_str(), tree.standing.as_str(), tree.message.as_str()), ("engine", "Ready", "version b2 is current"));
    let versions: Vec<_> =
        tree.versions.iter().map(|version| (version.build_id.as_str(), version.state.as_str(), version.open_executions)).collect();
    assert_eq!(versions, [("b2", "Current", 0), ("b1", "Draining", 1)]);
    let pod = &tree.versions[0].pods[0];
    assert_eq!((pod.name.as_str(), pod.ready, pod.restarts), ("engine-b2-x", true, 2));
}
