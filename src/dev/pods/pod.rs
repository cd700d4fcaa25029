//! One pod: its worker started, looked at, started again when it ends by itself, and ended well when it is to go.

use super::mount::{self, Mounted};
use super::{Ground, status};
use crate::local::Worker;
use crate::local::worker::Options;
use crate::reconcile::LOCAL;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How often a worker is asked whether it is ready, until it is.
const LOOK: Duration = Duration::from_millis(100);
/// How often afterwards.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long to wait before a worker that ended is started again: first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A worker that ran so long begins again with the shortest wait.
const LONG: Duration = Duration::from_secs(120);

/// A pod that runs.
pub struct Pod {
    /// What tells its template from others.
    pub template: String,
    state: watch::Receiver<State>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct State {
    ready: bool,
    ended: bool,
}

impl Pod {
    /// Starts one of a Deployment; whenever it stands otherwise, `news` hears the Deployment's name.
    pub fn start(ground: Arc<Ground>, deployment: &Deployment, template: String, news: UnboundedSender<String>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (sender, state) = watch::channel(State::default());
        let name = format!("{}-{}-{}", deployment.name_any(), &template[..5], &uuid::Uuid::new_v4().simple().to_string()[..5]);
        let object = status::pod(deployment, &name, &template);
        let api = Api::namespaced(ground.client.clone(), &deployment.namespace().unwrap_or_default());
        let life = Life { api, object, name, restarts: 0, last: None, state: sender, news, of: deployment.name_any(), ground };
        let task = tokio::spawn(life.live(stopped));
        Self { template, state, stop: Some(stop), task }
    }

    /// Whether it serves.
    pub fn is_ready(&self) -> bool {
        self.state.borrow().ready
    }

    /// Whether it is on its way out.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_none()
    }

    /// Whether it is gone.
    pub fn has_ended(&self) -> bool {
        self.state.borrow().ended
    }

    /// Lets it end.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody listens who has ended.
            let _ = stop.send(());
        }
    }

    /// Waits for its end.
    pub async fn ended(self) {
        let _ = self.task.await;
    }
}

/// What a pod's task holds.
struct Life {
    ground: Arc<Ground>,
    api: Api<v1::Pod>,
    object: v1::Pod,
    name: String,
    /// The Deployment's name.
    of: String,
    restarts: i32,
    /// How the last worker ended.
    last: Option<String>,
    state: watch::Sender<State>,
    news: UnboundedSender<String>,
}

/// Why a worker's time was over.
enum Over {
    /// It is to end.
    Stopped,
    /// It ended by itself, after so long.
    Failed(Duration),
}

impl Life {
    async fn live(mut self, mut stop: oneshot::Receiver<()>) {
        if let Err(error) = self.api.create(&PostParams::default(), &self.object).await {
            tracing::warn!(%error, pod = self.name, "a pod could not be written");
        }
        let mut wait = BACK_OFF.0;
        loop {
            let over = match self.prepared().await {
                Ok(options) => self.serve(options, &mut stop).await,
                Err((reason, message)) => {
                    self.tell(&status::waiting(&reason, &message)).await;
                    Over::Failed(Duration::ZERO)
                }
            };
            let Over::Failed(ran) = over else { break };
            wait = if ran > LONG { BACK_OFF.0 } else { wait };
            tokio::select! {
                () = sleep(wait) => {}
                _ = &mut stop => break,
            }
            wait = (wait * 2).min(BACK_OFF.1);
        }
        let _ = self.api.delete(&self.name, &DeleteParams::default()).await;
        let _ = tokio::fs::remove_dir_all(self.folder()).await;
        self.turn(State { ready: false, ended: true });
    }

    fn folder(&self) -> PathBuf {
        self.ground.folder.join("pods").join(&self.name)
    }

    /// How the worker is started; else why it can't be: reason and message.
    async fn prepared(&self) -> Result<Options, (String, String)> {
        let spec = self.object.spec.clone().unwrap_or_default();
        let image = spec.containers.first().and_then(|container| container.image.clone()).unwrap_or_default();
        if image != self.ground.worker_image && !image.starts_with(LOCAL) {
            let message =
                format!("`warpline dev` pulls no images, and {image} is one: give the ActivityModule a `path`, or leave `workerImage` out");
            return Err(("ErrImagePull".to_owned(), message));
        }
        let namespace = self.object.namespace().unwrap_or_default();
        let Mounted { arguments, environment, ignored } = mount::mount(&self.ground, &namespace, &self.folder(), &spec).await?;
        if !ignored.is_empty() {
            tracing::warn!(pod = self.name, "a process has no {}", ignored.join(", "));
        }
        let log = self.ground.folder.join("logs").join(format!("{}.log", self.name));
        Ok(Options { log, ..mount::options(arguments, environment) })
    }

    async fn serve(&mut self, options: Options, stop: &mut oneshot::Receiver<()>) -> Over {
        let begun = Instant::now();
        self.tell(&status::waiting("ContainerCreating", "")).await;
        let started = tokio::select! {
            started = Worker::start(&self.ground.toolchain, &options) => started,
            // What was begun ends with its handle.
            _ = &mut *stop => return Over::Stopped,
        };
        let mut worker = match started {
            Ok(worker) => worker,
            Err(error) => return self.failed(&error.to_string(), begun.elapsed()).await,
        };
        let (mut was_ready, address) = (false, worker.http.clone());
        loop {
            let is_ready = tokio::select! {
                ready = answers(&address) => ready,
                error = worker.failure() => return self.failed(&error.to_string(), begun.elapsed()).await,
                _ = &mut *stop => break,
            };
            if is_ready != was_ready {
                self.tell(&status::running(is_ready)).await;
                self.turn(State { ready: is_ready, ended: false });
                was_ready = is_ready;
            }
            tokio::select! {
                () = sleep(if is_ready { LOOK_AGAIN } else { LOOK }) => {}
                error = worker.failure() => return self.failed(&error.to_string(), begun.elapsed()).await,
                _ = &mut *stop => break,
            }
        }
        self.turn(State::default());
        if let Err(error) = worker.stop().await {
            self.ground.say.warn(&format!("pod {}: {error}", self.name));
        }
        Over::Stopped
    }

    async fn failed(&mut self, why: &str, ran: Duration) -> Over {
        self.restarts += 1;
        self.last = Some(why.to_owned());
        self.ground.say.warn(&format!("pod {}: {why}", self.name));
        self.tell(&status::waiting("CrashLoopBackOff", why)).await;
        self.turn(State::default());
        Over::Failed(ran)
    }

    /// Writes how the container stands.
    async fn tell(&self, state: &Value) {
        let image =
            self.object.spec.iter().flat_map(|spec| &spec.containers).find_map(|container| container.image.clone()).unwrap_or_default();
        let status = status::of_pod(&image, state, self.restarts, self.last.is_some());
        if let Err(error) = self.api.patch_status(&self.name, &PatchParams::default(), &Patch::Merge(json!({"status": status}))).await {
            tracing::debug!(%error, pod = self.name, kind = %v1::Pod::kind(&()), "the status of a pod could not be written");
        }
    }

    fn turn(&self, state: State) {
        self.state.send_replace(state);
        let _ = self.news.send(self.of.clone());
    }
}

/// Whether a worker says that it is ready.
async fn answers(address: &str) -> bool {
    let asked = async {
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(b"GET /ready HTTP/1.0\r\n\r\n").await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer.get(9..12) == Some(b"200".as_slice()))
    };
    tokio::time::timeout(Duration::from_secs(5), asked).await.is_ok_and(|answered| answered.unwrap_or(false))
}
