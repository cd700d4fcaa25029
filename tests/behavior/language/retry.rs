//! `retry`: what counts as a failure, the pauses between attempts, the coordinator, the last attempt.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("retry.yaml", RETRY), ("coordinated.yaml", COORDINATED)];

const RETRY: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: retry-result}
spec:
  taskQueue: language
  input: {key: string, failures: number}
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: again
        type: retry
        label: Try again
        config: {maxAttempts: 4, retryOn: failure, backoff: {type: exponential, initialInterval: 100ms, maximumInterval: 300ms, coefficient: 2}}
        nodes:
          - {id: before, type: activity, config: {activityName: echo, args: [{$literal: before}]}}
          - {id: shaky, type: activity, config: {activityName: unsteady, args: {key: input.key, failures: input.failures}}}
        edges: [{source: before, target: shaky}]
      - {id: end, type: exit, config: {returnValue: {attempt: shaky.attempt}}}
    edges: [{source: start, target: again}, {source: again, target: end}]
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: retry-thrown}
spec:
  taskQueue: language
  input: {key: string, failures: number}
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: again
        type: retry
        config: {maxAttempts: 3, retryOn: error, backoff: {type: linear, initialInterval: 100ms}}
        nodes:
          - {id: quiet, type: activity, config: {activityName: unsteady, args: {key: input.key, failures: 1}}}
          - {id: shaky, type: activity, config: {activityName: flaky, args: {key: input.key, failures: input.failures}}}
        edges: [{source: quiet, target: shaky}]
      - {id: end, type: exit, config: {returnValue: {attempt: shaky.attempt}}}
    edges: [{source: start, target: again}, {source: again, target: end}]
";

#[test]
fn a_result_that_is_no_success_is_tried_again_with_back_off() {
    on_ground(async |ground| {
        let (result, record) =
            ground.start("RetryResultWorkflow", "retry-result", json!({"key": "r1", "failures": 3})).await.result().await;
        assert_eq!(result, json!({"attempt": 4}));
        let run = record.only("retry-result");
        assert_eq!(run.timers(), ["0.100s", "0.200s", "0.300s"]);
        assert_eq!(run.activity_names(), ["echo", "unsteady"].repeat(4), "the block is repeated as a whole");
        let (failure, record) =
            ground.start("RetryResultWorkflow", "retry-result-fails", json!({"key": "r2", "failures": 9})).await.failure().await;
        assert_eq!(failure, "attempt 4 was no success");
        assert_eq!(record.only("retry-result-fails").activities().len(), 8);
    });
}

#[test]
fn an_error_is_tried_again_and_a_result_is_not() {
    on_ground(async |ground| {
        let (result, record) =
            ground.start("RetryThrownWorkflow", "retry-thrown", json!({"key": "t1", "failures": 2})).await.result().await;
        assert_eq!(result, json!({"attempt": 3}));
        assert_eq!(record.only("retry-thrown").timers(), ["0.100s", "0.200s"]);
        let (failure, _) =
            ground.start("RetryThrownWorkflow", "retry-thrown-fails", json!({"key": "t2", "failures": 9})).await.failure().await;
        assert_eq!(failure, "activity flaky failed: attempt 3 failed");
    });
}

const COORDINATED: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: coordinated}
spec:
  taskQueue: language
  input: {key: string, failures: number}
  state: {decisions: 'string[]'}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {decisions: []}}}
      - id: mended
        type: retry
        label: Mended
        config:
          maxAttempts: 3
          coordinatorWorkflow: RemedyWorkflow
          problemType: UNSTEADY
          stateUpdates: [{on: decision, target: decisions, operation: push, value: '`${attempts + 1}: ${action.decision}`'}]
        nodes:
          - {id: shaky, type: activity, config: {activityName: unsteady, args: {key: input.key, failures: input.failures}}}
      - {id: end, type: exit, config: {returnValue: {attempt: shaky.attempt, decisions: state.decisions}}}
    edges: [{source: start, target: state}, {source: state, target: mended}, {source: mended, target: end}]
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: remedy}
spec:
  taskQueue: language
  input: RemedyInput
  output: RemedyAction
  types: |
    interface RemedyInput {
      problem: { type: string; error: { message: string; stderr?: string; stdout?: string }; context: { phase?: string; attemptNumber: number } };
      maxAttempts: number;
    }
    interface RemedyAction { decision: 'RETRY' | 'ESCALATE' | 'FAIL'; reasoning: string; escalation?: { reason: string } }
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: second, type: condition, config: {expression: input.problem.context.attemptNumber === 2 && input.problem.error.message === 'attempt 2 was no success'}}
      - {id: escalate, type: exit, config: {returnValue: {decision: ESCALATE, reasoning: input.problem.type, escalation: {reason: {$literal: twice is enough}}}}}
      - {id: retry, type: exit, config: {returnValue: {decision: RETRY, reasoning: input.problem.type}}}
    edges:
      - {source: start, target: second}
      - {source: second, target: escalate, sourceHandle: 'true'}
      - {source: second, target: retry, sourceHandle: 'false'}
";

#[test]
fn a_coordinator_decides_between_attempts() {
    on_ground(async |ground| {
        let (result, record) = ground.start("CoordinatedWorkflow", "coordinated", json!({"key": "c1", "failures": 1})).await.result().await;
        assert_eq!(result, json!({"attempt": 2, "decisions": ["1: RETRY"]}));
        let asked = &record.only("coordinated").children()[0];
        assert_eq!(asked.input[0]["problem"]["type"], "UNSTEADY");
        let (failure, record) =
            ground.start("CoordinatedWorkflow", "coordinated-fails", json!({"key": "c2", "failures": 9})).await.failure().await;
        assert!(failure.contains("escalated: twice is enough"), "{failure}");
        assert_eq!(record.results("RemedyWorkflow").len(), 2);
    });
}
