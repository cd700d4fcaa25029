//! The laptop's doors on the real parts: the tool chain is found or fetched, Temporal's dev server and a worker are
//! started, executions run, are followed, replayed, and nothing is left running.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod ground;
mod program;

use ground::Ground;
use serde_json::json;
use warpline::cli::progress::{Model, Totals};
use warpline::local::{Error as LocalError, Server, Worker, server};
use warpline::temporal::follow::{Event, What};
use warpline::temporal::{Client, ExecutionId, ExecutionStatus, OpenFilter, Outcome, Start};

#[tokio::test]
async fn an_execution_runs_to_its_end_and_its_history_replays() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let id = client.start(&parent("run", 0, 0)).await.unwrap();
    assert_eq!(client.query(&id, "getPhase", &[]).await.unwrap(), json!("waiting"));
    let version = OpenFilter { deployment: Some("engine"), build_id: Some("version-1"), ..OpenFilter::default() };
    assert_eq!(client.list_open(&version, 10).await.unwrap().len(), 1);
    client.signal(&id, "addName", &[json!("Ada")]).await.unwrap();
    let outcome = client.outcome(&id).await.unwrap();
    assert_eq!(outcome, Outcome::Completed { result: json!({"greeting": "Hello, Ada!"}) });
    assert_eq!(client.query(&id, "getPhase", &[]).await.unwrap(), json!("done"));

    let description = client.describe(&id).await.unwrap();
    assert_eq!((description.status, description.build_id.as_deref()), (ExecutionStatus::Completed, Some("version-1")));
    assert_eq!(client.deployment("engine").await.unwrap().unwrap().current.as_deref(), Some("version-1"));

    let history = client.history(&id).await.unwrap();
    let child = client.history(&ExecutionId::newest("run-child")).await.unwrap();
    assert_eq!(i64::try_from(history.len()), Ok(description.history_length));
    let replayed = ground.replay(&[("parent", &history), ("child", &child)]).await;
    assert_eq!(replayed.iter().map(|line| &line["ok"]).collect::<Vec<_>>(), [&json!(true), &json!(true)], "{replayed:?}");
    ground.clear().await;
}

#[tokio::test]
async fn children_attempts_and_continuations_are_followed_to_the_end() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let id = client.start(&parent("tree", 2, 1)).await.unwrap();
    let mut follow = client.follow(&ExecutionId::newest("tree"));
    assert_eq!(client.update(&id, "rename", &[json!("Grace")]).await.unwrap(), json!(1));
    let mut events = Vec::new();
    let mut model = Model::default();
    while let Some(event) = follow.next().await {
        let event = event.unwrap();
        model.apply(&event);
        events.push(event);
    }
    // Two runs of the parent, each with a child of which one activity fails twice.
    let expected = Totals { activities_done: 4, activities_failed: 0, retries: 4, children_done: 2, children_failed: 0, continued: 1 };
    assert_eq!(model.totals(), expected);
    let root: Vec<_> = events.iter().filter(|event| event.id.workflow_id == "tree").map(word).collect();
    let rounds = ["timer", "timer ended", "child began", "child ended"];
    for word in rounds {
        assert_eq!(root.iter().filter(|&found| found == word).count(), 2, "{word} in {root:?}");
    }
    assert!(root.contains(&"update rename".to_owned()), "{root:?}");
    assert_eq!(root.last().map(String::as_str), Some("ended completed"));
    let first_child = events.iter().find_map(|event| match &event.what {
        What::ChildStarted { child } => Some(child.run_id.clone()),
        _ => None,
    });
    let child: Vec<_> = events.iter().filter(|event| Some(&event.id.run_id) == first_child.as_ref()).map(word).collect();
    // While an activity goes on the server shows its attempts to whoever looks; which ones we see is a matter of time.
    let passing = ["flaky 1 started", "flaky 1 failed: FlakyError: attempt 1 of the flaky one", "flaky 2 started"];
    let (seen, told): (Vec<_>, Vec<_>) = child.into_iter().partition(|word| passing.contains(&word.as_str()));
    assert_eq!(seen, passing.iter().filter(|word| seen.iter().any(|seen| seen == *word)).copied().collect::<Vec<_>>());
    let expected = [
        "began",
        "flaky scheduled",
        "flaky 2 failed: FlakyError: attempt 2 of the flaky one",
        "flaky 3 started",
        "flaky done at 3",
        "greet scheduled",
        "greet 1 started",
        "greet done at 1",
        "ended completed",
    ];
    assert_eq!(told, expected);
    ground.clear().await;
}

#[tokio::test]
async fn a_crowd_of_children_is_counted_to_the_last() {
    let ground = Ground::lay().await;
    let start = Start::new("CrowdWorkflow", "crowd", "engine", vec![json!({"count": 60})]);
    let id = ground.client.start(&start).await.unwrap();
    let mut follow = ground.client.follow(&id);
    let mut model = Model::default();
    while let Some(event) = follow.next().await {
        model.apply(&event.unwrap());
    }
    let expected = Totals { activities_done: 120, activities_failed: 0, retries: 60, children_done: 60, children_failed: 0, continued: 0 };
    assert_eq!(model.totals(), expected);
    ground.clear().await;
}

#[tokio::test]
async fn what_goes_wrong_is_named_with_what_to_do() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let failing = client.start(&Start::new("FailingWorkflow", "failing", "engine", vec![])).await.unwrap();
    let Outcome::Failed { failure } = client.outcome(&failing).await.unwrap() else { panic!("it did not fail") };
    assert_eq!(failure.to_string(), "DiskError: the disk is full");

    let id = client.start(&parent("busy", 0, 0)).await.unwrap();
    assert_eq!(client.start(&parent("busy", 0, 0)).await.unwrap_err().reason(), "TemporalAlreadyExists");
    let error = client.query(&id, "getPhse", &[]).await.unwrap_err();
    assert!(error.reason() == "QueryFailed" && error.to_string().contains("getPhse"), "{error}");
    assert_eq!(client.update(&id, "nothing", &[]).await.unwrap_err().reason(), "UpdateFailed");
    let nobody = ExecutionId::newest("nobody");
    assert_eq!(client.signal(&nobody, "addName", &[]).await.unwrap_err().reason(), "TemporalNotFound");
    let mut follow = client.follow(&nobody);
    assert_eq!(follow.next().await.unwrap().unwrap_err().reason(), "TemporalNotFound");
    assert!(follow.next().await.is_none());
    client.cancel(&id, "enough").await.unwrap();
    assert_eq!(client.outcome(&id).await.unwrap(), Outcome::Canceled);
    let id = client.start(&parent("busy", 0, 0)).await.unwrap();
    client.terminate(&id, "enough").await.unwrap();
    assert_eq!(client.outcome(&id).await.unwrap(), Outcome::Terminated { reason: "enough".to_owned() });

    let elsewhere = Client::connect(&ground.server.address, "elsewhere").await.unwrap();
    assert_eq!(elsewhere.check_namespace().await.unwrap_err().reason(), "TemporalNamespaceNotFound");
    assert_eq!(Client::connect("127.0.0.1:1", "default").await.unwrap_err().reason(), "TemporalUnreachable");
    assert_eq!(Client::connect("not an address", "default").await.unwrap_err().reason(), "TemporalAddressInvalid");
    ground.clear().await;
}

#[tokio::test]
async fn a_second_version_takes_over_and_the_first_keeps_its_executions() {
    let ground = Ground::lay().await;
    let old = ground.client.start(&parent("old", 0, 0)).await.unwrap();
    assert_eq!(ground.client.query(&old, "getPhase", &[]).await.unwrap(), json!("waiting"));
    let second = ground.version_in_volumes("version-2");
    let worker = ground.start_worker(second).await;
    ground.client.set_current_version("engine", "version-2").await.unwrap();
    ground.client.set_current_version("engine", "version-2").await.unwrap();
    let new = ground.client.start(&parent("new", 0, 0)).await.unwrap();
    let pinned = Start { pinned: Some(("engine".to_owned(), "version-1".to_owned())), ..parent("pinned", 0, 0) };
    let pinned = ground.client.start(&pinned).await.unwrap();
    for (id, build_id) in [(&old, "version-1"), (&new, "version-2"), (&pinned, "version-1")] {
        ground.client.signal(id, "addName", &[json!("Ada")]).await.unwrap();
        assert!(matches!(ground.client.outcome(id).await.unwrap(), Outcome::Completed { .. }));
        assert_eq!(ground.client.describe(id).await.unwrap().build_id.as_deref(), Some(build_id), "{id}");
    }
    worker.stop().await.unwrap();
    ground.clear().await;
}

#[tokio::test]
async fn a_server_or_worker_that_cannot_start_says_why() {
    let ground = Ground::lay().await;
    let version = ground.version("broken");
    std::fs::write(version.join("ParentWorkflow.js"), "exports.ParentWorkflow = 1;").unwrap();
    let error = Worker::start(&ground.toolchain, &ground.worker_options(version)).await.unwrap_err();
    assert!(matches!(error, LocalError::Worker { .. }) && error.to_string().contains("ParentWorkflow"), "{error}");

    let options =
        server::Options { db_file: Some("/no/such/directory/file".into()), ..server::Options::new(ground.path().join("other.log")) };
    let error = Server::start(&ground.toolchain.temporal, &options).await.unwrap_err();
    assert!(error.reason() == "ServerFailed" && error.to_string().contains("/no/such/directory"), "{error}");
    ground.clear().await;
}

fn parent(id: &str, failures: u32, rounds: u32) -> Start {
    Start::new("ParentWorkflow", id, "engine", vec![json!({"failures": failures, "rounds": rounds})])
}

/// An event in a few words.
fn word(event: &Event) -> String {
    match &event.what {
        What::Started { .. } => "began".to_owned(),
        What::ActivityScheduled { activity } => format!("{} scheduled", activity.name),
        What::ActivityStarted { activity, attempt } => format!("{} {attempt} started", activity.name),
        What::ActivityRetrying { activity, attempt, failure, .. } => format!("{} {attempt} failed: {failure}", activity.name),
        What::ActivityCompleted { activity, attempt } => format!("{} done at {attempt}", activity.name),
        What::ChildStarted { .. } => "child began".to_owned(),
        What::ChildEnded { failure: None, .. } => "child ended".to_owned(),
        What::UpdateAccepted { update } => format!("update {update}"),
        What::TimerStarted { .. } => "timer".to_owned(),
        What::TimerEnded { fired: true, .. } => "timer ended".to_owned(),
        What::ContinuedAsNew { .. } => "continues".to_owned(),
        What::Ended { outcome } => format!("ended {outcome}"),
        other => format!("{other:?}"),
    }
}
