//! Deleting: a Workflow under each policy, a namespace, the chart. Nothing hangs, nothing is left, no execution is lost that was to go on.

use crate::ground::{Namespace, saying, task_queue, waiting};
use serde_json::{Value, json};
use warpline::temporal::ExecutionStatus;

async fn everything_is_gone(namespace: &Namespace) {
    let all = ["workflow", "taskqueue", "workerversion", "deployment", "configmap"];
    namespace
        .eventually("everything to be gone", || {
            let left: usize = all
                .iter()
                .map(|kind| namespace.list(kind).iter().filter(|object| object["metadata"]["name"] != "kube-root-ca.crt").count())
                .sum();
            (left == 0).then_some(())
        })
        .await;
}

fn with_policy(mut object: Value, policy: &str) -> Value {
    object["spec"]["deletionPolicy"] = json!(policy);
    object
}

#[tokio::test]
async fn drain_keeps_the_object_and_its_workers_until_executions_end() {
    let namespace = Namespace::new("drain").await;
    namespace.apply(&[waiting(&namespace, "one")]);
    let build_id = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    namespace.kubectl(&["delete", "workflow", "waiting", "--wait=false"]);
    let object = namespace.until("workflow", "waiting", "Ready", "False/Draining").await;
    assert_eq!(object["status"]["openExecutions"], 1);
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "one");
    assert_eq!(namespace.build_id_of(&held).await, build_id);
    everything_is_gone(&namespace).await;
    let deployment = format!("{}/{}", namespace.name, namespace.queue());
    let known = namespace.temporal.deployment(&deployment).await.unwrap();
    assert!(known.is_none(), "the server still knows {known:?}");
}

/// As Argo CD deletes and prunes: the garbage collector goes for all that is owned, at once.
async fn deleted_in_the_foreground(about: &str, queue: &[Value], namespace: Namespace) {
    namespace.apply(&[queue, &[waiting(&namespace, about)]].concat());
    let build_id = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    namespace.kubectl(&["delete", "workflow,taskqueue", "--all", "--cascade=foreground", "--wait=false"]);
    // The collector was here: it took from the version the reference to its queue, and left it the one to its namespace.
    let version = namespace
        .eventually("the collector to let the version be", || {
            let version = namespace.list("workerversion").pop()?;
            (version["metadata"]["ownerReferences"].as_array()?.len() == 1).then_some(version)
        })
        .await;
    assert!(version["metadata"]["deletionTimestamp"].is_null(), "{version}");
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, about);
    assert_eq!(namespace.build_id_of(&held).await, build_id);
    everything_is_gone(&namespace).await;
}

#[tokio::test]
async fn a_queue_deleted_in_the_foreground_keeps_its_workers_until_executions_end() {
    let namespace = Namespace::new("foreground").await;
    deleted_in_the_foreground("written", &[task_queue(&namespace, json!({}))], namespace).await;
}

#[tokio::test]
async fn so_does_a_queue_that_nobody_wrote() {
    deleted_in_the_foreground("defaulted", &[], Namespace::new("foreground").await).await;
}

#[tokio::test]
async fn terminate_ends_executions() {
    let namespace = Namespace::new("terminate").await;
    namespace.apply(&[with_policy(waiting(&namespace, "one"), "Terminate")]);
    namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.kubectl(&["delete", "workflow", "waiting", "--timeout=60s"]);
    assert_eq!(namespace.temporal.describe(&held).await.unwrap().status, ExecutionStatus::Terminated);
}

#[tokio::test]
async fn orphan_lets_the_object_go_at_once_and_executions_go_on() {
    let namespace = Namespace::new("orphan").await;
    namespace.apply(&[with_policy(waiting(&namespace, "one"), "Orphan"), saying(&namespace, "staying", "here")]);
    namespace.live("waiting").await;
    namespace.live("staying").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    namespace.kubectl(&["delete", "workflow", "waiting", "--timeout=90s"]);
    assert!(namespace.get("workflow", "waiting").is_null());
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "one");
}

#[tokio::test]
async fn a_namespace_goes_and_its_executions_go_on_when_the_definition_comes_back() {
    let mut namespace = Namespace::new("gone").await;
    let objects = [task_queue(&namespace, json!({})), waiting(&namespace, "one")];
    namespace.apply(&objects);
    let build_id = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    crate::ground::run(&mut namespace.cluster.kubectl(&["delete", "namespace", &namespace.name, "--timeout=90s"]));
    assert_eq!(namespace.temporal.describe(&held).await.unwrap().status, ExecutionStatus::Running);

    crate::ground::run(&mut namespace.cluster.kubectl(&["create", "namespace", &namespace.name]));
    namespace.apply(&objects);
    assert_eq!(namespace.live("waiting").await, build_id, "the same definition is the same version");
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "one");
    namespace.keep();
    crate::ground::run(&mut namespace.cluster.kubectl(&["delete", "namespace", &namespace.name, "--timeout=90s"]));
}
