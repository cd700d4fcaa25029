//! What a user gets wrong: a condition that says what to do; nothing is lost, and nothing spins.

use crate::ground::{Namespace, message, saying, task_queue, workflow};
use serde_json::{Value, json};

fn module(name: &str, activity: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": name},
        "spec": {"activities": {activity: {"signature": "() => Promise<void>"}}, "timeout": {"startToClose": "1m"}},
    })
}

#[tokio::test]
async fn two_modules_with_one_activity() {
    let namespace = Namespace::new("twice").await;
    let calling = workflow(
        &namespace,
        "calling",
        json!({
            "nodes": [{"id": "start", "type": "trigger"}, {"id": "build", "type": "activity", "config": {"activityName": "build"}}],
            "edges": [{"source": "start", "target": "build"}],
        }),
    );
    namespace.apply(&[module("one", "build"), module("two", "build"), calling]);
    let object = namespace.until("workflow", "calling", "Stalled", "True/DefinitionBroken").await;
    assert!(
        message(&object, "Stalled").contains("W0402") && message(&object, "Stalled").contains("`module: one`"),
        "{}",
        message(&object, "Stalled")
    );
    let object = namespace.until("activitymodule", "one", "Valid", "True/ActivityTwice").await;
    assert!(message(&object, "Valid").contains("ActivityModule/two"), "{}", message(&object, "Valid"));
    namespace.kubectl(&["delete", "activitymodule", "two"]);
    namespace.live("calling").await;
}

#[tokio::test]
async fn a_queue_that_another_namespace_holds() {
    let first = Namespace::new("holder").await;
    first.apply(&[saying(&first, "saying", "first")]);
    first.live("saying").await;
    let second = Namespace::under("second", ()).await;
    let mut object = saying(&second, "saying", "second");
    object["spec"]["taskQueue"] = json!(first.queue());
    second.apply(&[object]);
    let object = second.until("taskqueue", &first.queue(), "Stalled", "True/TaskQueueHeldByOther").await;
    assert!(message(&object, "Stalled").contains(&format!("{}/{}", first.name, first.queue())), "{}", message(&object, "Stalled"));
    assert_eq!(first.execute("SayingWorkflow", "still", Value::Null).await, "first");
}

#[tokio::test]
async fn a_queue_name_that_temporal_refuses_as_a_deployment() {
    let namespace = Namespace::new("dots").await;
    let name = format!("{}.with:both", namespace.queue());
    let mut object = saying(&namespace, "saying", "dots");
    object["spec"]["taskQueue"] = json!(name);
    namespace.apply(&[object]);
    namespace.live("saying").await;
    let start = warpline::temporal::Start::new("SayingWorkflow", format!("{}/dots", namespace.name), name, vec![]);
    let id = namespace.temporal.start(&start).await.unwrap();
    assert_eq!(namespace.result(&id).await, "dots");
}

#[tokio::test]
async fn a_missing_secret_and_a_temporal_namespace_that_does_not_exist() {
    let namespace = Namespace::new("missing").await;
    let with = |temporal: Value| task_queue(&namespace, json!({"temporal": temporal}));
    namespace.apply(&[with(json!({"tls": {"secretName": "not-there"}})), saying(&namespace, "saying", "hello")]);
    let queue = namespace.queue();
    let object = namespace.until("taskqueue", &queue, "Stalled", "True/SecretMissing").await;
    assert!(message(&object, "Stalled").contains("not-there"), "{}", message(&object, "Stalled"));

    namespace.kubectl(&["delete", "taskqueue", &queue, "--timeout=90s"]);
    namespace.apply(&[with(json!({"namespace": "nowhere"}))]);
    let object = namespace.until("taskqueue", &queue, "Connected", "False/TemporalNamespaceNotFound").await;
    assert!(message(&object, "Connected").contains("temporal operator namespace create"), "{}", message(&object, "Connected"));

    namespace.kubectl(&["patch", "taskqueue", &queue, "--type=json", r#"--patch=[{"op":"remove","path":"/spec/temporal"}]"#]);
    namespace.live("saying").await;
    assert_eq!(namespace.execute("SayingWorkflow", "healed", Value::Null).await, "hello");
}

#[tokio::test]
async fn a_definition_of_nearly_a_mebibyte() {
    let namespace = Namespace::new("large").await;
    let count = 4000;
    let nodes: Vec<Value> = (0..count).map(|number| json!({"id": format!("wait-{number}"), "type": "timer", "data": {"label": "x".repeat(60), "config": {"duration": "1s"}}})).collect();
    let edges: Vec<Value> =
        (1..count).map(|number| json!({"source": format!("wait-{}", number - 1), "target": format!("wait-{number}")})).collect();
    let mut object = workflow(&namespace, "large", json!({"nodes": nodes, "edges": edges}));
    object["spec"]["definition"]["nodes"].as_array_mut().unwrap().push(json!({"id": "start", "type": "trigger"}));
    object["spec"]["definition"]["edges"].as_array_mut().unwrap().push(json!({"source": "start", "target": "wait-0"}));
    let size = object.to_string().len();
    assert!((700_000..1_000_000).contains(&size), "{size}");
    // kubectl's client-side apply keeps a copy in an annotation, which has less room.
    let path = std::env::temp_dir().join(format!("{}.json", namespace.name));
    std::fs::write(&path, object.to_string()).unwrap();
    namespace.kubectl(&["apply", "--server-side", "--filename", &path.display().to_string()]);
    std::fs::remove_file(&path).unwrap();
    namespace.live("large").await;
    let started = namespace.start("LargeWorkflow", "large", Value::Null).await;
    namespace.events(&started, 6).await;
    namespace.temporal.terminate(&started, "seen").await.unwrap();
}

#[tokio::test]
async fn what_the_schema_refuses() {
    let namespace = Namespace::new("schema").await;
    let refused = |object: Value, words: &str| {
        let (accepted, said) = namespace.try_apply(&[object]);
        assert!(!accepted && said.contains(words), "{said}");
    };
    let mut object = saying(&namespace, "saying", "x");
    object["spec"]["workflowType"] = json!("no name");
    refused(object, "spec.workflowType");
    refused(
        task_queue(&namespace, json!({"rollout": {"steps": [{"percentage": 10, "pause": "1m"}]}})),
        "steps are for the strategy Progressive",
    );
    refused(task_queue(&namespace, json!({"replicas": -1})), "spec.replicas");
    namespace.apply(&[task_queue(&namespace, json!({"taskQueue": "one"}))]);
    refused(task_queue(&namespace, json!({"taskQueue": "two"})), "a queue keeps its name");
}
