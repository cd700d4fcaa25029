//! Versions: executions end on the one that they began on; an old one goes when it is needed no more; an old definition brings the old version back.

use crate::ground::{Namespace, saying, task_queue, waiting};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use warpline::temporal::VersionStatus;

#[tokio::test]
async fn executions_end_on_the_version_they_began_on_and_it_goes_after_them() {
    let namespace = Namespace::new("pinned").await;
    namespace.apply(&[task_queue(&namespace, json!({})), waiting(&namespace, "one")]);
    let one = namespace.live("waiting").await;
    let mut held = Vec::new();
    for number in 0..50 {
        held.push(namespace.start("WaitingWorkflow", &format!("held-{number}"), Value::Null).await);
    }
    for id in &held {
        namespace.begun(id).await;
    }
    let pods_before = pods(&namespace, &one);

    namespace.apply(&[waiting(&namespace, "two")]);
    let two = namespace.live("waiting").await;
    assert_ne!(one, two);
    let fresh = namespace.start("WaitingWorkflow", "fresh", Value::Null).await;
    namespace.temporal.signal(&fresh, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&fresh).await, "two");
    assert_eq!(namespace.build_id_of(&fresh).await, two);

    namespace.until("workerversion", &version(&namespace, &one), "Ready", "True/Draining").await;
    assert_eq!(pods(&namespace, &one), pods_before, "nothing of the old version was restarted");
    for id in &held {
        namespace.temporal.signal(id, "go", &[]).await.unwrap();
    }
    for id in &held {
        assert_eq!(namespace.result(id).await, "one");
        assert_eq!(namespace.build_id_of(id).await, one);
    }

    let name = version(&namespace, &one);
    namespace.eventually("the old version to be gone", || namespace.get("workerversion", &name).is_null().then_some(())).await;
    namespace.eventually("its pods to be gone", || pods(&namespace, &one).is_empty().then_some(())).await;
    let events = namespace.list("events");
    let changes: Vec<&str> =
        events.iter().filter(|event| event["reason"] == "CurrentChanged").filter_map(|event| event["message"].as_str()).collect();
    assert!([&one, &two].iter().all(|build_id| changes.iter().any(|change| change.contains(build_id.as_str()))), "{changes:?}");
    let deployment =
        namespace.temporal.deployment(&format!("{}/{}", namespace.name, namespace.queue())).await.unwrap().expect("a deployment");
    assert_eq!(deployment.versions.iter().map(|version| version.build_id.as_str()).collect::<Vec<_>>(), [two.as_str()]);
    assert_eq!(deployment.versions[0].status, VersionStatus::Current);
}

#[tokio::test]
async fn an_old_definition_brings_the_old_version_back() {
    let namespace = Namespace::new("revert").await;
    namespace.apply(&[
        task_queue(&namespace, json!({"sunset": {"scaleDownDelay": "1h", "deleteDelay": "1h"}})),
        saying(&namespace, "saying", "one"),
    ]);
    let one = namespace.live("saying").await;
    let pods_of_one = pods(&namespace, &one);
    namespace.apply(&[saying(&namespace, "saying", "two")]);
    let two = namespace.live("saying").await;
    assert_eq!(namespace.execute("SayingWorkflow", "two", Value::Null).await, "two");
    namespace.apply(&[saying(&namespace, "saying", "one")]);
    assert_eq!(namespace.live("saying").await, one);
    assert_ne!(one, two);
    assert_eq!(namespace.execute("SayingWorkflow", "one", Value::Null).await, "one");
    assert_eq!(pods(&namespace, &one), pods_of_one, "its pods were there");
}

#[tokio::test]
async fn a_rollout_goes_by_steps_waits_to_be_promoted_and_can_be_aborted() {
    let namespace = Namespace::new("steps").await;
    namespace.apply(&[task_queue(&namespace, json!({})), saying(&namespace, "saying", "one")]);
    let one = namespace.live("saying").await;
    let queue = namespace.queue();

    let steps = json!({"rollout": {"strategy": "Progressive", "steps": [{"percentage": 50, "pause": "1h"}]}});
    namespace.apply(&[task_queue(&namespace, steps), saying(&namespace, "saying", "two")]);
    namespace.until("taskqueue", &queue, "Reconciling", "True/Ramping").await;
    let said: BTreeSet<String> = {
        let mut said = BTreeSet::new();
        for number in 0..40 {
            said.insert(namespace.execute("SayingWorkflow", &format!("ramp-{number}"), Value::Null).await.as_str().unwrap().to_owned());
        }
        said
    };
    assert_eq!(said.into_iter().collect::<Vec<_>>(), ["one", "two"]);
    let two = namespace.get("taskqueue", &queue)["status"]["target"]["buildId"].as_str().unwrap().to_owned();
    namespace.annotate("taskqueue", &queue, "warpline.dev/abort", &two);
    namespace.until("taskqueue", &queue, "Stalled", "True/Aborted").await;
    assert_eq!(namespace.execute("SayingWorkflow", "aborted", Value::Null).await, "one");
    assert_eq!(namespace.get("taskqueue", &queue)["status"]["current"]["buildId"], one.as_str());

    namespace.apply(&[task_queue(&namespace, json!({"rollout": {"strategy": "Manual"}})), saying(&namespace, "saying", "three")]);
    let object = namespace.until("taskqueue", &queue, "Stalled", "True/WaitsForPromotion").await;
    let three = object["status"]["target"]["buildId"].as_str().unwrap();
    assert_eq!(namespace.execute("SayingWorkflow", "waiting", Value::Null).await, "one");
    namespace.annotate("taskqueue", &queue, "warpline.dev/promote", three);
    assert_eq!(namespace.live("saying").await, three);
}

/// The name of the version of that build ID.
pub fn version(namespace: &Namespace, build_id: &str) -> String {
    let found = namespace.list("workerversions").into_iter().find(|version| version["spec"]["buildId"] == build_id);
    found.map(|version| version["metadata"]["name"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// The pods of a version that are not ending: names, and how often their containers restarted.
pub fn pods(namespace: &Namespace, build_id: &str) -> Vec<(String, i64)> {
    let all = namespace.list("pods").into_iter();
    let of_it =
        all.filter(|pod| pod["metadata"]["labels"]["warpline.dev/build-id"] == build_id && pod["metadata"]["deletionTimestamp"].is_null());
    of_it
        .map(|pod| {
            (
                pod["metadata"]["name"].as_str().unwrap().to_owned(),
                pod["status"]["containerStatuses"][0]["restartCount"].as_i64().unwrap_or(0),
            )
        })
        .collect()
}
