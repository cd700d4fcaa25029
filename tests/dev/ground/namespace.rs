//! A directory of one test's own with `warpline dev` on it: files in it, objects on its API server, executions on its Temporal server.

use super::{PATIENCE, condition};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tempfile::TempDir;
use warpline::temporal::{Client, ExecutionId, Outcome, Start};

/// On objects of tests: which write it is.
const WRITE: &str = "test/write";

/// The directory, and the program.
pub struct Namespace {
    pub name: String,
    pub temporal: Client,
    pub temporal_address: String,
    pub folder: TempDir,
    kubeconfig: PathBuf,
    /// `host:port` of the API server, and the path before all paths.
    server: (String, String),
    program: Child,
    told: Arc<Mutex<Vec<String>>>,
    writes: Cell<u32>,
}

impl Namespace {
    /// A new one; `about` is in its name.
    pub async fn new(about: &str) -> Self {
        Self::on(tempfile::Builder::new().prefix(&format!("{about}-")).tempdir().unwrap()).await
    }

    /// On a directory that there is.
    pub async fn on(folder: TempDir) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
        command.arg("dev").arg(folder.path()).args(["--ui", "false", "--output", "json"]);
        let mut program = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("warpline runs");
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next().expect("a line").unwrap()).expect("JSON");
        assert_eq!(ready["event"], "ready", "{ready}");
        let told = Arc::<Mutex<Vec<String>>>::default();
        let kept = told.clone();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line)));
        let kubeconfig = PathBuf::from(ready["kubeconfig"].as_str().unwrap());
        let config: Value = serde_json::from_str(&std::fs::read_to_string(&kubeconfig).unwrap()).unwrap();
        let url = config["clusters"][0]["cluster"]["server"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let (address, secret) = url.split_once('/').unwrap();
        let temporal_address = ready["temporal"].as_str().unwrap().to_owned();
        let temporal = Client::connect(&temporal_address, "default").await.expect("the Temporal server answers");
        let server = (address.to_owned(), format!("/{secret}"));
        Self { name: "default".to_owned(), temporal, temporal_address, folder, kubeconfig, server, program, told, writes: Cell::new(0) }
    }

    /// `warpline` as a user would run it.
    pub fn warpline(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command.output().expect("warpline runs")
    }

    /// Writes objects into the directory, a file each, and waits until they are there.
    pub fn apply(&self, objects: &[Value]) {
        let number = self.writes.get() + 1;
        self.writes.set(number);
        let kind = |object: &Value| object["kind"].as_str().unwrap().to_lowercase();
        for object in objects {
            let mut object = object.clone();
            object["metadata"]["annotations"][WRITE] = json!(number.to_string());
            self.write(&format!("{}-{}.json", kind(&object), object["metadata"]["name"].as_str().unwrap()), &object.to_string());
        }
        for object in objects {
            let name = object["metadata"]["name"].as_str().unwrap();
            let begun = Instant::now();
            while self.get(&kind(object), name)["metadata"]["annotations"][WRITE] != number.to_string().as_str() {
                assert!(begun.elapsed() < PATIENCE, "{name} was not applied\n{}", self.story());
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
    }

    /// Writes a file as editors do: beside its place, and then there.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let beside = path.with_extension("tmp");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, path).unwrap();
    }

    /// Writes an annotation, as a tool of the cluster would.
    pub fn annotate(&self, kind: &str, name: &str, annotation: &str, value: &str) {
        let patch = json!({"metadata": {"annotations": {annotation: value}}});
        let (code, answer) = self.ask("PATCH", &format!("{}/{name}", path(kind)), Some(&patch));
        assert_eq!(code, 200, "{answer}");
    }

    /// The name of an image that nobody can pull.
    pub fn image_that_is_not_there(&self) -> String {
        "registry.example/warpline/nothing:1".to_owned()
    }

    /// An object, or null.
    pub fn get(&self, kind: &str, name: &str) -> Value {
        let (code, answer) = self.ask("GET", &format!("{}/{name}", path(kind)), None);
        if code == 404 { Value::Null } else { answer }
    }

    /// The objects of a kind.
    pub fn list(&self, kind: &str) -> Vec<Value> {
        self.ask("GET", &path(kind), None).1["items"].as_array().cloned().unwrap_or_default()
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (address, before) = &self.server;
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut connection = TcpStream::connect(address).expect("the API server listens");
        let head = format!(
            "{method} {before}{path} HTTP/1.0\r\nContent-Type: application/merge-patch+json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        (head[9..12].parse().unwrap(), serde_json::from_str(body).expect("JSON"))
    }

    /// What the program told so far.
    pub fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    /// Everything that says what went wrong.
    pub fn story(&self) -> String {
        let log = |name: &str| std::fs::read_to_string(self.folder.path().join(".warpline/logs").join(name)).unwrap_or_default();
        format!("{}\n{}", self.told(), log("operator.log"))
    }

    /// Waits until `look` finds what it looks for.
    pub async fn eventually<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "waited {} s for {what}\n{}", PATIENCE.as_secs(), self.story());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
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

    /// The queue's name in Temporal.
    pub fn queue(&self) -> String {
        "test-queue".to_owned()
    }

    /// Starts an execution on the queue's current version.
    pub async fn start(&self, workflow_type: &str, id: &str, input: Value) -> ExecutionId {
        self.temporal.start(&Start::new(workflow_type, id, self.queue(), vec![input])).await.expect("an execution")
    }

    /// Starts an execution and waits for its result.
    pub async fn execute(&self, workflow_type: &str, id: &str, input: Value) -> Value {
        let id = self.start(workflow_type, id, input).await;
        self.result(&id).await
    }

    /// The result of an execution, which must complete.
    pub async fn result(&self, id: &ExecutionId) -> Value {
        match tokio::time::timeout(PATIENCE, self.temporal.outcome(id)).await {
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

    /// Ctrl-C; how the program ended.
    pub fn interrupt(&mut self) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.program.id()).unwrap()).unwrap();
        let _ = kill_process(pid, Signal::INT);
        self.program.wait().unwrap().code()
    }

    /// A file of the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        Path::join(self.folder.path(), name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.program.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.interrupt();
        }
    }
}

/// The path of a kind's objects, by one of its names.
fn path(kind: &str) -> String {
    let plural = if kind.ends_with('s') { kind.to_owned() } else { format!("{kind}s") };
    let group = match plural.as_str() {
        "pods" | "configmaps" | "secrets" | "events" => "/api/v1",
        "deployments" => "/apis/apps/v1",
        "jobs" => "/apis/batch/v1",
        _ => "/apis/warpline.dev/v1alpha1",
    };
    format!("{group}/namespaces/default/{plural}")
}
