//! The example: applied as it is, built by pods.

use crate::ground::{Namespace, PATIENCE, folder};
use serde_json::json;
use warpline::temporal::{Outcome, Start};

#[tokio::test]
async fn the_example_is_applied_and_builds_its_workspace_on_pods() {
    let namespace = Namespace::new("package-builder").await;
    let example = folder("manifests/examples/package-builder");
    namespace.kubectl(&["apply", "--filename", &example.display().to_string()]);
    namespace.kubectl(&["wait", "--for=condition=Ready", "workflow", "--all", "--timeout=90s"]);
    namespace.kubectl(&["wait", "--for=condition=Complete", "job/prepare-workspace", "--timeout=90s"]);
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
    let pods = namespace.list("pods");
    let restarts: Vec<_> = pods.iter().map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].clone()).collect();
    assert!(restarts.iter().all(|count| count == 0), "{restarts:?}");
}
