//! What of a spec matters: without positions and styles, in one order; and the words that could name other objects.
//! Depends on the keys that `graph` leaves out; must not know what a definition means.

use super::graph::{EDGE_CANVAS, NODE_CANVAS};
use serde_json::Value;
use std::collections::BTreeSet;

/// The spec without what a canvas keeps for itself: the keys in order, nodes and edges by their ids. Two specs with one essence compile to the same code.
#[must_use]
pub fn essence(spec: &Value) -> Value {
    object(spec, |key, value| if key == "definition" { drawing(value) } else { in_order(value) })
}

/// Something that holds nodes and edges: the definition, or what a node says of itself.
fn drawing(value: &Value) -> Value {
    object(value, |key, value| match key {
        "nodes" => elements(value, NODE_CANVAS),
        "edges" => elements(value, EDGE_CANVAS),
        _ => in_order(value),
    })
}

/// Nodes or edges, by their ids.
fn elements(value: &Value, canvas: &[&str]) -> Value {
    let Value::Array(values) = value else { return in_order(value) };
    let element = |value: &Value| {
        let kept = object(&drawing(value), |key, value| if matches!(key, "data" | "config") { inner(value) } else { value.clone() });
        without(kept, canvas)
    };
    let mut values: Vec<Value> = values.iter().map(element).collect();
    values.sort_by_cached_key(|value| value.get("id").map(Value::to_string));
    Value::Array(values)
}

/// The `data` of a node, and the `config` in it: both may hold nested nodes.
fn inner(value: &Value) -> Value {
    object(&drawing(value), |key, value| if key == "config" { drawing(value) } else { value.clone() })
}

fn without(value: Value, keys: &[&str]) -> Value {
    match value {
        Value::Object(object) => Value::Object(object.into_iter().filter(|(key, _)| !keys.contains(&key.as_str())).collect()),
        other => other,
    }
}

fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(_) => object(value, |_, value| in_order(value)),
        Value::Array(values) => Value::Array(values.iter().map(in_order).collect()),
        other => other.clone(),
    }
}

/// An object with its keys in order, each value made anew; what is no object stays as it is.
fn object(value: &Value, each: impl Fn(&str, &Value) -> Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let mut entries: Vec<(&String, &Value)> = object.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    Value::Object(entries.into_iter().filter(|(key, _)| *key != "viewport").map(|(key, value)| (key.clone(), each(key, value))).collect())
}

/// Every word in the strings of a value, and every string as it is: whatever another object is named by is among them.
#[must_use]
pub fn words(value: &Value) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    gather(value, &mut words);
    words
}

fn gather<'a>(value: &'a Value, words: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            words.insert(text);
            words
                .extend(text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'))).filter(|word| !word.is_empty()));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, words)),
        Value::Object(object) => object.values().for_each(|value| gather(value, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moved_node_changes_nothing_and_a_config_does() {
        let drawing = |x: i32, timeout: &str| {
            json!({"definition": {"viewport": {"zoom": x}, "nodes": [
                {"id": "b", "type": "timer", "position": {"x": x}, "data": {"config": {"duration": timeout}}}, {"id": "a", "type": "trigger", "selected": x > 1},
            ]}})
        };
        assert_eq!(essence(&drawing(1, "1s")), essence(&drawing(2, "1s")));
        assert_ne!(essence(&drawing(1, "1s")), essence(&drawing(1, "2s")));
        let turned = json!({"definition": {"nodes": [
            {"type": "trigger", "id": "a"}, {"id": "b", "data": {"config": {"duration": "1s"}}, "type": "timer"},
        ]}});
        assert_eq!(essence(&turned), essence(&drawing(1, "1s")));
        let list = |first: i32, second: i32| json!({"definition": {"nodes": [{"id": "a", "config": {"arguments": {"nodes": [{"id": first}, {"id": second}]}}}]}});
        assert_ne!(essence(&list(1, 2)), essence(&list(2, 1)), "the order of a list that a user gives is kept");
    }

    #[test]
    fn words_are_found_in_every_string() {
        let value = json!({"activity": "runBuild", "types": "import { A } from 'build-activities';", "n": [1, {"x": "a.b"}]});
        let words = words(&value);
        for word in ["runBuild", "A", "build-activities", "a.b"] {
            assert!(words.contains(word), "{word}");
        }
    }
}
