//! What the schema of a custom resource does to an object: fields that it doesn't know are dropped, defaults are filled in, and what it refuses is refused.
//! Pure. Rules in CEL (`x-kubernetes-validations`) are not looked at: what they refuse on a cluster is taken here.

use regex::Regex;
use serde_json::{Map, Value};

/// Drops what the schema doesn't know and fills in what it sets.
pub fn complete(object: &mut Value, schema: &Value) {
    let (apart, metadata) = (object.get("apiVersion").cloned().zip(object.get("kind").cloned()), object.get("metadata").cloned());
    fit(object, schema);
    let Some(object) = object.as_object_mut() else { return };
    if let Some((version, kind)) = apart {
        object.insert("apiVersion".to_owned(), version);
        object.insert("kind".to_owned(), kind);
    }
    if let Some(metadata) = metadata {
        object.insert("metadata".to_owned(), metadata);
    }
}

fn is_open(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

fn fit(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(object) => {
            let properties = schema["properties"].as_object();
            let rest = schema.get("additionalProperties").filter(|rest| rest.is_object());
            if properties.is_some() && rest.is_none() && !is_open(schema) {
                object.retain(|key, _| properties.is_some_and(|known| known.contains_key(key)));
            }
            for (name, property) in properties.into_iter().flatten() {
                if let Some(default) = property.get("default").filter(|_| !object.contains_key(name)) {
                    object.insert(name.clone(), default.clone());
                }
            }
            for (key, inner) in object.iter_mut() {
                if let Some(schema) = properties.and_then(|known| known.get(key)).or(rest) {
                    fit(inner, schema);
                }
            }
        }
        Value::Array(items) => {
            let schema = &schema["items"];
            items.iter_mut().for_each(|item| fit(item, schema));
        }
        _ => {}
    }
}

/// What the schema refuses, each as `path: why`, in the words of Kubernetes.
pub fn refusals(object: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = object.get(name).filter(|_| name != "metadata") {
            check(value, property, name, &mut found);
        }
    }
    required(object.as_object(), schema, "", &mut found);
    found
}

fn required(object: Option<&Map<String, Value>>, schema: &Value, path: &str, found: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if object.is_some_and(|object| !object.contains_key(name)) {
            found.push(format!("{}: Required value", [path, name].join(".").trim_start_matches('.')));
        }
    }
}

fn check(value: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    let mut refuse = |why: String| found.push(format!("{path}: {why}"));
    if value.is_null() {
        if schema["nullable"] != true && schema.get("type").is_some() {
            refuse("Invalid value: \"null\"".to_owned());
        }
        return;
    }
    let wanted = schema["type"].as_str();
    if wanted.is_some_and(|wanted| !is_of(value, wanted)) {
        return refuse(format!("Invalid value: {value}: must be of type {}", wanted.unwrap_or_default()));
    }
    if schema["x-kubernetes-int-or-string"] == true && !(is_of(value, "integer") || value.is_string()) {
        return refuse(format!("Invalid value: {value}: must be an integer or a string"));
    }
    if let Some(known) = schema["enum"].as_array().filter(|known| !known.contains(value)) {
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        refuse(format!("Unsupported value: {value}: supported values: {}", known.join(", ")));
    }
    bounds(value, schema, &mut refuse);
    match value {
        Value::Object(object) => {
            let (properties, rest) = (&schema["properties"], schema.get("additionalProperties").filter(|rest| rest.is_object()));
            for (key, inner) in object {
                if let Some(schema) = properties.get(key).or(rest) {
                    check(inner, schema, &format!("{path}.{key}"), found);
                }
            }
            required(Some(object), schema, path, found);
        }
        Value::Array(items) => {
            let schema = &schema["items"];
            items.iter().enumerate().for_each(|(at, item)| check(item, schema, &format!("{path}[{at}]"), found));
        }
        _ => {}
    }
}

fn is_of(value: &Value, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        _ => true,
    }
}

fn bounds(value: &Value, schema: &Value, refuse: &mut impl FnMut(String)) {
    let size = match value {
        Value::String(text) => Some((text.chars().count(), "minLength", "maxLength", "long")),
        Value::Array(items) => Some((items.len(), "minItems", "maxItems", "items")),
        Value::Object(object) => Some((object.len(), "minProperties", "maxProperties", "properties")),
        _ => None,
    };
    if let Some((size, least, most, what)) = size {
        let size = size as u64;
        if let Some(least) = schema[least].as_u64().filter(|least| size < *least) {
            refuse(format!("Invalid value: should be at least {least} {what}"));
        }
        if let Some(most) = schema[most].as_u64().filter(|most| size > *most) {
            refuse(format!("Too long: may not be more than {most} {what}"));
        }
    }
    if let Some(number) = value.as_f64() {
        if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
            refuse(format!("Invalid value: {value}: should be greater than or equal to {least}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
            refuse(format!("Invalid value: {value}: should be less than or equal to {most}"));
        }
    }
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str()) {
        let matches = Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
        if !matches {
            refuse(format!("Invalid value: {value}: should match '{pattern}'"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({"type": "object", "required": ["spec"], "properties": {
            "apiVersion": {"type": "string"}, "metadata": {"type": "object"},
            "spec": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
                "replicas": {"type": "integer", "minimum": 0, "default": 1},
                "kind": {"type": "string", "enum": ["A", "B"]},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "delay": {"x-kubernetes-int-or-string": true},
                "many": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}}},
            }},
        }})
    }

    #[test]
    fn what_is_unknown_is_dropped_and_defaults_are_filled_in() {
        let mut object = json!({"apiVersion": "v", "kind": "K", "metadata": {"name": "n"}, "spec": {"name": "a", "x": 1, "open": {"y": 2}, "many": {"m": {"a": "1", "b": 2}}}, "z": 1});
        complete(&mut object, &schema());
        let spec = json!({"name": "a", "open": {"y": 2}, "many": {"m": {"a": "1"}}, "replicas": 1});
        assert_eq!(object, json!({"metadata": {"name": "n"}, "apiVersion": "v", "spec": spec, "kind": "K"}));
    }

    #[test]
    fn what_the_schema_refuses_is_refused_with_its_place() {
        let refused = |spec: Value| refusals(&json!({"spec": spec}), &schema());
        assert_eq!(refused(json!({"name": "abc", "replicas": 2.0, "delay": "1h"})), [""; 0]);
        assert_eq!(refused(json!({"name": "ABCDEF"})).len(), 2);
        for (spec, place) in [
            (json!({}), "spec.name: Required"),
            (json!({"name": 1}), "spec.name: Invalid value: 1: must be of type string"),
            (json!({"name": "a", "replicas": -1}), "spec.replicas: Invalid value: -1"),
            (json!({"name": "a", "kind": "C"}), "spec.kind: Unsupported value"),
            (json!({"name": "a", "delay": 1.5}), "spec.delay: Invalid value"),
            (json!({"name": "a", "many": {"m": {"a": 1}}}), "spec.many.m.a: Invalid value"),
        ] {
            let refused = refused(spec);
            assert!(matches!(refused.as_slice(), [one] if one.starts_with(place)), "{place}: {refused:?}");
        }
        assert_eq!(refusals(&json!({}), &schema()), ["spec: Required value"]);
    }
}
