//! A namespace of one test's own: objects in it, executions of its queue, and the end of all that.

use super::{Cluster, cluster, condition, eventually, run};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use warpline::temporal::{Client, ExecutionId, Outcome, Start};

/// A Kubernetes namespace under restricted pod security.
pub struct Namespace {
    pub name: String,
    pub cluster: &'static Cluster,
    pub temporal: Client,
    kept: bool,
    _installation: Box<dyn Send>,
}

impl Namespace {
    /// A new one; `about` is in its name.
    pub async fn new(about: &str) -> Self {
        let shared = super::INSTALLATION.read().await;
        Self::under(about, shared).await
    }

    /// A new one, where nobody takes this installation away: `installation` is what it is held by; nothing, in a test whose first namespace holds it. (Held
    /// twice, it would wait for who waits to have it alone, who waits for the first.)
    pub async fn under(about: &str, installation: impl Send + 'static) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cluster = cluster();
        let name = format!("{about}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run(&mut cluster.kubectl(&["create", "namespace", &name]));
        run(&mut cluster.kubectl(&["label", "namespace", &name, "pod-security.kubernetes.io/enforce=restricted"]));
        Self { name, cluster, temporal: cluster.temporal().await, kept: false, _installation: Box::new(installation) }
    }

    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let mut all = vec!["--namespace", self.name.as_str()];
        all.extend(arguments);
        run(&mut self.cluster.kubectl(&all))
    }

    /// `warpline` as a user would run it, in the namespace.
    pub fn warpline(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
        command.args(arguments).args(["--namespace", &self.name]).env("KUBECONFIG", self.cluster.get("KUBECONFIG"));
        command.output().expect("warpline runs")
    }

    /// The same where the command needs Temporal, whose address here is not the one that pods use.
    pub fn warpline_temporal(&self, arguments: &[&str]) -> Output {
        self.warpline(&[arguments, &["--temporal-address", self.cluster.get("TEMPORAL_ADDRESS")]].concat())
    }

    /// `kubectl apply` of objects; what it said.
    pub fn apply(&self, objects: &[Value]) -> String {
        let (accepted, said) = self.try_apply(objects);
        assert!(accepted, "{said}");
        said
    }

    /// `kubectl apply` of objects: whether they were taken, and what it said.
    pub fn try_apply(&self, objects: &[Value]) -> (bool, String) {
        self.pipe(&["apply", "--filename", "-"], objects)
    }

    fn pipe(&self, arguments: &[&str], objects: &[Value]) -> (bool, String) {
        let mut all = vec!["--namespace", self.name.as_str()];
        all.extend(arguments);
        let mut command = self.cluster.kubectl(&all);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl runs");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        child.stdin.take().expect("a pipe").write_all(list.to_string().as_bytes()).expect("kubectl reads");
        let output = child.wait_with_output().expect("kubectl ends");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Whether `kubectl diff` finds nothing.
    pub fn diff(&self, objects: &[Value]) -> (bool, String) {
        self.pipe(&["diff", "--filename", "-"], objects)
    }

    /// An object, or null.
    pub fn get(&self, kind: &str, name: &str) -> Value {
        let text = self.kubectl(&["get", kind, name, "--ignore-not-found", "--output", "json"]);
        if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    /// The objects of a kind.
    pub fn list(&self, kind: &str) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.kubectl(&["get", kind, "--output", "json"])).expect("JSON");
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Writes an annotation.
    pub fn annotate(&self, kind: &str, name: &str, annotation: &str, value: &str) {
        self.kubectl(&["annotate", "--overwrite", kind, name, &format!("{annotation}={value}")]);
    }

    /// The name of an image that nobody can pull.
    pub fn image_that_is_not_there(&self) -> String {
        format!("{}/warpline/nothing:1", self.cluster.get("REGISTRY"))
    }

    /// Everything that says what went wrong.
    pub fn story(&self) -> String {
        let kinds = "activitymodules,workflows,schedules,taskqueues,workerversions,deployments,jobs,pods";
        let objects = self.kubectl(&["get", kinds, "--output", "wide"]);
        let events = self.kubectl(&["get", "events", "--sort-by", ".lastTimestamp"]);
        let log = run(&mut self.cluster.kubectl(&["logs", "--namespace", "warpline-system", "deployment/warpline", "--tail", "30"]));
        format!("{objects}\n{events}\n{log}")
    }

    /// Waits until `look` finds what it looks for.
    pub async fn eventually<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        eventually(what, look, || self.story()).await
    }

    /// Waits until a workflow's newest generation is what new executions begin on; its build ID.
    pub async fn live(&self, workflow: &str) -> String {
        self.eventually(&format!("Workflow/{workflow} to be live"), || {
            let object = self.get("workflow", workflow);
            let live = object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Live")?.clone();
            let is_live = live["status"] == "True" && live["observedGeneration"] == object["metadata"]["generation"];
            is_live.then(|| object["status"]["buildId"].as_str().unwrap_or_default().to_owned())
        })
        .await
    }

    /// Waits until a condition is as asked for, as `True/Reason`; the object.
    pub async fn until(&self, kind: &str, name: &str, condition_type: &str, wanted: &str) -> Value {
        self.eventually(&format!("{kind}/{name} to be {condition_type}={wanted}"), || {
            let object = self.get(kind, name);
            (condition(&object, condition_type) == wanted).then_some(object)
        })
        .await
    }

    /// The queue's name in Temporal, where tests share one server.
    pub fn queue(&self) -> String {
        format!("{}-queue", self.name)
    }

    /// Starts an execution on the queue's current version.
    pub async fn start(&self, workflow_type: &str, id: &str, input: Value) -> ExecutionId {
        let id = format!("{}/{id}", self.name);
        self.temporal.start(&Start::new(workflow_type, id, self.queue(), vec![input])).await.expect("an execution")
    }

    /// Starts an execution and waits for its result.
    pub async fn execute(&self, workflow_type: &str, id: &str, input: Value) -> Value {
        let id = self.start(workflow_type, id, input).await;
        self.result(&id).await
    }

    /// Runs the waiting workflow to its end.
    pub async fn execute_waiting(&self, id: &str) -> Value {
        let id = self.start("WaitingWorkflow", id, Value::Null).await;
        self.temporal.signal(&id, "go", &[]).await.expect("an execution");
        self.result(&id).await
    }

    /// The result of an execution, which must complete.
    pub async fn result(&self, id: &ExecutionId) -> Value {
        match tokio::time::timeout(super::PATIENCE, self.temporal.outcome(id)).await {
            Ok(Ok(Outcome::Completed { result })) => result,
            other => panic!("{id} did not complete: {other:?}\n{}", self.story()),
        }
    }

    /// The build ID that an execution runs on.
    pub async fn build_id_of(&self, id: &ExecutionId) -> String {
        self.temporal.describe(id).await.expect("an execution").build_id.unwrap_or_default()
    }

    /// Waits until an execution has begun on a version; its build ID.
    pub async fn begun(&self, id: &ExecutionId) -> String {
        loop {
            let build_id = self.build_id_of(id).await;
            if !build_id.is_empty() {
                return build_id;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Waits until an execution has so many events.
    pub async fn events(&self, id: &ExecutionId, count: i64) {
        while self.temporal.describe(id).await.expect("an execution").history_length < count {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Leaves the namespace to the test, which deletes it itself.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Namespace {
    /// A test that failed leaves its namespace to be looked at.
    fn drop(&mut self) {
        if !self.kept && !std::thread::panicking() {
            run(&mut self.cluster.kubectl(&["delete", "namespace", &self.name, "--wait=false"]));
        }
    }
}
