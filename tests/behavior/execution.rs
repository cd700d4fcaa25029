//! One execution in a test: told and asked things, waited for; and its record, every history of it (children and continued runs included),
//! which must replay.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use warpline::temporal::{ExecutionId, Outcome};

use crate::ground::{Ground, eventually};
use crate::record::{Record, Run};

pub struct Execution {
    ground: &'static Ground,
    pub id: ExecutionId,
    /// The folder of the version that the histories replay on; that of their queue where absent.
    version: Option<PathBuf>,
}

impl Execution {
    pub fn new(ground: &'static Ground, id: ExecutionId) -> Self {
        Self { ground, id, version: None }
    }

    /// Replays on the version in `folder`.
    pub fn replayed_on(self, folder: PathBuf) -> Self {
        Self { version: Some(folder), ..self }
    }

    /// The newest run, whichever that is.
    fn newest(&self) -> ExecutionId {
        ExecutionId::newest(self.id.workflow_id.clone())
    }

    pub async fn signal(&self, name: &str, arguments: &[Value]) {
        self.ground.client.signal(&self.newest(), name, arguments).await.unwrap();
    }

    pub async fn query(&self, name: &str, arguments: &[Value]) -> Value {
        self.ground.client.query(&self.newest(), name, arguments).await.unwrap()
    }

    /// Asks until the answer is as wanted.
    pub async fn query_until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("the wanted answer to {name}"), async || Some(self.query(name, &[]).await).filter(|answer| wanted(answer)))
            .await
    }

    pub async fn cancel(&self) {
        self.ground.client.cancel(&self.newest(), "the test wants it").await.unwrap();
    }

    pub async fn terminate(&self) {
        self.ground.client.terminate(&self.newest(), "the test wants it").await.unwrap();
    }

    /// Waits until the newest run's history holds an event that `wanted` accepts.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Run) -> bool) {
        eventually(what, async || {
            let history = self.ground.client.history(&self.newest()).await.unwrap();
            wanted(&Run::read(&self.id.workflow_id, &history.to_json().unwrap())).then_some(())
        })
        .await;
    }

    /// Waits for the end, fetches all histories and replays them.
    pub async fn end(self) -> (Outcome, Record) {
        let outcome = self.ground.client.outcome(&self.id).await.unwrap();
        let mut runs = Vec::new();
        let mut open = vec![self.id.clone()];
        while let Some(id) = open.pop() {
            // The end of an abandoned or cancelled child comes after its parent's.
            self.ground.client.outcome(&id).await.unwrap();
            let text = self.ground.client.history(&id).await.unwrap().to_json().unwrap();
            let run = Run::read(&id.workflow_id, &text);
            open.extend(run.successors());
            runs.push((run, text));
        }
        self.replay(&runs).await;
        (outcome, Record { runs: runs.into_iter().map(|(run, _)| run).collect() })
    }

    /// The result of an execution that completes.
    pub async fn result(self) -> (Value, Record) {
        match self.end().await {
            (Outcome::Completed { result }, record) => (result, record),
            (other, _) => panic!("it {other}"),
        }
    }

    /// The words of the failure of an execution that fails.
    pub async fn failure(self) -> (String, Record) {
        match self.end().await {
            (Outcome::Failed { failure }, record) => (failure.to_string(), record),
            (other, _) => panic!("it {other}"),
        }
    }

    async fn replay(&self, runs: &[(Run, String)]) {
        let folder = self.ground.folder.join("histories");
        std::fs::create_dir_all(&folder).unwrap();
        let mut files = std::collections::BTreeMap::<&str, Vec<_>>::new();
        for (run, text) in runs {
            let file = folder.join(format!("{}.json", run.run_id));
            std::fs::write(&file, text).unwrap();
            files.entry(&run.task_queue).or_default().push(file);
        }
        for (queue, files) in files {
            let version = self.version.as_deref().unwrap_or_else(|| self.ground.version(queue));
            replay(self.ground, version, &files).await;
        }
    }
}

/// Replays histories on the version in a folder.
pub async fn replay(ground: &Ground, version: &Path, files: &[PathBuf]) {
    let toolchain = &ground.toolchain;
    let mut command = Command::new(&toolchain.node);
    command.arg(toolchain.worker.join("replay.js")).arg("--bundle").arg(&toolchain.bundle);
    command.arg("--version").arg(version).args(files);
    let output = command.stderr(Stdio::piped()).output().await.unwrap();
    let lines: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed: Vec<_> = lines.iter().filter(|line| line["ok"] != true).collect();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(failed.is_empty() && lines.len() == files.len(), "{} of {} replayed: {failed:?}\n{complaints}", lines.len(), files.len());
}
