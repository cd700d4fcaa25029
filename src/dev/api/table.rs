//! Tables, which `kubectl get` shows: the columns that a custom resource names, or name and age.
//! Pure.

use super::kinds::Kind;
use serde_json::{Value, json};
use std::sync::Arc;

/// The table of some objects.
pub fn table(kind: &Kind, objects: &[Arc<Value>], metadata: Value) -> Value {
    let age = ("Age".to_owned(), "date".to_owned(), ".metadata.creationTimestamp".to_owned());
    let columns: Vec<_> = if kind.columns.is_empty() { vec![age] } else { kind.columns.clone() };
    let mut definitions = vec![json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0})];
    definitions.extend(columns.iter().map(|(name, of, _)| {
        // Dates are shown as they are written: kubectl leaves their age to the server.
        let of = if of == "date" { "string" } else { of };
        json!({"name": name, "type": of, "format": "", "description": "", "priority": 0})
    }));
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut cells = vec![object["metadata"]["name"].clone()];
            cells.extend(columns.iter().map(|(_, _, path)| at(object, path).cloned().unwrap_or(json!(""))));
            let partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
            json!({"cells": cells, "object": partial})
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows})
}

/// The value at a path as printer columns have it: `.a.b`, `.a[?(@.type=="X")].b`.
fn at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = object;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[?(@.") {
            let (test, after) = after.split_once(")]")?;
            let (key, wanted) = test.split_once("==")?;
            value = value.as_array()?.iter().find(|item| item[key].as_str() == Some(wanted.trim_matches(['"', '\''])))?;
            rest = after;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            value = value.get(&after[..end])?;
            rest = &after[end..];
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_in_objects() {
        let object = json!({"spec": {"a": 1}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!(at(&object, ".spec.a"), Some(&json!(1)));
        assert_eq!(at(&object, ".status.conditions[?(@.type==\"Ready\")].status"), Some(&json!("True")));
        assert_eq!(at(&object, ".status.conditions[?(@.type==\"Live\")].status"), None);
    }
}
