//! Too much, and nothing at all: a server that refuses for its limits, one that goes away, one that never answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use warpline::temporal::{Client, Error, OpenFilter, Target};

use crate::ground::{Ground, eventually};
use crate::played::Played;

#[tokio::test]
async fn calls_wait_while_the_server_is_asked_too_much() {
    // Two looks at deployments and two searches a second, and no more at once: six at a time must wait for each other.
    let limits = [
        "frontend.globalNamespaceWorkerDeploymentReadRPS=2",
        "frontend.globalNamespaceWorkerDeploymentReadBurstRatio=1.0",
        "frontend.namespaceRPS.visibility=2",
    ];
    let ground = Ground::with(&limits).await;
    let client = &ground.client;
    let looks = (0..6).map(|number| async move { client.deployment(&format!("shop/{number}")).await });
    let filter = OpenFilter { task_queue: Some("orders"), ..OpenFilter::default() };
    let searches = (0..6).map(|_| client.count_open(&filter));
    let (looks, searches) = tokio::join!(futures::future::join_all(looks), futures::future::join_all(searches));
    assert!(looks.iter().all(|look| matches!(look, Ok(None))), "{looks:?}");
    assert!(searches.iter().all(|search| matches!(search, Ok(0))), "{searches:?}");
    ground.clear(vec![]).await;
}

#[tokio::test]
async fn a_server_that_stays_too_busy_is_an_error_and_left_alone_meanwhile() {
    let server = Played::start(|call| (call.method != "GetSystemInfo").then_some((8, "namespace rate limit exceeded"))).await;
    let client = Client::connect_to(&Target::plain(&server.address, "default"), "operator").await.unwrap();
    let calls = (0..30).map(|_| client.check_namespace());
    for answer in futures::future::join_all(calls).await {
        let error = answer.unwrap_err();
        assert!(matches!(error, Error::Busy { .. }) && error.is_transient(), "{error:?}");
    }
    // Each asked a few times, between pauses of all: 1 s, 2 s, 4 s, 8 s.
    let asked = server.calls().len();
    assert!(asked <= 1 + 30 * 5, "{asked} calls");
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_from_one_that_fails() {
    let failing = Arc::new(AtomicBool::new(false));
    let server = Played::start({
        let failing = failing.clone();
        move |call| (call.method == "DescribeNamespace" && failing.load(Ordering::SeqCst)).then_some((14, "shard status unknown"))
    });
    let server = server.await;
    let client = Client::connect_to(&Target::plain(&server.address, "default"), "operator").await.unwrap();
    client.check_namespace().await.unwrap();
    failing.store(true, Ordering::SeqCst);
    let error = client.check_namespace().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { problem, .. } if problem == "shard status unknown"), "{error:?}");
    // Another call is not held back by that: the server answers.
    client.task_queue_owner("orders").await.unwrap();
    failing.store(false, Ordering::SeqCst);
    client.check_namespace().await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let ground = Ground::lay().await;
    let client = ground.client.clone();
    client.check_namespace().await.unwrap();
    let address = ground.server.address.clone();
    ground.clear(vec![]).await;
    // Something that hangs up on everybody.
    let (listener, tries) = (tokio::net::TcpListener::bind(&address).await.unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = tries.clone();
    let hanging_up = tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let error = client.check_namespace().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_transient() && error.to_string().contains(&address), "{error:?}");
    let tried = tries.load(Ordering::SeqCst);
    assert!(tried > 1, "{tried}");
    // The same answer for everybody, without a try.
    for _ in 0..50 {
        assert!(matches!(client.check_namespace().await, Err(Error::Unreachable { .. })));
    }
    assert_eq!(tries.load(Ordering::SeqCst), tried);
    hanging_up.abort();
    assert!(hanging_up.await.is_err_and(|error| error.is_cancelled()));

    let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    let server = Played::on(listener, |_| None);
    eventually("it is found again", async || client.check_namespace().await.ok()).await;
    assert_eq!(server.opened(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for() {
    let server = Played::silent_on("DescribeNamespace").await;
    let client = Client::connect_to(&Target::plain(&server.address, "default"), "operator").await.unwrap();
    let mute = Played::silent_on("GetSystemInfo").await;
    let connecting = Target::plain(&mute.address, "default");
    let (call, connected) = tokio::join!(client.check_namespace(), Client::connect_to(&connecting, "operator"));
    let error = call.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }) && error.is_transient(), "{error:?}");
    // A call that takes long says nothing about others.
    client.task_queue_owner("orders").await.unwrap();
    let error = connected.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { problem, .. } if problem.contains("said nothing")), "{error:?}");
}
