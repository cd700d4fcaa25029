//! The laptop's doors on the real parts: the tool chain is found or fetched, Temporal's dev server and a worker are
//! started, executions run, are followed, replayed, and nothing is left running.

mod ground;

use ground::Ground;
use serde_json::json;
use warpline::temporal::{ExecutionStatus, Outcome, Start};

#[tokio::test]
async fn an_execution_runs_to_its_end_and_its_history_replays() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let start = Start::new("ParentWorkflow", "run", "engine", vec![json!({"failures": 1, "rounds": 0})]);
    let id = client.start(&start).await.unwrap();
    assert_eq!(client.query(&id, "getPhase", &[]).await.unwrap(), json!("waiting"));
    client.signal(&id, "addName", &[json!("Ada")]).await.unwrap();
    let outcome = client.outcome(&id).await.unwrap();
    assert_eq!(outcome, Outcome::Completed { result: json!({"greeting": "Hello, Ada!"}) });
    assert_eq!(client.query(&id, "getPhase", &[]).await.unwrap(), json!("done"));

    let description = client.describe(&id).await.unwrap();
    assert_eq!((description.status, description.build_id.as_deref()), (ExecutionStatus::Completed, Some("version-1")));
    assert_eq!(client.deployment("engine").await.unwrap().unwrap().current.as_deref(), Some("version-1"));

    let history = client.history(&id).await.unwrap();
    assert_eq!(history.len() as i64, description.history_length);
    let replayed = ground.replay(&[("parent", &history)]).await;
    assert_eq!(replayed.iter().map(|line| &line["ok"]).collect::<Vec<_>>(), [&json!(true)], "{replayed:?}");
    ground.clear().await;
}
