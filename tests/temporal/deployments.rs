//! Worker deployments over their whole life, and what the server and other people may have against it.

use warpline::temporal::{Deleted, Deployment, Error, OpenFilter, Ramp, Start, TaskQueueType, Version, VersionStatus};

use crate::ground::{Ground, eventually, waiting};

const NAME: &str = "shop/orders";
const QUEUE: &str = "orders";

#[tokio::test]
async fn a_version_ramps_takes_over_drains_and_goes() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    assert_eq!(client.deployment(NAME).await.unwrap(), None);
    assert_eq!(client.task_queue_owner(QUEUE).await.unwrap(), None);

    let (worker_a, fresh) = ground.serve(NAME, "a", QUEUE).await;
    assert_eq!((&fresh.current, &fresh.ramping, &fresh.manager), (&None, &None, &None));
    assert_eq!(status(&fresh, "a"), VersionStatus::Inactive);
    let detail = client.version(NAME, "a").await.unwrap().unwrap();
    let queues = [(QUEUE.to_owned(), TaskQueueType::Workflow), (QUEUE.to_owned(), TaskQueueType::Activity)];
    assert_eq!(detail.task_queues, queues);
    assert_eq!(client.version(NAME, "never").await.unwrap(), None);

    ground.set_current(NAME, Some("a")).await;
    assert_eq!(client.task_queue_owner(QUEUE).await.unwrap().as_deref(), Some(NAME));
    let first = ground.waiting(&waiting("first", QUEUE)).await;

    let (worker_b, known) = ground.serve(NAME, "b", QUEUE).await;
    assert_eq!((status(&known, "a"), status(&known, "b")), (VersionStatus::Current, VersionStatus::Inactive));
    gate(&ground, "b").await;
    ramp(&ground, "b").await;
    let second = ground.waiting(&waiting("second", QUEUE)).await;
    assert_eq!(client.describe(&second).await.unwrap().build_id.as_deref(), Some("a"));

    ground.set_current(NAME, Some("b")).await;
    let known = ground.deployment(NAME).await;
    assert_eq!(
        (known.current.as_deref(), status(&known, "a"), status(&known, "b")),
        (Some("b"), VersionStatus::Draining, VersionStatus::Current)
    );
    assert!(known.versions.iter().all(|version| version.created.is_some()));
    let third = ground.waiting(&waiting("third", QUEUE)).await;
    let pinned = Start { pinned: Some((NAME.to_owned(), "a".to_owned())), ..waiting("pinned", QUEUE) };
    let pinned = ground.waiting(&pinned).await;
    counted(&ground, "a", 3).await;
    counted(&ground, "b", 1).await;

    let refused = client.delete_version(NAME, "a", false).await.unwrap();
    assert!(matches!(&refused, Deleted::NotYet { reason } if reason.contains("draining") || reason.contains("pollers")), "{refused:?}");
    for id in [&first, &second, &pinned] {
        ground.go_on(id).await;
    }
    counted(&ground, "a", 0).await;
    let version = drained(&ground, "a").await;
    assert!(version.drained_since.is_some() && version.drainage_checked.is_some() && version.deactivated.is_some(), "{version:?}");

    let refused = client.delete_version(NAME, "a", false).await.unwrap();
    assert!(matches!(&refused, Deleted::NotYet { reason } if reason.contains("pollers")), "{refused:?}");
    worker_a.stop().await.unwrap();
    gone(&ground, "a").await;
    assert_eq!(client.delete_version(NAME, "a", false).await.unwrap(), Deleted::Gone);

    // Everything goes: the routing first, then the executions, the pods, the records.
    let refused = client.delete_deployment(NAME).await.unwrap();
    assert!(matches!(&refused, Deleted::NotYet { reason } if reason.contains("versions")), "{refused:?}");
    let refused = client.delete_version(NAME, "b", true).await.unwrap();
    assert!(matches!(&refused, Deleted::NotYet { reason } if reason.contains("current")), "{refused:?}");
    ground.set_current(NAME, None).await;
    assert_eq!(ground.deployment(NAME).await.current, None);
    assert_eq!(client.task_queue_owner(QUEUE).await.unwrap(), None);
    client.terminate(&third, "the queue goes").await.unwrap();
    assert!(matches!(client.terminate(&third, "again").await, Err(Error::NotFound { .. })));
    worker_b.stop().await.unwrap();
    gone(&ground, "b").await;
    assert_eq!(client.delete_deployment(NAME).await.unwrap(), Deleted::Gone);
    eventually("the deployment is forgotten", async || client.deployment(NAME).await.unwrap().is_none().then_some(())).await;
    assert_eq!(client.delete_deployment(NAME).await.unwrap(), Deleted::Gone);
    assert_eq!(client.delete_version(NAME, "b", false).await.unwrap(), Deleted::Gone);
    ground.clear(vec![]).await;
}

/// Pins an execution to a version that takes none yet, as a gate does. The server then sees the version draining, then
/// drained, though new executions never began on it.
async fn gate(ground: &Ground, build_id: &str) {
    let pinned = Start { pinned: Some((NAME.to_owned(), build_id.to_owned())), ..waiting("gate", QUEUE) };
    let id = ground.waiting(&pinned).await;
    assert_eq!(ground.client.describe(&id).await.unwrap().build_id.as_deref(), Some(build_id));
    let look = async || (status(&ground.deployment(NAME).await, build_id) == VersionStatus::Draining).then_some(());
    eventually("the version of the gate is seen as draining", look).await;
    ground.go_on(&id).await;
    let version = drained(ground, build_id).await;
    assert_eq!(version.deactivated, None);
}

/// Ramps a version: half of new executions, all of them, none.
async fn ramp(ground: &Ground, build_id: &str) {
    let client = &ground.client;
    let stale = ground.deployment(NAME).await;
    client.set_ramping(&stale, Some(build_id), 50.0).await.unwrap();
    let known = ground.deployment(NAME).await;
    assert_eq!(known.ramping, Some(Ramp { build_id: Some(build_id.to_owned()), percentage: 50.0 }));
    assert_eq!(status(&known, build_id), VersionStatus::Ramping);

    // What was looked at before the ramp is not what is there now.
    let conflict = client.set_current(&stale, Some(build_id)).await.unwrap_err();
    assert!(matches!(conflict, Error::Conflict { .. }) && conflict.is_transient(), "{conflict}");
    let conflict = client.set_ramping(&stale, Some(build_id), 10.0).await.unwrap_err();
    assert_eq!(conflict.reason(), "TemporalConflict", "{conflict}");

    client.set_ramping(&known, Some(build_id), 100.0).await.unwrap();
    ground.propagated(NAME).await;
    let all = ground.waiting(&waiting("ramped", QUEUE)).await;
    assert_eq!(client.describe(&all).await.unwrap().build_id.as_deref(), Some(build_id));
    ground.go_on(&all).await;

    client.set_ramping(&ground.deployment(NAME).await, None, 0.0).await.unwrap();
    ground.propagated(NAME).await;
    assert_eq!(ground.deployment(NAME).await.ramping, None);
}

#[tokio::test]
async fn what_others_hold_is_theirs() {
    let ground = Ground::lay().await;
    let (client, somebody) = (&ground.client, ground.client_of("somebody").await);
    let (worker, known) = ground.serve(NAME, "a", QUEUE).await;
    somebody.set_manager(&known).await.unwrap();

    let known = ground.deployment(NAME).await;
    assert_eq!(known.manager.as_deref(), Some("somebody"));
    let managed = |result: Result<(), Error>| {
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::Managed { manager, .. } if manager == "somebody") && !error.is_transient(), "{error}");
    };
    managed(client.set_current(&known, Some("a")).await);
    managed(client.set_ramping(&known, Some("a"), 10.0).await);
    managed(client.set_manager(&known).await);
    managed(client.unset_manager(&known).await);
    managed(client.delete_version(NAME, "a", true).await.map(|_| ()));
    somebody.unset_manager(&known).await.unwrap();

    let known = ground.deployment(NAME).await;
    assert_eq!(known.manager, None);
    client.unset_manager(&known).await.unwrap();
    client.set_manager(&known).await.unwrap();
    let known = ground.deployment(NAME).await;
    assert_eq!(known.manager.as_deref(), Some("operator"));
    client.set_manager(&known).await.unwrap();
    // Another replica, or we after a restart, are the same.
    ground.client_of("operator").await.set_current(&known, Some("a")).await.unwrap();
    ground.propagated(NAME).await;

    // Another deployment takes the queue when it makes a version current on it.
    let (other, known) = ground.serve("bar/orders", "x", QUEUE).await;
    assert_eq!(client.task_queue_owner(QUEUE).await.unwrap().as_deref(), Some(NAME));
    somebody.set_current(&known, Some("x")).await.unwrap();
    ground.propagated("bar/orders").await;
    assert_eq!(client.task_queue_owner(QUEUE).await.unwrap().as_deref(), Some("bar/orders"));
    assert_eq!(ground.deployment(NAME).await.current.as_deref(), Some("a"));
    let id = ground.waiting(&waiting("taken", QUEUE)).await;
    let theirs = OpenFilter { deployment: Some("bar/orders"), ..OpenFilter::default() };
    eventually("their execution is counted", async || (client.count_open(&theirs).await.unwrap() == 1).then_some(())).await;
    ground.go_on(&id).await;
    ground.clear(vec![worker, other]).await;
}

#[tokio::test]
async fn what_is_not_there_or_cannot_be_is_said() {
    let ground = Ground::lay().await;
    let client = &ground.client;
    let (worker, known) = ground.serve(NAME, "a", QUEUE).await;
    for unready in [client.set_current(&known, Some("never")).await, client.set_ramping(&known, Some("never"), 1.0).await] {
        let error = unready.unwrap_err();
        assert!(matches!(error, Error::VersionNotReady { .. }) && error.is_transient() && error.to_string().contains("never"), "{error}");
    }
    worker.stop().await.unwrap();
    // What is pinned to a version that nobody serves now belongs to it, and what could run anywhere doesn't.
    let pinned = Start { pinned: Some((NAME.to_owned(), "a".to_owned())), ..waiting("unserved", QUEUE) };
    client.start(&pinned).await.unwrap();
    client.start(&waiting("anywhere", QUEUE)).await.unwrap();
    counted(&ground, "a", 1).await;

    // The characters of `<namespace>/<queue>` are fine, but for these two.
    for name in ["shop/a.b", "shop/a:b"] {
        let error = client.deployment(name).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }) && !error.is_transient() && error.to_string().contains(name), "{error}");
    }
    let longest = format!("shop/{}", "q".repeat(475));
    assert_eq!(client.deployment(&longest).await.unwrap(), None);
    assert!(matches!(client.deployment(&format!("{longest}q")).await, Err(Error::Refused { .. })));
    assert_eq!(client.deployment("shop/Ünï côdé_~!@#$%^&*()=+[]{}|;,<>?").await.unwrap(), None);

    let elsewhere = warpline::temporal::Target::plain(&ground.server.address, "elsewhere");
    let elsewhere = warpline::temporal::Client::connect_to(&elsewhere, "operator").await.unwrap();
    let errors = [
        elsewhere.check_namespace().await.unwrap_err(),
        elsewhere.deployment(NAME).await.unwrap_err(),
        elsewhere.version(NAME, "a").await.unwrap_err(),
        elsewhere.task_queue_owner(QUEUE).await.unwrap_err(),
        elsewhere.count_open(&OpenFilter::default()).await.unwrap_err(),
        elsewhere.start(&waiting("nowhere", QUEUE)).await.unwrap_err(),
        elsewhere.delete_version(NAME, "a", false).await.unwrap_err(),
        elsewhere.delete_deployment(NAME).await.unwrap_err(),
        elsewhere.set_current(&known, Some("a")).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::NamespaceNotFound { .. }) && !error.is_transient(), "{error}");
        assert!(error.to_string().contains("temporal operator namespace create --namespace elsewhere"), "{error}");
    }
    ground.clear(vec![]).await;
}

fn status(deployment: &Deployment, build_id: &str) -> VersionStatus {
    deployment.versions.iter().find(|version| version.build_id == build_id).unwrap().status
}

/// Waits until so many executions are open on a version; listed, they are the same ones.
async fn counted(ground: &Ground, build_id: &str, count: u64) {
    let filter = OpenFilter { deployment: Some(NAME), build_id: Some(build_id), ..OpenFilter::default() };
    let look = async || (ground.client.count_open(&filter).await.unwrap() == count).then_some(());
    eventually(&format!("{count} executions are open on {build_id}"), look).await;
    let listed = ground.client.list_open(&filter, 100).await.unwrap();
    assert_eq!(u64::try_from(listed.len()), Ok(count), "{listed:?}");
    for execution in listed {
        assert_eq!((execution.build_id.as_deref(), execution.task_queue.as_str()), (Some(build_id), QUEUE));
    }
}

/// Waits until a version is drained. The server is only asked for what it knows: one that is asked all the time to forget
/// the version never gets to look whether it is drained.
async fn drained(ground: &Ground, build_id: &str) -> Version {
    let look = async || {
        let known = ground.deployment(NAME).await;
        known.versions.into_iter().find(|version| version.build_id == build_id && version.status == VersionStatus::Drained)
    };
    eventually(&format!("{build_id} is drained"), look).await
}

/// Waits until the server forgets a version.
async fn gone(ground: &Ground, build_id: &str) {
    drained(ground, build_id).await;
    let look = async || (ground.client.delete_version(NAME, build_id, false).await.unwrap() == Deleted::Gone).then_some(());
    eventually(&format!("the server forgets {build_id}"), look).await;
    assert!(ground.deployment(NAME).await.versions.iter().all(|version| version.build_id != build_id));
}
