//! What people delete by hand of what a version is made of: it is made again, or said with what to do; no execution is lost.

use crate::ground::{Namespace, condition, message, task_queue, waiting};
use crate::versions::{pods, version};
use serde_json::{Value, json};
use warpline::temporal::VersionStatus;

/// Deletes the files of all versions while no pod is on a node: a kubelet that has files keeps them for the next pod.
async fn delete_files(namespace: &Namespace) {
    let selector = json!({"nowhere": "at-all"});
    let is_held = |object: &Value| object["spec"]["template"]["spec"]["nodeSelector"] == selector;
    namespace.apply(&[task_queue(namespace, json!({"podTemplate": {"spec": {"nodeSelector": selector}}}))]);
    namespace.eventually("pods that no node takes", || namespace.list("deployments").iter().all(is_held).then_some(())).await;
    // The old template's would stay until the new one's are ready.
    namespace.kubectl(&["delete", "replicasets", "--all", "--cascade=foreground", "--timeout=60s"]);
    namespace
        .eventually("no pod on a node", || namespace.list("pods").iter().all(|pod| pod["spec"]["nodeName"].is_null()).then_some(()))
        .await;
    namespace.kubectl(&["delete", "configmaps", "--all"]);
    namespace.apply(&[task_queue(namespace, json!({}))]);
}

#[tokio::test]
async fn the_files_of_a_version_are_made_again_by_the_definitions_that_it_was_made_from() {
    let namespace = Namespace::new("files").await;
    namespace.apply(&[task_queue(&namespace, json!({})), waiting(&namespace, "one")]);
    let one = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    namespace.apply(&[waiting(&namespace, "two")]);
    let two = namespace.live("waiting").await;
    assert_ne!(one, two);
    delete_files(&namespace).await;

    // The definitions ask for the current one.
    namespace.until("taskqueue", &namespace.queue(), "Ready", "True/Serving").await;
    assert_eq!(namespace.execute_waiting("on-two").await, "two");

    // The other one can't be made of what the definitions are now.
    let object = namespace
        .eventually("the old version to say what to do", || {
            let object = namespace.get("workerversion", &version(&namespace, &one));
            message(&object, "Ready").contains("FilesGone").then_some(object)
        })
        .await;
    assert_eq!(condition(&object, "Ready"), "False/Draining");
    namespace.apply(&[waiting(&namespace, "one")]);
    assert_eq!(namespace.live("waiting").await, one);
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "one");
    assert_eq!(namespace.build_id_of(&held).await, one);
}

#[tokio::test]
async fn a_record_that_somebody_deletes_on_the_server_is_made_again_when_its_version_is_asked_for() {
    let namespace = Namespace::new("record").await;
    let sunset = json!({"sunset": {"scaleDownDelay": "1s", "deleteDelay": "1h"}});
    namespace.apply(&[task_queue(&namespace, sunset), waiting(&namespace, "one")]);
    let one = namespace.live("waiting").await;
    namespace.apply(&[waiting(&namespace, "two")]);
    let two = namespace.live("waiting").await;
    namespace.eventually("the old version to have no pods", || pods(&namespace, &one).is_empty().then_some(())).await;

    let name = format!("{}/{}", namespace.name, namespace.queue());
    let known = async || namespace.temporal.deployment(&name).await.unwrap().unwrap().versions;
    while known().await.iter().any(|version| version.build_id == one) {
        // The server remembers a poller for some minutes, unless it is told not to mind.
        namespace.temporal.delete_version(&name, &one, true).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    }
    namespace.apply(&[waiting(&namespace, "one")]);
    assert_eq!(namespace.live("waiting").await, one);
    assert_eq!(namespace.execute_waiting("again").await, "one");
    let known = known().await;
    let status = |build_id: &str| known.iter().find(|version| version.build_id == build_id).map(|version| version.status);
    assert_eq!(status(&one), Some(VersionStatus::Current));
    assert_ne!(status(&two), Some(VersionStatus::Current));
}
