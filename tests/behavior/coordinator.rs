//! CoordinatorWorkflow: its decisions, and which agents it asks.

use serde_json::{Value, json};

use crate::ground::{Ground, on_ground};
use crate::record::Record;
use crate::workspace::Workspace;

const WORKFLOW: &str = "CoordinatorWorkflow";

fn agent(name: &str, handles: &[&str]) -> Value {
    json!({"name": name, "handles": handles})
}

fn input(workspace: &Workspace, attempt: u32, agents: &[Value]) -> Value {
    json!({
        "problem": {
            "type": "BUILD_FAILURE",
            "error": {"message": "it is broken", "stderr": "it is broken"},
            "context": {"packageName": "@acme/ids", "packagePath": "packages/core/ids", "planPath": "plans/packages/core/ids.md", "phase": "build", "attemptNumber": attempt},
        },
        "agentRegistry": {"agents": agents},
        "maxAttempts": 2,
        "workspaceRoot": workspace.path(),
    })
}

async fn decide(ground: &'static Ground, id: &str, input: Value) -> (Value, Record) {
    ground.start(WORKFLOW, id, input).await.result().await
}

/// The names of the agents that were asked, in order.
fn asked(record: &Record, id: &str) -> Vec<String> {
    record.only(id).activities().iter().map(|asked| asked.input[0]["agent"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_fails_where_nobody_can_help() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "helpless", &["--only", "ids"]).await;
        let (used_up, record) = decide(ground, "used-up", input(&workspace, 3, &[agent("fixer", &["BUILD_FAILURE"])])).await;
        assert_eq!(used_up, json!({"decision": "FAIL", "reasoning": "2 attempts did not remedy the problem"}));
        assert!(record.only("used-up").activities().is_empty());

        let (nobody, record) = decide(ground, "nobody", input(&workspace, 1, &[agent("tester", &["TEST_FAILURE"])])).await;
        assert_eq!(nobody, json!({"decision": "FAIL", "reasoning": "no agent handles BUILD_FAILURE"}));
        assert!(record.only("nobody").activities().is_empty());

        let agents =
            [agent("first", &["BUILD_FAILURE"]), agent("tester", &["TEST_FAILURE"]), agent("second", &["TEST_FAILURE", "BUILD_FAILURE"])];
        let (clueless, record) = decide(ground, "clueless", input(&workspace, 2, &agents)).await;
        assert_eq!(clueless, json!({"decision": "FAIL", "reasoning": "first, second found no remedy"}));
        assert_eq!(asked(&record, "clueless"), ["first", "second"]);
    });
}

#[test]
fn it_retries_after_a_fix_and_escalates_what_a_human_must_decide() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "helped", &["--only", "ids"]).await;
        let patch = "diff --git a/packages/core/ids/fixed b/packages/core/ids/fixed\nnew file mode 100644\n--- /dev/null\n+++ b/packages/core/ids/fixed\n@@ -0,0 +1 @@\n+1\n";
        workspace.write("fixes/ids/fixed.patch", patch);
        let remedies = json!([
            {"problem": "BUILD_FAILURE", "output": "broken", "patch": "fixed.patch", "summary": "mended"},
            {"problem": "BUILD_FAILURE", "output": "broken", "escalate": "it may not be mended twice"},
        ]);
        workspace.write("fixes/ids/remedies.json", &remedies.to_string());
        let agents = [agent("one", &["BUILD_FAILURE"]), agent("two", &["BUILD_FAILURE"])];
        let (fixed, record) = decide(ground, "fixed", input(&workspace, 1, &agents)).await;
        assert_eq!(fixed, json!({"decision": "RETRY", "reasoning": "mended"}));
        assert_eq!(asked(&record, "fixed"), ["one"]);
        assert!(workspace.root.join("packages/core/ids/fixed").is_file());

        let (escalated, record) = decide(ground, "escalated", input(&workspace, 2, &agents)).await;
        let expected =
            json!({"decision": "ESCALATE", "reasoning": "a human has to decide", "escalation": {"reason": "it may not be mended twice"}});
        assert_eq!(escalated, expected);
        assert_eq!(asked(&record, "escalated"), ["one"]);
    });
}

#[test]
fn an_agent_that_cannot_work_fails_it() {
    on_ground(async |ground| {
        let workspace = Workspace::prepare(ground, "unable", &["--only", "ids"]).await;
        workspace.write("fixes/ids/remedies.json", "[{}]");
        let (failure, record) =
            ground.start(WORKFLOW, "unable", input(&workspace, 1, &[agent("one", &["BUILD_FAILURE"])])).await.failure().await;
        assert!(failure.contains("spawnFixAgent failed: AgentFailed") && failure.contains("fixes/ids/remedies.json"), "{failure}");
        assert_eq!(record.only("unable").activities()[0].attempts, 1);
    });
}
