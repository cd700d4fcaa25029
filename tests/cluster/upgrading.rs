//! AutoUpgrade: open executions move to a new version, unless it would replay them differently.

use crate::ground::{Namespace, message, task_queue, waiting};
use serde_json::{Value, json};

fn moving(mut object: Value) -> Value {
    object["spec"]["versioningBehavior"] = json!("AutoUpgrade");
    object
}

/// The waiting workflow with a timer before it waits: an execution that has no such timer in its history differs.
fn with_timer(namespace: &Namespace) -> Value {
    let mut object = moving(waiting(namespace, "timer"));
    let definition = &mut object["spec"]["definition"];
    definition["nodes"].as_array_mut().unwrap().push(json!({"id": "nap", "type": "timer", "config": {"duration": "1s"}}));
    definition["edges"] = json!([
        {"source": "start", "target": "goes"}, {"source": "goes", "target": "nap"}, {"source": "nap", "target": "hold"}, {"source": "hold", "target": "end"},
    ]);
    object
}

#[tokio::test]
async fn a_change_that_does_not_replay_is_refused_and_names_the_execution() {
    let namespace = Namespace::new("upgrade").await;
    namespace.apply(&[task_queue(&namespace, json!({})), moving(after_nap(&namespace, "one"))]);
    let one = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.events(&held, 8).await;

    namespace.apply(&[moving(waiting(&namespace, "no timer any more"))]);
    let object = namespace.until("workflow", "waiting", "Stalled", "True/ReplayFailed").await;
    let text = message(&object, "Stalled");
    assert!(text.contains(&held.workflow_id) && text.contains("event"), "{text}");
    assert_eq!(object["status"]["buildId"], one.as_str());
    assert_eq!(namespace.build_id_of(&held).await, one);

    namespace.apply(&[moving(after_nap(&namespace, "two"))]);
    let two = namespace.live("waiting").await;
    assert_ne!(one, two);
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "two");
    assert_eq!(namespace.build_id_of(&held).await, two);
}

/// Sleeps, then waits for `go`, then says the text.
fn after_nap(namespace: &Namespace, text: &str) -> Value {
    let mut object = with_timer(namespace);
    let nodes = object["spec"]["definition"]["nodes"].as_array_mut().unwrap();
    nodes.retain(|node| node["id"] != "end");
    nodes.push(json!({"id": "end", "type": "exit", "config": {"returnValue": {"$literal": text}}}));
    object
}
