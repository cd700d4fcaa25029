//! From whatever the server keeps and the last status says: a few passes bring the schedule to rest, and at rest nothing is done on the server.

use super::*;
use crate::api::AppliedSchedule;
use proptest::prelude::*;
use serde_json::json;

/// Specs that differ in what decisions look at.
fn spec() -> impl Strategy<Value = ScheduleSpec> {
    (any::<bool>(), any::<bool>(), any::<bool>(), prop::option::of(0..4u8), 0..3u8).prop_map(|(adopts, pauses, paused, limit, jitter)| {
        let mut spec =
            json!({"workflow": "nightly", "cron": "0 3 * * *", "jitter": format!("{jitter}s"), "paused": paused, "pauseOnFailure": pauses});
        if adopts {
            spec["driftPolicy"] = json!("Adopt");
        }
        if let Some(limit) = limit {
            spec["remainingActions"] = json!(limit);
        }
        serde_json::from_value(spec).unwrap()
    })
}

fn wanted(spec: &ScheduleSpec) -> Schedule {
    let target = Target { workflow_type: "NightlyWorkflow".into(), task_queue: "engine".into() };
    desired(spec, "builds/nightly", &target).unwrap()
}

/// What the server may keep under the ID: what some spec asked for, and what happened to it.
fn observed() -> impl Strategy<Value = Option<Observed>> {
    let note = prop::sample::select(vec!["", "by hand", "paused due to workflow failure: x"]);
    let owner = prop::option::of(prop::sample::select(vec!["builds/nightly".to_owned(), "other/one".to_owned()]));
    let parts = (spec(), any::<bool>(), note, prop::option::of(0..4u64), owner, any::<bool>());
    prop::option::of(parts.prop_map(|(spec, paused, note, remaining, owner, is_foreign)| Observed {
        schedule: Schedule { paused, note: note.to_owned(), remaining, ..wanted(&spec) },
        owner,
        foreign: if is_foreign { vec!["a header"] } else { Vec::new() },
    }))
}

/// What was written last: nothing, what is asked for, something else, or what somebody put there by hand.
fn last(spec: &ScheduleSpec, which: u8, id: bool, remaining: Option<i64>) -> ScheduleStatus {
    let applied = match which {
        0 => None,
        1 => Some(applied(&wanted(spec))),
        _ => Some(AppliedSchedule { digest: "suspended".into(), task_queue: "engine".into(), remaining_actions: remaining }),
    };
    ScheduleStatus { applied, schedule_id: id.then(|| "builds/nightly".into()), remaining_actions: remaining, ..ScheduleStatus::default() }
}

proptest! {
    #[test]
    fn it_comes_to_rest_and_then_nothing_is_done(
        spec in spec(), mut found in observed(), (which, id) in (0..3u8, any::<bool>()), remaining in prop::option::of(0..4i64),
        (mut unpauses, has_ended, mut has_moved) in any::<(bool, bool, bool)>(),
    ) {
        let desired = wanted(&spec);
        let mut status = last(&spec, which, id, remaining);
        for _ in 0..3 {
            let question = Question {
                desired: &desired, spec: &spec, owner: "builds/nightly", last: &status, observed: found.as_ref(), unpauses, has_ended, has_moved,
            };
            match decide(&question) {
                Step::Create(schedule) | Step::Update { schedule, .. } => {
                    let other = found.as_ref().and_then(|found| found.owner.clone()).filter(|owner| owner != "builds/nightly");
                    prop_assert_eq!(other, None, "what is another's is never written");
                    found = Some(Observed { schedule, owner: Some("builds/nightly".into()), foreign: Vec::new() });
                }
                Step::Taken(_) | Step::Nothing | Step::Adopted(_) | Step::PausedByFailure => return Ok(()),
            }
            status.applied = Some(applied(&desired));
            status.schedule_id = Some("builds/nightly".into());
            status.remaining_actions = found.as_ref().and_then(|found| found.schedule.remaining).and_then(|left| i64::try_from(left).ok());
            // What was asked for once is done.
            (unpauses, has_moved) = (false, false);
        }
        prop_assert!(false, "no rest: {found:?}");
    }
}
