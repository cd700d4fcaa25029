//! Activities from a folder: their code is part of the version, and executions keep the code that they began with.

use crate::ground::{Namespace, condition, task_queue};
use serde_json::{Value, json};
use std::path::Path;

/// A package with one activity, which answers with a text.
fn package(folder: &Path, text: &str, declared: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).unwrap();
    write("package.json", r#"{"name": "greetings", "version": "1.0.0", "main": "index.js", "types": "index.d.ts"}"#);
    write("index.d.ts", declared);
    write("index.js", &format!("exports.greet = async (name) => '{text}, ' + name;"));
}

const DECLARED: &str = "export declare function greet(name: string): Promise<string>;";

/// Waits for a signal, then greets.
fn greeting(namespace: &Namespace) -> Value {
    let mut object = crate::ground::waiting(namespace, "");
    let definition = &mut object["spec"]["definition"];
    let nodes = definition["nodes"].as_array_mut().unwrap();
    nodes.retain(|node| node["id"] != "end");
    nodes.push(json!({"id": "greet", "type": "activity", "config": {"activityName": "greet", "args": [{"$literal": "Ada"}]}}));
    nodes.push(json!({"id": "end", "type": "exit", "config": {"returnValue": {"$expr": "greet"}}}));
    let edges = definition["edges"].as_array_mut().unwrap();
    edges.retain(|edge| edge["target"] != "end");
    edges.extend([json!({"source": "hold", "target": "greet"}), json!({"source": "greet", "target": "end"})]);
    object
}

fn module() -> Value {
    json!({"apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "greetings"}, "spec": {"path": "greetings"}})
}

#[tokio::test]
async fn executions_keep_the_activities_that_they_began_with() {
    let namespace = Namespace::new("packages").await;
    let folder = namespace.file("greetings");
    package(&folder, "Hello", DECLARED);
    namespace.apply(&[task_queue(&namespace, json!({})), module(), greeting(&namespace)]);
    let one = namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    assert_eq!(namespace.begun(&held).await, one);

    package(&folder, "Good day", DECLARED);
    let two = namespace
        .eventually("another version", || {
            let object = namespace.get("workflow", "waiting");
            let build_id = object["status"]["buildId"].as_str()?.to_owned();
            (build_id != one && condition(&object, "Live").starts_with("True")).then_some(build_id)
        })
        .await;
    let fresh = namespace.start("WaitingWorkflow", "fresh", Value::Null).await;
    for id in [&held, &fresh] {
        namespace.temporal.signal(id, "go", &[]).await.unwrap();
    }
    assert_eq!((namespace.result(&held).await, namespace.build_id_of(&held).await), (json!("Hello, Ada"), one));
    assert_eq!((namespace.result(&fresh).await, namespace.build_id_of(&fresh).await), (json!("Good day, Ada"), two));
}

#[tokio::test]
async fn activities_that_no_longer_fit_leave_what_serves_as_it_is() {
    let namespace = Namespace::new("misfit").await;
    let folder = namespace.file("greetings");
    package(&folder, "Hello", DECLARED);
    namespace.apply(&[task_queue(&namespace, json!({})), module(), greeting(&namespace)]);
    let one = namespace.live("waiting").await;
    package(&folder, "Number", "export declare function greet(name: number): Promise<string>;");
    namespace.until("workflow", "waiting", "Stalled", "True/DefinitionBroken").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!((namespace.result(&held).await, namespace.build_id_of(&held).await), (json!("Hello, Ada"), one));
    package(&folder, "Again", DECLARED);
    namespace.live("waiting").await;
    let again = namespace.start("WaitingWorkflow", "again", Value::Null).await;
    namespace.temporal.signal(&again, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&again).await, "Again, Ada");
}
