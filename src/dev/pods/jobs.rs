//! Processes for the pods of Jobs: the replay of open executions on a new version. Nothing is built here, so there are no others.
//! Reads Jobs and writes what the kubelet and the Job controller write; must not know what a replay decides.

use super::{Ground, mount, status};
use crate::local::replay::on_server;
use futures::StreamExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long to wait before something that could not be done is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Runs Jobs, for ever. Those that are deleted end at once, as do all when this is dropped.
pub async fn run(ground: Arc<Ground>, namespace: &str) {
    let jobs = Api::<Job>::namespaced(ground.client.clone(), namespace);
    let mut running: HashMap<String, Running> = HashMap::new();
    let events = watcher(jobs.clone(), watcher::Config::default());
    futures::pin_mut!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(job) | Event::InitApply(job)) => {
                let uid = job.uid().unwrap_or_default();
                running.entry(uid).or_insert_with(|| Running(tokio::spawn(live(ground.clone(), jobs.clone(), job)).abort_handle()));
            }
            Ok(Event::Delete(job)) => drop(running.remove(&job.uid().unwrap_or_default())),
            Ok(Event::Init | Event::InitDone) => {}
            Err(error) => tracing::warn!(%error, "the watch of Jobs was interrupted"),
        }
    }
}

/// A Job's task, which ends with this.
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How a pod of a Job ended: its exit code, and what it left.
type Ended = (i32, String);

async fn live(ground: Arc<Ground>, jobs: Api<Job>, job: Job) {
    let name = job.name_any();
    let tries = job.spec.as_ref().and_then(|spec| spec.backoff_limit).unwrap_or(6);
    for attempt in 0..=tries {
        let pod = format!("{name}-{}", &uuid::Uuid::new_v4().simple().to_string()[..5]);
        let (code, message) = match attempted(&ground, &job, &pod).await {
            Ok(ended) => ended,
            Err(why) => (3, why),
        };
        // What could not be done is tried again; a verdict is not.
        let is_over = attempt == tries || matches!(code, 0..=2);
        tell(&ground, &job, &pod, (code, message)).await;
        if is_over {
            let (counted, condition) = if code == 0 { ("succeeded", "Complete") } else { ("failed", "Failed") };
            let status = json!({counted: 1, "conditions": [{"type": condition, "status": "True"}]});
            if let Err(error) = jobs.patch_status(&name, &PatchParams::default(), &Patch::Merge(json!({"status": status}))).await {
                tracing::warn!(%error, name, "the status of a Job could not be written");
            }
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Runs the program of a Job's pod to its end.
async fn attempted(ground: &Ground, job: &Job, pod: &str) -> Result<Ended, String> {
    let spec = job.spec.as_ref().and_then(|spec| spec.template.spec.clone()).unwrap_or_default();
    let folder = ground.folder.join("pods").join(pod);
    let mounted = mount::mount(ground, &job.namespace().unwrap_or_default(), &folder, &spec).await.map_err(|(_, message)| message)?;
    let left = folder.join("termination-log");
    let mut arguments = mounted.arguments.into_iter();
    if arguments.next().as_deref() != Some("dist/replay.js") {
        return Ok((2, "`warpline dev` runs no Jobs but replays".to_owned()));
    }
    let here = |argument: String| if argument == "/dev/termination-log" { left.display().to_string() } else { argument };
    let mut arguments: Vec<String> = arguments.map(here).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--bundle") {
        arguments[at + 1] = ground.toolchain.bundle.display().to_string();
    }
    let log = ground.folder.join("logs").join(format!("{pod}.log"));
    let code = on_server(&ground.toolchain, arguments, mounted.environment, &log).await.map_err(|error| error.to_string())?;
    let message = tokio::fs::read_to_string(&left).await.unwrap_or_default();
    // Nobody needs what was mounted any more.
    let _ = tokio::fs::remove_dir_all(&folder).await;
    Ok((code, message))
}

/// Writes the pod as it ended.
async fn tell(ground: &Ground, job: &Job, name: &str, (code, message): Ended) {
    let template = job.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let mut metadata = template.metadata.unwrap_or_default();
    metadata.name = Some(name.to_owned());
    metadata.namespace = job.namespace();
    metadata.owner_references = job.controller_owner_ref(&()).map(|owner| vec![owner]);
    let image = template.spec.iter().flat_map(|spec| &spec.containers).find_map(|container| container.image.clone()).unwrap_or_default();
    let pod = Pod { metadata, spec: template.spec, status: None };
    let terminated = json!({"exitCode": code, "message": message, "reason": if code == 0 { "Completed" } else { "Error" }});
    let container: Value = json!({"ready": false, "state": {"terminated": terminated}});
    let mut said = status::of_pod(&image, &container, 0, false);
    said["phase"] = json!(if code == 0 { "Succeeded" } else { "Failed" });
    let pods = Api::<Pod>::namespaced(ground.client.clone(), &job.namespace().unwrap_or_default());
    let made = pods.create(&PostParams::default(), &pod).await;
    let written = match made {
        Ok(_) => pods.patch_status(name, &PatchParams::default(), &Patch::Merge(json!({"status": said}))).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        tracing::warn!(%error, name, "the pod of a Job could not be written");
    }
}
