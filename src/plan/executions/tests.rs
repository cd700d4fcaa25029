//! Tables: who is where and why, what is moved, where a reset begins, who is drained.

use super::*;
use crate::api::WorkerVersionStatus;
use crate::plan::states::tests::serving;
use jiff::Timestamp;

fn version(build_id: &str, forms: &[&str], pods: &str) -> WorkerVersion {
    serving(build_id, forms, WorkerVersionStatus { pods: Some(pods.to_owned()), ..WorkerVersionStatus::default() })
}

fn on(build_id: &str) -> Seen {
    let build_id = Some(build_id).filter(|build_id| !build_id.is_empty()).map(str::to_owned);
    Seen { workflow_id: "w".into(), run_id: "r".into(), workflow_type: "Run".into(), build_id, ..Seen::default() }
}

fn fleet() -> Fleet {
    let mut current = version("new", &["2"], "1/1");
    let taken = |form: &str, problem: Option<&str>| TakenState {
        workflow_type: "Run".into(),
        form: form.into(),
        taken_as: problem.is_none().then(|| "2".to_owned()),
        problem: problem.map(str::to_owned),
    };
    current.status.get_or_insert_default().takes = vec![taken("1", None), taken("0", Some("`state.a` was `number` and is `string`"))];
    let versions = vec![
        current,
        version("ramp", &["3"], "1/1"),
        version("fits", &["1"], "1/1"),
        version("not", &["0"], "1/1"),
        version("late", &["9"], "1/1"),
        version("stay", &[], "0/1"),
    ];
    Fleet { current: Some("new".into()), ramping: Some("ramp".into()), versions }
}

#[test]
fn each_execution_says_why_it_is_where_it_is() {
    let fleet = fleet();
    let table = [
        (on(""), "NotBegun"),
        (on("new"), "Current"),
        (on("ramp"), "Ramping"),
        (on("gone"), "VersionGone"),
        (on("stay"), "Pinned"),
        (on("fits"), "WaitsForContinueAsNew"),
        (on("not"), "StateIncompatible"),
        (on("late"), "Comparing"),
        (Seen { moves: true, ..on("fits") }, "AutoUpgrade"),
        (Seen { pinned_to: Some("fits".into()), ..on("fits") }, "Overridden"),
        (Seen { pinned_to: Some("gone".into()), ..on("gone") }, "VersionGone"),
    ];
    for (seen, expected) in table {
        assert_eq!(why(&seen, &fleet).reason, expected, "{seen:?}");
    }
    assert!(why(&on("not"), &fleet).message.contains("`state.a` was `number` and is `string`"));
    let other = Seen { workflow_type: "Other".into(), ..on("fits") };
    assert_eq!(why(&other, &fleet).reason, "Pinned");
    let stays = Fleet { current: Some("stay".into()), ..fleet };
    assert_eq!(why(&on("fits"), &stays).reason, "Stays");
    assert_eq!(why(&on("fits"), &Fleet { current: None, ..stays }).reason, "NoCurrent");
}

#[test]
fn only_what_replays_is_moved() {
    let fleet = fleet();
    let to = target(&fleet, Some("new")).unwrap();
    let word = |seen: &Seen, replay: Replay| moved(seen, to, || replay).words().0;
    assert_eq!(word(&on("fits"), Replay::Fits), "do");
    assert_eq!(word(&on("fits"), Replay::Skipped), "do");
    assert_eq!(word(&on("fits"), Replay::Differs("event 5".into())), "refused");
    assert_eq!(word(&on("fits"), Replay::NotDone("no Node".into())), "refused");
    // What is known without a replay asks for none.
    let unasked = |seen: &Seen| moved(seen, to, || panic!("nothing is replayed")).words().0;
    assert_eq!(unasked(&on("new")), "nothing");
    assert_eq!(unasked(&on("")), "nothing");
    assert_eq!(unasked(&Seen { workflow_type: "Other".into(), ..on("fits") }), "refused");
}

#[test]
fn a_version_that_nobody_serves_is_no_target() {
    let fleet = fleet();
    assert_eq!(target(&fleet, None).unwrap().spec.build_id, "new");
    assert!(target(&fleet, Some("stay")).unwrap_err().contains("no ready pod (0/1)"));
    assert!(target(&fleet, Some("x")).unwrap_err().contains("there is new, ramp, fits, not, late, stay"));
    assert!(target(&Fleet { current: None, ..fleet }, None).is_err());
}

#[test]
fn a_point_of_a_history_is_a_task_that_was_completed() {
    let names = ["STARTED", "TASK_SCHEDULED", "TASK_STARTED", "TASK_COMPLETED", "ACTIVITY_SCHEDULED", "ACTIVITY_COMPLETED"];
    let more = ["TASK_SCHEDULED", "TASK_STARTED", "TASK_COMPLETED", "TIMER_STARTED"];
    let events: Vec<Moment> = (1..)
        .zip(names.into_iter().chain(more))
        .map(|(id, name)| Moment {
            id,
            name: name.to_owned(),
            time: Timestamp::from_second(id).ok(),
            completes_task: name == "TASK_COMPLETED",
        })
        .collect();
    let at = |point| reset_at(&events, point).map(|(id, _)| id).map_err(|_| ());
    let since = |second| Point::Since(Timestamp::from_second(second).unwrap());
    let table = [
        (Point::First, Ok(4)),
        (Point::Last, Ok(9)),
        (Point::Before(5), Ok(4)),
        (Point::Before(6), Ok(4)),
        (Point::Before(10), Ok(9)),
        (Point::Before(3), Err(())),
        (Point::Before(11), Err(())),
        (Point::After(4), Ok(9)),
        (Point::After(6), Ok(9)),
        (Point::After(9), Err(())),
        (Point::After(0), Err(())),
        (since(5), Ok(9)),
        (since(10), Err(())),
    ];
    for (point, expected) in table {
        assert_eq!(at(point), expected, "{point:?}");
    }
    assert_eq!(
        reset_at(&events, Point::First).unwrap().1,
        "begins again at event 4 of 10; 6 events after it are left behind, the first of them 5 ACTIVITY_SCHEDULED"
    );
    assert!(reset_at(&events[..2], Point::Last).is_err());
}

#[test]
fn only_what_has_a_handler_is_sent_the_signal() {
    let script = "const drainSignal = defineSignal('drain'); const it = defineSignal('it\\'s');";
    assert!(takes_signal(script, "drain") && takes_signal(script, "it's"));
    assert!(!takes_signal(script, "dra") && !takes_signal(script, "stop"));
    let fleet = fleet();
    let word = |seen: &Seen, takes, is_named| drained(seen, &fleet, "drain", takes, is_named).words().0;
    let table = [
        (on("fits"), Some(true), false, "do"),
        (on("fits"), Some(false), false, "refused"),
        (on("gone"), None, false, "refused"),
        (on("new"), Some(true), false, "nothing"),
        (on("new"), Some(true), true, "do"),
        (on(""), Some(true), true, "nothing"),
    ];
    for (seen, takes, is_named, expected) in table {
        assert_eq!(word(&seen, takes, is_named), expected, "{seen:?} {takes:?} {is_named}");
    }
}
