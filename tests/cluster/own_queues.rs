//! Activities on a queue of their own: on pods of their own, and every version bound to the content that it was made with.

use crate::ground::{Namespace, message, task_queue, waiting};
use serde_json::{Value, json};
use warpline::temporal::ExecutionId;

/// Waits for `go`, then calls an activity of the module `heavy`.
pub fn calling(namespace: &Namespace) -> Value {
    let mut object = waiting(namespace, "");
    object["metadata"]["name"] = json!("calling");
    let definition = &mut object["spec"]["definition"];
    let nodes = definition["nodes"].as_array_mut().unwrap();
    nodes.retain(|node| node["id"] != "end");
    let arguments = json!([{"$literal": {"workspaceRoot": "/tmp", "packagePath": "none"}}]);
    nodes.push(json!({"id": "check", "type": "activity", "config": {"activityName": "checkPackageExists", "args": arguments}}));
    nodes.push(json!({"id": "end", "type": "exit", "config": {"returnValue": "check"}}));
    definition["edges"] = json!([
        {"source": "start", "target": "goes"}, {"source": "goes", "target": "hold"}, {"source": "hold", "target": "check"}, {"source": "check", "target": "end"},
    ]);
    object
}

pub fn module(queue: &str, image: &str) -> Value {
    json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "ActivityModule", "metadata": {"name": "heavy"},
        "spec": {
            "image": image, "module": "./build", "taskQueue": queue, "timeout": {"startToClose": "1m"},
            "activities": {"checkPackageExists": {"signature": "(input: {workspaceRoot: string; packagePath: string}) => Promise<boolean>"}},
        },
    })
}

/// The pod that ran the activity.
pub async fn ran_on(namespace: &Namespace, id: &ExecutionId) -> String {
    let history: Value = serde_json::from_str(&namespace.temporal.history(id).await.unwrap().to_json().unwrap()).unwrap();
    let events = history["events"].as_array().unwrap();
    let started = events.iter().find_map(|event| event.get("activityTaskStartedEventAttributes")).expect("an activity that ran");
    started["identity"].as_str().unwrap().split('@').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_version_calls_the_content_that_it_was_made_with_until_it_ends() {
    let namespace = Namespace::new("own-queue").await;
    let queue = format!("{}-heavy", namespace.name);
    let image = namespace.cluster.image("PACKAGE_BUILDER_IMAGE");
    let mut heavy = task_queue(&namespace, json!({}));
    heavy["metadata"]["name"] = json!(queue);
    namespace.apply(&[heavy, task_queue(&namespace, json!({})), module(&queue, image), calling(&namespace)]);
    let first = namespace.live("calling").await;
    let held = namespace.start("CallingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    let contents = |namespace: &Namespace| -> Vec<String> {
        let versions = namespace.list("workerversions").into_iter().filter(|version| version["spec"]["taskQueue"] == queue.as_str());
        versions.map(|version| version["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let one = contents(&namespace);
    assert_eq!(one.len(), 1, "{one:?}");
    let object = namespace.until("taskqueue", &queue, "Ready", "True/ActivitiesOnly").await;
    assert!(message(&object, "Ready").contains("serves one content"), "{object}");

    // Another image: the code of its callers names another queue, so they have another version; what began goes on with the first.
    namespace.apply(&[module(&queue, "docker.io/warpline/package-builder:1.0.0")]);
    namespace
        .eventually("another version to be live", || {
            let object = namespace.get("workflow", "calling");
            (object["status"]["buildId"] != first.as_str()).then_some(())
        })
        .await;
    let two: Vec<String> = contents(&namespace).into_iter().filter(|name| !one.contains(name)).collect();
    assert_eq!(two.len(), 1, "{two:?}");
    let new = namespace.start("CallingWorkflow", "new", Value::Null).await;
    for (id, content) in [(&held, &one[0]), (&new, &two[0])] {
        namespace.temporal.signal(id, "go", &[]).await.unwrap();
        assert_eq!(namespace.result(id).await, false);
        let pod = ran_on(&namespace, id).await;
        assert!(pod.starts_with(content), "{pod} is none of {content}");
    }
    assert_eq!(namespace.build_id_of(&held).await, first);

    // Nothing calls the first content any more: its pods and its version go.
    namespace.eventually("only the second content to be left", || (contents(&namespace) == two).then_some(())).await;
    namespace
        .eventually("its pods to be gone", || {
            let pods = namespace.list("pods");
            pods.iter().all(|pod| !pod["metadata"]["name"].as_str().unwrap().starts_with(&one[0])).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_version_waits_for_the_pods_that_it_calls_and_says_why() {
    let namespace = Namespace::new("own-broken").await;
    let queue = format!("{}-heavy", namespace.name);
    let none = format!("{}/warpline/none:1", namespace.cluster.get("REGISTRY"));
    namespace.apply(&[module(&queue, &none), calling(&namespace)]);
    namespace
        .eventually("the reason in the Workflow's status", || {
            let object = namespace.get("workflow", "calling");
            let said = format!("{} {}", message(&object, "Reconciling"), message(&object, "Stalled"));
            (said.contains(&queue) && said.contains(&none)).then_some(())
        })
        .await;
    namespace.apply(&[module(&queue, namespace.cluster.image("PACKAGE_BUILDER_IMAGE"))]);
    namespace.live("calling").await;
    let id = namespace.start("CallingWorkflow", "healed", Value::Null).await;
    namespace.temporal.signal(&id, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&id).await, false);
}

#[tokio::test]
async fn pods_follow_what_waits_from_none_and_back_to_none() {
    let namespace = Namespace::new("own-scaled").await;
    let queue = format!("{}-heavy", namespace.name);
    let mut heavy = task_queue(&namespace, json!({"autoscaling": {"minReplicas": 0, "maxReplicas": 2, "scaleDownDelay": "1s"}}));
    heavy["metadata"]["name"] = json!(queue);
    namespace.apply(&[heavy, module(&queue, namespace.cluster.image("PACKAGE_BUILDER_IMAGE")), calling(&namespace)]);
    namespace.live("calling").await;
    let replicas = |namespace: &Namespace| -> Option<i64> {
        let all = namespace.list("deployments");
        let heavy = all.iter().find(|deployment| deployment["metadata"]["labels"]["warpline.dev/task-queue"] == queue.as_str())?;
        heavy["spec"]["replicas"].as_i64()
    };
    assert!(matches!(replicas(&namespace), None | Some(0)));
    let id = namespace.start("CallingWorkflow", "one", Value::Null).await;
    namespace.temporal.signal(&id, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&id).await, false);
    assert_eq!(replicas(&namespace), Some(1));
    namespace.eventually("no pod to be left", || (replicas(&namespace) == Some(0)).then_some(())).await;
}
