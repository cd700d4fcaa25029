//! The chart is uninstalled: nothing of it is left, workers go on, and nothing hangs that is deleted afterwards.

use crate::ground::{INSTALLATION, Namespace, eventually, run, waiting};
use serde_json::Value;

#[tokio::test]
async fn uninstalling_leaves_nothing_behind_and_stops_no_worker() {
    let mut namespace = Namespace::new("uninstall").await;
    let cluster = namespace.cluster;
    namespace.apply(&[waiting(&namespace, "one")]);
    namespace.live("waiting").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;
    namespace.keep();
    let (name, temporal) = (namespace.name.clone(), namespace.temporal.clone());
    drop(namespace);

    let alone = INSTALLATION.write().await;
    cluster.uninstall();
    let left = || {
        run(&mut cluster.kubectl(&[
            "get",
            "all,roles,rolebindings,serviceaccounts,leases,configmaps",
            "--namespace",
            "warpline-system",
            "--output",
            "name",
        ]))
    };
    eventually(
        "the operator's objects to be gone",
        || {
            let ours: Vec<String> =
                left().lines().filter(|line| line.contains("warpline") && !line.contains("release")).map(str::to_owned).collect();
            ours.is_empty().then_some(())
        },
        left,
    )
    .await;
    let wide = run(&mut cluster.kubectl(&[
        "get",
        "clusterroles,clusterrolebindings",
        "--selector",
        "app.kubernetes.io/instance=warpline",
        "--output",
        "name",
    ]));
    assert_eq!(wide.trim(), "");

    temporal.signal(&held, "go", &[]).await.unwrap();
    let outcome = tokio::time::timeout(crate::ground::PATIENCE, temporal.outcome(&held)).await.expect("a result in time").unwrap();
    assert!(outcome.failure().is_none(), "{outcome:?}");
    run(&mut cluster.kubectl(&["delete", "workflow", "waiting", "--namespace", &name, "--timeout=240s"]));
    run(&mut cluster.kubectl(&["delete", "namespace", &name, "--timeout=60s"]));
    cluster.install(&[]);
    drop(alone);
}
