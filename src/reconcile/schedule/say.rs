//! What is said of a schedule: its status, events where something turned, metrics of runs.

use crate::api::conditions::{IN_SYNC, LAST_RUN_SUCCEEDED, READY, STALLED, find};
use crate::api::{Schedule, ScheduleStatus};
use crate::cluster::Told;
use crate::plan::schedule::{Kept, Seen, Standing, status};
use crate::reconcile::{Context, Error};
use kube::ResourceExt;

pub(super) async fn say(schedule: &Schedule, context: &Context, seen: Seen<'_>) -> Result<(), Error> {
    let last = seen.last.clone();
    let corrected = match &seen.standing {
        Standing::Kept(Kept::AsAsked { corrected }) => corrected.clone(),
        _ => Vec::new(),
    };
    count(schedule, context, &seen);
    let new = status(seen);
    for told in transitions(&last, &new, &corrected) {
        context.cluster.tell(schedule, told).await;
    }
    context.cluster.write_status(schedule, schedule.status.as_ref(), &new).await?;
    Ok(())
}

/// Runs that ended since the last look, and what was left out.
fn count(schedule: &Schedule, context: &Context, seen: &Seen<'_>) {
    let Some(server) = &seen.server else { return };
    let (namespace, name) = (schedule.namespace().unwrap_or_default(), schedule.name_any());
    let before = seen.last.last_run.as_ref();
    let is_new = |run: &&crate::plan::schedule::Run| {
        run.result != "Running"
            && before.is_none_or(|before| {
                run.time > before.time.0 || (run.run_id == before.run_id && before.result == "Running" && run.result != "Running")
            })
    };
    for run in server.runs.iter().filter(is_new) {
        context.metrics.scheduled_run(&namespace, &name, run.result);
    }
    // A first look counts nothing that others counted.
    if seen.last.schedule_id.is_some() {
        context.metrics.left_out(&namespace, &name, "missed", server.missed - seen.last.missed_catchup);
        context.metrics.left_out(&namespace, &name, "overlap", server.skipped - seen.last.skipped_overlap);
    }
}

fn transitions(last: &ScheduleStatus, new: &ScheduleStatus, corrected: &[String]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut turned = |kind: &str, is_news_when: &str, is_warning: bool, reason: Option<&str>| {
        let Some(condition) = find(&new.conditions, kind).filter(|condition| condition.status == is_news_when) else { return };
        let before = find(&last.conditions, kind);
        if before.is_none_or(|before| before.status != condition.status || before.message != condition.message) {
            let reason = reason.map_or_else(|| condition.reason.clone(), str::to_owned);
            told.push(Told { reason, message: condition.message.clone(), is_warning });
        }
    };
    turned(STALLED, "True", true, None);
    turned(IN_SYNC, "False", true, None);
    turned(READY, "True", false, None);
    turned(LAST_RUN_SUCCEEDED, "False", true, Some("RunFailed"));
    if !corrected.is_empty() {
        let message = format!("changed on the server by hand, and undone: {}", corrected.join(", "));
        told.push(Told { reason: "DriftCorrected".to_owned(), message, is_warning: true });
    }
    told
}
