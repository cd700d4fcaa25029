//! `parallel`: all branches and their results; a race, whoever wins it; a branch that fails.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("parallel.yaml", ALL), ("race.yaml", RACE)];

const ALL: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: parallel}
spec:
  taskQueue: language
  input: {fails: boolean}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {done: {$expr: '[] as string[]'}}}}
      - id: all
        type: parallel
        nodes:
          - {id: one, type: activity, config: {activityName: echo, args: [{$literal: one}]}}
          - {id: sum, type: activity, config: {activityName: add, args: {a: 1, b: 2}}}
          - {id: more, type: activity, config: {activityName: add, args: {a: sum, b: 10}}}
          - {id: note-sum, type: state-mutation, config: {target: done, operation: push, value: {$literal: sum}}}
          - {id: fails, type: condition, config: {expression: input.fails}}
          - {id: fail, type: activity, config: {activityName: broken, args: {name: Fatal, message: {$literal: it broke}}}}
        edges:
          - {source: sum, target: more}
          - {source: more, target: note-sum}
          - {source: fails, target: fail, sourceHandle: 'true'}
      - {id: end, type: exit, config: {returnValue: {one: one, more: more, done: state.done}}}
    edges: [{source: start, target: state}, {source: state, target: all}, {source: all, target: end}]
";

#[test]
fn all_branches_give_their_results_or_the_first_error() {
    on_ground(async |ground| {
        let (result, record) = ground.start("ParallelWorkflow", "parallel", json!({"fails": false})).await.result().await;
        assert_eq!(result, json!({"one": "one", "more": 13, "done": ["sum"]}));
        let activities = record.only("parallel").activities();
        let (echo, add) = (&activities[0], &activities[1]);
        assert_eq!((echo.name.as_str(), add.name.as_str()), ("echo", "add"));
        assert_eq!(add.from, echo.from + 1, "both began in one task");
        let (failure, _) = ground.start("ParallelWorkflow", "parallel-fails", json!({"fails": true})).await.failure().await;
        assert_eq!(failure, "activity broken failed: Fatal: it broke");
    });
}

const RACE: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: race}
spec:
  taskQueue: language
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {answered: {$literal: false}}}}
      - id: first
        type: parallel
        config: {completionMode: race}
        nodes:
          - {id: answer, type: wait, config: {condition: state.answered, timeout: 1h}}
          - {id: small, type: activity, config: {activityName: pause, args: [1500]}}
          - {id: long, type: timer, config: {duration: 24h}}
      - {id: end, type: exit, config: {returnValue: {first: first}}}
    edges: [{source: start, target: state}, {source: state, target: first}, {source: first, target: end}]
    signals: [{name: answer, handler: {stateUpdates: [{target: answered, operation: set, value: {$literal: true}}]}}]
";

#[test]
fn the_first_branch_gives_the_result() {
    on_ground(async |ground| {
        let (result, record) = ground.start("RaceWorkflow", "race-activity", json!({})).await.result().await;
        assert_eq!(result, json!({"first": "1500 ms"}));
        assert_eq!(record.only("race-activity").timers(), ["3600s", "86400s"]);
        let answered = ground.start("RaceWorkflow", "race-answer", json!({})).await;
        answered.signal("answer", &[]).await;
        assert_eq!(answered.result().await.0, json!({"first": true}));
    });
}
