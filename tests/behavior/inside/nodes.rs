//! A workflow with a node of every type that waits by itself, looked at in the middle of each.

use serde_json::{Value, json};

use super::{node, wait, waiting};
use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("seen.yaml", SEEN)];

const SEEN: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: seen}
spec:
  taskQueue: language
  input: {key: string}
  state: SeenState
  types: |
    interface Entry { name: string; token: string }
    interface SeenState { go: number; login: { user: string; token: string }; entries: Entry[]; byName: Map<string, Entry>; tags: Set<string>; when: Date; none?: string }
  redact: [login.token, entries.*.token, byName.*.token]
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: state
        type: state-variable
        config:
          name: state
          value:
            go: 0
            login: {user: {$literal: ada}, token: {$literal: s3cret}}
            entries: [{name: {$literal: one}, token: {$literal: s3cret}}]
            byName: {$expr: 'new Map([[`one`, {name: `one`, token: `s3cret`}]])'}
            tags: {$expr: 'new Set([`a`, `b`])'}
            when: new Date(0)
      - {id: act, type: activity, label: Do it, config: {activityName: pause, args: [2500]}}
      - {id: nap, type: timer, config: {duration: 2500ms}}
      - {id: hold, type: wait, config: {condition: state.go >= 1, timeout: 1h}}
      - id: again
        type: retry
        config: {maxAttempts: 3, backoff: {type: fixed, initialInterval: 2500ms}}
        nodes: [{id: shaky, type: activity, config: {activityName: flaky, args: {key: input.key, failures: 1}}}]
      - id: rounds
        type: loop
        config: {forEach: '[2, 3]'}
        nodes:
          - {id: gate, type: wait, config: {condition: state.go >= item}}
          - {id: passed, type: state-mutation, config: {target: tags, operation: add, value: '`round ${item}`'}}
        edges: [{source: gate, target: passed}]
      - id: both
        type: parallel
        nodes:
          - {id: one, type: activity, config: {activityName: pause, args: [2500]}}
          - {id: two, type: activity, config: {activityName: add, args: {a: 1, b: 2}}}
          - {id: last, type: wait, config: {condition: state.go >= 4}}
        edges: [{source: two, target: last}]
      - id: work
        type: phase
        nodes:
          - {id: big, type: condition, config: {expression: two > 2}}
          - {id: inner, type: wait, config: {condition: state.go >= 5}}
          - {id: other, type: timer, config: {duration: 1h}}
        edges: [{source: big, target: inner, sourceHandle: 'true'}, {source: big, target: other, sourceHandle: 'false'}]
      - {id: go, type: signal, config: {signalName: go, handler: {stateUpdates: [{target: go, operation: increment}]}}}
      - {id: end, type: exit, config: {returnValue: state.go}}
    edges:
      - {source: start, target: state}
      - {source: state, target: act}
      - {source: act, target: nap}
      - {source: nap, target: hold}
      - {source: hold, target: again}
      - {source: again, target: rounds}
      - {source: rounds, target: both}
      - {source: both, target: work}
      - {source: work, target: end}
";

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z'))
}

#[test]
fn every_node_says_what_it_waits_for() {
    on_ground(async |ground| {
        let seen = ground.start("SeenWorkflow", "seen", json!({"key": "seen"})).await;
        let position = waiting(&seen, "act").await;
        assert_eq!((&wait(&position, "act")["for"], &wait(&position, "act")["name"]), (&json!("activity"), &json!("pause")));
        assert_eq!(node(&position, "state")["status"], "done");
        assert!(is_time(&node(&position, "act")["started"]) && node(&position, "act")["ended"].is_null(), "{position:#}");
        assert_eq!(node(&position, "nap"), &Value::Null);

        let position = waiting(&seen, "nap").await;
        assert_eq!(wait(&position, "nap")["for"], "timer");
        assert!(wait(&position, "nap")["until"].as_str() > position["now"].as_str(), "{position:#}");
        assert_eq!(node(&position, "act")["status"], "done");
        assert!(is_time(&node(&position, "act")["ended"]), "{position:#}");

        let position = waiting(&seen, "hold").await;
        let waits = node(&position, "hold")["waits"].as_array().unwrap();
        assert_eq!(waits[0], json!({"for": "condition", "condition": "state.go >= 1"}));
        assert_eq!(waits[1]["for"], "timer");
        seen.signal("go", &[]).await;

        let position = waiting(&seen, "again").await;
        assert_eq!(wait(&position, "again")["for"], "timer");
        assert_eq!((&node(&position, "again")["rounds"], &node(&position, "again")["unsuccessful"]), (&json!(1), &Value::Null));
        assert_eq!((&node(&position, "shaky")["status"], &node(&position, "shaky")["failures"]), (&json!("failed"), &json!(1)));

        let position = waiting(&seen, "gate").await;
        assert_eq!(wait(&position, "gate")["condition"], "state.go >= item");
        assert_eq!((&node(&position, "shaky")["status"], &node(&position, "shaky")["count"]), (&json!("done"), &json!(2)));
        assert_eq!((&node(&position, "rounds")["status"], &node(&position, "rounds")["rounds"]), (&json!("running"), &json!(1)));
        seen.signal("go", &[]).await;
        seen.query_until("warpline.position", |position| node(position, "rounds")["rounds"] == 2).await;
        seen.signal("go", &[]).await;

        let position = waiting(&seen, "last").await;
        assert_eq!((&node(&position, "both")["status"], &node(&position, "one")["status"]), (&json!("running"), &json!("waiting")));
        assert_eq!((&node(&position, "two")["status"], &node(&position, "rounds")["status"]), (&json!("done"), &json!("done")));
        assert_eq!(node(&position, "gate")["count"], 2);
        seen.query_until("warpline.position", |position| node(position, "one")["status"] == "done").await;
        seen.signal("go", &[]).await;

        let position = waiting(&seen, "inner").await;
        assert_eq!((&node(&position, "work")["status"], &node(&position, "big")["count"]), (&json!("running"), &json!(1)));
        assert_eq!(node(&position, "other"), &Value::Null);
        assert_eq!(position["signals"]["go"]["count"], 4);
        assert_eq!(node(&position, "go")["count"], 4);
        assert_eq!(position["status"], "running");
        seen.signal("go", &[]).await;

        let id = seen.id.clone();
        let (result, record) = seen.result().await;
        assert_eq!(result, 5);
        assert_eq!(record.only("seen").count("MARKER_RECORDED"), 0);
        // Who asks a closed execution has its history replayed.
        let position = ground.client.query(&id, "warpline.position", &[]).await.unwrap();
        assert_eq!(position["status"], "completed");
        assert!(is_time(&position["ended"]), "{position:#}");
        assert_eq!(position["counts"], json!({"nodes": 20, "done": 19, "failed": 0, "running": 0, "waiting": 0}));
        let order: Vec<_> = position["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert_eq!(order[..5], ["start", "state", "act", "nap", "hold"]);
    });
}

#[test]
fn the_state_is_shown_without_what_is_redacted() {
    on_ground(async |ground| {
        let seen = ground.start("SeenWorkflow", "seen-state", json!({"key": "seen-state"})).await;
        let expected = json!({
            "go": 0,
            "login": {"user": "ada", "token": "[redacted]"},
            "entries": [{"name": "one", "token": "[redacted]"}],
            "byName": {"one": {"name": "one", "token": "[redacted]"}},
            "tags": ["a", "b"],
            "when": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(seen.query_until("warpline.state", |state| !state.is_null()).await, expected);
        let definition = seen.query("warpline.definition", &[]).await;
        assert_eq!(definition["workflowType"], "SeenWorkflow");
        let act = definition["nodes"].as_array().unwrap().iter().find(|node| node["id"] == "act").unwrap();
        assert_eq!(act, &json!({"id": "act", "type": "activity", "label": "Do it", "about": "pause"}));
        assert!(definition["edges"].as_array().unwrap().contains(&json!({"source": "big", "target": "inner", "handle": "true"})));
        assert!(!definition.to_string().contains("s3cret"));
        seen.terminate().await;
        // The server ended it: the code never came to an end.
        let id = seen.id.clone();
        seen.end().await;
        let position = ground.client.query(&id, "warpline.position", &[]).await.unwrap();
        assert_eq!((&position["status"], &node(&position, "act")["status"]), (&json!("running"), &json!("waiting")));
    });
}
