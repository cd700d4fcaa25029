//! A schedule that is being deleted: it goes from the server; executions that it started go on.

use super::{Pass, SOON};
use crate::api::Schedule;
use crate::api::conditions::{Conditions, READY, RECONCILING, STALLED};
use crate::api::labels::FINALIZER;
use crate::cluster::Told;
use crate::reconcile::{Again, Context, Error, Stores};
use jiff::Timestamp;
use kube::ResourceExt;

pub(super) async fn leave(schedule: &Schedule, context: &Context) -> Result<Again, Error> {
    if !schedule.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(None);
    }
    let gone = go(schedule, context).await?;
    // A namespace that is deleted takes the TaskQueue and its Secrets with it, in any order: nothing may wait for them.
    let is_terminating = context.stores.is_terminating(&schedule.namespace().unwrap_or_default());
    match gone {
        Ok(()) => {}
        Err(why) if is_terminating => {
            tracing::warn!(schedule = schedule.full_name(), why, "the schedule stays on the Temporal server, which can't be asked");
        }
        Err(why) => {
            say(schedule, context, &why).await?;
            return Ok(Some(SOON));
        }
    }
    context.awaited.forget(&schedule.full_name());
    context.cluster.hold(schedule, FINALIZER, false).await?;
    Ok(None)
}

/// Deletes it on the server. Otherwise why that can't be done.
async fn go(schedule: &Schedule, context: &Context) -> Result<Result<(), String>, Error> {
    let pass = Pass::begin(schedule, context);
    // Where nothing was ever written there may be a schedule all the same: the status is written last.
    let workflow = Stores::find(&context.stores.workflows, &pass.namespace, &schedule.spec.workflow);
    let queue = pass
        .applied
        .as_ref()
        .map(|applied| applied.task_queue.clone())
        .or_else(|| workflow.map(|workflow| workflow.spec.task_queue.clone()));
    let now = queue.map(|queue| pass.place(&queue));
    let left = pass.last.left_on.iter().chain(now.as_ref().and_then(|now| now.as_ref().ok()).filter(|now| pass.has_moved(now)));
    for place in left {
        if let Err(why) = pass.delete(place).await? {
            let (schedule, address) = (schedule.full_name(), &place.address);
            tracing::warn!(schedule, address, why, "the schedule may stay on a Temporal server that its task queue has left");
        }
    }
    match (&pass.temporal, now) {
        (Some(place), _) => pass.delete(place).await,
        (None, Some(Ok(place))) => {
            let deleted = pass.delete(&place).await?;
            Ok(if pass.applied.is_none() { Ok(()) } else { deleted })
        }
        (None, Some(Err(((_, message), _)))) if pass.applied.is_some() => Ok(Err(message)),
        (None, _) => Ok(Ok(())),
    }
}

async fn say(schedule: &Schedule, context: &Context, why: &str) -> Result<(), Error> {
    let last = schedule.status.clone().unwrap_or_default();
    let message = format!("the schedule can't be deleted on the Temporal server: {why}; it is tried again");
    let mut conditions = Conditions::from(&last.conditions, schedule.metadata.generation, Timestamp::now());
    let is_news = !last.conditions.iter().any(|condition| condition.type_ == READY && condition.reason == "Deleting");
    conditions.set(READY, false, "Deleting", message.clone());
    conditions.set(RECONCILING, true, "Deleting", message.clone());
    conditions.set(STALLED, false, "Deleting", "");
    if is_news {
        context.cluster.tell(schedule, Told { reason: "Deleting".to_owned(), message, is_warning: true }).await;
    }
    let status =
        crate::api::ScheduleStatus { conditions: conditions.into_list(), observed_generation: schedule.metadata.generation, ..last };
    context.cluster.write_status(schedule, schedule.status.as_ref(), &status).await?;
    Ok(())
}
