//! PackageBuildWorkflow: its early exits, the four phases that a coordinator remedies to each of their ends, errors, cancellation, the report.

use serde_json::{Value, json};
use warpline::temporal::Outcome;

use crate::ground::{Ground, on_ground};
use crate::record::{Record, Run};
use crate::workspace::{Workspace, generated};

const WORKFLOW: &str = "PackageBuildWorkflow";

/// The phases: their names, and the script that decides how they end.
const PHASES: [(&str, &str); 4] = [("build", "build"), ("test", "test"), ("quality", "quality"), ("publish", "prepack")];

async fn build(ground: &'static Ground, id: &str, input: Value) -> (Value, Record) {
    ground.start(WORKFLOW, id, input).await.result().await
}

/// Whatever the end, the report is the last that is written, and it is what the workflow returns.
fn assert_reported(workspace: &Workspace, run: &Run, result: &Value, package: &str) {
    assert_eq!(run.activity_names().last().unwrap(), "writePackageBuildReport");
    let report = workspace.report(package);
    assert!(report["endTime"].is_string() && report["duration"].is_number(), "{report}");
    for field in ["packageName", "status", "startTime", "phases", "fixAttempts", "version", "error"] {
        assert_eq!(report[field], result["report"][field], "{field}");
    }
}

#[test]
fn early_exits() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "early", &["--only", "ids,strings,playground"]).await;
        let cases = [
            (
                "core",
                "ids",
                "published",
                json!("1.0.0"),
                &["checkNpmPublished", "checkIfUpgradePlan", "updateMCPPackageStatus", "writePackageBuildReport"][..],
            ),
            (
                "utility",
                "strings",
                "current",
                json!("2.0.0"),
                &["checkNpmPublished", "checkIfUpgradePlan", "auditPackageUpgrade", "updateMCPPackageStatus", "writePackageBuildReport"],
            ),
            (
                "app",
                "playground",
                "private",
                Value::Null,
                &["checkNpmPublished", "checkPackageExists", "auditPackageState", "updateMCPPackageStatus", "writePackageBuildReport"],
            ),
        ];
        for (category, name, status, version, activities) in cases {
            let id = format!("early-{name}");
            let (result, record) = build(ground, &id, workspace.input(category, name, &[])).await;
            let run = record.only(&id);
            assert_eq!(
                (&result["success"], &result["report"]["status"], &result["report"]["version"]),
                (&json!(true), &json!("skipped"), &version),
                "{name}"
            );
            assert_eq!(run.activity_names(), activities, "{name}");
            assert_eq!(workspace.status(name), status);
            assert_reported(&workspace, run, &result, name);
        }
    });
}

#[test]
fn what_has_only_a_plan_is_scaffolded_or_fails() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "scaffold", &["--only", "events"]).await;
        let (result, record) = build(ground, "scaffold-events", workspace.input("core", "events", &[])).await;
        assert_eq!(result["report"]["status"], "succeeded", "{result}");
        assert_eq!(result["report"]["fixAttempts"][0]["phase"], "scaffold");
        assert_eq!(record.only("scaffold-events/coordinator-scaffold").result().unwrap()["decision"], "RETRY");
        assert_reported(&workspace, record.only("scaffold-events"), &result, "events");
        assert!(workspace.is_published("events", "1.0.0"));

        let (result, record) = build(ground, "scaffold-nothing", workspace.input("core", "nothing", &[])).await;
        assert_eq!((&result["success"], &result["failedPhase"], &result["fixAttempts"]), (&json!(false), &json!("scaffold"), &json!(1)));
        assert!(result["error"].as_str().unwrap().starts_with("Scaffolding failed: scaffolder found no remedy"), "{result}");
        assert_eq!(record.only("scaffold-nothing/coordinator-scaffold").result().unwrap()["decision"], "FAIL");
        assert_reported(&workspace, record.only("scaffold-nothing"), &result, "nothing");
    });
}

/// How a phase ends: the patches that are needed, what the agents know, and what comes of it.
struct End {
    name: &'static str,
    /// The script succeeds after so many patches.
    needed: usize,
    /// The agents have so many.
    known: usize,
    escalate: bool,
    /// The coordinator's decisions.
    decisions: &'static [&'static str],
    /// A part of the error.
    error: Option<&'static str>,
}

const ENDS: [End; 5] = [
    End { name: "once", needed: 1, known: 1, escalate: false, decisions: &["RETRY"], error: None },
    End { name: "thrice", needed: 3, known: 3, escalate: false, decisions: &["RETRY", "RETRY", "RETRY"], error: None },
    End { name: "escalate", needed: 2, known: 1, escalate: true, decisions: &["RETRY", "ESCALATE"], error: Some("ask the lawyers") },
    End { name: "fail", needed: 1, known: 0, escalate: false, decisions: &["FAIL"], error: Some("found no remedy") },
    End {
        name: "exhausted",
        needed: 5,
        known: 5,
        escalate: false,
        decisions: &["RETRY", "RETRY", "RETRY"],
        error: Some("failed after 3 coordinator attempts"),
    },
];

/// Makes a script of a package fail until `end.needed` patches lie in its folder, and tells the agents of `end.known` of them.
fn prepare(workspace: &Workspace, package: &str, phase: &str, script: &str, end: &End) {
    workspace.set_script(
        &format!("core/{package}"),
        script,
        &format!("test -e patch-{} || {{ echo 'a patch is missing' >&2; exit 1; }}", end.needed),
    );
    let problem = format!("{}_FAILURE", phase.to_uppercase());
    let mut remedies = Vec::new();
    for number in 1..=end.known {
        let path = format!("packages/core/{package}/patch-{number}");
        let patch = format!("diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{number}\n");
        workspace.write(&format!("fixes/{package}/{number}.patch"), &patch);
        remedies.push(json!({"problem": problem, "output": "a patch is missing", "patch": format!("{number}.patch")}));
    }
    if end.escalate {
        remedies.push(json!({"problem": problem, "output": "a patch is missing", "escalate": "ask the lawyers"}));
    }
    workspace.write(&format!("fixes/{package}/remedies.json"), &json!(remedies).to_string());
}

#[test]
fn every_phase_to_each_of_its_ends() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "phases", PHASES.len() * ENDS.len()).await;
        let workspace = &workspace;
        let cases = PHASES.iter().flat_map(|phase| ENDS.iter().map(move |end| (phase, end))).enumerate();
        let running = cases.map(async |(at, ((phase, script), end))| {
            let package = generated(at + 1);
            prepare(workspace, &package, phase, script, end);
            let id = format!("{phase}-{}", end.name);
            let (result, record) = build(ground, &id, workspace.generated_input(at + 1)).await;
            assert_phase_end(workspace, &record, &result, phase, end);
            assert_reported(workspace, record.only(&id), &result, &package);
        });
        futures::future::join_all(running).await;
    });
}

fn assert_phase_end(workspace: &Workspace, record: &Record, result: &Value, phase: &str, end: &End) {
    let id = format!("{phase}-{}", end.name);
    let run = record.only(&id);
    let children = run.children();
    let expected: Vec<_> = (1..=end.decisions.len()).map(|attempt| format!("{id}/{phase}-{attempt}")).collect();
    assert_eq!(children.iter().map(|child| &child.name).collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    let decisions: Vec<_> = children.iter().map(|child| child.result.as_ref().unwrap()["decision"].clone()).collect();
    assert_eq!(decisions, end.decisions, "{id}");
    let noted: Vec<_> = result["report"]["fixAttempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fix| (fix["phase"].clone(), fix["attempt"].clone(), fix["decision"].clone()))
        .collect();
    assert_eq!(
        noted,
        end.decisions.iter().enumerate().map(|(at, decision)| (json!(phase), json!(at + 1), json!(decision))).collect::<Vec<_>>(),
        "{id}"
    );
    assert_eq!(result["fixAttempts"], end.decisions.len());

    let at = PHASES.iter().position(|(name, _)| *name == phase).unwrap();
    let done = if end.error.is_none() { PHASES.len() } else { at };
    let phases: Vec<_> = result["report"]["phases"].as_array().unwrap().iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    let wanted: Vec<_> = std::iter::once("preflight").chain(PHASES[..done].iter().map(|(name, _)| *name)).collect();
    assert_eq!(phases, wanted, "{id}");

    let package = result["packageName"].as_str().unwrap().trim_start_matches("@acme/");
    assert_eq!(workspace.is_published(package, "1.0.0"), end.error.is_none(), "{id}");
    match end.error {
        None => assert_eq!((&result["success"], &result["report"]["status"]), (&json!(true), &json!("succeeded")), "{id}"),
        Some(error) => {
            assert_eq!(
                (&result["success"], &result["failedPhase"], &result["report"]["status"]),
                (&json!(false), &json!(phase), &json!("failed")),
                "{id}"
            );
            assert!(result["error"].as_str().unwrap().contains(error) && result["report"]["error"] == result["error"], "{id}: {result}");
        }
    }
}

#[test]
fn errors_of_activities_fail_their_phase() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "errors", 2).await;
        let mut outside = workspace.generated_input(1);
        outside["packagePath"] = json!("../elsewhere");
        let (result, record) = build(ground, "errors-preflight", outside).await;
        assert_eq!((&result["failedPhase"], &result["report"]["status"]), (&json!("preflight"), &json!("failed")), "{result}");
        assert!(result["error"].as_str().unwrap().contains("../elsewhere"), "{result}");
        assert_reported(&workspace, record.only("errors-preflight"), &result, &generated(1));

        std::fs::rename(workspace.root.join("remote.git"), workspace.root.join("away.git")).unwrap();
        let (result, record) = build(ground, "errors-push", workspace.generated_input(2)).await;
        assert_eq!((&result["failedPhase"], &result["report"]["version"]), (&json!("publish"), &json!("1.0.0")), "{result}");
        assert!(result["error"].as_str().unwrap().contains("git push failed"), "{result}");
        let run = record.only("errors-push");
        let push = run.activities().into_iter().find(|activity| activity.name == "pushChanges").unwrap();
        assert_eq!(push.attempts, 3);
        assert!(record.only("errors-push").children().is_empty(), "only results go to the coordinator, not what is thrown");
        assert_reported(&workspace, run, &result, &generated(2));
    });
}

#[test]
fn an_error_outside_of_the_phases_fails_the_workflow_after_its_report() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "agents", 1).await;
        workspace.write("agents.json", "{");
        let (failure, record) = ground.start(WORKFLOW, "agents", workspace.generated_input(1)).await.failure().await;
        assert!(failure.contains("loadAgentRegistry failed: InvalidAgentRegistry"), "{failure}");
        assert_eq!(record.only("agents").activity_names().last().unwrap(), "writePackageBuildReport");
        let report = workspace.report(&generated(1));
        assert_eq!(report["status"], "failed");
        assert!(report["endTime"].is_string());
    });
}

#[test]
fn cancelled_it_ends_its_process_and_writes_its_report() {
    on_ground(async |ground| {
        let workspace = Workspace::generated(ground, "cancel", 1).await;
        workspace.gate(1);
        let execution = ground.start(WORKFLOW, "cancel", workspace.generated_input(1)).await;
        execution.until("the build", |run| run.activity_names().contains(&"runBuild".to_owned())).await;
        execution.cancel().await;
        let (outcome, record) = execution.end().await;
        assert_eq!(outcome, Outcome::Canceled);
        let activities = record.only("cancel").activities();
        let [build, report] = &activities[activities.len() - 2..] else { panic!("{activities:?}") };
        assert_eq!((build.name.as_str(), build.to.as_ref().unwrap().1.as_str()), ("runBuild", "CANCELED"));
        assert_eq!((report.name.as_str(), report.to.as_ref().unwrap().1.as_str()), ("writePackageBuildReport", "COMPLETED"));
        assert_eq!(workspace.report(&generated(1))["status"], "failed");
    });
}
