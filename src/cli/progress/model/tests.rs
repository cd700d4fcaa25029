//! What a picture of executions shows, told as events.
use std::time::Duration;

use super::*;
use crate::temporal::follow::Child;
use crate::temporal::{ExecutionId, Failure, FailureKind};
use text::Size;

/// Events of a run, `at` milliseconds after the beginning.
fn event(run: &str, at: i64, what: What) -> Event {
    let (workflow_id, workflow_type) =
        if run.starts_with("root") { ("demo", "PackageBuilderWorkflow") } else { ("build-core", "PackageBuildWorkflow") };
    let id = ExecutionId { workflow_id: workflow_id.to_owned(), run_id: run.to_owned() };
    Event { time: time(at), id, workflow_type: workflow_type.to_owned(), what }
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

fn activity(name: &str) -> Activity {
    Activity { id: name.to_owned(), name: name.to_owned(), summary: None }
}

fn child() -> Child {
    Child { workflow_id: "build-core".to_owned(), run_id: "child-1".to_owned(), workflow_type: "PackageBuildWorkflow".to_owned() }
}

fn failure(message: &str) -> Failure {
    Failure::plain(FailureKind::Application, message)
}

fn returned() -> What {
    What::Ended { outcome: Outcome::Completed { result: serde_json::Value::Null } }
}

/// The lines that the events are worth.
fn told(model: &mut Model, events: Vec<Event>) -> Vec<(Weight, String)> {
    events.iter().filter_map(|event| model.apply(event)).map(|note| (note.weight, note.text)).collect()
}

/// A child whose activity fails once.
fn child_in_trouble() -> Vec<Event> {
    let retrying = What::ActivityRetrying {
        activity: activity("runBuild"),
        attempt: 1,
        maximum_attempts: Some(3),
        failure: failure("exit code 1"),
        next_in: Some(Duration::from_secs(1)),
    };
    vec![
        event("root-1", 0, What::Started { parent: None, continued: false }),
        event("root-1", 10, What::ChildStarted { child: child() }),
        event("child-1", 12, What::Started { parent: Some("demo".to_owned()), continued: false }),
        event("child-1", 20, What::ActivityScheduled { activity: activity("runBuild") }),
        event("child-1", 30, What::ActivityStarted { activity: activity("runBuild"), attempt: 1 }),
        event("child-1", 900, retrying),
    ]
}

#[test]
fn what_is_running_is_a_tree() {
    let mut model = Model::default();
    let problems: Vec<_> = told(&mut model, child_in_trouble()).into_iter().filter(|(weight, _)| *weight == Weight::Problem).collect();
    assert_eq!(problems, [(Weight::Problem, "build-core: runBuild attempt 1 of 3 failed: exit code 1; next in 1.0 s".to_owned())]);
    let wide = Size { columns: 120, rows: 24 };
    let lines = text::view(&model, time(1000), wide, false);
    assert_eq!(
        lines,
        [
            "  PackageBuilderWorkflow demo  1.0 s  1 child",
            "    PackageBuildWorkflow build-core  990 ms  runBuild waits for attempt 2: exit code 1",
            "2 running · 1 retried  1.0 s",
        ]
    );
    model.apply(&event("child-1", 1900, What::ActivityStarted { activity: activity("runBuild"), attempt: 2 }));
    let lines = text::view(&model, time(2020), Size { columns: 40, rows: 3 }, false);
    assert_eq!(lines, ["  … and 2 more", "2 running · 1 retried  2.0 s"]);
    let lines = text::view(&model, time(2020), Size { columns: 80, rows: 24 }, false);
    assert_eq!(lines[1], "    PackageBuildWorkflow build-core  2.0 s  runBuild 2.0 s, attempt 2 after: ex…");
}

#[test]
fn ends_are_told_with_what_was_done() {
    let mut model = Model::default();
    told(&mut model, child_in_trouble());
    let lines = told(
        &mut model,
        vec![
            event("child-1", 2000, What::ActivityCompleted { activity: activity("runBuild"), attempt: 2 }),
            event("root-1", 2010, What::ChildEnded { child: child(), failure: None }),
            event("child-1", 2010, returned()),
            event("root-1", 3000, returned()),
        ],
    );
    assert_eq!(
        lines,
        [
            (Weight::Detail, "build-core: runBuild at attempt 2 in 2.0 s".to_owned()),
            (Weight::Step, "PackageBuildWorkflow build-core in 2.0 s (1 activity, 1 retry)".to_owned()),
            (Weight::Step, "PackageBuilderWorkflow demo in 3.0 s".to_owned()),
        ]
    );
    let expected = Totals { activities_done: 1, retries: 1, children_done: 1, ..Totals::default() };
    assert_eq!((model.totals(), model.running().len()), (expected, 0));
}

#[test]
fn a_run_that_continues_is_the_same_execution() {
    let mut model = Model::default();
    let timer = What::TimerStarted { timer: "5".to_owned(), duration: Some(Duration::from_secs(9)) };
    let lines = told(
        &mut model,
        vec![
            event("root-1", 0, What::Started { parent: None, continued: false }),
            event("root-1", 5, What::ContinuedAsNew { next_run: "root-2".to_owned() }),
            event("root-2", 6, What::Started { parent: None, continued: true }),
            event("root-2", 7, timer),
        ],
    );
    assert_eq!(lines[1], (Weight::Step, "PackageBuilderWorkflow demo continues as new".to_owned()));
    let view = text::view(&model, time(1007), Size { columns: 80, rows: 24 }, false);
    assert_eq!(view, ["  PackageBuilderWorkflow demo  1.0 s  timer, 8.0 s left", "1 running · 1 continued as new  1.0 s"]);
}

#[test]
fn an_error_in_the_workflows_code_is_told_once() {
    let mut model = Model::default();
    let stuck = |at| event("root-1", at, What::TaskFailed { failure: failure("x is undefined") });
    let lines = told(&mut model, vec![stuck(1), stuck(2), stuck(3)]);
    assert_eq!(lines, [(Weight::Problem, "a workflow task failed, it is tried again: x is undefined".to_owned())]);
    let view = text::view(&model, time(4), Size { columns: 80, rows: 24 }, false);
    assert!(view[0].ends_with("stuck: x is undefined"), "{view:?}");
}

#[test]
fn a_child_that_fails_or_never_begins_is_a_problem() {
    let mut model = Model::default();
    told(&mut model, child_in_trouble());
    let never = Child { run_id: String::new(), workflow_id: "build-ui".to_owned(), ..child() };
    let lines = told(
        &mut model,
        vec![
            event("root-1", 5, What::ChildEnded { child: never, failure: Some(failure("another execution has its workflow ID")) }),
            event("child-1", 1010, What::Ended { outcome: Outcome::Failed { failure: failure("no space") } }),
        ],
    );
    assert_eq!(
        lines,
        [
            (Weight::Problem, "PackageBuildWorkflow build-ui did not begin: another execution has its workflow ID".to_owned()),
            (Weight::Problem, "PackageBuildWorkflow build-core failed: no space in 1.0 s (1 retry)".to_owned()),
        ]
    );
    assert_eq!(model.totals().children_failed, 2);
}

#[test]
fn events_are_json_for_programs() {
    let json = serde_json::to_value(&child_in_trouble()[5]).unwrap();
    let expected = serde_json::json!({
        "time": "2027-01-15T08:00:00.900Z", "workflowId": "build-core", "runId": "child-1", "workflowType": "PackageBuildWorkflow",
        "event": "activityRetrying", "activity": {"id": "runBuild", "name": "runBuild"}, "attempt": 1, "maximumAttempts": 3,
        "failure": {"kind": "application", "message": "exit code 1", "nonRetryable": false}, "nextIn": 1.0,
    });
    assert_eq!(json, expected);
}
