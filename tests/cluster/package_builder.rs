//! The example: applied as it is, built by pods.

use crate::ground::{Namespace, PATIENCE, folder};
use serde_json::json;
use warpline::temporal::{Outcome, Start};

#[tokio::test]
async fn the_example_is_applied_and_builds_its_workspace_on_pods() {
    let namespace = Namespace::new("package-builder").await;
    let example = folder("manifests/examples/package-builder");
    namespace.kubectl(&["apply", "--filename", &example.display().to_string()]);
    namespace.kubectl(&["wait", "--for=condition=Ready", "workflow", "--all", "--timeout=240s"]);
    namespace.kubectl(&["wait", "--for=condition=Complete", "job/prepare-workspace", "--timeout=240s"]);
    let input = json!({"buildId": "pods", "workspaceRoot": "/workspace/demo", "config": {"maxConcurrentBuilds": 4}});
    let id = namespace
        .temporal
        .start(&Start::new("PackageBuilderWorkflow", format!("{}/build", namespace.name), "engine", vec![input]))
        .await
        .unwrap();
    let outcome = tokio::time::timeout(PATIENCE, namespace.temporal.outcome(&id)).await.expect("a result in time").unwrap();
    let Outcome::Completed { result } = outcome else { panic!("{outcome:?}\n{}", namespace.story()) };
    let count = |list: &str| result[list].as_array().map_or(0, Vec::len);
    assert_eq!((count("completed"), count("failed"), count("blocked")), (16, 1, 2), "{result}");

    let unchanged = namespace
        .cluster
        .kubectl(&["diff", "--namespace", &namespace.name, "--filename", &example.display().to_string()])
        .output()
        .unwrap();
    assert!(unchanged.status.success(), "{}", String::from_utf8_lossy(&unchanged.stdout));
    a_poller_on_a_fast_schedule_tells_the_builder(&namespace).await;
    let pods = namespace.list("pods");
    let restarts: Vec<_> = pods.iter().map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].clone()).collect();
    assert!(restarts.iter().all(|count| count == 0), "{restarts:?}");
}

/// The example's Schedule made fast: what is wanted is found by one of many polls, told to the builder, and built once.
async fn a_poller_on_a_fast_schedule_tells_the_builder(namespace: &Namespace) {
    let pods = namespace.list("pods");
    let worker =
        pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).find(|name| name.contains("engine")).expect("a worker's pod");
    let node = |arguments: &[&str]| {
        let mut all = vec!["exec", worker, "--", "node"];
        all.extend(arguments);
        namespace.kubectl(&all)
    };
    let wanted = ["/activities/dist/prepare-workspace.js", "/activities/workspace", "/workspace/polled", "--only=", "--generate", "3"];
    node(&wanted);
    let builder = format!("{}/builder", namespace.name);
    let start = Start::new("ContinuousBuilderWorkflow", &builder, "engine", vec![json!({"name": builder})]);
    let id = namespace.temporal.start(&start).await.unwrap();
    let spec =
        json!({"calendars": null, "exclude": null, "every": "2s", "input": {"workspaceRoot": "/workspace/polled", "builder": builder}});
    let patch = json!({"spec": spec}).to_string();
    namespace.kubectl(&["patch", "schedule", "mcp-poller-by-day", "--type=merge", &format!("--patch={patch}")]);
    let runs = |what: &'static str, least: i64| {
        namespace.eventually(what, move || {
            let status = namespace.get("schedule", "mcp-poller-by-day")["status"].clone();
            (status["runs"].as_i64() >= Some(least) && status["lastRun"]["result"] == "Completed").then(|| status["runs"].as_i64().unwrap())
        })
    };
    let before = runs("polls that find nothing", 2).await;
    node(&["/activities/dist/request-packages.js", "/workspace/polled", "@acme/generated-001", "@acme/generated-002"]);
    let between = runs("polls that find two packages", before + 3).await;
    // One is wanted again, with another.
    node(&["/activities/dist/request-packages.js", "/workspace/polled", "@acme/generated-002", "@acme/generated-003"]);
    runs("polls that find two more", between + 3).await;
    namespace.temporal.signal(&id, "drain", &[]).await.unwrap();
    assert_eq!(namespace.result(&id).await, json!({"completed": 3, "failed": 0, "interrupted": [], "left": []}));
}
