//! What the operator relies on, against the server as clients see it: by HTTP, with kube's client.

use super::store::REMEMBERED;
use super::{ApiServer, NAMESPACE};
use crate::api::{Workflow, WorkflowStatus};
use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Client, Resource, ResourceExt};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

async fn server() -> (ApiServer, Client) {
    let server = ApiServer::start().await.unwrap();
    let client = Client::try_from(server.config().unwrap()).unwrap();
    (server, client)
}

fn workflow(name: &str, text: &str) -> Value {
    json!({"apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": name},
        "spec": {"taskQueue": "q", "definition": {"nodes": [{"id": text, "type": "trigger"}], "edges": []}}})
}

fn map(name: &str, data: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": {"is": data}}, "data": {"is": data}})).unwrap()
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("{other}"),
    }
}

fn ours() -> PatchParams {
    PatchParams::apply("ours").force()
}

#[tokio::test]
async fn the_namespace_is_there() {
    let (_server, client) = server().await;
    let namespace = Api::<Namespace>::all(client).get_metadata(NAMESPACE).await.unwrap();
    assert!(namespace.uid().is_some());
}

#[tokio::test]
async fn generations_count_specs_and_what_changes_nothing_is_not_written() {
    let (_server, client) = server().await;
    let api: Api<Workflow> = Api::namespaced(client, NAMESPACE);
    let apply = async |object: &Value| api.patch("one", &ours(), &Patch::Apply(object)).await.unwrap();
    let made = apply(&workflow("one", "a")).await;
    assert_eq!(made.metadata.generation, Some(1));
    assert_eq!(apply(&workflow("one", "a")).await.resource_version(), made.resource_version());
    let mut labelled = workflow("one", "a");
    labelled["metadata"]["labels"] = json!({"a": "b"});
    let labelled = apply(&labelled).await;
    assert_eq!(labelled.metadata.generation, Some(1));
    assert_ne!(labelled.resource_version(), made.resource_version());
    let changed = apply(&workflow("one", "b")).await;
    assert_eq!((changed.metadata.generation, changed.labels().len()), (Some(2), 0));
}

#[tokio::test]
async fn a_status_is_written_on_its_own_path_alone() {
    let (_server, client) = server().await;
    let api: Api<Workflow> = Api::namespaced(client, NAMESPACE);
    let mut object = workflow("one", "a");
    object["status"] = json!({"workflowType": "Forged"});
    let made = api.patch("one", &ours(), &Patch::Apply(&object)).await.unwrap();
    assert_eq!(made.status, None);
    let said = |status: Value| json!({"apiVersion": "warpline.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "one", "uid": made.uid()}, "status": status, "spec": {"taskQueue": "other"}});
    let told = PatchParams::apply("status").force();
    let one = api.patch_status("one", &told, &Patch::Apply(said(json!({"workflowType": "One", "buildId": "b"})))).await.unwrap();
    assert_eq!((one.metadata.generation, one.spec.task_queue.as_str()), (Some(1), "q"));
    let two = api.patch_status("one", &told, &Patch::Apply(said(json!({"workflowType": "Two"})))).await.unwrap();
    let expected = WorkflowStatus { workflow_type: Some("Two".to_owned()), ..two.status.clone().unwrap_or_default() };
    assert_eq!((two.status.clone().and_then(|status| status.build_id), two.status), (None, Some(expected)));
    api.patch("one", &ours(), &Patch::Apply(workflow("one", "b"))).await.unwrap();
    assert!(api.get("one").await.unwrap().status.is_some(), "the spec is written beside it");
    let other = json!({"metadata": {"name": "one", "uid": "another"}, "status": {}});
    let refused = api.patch_status("one", &told, &Patch::Apply(&other)).await.unwrap_err();
    assert_eq!(code(&refused), 409);
    assert!(refused.to_string().contains("UID"), "{refused}");
    assert_eq!(code(&api.patch_status("none", &told, &Patch::Apply(&other)).await.unwrap_err()), 404);
}

#[tokio::test]
async fn what_the_schema_refuses_is_not_taken_and_defaults_are_filled_in() {
    let (_server, client) = server().await;
    let api: Api<Workflow> = Api::namespaced(client.clone(), NAMESPACE);
    let mut object = workflow("one", "a");
    object["spec"]["versioningBehavior"] = json!("Sometimes");
    let refused = api.patch("one", &ours(), &Patch::Apply(&object)).await.unwrap_err();
    assert_eq!(code(&refused), 422, "{refused}");
    let queue = json!({"apiVersion": "warpline.dev/v1alpha1", "kind": "TaskQueue", "metadata": {"name": "q"}, "spec": {"unknown": 1}});
    let queues: Api<crate::api::TaskQueue> = Api::namespaced(client, NAMESPACE);
    assert_eq!(queues.patch("q", &ours(), &Patch::Apply(&queue)).await.unwrap().spec.replicas, 1);
}

#[tokio::test]
async fn writers_that_saw_something_older_are_told() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    let made = api.create(&PostParams::default(), &map("m", "1")).await.unwrap();
    assert_eq!(code(&api.create(&PostParams::default(), &map("m", "1")).await.unwrap_err()), 409);
    api.patch("m", &PatchParams::default(), &Patch::Merge(json!({"data": {"is": "2"}}))).await.unwrap();
    let stale = json!({"metadata": {"resourceVersion": made.resource_version(), "finalizers": ["a/b"]}});
    assert_eq!(code(&api.patch("m", &PatchParams::default(), &Patch::Merge(&stale)).await.unwrap_err()), 409);
    assert_eq!(code(&api.patch("none", &PatchParams::default(), &Patch::Merge(&stale)).await.unwrap_err()), 404);
    assert_eq!(code(&api.replace("m", &PostParams::default(), &made).await.unwrap_err()), 409);
}

#[tokio::test]
async fn finalizers_hold_what_is_deleted() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    let mut object = map("m", "1");
    object.metadata.finalizers = Some(vec!["a/b".to_owned()]);
    api.create(&PostParams::default(), &object).await.unwrap();
    let held = api.delete("m", &DeleteParams::background()).await.unwrap();
    assert!(held.left().unwrap().meta().deletion_timestamp.is_some());
    api.patch("m", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"finalizers": []}}))).await.unwrap();
    assert!(api.get_opt("m").await.unwrap().is_none());
    api.create(&PostParams::default(), &map("m", "1")).await.unwrap();
    assert!(api.delete("m", &DeleteParams::background()).await.unwrap().is_right());
}

#[tokio::test]
async fn what_nobody_owns_any_more_goes() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    let owner = async |name: &str| api.create(&PostParams::default(), &map(name, "1")).await.unwrap().owner_ref(&()).unwrap();
    let (one, two): (OwnerReference, OwnerReference) = (owner("one").await, owner("two").await);
    for (name, owners) in [("of-one", vec![one.clone()]), ("of-both", vec![one, two])] {
        let mut object = map(name, "1");
        object.metadata.owner_references = Some(owners);
        api.create(&PostParams::default(), &object).await.unwrap();
    }
    api.delete("one", &DeleteParams::background()).await.unwrap();
    assert!(api.get_opt("of-one").await.unwrap().is_none());
    assert_eq!(api.get("of-both").await.unwrap().owner_references().len(), 1);
    api.delete("two", &DeleteParams::background()).await.unwrap();
    assert!(api.get_opt("of-both").await.unwrap().is_none());
}

#[tokio::test]
async fn a_watch_tells_what_a_selector_chooses_from_where_it_was_asked() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    api.create(&PostParams::default(), &map("before", "1")).await.unwrap();
    let list = api.list(&ListParams::default().labels("is=1")).await.unwrap();
    assert_eq!(list.items.len(), 1);
    let from = list.metadata.resource_version.unwrap();
    api.create(&PostParams::default(), &map("made", "1")).await.unwrap();
    api.create(&PostParams::default(), &map("other", "2")).await.unwrap();
    let relabel = |to: &str| Patch::Merge(json!({"metadata": {"labels": {"is": to}}}));
    api.patch("made", &PatchParams::default(), &Patch::Merge(json!({"data": {"x": "y"}}))).await.unwrap();
    api.patch("made", &PatchParams::default(), &relabel("2")).await.unwrap();
    api.patch("other", &PatchParams::default(), &relabel("1")).await.unwrap();
    api.delete("other", &DeleteParams::default()).await.unwrap();
    let watch = api.watch(&WatchParams::default().labels("is=1").timeout(20), &from).await.unwrap();
    let told: Vec<String> = watch
        .take(5)
        .map(|event| match event.unwrap() {
            WatchEvent::Added(object) => format!("added {}", object.name_any()),
            WatchEvent::Modified(object) => format!("modified {}", object.name_any()),
            WatchEvent::Deleted(object) => format!("deleted {}", object.name_any()),
            other => format!("{other:?}"),
        })
        .collect()
        .await;
    assert_eq!(told, ["added made", "modified made", "deleted made", "added other", "deleted other"]);
}

#[tokio::test]
async fn a_watch_from_what_is_forgotten_is_told_to_begin_anew() {
    let (_server, client) = server().await;
    let api: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    api.create(&PostParams::default(), &map("m", "0")).await.unwrap();
    let mut watch = Box::pin(api.watch(&WatchParams::default().timeout(20), "1").await.unwrap());
    assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Added(_)))));
    for number in 0..REMEMBERED {
        api.patch("m", &PatchParams::default(), &Patch::Merge(json!({"data": {"is": number.to_string()}}))).await.unwrap();
    }
    let mut watch = Box::pin(api.watch(&WatchParams::default().timeout(20), "1").await.unwrap());
    assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Error(status))) if status.code == 410));
}

#[tokio::test]
async fn nobody_is_answered_who_does_not_know_the_secret() {
    let (server, _client) = server().await;
    let (address, _) = server.url.rsplit_once('/').unwrap();
    let config = kube::Config::new(address.parse().unwrap());
    let api: Api<ConfigMap> = Api::namespaced(Client::try_from(config).unwrap(), NAMESPACE);
    assert_eq!(code(&api.list(&ListParams::default()).await.unwrap_err()), 404);
    let folder = tempfile::tempdir().unwrap();
    let file = server.write_kubeconfig(folder.path()).unwrap();
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}
