//! An `ActivityModule`: resolved, built, judged and accepted where it is built; else, whether its declarations can be used.

mod carry_out;
mod declared;
mod judge;
mod local;
mod observe;
mod say;

use super::left_images::stays;
use super::{Again, Context, Error, Stores};
use crate::api::{ActivityModule, ActivityModuleSpec, ActivityModuleStatus, labels};
use crate::definition::Duration as Span;
use crate::plan::build::{Observed, Plan, SourceFiles, Standing, Wish, is_about_credentials, is_passing, plan, wait};
use crate::version::digest;
use jiff::Timestamp;
use judge::Verdict;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;
use say::Outcome;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How long to wait before a build is judged again that could not be judged.
const JUDGE_AGAIN: Duration = Duration::from_secs(10);
/// How long to wait before a Secret is looked at again that is missing or holds what is refused: no watch tells of it.
const SECRET_AGAIN: Duration = Duration::from_secs(15);

/// How long to wait before a build is begun again that could not be, where neither tells when that is of use.
const BEGIN_AGAIN: Duration = Duration::from_secs(600);

/// Brings a module one step on.
///
/// # Errors
/// The API server's.
pub async fn reconcile(module: Arc<ActivityModule>, context: Arc<Context>) -> Result<Again, Error> {
    let namespace = module.namespace().unwrap_or_default();
    if module.metadata.deletion_timestamp.is_some() || context.stores.is_terminating(&namespace) {
        leave_queue(&context, &namespace, &module.name_any());
        return Ok(None);
    }
    let last = module.status.clone().unwrap_or_default();
    let here = context.settings.builds.local.as_ref().zip(module.spec.path.as_ref());
    let asked = match here {
        Some(_) => Ok(None),
        None => wish(&module, &context, &namespace).await?,
    };
    let (mut status, again) = match asked {
        Ok(_) if let Some((kept, folder)) = here => (local::status(&module, &context, folder, kept).await, None),
        Ok(Some(wish)) => built(&module, &context, &wish, &last).await?,
        Ok(None) => {
            leave_queue(&context, &namespace, &module.name_any());
            (declared::status(&module, &context), None)
        }
        Err((reason, message)) => (say::refused(&module, &last, &reason, &message), None),
    };
    forget(&module, &context, &namespace, &mut status).await;
    for told in say::transitions(&last, &status) {
        context.cluster.tell(module.as_ref(), told).await;
    }
    context.cluster.write_status(module.as_ref(), module.status.as_ref(), &status).await?;
    Ok(again)
}

/// What is to be built; none where nothing is. Within, what has to be mended.
async fn wish(module: &ActivityModule, context: &Context, namespace: &str) -> Result<Result<Option<Wish>, (String, String)>, Error> {
    let spec = &module.spec;
    let files = match source_files(spec, context, namespace).await? {
        Ok(files) => files,
        Err(refused) => return Ok(Err(refused)),
    };
    let interval = match &spec.update_interval {
        None => None,
        Some(given) => match Span::parse(given) {
            Some(span) => Some(Duration::from_millis(span.millis).max(Duration::from_secs(30))),
            None => {
                let message = format!("spec.updateInterval is {given}, which is no length of time: write `30m` or `1h`");
                return Ok(Err(("DurationInvalid".to_owned(), message)));
            }
        },
    };
    let registry = context.settings.builds.npm_registry.clone().unwrap_or_default();
    let Some(wish) = Wish::of(spec, module.metadata.generation.unwrap_or(0), &registry, &files, interval) else { return Ok(Ok(None)) };
    let secrets = spec.npm.iter().filter_map(|npm| npm.secret_name.as_ref()).chain(&context.settings.builds.image_secret);
    let mut marks = Vec::new();
    for name in secrets {
        marks.push(context.cluster.mark::<Secret>(namespace, name).await?.unwrap_or_default());
    }
    let annotation = |name: &str| module.annotations().get(name).filter(|value| !value.is_empty()).cloned();
    let wish = Wish { update: annotation(labels::UPDATE), retry: annotation(labels::RETRY), ..wish.with_secrets(&marks) };
    Ok(Ok(Some(wish.hold(&module.status.clone().unwrap_or_default()))))
}

/// The files of a source; nothing where there is none. Within, what has to be mended.
async fn source_files(
    spec: &ActivityModuleSpec,
    context: &Context,
    namespace: &str,
) -> Result<Result<SourceFiles, (String, String)>, Error> {
    let Some(source) = &spec.source else { return Ok(Ok(SourceFiles::default())) };
    let Some(name) = &source.config_map else {
        // What it names can't change.
        return Ok(Ok(SourceFiles { content: source.oci.clone().unwrap_or_default(), ..SourceFiles::default() }));
    };
    let missing = |message: String| Ok(Err(("SourceMissing".to_owned(), message)));
    let Some(found) = context.cluster.get::<ConfigMap>(namespace, name).await? else {
        return missing(format!("the ConfigMap {name} of spec.source is not in the namespace"));
    };
    let text = found.data.into_iter().flatten().map(|(name, text)| (name, text.into_bytes()));
    let all: BTreeMap<String, Vec<u8>> = text.chain(found.binary_data.into_iter().flatten().map(|(name, bytes)| (name, bytes.0))).collect();
    let folder = source.path.as_deref().map(|path| path.trim_matches('/').replace('/', "__"));
    let manifest =
        folder.filter(|folder| !folder.is_empty()).map_or_else(|| "package.json".to_owned(), |folder| format!("{folder}__package.json"));
    let read = all.get(&manifest).and_then(|text| serde_json::from_slice::<serde_json::Value>(text).ok()).unwrap_or_default();
    let field = |name: &str| read[name].as_str().map(str::to_owned);
    let (package, version) = (field("name"), field("version"));
    if package.is_none() {
        return missing(format!("the ConfigMap {name} of spec.source has no {manifest} with a name: add it as a key"));
    }
    let content = digest(all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    Ok(Ok(SourceFiles { package, version, content }))
}

async fn built(
    module: &ActivityModule,
    context: &Context,
    wish: &Wish,
    last: &ActivityModuleStatus,
) -> Result<(ActivityModuleStatus, Again), Error> {
    let (namespace, name) = (module.namespace().unwrap_or_default(), module.name_any());
    let jobs = observe::jobs(context, &namespace, &name);
    let base = context.settings.worker_image.as_str();
    let step = |may_begin| plan(&Observed { now: Timestamp::now(), module: &name, wish, last, jobs: &jobs, base, may_begin });
    let mut plan = step(false);
    if plan.wants_place && take_place(context, &namespace, &name) {
        plan = step(true);
    }
    for job in &plan.cancel {
        carry_out::cancel(context, &namespace, job).await?;
    }
    let mut outcome = None;
    if let Some(begin) = &plan.begin
        && let Err((reason, message)) = carry_out::begin(module, context, wish, &plan.status, begin).await?
    {
        // Nothing was begun: the status stays as it was.
        plan.status = last.clone();
        plan.again = if is_about_credentials(&reason) { Some(SECRET_AGAIN) } else { wait(&reason, 1).or(Some(BEGIN_AGAIN)) };
        outcome = Some(if is_passing(&reason) { Outcome::Waits(reason, message) } else { Outcome::Refused(reason, message) });
    }
    if outcome.is_some() || !(plan.wants_place || plan.is_busy) {
        leave_queue(context, &namespace, &name);
    } else if plan.is_busy {
        context.queue_of_builds.lock().unwrap_or_else(PoisonError::into_inner).runs(&namespace, &name);
    }
    let (outcome, again) = match outcome {
        Some(outcome) => (outcome, plan.again),
        None => outcome_of(module, context, &mut plan).await,
    };
    plan.status.retired = retire(last, plan.status.accepted.as_ref(), plan.status.build.as_ref());
    let shared = declared::shared(module, context, &namespace);
    Ok((say::status(module, wish, plan.status, &outcome, shared), again))
}

/// How it stands, once a build that waits for it was judged.
async fn outcome_of(module: &ActivityModule, context: &Context, plan: &mut Plan) -> (Outcome, Again) {
    let namespace = module.namespace().unwrap_or_default();
    let status = &mut plan.status;
    match &plan.standing {
        Standing::Queued => (Outcome::Waits("Queued".to_owned(), "other builds run; this one is in the queue".to_owned()), plan.again),
        Standing::Building(job) => {
            let problem = observe::problem(context, &namespace, job).map(|(reason, message)| format!(" ({reason}: {message})"));
            let message = format!("job/{job} runs{}; kubectl logs job/{job} --all-containers", problem.unwrap_or_default());
            (Outcome::Waits("Building".to_owned(), message), plan.again)
        }
        Standing::Failed(failure, at) => {
            let job = status.build.as_ref().map(|build| build.job.clone()).unwrap_or_default();
            let message = format!("{}; kubectl logs job/{job} --all-containers says more", failure.message);
            let outcome = match at {
                Some(_) if is_passing(&failure.reason) => Outcome::Waits(failure.reason.clone(), message),
                _ => Outcome::Refused(failure.reason.clone(), message),
            };
            // Sooner than it is tried again where nothing changed: a Secret that was mended is taken at once.
            let again = if is_about_credentials(&failure.reason) { Some(SECRET_AGAIN) } else { plan.again };
            (outcome, again)
        }
        Standing::Settled => {
            let declared = judge::declared(&module.spec);
            match status.judged.replace(declared.clone()).filter(|judged| *judged != declared) {
                // One that was accepted before this was noted counts as judged.
                None => (Outcome::Settled, plan.again),
                Some(before) => {
                    status.judged = Some(before);
                    let (build, resolved) = (status.build.clone().unwrap_or_default(), status.resolved.clone().unwrap_or_default());
                    let verdict = judge::judge_again(module, context, &build, &resolved).await;
                    pronounced(module, status, verdict, plan.again)
                }
            }
        }
        Standing::Candidate => {
            let (build, resolved) = (status.build.clone().unwrap_or_default(), status.resolved.clone().unwrap_or_default());
            let verdict = judge::judge(module, context, &build, &resolved).await;
            pronounced(module, status, verdict, plan.again)
        }
    }
}

/// How it stands after a verdict.
fn pronounced(module: &ActivityModule, status: &mut ActivityModuleStatus, verdict: Verdict, again: Again) -> (Outcome, Again) {
    match verdict {
        Verdict::Accepted(accepted) => {
            status.accepted = Some(*accepted);
            status.judged = Some(judge::declared(&module.spec));
            (Outcome::Settled, again)
        }
        Verdict::Refused(reason, message) => (Outcome::Refused(reason, message), again),
        Verdict::Later(reason, message) => (Outcome::Waits(reason, message), Some(JUDGE_AGAIN)),
    }
}

/// Images that were in use, and that the new status does not name.
fn retire(
    last: &ActivityModuleStatus,
    accepted: Option<&crate::api::AcceptedBuild>,
    build: Option<&crate::api::BuildStatus>,
) -> Vec<String> {
    let named = |image: &String| {
        accepted.is_some_and(|accepted| accepted.image == *image) || build.is_some_and(|build| build.image.as_ref() == Some(image))
    };
    let before =
        last.accepted.iter().map(|accepted| accepted.image.clone()).chain(last.build.iter().filter_map(|build| build.image.clone()));
    let mut retired: Vec<String> = last.retired.iter().cloned().chain(before).filter(|image| !named(image)).collect();
    retired.sort();
    retired.dedup();
    retired
}

/// Deletes retired images that nothing needs any more.
async fn forget(module: &ActivityModule, context: &Context, namespace: &str, status: &mut ActivityModuleStatus) {
    let mut kept = Vec::new();
    for image in std::mem::take(&mut status.retired) {
        if context.needs(namespace, &image) {
            kept.push(image);
            continue;
        }
        match context.delete_image(namespace, &image).await {
            Ok(()) => {}
            Err(undeleted) if undeleted.may_pass => kept.push(image),
            Err(undeleted) => context.cluster.tell(module, stays(&image, &undeleted)).await,
        }
    }
    status.retired = kept;
}

fn take_place(context: &Context, namespace: &str, name: &str) -> bool {
    context.queue_of_builds.lock().unwrap_or_else(PoisonError::into_inner).ask(namespace, name)
}

/// The module builds nothing now; who waited longest goes on.
fn leave_queue(context: &Context, namespace: &str, name: &str) {
    let next = context.queue_of_builds.lock().unwrap_or_else(PoisonError::into_inner).done(namespace, name);
    for (namespace, name) in next {
        if Stores::find(&context.stores.modules, &namespace, &name).is_some() {
            context.wake_module(&namespace, &name);
        } else {
            leave_queue(context, &namespace, &name);
        }
    }
}

/// Where the code comes from, in a word for `kubectl get`.
fn source_word(spec: &ActivityModuleSpec) -> String {
    match (&spec.npm, &spec.source, &spec.image, &spec.path) {
        (Some(npm), ..) => format!("npm:{}@{}", npm.package, npm.version.as_deref().unwrap_or("latest")),
        (_, Some(source), ..) => match (&source.config_map, &source.oci) {
            (Some(name), _) => format!("configmap:{name}"),
            (None, artifact) => format!("oci:{}", artifact.as_deref().unwrap_or_default()),
        },
        (_, _, Some(image), _) => format!("image:{image}"),
        (.., Some(path)) if spec.external.is_none() => format!("path:{path}"),
        _ => "external".to_owned(),
    }
}
