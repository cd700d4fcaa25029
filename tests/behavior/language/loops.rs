//! Loops: `loopWhile`, `forEach` with its index, nested, with a limit; cycles that edges make; jumps forward.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("loops.yaml", LOOPS), ("cycle.yaml", CYCLE)];

const LOOPS: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: loops}
spec:
  taskQueue: language
  input: {rows: 'string[][]', rounds: number}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {seen: {$expr: '[] as string[]'}, rounds: {$expr: '0'}, limited: {$expr: '0'}}}}
      - id: rows
        type: loop
        config: {forEach: input.rows}
        nodes:
          - {id: row, type: state-variable, config: {name: row, value: {$expr: index}}}
          - id: cells
            type: loop
            config: {forEach: item}
            nodes:
              - {id: say, type: activity, config: {activityName: echo, args: ['`${state.row}.${index}=${item}`']}}
              - {id: keep, type: state-mutation, config: {target: seen, operation: push, value: say}}
            edges: [{source: say, target: keep}]
        edges: [{source: row, target: cells}]
      - id: rounds
        type: loop
        config: {loopWhile: state.rounds < input.rounds}
        nodes: [{id: round, type: state-mutation, config: {target: rounds, operation: increment}}]
      - id: limited
        type: loop
        config: {loopWhile: 'true', maxIterations: 3}
        nodes: [{id: count, type: state-mutation, config: {target: limited, operation: increment}}]
      - {id: end, type: exit, config: {returnValue: {seen: state.seen, rounds: state.rounds, limited: state.limited}}}
    edges:
      - {source: start, target: state}
      - {source: state, target: rows}
      - {source: rows, target: rounds}
      - {source: rounds, target: limited}
      - {source: limited, target: end}
";

#[test]
fn loops_run_as_often_as_they_say() {
    on_ground(async |ground| {
        let loops = ground.start("LoopsWorkflow", "loops", json!({"rows": [["a", "b"], [], ["c"]], "rounds": 2})).await;
        let (result, _) = loops.result().await;
        assert_eq!(result, json!({"seen": ["0.0=a", "0.1=b", "2.0=c"], "rounds": 2, "limited": 3}));
        let none = ground.start("LoopsWorkflow", "loops-none", json!({"rows": [], "rounds": 0})).await;
        assert_eq!(none.result().await.0, json!({"seen": [], "rounds": 0, "limited": 3}));
    });
}

const CYCLE: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: cycle}
spec:
  taskQueue: language
  input: {wanted: number, skip: boolean}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {sum: {$expr: '0'}, path: {$expr: '[] as string[]'}}}}
      - {id: add, type: activity, config: {activityName: add, args: {a: state.sum, b: {$expr: '2'}}}}
      - {id: keep, type: state-mutation, config: {target: sum, operation: set, value: {$expr: add}}}
      - {id: optional, type: state-mutation, config: {target: path, operation: push, value: {$literal: optional}}}
      - {id: after, type: state-mutation, config: {target: path, operation: push, value: {$literal: after}}}
      - {id: end, type: exit, config: {returnValue: {sum: state.sum, path: state.path}}}
    edges:
      - {id: e1, source: start, target: state}
      - {id: e2, source: state, target: add}
      - {id: e3, source: add, target: keep}
      - {id: e4, source: keep, target: add, condition: state.sum < input.wanted}
      - {id: e5, source: keep, target: optional, condition: '!input.skip', skipTo: after}
      - {id: e6, source: optional, target: after}
      - {id: e7, source: after, target: end}
";

#[test]
fn edges_lead_back_and_jump_forward() {
    on_ground(async |ground| {
        let cycle = ground.start("CycleWorkflow", "cycle", json!({"wanted": 5, "skip": false})).await;
        let (result, record) = cycle.result().await;
        assert_eq!(result, json!({"sum": 6, "path": ["optional", "after"]}));
        assert_eq!(record.only("cycle").activity_names(), ["add", "add", "add"]);
        let skipping = ground.start("CycleWorkflow", "cycle-skip", json!({"wanted": 0, "skip": true})).await;
        assert_eq!(skipping.result().await.0, json!({"sum": 2, "path": ["after"]}));
    });
}
