//! The operator is killed again and again while a version is rolled out: the end is the same as if nothing had happened.

use crate::ground::{Namespace, run, task_queue, waiting};
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
            run(&mut namespace.cluster.kubectl(&[
                "delete",
                "pod",
                "--namespace",
                "warpline-system",
                "--selector",
                "app.kubernetes.io/component=operator",
                "--force",
                "--grace-period=0",
            ]));
        }
        build_ids.push(namespace.live("waiting").await);
        let id = namespace.start("WaitingWorkflow", &format!("held-{edit}"), Value::Null).await;
        namespace.begun(&id).await;
        held.push(id);
    }
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
