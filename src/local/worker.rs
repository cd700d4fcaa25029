//! A worker as a child process (contract in worker/README.md): it serves the versions that lie in directories, says
//! on its standard output when they are live, and ends its activities well when it is stopped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::time::timeout;

use super::child::{Child, Launch};
use super::command::tail;
use super::{Error, Toolchain};

/// How long a worker may take until it polls.
const START: Duration = Duration::from_secs(60);

/// What the worker serves, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directories of the versions.
    pub versions: Vec<PathBuf>,
    /// `host:port` of the Temporal frontend.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// Where its log (a JSON object a line) goes; the directory must exist.
    pub log: PathBuf,
    /// How long activities in flight may take to end after a stop.
    pub grace: Duration,
    /// How many activities run at once; the worker's default where absent.
    pub max_concurrent_activities: Option<u32>,
    /// Environment variables for activities.
    pub environment: Vec<(String, String)>,
    /// Its working directory; ours where absent.
    pub directory: Option<PathBuf>,
    /// More of the worker's command line.
    pub arguments: Vec<String>,
}

/// A version that the worker serves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    /// The version's build ID.
    pub build_id: String,
    /// The task queue that it polls.
    pub task_queue: String,
}

/// A line of the worker's standard output.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Life {
    Listening { http: String },
    Ready(Served),
    Stopping,
    Stopped,
}

/// A running worker. Dropped, it is asked to end; [`Worker::stop`] also waits for that.
#[derive(Debug)]
pub struct Worker {
    /// `host:port` of its health and metrics.
    pub http: String,
    /// What it serves.
    pub served: Vec<Served>,
    child: Child,
    log: PathBuf,
}

impl Worker {
    /// Starts a worker and waits until it polls for every version.
    ///
    /// # Errors
    /// [`Error::Worker`] with what its log says when it ends or stays silent.
    pub async fn start(toolchain: &Toolchain, options: &Options) -> Result<Self, Error> {
        let log = File::create(&options.log).map_err(Error::file("create", &options.log))?;
        let mut child = Child::start(Launch {
            program: &toolchain.node,
            arguments: arguments(toolchain, options),
            environment: options.environment.clone(),
            directory: options.directory.as_deref(),
            stdout: std::process::Stdio::piped(),
            stderr: log.into(),
            // The worker keeps its own grace; ours only ends a worker that doesn't.
            grace: options.grace + Duration::from_secs(5),
        })?;
        let failed = |problem| Error::Worker { problem, tail: String::new(), log: options.log.clone() };
        let stdout = child.stdout().ok_or_else(|| failed("has no standard output".to_owned()))?;
        let mut life = BufReader::new(stdout).lines();
        let mut worker = Self { http: String::new(), served: Vec::new(), child, log: options.log.clone() };
        match timeout(START, worker.ready(&mut life, options.versions.len())).await {
            Ok(Ok(())) => {
                // Processes that activities start may write there too: nobody shall wait for a reader.
                tokio::spawn(async move { while let Ok(Some(_)) = life.next_line().await {} });
                Ok(worker)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let error = worker.failed(format!("was not ready within {} s", START.as_secs()));
                let _ = worker.child.stop().await;
                Err(error)
            }
        }
    }

    async fn ready(&mut self, life: &mut Lines<BufReader<ChildStdout>>, versions: usize) -> Result<(), Error> {
        while self.served.len() < versions {
            let Some(line) = life.next_line().await.ok().flatten() else {
                return Err(self.failure().await);
            };
            match serde_json::from_str(&line) {
                Ok(Life::Listening { http }) => self.http = http,
                Ok(Life::Ready(served)) => self.served.push(served),
                // An end is seen as the end of the output; other lines are from processes that activities started.
                Ok(Life::Stopping | Life::Stopped) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn failed(&self, problem: String) -> Error {
        let log = std::fs::read(&self.log).unwrap_or_default();
        Error::Worker { problem, tail: complaints(&String::from_utf8_lossy(&log)), log: self.log.clone() }
    }

    /// Waits until the worker ends by itself, which it does only when something is wrong.
    pub async fn failure(&mut self) -> Error {
        match self.child.wait().await {
            Ok(status) => self.failed(format!("ended with {status}")),
            Err(error) => self.failed(format!("can't be watched: {error}")),
        }
    }

    /// Stops polling, lets activities in flight end within the grace, and waits for the worker's end.
    ///
    /// # Errors
    /// [`Error::Worker`] when it didn't end well.
    pub async fn stop(mut self) -> Result<(), Error> {
        match self.child.stop().await {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(format!("ended with {status} when it was stopped"))),
            Err(error) => Err(self.failed(format!("can't be ended: {error}"))),
        }
    }
}

fn arguments(toolchain: &Toolchain, options: &Options) -> Vec<String> {
    let text = |path: &Path| path.display().to_string();
    let mut arguments = vec![text(&toolchain.worker.join("main.js")), "--bundle".to_owned(), text(&toolchain.bundle)];
    for version in &options.versions {
        arguments.extend(["--version".to_owned(), text(version)]);
    }
    arguments.extend(["--address".to_owned(), options.address.clone(), "--namespace".to_owned(), options.namespace.clone()]);
    arguments.extend(["--http".to_owned(), "127.0.0.1:0".to_owned()]);
    arguments.extend(["--shutdown-grace".to_owned(), format!("{}s", options.grace.as_secs_f64())]);
    if let Some(count) = options.max_concurrent_activities {
        arguments.extend(["--max-concurrent-activities".to_owned(), count.to_string()]);
    }
    arguments.extend(options.arguments.iter().cloned());
    arguments
}

/// The last lines of a worker's log that matter: its errors, or its last lines where there is no error.
fn complaints(log: &str) -> String {
    let errors: Vec<String> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<LogLine>(line).ok())
        .filter(|line| line.level == "error")
        .map(|line| {
            let error = line.error.and_then(|error| error.message).filter(|message| !line.message.contains(message.as_str()));
            [Some(line.message), error, line.field, line.file].into_iter().flatten().collect::<Vec<_>>().join(": ")
        })
        .collect();
    if errors.is_empty() { tail(log, 12) } else { tail(&errors.join("\n"), 12) }
}

/// What is read of a line of the worker's log.
#[derive(Deserialize)]
struct LogLine {
    level: String,
    message: String,
    error: Option<LogError>,
    field: Option<String>,
    file: Option<String>,
}

#[derive(Deserialize)]
struct LogError {
    message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_for_its_errors() {
        let log = "{\"level\":\"info\",\"message\":\"starting\"}\nnot json\n{\"level\":\"error\",\"message\":\"can't load it\",\"error\":{\"message\":\"ENOENT\"},\"file\":\"version.json\"}\n";
        assert_eq!(complaints(log), "can't load it: ENOENT: version.json");
        assert_eq!(complaints("one\ntwo\n"), "one\ntwo");
    }

    #[test]
    fn events_of_a_worker_are_understood() {
        let ready = serde_json::from_str(r#"{"event":"ready","buildId":"b1","taskQueue":"engine","more":1}"#);
        assert!(matches!(ready, Ok(Life::Ready(Served { build_id, task_queue })) if build_id == "b1" && task_queue == "engine"));
        assert!(serde_json::from_str::<Life>(r#"{"event":"other"}"#).is_err());
    }
}
