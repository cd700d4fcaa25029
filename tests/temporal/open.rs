//! Counting and listing: names of all kinds are found as they are, and nothing in a name is taken for a query.

use warpline::temporal::{Error, OpenFilter, Start};

use crate::ground::{Ground, eventually};

#[tokio::test]
async fn open_executions_are_found_by_any_name() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let names = [("It's' OR WorkflowType != 'x", "a/b:c.d"), ("Ünï%_", "it's ' OR 1=1 --"), ("`Plain`", "a/b:c.d")];
    for (number, (workflow_type, task_queue)) in names.into_iter().enumerate() {
        client.start(&Start::new(workflow_type, format!("id-{number}"), task_queue, vec![])).await.unwrap();
    }
    let everything = OpenFilter::default();
    eventually("all are indexed", async || (client.count_open(&everything).await.unwrap() == 3).then_some(())).await;
    for (number, (workflow_type, task_queue)) in names.into_iter().enumerate() {
        let filter = OpenFilter { workflow_type: Some(workflow_type), task_queue: Some(task_queue), ..everything };
        assert_eq!(client.count_open(&filter).await.unwrap(), 1, "{filter:?}");
        let found = client.list_open(&filter, 10).await.unwrap();
        assert_eq!((found[0].id.workflow_id.as_str(), found[0].workflow_type.as_str()), (format!("id-{number}").as_str(), workflow_type));
        assert_eq!(found[0].build_id, None);
        client.describe(&found[0].id).await.unwrap();
    }
    let queue = OpenFilter { task_queue: Some("a/b:c.d"), ..everything };
    assert_eq!(client.list_open(&queue, 1).await.unwrap().len(), 1);
    assert_eq!(client.list_open(&queue, 10).await.unwrap().len(), 2);
    // The server would answer 0, though there is one.
    for (number, name) in ["a\\b", "a\"b", "a\tb", "'a", "a'"].into_iter().enumerate() {
        client.start(&Start::new("Hidden", format!("hidden-{number}"), name, vec![])).await.unwrap();
        let hidden = client.count_open(&OpenFilter { task_queue: Some(name), ..everything }).await.unwrap_err();
        assert!(matches!(hidden, Error::Refused { .. }) && hidden.to_string().contains("choose another name"), "{hidden}");
    }
    for number in 0..3 {
        client.terminate(&warpline::temporal::ExecutionId::newest(format!("id-{number}")), "counted").await.unwrap();
    }
    eventually("the closed ones are not counted", async || (client.count_open(&everything).await.unwrap() == 5).then_some(())).await;
    ground.clear(vec![]).await;
}

#[tokio::test]
async fn a_paused_execution_is_open() {
    let ground = Ground::with(&["frontend.WorkflowPauseEnabled=true"]).await;
    let client = &ground.client;
    client.start(&Start::new("Plain", "paused", "nobody", vec![])).await.unwrap();
    let paused = tokio::process::Command::new(&ground.toolchain.temporal)
        .args(["workflow", "pause", "--workflow-id", "paused", "--address", &ground.server.address])
        .output();
    let paused = paused.await.unwrap();
    assert!(paused.status.success(), "{}", String::from_utf8_lossy(&paused.stderr));
    let state = async || {
        let description = client.describe(&warpline::temporal::ExecutionId::newest("paused")).await.unwrap();
        (description.status == warpline::temporal::ExecutionStatus::Paused).then_some(())
    };
    eventually("it is paused", state).await;
    let filter = OpenFilter { workflow_type: Some("Plain"), ..OpenFilter::default() };
    eventually("it is counted", async || (client.count_open(&filter).await.unwrap() == 1).then_some(())).await;
    ground.clear(vec![]).await;
}
