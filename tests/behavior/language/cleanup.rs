//! `cleanup` at every kind of end, `exit` with an error, and phases that mark what they throw.

use serde_json::{Value, json};
use warpline::temporal::Outcome;

use crate::ground::{Ground, on_ground};
use crate::record::Record;

pub const DEFINITIONS: &[(&str, &str)] = &[("cleanup.yaml", CLEANUP), ("phases.yaml", PHASES)];

const CLEANUP: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: tidy}
spec:
  taskQueue: language
  input: {key: string, end: string}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: stage, value: {$literal: begun}}}
      - {id: fails, type: condition, config: {expression: input.end === 'fail'}}
      - {id: fail, type: exit, config: {error: '`${input.key} was to fail`'}}
      - {id: waits, type: condition, config: {expression: input.end === 'wait'}}
      - {id: wait, type: timer, config: {duration: 1h}}
      - {id: end, type: exit, config: {returnValue: state.stage}}
    edges:
      - {source: start, target: state}
      - {source: state, target: fails}
      - {source: fails, target: fail, sourceHandle: 'true'}
      - {source: fails, target: waits, sourceHandle: 'false'}
      - {source: waits, target: wait, sourceHandle: 'true'}
      - {source: waits, target: end, sourceHandle: 'false'}
      - {source: wait, target: end}
    cleanup:
      stateUpdates: [{target: stage, operation: set, value: {$literal: tidied}}]
      activities: [{activityName: note, args: [input.key, state.stage]}, {activityName: echo, args: [{$literal: last}]}]
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: tidy-after-success}
spec:
  taskQueue: language
  input: {key: string, end: string}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: stage, value: {$literal: begun}}}
      - {id: fails, type: condition, config: {expression: input.end === 'fail'}}
      - {id: fail, type: exit, config: {error: '`${input.key} was to fail`'}}
      - {id: waits, type: condition, config: {expression: input.end === 'wait'}}
      - {id: wait, type: timer, config: {duration: 1h}}
      - {id: end, type: exit, config: {returnValue: state.stage}}
    edges:
      - {source: start, target: state}
      - {source: state, target: fails}
      - {source: fails, target: fail, sourceHandle: 'true'}
      - {source: fails, target: waits, sourceHandle: 'false'}
      - {source: waits, target: wait, sourceHandle: 'true'}
      - {source: waits, target: end, sourceHandle: 'false'}
      - {source: wait, target: end}
    cleanup:
      stateUpdates: [{target: stage, operation: set, value: {$literal: tidied}}]
      activities: [{activityName: note, args: [input.key, state.stage]}]
      alwaysExecute: false
";

async fn end(ground: &'static Ground, workflow: &str, id: &str, end: &str) -> (Outcome, Record) {
    let execution = ground.start(workflow, id, json!({"key": id, "end": end})).await;
    if end == "wait" {
        execution.until("its timer", |run| !run.timers().is_empty()).await;
        execution.cancel().await;
    }
    execution.end().await
}

/// What the activities of the cleanup were given.
fn cleaned(record: &Record, id: &str) -> Vec<Vec<Value>> {
    record.only(id).activities().into_iter().filter(|activity| activity.result.is_some()).map(|activity| activity.input).collect()
}

#[test]
fn cleanup_follows_every_end() {
    on_ground(async |ground| {
        for (way, id) in [("return", "tidy-1"), ("fail", "tidy-2"), ("wait", "tidy-3")] {
            let (outcome, record) = end(ground, "TidyWorkflow", id, way).await;
            assert_eq!(cleaned(&record, id), [vec![json!(id), json!("tidied")], vec![json!("last")]], "{way}");
            match (way, outcome) {
                // The value was made before.
                ("return", Outcome::Completed { result }) => assert_eq!(result, "begun"),
                ("fail", Outcome::Failed { failure }) => assert_eq!(failure.to_string(), "tidy-2 was to fail"),
                ("wait", Outcome::Canceled) => {}
                (_, outcome) => panic!("{way}: it {outcome}"),
            }
        }
    });
}

#[test]
fn cleanup_after_success_follows_no_other_end() {
    on_ground(async |ground| {
        let (_, record) = end(ground, "TidyAfterSuccessWorkflow", "success-1", "return").await;
        assert_eq!(cleaned(&record, "success-1"), [vec![json!("success-1"), json!("tidied")]]);
        for (way, id) in [("fail", "success-2"), ("wait", "success-3")] {
            let (outcome, record) = end(ground, "TidyAfterSuccessWorkflow", id, way).await;
            assert!(!matches!(outcome, Outcome::Completed { .. }), "{way}");
            assert!(cleaned(&record, id).is_empty(), "{way}");
        }
    });
}

const PHASES: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: phases}
spec:
  taskQueue: language
  input: {name: string, thrown: boolean}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {steps: {$expr: '[] as string[]'}}}}
      - id: outer
        type: phase
        config: {name: OUTER, errorHandling: {markPhase: outer, captureContext: [steps, name]}}
        nodes:
          - {id: step, type: state-mutation, config: {target: steps, operation: push, value: {$literal: entered}}}
          - id: inner
            type: phase
            config: {name: INNER, errorHandling: {markPhase: inner, returnOnError: {phase: phase.name, error: error.message, steps: state.steps}}}
            nodes:
              - {id: returned, type: condition, config: {expression: '!input.thrown'}}
              - {id: inside, type: activity, config: {activityName: broken, args: {name: Fatal, message: {$literal: inside}}}}
            edges: [{source: returned, target: inside, sourceHandle: 'true'}]
          - {id: outside, type: activity, config: {activityName: broken, args: {name: Fatal, message: {$literal: outside}}}}
        edges: [{source: step, target: inner}, {source: inner, target: outside}]
    edges: [{source: start, target: state}, {source: state, target: outer}]
";

#[test]
fn a_phase_returns_or_throws_with_its_mark_and_context() {
    on_ground(async |ground| {
        let (result, _) = ground.start("PhasesWorkflow", "phase-returns", json!({"name": "n", "thrown": false})).await.result().await;
        assert_eq!(result, json!({"phase": "inner", "error": "inside", "steps": ["entered"]}));
        let (outcome, _) = ground.start("PhasesWorkflow", "phase-throws", json!({"name": "n", "thrown": true})).await.end().await;
        let Outcome::Failed { failure } = outcome else { panic!("it {outcome}") };
        assert_eq!((failure.message.as_str(), failure.error_type.as_deref(), failure.non_retryable), ("outside", Some("outer"), true));
        assert_eq!(failure.details, [json!({"steps": ["entered"], "name": "n"})]);
    });
}
