//! What a position says after an end that is none of the drawing's: an error, a cancellation, a continuation; and while the cleanup runs.

use serde_json::{Value, json};
use warpline::temporal::ExecutionId;

use super::node;
use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("seen-endings.yaml", ENDINGS)];

const ENDINGS: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: ending}
spec:
  taskQueue: language
  input: {how: string}
  state: {rounds: number}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {rounds: 0}}}
      - id: work
        type: phase
        nodes:
          - id: both
            type: parallel
            nodes:
              - {id: breaks, type: condition, config: {expression: input.how === 'break'}}
              - {id: broken, type: activity, config: {activityName: broken, args: {name: Fatal, message: {$literal: it broke}}}}
              - {id: nap, type: timer, config: {duration: 500ms}}
            edges: [{source: breaks, target: broken, sourceHandle: 'true'}]
          - {id: waits, type: condition, config: {expression: input.how === 'wait'}}
          - {id: long, type: timer, config: {duration: 1h}}
        edges: [{source: both, target: waits}, {source: waits, target: long, sourceHandle: 'true'}]
      - {id: count, type: state-mutation, config: {target: rounds, operation: increment}}
      - id: rounds
        type: loop
        config: {loopWhile: state.rounds < 3}
        nodes:
          - {id: more, type: state-mutation, config: {target: rounds, operation: increment}}
          - {id: check, type: continue-as-new-checkpoint, config: {threshold: 1}}
        edges: [{source: more, target: check}]
      - {id: end, type: exit, config: {returnValue: state.rounds}}
    edges: [{source: start, target: state}, {source: state, target: work}, {source: work, target: count}, {source: count, target: rounds}, {source: rounds, target: end}]
    cleanup: {activities: [{activityName: pause, args: [1500]}]}
";

fn statuses(position: &Value, ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| node(position, id)["status"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn what_an_error_cut_off_has_failed() {
    on_ground(async |ground| {
        let ending = ground.start("EndingWorkflow", "ending-break", json!({"how": "break"})).await;
        let during = ending.query_until("warpline.position", |position| position["cleanup"]["status"] == "waiting").await;
        assert_eq!(during["cleanup"]["waits"][0]["name"], "pause");
        assert_eq!(statuses(&during, &["work", "both", "broken"]), ["failed", "failed", "failed"]);
        let id = ending.id.clone();
        ending.failure().await;
        let after = ground.client.query(&id, "warpline.position", &[]).await.unwrap();
        assert_eq!((&after["status"], &after["cleanup"]["status"]), (&json!("failed"), &json!("done")));
        assert_eq!(statuses(&after, &["state", "broken", "count"]), ["done", "failed", "-"]);
    });
}

#[test]
fn a_cancellation_is_told() {
    on_ground(async |ground| {
        let ending = ground.start("EndingWorkflow", "ending-cancel", json!({"how": "wait"})).await;
        super::waiting(&ending, "long").await;
        ending.cancel().await;
        let id = ending.id.clone();
        ending.end().await;
        let after = ground.client.query(&id, "warpline.position", &[]).await.unwrap();
        assert_eq!(after["status"], "cancelled");
        assert_eq!(statuses(&after, &["both", "nap", "long", "work"]), ["done", "done", "failed", "failed"]);
    });
}

#[test]
fn each_run_tells_of_itself() {
    on_ground(async |ground| {
        let ending = ground.start("EndingWorkflow", "ending-continue", json!({"how": ""})).await;
        let first = ending.id.clone();
        let (result, record) = ending.result().await;
        assert_eq!(result, 3);
        let before = ground.client.query(&first, "warpline.position", &[]).await.unwrap();
        assert_eq!((&before["status"], &node(&before, "check")["count"]), (&json!("continuedAsNew"), &json!(1)));
        assert_eq!(statuses(&before, &["work", "rounds", "end"]), ["done", "done", "-"]);
        let last = ground.client.query(&ExecutionId::newest("ending-continue"), "warpline.position", &[]).await.unwrap();
        assert_eq!((&last["status"], &last["continuedFrom"].is_string()), (&json!("completed"), &true));
        assert_eq!(statuses(&last, &["work", "count", "end"]), ["-", "-", "done"]);
        assert_eq!(record.of("ending-continue").len(), 3);
    });
}
