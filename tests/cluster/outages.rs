//! Every server that the operator stands on is killed while a version is on its way, stays away for longer than a lease lasts, and comes back: the
//! rollout ends as it would have, no execution has moved or is lost, and then nothing more is written.

use crate::ground::{Cluster, INSTALLATION, Namespace, eventually, root, run, task_queue, waiting};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// How long a server is away.
const AWAY: Duration = Duration::from_secs(20);
/// How long nothing may be written at the end: longer than a queue in flux is looked at.
const REST: Duration = Duration::from_secs(20);

fn script(arguments: &[&str]) -> String {
    let mut script = Command::new(root().join("tests/cluster/ground/cluster"));
    run(script.args(arguments).env("WARPLINE", env!("CARGO_BIN_EXE_warpline")))
}

/// Kills a program of the cluster without a word, and starts it again when the time is over.
async fn away(cluster: &Cluster, program: &str) {
    script(&["inside", "bash", "-c", "kill -KILL \"$(<\"pids/$1\")\"", "kill", program]);
    tokio::time::sleep(AWAY).await;
    script(&["start", program]);
    let ready = || cluster.kubectl(&["get", "--raw", "/readyz"]).output().is_ok_and(|output| output.status.success()).then_some(());
    eventually("the API server to answer", ready, || program.to_owned()).await;
}

/// Name and resource version of everything that the operator writes.
fn written(namespace: &Namespace) -> Vec<(Value, Value)> {
    let kinds = "workflows,taskqueues,workerversions,deployments,configmaps,poddisruptionbudgets";
    namespace
        .list(kinds)
        .into_iter()
        .map(|object| (object["metadata"]["name"].clone(), object["metadata"]["resourceVersion"].clone()))
        .collect()
}

#[tokio::test]
async fn a_server_that_was_away_changes_nothing_about_the_end() {
    // Other tests need these servers.
    let namespace = Namespace::under("outages", INSTALLATION.write().await).await;
    namespace.apply(&[task_queue(&namespace, json!({})), waiting(&namespace, "before")]);
    let mut texts = vec!["before"];
    let mut build_ids = vec![namespace.live("waiting").await];
    let mut held = vec![namespace.start("WaitingWorkflow", "before", Value::Null).await];
    namespace.begun(&held[0]).await;
    for program in ["temporal", "kubelet", "kube-apiserver", "etcd"] {
        namespace.apply(&[waiting(&namespace, program)]);
        away(namespace.cluster, program).await;
        build_ids.push(namespace.live("waiting").await);
        let execution = namespace.start("WaitingWorkflow", program, Value::Null).await;
        namespace.begun(&execution).await;
        held.push(execution);
        texts.push(program);
    }
    for ((execution, text), build_id) in held.iter().zip(&texts).zip(&build_ids) {
        namespace.temporal.signal(execution, "go", &[]).await.unwrap();
        assert_eq!(namespace.result(execution).await, *text);
        assert_eq!(namespace.build_id_of(execution).await, *build_id);
    }
    let only_the_last = || (namespace.list("workerversions").len() == 1 && namespace.list("pods").len() == 1).then_some(());
    namespace.eventually("only the last version to be left", only_the_last).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = written(&namespace);
    tokio::time::sleep(REST).await;
    assert_eq!(written(&namespace), before, "something is written at rest");
}
