//! Temporal's dev server as a child process: on a free local port, with its log in a file, gone when we are.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Error;
use super::child::{Child, Launch};
use super::command::tail;
use crate::temporal::{self, Client};

/// How long the server may take to answer.
const START: Duration = Duration::from_secs(60);
/// How long the server may take to end.
const GRACE: Duration = Duration::from_secs(10);
/// How often another port is tried when somebody took ours between our look and the server's start.
const TRIES: u32 = 3;

/// How the server runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace that is made. Default: `default`.
    pub namespace: String,
    /// Where its log goes; the directory must exist.
    pub log: PathBuf,
    /// Whether it serves Temporal's page for people, and on which port (0: a free one).
    pub ui_port: Option<u16>,
    /// The file that keeps executions beyond its end; in memory where absent.
    pub db_file: Option<PathBuf>,
    /// Dynamic configuration, as `key=JSON value`.
    pub dynamic_config: Vec<String>,
}

impl Options {
    /// Namespace `default`, in memory, no page, no dynamic configuration.
    #[must_use]
    pub fn new(log: impl Into<PathBuf>) -> Self {
        Self { namespace: "default".to_owned(), log: log.into(), ui_port: None, db_file: None, dynamic_config: Vec::new() }
    }
}

/// A running dev server. Dropped, it is asked to end; [`Server::stop`] also waits for that.
#[derive(Debug)]
pub struct Server {
    /// `host:port` of the gRPC frontend.
    pub address: String,
    /// The page for people, where it is served.
    pub ui_url: Option<String>,
    /// The namespace that was made.
    pub namespace: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts the server and waits until it answers and its namespace is there.
    ///
    /// # Errors
    /// [`Error::Server`] with its last lines when it ends or stays silent.
    pub async fn start(temporal: &Path, options: &Options) -> Result<Self, Error> {
        let mut tried = 1;
        loop {
            let mut server = Self::launch(temporal, options)?;
            match server.ready().await {
                Ok(()) => return Ok(server),
                Err(Error::Server { tail, .. }) if tail.contains("address already in use") && tried < TRIES => tried += 1,
                Err(error) => {
                    let _ = server.child.stop().await;
                    return Err(error);
                }
            }
        }
    }

    fn launch(temporal: &Path, options: &Options) -> Result<Self, Error> {
        let log = File::create(&options.log).map_err(Error::file("create", &options.log))?;
        let both = log.try_clone().map_err(Error::file("open", &options.log))?;
        let port = free_port()?;
        let ui_port = match options.ui_port {
            Some(0) => Some(free_port()?),
            asked => asked,
        };
        let child = Child::start(Launch {
            program: temporal,
            arguments: arguments(options, port, ui_port),
            environment: Vec::new(),
            directory: None,
            stdout: log.into(),
            stderr: both.into(),
            grace: GRACE,
        })?;
        let address = format!("{}:{port}", Ipv4Addr::LOCALHOST);
        let ui_url = ui_port.map(|port| format!("http://{}:{port}", Ipv4Addr::LOCALHOST));
        Ok(Self { address, ui_url, namespace: options.namespace.clone(), child, log: options.log.clone() })
    }

    async fn ready(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.ended() {
                return Err(self.failed(format!("ended with {status} before it was ready")));
            }
            if self.answers().await.is_ok() {
                return Ok(());
            }
            if begun.elapsed() > START {
                return Err(self.failed(format!("did not answer within {} s", START.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn answers(&self) -> Result<(), temporal::Error> {
        Client::connect(&self.address, &self.namespace).await?.check_namespace().await
    }

    fn failed(&self, problem: String) -> Error {
        let log = std::fs::read(&self.log).unwrap_or_default();
        Error::Server { problem, tail: tail(&String::from_utf8_lossy(&log), 12), log: self.log.clone() }
    }

    /// Waits until the server ends by itself, which it does only when something is wrong.
    pub async fn failure(&mut self) -> Error {
        match self.child.wait().await {
            Ok(status) => self.failed(format!("ended with {status}")),
            Err(error) => self.failed(format!("can't be watched: {error}")),
        }
    }

    /// Ends the server and waits for its end.
    ///
    /// # Errors
    /// [`Error::Server`] when the system doesn't let us.
    pub async fn stop(mut self) -> Result<(), Error> {
        match self.child.stop().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(format!("can't be ended: {error}"))),
        }
    }
}

fn arguments(options: &Options, port: u16, ui_port: Option<u16>) -> Vec<String> {
    let mut arguments =
        ["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "warn", "--log-format", "json"].map(str::to_owned).to_vec();
    arguments.extend(["--port".to_owned(), port.to_string(), "--namespace".to_owned(), options.namespace.clone()]);
    match ui_port {
        Some(port) => arguments.extend(["--ui-port".to_owned(), port.to_string()]),
        None => arguments.push("--headless".to_owned()),
    }
    if let Some(file) = &options.db_file {
        arguments.extend(["--db-filename".to_owned(), file.display().to_string()]);
    }
    for value in &options.dynamic_config {
        arguments.extend(["--dynamic-config-value".to_owned(), value.clone()]);
    }
    arguments
}

/// A port that nobody listened on a moment ago.
fn free_port() -> Result<u16, Error> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(Error::file("listen on", "127.0.0.1"))
}
