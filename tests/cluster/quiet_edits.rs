//! Edits that change nothing of what runs make no new version, and at rest nothing is written.

use crate::ground::{Namespace, saying, task_queue, waiting};
use crate::versions::pods;
use serde_json::{Value, json};

#[tokio::test]
async fn pod_templates_labels_and_positions_make_no_new_version() {
    let namespace = Namespace::new("quiet").await;
    let objects = [task_queue(&namespace, json!({})), waiting(&namespace, "one")];
    namespace.apply(&objects);
    let build_id = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;

    let mut moved = waiting(&namespace, "one");
    moved["metadata"]["labels"] = json!({"team": "builders"});
    for (number, node) in moved["spec"]["definition"]["nodes"].as_array_mut().unwrap().iter_mut().enumerate() {
        node["position"] = json!({"x": number * 100, "y": 7});
        node["selected"] = json!(true);
    }
    namespace.apply(&[moved.clone()]);
    assert_eq!(namespace.live("waiting").await, build_id);

    // Other TypeScript of which the same JavaScript is made.
    let mut typed = moved;
    typed["spec"]["types"] = json!("type Answer = 'one' | 'two';");
    namespace.apply(&[typed]);
    assert_eq!(namespace.live("waiting").await, build_id);

    let before = pods(&namespace, &build_id);
    let template = json!({"podTemplate": {"metadata": {"labels": {"team": "builders"}}, "spec": {"containers": [{"name": "worker", "env": [{"name": "A", "value": "1"}]}]}}});
    namespace.apply(&[task_queue(&namespace, template)]);
    namespace
        .eventually("the pods to be rolled", || {
            let now = pods(&namespace, &build_id);
            (now.len() == 1 && now != before).then_some(())
        })
        .await;

    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "one");
    assert_eq!(namespace.build_id_of(&held).await, build_id);
}

#[tokio::test]
async fn at_rest_nothing_is_written() {
    let namespace = Namespace::new("rest").await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "one")]);
    namespace.live("saying").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let versions = || {
        let objects = ["workflows", "taskqueues", "workerversions", "deployments", "configmaps"].map(|kind| namespace.list(kind));
        objects.concat().iter().map(|object| object["metadata"]["resourceVersion"].clone()).collect::<Vec<_>>()
    };
    let before = versions();
    // A touch that changes nothing wakes the reconcilers.
    namespace.annotate("workflow", "saying", "touched", "1");
    namespace.annotate("workflow", "saying", "touched", "");
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    let after = versions();
    assert_eq!(before[1..], after[1..], "only the object that was touched has changed");
}
