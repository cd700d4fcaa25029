//! Versioning behaviour: an execution that is under way when a new version becomes current moves to it, or stays.

use serde_json::json;
use warpline::temporal::Start;

use crate::execution::Execution;
use crate::ground::{eventually, on_ground};

/// Two workflows that differ in their behaviour only; `VERSION` is the version's number.
const DEFINITION: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: moving}
spec:
  taskQueue: upgrading
  versioningBehavior: AutoUpgrade
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {go: {$literal: false}}}}
      - {id: wait, type: wait, config: {condition: state.go}}
      - {id: end, type: exit, config: {returnValue: {version: VERSION}}}
    edges: [{source: start, target: state}, {source: state, target: wait}, {source: wait, target: end}]
    signals: [{name: go, handler: {stateUpdates: [{target: go, operation: set, value: {$literal: true}}]}}]
    queries: [{name: waits, returnType: boolean, handler: {returnValue: '!state.go'}}]
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: staying}
spec:
  taskQueue: upgrading
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {go: {$literal: false}}}}
      - {id: wait, type: wait, config: {condition: state.go}}
      - {id: end, type: exit, config: {returnValue: {version: VERSION}}}
    edges: [{source: start, target: state}, {source: state, target: wait}, {source: wait, target: end}]
    signals: [{name: go, handler: {stateUpdates: [{target: go, operation: set, value: {$literal: true}}]}}]
    queries: [{name: waits, returnType: boolean, handler: {returnValue: '!state.go'}}]
";

#[test]
fn auto_upgrade_moves_and_pinned_stays() {
    on_ground(async |ground| {
        let first = ground.stage("upgrading-1", &DEFINITION.replace("VERSION", "1")).await;
        let second = ground.stage("upgrading-2", &DEFINITION.replace("VERSION", "2")).await;
        assert_ne!(first.build_id, second.build_id);
        let old = ground.serve(&first).await;
        let mut begun = Vec::new();
        for (workflow, id, version) in [("MovingWorkflow", "moving", &second), ("StayingWorkflow", "staying", &first)] {
            let id = ground.client.start(&Start::new(workflow, id, "upgrading", vec![json!({})])).await.unwrap();
            let execution = Execution::new(ground, id).replayed_on(version.folder.clone());
            assert_eq!(execution.query("waits", &[]).await, true);
            begun.push(execution);
        }
        let new = ground.serve(&second).await;
        // The server tells its queues a moment after it has answered.
        let mut probes = 0..;
        eventually("an execution on the new version", async || {
            let id = format!("upgrading-probe-{}", probes.next().unwrap());
            let id = ground.client.start(&Start::new("StayingWorkflow", id, "upgrading", vec![json!({})])).await.unwrap();
            ground.client.query(&id, "waits", &[]).await.unwrap();
            let on = ground.client.describe(&id).await.unwrap().build_id;
            ground.client.terminate(&id, "it was seen").await.unwrap();
            (on.as_ref() == Some(&second.build_id)).then_some(())
        })
        .await;
        let mut versions = Vec::new();
        for execution in begun {
            execution.signal("go", &[]).await;
            versions.push(execution.result().await.0["version"].clone());
        }
        assert_eq!(versions, [2, 1]);
        old.stop().await.unwrap();
        new.stop().await.unwrap();
    });
}
