//! Files in a ConfigMap that are edited alone: nothing else of the module or its Workflows changes.

use super::{accepted, calling_later};
use crate::ground::{Namespace, message, task_queue};
use serde_json::{Value, json};

/// A package whose activity says `word`.
fn files(word: &str) -> Value {
    let manifest = json!({"name": "own", "version": "1.0.0", "main": "index.js", "types": "index.d.ts"});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own-files"},
        "data": {
            "package.json": manifest.to_string(),
            "package-lock.json": json!({"name": "own", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": manifest}}).to_string(),
            "index.js": format!("exports.greet = async (name) => `{word} ${{name}}`;"),
            "index.d.ts": "export declare function greet(name: string): Promise<string>;",
        },
    })
}

fn module(policy: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "own"},
        "spec": {"source": {"configMap": "own-files"}, "updatePolicy": policy, "timeout": {"startToClose": "1m"}},
    })
}

async fn greeting(namespace: &Namespace, id: &str) -> Value {
    let id = namespace.start("GreetingWorkflow", id, json!({"name": "Ada"})).await;
    namespace.temporal.signal(&id, "go", &[]).await.unwrap();
    namespace.result(&id).await
}

/// Waits until executions begin on another version than `last`; its build ID.
async fn another(namespace: &Namespace, last: &str) -> String {
    namespace
        .eventually("another version to be current", || {
            let status = namespace.get("workflow", "greeting")["status"].clone();
            status["buildId"].as_str().filter(|build_id| *build_id != last).map(str::to_owned)
        })
        .await
}

#[tokio::test]
async fn an_edit_of_the_files_alone_is_built_and_waits_for_a_word_where_the_policy_is_manual() {
    let namespace = Namespace::new("files").await;
    namespace.apply(&[files("one"), module("OnApply"), task_queue(&namespace, json!({})), calling_later(&namespace, "greeting", "greet")]);
    let first = namespace.live("greeting").await;
    let held = namespace.start("GreetingWorkflow", "held", json!({"name": "Ada"})).await;
    namespace.begun(&held).await;

    namespace.apply(&[files("two")]);
    let second = another(&namespace, &first).await;
    assert_eq!(greeting(&namespace, "second").await, "two Ada");
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "one Ada");
    assert_eq!(namespace.build_id_of(&held).await, first);

    namespace.apply(&[module("Manual")]);
    let status = accepted(&namespace, "own").await;
    namespace.apply(&[files("three")]);
    let object = namespace
        .eventually("the module to say that its files have changed", || {
            let object = namespace.get("activitymodule", "own");
            object["status"]["available"].is_object().then_some(object)
        })
        .await;
    assert!(message(&object, "Ready").contains("warpline.dev/update"), "{object}");
    assert_eq!((&object["status"]["accepted"], &object["status"]["build"]), (&status["accepted"], &status["build"]));
    assert_eq!(greeting(&namespace, "waits").await, "two Ada");

    namespace.kubectl(&["annotate", "activitymodule", "own", "warpline.dev/update=1"]);
    another(&namespace, &second).await;
    assert_eq!(greeting(&namespace, "third").await, "three Ada");
    assert!(accepted(&namespace, "own").await["available"].is_null());
}
