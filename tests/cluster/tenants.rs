//! Tenants: who shares the cluster and one Temporal namespace is kept from others' pods, Secrets and API, and from the operator's.

use crate::ground::{Namespace, message, saying, task_queue};
use crate::own_queues::{calling, module, ran_on};
use serde_json::{Value, json};

/// What a tenant's code could try in its pod; prints what it found as JSON.
const TRIES: &str = r"
const {existsSync} = require('node:fs');
const {get} = require('node:https');
const {KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port} = process.env;
const answer = (path) => new Promise((done) => {
  get({host, port, path, rejectUnauthorized: false}, (response) => done(response.resume().statusCode)).on('error', (error) => done(error.message));
});
Promise.all(process.argv.slice(1).map(answer)).then((answers) => console.log(JSON.stringify({
  token: existsSync('/var/run/secrets/kubernetes.io'), answers,
})));
";

#[tokio::test]
async fn code_in_a_worker_reads_nothing_of_the_cluster() {
    let (ours, theirs) = (Namespace::new("tenant").await, Namespace::under("other", ()).await);
    ours.apply(&[saying(&ours, "saying", "ours")]);
    ours.live("saying").await;
    let pod = ours.list("pods")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let of = |namespace: &str, kind: &str| format!("/api/v1/namespaces/{namespace}/{kind}");
    let workflows = format!("/apis/warpline.dev/v1alpha1/namespaces/{}/workflows", theirs.name);
    let paths = [of(&ours.name, "secrets"), of(&theirs.name, "pods"), of("warpline-system", "secrets"), workflows];
    let mut exec = vec!["exec", pod.as_str(), "--", "/usr/local/bin/node", "--eval", TRIES, "--", "/version"];
    exec.extend(paths.iter().map(String::as_str));
    let found: Value = serde_json::from_str(&ours.kubectl(&exec)).unwrap();
    assert_eq!(found["token"], false, "{found}");
    let answers = found["answers"].as_array().unwrap();
    // The API server is there, and tells everybody its version: it refuses the rest, and is not merely out of reach.
    assert_eq!(answers[0], 200, "{found}");
    assert!(answers[1..].iter().all(|code| [401, 403].contains(&code.as_u64().unwrap_or_default())), "{found}");
}

#[tokio::test]
async fn a_secret_of_another_namespace_is_not_read() {
    let (ours, theirs) = (Namespace::new("tenant").await, Namespace::under("other", ()).await);
    theirs.apply(&[json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "temporal"}, "stringData": {"apiKey": "theirs"}})]);
    let with = |name: &str| task_queue(&ours, json!({"temporal": {"apiKeySecret": {"name": name}}}));
    ours.apply(&[saying(&ours, "saying", "ours"), with("temporal")]);
    ours.eventually("the Secret to be missed in our own namespace", || {
        let said = message(&ours.get("taskqueue", &ours.queue()), "Connected");
        said.contains(&format!("there is no Secret {}/temporal;", ours.name)).then_some(())
    })
    .await;
    // No name leads elsewhere.
    for name in [format!("{}/temporal", theirs.name), format!("../../{}/secrets/temporal", theirs.name)] {
        let (is_taken, said) = ours.try_apply(&[with(&name)]);
        assert!(!is_taken && said.contains("spec.temporal.apiKeySecret.name"), "{said}");
    }
}

#[tokio::test]
async fn the_same_module_on_the_same_queue_runs_on_each_tenants_own_pods() {
    let tenants = [Namespace::new("tenant").await, Namespace::under("other", ()).await];
    let queue = format!("{}-heavy", tenants[0].name);
    for tenant in &tenants {
        tenant.apply(&[module(&queue, tenant.cluster.image("PACKAGE_BUILDER_IMAGE")), calling(tenant)]);
    }
    let mut contents = Vec::new();
    for tenant in &tenants {
        tenant.live("calling").await;
        let id = tenant.start("CallingWorkflow", "one", Value::Null).await;
        tenant.temporal.signal(&id, "go", &[]).await.unwrap();
        assert_eq!(tenant.result(&id).await, false);
        let ran_on = ran_on(tenant, &id).await;
        assert!(tenant.list("pods").iter().any(|pod| pod["metadata"]["name"] == ran_on.as_str()), "{ran_on} is no pod of {}", tenant.name);
        let versions = tenant.list("workerversions");
        contents.extend(versions.into_iter().map(|version| version["spec"]["contentQueue"].clone()).filter(|name| !name.is_null()));
    }
    assert_eq!(contents.len(), 2, "{contents:?}");
    assert_ne!(contents[0], contents[1]);
}
