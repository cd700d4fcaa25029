//! A `TaskQueue`: which version its workflows ask for, and how far that is on its way.

mod calls;
mod carry_out;
mod checks;
mod code;
mod content;
mod keep;
mod observe;
mod own;
mod say;
mod scale;
mod states;

pub use code::{files, kept};
pub use content::definition_digest;

use super::{Again, Context, Error};
use crate::api::TaskQueue;
use crate::api::labels::FINALIZER;
use crate::plan::rollout::{self, Plan};
use kube::ResourceExt;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for something that somebody has to do, and no watch tells of.
const SLOWLY: Duration = Duration::from_secs(30);

/// Brings a queue one step on.
///
/// # Errors
/// The API server's, or Temporal's; the queue is looked at again, later and later.
pub async fn reconcile(queue: Arc<TaskQueue>, context: Arc<Context>) -> Result<Again, Error> {
    let namespace = queue.namespace().unwrap_or_default();
    if context.stores.is_terminating(&namespace) {
        return carry_out::leave_namespace(&queue, &context).await;
    }
    let is_leaving = queue.metadata.deletion_timestamp.is_some();
    if !is_leaving {
        context.cluster.hold(queue.as_ref(), FINALIZER, true).await?;
    }
    let mut scene = observe::scene(&queue, &context).await?;
    keep::find_files(&mut scene, &context).await?;
    let wanted = if is_leaving { content::Wanted::Nothing } else { content::wanted(&scene, &context).await? };
    if !is_leaving {
        keep::adopt(&scene, &context).await?;
    }
    let target = carry_out::settle(&mut scene, &context, wanted).await?;
    let mut observed = observe::observed(&scene, &context, &target, is_leaving).await?;
    let mut plan = rollout::plan(&observed);
    let mut own = own::decide(&scene, &context, &observed.policy, is_leaving).await?;
    let mut scaled = scale::apply(&scene, &scene.own, &mut own.plan.versions).await?;
    // What versions take is known before they take executions; that it could not be found out holds no rollout up.
    let takes = states::compare(&scene, &context, &target).await;
    let routed = match own::carry_out(&scene, &context, &own).await {
        Ok(()) => carry_out::route(&scene, &plan).await,
        Err(error) => Err(error),
    };
    if matches!(routed, Ok(true)) {
        observed = observed.routed(&plan);
        // Another routing waits for another look.
        plan = Plan { routing: None, ..rollout::plan(&observed) };
    }
    scaled.extend(scale::apply(&scene, &scene.versions, &mut plan.versions).await?);
    let done = match routed {
        Ok(_) => carry_out::carry_out(&scene, &context, &plan).await,
        Err(error) => Err(error),
    };
    // What was decided is said even where it could not all be done.
    let (takes, compared) = match takes {
        Ok(takes) => (takes, Ok(())),
        Err(error) => (states::Takes::new(), Err(error)),
    };
    let is_news = say::say(&scene, &context, &target, &observed, &plan, (&own, &scaled, &takes)).await?;
    done.and(compared)?;
    // A finalizer is taken from the object as it was found: not from one that was just written to, whose watch wakes us again.
    if is_leaving && !is_news && scene.own.is_empty() && (plan.is_empty || !scene.may_be_known()) {
        return carry_out::leave(&scene, &context, &observed.strays).await;
    }
    let look = (!scaled.is_empty()).then_some(scale::LOOK);
    let again = own.plan.again.into_iter().chain(look).fold(plan.again, Duration::min);
    Ok(Some(if scene.problem.is_some() { SLOWLY } else { again }))
}

/// A `TaskQueue` for every queue that a Workflow names: made with the defaults where the user wrote none, and owned by its Workflows.
///
/// # Errors
/// The API server's.
pub async fn ensure(context: &Context, namespace: &str, queue: &str) -> Result<Arc<TaskQueue>, Error> {
    match context.queue(namespace, queue) {
        Some(found) => Ok(found),
        None => carry_out::make_default(context, namespace, queue).await,
    }
}
