//! Executions that somebody moves to another version, or lets begin again.

use serde_json::json;
use warpline::temporal::{Behavior, ExecutionId, Override, Reset};

use crate::ground::{Ground, eventually, waiting};

#[tokio::test]
async fn an_execution_is_moved_taken_back_and_begins_again() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let (first, _) = ground.serve("moving", "one", "moving").await;
    ground.set_current("moving", Some("one")).await;
    let run = ground.waiting(&waiting("moved", "moving")).await;
    let id = ExecutionId::newest("moved");
    let known = client.versioning(&id).await.unwrap();
    assert_eq!((known.behavior, known.override_, known.build_id.as_deref()), (Behavior::Pinned, None, Some("one")));

    let (second, _) = ground.serve("moving", "two", "moving").await;
    client.pin(&run, Some(("moving", "two")), Some("somebody")).await.unwrap();
    let pinned = Override::Pinned { deployment: "moving".into(), build_id: "two".into() };
    assert_eq!(client.versioning(&id).await.unwrap().override_, Some(pinned));
    assert_eq!(client.query(&id, "isWaiting", &[]).await.unwrap(), json!(true));
    let names: Vec<_> = client.history(&run).await.unwrap().events().into_iter().map(|event| event.name).collect();
    assert!(names.contains(&"WORKFLOW_EXECUTION_OPTIONS_UPDATED".to_owned()), "{names:?}");
    client.pin(&run, None, None).await.unwrap();
    assert_eq!(client.versioning(&id).await.unwrap().override_, None);

    // From its beginning.
    client.pin(&run, Some(("moving", "one")), None).await.unwrap();
    let events = client.history(&run).await.unwrap().events();
    let at = events.iter().find(|event| event.completes_task).unwrap().id;
    let again = client.reset(&Reset { id: &run, at, reason: "the first was no good", drops_signals: false }).await.unwrap();
    assert_ne!(again.run_id, run.run_id);
    eventually("the new run waits", async || client.query(&again, "isWaiting", &[]).await.ok().filter(|waits| *waits == json!(true))).await;
    let text = client.history(&again).await.unwrap().to_json().unwrap();
    assert!(text.contains("the first was no good"), "{text}");
    // The task of a point must have been completed.
    let refused = client.reset(&Reset { id: &again, at: 9999, reason: "", drops_signals: true }).await.unwrap_err();
    assert!(refused.to_string().contains("9999"), "{refused}");
    ground.go_on(&again).await;
    ground.clear(vec![first, second]).await;
}
