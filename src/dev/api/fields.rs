//! Who owns which field: what server-side apply and merge patches do to an object.
//! Pure. Lists belong to one manager as a whole; a cluster's server also merges some lists by their keys, which no writer here needs.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The keys that lead to a value.
pub type Path = Vec<String>;

/// The fields of each manager.
pub type Managers = BTreeMap<String, BTreeSet<Path>>;

/// The paths of everything that is no object with fields.
pub fn leaves(value: &Value) -> BTreeSet<Path> {
    fn walk(value: &Value, at: &mut Path, found: &mut BTreeSet<Path>) {
        match value.as_object().filter(|object| !object.is_empty()) {
            Some(object) => {
                for (key, value) in object {
                    at.push(key.clone());
                    walk(value, at, found);
                    at.pop();
                }
            }
            None => drop(found.insert(at.clone())),
        }
    }
    let mut found = BTreeSet::new();
    walk(value, &mut Vec::new(), &mut found);
    found
}

/// The value at a path.
pub fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.as_object()?.get(key))
}

/// Removes the value at a path, and the objects around it that have nothing else.
fn remove(value: &mut Value, path: &[String]) {
    let (Some(object), Some((first, rest))) = (value.as_object_mut(), path.split_first()) else { return };
    if rest.is_empty() {
        object.remove(first);
        return;
    }
    if let Some(inner) = object.get_mut(first) {
        remove(inner, rest);
        if inner.as_object().is_some_and(Map::is_empty) {
            object.remove(first);
        }
    }
}

/// Puts the fields of `from` over those of `into`: objects are merged, everything else is taken whole.
fn overlay(into: &mut Value, from: &Value) {
    match (into.as_object_mut(), from.as_object()) {
        (Some(into), Some(from)) => {
            for (key, value) in from {
                overlay(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *into = from.clone(),
    }
}

/// An object without its nulls: they say nothing.
pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key, without_nulls(value))).collect(),
        ),
        Value::Array(values) => Value::Array(values.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// What `manager` says of an object in place of what it said before. Fields that it no longer names, and that nobody else owns, go.
///
/// # Errors
/// Where it is not to take fields from others: whose fields it would change.
pub fn apply(object: &mut Value, managers: &mut Managers, manager: &str, said: &Value, force: bool) -> Result<(), Vec<(String, Path)>> {
    let now = if said.as_object().is_some_and(Map::is_empty) { BTreeSet::new() } else { leaves(said) };
    let taken: Vec<(String, Path)> = managers
        .iter()
        .filter(|(other, _)| *other != manager)
        .flat_map(|(other, paths)| paths.iter().map(move |path| (other.clone(), path.clone())))
        .filter(|(_, path)| now.contains(path) && at(object, path) != at(said, path))
        .collect();
    if !force && !taken.is_empty() {
        return Err(taken);
    }
    let before = managers.remove(manager).unwrap_or_default();
    for path in before.difference(&now).filter(|path| !managers.values().any(|paths| paths.contains(*path))) {
        remove(object, path);
    }
    overlay(object, said);
    for (other, path) in taken {
        if let Some(paths) = managers.get_mut(&other) {
            paths.remove(&path);
        }
    }
    managers.retain(|_, paths| !paths.is_empty());
    if !now.is_empty() {
        managers.insert(manager.to_owned(), now);
    }
    Ok(())
}

/// After a write that was no apply: what changed belongs to who wrote it.
pub fn updated(before: &Value, after: &Value, managers: &mut Managers, manager: &str) {
    let (old, new) = (leaves(before), leaves(after));
    let changed: BTreeSet<Path> = new.iter().filter(|path| at(before, path) != at(after, path)).cloned().collect();
    for paths in managers.values_mut() {
        paths.retain(|path| !changed.contains(path) && (new.contains(path) || !old.contains(path)));
    }
    managers.retain(|_, paths| !paths.is_empty());
    if !changed.is_empty() {
        managers.entry(manager.to_owned()).or_default().extend(changed);
    }
}

/// A JSON merge patch (RFC 7386).
pub fn merge(object: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(object) = object.as_object_mut() else { return };
    for (key, value) in fields {
        if value.is_null() {
            object.remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_manager_says_no_longer_goes_unless_somebody_else_says_it() {
        let (mut object, mut managers) = (json!({}), Managers::new());
        apply(&mut object, &mut managers, "one", &json!({"a": 1, "b": {"c": 2, "d": 3}, "list": [1, 2]}), true).unwrap();
        apply(&mut object, &mut managers, "two", &json!({"b": {"c": 2}}), true).unwrap();
        apply(&mut object, &mut managers, "one", &json!({"list": [3]}), true).unwrap();
        assert_eq!(object, json!({"b": {"c": 2}, "list": [3]}));
        apply(&mut object, &mut managers, "two", &json!({}), true).unwrap();
        assert_eq!(object, json!({"list": [3]}));
    }

    #[test]
    fn fields_are_taken_by_force_or_not_at_all() {
        let (mut object, mut managers) = (json!({}), Managers::new());
        apply(&mut object, &mut managers, "one", &json!({"a": 1}), false).unwrap();
        assert!(apply(&mut object, &mut managers, "two", &json!({"a": 1}), false).is_ok(), "the same value is shared");
        let refused = apply(&mut object, &mut managers, "two", &json!({"a": 2}), false).unwrap_err();
        assert_eq!(refused, [("one".to_owned(), vec!["a".to_owned()])]);
        apply(&mut object, &mut managers, "two", &json!({"a": 2}), true).unwrap();
        apply(&mut object, &mut managers, "one", &json!({}), true).unwrap();
        assert_eq!(object, json!({"a": 2}), "it is no longer the first one's");
    }

    #[test]
    fn what_is_patched_belongs_to_who_patched_it() {
        let (mut object, mut managers) = (json!({}), Managers::new());
        apply(&mut object, &mut managers, "one", &json!({"a": 1, "b": 1}), true).unwrap();
        let before = object.clone();
        merge(&mut object, &json!({"a": 2, "b": null, "c": {"d": null, "e": 1}}));
        assert_eq!(object, json!({"a": 2, "c": {"e": 1}}));
        updated(&before, &object, &mut managers, "person");
        apply(&mut object, &mut managers, "one", &json!({}), true).unwrap();
        assert_eq!(object, json!({"a": 2, "c": {"e": 1}}));
    }
}
