//! Writes, as Kubernetes takes them: create, replace, merge patch, server-side apply, delete; with generations, finalizers and owners.
//! Knows metadata and schemas; must not know what an object means.

use super::fields::{self, Managers};
use super::refusal::Refusal;
use super::schema;
use super::store::{Key, State, Store, Stored};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Where a write goes, and on whose behalf.
pub struct Write<'a> {
    /// The object.
    pub key: Key,
    /// Whether it is about the status alone.
    pub is_status: bool,
    /// Who writes.
    pub manager: &'a str,
    /// Whether nothing is kept of it.
    pub is_dry: bool,
}

/// How an object is changed.
pub enum Change<'a> {
    /// It is made.
    Create(Value),
    /// It becomes this.
    Replace(Value),
    /// A JSON merge patch.
    Merge(&'a Value),
    /// What the writer says of it; by force or not.
    Apply(&'a Value, bool),
}

impl Store {
    /// Writes an object; as it is then.
    ///
    /// # Errors
    /// What Kubernetes would refuse.
    pub fn write(&self, write: &Write, change: Change) -> Result<Arc<Value>, Refusal> {
        let mut state = self.state();
        let stored = state.objects.get(&write.key).cloned();
        let is_new = stored.is_none();
        match (&change, is_new) {
            (Change::Create(_), false) => return Err(Refusal::exists(self, &write.key)),
            (Change::Replace(_) | Change::Merge(_), true) => return Err(Refusal::not_found(self, &write.key)),
            (Change::Apply(..), true) if write.is_status => return Err(Refusal::not_found(self, &write.key)),
            _ => {}
        }
        let before = stored.unwrap_or_else(|| Stored { object: Arc::new(json!({})), managers: Managers::new() });
        let (asked, managers) = self.asked(write, &before, change)?;
        let after = self.settled(write, &before.object, asked, is_new)?;
        if !is_new && *before.object == after {
            // Nothing is different: who owns what may be.
            if let Some(stored) = state.objects.get_mut(&write.key).filter(|_| !write.is_dry) {
                stored.managers = managers;
            }
            return Ok(before.object);
        }
        if write.is_dry {
            return Ok(Arc::new(after));
        }
        let is_over = after["metadata"].get("deletionTimestamp").is_some() && finalizers(&after) == 0;
        let mut written = state.put(write.key.clone(), after, managers);
        if is_over {
            written = state.take(&write.key).unwrap_or(written);
        }
        self.collect(&mut state);
        self.announce(state.version);
        Ok(written)
    }

    /// The object as the change asks for it, and who owns its fields then.
    fn asked(&self, write: &Write, before: &Stored, change: Change) -> Result<(Value, Managers), Refusal> {
        let mut managers = before.managers.clone();
        let old = &before.object;
        let precondition = |patch: &Value| self.precondition(write, old, patch);
        let written = |object: Value, managers: Managers| (part(write, old, object, self.kinds[write.key.0].has_status), managers);
        Ok(match change {
            Change::Create(object) => written(fields::without_nulls(object), managers),
            Change::Replace(object) => {
                precondition(&object)?;
                written(fields::without_nulls(object), managers)
            }
            Change::Merge(patch) => {
                precondition(patch)?;
                let mut object = Value::clone(old);
                fields::merge(&mut object, patch);
                written(object, managers)
            }
            Change::Apply(said, force) => {
                precondition(said)?;
                let said = said_part(write, fields::without_nulls(said.clone()), self.kinds[write.key.0].has_status);
                let manager = manager_of(write);
                let mut object = Value::clone(old);
                fields::apply(&mut object, &mut managers, &manager, &said, force)
                    .map_err(|taken| Refusal::conflict(self, &write.key, &format!("conflicts with {:?}", taken.first())))?;
                return Ok((object, managers));
            }
        })
        .map(|(object, mut managers): (Value, Managers)| {
            fields::updated(&ownable(old), &ownable(&object), &mut managers, &manager_of(write));
            (object, managers)
        })
    }

    /// A patch that names a resource version or a UID is meant for that object alone.
    fn precondition(&self, write: &Write, old: &Value, patch: &Value) -> Result<(), Refusal> {
        let named = |field: &str| patch["metadata"][field].as_str().filter(|text| !text.is_empty());
        let found = |field: &str| old["metadata"][field].as_str().unwrap_or_default();
        if let Some(uid) = named("uid").filter(|uid| *uid != found("uid")) {
            let message = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", found("uid"));
            return Err(Refusal::conflict(self, &write.key, &message));
        }
        if named("resourceVersion").is_some_and(|version| version != found("resourceVersion")) {
            let message = "the object has been modified; please apply your changes to the latest version and try again";
            return Err(Refusal::conflict(self, &write.key, message));
        }
        Ok(())
    }

    /// The object as it will be kept: completed, checked, with what only the server sets.
    fn settled(&self, write: &Write, before: &Value, mut object: Value, is_new: bool) -> Result<Value, Refusal> {
        let kind = &self.kinds[write.key.0];
        let (_, namespace, name) = &write.key;
        object["apiVersion"] = json!(kind.api_version());
        object["kind"] = json!(kind.kind);
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        if let Some(schema) = &kind.schema {
            schema::complete(&mut object, schema);
            let refused = schema::refusals(&object, schema);
            if !refused.is_empty() {
                return Err(Refusal::invalid(self, &write.key, &refused));
            }
        }
        let old = &before["metadata"];
        let metadata = object["metadata"].as_object_mut().ok_or_else(|| Refusal::bad_request("metadata is no object"))?;
        metadata.remove("managedFields");
        metadata.retain(|_, value| {
            !value.is_null() && !value.as_object().is_some_and(Map::is_empty) && !value.as_array().is_some_and(Vec::is_empty)
        });
        metadata.insert("name".to_owned(), json!(name));
        if kind.namespaced {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        for field in ["uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            match old.get(field) {
                Some(kept) => drop(metadata.insert(field.to_owned(), kept.clone())),
                None => drop(metadata.remove(field)),
            }
        }
        if is_new {
            metadata.insert("uid".to_owned(), json!(uuid::Uuid::new_v4().to_string()));
            metadata.insert("creationTimestamp".to_owned(), json!(now()));
            metadata.insert("generation".to_owned(), json!(1));
        } else if content(before) != content(&object) {
            let generation = old["generation"].as_i64().unwrap_or(1) + 1;
            object["metadata"]["generation"] = json!(generation);
        }
        Ok(object)
    }

    /// Deletes an object, or marks it where finalizers hold it; as it is then, and whether it is still there.
    ///
    /// # Errors
    /// It isn't there, or isn't the one that is meant.
    pub fn delete(&self, key: &Key, preconditions: &Value, is_dry: bool) -> Result<(Arc<Value>, bool), Refusal> {
        let mut state = self.state();
        let Some(stored) = state.objects.get(key).cloned() else { return Err(Refusal::not_found(self, key)) };
        let named = ["uid", "resourceVersion"].map(|field| (field, preconditions[field].as_str()));
        if let Some((field, _)) =
            named.into_iter().find(|(field, named)| named.is_some_and(|named| stored.object["metadata"][*field] != named))
        {
            return Err(Refusal::conflict(self, key, &format!("Precondition failed: {field} is another one")));
        }
        if is_dry {
            return Ok((stored.object, true));
        }
        let (object, is_there) = remove(&mut state, key, stored);
        self.collect(&mut state);
        self.announce(state.version);
        Ok((object, is_there))
    }

    /// Deletes what is owned by nobody that is there any more, and takes owners that are gone from the rest.
    fn collect(&self, state: &mut State) {
        loop {
            let there = state.uids();
            let is_gone = |owner: &Value| !owner["uid"].as_str().is_some_and(|uid| there.contains(uid));
            let orphan = state.objects.iter().find(|(_, stored)| owners(stored).iter().any(is_gone) && !is_left(stored, &is_gone));
            let Some((key, stored)) = orphan.map(|(key, stored)| (key.clone(), stored.clone())) else { return };
            let kept: Vec<Value> = owners(&stored).iter().filter(|owner| !is_gone(owner)).cloned().collect();
            if kept.is_empty() {
                remove(state, &key, stored);
            } else {
                let mut object = Value::clone(&stored.object);
                object["metadata"]["ownerReferences"] = json!(kept);
                state.put(key, object, stored.managers);
            }
        }
    }
}

fn owners(stored: &Stored) -> &[Value] {
    stored.object["metadata"]["ownerReferences"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether it is already on its way out, and only its finalizers keep it.
fn is_left(stored: &Stored, is_gone: &impl Fn(&Value) -> bool) -> bool {
    stored.object["metadata"].get("deletionTimestamp").is_some() && owners(stored).iter().all(is_gone)
}

fn remove(state: &mut State, key: &Key, stored: Stored) -> (Arc<Value>, bool) {
    if finalizers(&stored.object) == 0 {
        return (state.take(key).unwrap_or(stored.object), false);
    }
    if stored.object["metadata"].get("deletionTimestamp").is_some() {
        return (stored.object, true);
    }
    let mut object = Value::clone(&stored.object);
    object["metadata"]["deletionTimestamp"] = json!(now());
    object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(1) + 1;
    object["metadata"]["generation"] = json!(generation);
    (state.put(key.clone(), object, stored.managers), true)
}

fn finalizers(object: &Value) -> usize {
    object["metadata"]["finalizers"].as_array().map_or(0, Vec::len)
}

/// Seconds, as Kubernetes writes times.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Owners of fields of the status are others.
fn manager_of(write: &Write) -> String {
    format!("{}{}", write.manager, if write.is_status { "/status" } else { "" })
}

/// What a write on this path changes: the status alone, or everything but the status.
fn part(write: &Write, old: &Value, mut object: Value, has_status: bool) -> Value {
    if !has_status {
        return object;
    }
    if write.is_status {
        let status = object.get("status").cloned();
        object = old.clone();
        set(&mut object, "status", status);
    } else {
        set(&mut object, "status", old.get("status").cloned());
    }
    object
}

/// What is said on this path, without what only names the object.
fn said_part(write: &Write, said: Value, has_status: bool) -> Value {
    if write.is_status {
        return said.get("status").map_or_else(|| json!({}), |status| json!({"status": status}));
    }
    let mut said = ownable(&said);
    if has_status {
        set(&mut said, "status", None);
    }
    said
}

/// An object without what names it and what the server sets.
fn ownable(object: &Value) -> Value {
    let mut object = object.clone();
    set(&mut object, "apiVersion", None);
    set(&mut object, "kind", None);
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| matches!(key.as_str(), "labels" | "annotations" | "finalizers" | "ownerReferences"));
        if metadata.is_empty() {
            set(&mut object, "metadata", None);
        }
    }
    object
}

fn set(object: &mut Value, field: &str, value: Option<Value>) {
    if let Some(object) = object.as_object_mut() {
        match value {
            Some(value) => drop(object.insert(field.to_owned(), value)),
            None => drop(object.remove(field)),
        }
    }
}

/// What the generation counts the changes of.
fn content(object: &Value) -> Value {
    let mut object = object.clone();
    for field in ["metadata", "status"] {
        set(&mut object, field, None);
    }
    object
}
