//! The operator is killed again and again while a version is rolled out: the end is the same as if nothing had happened.

use crate::ground::{Namespace, message, run, task_queue, waiting};
use serde_json::{Value, json};

#[tokio::test]
async fn an_operator_that_is_killed_in_the_middle_ends_where_it_would_have() {
    let namespace = Namespace::new("crashes").await;
    namespace.apply(&[task_queue(&namespace, json!({})), waiting(&namespace, "0")]);
    let mut build_ids = vec![namespace.live("waiting").await];
    let mut held = vec![namespace.start("WaitingWorkflow", "held-0", Value::Null).await];
    for edit in 1..=4u64 {
        namespace.apply(&[waiting(&namespace, &edit.to_string())]);
        // Later in each rollout: after the compilation, while pods start, as it becomes current.
        for _ in 0..2 {
            tokio::time::sleep(std::time::Duration::from_millis(150 + 550 * edit)).await;
            kill_operator(&namespace);
        }
        build_ids.push(namespace.live("waiting").await);
        let id = namespace.start("WaitingWorkflow", &format!("held-{edit}"), Value::Null).await;
        namespace.begun(&id).await;
        held.push(id);
    }
    let steps = json!([{"percentage": 30, "pause": "4s"}, {"percentage": 60, "pause": "4s"}]);
    namespace.apply(&[task_queue(&namespace, json!({"rollout": {"strategy": "Progressive", "steps": steps}})), waiting(&namespace, "5")]);
    for step in ["step 1 of 2", "step 2 of 2"] {
        namespace
            .eventually(step, || message(&namespace.get("taskqueue", &namespace.queue()), "RolledOut").contains(step).then_some(()))
            .await;
        kill_operator(&namespace);
    }
    build_ids.push(namespace.live("waiting").await);
    held.push(namespace.start("WaitingWorkflow", "held-5", Value::Null).await);
    for (number, (id, build_id)) in held.iter().zip(&build_ids).enumerate() {
        namespace.temporal.signal(id, "go", &[]).await.unwrap();
        assert_eq!(namespace.result(id).await, number.to_string());
        assert_eq!(&namespace.build_id_of(id).await, build_id);
    }
    let last = build_ids.last().unwrap();
    namespace
        .eventually("only the last version to be left", || {
            let left: Vec<_> = namespace.list("workerversions").iter().map(|version| version["spec"]["buildId"].clone()).collect();
            (left == [json!(last)]).then_some(())
        })
        .await;
    namespace.eventually("only its Deployment to be left", || (namespace.list("deployments").len() == 1).then_some(())).await;
}

/// Kills the operator's pod without a word; its Deployment makes another, which waits until the lease has expired.
pub fn kill_operator(namespace: &Namespace) {
    let selector = "app.kubernetes.io/component=operator";
    run(&mut namespace.cluster.kubectl(&[
        "delete",
        "pod",
        "--namespace",
        "warpline-system",
        "--selector",
        selector,
        "--force",
        "--grace-period=0",
    ]));
}
