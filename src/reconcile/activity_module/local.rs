//! A module whose package lies in a folder of this machine (`warpline dev`): its content is kept under its digest, which is its build.
//! A build that Workflows don't fit is used all the same, other than on a cluster: here both sides are edited by one person, in either order, and what no
//! longer fits runs on with the build that it was compiled with.

use super::judge::{self, Verdict};
use crate::api::conditions::{BUILT, Conditions, READY, RECONCILING, STALLED, Status, VALID};
use crate::api::{AcceptedBuild, ActivityModule, ActivityModuleStatus, DeclarationsReference};
use crate::project::{Frozen, exports, freeze};
use crate::reconcile::Context;
use crate::reconcile::activities::names;
use crate::reconcile::images::local_image;
use jiff::Timestamp;
use kube::ResourceExt;
use std::path::Path;

/// The status; what there is of packages is kept below `kept`.
pub async fn status(module: &ActivityModule, context: &Context, folder: &str, kept: &Path) -> ActivityModuleStatus {
    let last = module.status.clone().unwrap_or_default();
    let (accepted, refused) = match build(module, context, folder, kept, last.accepted.as_ref()).await {
        Ok(accepted) => (Some(accepted), None),
        Err(why) => (last.accepted.clone(), Some(why)),
    };
    let known = ActivityModule { status: Some(ActivityModuleStatus { accepted: accepted.clone(), ..last.clone() }), ..module.clone() };
    let shared = super::declared::shared(&known, context, &module.namespace().unwrap_or_default());
    ActivityModuleStatus {
        observed_generation: module.metadata.generation,
        conditions: conditions(module, &last, accepted.as_ref(), refused.as_ref(), shared),
        source: Some(format!("path:{folder}")),
        activities: i32::try_from(names(&known).len()).unwrap_or(i32::MAX),
        retired: super::retire(&last, accepted.as_ref(), None),
        accepted,
        ..ActivityModuleStatus::default()
    }
}

fn conditions(
    module: &ActivityModule,
    last: &ActivityModuleStatus,
    accepted: Option<&AcceptedBuild>,
    refused: Option<&(String, String)>,
    shared: Option<String>,
) -> Vec<crate::api::Condition> {
    let mut conditions = Conditions::from(&last.conditions, module.metadata.generation, Timestamp::now());
    let (reason, message) = refused.map_or(("", ""), |(reason, message)| (reason, message));
    match refused {
        None => {
            conditions.set(BUILT, true, "Kept", accepted.map(|build| build.image.clone()).unwrap_or_default());
            let word = if shared.is_some() { "ActivityTwice" } else { "Valid" };
            conditions.set(VALID, true, word, shared.unwrap_or_default());
        }
        Some(_) => {
            conditions.set(BUILT, false, reason, message);
            conditions.set(VALID, false, reason, message);
        }
    }
    match accepted {
        Some(build) if refused.is_none() => conditions.set(READY, true, "Accepted", format!("workflows call {}", build.image)),
        Some(build) => {
            conditions.set(READY, true, "LastGoodBuild", format!("workflows call {}, the last good one: {message}", build.image));
        }
        None => conditions.set(READY, Status::False, reason, message),
    }
    conditions.set(RECONCILING, false, "Settled", "");
    conditions.set(STALLED, refused.is_some(), if refused.is_some() { reason } else { "Settled" }, message);
    conditions.into_list()
}

/// The build of what the folder holds now; else reason and message.
async fn build(
    module: &ActivityModule,
    context: &Context,
    folder: &str,
    kept: &Path,
    last: Option<&AcceptedBuild>,
) -> Result<AcceptedBuild, (String, String)> {
    let refuse = |reason: &str, message: String| (reason.to_owned(), message);
    let (from, to) = (Path::new(folder).to_owned(), kept.to_owned());
    let frozen = tokio::task::spawn_blocking(move || freeze(&from, &to)).await.map_err(|error| refuse("Defect", error.to_string()))?;
    let frozen = frozen.map_err(|error| refuse(error.reason(), error.to_string()))?;
    let spec = &module.spec;
    let export = spec.module.clone().unwrap_or_else(|| ".".to_owned());
    let key =
        crate::version::digest([("package", frozen.digest.as_bytes()), ("spec", serde_json::to_vec(spec).unwrap_or_default().as_slice())]);
    if let Some(last) = last.filter(|last| last.key == key) {
        return Ok(last.clone());
    }
    let candidate = candidate(module, context, &frozen, key, export).await?;
    match judge::holds_together(module, context, &module.namespace().unwrap_or_default(), &candidate).await {
        Ok(()) => Ok(candidate),
        Err(Verdict::Refused(reason, message) | Verdict::Later(reason, message)) => Err((reason, message)),
        Err(Verdict::Accepted(candidate)) => Ok(*candidate),
    }
}

async fn candidate(
    module: &ActivityModule,
    context: &Context,
    frozen: &Frozen,
    key: String,
    export: String,
) -> Result<AcceptedBuild, (String, String)> {
    let Frozen { digest, folder, manifest } = frozen;
    let refuse = |reason: &str, message: String| Err((reason.to_owned(), message));
    let package = manifest["name"].as_str().unwrap_or_default().to_owned();
    if package.is_empty() {
        return refuse("PackageUnnamed", "the package.json has no `name`: give it one".to_owned());
    }
    let Some((code, types)) = exports::code(manifest, &export).zip(exports::types(manifest, &export)) else {
        let known = exports::exports(manifest).join(", ");
        return refuse("NoSuchExport", format!("the package {package} has no export `{export}`; it has {known}: name one in spec.module"));
    };
    if !folder.join(&code).is_file() {
        return refuse(
            "PackageNotBuilt",
            format!("the package {package} has no {code}: build it (`npm ci && npm run build` in its folder)"),
        );
    }
    let declared: Vec<String> = module.spec.activities.keys().cloned().collect();
    let types = Some(types.trim_start_matches("./").to_owned()).filter(|types| folder.join(types).is_file());
    let activities = match &types {
        None if declared.is_empty() => {
            return refuse(
                "NoTypes",
                format!(
                    "the export `{export}` of {package} has no .d.ts: build the package with declarations, or declare its activities in spec.activities"
                ),
            );
        }
        None => declared,
        Some(_) => {
            let specifier = export.strip_prefix("./").map_or_else(|| package.clone(), |below| format!("{package}/{below}"));
            let exported = context.compiler.functions(specifier, (package.clone(), folder.clone())).await;
            let exported = exported.map_err(|why| ("TypeCheckFailed".to_owned(), why))?;
            if let Some(missing) = declared.iter().find(|name| !exported.contains(name)) {
                let exported = exported.join(", ");
                return refuse(
                    "NoSuchActivity",
                    format!("spec.activities names `{missing}`, which {package} does not export from `{export}`; it exports {exported}"),
                );
            }
            exported
        }
    };
    Ok(AcceptedBuild {
        key,
        image: local_image(&package, digest),
        record: digest.clone(),
        base: context.settings.worker_image.clone(),
        version: manifest["version"].as_str().unwrap_or("0.0.0").to_owned(),
        package,
        integrity: None,
        folder: folder.display().to_string(),
        export,
        activities,
        declarations: types.map(|file| DeclarationsReference { digest: digest.clone(), file }),
    })
}
