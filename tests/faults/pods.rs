//! Who plays what the servers alone lack: a Deployment's pods, which poll Temporal as its version and are ready once the server knows them, and the
//! collector of what belongs to what is gone.

use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::{Connection, ConnectionOptions, Url};
use temporalio_common::protos::temporal::api::deployment::v1::WorkerDeploymentOptions;
use temporalio_common::protos::temporal::api::enums::v1::{VersioningBehavior, WorkerVersioningMode};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1 as service;
use tokio::task::JoinHandle;
use tonic::IntoRequest;

/// The pods of one Deployment.
struct Pods(JoinHandle<()>);

impl Drop for Pods {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Plays for every namespace, for ever.
pub async fn play(kube: kube::Client, temporal: String) {
    let url = Url::parse(&format!("http://{temporal}")).unwrap();
    let connection = Connection::connect(ConnectionOptions::new(url).identity("pods").dns_load_balancing(None).build()).await.unwrap();
    let mut running: BTreeMap<String, Pods> = BTreeMap::new();
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let deployments = list(&kube, "/apis/apps/v1/deployments").await.unwrap_or_default();
        let mut others = Vec::new();
        for (group, kind) in [("/api/v1", "configmaps"), ("/apis/policy/v1", "poddisruptionbudgets")] {
            let found = list(&kube, &format!("{group}/{kind}?labelSelector=app.kubernetes.io/managed-by=warpline")).await;
            others.extend(found.unwrap_or_default().into_iter().map(|object| (group, kind, object)));
        }
        // After what they own: an owner that isn't there now is gone.
        let Some(versions) = list(&kube, "/apis/warpline.dev/v1alpha1/workerversions").await else { continue };
        let there: HashSet<&str> = versions.iter().filter_map(|version| version["metadata"]["uid"].as_str()).collect();
        // Who only serves activities polls for no workflow, and belongs to no worker deployment.
        let activities = versions.iter().filter(|version| version["spec"]["contentQueue"].is_string());
        let activities: HashSet<&str> = activities.filter_map(|version| version["metadata"]["uid"].as_str()).collect();
        for (group, kind, object) in &others {
            collected(&kube, &there, group, kind, object).await;
        }
        let mut wanted = HashSet::new();
        for deployment in deployments {
            if collected(&kube, &there, "/apis/apps/v1", "deployments", &deployment).await {
                continue;
            }
            let replicas = deployment["spec"]["replicas"].as_i64().unwrap_or(0);
            let uid = text(&deployment["metadata"]["uid"]);
            let has_workflows = owner(&deployment).is_none_or(|owner| !activities.contains(owner));
            if replicas > 0 && has_workflows {
                wanted.insert(uid.clone());
                running.entry(uid).or_insert_with(|| Pods(tokio::spawn(poll(connection.clone(), deployment.clone()))));
            }
            if has_told(&deployment, replicas) {
                continue;
            }
            if replicas == 0 || !has_workflows || is_known(&connection, &deployment).await {
                tell(&kube, &deployment, replicas).await;
            }
        }
        running.retain(|uid, _| wanted.contains(uid));
    }
}

/// Deletes an object whose owner is gone.
async fn collected(kube: &kube::Client, there: &HashSet<&str>, group: &str, kind: &str, object: &Value) -> bool {
    let is_orphan = owner(object).is_some_and(|owner| !there.contains(owner));
    if is_orphan {
        let metadata = &object["metadata"];
        let as_seen = json!({"preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}});
        let request = http::Request::delete(path(group, kind, object)).header("content-type", "application/json");
        let request = request.body(as_seen.to_string().into_bytes()).unwrap();
        // Somebody else may have deleted it, or given it another owner.
        let _ = kube.request_text(request).await;
    }
    is_orphan
}

fn owner(object: &Value) -> Option<&str> {
    object["metadata"]["ownerReferences"][0]["uid"].as_str()
}

/// Whether its status says that so many pods are ready.
fn has_told(deployment: &Value, replicas: i64) -> bool {
    let status = &deployment["status"];
    status["observedGeneration"] == deployment["metadata"]["generation"] && status["readyReplicas"].as_i64().unwrap_or(0) == replicas
}

/// Writes that all pods are ready.
async fn tell(kube: &kube::Client, deployment: &Value, replicas: i64) {
    let generation = &deployment["metadata"]["generation"];
    let status = json!({"status": {
        "observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
    }});
    let request = http::Request::patch(format!("{}/status", path("/apis/apps/v1", "deployments", deployment)));
    let request = request.header("content-type", "application/merge-patch+json").body(status.to_string().into_bytes()).unwrap();
    // It may be gone.
    let _ = kube.request_text(request).await;
}

/// The worker deployment, the build ID and the queue of a Deployment's pods.
fn version(deployment: &Value) -> (String, String, String) {
    let namespace = text(&deployment["metadata"]["namespace"]);
    let label = |name: &str| text(&deployment["metadata"]["labels"][name]);
    let queue = label("warpline.dev/task-queue");
    (format!("{namespace}/{queue}"), label("warpline.dev/build-id"), queue)
}

async fn is_known(connection: &Connection, deployment: &Value) -> bool {
    let (name, build_id, _) = version(deployment);
    let version = temporalio_common::protos::temporal::api::deployment::v1::WorkerDeploymentVersion { deployment_name: name, build_id };
    let request = service::DescribeWorkerDeploymentVersionRequest {
        namespace: "default".to_owned(),
        deployment_version: Some(version),
        ..Default::default()
    };
    connection.clone().describe_worker_deployment_version(request.into_request()).await.is_ok()
}

/// Polls for workflow tasks, and lets every workflow wait.
async fn poll(mut connection: Connection, deployment: Value) {
    let (deployment_name, build_id, name) = version(&deployment);
    let worker_versioning_mode = WorkerVersioningMode::Versioned.into();
    let options = WorkerDeploymentOptions { deployment_name, build_id, worker_versioning_mode };
    loop {
        let request = service::PollWorkflowTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: Some(TaskQueue { name: name.clone(), ..Default::default() }),
            identity: format!("pod of {}", options.build_id),
            deployment_options: Some(options.clone()),
            ..Default::default()
        };
        let task = match connection.poll_workflow_task_queue(request.into_request()).await {
            Ok(task) => task.into_inner(),
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(300)).await;
                continue;
            }
        };
        if task.task_token.is_empty() {
            continue;
        }
        let answer = service::RespondWorkflowTaskCompletedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token,
            identity: format!("pod of {}", options.build_id),
            versioning_behavior: VersioningBehavior::Pinned.into(),
            deployment_options: Some(options.clone()),
            ..Default::default()
        };
        // A task that is too old comes again.
        let _ = connection.respond_workflow_task_completed(answer.into_request()).await;
    }
}

async fn list(kube: &kube::Client, path: &str) -> Option<Vec<Value>> {
    let list: Value = kube.request(http::Request::get(path).body(Vec::new()).unwrap()).await.ok()?;
    list["items"].as_array().cloned()
}

fn path(group: &str, kind: &str, object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{group}/namespaces/{}/{kind}/{}", text(&metadata["namespace"]), text(&metadata["name"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
