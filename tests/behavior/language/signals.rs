//! Signals with several arguments, queries with arguments, `wait` to both of its ends, `timer`.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("signals.yaml", SIGNALS), ("timers.yaml", TIMERS)];

const SIGNALS: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: counting}
spec:
  taskQueue: language
  input: {wanted: number}
  state: {counts: 'Map<string, number>', closed: boolean}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: state, type: state-variable, config: {name: state, value: {counts: new Map(), closed: {$literal: false}}}}
      - id: count
        type: signal-handler
        config:
          signalName: count
          args: {name: string, by: number}
          handler: {stateUpdates: [{target: counts, operation: set, key: 'args[0]', value: '(state.counts.get(args[0]) ?? 0) + args[1]'}]}
      - {id: how-many, type: query, config: {queryName: howMany, args: {name: string}, returnType: number, handler: {returnValue: 'state.counts.get(args[0]) ?? 0'}}}
      - {id: full, type: wait, config: {condition: state.counts.size >= input.wanted, timeout: 24h}}
      - {id: end, type: exit, config: {returnValue: {full: full, counts: '[...state.counts]'}}}
    edges: [{source: start, target: state}, {source: state, target: full}, {source: full, target: end}]
";

#[test]
fn signals_and_queries_take_arguments() {
    on_ground(async |ground| {
        let counting = ground.start("CountingWorkflow", "counting", json!({"wanted": 2})).await;
        counting.signal("count", &[json!("ada"), json!(2)]).await;
        counting.signal("count", &[json!("ada"), json!(3)]).await;
        assert_eq!(counting.query("howMany", &[json!("ada")]).await, 5);
        assert_eq!(counting.query("howMany", &[json!("bob")]).await, 0);
        counting.signal("count", &[json!("bob"), json!(1)]).await;
        assert_eq!(counting.result().await.0, json!({"full": true, "counts": [["ada", 5], ["bob", 1]]}));
    });
}

const TIMERS: &str = r"
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: timers}
spec:
  taskQueue: language
  input: {since: string}
  definition:
    nodes:
      - {id: start, type: trigger}
      - {id: never, type: wait, config: {condition: 'false', timeout: 200ms}}
      - {id: short, type: timer, config: {duration: 300ms}}
      - {id: past, type: timer, config: {until: input.since}}
      - {id: end, type: exit, config: {returnValue: {never: never}}}
    edges: [{source: start, target: never}, {source: never, target: short}, {source: short, target: past}, {source: past, target: end}]
";

#[test]
fn timers_last_as_long_as_they_say() {
    on_ground(async |ground| {
        let (result, record) = ground.start("TimersWorkflow", "timers", json!({"since": "2020-01-01T00:00:00Z"})).await.result().await;
        assert_eq!(result, json!({"never": false}));
        assert_eq!(record.only("timers").timers()[..2], ["0.200s", "0.300s"]);
        assert_eq!(record.only("timers").count("TIMER_FIRED"), record.only("timers").timers().len());
    });
}
