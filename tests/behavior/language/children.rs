//! `child-workflow` and `signal-external-workflow`: waited for, started only, one for each item, and what becomes of them when their parent ends.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("children.yaml", CHILDREN)];

const CHILDREN: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: leaf}
spec:
  taskQueue: language
  input: {name: string, waits: boolean, fails?: boolean}
  output: string
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: word, type: state-variable, config: {name: word, value: {$literal: alone}}}
      - {id: fails, type: condition, config: {expression: input.fails === true}}
      - {id: fail, type: exit, config: {error: '`${input.name} fails`'}}
      - {id: waits, type: condition, config: {expression: input.waits}}
      - {id: wait, type: wait, config: {condition: state.word !== 'alone'}}
      - {id: end, type: exit, config: {returnValue: '`${input.name} ${state.word}`'}}
    edges:
      - {source: start, target: word}
      - {source: word, target: fails}
      - {source: fails, target: fail, sourceHandle: yes}
      - {source: fails, target: waits, sourceHandle: no}
      - {source: waits, target: wait, sourceHandle: then}
      - {source: waits, target: end, sourceHandle: else}
      - {source: wait, target: end}
    signals: [{name: say, args: {word: string}, handler: {stateUpdates: [{target: word, operation: set, value: 'args[0]'}]}}]
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: tree}
spec:
  taskQueue: language
  input: {names: 'string[]'}
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: each
        type: child-workflow
        config: {forEach: input.names, workflowType: LeafWorkflow, workflowId: '`tree/${index}-${item}`', args: {name: item, waits: {$literal: false}}}
      - id: left
        type: child-workflow
        config: {executionType: startChild, workflowType: LeafWorkflow, workflowId: tree/left, args: {name: {$literal: left}, waits: {$literal: true}}, parentClosePolicy: Abandon}
      - id: told
        type: child-workflow
        config: {executionType: startChild, workflowType: LeafWorkflow, workflowId: tree/told, args: {name: {$literal: told}, waits: {$literal: true}}}
      - id: tell
        type: signal-external-workflow
        config: {targetWorkflowId: tree/told, workflowType: LeafWorkflow, signalName: say, payload: '`hello ${input.names.length}`'}
      - id: ended
        type: child-workflow
        config: {executionType: startChild, workflowType: LeafWorkflow, workflowId: tree/ended, args: {name: {$literal: ended}, waits: {$literal: true}}, parentClosePolicy: Terminate}
      - id: cancelled
        type: child-workflow
        config: {executionType: startChild, workflowType: LeafWorkflow, workflowId: tree/cancelled, args: {name: {$literal: cancelled}, waits: {$literal: true}}, parentClosePolicy: RequestCancel}
      - {id: end, type: exit, config: {returnValue: each}}
    edges:
      - {source: start, target: each}
      - {source: each, target: left}
      - {source: left, target: told}
      - {source: told, target: tell}
      - {source: tell, target: ended}
      - {source: ended, target: cancelled}
      - {source: cancelled, target: end}
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: failing-tree}
spec:
  taskQueue: language
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: leaf
        type: child-workflow
        config: {executionType: executeChild, workflowType: LeafWorkflow, workflowId: failing-tree/leaf, args: {name: {$literal: it}, waits: {$literal: false}, fails: {$literal: true}}, retry: {maximumAttempts: 2, initialInterval: 100ms}}
    edges: [{source: start, target: leaf}]
";

#[test]
fn children_run_and_end_as_their_parent_says() {
    on_ground(async |ground| {
        let tree = ground.start("TreeWorkflow", "tree", json!({"names": ["a", "b", "a"]})).await;
        let left = ground.found("tree/left").await;
        // Only when the parent has ended is the abandoned child told to end.
        assert_eq!(
            ground.client.outcome(&tree.id).await.unwrap(),
            warpline::temporal::Outcome::Completed { result: json!(["a alone", "b alone", "a alone"]) }
        );
        left.signal("say", &[json!("behind")]).await;
        let (_, record) = tree.result().await;
        assert_eq!(record.only("tree/left").result().unwrap(), "left behind");
        assert_eq!(record.only("tree/told").result().unwrap(), "told hello 3");
        assert_eq!(record.only("tree/ended").ending(), "TERMINATED");
        assert_eq!(record.only("tree/cancelled").ending(), "CANCELED");
        let each: Vec<_> = record.only("tree").children().into_iter().map(|child| child.name).take(3).collect();
        assert_eq!(each, ["tree/0-a", "tree/1-b", "tree/2-a"]);
    });
}

#[test]
fn a_child_that_fails_fails_its_parent() {
    on_ground(async |ground| {
        let (failure, record) = ground.start("FailingTreeWorkflow", "failing-tree", json!({})).await.failure().await;
        assert_eq!(failure, "child LeafWorkflow (failing-tree/leaf) failed: it fails");
        assert!(!record.of("failing-tree/leaf").is_empty());
    });
}
