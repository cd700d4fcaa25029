//! The directory: what is in it is there, what isn't goes, what can't be read changes nothing; and the commands of a cluster against it.

use crate::ground::{Namespace, saying, task_queue};
use serde_json::{Value, json};
use std::net::TcpStream;

#[tokio::test]
async fn a_file_that_cannot_be_read_changes_nothing_and_one_that_goes_takes_its_objects_along() {
    let namespace = Namespace::new("files").await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "one"), saying(&namespace, "other", "two")]);
    let one = namespace.live("saying").await;
    namespace.write("workflow-saying.json", "{\"kind\": ");
    namespace.eventually("the finding to be told", || namespace.told().contains("W0001").then_some(())).await;
    assert_eq!(namespace.execute("SayingWorkflow", "broken", Value::Null).await, "one");
    assert_eq!(namespace.get("workflow", "saying")["status"]["buildId"], one.as_str());
    std::fs::remove_file(namespace.file("workflow-other.json")).unwrap();
    namespace.eventually("the other one to be gone", || namespace.get("workflow", "other").is_null().then_some(())).await;
    assert!(!namespace.get("workflow", "saying").is_null());
}

#[tokio::test]
async fn an_export_of_a_builder_is_served() {
    let namespace = Namespace::new("export").await;
    let nodes =
        json!([{"id": "start", "type": "trigger"}, {"id": "end", "type": "exit", "config": {"returnValue": {"$literal": "drawn"}}}]);
    let export =
        json!({"name": "PackageBuild", "nodes": nodes, "edges": [{"source": "start", "target": "end"}], "taskQueue": namespace.queue()});
    namespace.write("export.json", &export.to_string());
    namespace.live("package-build").await;
    let workflow_type = namespace.get("workflow", "package-build")["spec"]["workflowType"].as_str().unwrap().to_owned();
    assert_eq!(namespace.execute(&workflow_type, "drawn", Value::Null).await, "drawn");
}

#[tokio::test]
async fn the_commands_of_a_cluster_work_and_ctrl_c_ends_everything() {
    let mut namespace = Namespace::new("commands").await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "one")]);
    let one = namespace.live("saying").await;
    let ran = |arguments: &[&str]| {
        let output = namespace.warpline(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    assert!(ran(&["status"]).contains(&one));
    assert!(ran(&["versions"]).contains("Current"));
    assert!(ran(&["doctor"]).contains("leads"));
    assert!(ran(&["start", "saying", "--wait"]).contains("one"));
    assert_eq!(namespace.interrupt(), Some(0));
    assert!(TcpStream::connect(&namespace.temporal_address).is_err(), "Temporal's server has ended");
    assert!(namespace.told().contains("live on version"), "{}", namespace.told());
}
