//! Every history of a chain of runs, with those of their children, replayed on the version that it is of.

use crate::ground::Namespace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use warpline::local::Toolchain;
use warpline::local::replay::replay;
use warpline::plan::objects::group;
use warpline::temporal::{Client, ExecutionId};

/// The runs of an execution, from the first to the last, and the children that each began.
pub struct Chain {
    pub runs: Vec<Run>,
}

/// One run.
pub struct Run {
    pub id: ExecutionId,
    pub build_id: String,
    pub history: Value,
}

impl Run {
    async fn read(client: &Client, id: ExecutionId) -> Self {
        let history = client.history(&id).await.unwrap().to_json().unwrap();
        let build_id = client.describe(&id).await.unwrap().build_id.unwrap_or_default();
        Self { id, build_id, history: serde_json::from_str(&history).unwrap() }
    }

    /// The attributes of its events of a kind.
    pub fn events<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.history["events"].as_array().unwrap().iter().filter_map(move |event| event.get(kind))
    }

    /// The children that began.
    pub fn children(&self) -> Vec<ExecutionId> {
        let began = self.events("childWorkflowExecutionStartedEventAttributes").map(|event| &event["workflowExecution"]);
        began.map(|id| ExecutionId { workflow_id: text(&id["workflowId"]), run_id: text(&id["runId"]) }).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Reads the runs that follow on `first`.
pub async fn chain(client: &Client, first: &ExecutionId) -> Chain {
    let mut runs = vec![Run::read(client, first.clone()).await];
    loop {
        let last = runs.last().unwrap();
        let next = last.events("workflowExecutionContinuedAsNewEventAttributes").next().map(|event| text(&event["newExecutionRunId"]));
        let Some(run_id) = next else { return Chain { runs } };
        let id = ExecutionId { workflow_id: first.workflow_id.clone(), run_id };
        runs.push(Run::read(client, id).await);
    }
}

/// Replays runs on their versions; how many, and what does otherwise.
pub async fn replayed(namespace: &Namespace, runs: &[Run]) -> (usize, Vec<String>) {
    let toolchain = Toolchain::ensure(&|step| eprintln!("{step}")).await.unwrap();
    let folder = std::env::temp_dir().join(format!("warpline-replay-{}", namespace.name));
    let mut of_versions: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in runs {
        of_versions.entry(&run.build_id).or_default().push(run);
    }
    let (mut count, mut different) = (0, Vec::new());
    for (build_id, runs) in of_versions {
        let version = folder.join(build_id);
        files(namespace, build_id, &version);
        let histories: Vec<PathBuf> = runs.iter().map(|run| version.join(format!("{}.history", run.id.run_id))).collect();
        for (run, file) in runs.iter().zip(&histories) {
            std::fs::write(file, run.history.to_string()).unwrap();
        }
        let found = replay(&toolchain, &version, &histories).await.unwrap();
        count += found.len();
        different.extend(runs.iter().zip(found).filter_map(|(run, found)| found.map(|what| format!("{} on {build_id}: {what}", run.id))));
    }
    std::fs::remove_dir_all(folder).unwrap();
    (count, different)
}

/// Writes a version's files into a folder.
fn files(namespace: &Namespace, build_id: &str, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let versions = namespace.list("workerversions");
    let version = versions.iter().find(|version| version["spec"]["buildId"] == build_id).unwrap_or_else(|| panic!("no version {build_id}"));
    let maps = version["spec"]["configMaps"].as_array().unwrap().iter().map(|name| namespace.get("configmap", name.as_str().unwrap()));
    let groups = maps.map(|map| group(serde_json::from_value(map).unwrap())).collect();
    for (name, content) in warpline::version::files(groups).unwrap() {
        std::fs::write(folder.join(name), content).unwrap();
    }
}
