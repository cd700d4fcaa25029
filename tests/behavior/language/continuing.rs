//! `continue-as-new-checkpoint`: by rounds and by time, with Map, Set and Date inside of what is carried, and signals on the way.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("continuing.yaml", CONTINUING)];

const CONTINUING: &str = r#"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: carrying}
spec:
  taskQueue: language
  input: {rounds: number}
  state: CarryingState
  types: |
    interface Job { id: string; due: Date; tags: Set<string> }
    interface CarryingState { jobs: Map<string, Job>; names: Set<string>; rounds: number; last?: Date; history: { at: Date }[] }
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {jobs: new Map(), names: new Set(), rounds: 0, history: []}}}
      - {id: once, type: activity, config: {activityName: echo, args: [{$literal: once}]}}
      - id: rounds
        type: loop
        config: {loopWhile: state.rounds < input.rounds}
        nodes:
          - {id: one, type: activity, config: {activityName: echo, args: ['`job-${state.rounds}`']}}
          - {id: job, type: state-mutation, config: {target: jobs, operation: set, key: one, value: "{id: one, due: new Date(86400000 * state.rounds), tags: new Set([one, 'all'])}"}}
          - {id: last, type: state-mutation, config: {target: last, operation: set, value: new Date(1000)}}
          - {id: note, type: state-mutation, config: {target: history, operation: push, value: {at: new Date(2000)}}}
          - {id: count, type: state-mutation, config: {target: rounds, operation: increment}}
          - {id: check, type: continue-as-new-checkpoint, config: {threshold: 2}}
        edges:
          - {source: one, target: job}
          - {source: job, target: last}
          - {source: last, target: note}
          - {source: note, target: count}
          - {source: count, target: check}
      - id: end
        type: exit
        config:
          returnValue:
            jobs: '[...state.jobs.values()].map(job => [job.id, job.due.toISOString().slice(0, 10), [...job.tags].join()])'
            names: '[...state.names].sort()'
            last: state.last?.getTime()
            history: state.history.map(entry => entry.at.getTime())
    edges: [{source: start, target: state}, {source: state, target: once}, {source: once, target: rounds}, {source: rounds, target: end}]
    signals: [{name: name, args: {name: string}, handler: {stateUpdates: [{target: names, operation: add, value: 'args[0]'}]}}]
    cleanup: {activities: [{activityName: note, args: [{$literal: carrying}, {$literal: cleaned}]}]}
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: timed}
spec:
  taskQueue: language
  input: {rounds: number}
  state: {rounds: number}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {rounds: 0}}}
      - id: rounds
        type: loop
        config: {loopWhile: state.rounds < input.rounds, continueAsNewTimeLimit: 2s}
        nodes:
          - {id: pause, type: timer, config: {duration: 800ms}}
          - {id: count, type: state-mutation, config: {target: rounds, operation: increment}}
        edges: [{source: pause, target: count}]
      - {id: end, type: exit, config: {returnValue: state.rounds}}
    edges: [{source: start, target: state}, {source: state, target: rounds}, {source: rounds, target: end}]
"#;

#[test]
fn what_is_carried_is_whole_again() {
    on_ground(async |ground| {
        let carrying = ground.start("CarryingWorkflow", "carrying", json!({"rounds": 5})).await;
        for name in ["ada", "bob", "ada", "eve"] {
            carrying.signal("name", &[json!(name)]).await;
        }
        let (result, record) = carrying.result().await;
        let days = ["1970-01-01", "1970-01-02", "1970-01-03", "1970-01-04", "1970-01-05"];
        let jobs: Vec<_> = days.iter().enumerate().map(|(at, day)| json!([format!("job-{at}"), day, format!("job-{at},all")])).collect();
        assert_eq!(result, json!({"jobs": jobs, "names": ["ada", "bob", "eve"], "last": 1000, "history": [2000, 2000, 2000, 2000, 2000]}));
        let runs = record.of("carrying");
        assert_eq!(runs.iter().map(|run| run.ending()).collect::<Vec<_>>(), ["CONTINUED_AS_NEW", "CONTINUED_AS_NEW", "COMPLETED"]);
        assert_eq!(runs.iter().map(|run| run.signals().len()).sum::<usize>(), 4);
        // What stands before the loop is done once; cleanup is for the end of all, not of a run.
        let activities: Vec<_> = runs.iter().flat_map(|run| run.activities()).collect();
        assert_eq!(activities.iter().filter(|activity| activity.input == [json!("once")]).count(), 1);
        assert_eq!(activities.iter().filter(|activity| activity.name == "note").count(), 1);
        assert_eq!(activities.len(), 7);
    });
}

#[test]
fn a_run_that_is_old_enough_continues() {
    on_ground(async |ground| {
        let (result, record) = ground.start("TimedWorkflow", "timed", json!({"rounds": 6})).await.result().await;
        assert_eq!(result, 6);
        let runs = record.of("timed");
        assert!(runs.len() >= 2, "{} runs", runs.len());
        assert_eq!(runs.iter().map(|run| run.timers().len()).sum::<usize>(), 6);
    });
}
