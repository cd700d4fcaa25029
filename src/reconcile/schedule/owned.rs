//! The Schedule that a Workflow's trigger node asks for: made, kept and removed with it. Fields that others set stay theirs.

use crate::api::labels::{MANAGED_BY, OPERATOR, TRIGGERED_BY};
use crate::api::{Schedule, Workflow};
use crate::compile::{self, TriggerSchedule};
use crate::definition::workflow_from_value;
use crate::diagnostic::Report;
use crate::reconcile::{Context, Error, Stores};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};
use serde_json::{Map, Value, json};

/// Makes the Schedule of a Workflow's trigger what the trigger says, or removes it where the trigger says nothing.
///
/// # Errors
/// The API server's.
pub async fn ensure(workflow: &Workflow, context: &Context) -> Result<(), Error> {
    let (namespace, name) = (workflow.namespace().unwrap_or_default(), workflow.name_any());
    let there = Stores::find(&context.stores.schedules, &namespace, &name);
    let is_ours = there.as_ref().is_some_and(|there| there.labels().get(TRIGGERED_BY) == Some(&name));
    let Some(asked) = trigger(workflow) else {
        if is_ours {
            context.cluster.delete::<Schedule>(&namespace, &name).await?;
        }
        return Ok(());
    };
    // One that a user wrote under this name stays the user's.
    if there.is_some() && !is_ours {
        return Ok(());
    }
    let wanted = spec(&name, &asked);
    let digest = crate::version::digest([("spec", Value::Object(wanted.clone()).to_string().as_bytes())]);
    let is_as_asked = |there: &Schedule| {
        let spec = serde_json::to_value(&there.spec).unwrap_or_default();
        there.annotations().get(APPLIED) == Some(&digest) && wanted.iter().all(|(field, value)| spec.get(field) == Some(value))
    };
    if there.as_deref().is_some_and(is_as_asked) {
        return Ok(());
    }
    let owner = OwnerReference { block_owner_deletion: None, ..workflow.controller_owner_ref(&()).unwrap_or_default() };
    let object = json!({
        "apiVersion": Schedule::api_version(&()), "kind": Schedule::kind(&()),
        "metadata": {
            "name": name, "namespace": namespace,
            "labels": {MANAGED_BY: OPERATOR, TRIGGERED_BY: name},
            "annotations": {APPLIED: digest},
            "ownerReferences": [owner],
        },
        "spec": wanted,
    });
    context.cluster.apply_fields::<Schedule>(&namespace, &name, &object).await?;
    Ok(())
}

/// What was applied: what the trigger no longer says is found by it.
const APPLIED: &str = "warpline.dev/applied";

/// Only what the trigger says: the rest has defaults, and is for users to set.
fn spec(workflow: &str, asked: &TriggerSchedule) -> Map<String, Value> {
    let mut spec = Map::new();
    spec.insert("workflow".to_owned(), workflow.into());
    spec.insert("cron".to_owned(), asked.cron.text.clone().into());
    if let Some(zone) = &asked.time_zone {
        spec.insert("timeZone".to_owned(), zone.text.clone().into());
    }
    if let Some(input) = &asked.input {
        spec.insert("input".to_owned(), input.value.clone());
    }
    spec
}

/// The schedule that the trigger asks for, where it is one. What is wrong with it is the Workflow's own diagnostics to say.
fn trigger(workflow: &Workflow) -> Option<TriggerSchedule> {
    let spec = serde_json::to_value(&workflow.spec).ok()?;
    let report = Report::new();
    let read = workflow_from_value(&workflow.name_any(), &spec, &report)?;
    compile::schedule(&read, &report)
}
