//! Every form that a builder saves means the same, and what belongs to the canvas means nothing.

use super::{read_file, read_valid};
use std::fmt::Write as _;
use warpline::definition::{VersioningBehavior, Workflow, workflow_from_value};
use warpline::diagnostic::Report;

/// What is drawn, without where it stands.
fn drawing(workflow: &Workflow) -> String {
    let mut lines = String::new();
    for node in &workflow.definition.nodes {
        let label = node.label.as_deref().unwrap_or("-");
        let parent = node.parent.as_deref().unwrap_or("-");
        let _ = writeln!(lines, "{} ({}) {label:?} in {parent} {}", node.id, node.kind, node.config.value);
    }
    for edge in &workflow.definition.edges {
        let text = |text: &Option<warpline::definition::Text>| text.as_ref().map_or("-".to_owned(), |text| text.text.clone());
        let handle = edge.source_handle.as_deref().unwrap_or("-");
        let _ = writeln!(
            lines,
            "{}: {} -> {} by {handle} if {} else {}",
            edge.id,
            edge.source,
            edge.target,
            text(&edge.condition),
            text(&edge.skip_to)
        );
    }
    lines
}

const FULL: &str = r#"{
  "nodes": [
    {"id": "start", "type": "trigger", "position": {"x": 0, "y": 0}, "data": {"label": "Start", "config": {}}},
    {"id": "tests", "type": "phase", "style": {"width": 300}, "data": {"label": "Tests", "config": {"name": "TESTS"}}},
    {"id": "run-2", "type": "activity", "parentId": "tests", "extent": "parent", "measured": {"width": 1},
     "data": {"label": "Run", "config": {"activityName": "runTests", "args": ["input.a"]}}},
    {"id": "run-10", "type": "signal", "parentNode": "tests", "data": {"label": "Wait", "signalName": "go", "config": {"description": "why"}}}
  ],
  "edges": [
    {"id": "e1", "source": "start", "target": "tests", "type": "smoothstep", "animated": true, "targetHandle": null, "sourceHandle": null, "label": "go"},
    {"id": "e2", "source": "run-2", "target": "run-10", "data": {"condition": "result.ok", "skipTo": "run-2"}}
  ],
  "viewport": {"x": 0, "y": 0, "zoom": 1}
}"#;

const DRAWN: &str = r#"run-2 (activity) "Run" in tests {"activityName":"runTests","args":["input.a"]}
run-10 (signal) "Wait" in tests {"description":"why","signalName":"go"}
start (trigger) "Start" in - {}
tests (phase) "Tests" in - {"name":"TESTS"}
e1: start -> tests by - if - else -
e2: run-2 -> run-10 by - if result.ok else run-2
"#;

#[test]
fn the_builders_json() {
    let workflow = read_valid("flows/package-build.workflow.json", FULL);
    assert_eq!(drawing(&workflow), DRAWN);
    assert_eq!((workflow.name.as_str(), workflow.object.as_str()), ("package-build", "Workflow/package-build"));
    assert_eq!((workflow.workflow_type.text.as_str(), workflow.task_queue.as_str()), ("PackageBuildWorkflow", "default"));
}

#[test]
fn the_same_in_other_order_under_a_key_with_a_name() {
    let text = r#"{"workflow": {"edges": [
        {"id": "e2", "target": "run-10", "source": "run-2", "condition": "result.ok", "skipTo": "run-2"},
        {"id": "e1", "source": "start", "target": "tests"}
    ], "nodes": [
        {"id": "run-10", "type": "signal", "parentId": "tests", "data": {"label": "Wait", "config": {"description": "why", "signalName": "go"}}},
        {"id": "run-2", "type": "activity", "parentId": "tests", "data": {"label": "Run", "config": {"activityName": "runTests", "args": ["input.a"]}}},
        {"id": "tests", "type": "phase", "data": {"label": "Tests", "config": {"name": "TESTS"}}},
        {"id": "start", "type": "trigger", "data": {"label": "Start"}}
    ]}, "name": "MCPPoller"}"#;
    let workflow = read_valid("x.json", text);
    assert_eq!(drawing(&workflow), DRAWN);
    assert_eq!((workflow.name.as_str(), workflow.workflow_type.text.as_str()), ("MCPPoller", "MCPPollerWorkflow"));
}

#[test]
fn the_same_in_short_in_a_resource_with_nested_nodes() {
    let text = "
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: package-build, namespace: builds, labels: {team: a}}
spec:
  workflowType: Build
  taskQueue: engine
  versioningBehavior: AutoUpgrade
  definition:
    edges:
      - {id: e1, source: start, target: tests}
    nodes:
      - {id: start, type: trigger, label: Start}
      - id: tests
        type: phase
        label: Tests
        config: {name: TESTS}
        nodes:
          - {id: run-2, type: activity, label: Run, config: {activityName: runTests, args: [input.a]}}
          - {id: run-10, type: signal, label: Wait, description: why, config: {signalName: go}}
        edges:
          - {id: e2, source: run-2, target: run-10, condition: result.ok, skipTo: run-2}
status: {}
";
    let workflow = read_valid("x.yaml", text);
    assert_eq!(
        drawing(&workflow),
        DRAWN.replace(r#"{"description":"why","signalName":"go"}"#, r#"{"signalName":"go","description":"why"}"#)
    );
    assert_eq!(workflow.workflow_type.text, "Build");
    assert_eq!(workflow.task_queue, "engine");
    assert_eq!(workflow.versioning_behavior, VersioningBehavior::AutoUpgrade);
    assert_eq!(workflow.definition.nodes[0].config.path.to_string(), "spec.definition.nodes[1].nodes[0].config");
    assert_eq!(workflow.definition.nodes[0].kind_path.to_string(), "spec.definition.nodes[1].nodes[0].type");
}

#[test]
fn nested_nodes_may_stand_in_the_data_or_the_config() {
    let node = |place: &str| {
        let inner = r#""nodes": [{"id": "b", "type": "timer"}, {"id": "c", "type": "timer"}], "edges": [{"source": "b", "target": "c"}]"#;
        let (node, data, config) = match place {
            "node" => (format!(", {inner}"), String::new(), String::new()),
            "data" => (String::new(), format!(", {inner}"), String::new()),
            _ => (String::new(), String::new(), format!(", {inner}")),
        };
        format!(r#"{{"nodes": [{{"id": "a", "type": "loop", "data": {{"config": {{"forEach": "x"{config}}}{data}}}{node}}}]}}"#)
    };
    let drawn =
        "a (loop) \"-\" in - {\"forEach\":\"x\"}\nb (timer) \"-\" in a {}\nc (timer) \"-\" in a {}\nb->c: b -> c by - if - else -\n";
    for place in ["node", "data", "config"] {
        assert_eq!(drawing(&read_valid("flow.json", &node(place))), drawn, "{place}");
    }
}

#[test]
fn an_edge_without_an_id_is_named_by_its_ends() {
    let text = "nodes: [{id: a, type: condition}, {id: b, type: exit}]\nedges: [{source: a, target: b, sourceHandle: true}, {source: b, target: a}]";
    let workflow = read_valid("flow.yaml", text);
    let ids: Vec<_> = workflow.definition.edges.iter().map(|edge| edge.id.as_str()).collect();
    assert_eq!(ids, ["a->b:true", "b->a"]);
    assert_eq!(workflow.definition.edges[0].source_handle.as_deref(), Some("true"));
}

#[test]
fn several_documents_in_a_file() {
    let text = "\u{feff}# comments\n---\n---\nnodes: []\nname: one\n...\n---\napiVersion: warpline.dev/v1alpha1\nkind: ActivityModule\nmetadata: {name: build}\nspec:\n  path: activities\n  module: ./build\n  timeout: {startToClose: 10m}\n  activities:\n    test:\n    build:\n      signature: '() => Promise<void>'\n      retry: {maximumAttempts: 3}\n---\n# nothing\n";
    let (documents, found) = read_file("all.yaml", text);
    assert!(found.is_empty(), "{}", super::show(&documents, &found));
    assert_eq!(documents.workflows.iter().map(|workflow| workflow.object.as_str()).collect::<Vec<_>>(), ["Workflow/one"]);
    let module = &documents.modules[0];
    assert_eq!(
        (module.object.as_str(), module.path_in_source.as_ref().map(|path| path.text.as_str())),
        ("ActivityModule/build", Some("activities"))
    );
    let activities: Vec<_> = module.activities.iter().map(|activity| (activity.name.text.as_str(), activity.signature.is_some())).collect();
    assert_eq!(activities, [("build", true), ("test", false)]);
    assert_eq!(module.activities[0].name.path.to_string(), "spec.activities.build");
    assert_eq!(documents.file_of("ActivityModule/build"), Some("all.yaml"));
}

#[test]
fn an_object_of_the_api_reads_like_a_file() {
    let spec = serde_json::json!({"definition": {"nodes": [{"id": "a", "type": "trigger", "positon": 1}]}});
    let report = Report::new();
    let workflow = workflow_from_value("package-build", &spec, &report).expect("a workflow");
    assert_eq!(workflow.workflow_type.text, "PackageBuildWorkflow");
    let found = report.into_sorted();
    assert_eq!(found.iter().map(|found| found.path.to_string()).collect::<Vec<_>>(), ["spec.definition.nodes[0].positon"]);
}

#[test]
fn yaml_is_read_by_the_core_schema() {
    let value = |written: &str| {
        let text = format!("nodes:\n- id: a\n  type: t\n  config: {{v: {written}}}\nspare: 1\n");
        let (documents, _) = read_file("flow.yaml", &text);
        documents.workflows[0].definition.nodes[0].config.value["v"].to_string()
    };
    let table = [
        ("no", "\"no\""),
        ("on", "\"on\""),
        ("True", "true"),
        ("~", "null"),
        ("", "null"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("017", "17"),
        ("-3", "-3"),
        ("+3", "3"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.5e3", "1500.0"),
        (".5", "0.5"),
        ("1.", "1.0"),
        ("1_000", "\"1_000\""),
        ("2025-11-19", "\"2025-11-19\""),
        ("1:30", "\"1:30\""),
        ("1e", "\"1e\""),
        (".", "\".\""),
        ("!!str 1", "\"1\""),
        ("!!int '1'", "1"),
        ("'1'", "\"1\""),
        ("\"\\/\"", "\"/\""),
    ];
    for (written, json) in table {
        assert_eq!(value(written), json, "{written}");
    }
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "
nodes:
- {id: a, type: t, config: &base {x: 1, y: {z: 2}, k: &key name}}
- {id: b, type: t, config: {<<: *base, x: 3, n: *key}}
- {id: c, type: t, config: {<<: [{x: 4}, *base]}}
- {id: d, type: t, config: {'<<': text}}
";
    let workflow = read_valid("flow.yaml", text);
    let configs: Vec<_> = workflow.definition.nodes.iter().map(|node| node.config.value.to_string()).collect();
    assert_eq!(
        configs,
        [
            r#"{"x":1,"y":{"z":2},"k":"name"}"#,
            r#"{"x":3,"n":"name","y":{"z":2},"k":"name"}"#,
            r#"{"x":4,"y":{"z":2},"k":"name"}"#,
            r#"{"<<":"text"}"#,
        ]
    );
}
