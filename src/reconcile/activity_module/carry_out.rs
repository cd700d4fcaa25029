//! Doing what was decided: Jobs begun and cancelled, with what they are asked and what they may reach.

use crate::api::{ActivityModule, ActivityModuleStatus};
use crate::definition::Duration as Span;
use crate::plan::build::{Begin, Origin, Task, Wish};
use crate::plan::objects::{BuildJob, BuildOwner, Files, Pack, build_job, build_network_policy, build_request, registry_config};
use crate::reconcile::{Context, Error};
use crate::registry;
use flate2::{Compression, GzBuilder};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use std::io::Write;

/// How long a build may take where the spec does not say, in seconds.
const DEADLINE: u64 = 600;

/// Why no Job could be begun: reason and message of something that somebody has to mend.
pub type Refused = (String, String);

/// Begins a Job.
///
/// # Errors
/// The API server's; within, what has to be mended.
pub async fn begin(
    module: &ActivityModule,
    context: &Context,
    wish: &Wish,
    status: &ActivityModuleStatus,
    begin: &Begin,
) -> Result<Result<(), Refused>, Error> {
    let (namespace, name) = (module.namespace().unwrap_or_default(), module.name_any());
    let settings = &context.settings.builds;
    let (Some(repository), Some(operator_image)) = (context.module_repository(&namespace, &name), settings.operator_image.as_deref())
    else {
        let message =
            "nothing is built here: install Warpline with builds.imageRepository (and the operator's own image, which the chart sets)";
        return Ok(Err(("NoImageRepository".to_owned(), message.to_owned())));
    };
    let spec = &module.spec;
    let build = spec.build.clone().unwrap_or_default();
    let npm_registry = match &wish.origin {
        Origin::Npm(npm) => npm.registry.clone(),
        Origin::Source { .. } => settings.npm_registry.clone(),
    }
    .filter(|registry| !registry.is_empty());
    let Some(npm_registry) = npm_registry else {
        let message = "no npm registry is named: set spec.npm.registry, or install Warpline with builds.npmRegistry";
        return Ok(Err(("NoNpmRegistry".to_owned(), message.to_owned())));
    };
    // A pod with a Secret that is not there would wait for it, and say nothing, until its deadline.
    if let Err(refused) = secrets(module, context, &namespace).await? {
        return Ok(Err(refused));
    }
    let lock = match lock(context, &namespace, status, begin).await {
        Ok(lock) => lock,
        Err(refused) => return Ok(Err(refused)),
    };
    let export = spec.module.clone().unwrap_or_else(|| ".".to_owned());
    let is_declared = !spec.activities.is_empty();
    let pack = (begin.task != Task::Look)
        .then(|| Pack { image: operator_image, arguments: arguments(context, wish, &repository, &export, is_declared) });
    let plain = |place: &str| settings.plain_http_registries.iter().any(|registry| place.starts_with(&format!("{registry}/")));
    let artifact = spec.source.as_ref().and_then(|source| source.oci.as_deref());
    let source = match (spec.source.as_ref().and_then(|source| source.config_map.as_deref()), artifact) {
        (Some(name), _) => Some(Files::ConfigMap(name)),
        (None, Some(artifact)) => Some(Files::Artifact { artifact, image: operator_image, plain_http: plain(artifact) }),
        (None, None) => None,
    };
    let deadline = match deadline(build.deadline.as_ref()) {
        Ok(deadline) => deadline,
        Err(message) => return Ok(Err(("BuildInvalid".to_owned(), message))),
    };
    let job = BuildJob {
        name: &begin.job,
        request: request(wish, &build.allow_scripts, build.require_lockfile, &build.allowed_registries, &npm_registry, begin),
        lock,
        worker_image: &context.settings.worker_image,
        pack,
        npm_secret: spec.npm.as_ref().and_then(|npm| npm.secret_name.as_deref()),
        source,
        source_path: spec.source.as_ref().and_then(|source| source.path.as_deref()),
        runs_scripts: !build.allow_scripts.is_empty(),
        resources: build.resources.as_ref(),
        deadline,
        image_secret: settings.image_secret.as_deref(),
    };
    let owner = BuildOwner { namespace: &namespace, module: &name, reference: module.controller_owner_ref(&()).unwrap_or_default() };
    let wanted = match build_job(&owner, &job) {
        Ok(wanted) => wanted,
        Err(message) => return Ok(Err(("BuildInvalid".to_owned(), message))),
    };
    if settings.network_policy {
        let reached = [npm_registry.as_str(), &repository, &context.settings.worker_image].into_iter().chain(artifact);
        context.cluster.apply(&build_network_policy(&owner, &reached.collect::<Vec<_>>())).await?;
    }
    let mut asked = build_request(&owner, &job);
    context.cluster.apply(&asked).await?;
    let made = context.cluster.apply(&wanted).await?;
    // It goes with the Job.
    asked.metadata.owner_references = made.controller_owner_ref(&()).map(|owner| vec![owner]);
    context.cluster.apply(&asked).await?;
    Ok(Ok(()))
}

/// Whether the Secrets are there that a build's pod is given.
async fn secrets(module: &ActivityModule, context: &Context, namespace: &str) -> Result<Result<(), Refused>, Error> {
    if let Err(refused) = context.registries.of(namespace).await {
        return Ok(Err(refused));
    }
    let Some(name) = module.spec.npm.as_ref().and_then(|npm| npm.secret_name.as_deref()) else { return Ok(Ok(())) };
    Ok(match context.cluster.mark::<Secret>(namespace, name).await? {
        Some(_) => Ok(()),
        None => Err((
            "SecretMissing".to_owned(),
            format!(
                "the Secret {name} of spec.npm.secretName is not in the namespace: kubectl --namespace {namespace} create secret generic {name} \
                 --from-literal=token=…, or with username and password"
            ),
        )),
    })
}

/// Ends a Job that is of no use any more.
///
/// # Errors
/// The API server's.
pub async fn cancel(context: &Context, namespace: &str, job: &str) -> Result<(), Error> {
    context.cluster.delete::<Job>(namespace, job).await?;
    context.cluster.delete::<ConfigMap>(namespace, job).await?;
    Ok(())
}

fn request(wish: &Wish, scripts: &[String], require_lockfile: bool, registries: &[String], registry: &str, begin: &Begin) -> Value {
    let mut request = json!({
        "mode": if begin.task == Task::Look { "look" } else { "install" },
        "registry": registry, "allowScripts": scripts, "requireLockfile": require_lockfile, "allowedRegistries": registries,
    });
    if let Origin::Npm(npm) = &wish.origin {
        request["npm"] = json!({"package": npm.package, "version": npm.version.as_deref().unwrap_or("latest")});
    }
    if let Task::Pinned(resolved) = &begin.task {
        request["expected"] = json!({"version": resolved.version});
        if let Some(integrity) = &resolved.integrity {
            request["expected"]["integrity"] = json!(integrity);
        }
    }
    request
}

/// `warpline pack`'s.
fn arguments(context: &Context, wish: &Wish, repository: &str, export: &str, is_declared: bool) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["pack", "--tree", "/work/tree", "--resolution", "/work/resolution.json", "--scratch", "/work/scratch"].map(str::to_owned).into();
    arguments.extend(["--base".to_owned(), context.settings.worker_image.clone()]);
    arguments.extend(["--repository".to_owned(), repository.to_owned(), "--export".to_owned(), export.to_owned()]);
    let package = match &wish.origin {
        Origin::Npm(npm) => Some(&npm.package),
        Origin::Source { files, .. } => files.package.as_ref(),
    };
    arguments.extend(package.into_iter().flat_map(|package| ["--package".to_owned(), package.clone()]));
    if is_declared {
        arguments.push("--declared".to_owned());
    }
    if context.settings.builds.image_secret.is_some() {
        arguments.extend(["--registry-config".to_owned(), registry_config()]);
    }
    let plain = &context.settings.builds.plain_http_registries;
    if plain.iter().any(|registry| repository.starts_with(&format!("{registry}/"))) {
        arguments.push("--plain-http".to_owned());
    }
    arguments
}

/// The compressed lock file of a tree that was built before: the same version is built with the same tree.
async fn lock(context: &Context, namespace: &str, status: &ActivityModuleStatus, begin: &Begin) -> Result<Option<Vec<u8>>, Refused> {
    let (Task::Pinned(resolved), Some(accepted)) = (&begin.task, &status.accepted) else { return Ok(None) };
    if resolved.version != accepted.version || resolved.integrity != accepted.integrity || resolved.integrity.is_none() {
        return Ok(None);
    }
    let fail = |error: registry::Error| (error.reason().to_owned(), format!("the lock file of {}: {error}", accepted.image));
    let registry = context.registries.of(namespace).await?;
    let image = registry::reference(&accepted.image).map_err(fail)?;
    let record = registry.record(&image, &accepted.record).await.map_err(fail)?;
    let text = registry.blob(&image, &record.lockfile).await.map_err(fail)?;
    let mut compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = compressed.write_all(&text);
    Ok(compressed.finish().ok())
}

/// In seconds; else what is wrong with it.
fn deadline(given: Option<&Value>) -> Result<i64, String> {
    let seconds = match given.map(|given| (given, Span::parse(given))) {
        None => DEADLINE,
        Some((_, Some(span))) => span.millis.div_ceil(1000).max(30),
        Some((given, None)) => return Err(format!("spec.build.deadline is {given}, which is no length of time: write `10m` or `1h`")),
    };
    Ok(i64::try_from(seconds).unwrap_or(i64::MAX))
}
