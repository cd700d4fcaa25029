//! Activities: retry policies of the node, and modules whose types are declared in place of read.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("declared.yaml", DECLARED), ("policies.yaml", POLICIES)];

const DECLARED: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: declared}
spec:
  taskQueue: language
  input: {text: string}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: measure, type: activity, config: {activityName: measure, module: declared-activities, args: [input.text]}}
      - {id: combine, type: activity, config: {activityName: combine, inputMapping: {left: 'measure.words[0]', right: '`${measure.length}`'}}}
      - {id: end, type: exit, config: {returnValue: combine.text}}
    edges: [{source: start, target: measure}, {source: measure, target: combine}, {source: combine, target: end}]
";

const POLICIES: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: policies}
spec:
  taskQueue: language
  input: {name: string}
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: broken
        type: activity
        config:
          activityName: broken
          args: {name: input.name, message: {$literal: it broke}}
          retry: {initialInterval: 100ms, backoffCoefficient: 1, maximumInterval: 1s, maximumAttempts: 3, nonRetryableErrorTypes: [Fatal]}
    edges: [{source: start, target: broken}]
";

#[test]
fn declared_activities_are_called_as_declared() {
    on_ground(async |ground| {
        let (result, record) = ground.start("DeclaredWorkflow", "declared", json!({"text": "two words"})).await.result().await;
        assert_eq!(result, "two and 9");
        assert_eq!(record.only("declared").activities()[0].input, [json!("two words")]);
    });
}

#[test]
fn a_nodes_retry_policy_is_the_activitys() {
    on_ground(async |ground| {
        for (name, attempts) in [("Passing", 3), ("Fatal", 1)] {
            let id = format!("policies-{name}");
            let (failure, record) = ground.start("PoliciesWorkflow", &id, json!({"name": name})).await.failure().await;
            assert_eq!(failure, format!("activity broken failed: {name}: it broke"));
            assert_eq!(record.only(&id).activities()[0].attempts, attempts, "{name}");
        }
    });
}
