//! Every operation on the state, transforms, and variables that are set late.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("operations.yaml", OPERATIONS)];

const OPERATIONS: &str = r#"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: operations}
spec:
  taskQueue: language
  input: {step: number}
  state: OperationsState
  types: |
    interface OperationsState {
      list: string[];
      numbers: number[];
      map: Map<string, number>;
      object: { [name: string]: number };
      record: { name: string; size: number; open?: boolean };
      set: Set<string>;
      emptied: Set<string>;
      count: number;
      down: number;
      flag: boolean;
      late?: string;
    }
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: n00
        type: state-variable
        config:
          name: state
          value:
            list: ['a']
            numbers: [1, 2, 3]
            map: new Map([['gone', 1]])
            object: {gone: 1}
            record: {name: {$literal: first}, size: 1}
            set: new Set(['gone'])
            emptied: new Set(['x', 'y'])
            count: 0
            down: 10
            flag: {$literal: false}
      - {id: n01, type: state-mutation, config: {target: state.list, operation: push, value: "['b', 'c']"}}
      - {id: n02, type: state-mutation, config: {target: list, operation: append, value: {$literal: dd}}}
      - {id: n03, type: state-mutation, config: {target: list, operation: delete, value: {$literal: b}}}
      - {id: n04, type: state-mutation, config: {target: map, operation: set, key: {$literal: kept}, value: input.step}}
      - {id: n05, type: state-mutation, config: {target: map, operation: delete, key: {$literal: gone}}}
      - {id: n06, type: state-mutation, config: {target: object, operation: set, key: {$literal: kept}, value: 5}}
      - {id: n07, type: state-mutation, config: {target: object, operation: delete, key: {$literal: gone}}}
      - {id: n08, type: state-mutation, config: {target: record, operation: merge, value: {size: 7, open: {$literal: true}}}}
      - {id: n09, type: state-mutation, config: {target: set, operation: add, value: {$literal: kept}}}
      - {id: n10, type: state-mutation, config: {target: set, operation: delete, key: {$literal: gone}}}
      - {id: n11, type: state-mutation, config: {target: emptied, operation: clear}}
      - {id: n12, type: state-mutation, config: {target: count, operation: increment, value: input.step}}
      - {id: n13, type: state-mutation, config: {target: count, operation: increment}}
      - {id: n14, type: state-mutation, config: {target: down, operation: decrement, value: 3}}
      - {id: n15, type: state-mutation, config: {target: flag, operation: toggle}}
      - {id: n16, type: state-transform, config: {target: numbers, transform: 'state.numbers.filter(n => n !== 2).map(n => n * 10)'}}
      - {id: n17, type: state-mutation, config: {target: record.name, operation: set, value: '`${state.record.name}!`'}}
      - {id: n18, type: state-variable, config: {name: late, value: '`${state.count} at last`'}}
      - id: n19
        type: exit
        config:
          returnValue:
            list: state.list
            numbers: state.numbers
            map: '[...state.map]'
            object: state.object
            record: state.record
            set: '[...state.set]'
            emptied: state.emptied.size
            count: state.count
            down: state.down
            flag: state.flag
            late: state.late
    edges:
      - {source: start, target: n00}
      - {source: n00, target: n01}
      - {source: n01, target: n02}
      - {source: n02, target: n03}
      - {source: n03, target: n04}
      - {source: n04, target: n05}
      - {source: n05, target: n06}
      - {source: n06, target: n07}
      - {source: n07, target: n08}
      - {source: n08, target: n09}
      - {source: n09, target: n10}
      - {source: n10, target: n11}
      - {source: n11, target: n12}
      - {source: n12, target: n13}
      - {source: n13, target: n14}
      - {source: n14, target: n15}
      - {source: n15, target: n16}
      - {source: n16, target: n17}
      - {source: n17, target: n18}
      - {source: n18, target: n19}
"#;

#[test]
fn every_operation_does_what_it_says() {
    on_ground(async |ground| {
        let (result, _) = ground.start("OperationsWorkflow", "operations", json!({"step": 4})).await.result().await;
        let expected = json!({
            "list": ["a", "c", "dd"], "numbers": [10, 30], "map": [["kept", 4]], "object": {"kept": 5},
            "record": {"name": "first!", "size": 7, "open": true}, "set": ["kept"], "emptied": 0, "count": 5, "down": 7, "flag": true, "late": "5 at last",
        });
        assert_eq!(result, expected);
    });
}
