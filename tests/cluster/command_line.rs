//! `warpline` against a cluster: why something is not live, what a file would change, starting, going back, replaying.

use crate::ground::{Namespace, saying, task_queue, waiting};
use serde_json::{Value, json};
use std::process::Output;

/// What it printed as JSON, and its exit code.
fn answer(output: &Output) -> (Value, i32) {
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("no JSON: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (value, output.status.code().unwrap_or(-1))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Objects in a file.
fn file(namespace: &Namespace, objects: &[Value]) -> String {
    let path = std::env::temp_dir().join(format!("warpline-{}.yaml", namespace.name));
    let text: Vec<String> = objects.iter().map(Value::to_string).collect();
    std::fs::write(&path, text.join("\n---\n")).expect("a writable folder");
    path.display().to_string()
}

#[tokio::test]
async fn a_file_is_compared_started_rolled_back_and_replayed() {
    let namespace = Namespace::new("tools").await;
    let queue = namespace.queue();
    namespace.apply(&[
        task_queue(&namespace, json!({"sunset": {"scaleDownDelay": "1h", "deleteDelay": "1h"}})),
        waiting(&namespace, "one"),
        saying(&namespace, "saying", "one"),
    ]);
    let (one, _) = (namespace.live("saying").await, namespace.live("waiting").await);
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;

    // What a file would do: the node, the code, the build ID that the operator then makes, and who stays.
    let same = namespace.warpline(&["diff", &file(&namespace, &[saying(&namespace, "saying", "one")])]);
    assert_eq!(said(&same).trim(), "nothing would change");
    let edited = saying(&namespace, "saying", "two");
    let (differs, code) = answer(&namespace.warpline(&["diff", "--output", "json", &file(&namespace, std::slice::from_ref(&edited))]));
    assert_eq!(code, 0, "{differs}");
    assert_eq!(differs["workflows"][0]["changes"], json!(["~ node end config.returnValue.$literal: one → two"]));
    assert!(differs["workflows"][0]["code"].as_str().unwrap().contains("-  return 'one';\n+  return 'two';"), "{differs}");
    assert_eq!(differs["taskQueues"][0]["current"], one.as_str());
    let foreseen = differs["taskQueues"][0]["buildId"].as_str().unwrap().to_owned();
    namespace.apply(&[edited]);
    assert_eq!(namespace.live("saying").await, foreseen, "the operator makes the version that was foreseen");

    // A revert is an old version; a mistake is named with its node, and nothing is written.
    namespace.until("taskqueue", &queue, "RolledOut", "True/Current").await;
    let (back, _) = answer(&namespace.warpline(&["diff", "--output", "json", &file(&namespace, &[saying(&namespace, "saying", "one")])]));
    assert_eq!(back["taskQueues"][0]["buildId"], one.as_str(), "{back}");
    let mut broken = saying(&namespace, "saying", "three");
    broken["spec"]["definition"]["nodes"][1]["config"]["returnValue"] = "inpt.name".into();
    let refused = namespace.warpline(&["diff", &file(&namespace, std::slice::from_ref(&broken))]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("(node end)"), "{}", said(&refused));
    assert_eq!(namespace.get("workflow", "saying")["metadata"]["generation"], 2);

    // Starts are on the current version, or where one is named on that.
    let started = namespace.warpline_temporal(&["start", "saying", "--wait"]);
    assert_eq!(String::from_utf8_lossy(&started.stdout).trim(), "\"two\"", "{}", said(&started));
    let started = namespace.warpline_temporal(&["start", "saying", "--wait", "--build-id", &one]);
    assert_eq!(String::from_utf8_lossy(&started.stdout).trim(), "\"one\"", "{}", said(&started));

    // Back, without a new definition; and on again.
    let back = namespace.warpline(&["rollback", &queue]);
    assert!(back.status.success(), "{}", said(&back));
    namespace.until("workflow", "saying", "Live", "False/RolledBack").await;
    assert_eq!(namespace.execute("SayingWorkflow", "rolled-back", Value::Null).await, "one");
    let (why, code) = answer(&namespace.warpline(&["doctor", "saying", "--output", "json"]));
    let is_told = why["workflows"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|found| found["message"].as_str().unwrap().starts_with("RolledBack"));
    assert!(code == 1 && is_told, "{why}");
    assert!(namespace.warpline(&["rollback", &queue, "--undo"]).status.success());
    assert_eq!(namespace.live("saying").await, foreseen);

    // The execution that waits would do the same on the newest version.
    let (replays, code) = answer(&namespace.warpline_temporal(&["replay", &held.workflow_id, "--output", "json"]));
    assert_eq!((replays["replays"][0]["result"].as_str(), code), (Some("Same"), 0), "{replays}");
    assert_eq!((&replays["replays"][0]["buildId"], &replays["replays"][0]["replayedOn"]), (&json!(one), &json!(foreseen)));

    let (tree, _) = answer(&namespace.warpline(&["status", "--output", "json"]));
    let versions: Vec<_> = tree["taskQueues"][0]["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| {
            (version["buildId"].clone(), version["state"].clone(), version["openExecutions"].clone(), version["pods"][0]["ready"].clone())
        })
        .collect();
    assert_eq!(
        versions,
        [(json!(foreseen), json!("Current"), json!(0), json!(true)), (json!(one), json!("Draining"), json!(1), json!(true))]
    );
}

#[tokio::test]
async fn the_doctor_names_what_keeps_a_workflow_from_being_live() {
    let namespace = Namespace::new("doctor").await;
    let findings = |name: &str| {
        let (answer, code) = answer(&namespace.warpline(&["doctor", name, "--output", "json"]));
        let found = answer["workflows"][0]["findings"].as_array().unwrap().clone();
        let wrong: Vec<String> = found
            .iter()
            .filter(|found| found["verdict"] == "wrong")
            .map(|found| format!("{}: {}", found["object"].as_str().unwrap(), found["message"].as_str().unwrap()))
            .collect();
        (wrong, code, found)
    };
    let mut broken = saying(&namespace, "broken", "one");
    broken["spec"]["definition"]["nodes"][1]["config"]["returnValue"] = "inpt.name".into();
    namespace.apply(&[
        task_queue(&namespace, json!({"workerImage": "127.0.0.1:1/nobody/worker:1"})),
        saying(&namespace, "saying", "one"),
        broken,
    ]);
    namespace.until("workflow", "broken", "Stalled", "True/DefinitionBroken").await;
    let (wrong, code, _) = findings("broken");
    assert!(code == 1 && wrong[0].contains("(node end)"), "{wrong:?}");

    namespace
        .eventually("an image that can't be pulled to be seen", || {
            findings("saying").0.iter().any(|wrong| wrong.contains("127.0.0.1:1/nobody/worker:1")).then_some(())
        })
        .await;
    namespace.apply(&[task_queue(&namespace, json!({"rollout": {"strategy": "Manual"}}))]);
    namespace.until("taskqueue", &namespace.queue(), "Stalled", "True/WaitsForPromotion").await;
    let (_, _, found) = findings("saying");
    let next = found.iter().find_map(|found| found["next"].as_str()).unwrap_or_default();
    assert_eq!(next, format!("warpline promote {}", namespace.queue()), "{found:?}");
    // Other tests kill the operator: it leads again.
    let leads = |found: &Value| found["object"] == "operator" && found["verdict"] == "good";
    namespace.eventually("an operator that leads to be seen", || findings("saying").2.iter().any(leads).then_some(())).await;
    assert!(namespace.warpline(&["promote", &namespace.queue()]).status.success());
    namespace.live("saying").await;
    assert_eq!(findings("saying").1, 0);

    let unknown = namespace.warpline(&["doctor", "sayin"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("has no Workflow sayin: there is broken, saying"), "{}", said(&unknown));
}
