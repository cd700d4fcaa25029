//! What versions that take executions do with the states that runs of other versions carry: compared once, told to Temporal, remembered in the status.
//! Runs ask there before they continue as new. Until a version is told of, runs stay where they are.

use super::content::Target;
use super::observe::Scene;
use crate::api::{TakenState, WorkerVersion};
use crate::plan::states::{self, Carried};
use crate::reconcile::{Context, Error};
use crate::typecheck;
use kube::ResourceExt;
use std::collections::BTreeMap;

/// Where workers look, see `worker/src/upgrades.ts`.
const KEY: &str = "warpline.dev/states";

/// What is new, by the versions' names.
pub type Takes = BTreeMap<String, Vec<TakenState>>;

/// Compares what was not compared yet, and tells Temporal.
pub async fn compare(scene: &Scene, context: &Context, target: &Target) -> Result<Takes, Error> {
    let mut takes = forgotten(scene);
    let Some(server) = &scene.server else { return Ok(takes) };
    let ramping = server.ramping.as_ref().and_then(|ramp| ramp.build_id.clone());
    let takers = [server.current.clone(), ramping, target.build_id()];
    for version in &scene.versions {
        let build_id = &version.spec.build_id;
        let is_known = server.versions.iter().any(|known| known.build_id == *build_id);
        if !is_known || !takers.iter().flatten().any(|taker| taker == build_id) {
            continue;
        }
        let last = version.status.as_ref().map(|status| status.takes.clone()).unwrap_or_default();
        let now = answers(scene, context, version, &last).await?;
        if now == last {
            continue;
        }
        if let Some(client) = &scene.client {
            client.describe_version(&scene.deployment, build_id, KEY, &states::metadata(&now)).await?;
            takes.insert(version.name_any(), now);
        }
    }
    Ok(takes)
}

/// What the server knows no longer, since it forgot the version: it is told anew when the version is there again.
fn forgotten(scene: &Scene) -> Takes {
    let known = |version: &WorkerVersion| {
        scene.server.iter().flat_map(|server| &server.versions).any(|known| known.build_id == version.spec.build_id)
    };
    let has_any = |version: &WorkerVersion| version.status.as_ref().is_some_and(|status| !status.takes.is_empty());
    let versions = scene.versions.iter().filter(|version| scene.is_answered && has_any(version) && !known(version));
    versions.map(|version| (version.name_any(), Vec::new())).collect()
}

/// The answers for every state that is carried now: both versions never change, so each is compared once.
async fn answers(scene: &Scene, context: &Context, version: &WorkerVersion, last: &[TakenState]) -> Result<Vec<TakenState>, Error> {
    let mut answers = Vec::new();
    for carried in states::carried(version, scene.versions.iter().map(AsRef::as_ref)) {
        let is_that = |taken: &&TakenState| taken.workflow_type == carried.taker.workflow_type && taken.form == carried.state.form;
        answers.push(match last.iter().find(is_that) {
            Some(known) => known.clone(),
            None => carried.answered(taken(context, &carried).await?),
        });
    }
    Ok(answers)
}

/// The form as which a state is taken: one that the version knows, or the newest one that it fits.
async fn taken(context: &Context, carried: &Carried<'_>) -> Result<Result<String, String>, Error> {
    if let Some(known) = carried.known() {
        return Ok(Ok(known.to_owned()));
    }
    let unknown = || {
        Ok(Err(
            "its type is of a package, or too long to be kept, so it cannot be compared; only runs with the very same type move".to_owned()
        ))
    };
    let Some(before) = &carried.state.types else { return unknown() };
    let own = carried.taker.forms.first();
    let earlier = carried.taker.forms.iter().skip(1).rev();
    let mut first = None;
    for form in own.into_iter().chain(earlier) {
        let Some(now) = &form.types else { continue };
        let difference = match context.compiler.compare_states(before, now).await {
            Ok(None) => return Ok(Ok(form.form.clone())),
            Ok(Some(difference)) => difference.to_string(),
            Err(typecheck::Error::Compiler(why)) => format!("the types cannot be compared: {why}"),
            Err(error) => return Err(Error::Defect(error.to_string())),
        };
        first.get_or_insert(states::advice(&difference));
    }
    first.map_or_else(unknown, |why| Ok(Err(why)))
}
