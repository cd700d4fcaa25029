//! Children: run and waited for, many at once, under a coordinator, started only; activities that a coordinator remedies.

use serde_json::json;

use super::{node, waiting};
use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("seen-children.yaml", CHILDREN)];

const CHILDREN: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: held}
spec:
  taskQueue: language
  input: {fails?: boolean}
  output: {success: boolean}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {free: {$literal: false}}}}
      - {id: wait, type: wait, config: {condition: state.free}}
      - {id: fails, type: condition, config: {expression: input.fails === true}}
      - {id: fail, type: exit, config: {error: {$literal: it was to fail}}}
      - {id: end, type: exit, config: {returnValue: {success: true}}}
    edges:
      - {source: start, target: state}
      - {source: state, target: wait}
      - {source: wait, target: fails}
      - {source: fails, target: fail, sourceHandle: 'true'}
      - {source: fails, target: end, sourceHandle: 'false'}
    signals: [{name: free, handler: {stateUpdates: [{target: free, operation: set, value: {$literal: true}}]}}]
---
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: seen-children}
spec:
  taskQueue: language
  input: {key: string}
  types: |
    interface Item { name: string; buildStatus: string; dependencies: string[] }
    interface SeenChildrenState { packages: Item[]; completedPackages: string[]; failedPackages: { name: string; error: string }[] }
  state: SeenChildrenState
  definition:
    nodes:
      - {id: start, type: trigger}
      - id: state
        type: state-variable
        config:
          name: state
          value:
            packages: {$expr: '[`a`, `b`, `c`].map((name) => ({name, buildStatus: `pending`, dependencies: [] as string[]}))'}
            completedPackages: {$expr: '[]'}
            failedPackages: {$expr: '[]'}
      - {id: only, type: child-workflow, config: {workflowType: HeldWorkflow, workflowId: '`${input.key}-only`', args: {fails: false}}}
      - {id: begun, type: child-workflow, config: {workflowType: HeldWorkflow, executionType: startChild, workflowId: '`${input.key}-begun`', args: {fails: false}}}
      - {id: many, type: child-workflow, config: {workflowType: HeldWorkflow, forEach: '[...Array(25).keys()]', workflowId: '`${input.key}-many-${item}`', args: {fails: false}}}
      - id: all
        type: parallel-coordinator
        config: {maxConcurrent: 2, loopWhile: 'state.packages.some((pkg) => pkg.buildStatus === `pending`)', stateUpdates: [{on: success, update: markCompleted}, {on: failure, update: markFailed}]}
        nodes: [{id: each, type: child-workflow, config: {workflowType: HeldWorkflow, workflowId: '`${input.key}-${item.name}`', args: {fails: item.name === 'a'}}}]
      - {id: end, type: exit, config: {returnValue: {completed: state.completedPackages, failed: state.failedPackages}}}
    edges:
      - {source: start, target: state}
      - {source: state, target: only}
      - {source: only, target: begun}
      - {source: begun, target: many}
      - {source: many, target: all}
      - {source: all, target: end}
";

#[test]
fn children_are_waited_for_by_name() {
    on_ground(async |ground| {
        let seen = ground.start("SeenChildrenWorkflow", "kids", json!({"key": "kids"})).await;
        let free = async |name: &str| ground.found(&format!("kids-{name}")).await.signal("free", &[]).await;
        let position = seen.query_until("warpline.position", |position| node(position, "only")["waits"][0]["runId"].is_string()).await;
        let wait = &node(&position, "only")["waits"][0];
        assert_eq!(
            (&wait["for"], &wait["workflowType"], &wait["workflowId"]),
            (&json!("child"), &json!("HeldWorkflow"), &json!("kids-only"))
        );
        free("only").await;

        let position = waiting(&seen, "many").await;
        assert_eq!(node(&position, "begun")["status"], "done");
        assert_eq!((node(&position, "many")["waits"].as_array().unwrap().len(), &node(&position, "many")["waitsInAll"]), (20, &json!(25)));
        for number in 0..25 {
            free(&format!("many-{number}")).await;
        }

        let position = waiting(&seen, "each").await;
        assert_eq!((&node(&position, "all")["status"], &node(&position, "each")["open"]), (&json!("running"), &json!(2)));
        assert_eq!(node(&position, "many")["succeeded"], 25);
        for name in ["a", "b"] {
            free(name).await;
        }
        let position = seen
            .query_until("warpline.position", |position| node(position, "each")["count"] == 3 && node(position, "each")["open"].is_null())
            .await;
        assert_eq!((&node(&position, "each")["failures"], &node(&position, "each")["succeeded"]), (&json!(1), &json!(1)));
        assert_eq!(node(&position, "all")["rounds"], 3);
        free("c").await;
        free("begun").await;
        let (result, _) = seen.result().await;
        assert_eq!(result["completed"], json!(["b", "c"]));
        assert_eq!(result["failed"][0]["name"], "a");
    });
}
