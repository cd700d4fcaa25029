//! A builder's export as the `Workflow` that it means: what a cluster would be given in its place.
//! Pure.

use crate::definition::workflow_type_of;
use serde_json::{Map, Value, json};

/// What belongs to the drawing; the rest stands beside it.
const DRAWING: [&str; 5] = ["nodes", "edges", "signals", "queries", "cleanup"];
/// What a builder adds for itself.
const ITS_OWN: [&str; 4] = ["id", "name", "version", "viewport"];

/// The object; none where the document is no export. `stem` names one that has no name.
pub fn workflow(document: &Value, stem: &str) -> Option<Value> {
    if document.get("kind").is_some() {
        return None;
    }
    let body = document.get("workflow").unwrap_or(document);
    body.get("definition").unwrap_or(body).get("nodes")?;
    let named = |value: &Value| value["name"].as_str().filter(|name| !name.trim().is_empty()).map(str::to_owned);
    let name = named(body).or_else(|| named(document)).unwrap_or_else(|| stem.to_owned());
    let (mut spec, mut drawing) = (Map::new(), Map::new());
    for (key, value) in body.as_object()?.iter().filter(|(key, _)| !ITS_OWN.contains(&key.as_str())) {
        if DRAWING.contains(&key.as_str()) { &mut drawing } else { &mut spec }.insert(key.clone(), value.clone());
    }
    spec.entry("definition").or_insert(Value::Object(drawing));
    spec.entry("workflowType").or_insert_with(|| json!(workflow_type_of(&name)));
    Some(json!({"apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": object_name(&name)}, "spec": spec}))
}

/// A name that an object may have.
fn object_name(name: &str) -> String {
    let mut text = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        // `PackageBuild` is `package-build`.
        if c.is_ascii_uppercase() && was_lower {
            text.push('-');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        text.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    }
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "workflow".to_owned() } else { parts.join("-").chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_the_workflow_that_it_means() {
        let export = json!({"id": "7", "name": "Build packages", "nodes": [1], "edges": [], "input": "string"});
        let object = workflow(&export, "stem").unwrap();
        assert_eq!(object["metadata"]["name"], "build-packages");
        assert_eq!(
            object["spec"],
            json!({"input": "string", "definition": {"nodes": [1], "edges": []}, "workflowType": workflow_type_of("Build packages")})
        );
        let nested = json!({"workflow": {"definition": {"nodes": []}, "workflowType": "Own"}});
        let object = workflow(&nested, "PackageBuild").unwrap();
        assert_eq!(object["metadata"]["name"], "package-build");
        assert_eq!(object["spec"], json!({"definition": {"nodes": []}, "workflowType": "Own"}));
        assert_eq!(workflow(&json!({"kind": "Workflow", "nodes": []}), "stem"), None);
        assert_eq!(workflow(&json!({"a": 1}), "stem"), None);
    }
}
