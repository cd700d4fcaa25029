//! ContinuousBuilderWorkflow: signals, queries, how it ends, and how it goes on as new.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use warpline::temporal::Outcome;

use crate::execution::Execution;
use crate::ground::{Ground, on_ground};
use crate::record::{Begun, Record, most_at_once};
use crate::workspace::{Workspace, generated, generated_name};

const WORKFLOW: &str = "ContinuousBuilderWorkflow";

async fn start(ground: &'static Ground, id: &str) -> Execution {
    ground.start(WORKFLOW, id, json!({"name": id})).await
}

async fn submit(builder: &Execution, workspace: &Workspace, numbers: impl IntoIterator<Item = usize>) {
    let packages: Vec<_> = numbers.into_iter().map(|number| workspace.generated_input(number)).collect();
    builder.signal("newPackages", &[json!(packages)]).await;
}

/// The builds of all runs of a builder, in order.
fn builds(record: &Record, id: &str) -> Vec<Begun> {
    let mut runs = record.of(id);
    // Runs are found from the first to the last, their children in between.
    runs.sort_by_key(|run| record.runs.iter().position(|each| each.run_id == run.run_id));
    runs.into_iter().flat_map(|run| run.children()).collect()
}

fn names(builds: &[Begun]) -> Vec<&str> {
    builds.iter().map(|build| build.input[0]["packageName"].as_str().unwrap()).collect()
}

/// Waits until so many builds wait at their gate.
async fn at_the_gate(ground: &'static Ground, id: &str, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        let child = ground.found(&format!("{id}/{}", generated_name(number))).await;
        child.until("its build", |run| run.activity_names().contains(&"runBuild".to_owned())).await;
    }
}

#[test]
fn paused_it_begins_nothing_and_resumed_it_goes_on() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "pausing", 8).await;
        (1..=8).for_each(|number| workspace.gate(number));
        workspace.set_script("core/generated-007", "build", "echo 'nobody knows why' >&2; exit 1");
        let builder = start(ground, "pausing").await;
        assert_eq!(
            builder.query("getStatus", &[]).await,
            json!({"queueLength": 0, "activeBuilds": 0, "completedCount": 0, "failedCount": 0, "paused": false})
        );
        // Twice in a signal, and twice in two signals.
        submit(&builder, &workspace, [1, 2, 2, 3]).await;
        submit(&builder, &workspace, [3, 1, 4, 5, 6]).await;
        at_the_gate(ground, "pausing", 1..=4).await;
        assert_eq!(
            builder.query("getStatus", &[]).await,
            json!({"queueLength": 2, "activeBuilds": 4, "completedCount": 0, "failedCount": 0, "paused": false})
        );

        builder.signal("pause", &[]).await;
        workspace.open_gate();
        // Running builds end, none begins, signals and queries are answered.
        builder.query_until("getStatus", |status| status["activeBuilds"] == 0).await;
        submit(&builder, &workspace, [7, 4, 8]).await;
        assert_eq!(
            builder.query("getStatus", &[]).await,
            json!({"queueLength": 4, "activeBuilds": 0, "completedCount": 4, "failedCount": 0, "paused": true})
        );

        builder.signal("resume", &[]).await;
        builder.query_until("getStatus", |status| status["completedCount"] == 7).await;
        // What was built before, or failed, is not built again.
        submit(&builder, &workspace, 1..=8).await;
        builder.signal("drain", &[]).await;
        let (result, record) = builder.result().await;
        assert_eq!(result, json!({"completed": 7, "failed": 1, "interrupted": [], "left": []}));
        let builds = builds(&record, "pausing");
        assert_eq!(names(&builds), (1..=8).map(generated_name).collect::<Vec<_>>());
        assert_eq!(most_at_once(&builds), 4);
        assert!(builds.iter().all(|build| build.name == format!("pausing/{}", build.input[0]["packageName"].as_str().unwrap())));
    });
}

#[test]
fn drained_it_ends_when_the_queue_is_empty() {
    on_ground(async |ground| {
        let idle = start(ground, "drain-idle").await;
        idle.signal("drain", &[]).await;
        assert_eq!(idle.result().await.0, json!({"completed": 0, "failed": 0, "interrupted": [], "left": []}));

        let workspace = Workspace::generated(ground, "draining", 7).await;
        (1..=7).for_each(|number| workspace.gate(number));
        let builder = start(ground, "draining").await;
        submit(&builder, &workspace, 1..=6).await;
        at_the_gate(ground, "draining", 1..=4).await;
        builder.signal("drain", &[]).await;
        // While it drains, it still takes what comes.
        submit(&builder, &workspace, [7]).await;
        builder.query_until("getStatus", |status| status["queueLength"] == 3).await;
        workspace.open_gate();
        let (result, record) = builder.result().await;
        assert_eq!(result, json!({"completed": 7, "failed": 0, "interrupted": [], "left": []}));
        assert_eq!(names(&builds(&record, "draining")), (1..=7).map(generated_name).collect::<Vec<_>>());
    });
}

#[test]
fn an_emergency_stop_ends_it_at_once_and_its_builds_clean_up() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "stopping", 6).await;
        (1..=6).for_each(|number| workspace.gate(number));
        let builder = start(ground, "stopping").await;
        submit(&builder, &workspace, 1..=6).await;
        at_the_gate(ground, "stopping", 1..=4).await;
        builder.signal("emergencyStop", &[]).await;
        // The gate stays closed: no build could end by itself.
        let (result, record) = builder.result().await;
        let expected = json!({
            "completed": 0, "failed": 0,
            "interrupted": (1..=4).map(generated_name).collect::<Vec<_>>(),
            "left": (5..=6).map(generated_name).collect::<Vec<_>>(),
        });
        assert_eq!(result, expected);
        let children = record.typed("PackageBuildWorkflow");
        assert_eq!(children.iter().map(|child| child.ending()).collect::<Vec<_>>(), ["CANCELED"; 4]);
        assert!(children.iter().all(|child| child.activity_names().last().unwrap() == "writePackageBuildReport"));
        for number in 1..=4 {
            assert_eq!(workspace.report(&generated(number))["status"], "failed");
        }
        assert_eq!(workspace.report(&generated(5)), Value::Null);
    });
}

#[test]
fn cancelled_it_cancels_its_builds() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "cancelling", 2).await;
        (1..=2).for_each(|number| workspace.gate(number));
        let builder = start(ground, "cancelling").await;
        submit(&builder, &workspace, 1..=2).await;
        at_the_gate(ground, "cancelling", 1..=2).await;
        builder.cancel().await;
        let (outcome, record) = builder.end().await;
        assert_eq!(outcome, Outcome::Canceled);
        assert_eq!(record.typed("PackageBuildWorkflow").iter().map(|child| child.ending()).collect::<Vec<_>>(), ["CANCELED"; 2]);
    });
}

#[test]
fn a_build_that_somebody_else_ends_is_a_failed_build() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "interfering", 3).await;
        (1..=3).for_each(|number| workspace.gate(number));
        let builder = start(ground, "interfering").await;
        submit(&builder, &workspace, 1..=3).await;
        at_the_gate(ground, "interfering", 1..=3).await;
        ground.found(&format!("interfering/{}", generated_name(1))).await.cancel().await;
        ground.found(&format!("interfering/{}", generated_name(2))).await.terminate().await;
        builder.query_until("getStatus", |status| status["failedCount"] == 2).await;
        workspace.open_gate();
        builder.signal("drain", &[]).await;
        assert_eq!(builder.result().await.0, json!({"completed": 1, "failed": 2, "interrupted": [], "left": []}));
    });
}

/// More than three times a hundred, as builds that run when the hundredth ends still belong to its run.
const MANY: usize = 330;
/// A signal carries so many new packages, and some that were sent before.
const BATCH: usize = 7;

#[test]
fn hundreds_of_builds_over_several_runs() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "many", &["--only=", "--generate", &MANY.to_string()]).await;
        let builder = start(ground, "many").await;
        let mut sent = 0;
        let mut signals = 0;
        while sent < MANY {
            let next = (sent + BATCH).min(MANY);
            // Again: the last two of the batch before, and one that an earlier run has built.
            let again = [sent.saturating_sub(1), sent, sent / 3].into_iter().filter(|number| *number > 0);
            submit(&builder, &workspace, (sent + 1..=next).chain(again)).await;
            (sent, signals) = (next, signals + 1);
            // Signals arrive throughout: the next when most of what was sent is built.
            let wanted = u64::try_from(sent.saturating_sub(2 * BATCH)).unwrap();
            builder.query_until("getStatus", |status| status["completedCount"].as_u64() >= Some(wanted)).await;
        }
        builder.query_until("getStatus", |status| status["completedCount"] == MANY).await;
        builder.signal("drain", &[]).await;
        let (result, record) = builder.result().await;
        assert_eq!(result, json!({"completed": MANY, "failed": 0, "interrupted": [], "left": []}));
        assert_runs(&record, signals);
    });
}

/// At least three runs went on as new; no signal was lost, no package built twice, and each run began where the one before ended.
fn assert_runs(record: &Record, signals: usize) {
    let runs = record.of("many");
    let continued = runs.iter().filter(|run| run.ending() == "CONTINUED_AS_NEW").count();
    assert!(continued >= 3 && runs.len() == continued + 1, "{continued} of {} runs continued as new", runs.len());
    let arrived: Vec<_> = runs.iter().map(|run| run.signals().iter().filter(|signal| *signal == "newPackages").count()).collect();
    assert_eq!(arrived.iter().sum::<usize>(), signals);
    assert!(arrived.iter().filter(|count| **count > 0).count() >= 3, "signals arrived in these runs: {arrived:?}");

    let builds = builds(record, "many");
    let names = names(&builds);
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (MANY, MANY));
    assert!(builds.iter().all(|build| build.result.as_ref().is_some_and(|result| result["success"] == true)));
    for run in &runs {
        assert!(most_at_once(&run.children()) <= 4);
    }
    for run in runs.iter().filter(|run| run.input.len() == 2) {
        let carried = &run.input[1];
        let (done, queue) = (carried["completedBuilds"].as_u64().unwrap(), carried["queue"].as_array().unwrap().len());
        assert!(done >= 100 && carried["activeBuilds"] == json!([]), "{carried}");
        assert_eq!(carried["seen"].as_array().unwrap().len(), usize::try_from(done).unwrap() + queue);
    }
    assert_eq!(runs.iter().filter(|run| run.input.len() == 2).count(), continued);
}
