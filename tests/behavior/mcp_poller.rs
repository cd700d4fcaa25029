//! MCPPollerWorkflow: tells the continuous builder what is wanted, tries again while there is none, gives up.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::ground::{Ground, example, on_ground};
use crate::workspace::{Workspace, generated, generated_name};

const WORKFLOW: &str = "MCPPollerWorkflow";

async fn request(ground: &Ground, workspace: &Workspace, names: &[String]) {
    let program = example().join("activities/dist/request-packages.js");
    let output = Command::new(&ground.toolchain.node).arg(program).arg(&workspace.root).args(names).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn input(workspace: &Workspace, builder: &str) -> Value {
    json!({"workspaceRoot": workspace.path(), "builder": builder})
}

#[test]
fn what_is_wanted_reaches_the_builder_once() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "poll", &["--only=", "--generate", "3"]).await;
        let builder = ground.start("ContinuousBuilderWorkflow", "poll-builder", json!({"name": "poll-builder"})).await;
        let (nothing, record) = ground.start(WORKFLOW, "poll-1", input(&workspace, "poll-builder")).await.result().await;
        assert_eq!(nothing, json!({"submitted": 0}));
        assert_eq!(record.only("poll-1").count("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"), 0);

        request(ground, &workspace, &[generated(1), generated(2)]).await;
        let (two, _) = ground.start(WORKFLOW, "poll-2", input(&workspace, "poll-builder")).await.result().await;
        assert_eq!(two, json!({"submitted": 2}));
        // Wanted again, with one more.
        request(ground, &workspace, &[generated(2), generated(3)]).await;
        let (two, _) = ground.start(WORKFLOW, "poll-3", input(&workspace, "poll-builder")).await.result().await;
        assert_eq!(two, json!({"submitted": 2}));
        builder.signal("drain", &[]).await;
        let (result, record) = builder.result().await;
        assert_eq!(result, json!({"completed": 3, "failed": 0, "interrupted": [], "left": []}));
        let run = record.only("poll-builder");
        assert_eq!(run.signals(), ["newPackages", "newPackages", "drain"]);
        assert_eq!(
            run.children().iter().map(|child| child.input[0]["packageName"].clone()).collect::<Vec<_>>(),
            [1, 2, 3].map(generated_name)
        );
    });
}

#[test]
fn it_tries_again_until_the_builder_is_there() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "poll-late", &["--only=", "--generate", "1"]).await;
        request(ground, &workspace, &[]).await;
        let poller = ground.start(WORKFLOW, "poll-late", input(&workspace, "late-builder")).await;
        poller.until("a failed delivery", |run| !run.timers().is_empty()).await;
        let builder = ground.start("ContinuousBuilderWorkflow", "late-builder", json!({"name": "late-builder"})).await;
        let (submitted, record) = poller.result().await;
        assert_eq!(submitted, json!({"submitted": 1}));
        let failed = record.only("poll-late").count("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED");
        assert!(failed >= 1);
        assert_eq!(record.only("poll-late").timers().len(), failed);
        builder.signal("drain", &[]).await;
        assert_eq!(builder.result().await.0["completed"], 1);
    });
}

#[test]
fn it_gives_up_after_five_attempts() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "poll-never", &["--only=", "--generate", "1"]).await;
        request(ground, &workspace, &[]).await;
        let (failure, record) = ground.start(WORKFLOW, "poll-never", input(&workspace, "no-builder")).await.failure().await;
        assert!(failure.contains("no-builder") || failure.contains("not found"), "{failure}");
        let run = record.only("poll-never");
        assert_eq!(run.count("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED"), 5);
        assert_eq!(run.timers(), ["1s", "2s", "4s", "8s"]);
    });
}
