//! What the UI builder saves, as it is: nodes and edges with their places on the canvas, no types, no queue.

use serde_json::json;

use crate::ground::on_ground;

pub const DEFINITIONS: &[(&str, &str)] = &[("raw-export.json", EXPORT)];

const EXPORT: &str = r#"{
  "nodes": [
    {"id": "n5", "type": "exit", "position": {"x": 250, "y": 400}, "data": {"label": "Done", "config": {"returnValue": {"said": "say", "greeting": "state.greeting", "mood": "not-found"}}}},
    {"id": "n1", "type": "trigger", "position": {"x": 250, "y": 0}, "width": 180, "height": 40, "selected": false, "dragging": false, "data": {"label": "Start"}},
    {"id": "n2", "type": "state-variable", "position": {"x": 250, "y": 100}, "data": {"label": "Greeting", "config": {"name": "greeting", "operation": "set", "value": "`Hello, ${input.name}`", "scope": "workflow"}}},
    {"id": "say", "type": "activity", "position": {"x": 250, "y": 200}, "data": {"label": "Say", "config": {"activityName": "echo", "args": ["state.greeting"], "timeout": {"startToClose": "10s"}}}},
    {"id": "n4", "type": "condition", "position": {"x": 250, "y": 300}, "data": {"label": "Loud?", "config": {"expression": "input.loud"}}},
    {"id": "n6", "type": "state-mutation", "position": {"x": 450, "y": 350}, "data": {"label": "Louder", "config": {"target": "greeting", "operation": "set", "value": "state.greeting.toUpperCase()"}}}
  ],
  "edges": [
    {"id": "e6", "source": "n6", "target": "n5", "type": "smoothstep", "animated": true},
    {"id": "e1", "source": "n1", "target": "n2"},
    {"id": "e2", "source": "n2", "target": "say"},
    {"id": "e3", "source": "say", "target": "n4"},
    {"id": "e4", "source": "n4", "target": "n6", "sourceHandle": "true", "targetHandle": null},
    {"id": "e5", "source": "n4", "target": "n5", "sourceHandle": "false"}
  ]
}"#;

#[test]
fn an_export_runs_as_it_is() {
    on_ground(async |ground| {
        let (quiet, record) = ground.start("RawExportWorkflow", "export-quiet", json!({"name": "Ada", "loud": false})).await.result().await;
        assert_eq!(quiet, json!({"said": "Hello, Ada", "greeting": "Hello, Ada", "mood": "not-found"}));
        assert_eq!(record.only("export-quiet").task_queue, "default");
        let (loud, _) = ground.start("RawExportWorkflow", "export-loud", json!({"name": "Ada", "loud": true})).await.result().await;
        assert_eq!(loud["greeting"], "HELLO, ADA");
    });
}
