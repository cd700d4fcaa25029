//! PackageBuilderWorkflow: a whole workspace, in the order of dependencies, and what stops it.

use serde_json::{Value, json};
use warpline::temporal::Outcome;

use crate::ground::on_ground;
use crate::record::{Record, Run, most_at_once};
use crate::workspace::{Workspace, generated, generated_name};

const WORKFLOW: &str = "PackageBuilderWorkflow";

fn input(workspace: &Workspace, id: &str, at_once: u32) -> Value {
    json!({"buildId": id, "workspaceRoot": workspace.path(), "config": {"maxConcurrentBuilds": at_once}})
}

/// The packages' names of the children that a builder began, in order.
fn built(builder: &Run) -> Vec<String> {
    builder.children().into_iter().map(|child| child.name.rsplit_once("@acme/").unwrap().1.to_owned()).collect()
}

/// Every package began after the end of every package that it depends on.
fn assert_order(builder: &Run) {
    let children = builder.children();
    for child in &children {
        for dependency in child.input[0]["dependencies"].as_array().unwrap() {
            let before = children.iter().find(|other| other.input[0]["packageName"] == *dependency).unwrap();
            let end = before.to.as_ref().unwrap_or_else(|| panic!("{dependency} has no end"));
            assert!(end.0 < child.from, "{} began before the end of {dependency}", child.name);
            assert_eq!(before.result.as_ref().unwrap()["success"], true, "{} began although {dependency} failed", child.name);
        }
    }
}

/// The decisions of all coordinators, sorted.
fn decisions(record: &Record) -> Vec<String> {
    let mut decisions: Vec<_> =
        record.results("CoordinatorWorkflow").iter().map(|result| result["decision"].as_str().unwrap().to_owned()).collect();
    decisions.sort();
    decisions
}

#[test]
fn a_whole_workspace_is_built() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "whole", &["--with", "legacy"]).await;
        let builder = ground.start(WORKFLOW, "whole", input(&workspace, "whole", 4)).await;
        let during = builder.query_until("getStatus", |status| status["phase"] == "BUILD" && status["completed"].as_u64() >= Some(3)).await;
        assert_eq!(during["total"], 20);
        assert!((1..=4).contains(&during["running"].as_u64().unwrap()), "{during}");
        let (result, record) = builder.result().await;

        let completed = result["completed"].as_array().unwrap();
        assert_eq!(completed.len(), 16, "{result}");
        let failed: Vec<_> = result["failed"].as_array().unwrap().iter().map(|failed| failed["name"].as_str().unwrap()).collect();
        assert_eq!(failed.iter().collect::<std::collections::BTreeSet<_>>(), ["@acme/auth", "@acme/legacy"].iter().collect());
        assert_eq!(result["blocked"], json!(["@acme/accounts", "@acme/admin"]));

        let run = record.only("whole");
        assert_order(run);
        assert_eq!(most_at_once(&run.children()), 4);
        assert!(
            run.children().iter().all(|child| child.name == format!("build-whole-{}", child.input[0]["packageName"].as_str().unwrap()))
        );
        assert_eq!(run.children().len(), 18);
        assert_eq!(decisions(&record), ["ESCALATE", "FAIL", "RETRY", "RETRY", "RETRY", "RETRY", "RETRY", "RETRY"]);

        let reports = |status: &str| {
            completed
                .iter()
                .filter(|name| workspace.report(name.as_str().unwrap().trim_start_matches("@acme/"))["status"] == status)
                .count()
        };
        assert_eq!((reports("succeeded"), reports("skipped")), (13, 3));
        assert_eq!((&workspace.report("auth")["status"], &workspace.report("legacy")["status"]), (&json!("failed"), &json!("failed")));
        assert_eq!(workspace.report("admin"), Value::Null);
        assert!(
            workspace.is_published("web", "1.0.0") && workspace.is_published("http", "1.1.0") && !workspace.is_published("auth", "1.0.0")
        );
        assert_eq!(
            [workspace.status("web"), workspace.status("ids"), workspace.status("strings"), workspace.status("playground")],
            ["published", "published", "current", "private"]
        );
        let mut pushed = workspace.pushed();
        pushed.sort();
        let expected =
            ["events: publish 1.0.0", "http: publish 1.1.0", "logger: publish 1.0.0", "retry: publish 1.0.0", "validate: publish 1.0.0"];
        assert_eq!(pushed, expected.map(|subject| format!("@acme/{subject}")));
        let summary = std::fs::read_to_string(result["reportPath"].as_str().unwrap()).unwrap();
        assert!(summary.contains("@acme/auth") && summary.contains("licence"), "{summary}");
    });
}

#[test]
fn one_at_a_time_is_one_at_a_time() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "single", &["--only", "cache,storage"]).await;
        let builder = ground.start(WORKFLOW, "single", input(&workspace, "single", 1)).await;
        let (result, record) = builder.result().await;
        assert_eq!(result["failed"], json!([]));
        let run = record.only("single");
        assert_order(run);
        assert_eq!(most_at_once(&run.children()), 1);
        let completed: Vec<_> =
            result["completed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().trim_start_matches("@acme/")).collect();
        assert_eq!(built(run), completed);
        assert_eq!(completed.len(), 7, "{completed:?}");
    });
}

#[test]
fn a_workspace_that_cannot_be_read_fails_the_build() {
    on_ground(async |ground| {
        let workspace = Workspace { root: ground.folder.join("workspaces/nowhere") };
        let builder = ground.start(WORKFLOW, "nowhere", input(&workspace, "nowhere", 4)).await;
        let (failure, record) = builder.failure().await;
        assert!(failure.contains("auditWorkspace failed: InvalidWorkspace") && failure.contains("it has no packages"), "{failure}");
        assert!(record.only("nowhere").children().is_empty());
    });
}

#[test]
fn a_summary_that_cannot_be_written_fails_the_build_after_its_packages() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "unnamed", &["--only", "ids"]).await;
        let builder = ground.start(WORKFLOW, "unnamed", input(&workspace, "not/a file", 4)).await;
        let (failure, record) = builder.failure().await;
        assert!(failure.contains("writeBuildSummary failed: InvalidBuildId"), "{failure}");
        assert_eq!(built(record.only("unnamed")), ["ids"]);
        assert_eq!(workspace.report("ids")["status"], "skipped");
    });
}

#[test]
fn a_package_that_somebody_else_ends_is_a_failed_package() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "ended", 4).await;
        (1..=3).for_each(|number| workspace.gate(number));
        let builder = ground.start(WORKFLOW, "ended", input(&workspace, "ended", 4)).await;
        for (number, cancel) in [(1, true), (2, false)] {
            let child = ground.found(&format!("build-ended-{}", generated_name(number))).await;
            child.until("its build", |run| run.activity_names().contains(&"runBuild".to_owned())).await;
            if cancel { child.cancel().await } else { child.terminate().await }
        }
        builder.query_until("getStatus", |status| status["failed"] == 2).await;
        workspace.open_gate();
        let (result, _) = builder.result().await;
        let mut failed: Vec<_> = result["failed"].as_array().unwrap().iter().map(|failed| failed["name"].as_str().unwrap()).collect();
        failed.sort();
        assert_eq!(failed, [generated_name(1), generated_name(2)]);
        assert_eq!(result["completed"].as_array().unwrap().len(), 2, "{result}");
        assert_eq!(workspace.report(&generated(1))["status"], "failed");
    });
}

#[test]
fn a_cancelled_build_ends_its_packages_and_they_clean_up() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "cancelled", 3).await;
        (1..=3).for_each(|number| workspace.gate(number));
        let builder = ground.start(WORKFLOW, "cancelled", input(&workspace, "cancelled", 2)).await;
        for number in 1..=2 {
            let child = ground.found(&format!("build-cancelled-{}", generated_name(number))).await;
            child.until("its build", |run| run.activity_names().contains(&"runBuild".to_owned())).await;
        }
        builder.cancel().await;
        let (outcome, record) = builder.end().await;
        assert_eq!(outcome, Outcome::Canceled);
        let endings: Vec<_> = record.typed("PackageBuildWorkflow").iter().map(|run| run.ending().to_owned()).collect();
        assert_eq!(endings, ["CANCELED", "CANCELED"]);
        let reports = [1, 2, 3].map(|number| workspace.report(&generated(number))["status"].clone());
        assert_eq!(reports, [json!("failed"), json!("failed"), Value::Null]);
    });
}
