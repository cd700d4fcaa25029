//! The custom resources: what is committed in crds/ is current, and their schemas know the fields that the reader knows.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use serde_json::{Map, Value, json};
use std::path::PathBuf;
use warpline::api::{ActivityModuleSpec, Workflow, WorkflowSpec, crds};
use warpline::definition::{SourceFile, module_from_value, read, schedule_from_value, workflow_from_value};
use warpline::diagnostic::{Code, Report};

/// `UPDATE=1 cargo test --test api` writes them anew.
#[test]
fn the_committed_definitions_are_current() {
    for crd in crds() {
        let value = serde_json::to_value(&crd).expect("JSON");
        let yaml = serde_saphyr::to_string(&value).expect("YAML");
        let name = crd.metadata.name.as_deref().expect("a name");
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "crds", &format!("{name}.yaml")].iter().collect();
        let text = format!("# Generated from src/api/; `UPDATE=1 cargo test --test api` writes it anew.\n{yaml}");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
            std::fs::write(&path, &text).expect("a writable file");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{} is not current: run `UPDATE=1 cargo test --test api`", path.display());
    }
}

/// The names of the fields that the schema of `kind` has at `path` (the names of fields, from the spec on).
fn schema_fields(kind: &str, path: &[&str]) -> Vec<String> {
    let crd = crds().into_iter().find(|crd| crd.spec.names.kind == kind).expect("the kind");
    let mut schema = serde_json::to_value(&crd.spec.versions[0].schema).expect("JSON")["openAPIV3Schema"]["properties"]["spec"].take();
    for name in path {
        schema = match *name {
            "*" => schema["additionalProperties"].take(),
            "[]" => schema["items"].take(),
            name => schema["properties"][name].take(),
        };
    }
    let mut names: Vec<_> = schema["properties"].as_object().expect("properties").keys().cloned().collect();
    names.sort();
    names
}

/// The names of the fields that a reader knows: what it says when it meets one that is near no other.
fn known_fields(report: Report, wrong: &str) -> Vec<String> {
    let found = report.into_sorted();
    let unknown =
        found.iter().find(|found| found.code == Code::UNKNOWN_FIELD && found.path.to_string().ends_with(wrong)).expect("an unknown field");
    let suggestion = unknown.suggestion.as_deref().expect("a suggestion");
    let mut names: Vec<_> = suggestion.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.sort();
    names
}

const WRONG: &str = "surely-no-field-has-such-a-name";

#[test]
fn schemas_and_readers_know_the_same_fields() {
    let report = Report::new();
    workflow_from_value("a", &json!({WRONG: 1, "definition": {"nodes": []}}), &report);
    assert_eq!(schema_fields("Workflow", &[]), known_fields(report, WRONG));

    let report = Report::new();
    schedule_from_value("a", &json!({WRONG: 1, "workflow": "b"}), &report);
    assert_eq!(schema_fields("Schedule", &[]), known_fields(report, WRONG));
    for list in ["calendars", "exclude"] {
        let report = Report::new();
        schedule_from_value("a", &json!({"workflow": "b", list: [{WRONG: 1}]}), &report);
        assert_eq!(schema_fields("Schedule", &[list, "[]"]), known_fields(report, WRONG));
    }

    let nested: [(&[&str], Value); 5] = [
        (&["source"], json!({"source": {"configMap": "a", WRONG: 1}})),
        (&["build"], json!({"build": {WRONG: 1}})),
        (&[], json!({WRONG: 1})),
        (&["npm"], json!({"npm": {"package": "a", WRONG: 1}})),
        (&["activities", "*"], json!({"activities": {"a": {WRONG: 1}}})),
    ];
    for (path, spec) in nested {
        let report = Report::new();
        module_from_value("a", &spec, &report);
        assert_eq!(schema_fields("ActivityModule", path), known_fields(report, WRONG), "{path:?}");
    }
}

#[test]
fn an_object_that_went_through_the_api_reads_like_its_file() {
    let text = "
apiVersion: warpline.dev/v1alpha1
kind: Workflow
metadata: {name: package-build}
spec:
  workflowType: Build
  versioningBehavior: AutoUpgrade
  input: {packageName: string}
  state: BuildState
  types: interface BuildState {}
  helpers: 'function one() { return 1; }'
  definition:
    nodes: [{id: b, type: trigger, data: {label: B, config: {z: 1, a: [2, {y: 3}]}}}, {id: a, type: exit}]
    edges: [{id: e, source: b, target: a}]
    cleanup: {activities: [report]}
";
    let report = Report::new();
    let mut documents = read(vec![SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() }], &report);
    let from_file = documents.workflows.remove(0);

    let yaml: Value = json!({
        "apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "package-build"},
        "spec": {
            "workflowType": "Build", "versioningBehavior": "AutoUpgrade", "input": {"packageName": "string"}, "state": "BuildState",
            "types": "interface BuildState {}", "helpers": "function one() { return 1; }",
            "definition": {
                "nodes": [{"id": "b", "type": "trigger", "data": {"label": "B", "config": {"z": 1, "a": [2, {"y": 3}]}}}, {"id": "a", "type": "exit"}],
                "edges": [{"id": "e", "source": "b", "target": "a"}],
                "cleanup": {"activities": ["report"]},
            },
        },
    });
    let object: Workflow = serde_json::from_value(yaml).expect("a Workflow");
    let spec = serde_json::to_value(&object.spec).expect("JSON");
    let from_api = workflow_from_value("package-build", &spec, &report).expect("a workflow");
    assert_eq!(from_api, from_file);
    assert!(report.into_sorted().is_empty());
}

/// YAML 1.1, which kubectl reads, takes an unquoted `on` for the truth value.
#[test]
fn a_state_update_that_went_through_kubectl_reads_like_its_file() {
    let spec = |key: &str| json!({"definition": {"nodes": [{"id": "a", "type": "trigger"}, {"id": "b", "type": "phase", "config": {"stateUpdates": [{key: "success", "update": "done"}]}}]}});
    let report = Report::new();
    assert_eq!(workflow_from_value("a", &spec("true"), &report), workflow_from_value("a", &spec("on"), &report));
}

#[test]
fn what_an_object_leaves_out_stays_out() {
    let spec: WorkflowSpec = serde_json::from_value(json!({"definition": {}})).expect("a spec");
    assert_eq!(
        serde_json::to_value(&spec).expect("JSON"),
        json!({"taskQueue": "default", "versioningBehavior": "Pinned", "deletionPolicy": "Drain", "definition": {}})
    );
    let spec: ActivityModuleSpec = serde_json::from_value(json!({"activities": {"a": null}})).expect("a spec");
    assert_eq!(serde_json::to_value(&spec).expect("JSON"), json!({"activities": {"a": null}}));
}

/// The API server refuses a schema whose parts have no type, unless it is told to take anything there.
#[test]
fn schemas_are_structural() {
    for crd in crds() {
        let schema = serde_json::to_value(&crd.spec.versions[0].schema).expect("JSON")["openAPIV3Schema"].take();
        check_structural(&schema, &crd.spec.names.kind);
    }
}

fn check_structural(schema: &Value, at: &str) {
    let is_open = schema["x-kubernetes-preserve-unknown-fields"] == true || schema["x-kubernetes-int-or-string"] == true;
    assert!(schema["type"].is_string() || is_open, "{at} has no type");
    assert!(schema["$ref"].is_null() && schema["anyOf"].is_null() && schema["oneOf"].is_null(), "{at} is not structural");
    let is_root = !at.contains('.');
    assert!(
        is_root || at.matches('.').count() == 1 || schema["description"].is_string() || at.ends_with(".*") || at.ends_with("[]"),
        "{at} has no description"
    );
    for (name, property) in schema["properties"].as_object().unwrap_or(&Map::new()) {
        check_structural(property, &format!("{at}.{name}"));
    }
    if schema["additionalProperties"].is_object() {
        check_structural(&schema["additionalProperties"], &format!("{at}.*"));
    }
    if schema["items"].is_object() {
        check_structural(&schema["items"], &format!("{at}[]"));
    }
}
