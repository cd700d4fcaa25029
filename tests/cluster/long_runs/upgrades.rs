//! A run goes from version to version as it continues as new: what it carries fits, is brought up, or keeps it where it is.

use super::builder::{builder, part};
use crate::ground::{Namespace, message, task_queue};
use serde_json::{Value, json};
use warpline::temporal::ExecutionId;

/// Builds of a run.
const THRESHOLD: u32 = 2;

#[tokio::test]
async fn a_run_goes_on_on_the_version_that_takes_its_state() {
    let namespace = Namespace::new("upgrades").await;
    let mut run = Run::begin(&namespace).await;
    let one = run.build_id.clone();

    // A new optional field.
    let two = run.release(2).await;
    namespace.until("workflow", "builder", "Upgradable", "True/Upgradable").await;
    run.goes_on().await;
    assert_eq!(run.build_id, two);

    // Another type, to which a migration leads.
    let three = run.release(3).await;
    namespace.until("workflow", "builder", "Upgradable", "True/Upgradable").await;
    run.goes_on().await;
    assert_eq!(run.build_id, three);

    // Another type, to which none does.
    let four = run.release(4).await;
    let object = namespace.until("workflow", "builder", "Upgradable", "False/StateIncompatible").await;
    let said = message(&object, "Upgradable");
    for words in [&three, &four, "`state.built[].value` was `number` and is `string`", "add a migration"] {
        assert!(said.contains(words), "{said} lacks {words}");
    }
    run.goes_on().await;
    assert_eq!(run.build_id, three, "{said}");
    let events = namespace.kubectl(&["get", "events", "--field-selector", "reason=StateIncompatible", "--output", "name"]);
    assert!(!events.trim().is_empty());

    let listed = run.listed("StateIncompatible").await;
    assert!(listed["message"].as_str().unwrap().contains("`state.built[].value`"), "{listed}");
    // Its history does not replay there: the first thing that version 4 would do is give it back.
    let id = run.id.workflow_id.clone();
    let (ok, said) = run.executions(&["move", &id, "--yes"]);
    assert!(!ok && said["executions"][0]["verdict"] == "refused", "{said}");
    assert_eq!(namespace.build_id_of(&run.id).await, three);

    let five = run.release(5).await;
    namespace.until("workflow", "builder", "Upgradable", "True/Upgradable").await;
    run.listed("WaitsForContinueAsNew").await;
    // In the middle of a run it would have to take what the run began with, as it is.
    let (_, said) = run.executions(&["move", &id]);
    assert!(said["dryRun"] == true && said["executions"][0]["verdict"] == "refused", "{said}");
    run.goes_on().await;
    assert_eq!(run.build_id, five);

    // Other code with the same state: the history replays, so the run can be moved; at first it is only said.
    let six = run.release(6).await;
    let (_, said) = run.executions(&["move", &id]);
    assert!(said["dryRun"] == true && said["executions"][0]["verdict"] == "would", "{said}");
    assert_eq!(namespace.build_id_of(&run.id).await, five);
    let (ok, said) = run.executions(&["move", &id, "--yes"]);
    assert!(ok && said["executions"][0]["verdict"] == "done", "{said}");
    let status = namespace.temporal.query(&run.id, "getStatus", &[]).await.unwrap();
    assert_eq!((&status["version"], sorted(&status["built"])), (&json!(6), run.sent.clone()));
    run.listed("Overridden").await;
    // The worker takes the override back before the run continues as new.
    run.goes_on().await;
    assert_eq!(run.build_id, six);
    let listed = run.listed("Current").await;
    assert_eq!(listed["pinnedTo"], Value::Null);

    let (ok, said) = run.executions(&["reset", &id, "--first", "--reason", "to see it", "--yes"]);
    assert!(ok, "{said}");
    run.run_id = namespace.temporal.describe(&run.id).await.unwrap().id.run_id;
    run.goes_on().await;
    run.listed("Current").await;
    let (_, said) = run.executions(&["drain", "builder", "--yes"]);
    assert_eq!(said["executions"][0]["verdict"], "nothing", "{said}");
    let (ok, said) = run.executions(&["drain", "--id", &id, "--yes"]);
    assert!(ok && said["executions"][0]["verdict"] == "done", "{said}");
    let result = namespace.result(&run.id).await;
    assert_eq!(result, json!({"version": 6, "built": result["built"], "failed": [], "interrupted": [], "left": []}));
    assert_eq!(sorted(&result["built"]), run.sent);
    for build_id in [&one, &two, &three, &four, &five] {
        namespace
            .eventually("versions without runs to be gone", || {
                let versions = namespace.list("workerversions");
                versions.iter().all(|version| version["spec"]["buildId"] != build_id.as_str()).then_some(())
            })
            .await;
    }
}

/// A builder that runs.
struct Run<'a> {
    namespace: &'a Namespace,
    id: ExecutionId,
    run_id: String,
    build_id: String,
    sent: Vec<String>,
}

impl<'a> Run<'a> {
    async fn begin(namespace: &'a Namespace) -> Self {
        namespace.apply(&[task_queue(namespace, json!({})), builder(namespace, 1, THRESHOLD), part(namespace, false)]);
        let build_id = namespace.live("builder").await;
        let id = namespace.start("BuilderWorkflow", "builder", Value::Null).await;
        let run = Self { namespace, run_id: id.run_id.clone(), id: ExecutionId::newest(id.workflow_id), build_id, sent: Vec::new() };
        assert_eq!(namespace.begun(&run.id).await, run.build_id);
        run
    }

    async fn release(&self, version: u32) -> String {
        self.namespace.apply(&[builder(self.namespace, version, THRESHOLD)]);
        self.namespace.live("builder").await
    }

    /// `warpline executions`: whether it was content, and what it printed.
    fn executions(&self, arguments: &[&str]) -> (bool, Value) {
        let output = self.namespace.warpline_temporal(&[&["executions"], arguments, &["--output", "json"]].concat());
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let first = printed.lines().next().unwrap_or_default();
        let said = serde_json::from_str(first).unwrap_or_else(|_| panic!("{printed}{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.success(), said)
    }

    /// What the list says of the run, once it says the reason.
    async fn listed(&self, reason: &str) -> Value {
        self.namespace
            .eventually(&format!("the list to say {reason}"), || {
                let (_, said) = self.executions(&["builder"]);
                let all = said["executions"].as_array().cloned().unwrap_or_default();
                all.into_iter().find(|execution| execution["workflowId"] == self.id.workflow_id.as_str() && execution["reason"] == reason)
            })
            .await
    }

    /// Lets the run build until it continues as new, and looks where the next one is.
    async fn goes_on(&mut self) {
        let names: Vec<String> = (self.sent.len()..).take(THRESHOLD as usize).map(|number| format!("part-{number:02}")).collect();
        self.namespace.temporal.signal(&self.id, "submit", &[json!(names)]).await.unwrap();
        self.sent.extend(names);
        let begun = std::time::Instant::now();
        loop {
            let now = self.namespace.temporal.describe(&self.id).await.unwrap();
            // Where a run is, is known once its first task is done.
            if let Some(build_id) = now.build_id.filter(|_| now.id.run_id != self.run_id && now.history_length > 3) {
                (self.run_id, self.build_id) = (now.id.run_id, build_id);
                break;
            }
            assert!(begun.elapsed() < crate::ground::PATIENCE, "the run does not go on\n{}", self.namespace.story());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let status = self.namespace.temporal.query(&self.id, "getStatus", &[]).await.unwrap();
        assert_eq!(sorted(&status["built"]), self.sent, "{status}");
    }
}

/// Names in order: two are built at a time.
fn sorted(names: &Value) -> Vec<String> {
    let mut names: Vec<String> = serde_json::from_value(names.clone()).unwrap();
    names.sort();
    names
}
