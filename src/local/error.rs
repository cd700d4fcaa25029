//! Why something local could not be had or kept: one error type for the room, with a reason for programs and a
//! sentence with the next step for people.

use std::path::PathBuf;
use std::process::ExitStatus;

/// What went wrong with the tool chain, the embedded server or a worker process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that can't be fetched is not on this machine.
    #[error("{program} is needed and not found: {instead}")]
    Missing {
        /// The program's name.
        program: &'static str,
        /// What to install or to set, as a sentence's end.
        instead: String,
    },
    /// A program that an environment variable names is not usable.
    #[error("{variable} names {}, which {problem}: set it to another path, or unset it", path.display())]
    BadOverride {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
        /// What is wrong with it, as `is version 18.1.0, older than 20.3`.
        problem: String,
    },
    /// A program that was started by us failed.
    #[error("{command} ended with {status}{}\n{next}", quoted(tail))]
    Command {
        /// The command line, shortened.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// Its last lines.
        tail: String,
        /// What to do next.
        next: String,
    },
    /// A program could not be started at all.
    #[error("can't start {program}: {source}; check that the file exists and may be executed")]
    Spawn {
        /// The program's path.
        program: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file or directory could not be read or written.
    #[error("can't {action} {}: {source}; check its permissions and the free space, or set WARPLINE_CACHE to another directory", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The path it was tried with.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// This machine's platform has no ready-made program to fetch.
    #[error("there is no {program} to fetch for {os} on {arch}: {instead}")]
    Platform {
        /// What was to be fetched.
        program: &'static str,
        /// Operating system, in Rust's words.
        os: &'static str,
        /// Architecture, in Rust's words.
        arch: &'static str,
        /// What to do in its place.
        instead: String,
    },
    /// The embedded server ended, or did not answer in time.
    #[error("the Temporal server {problem}{}\nits log: {}", quoted(tail), log.display())]
    Server {
        /// What it did, as a verb phrase.
        problem: String,
        /// The last lines of its log.
        tail: String,
        /// The whole log.
        log: PathBuf,
    },
    /// A worker ended, or was not ready in time.
    #[error("the worker {problem}{}\nits log: {}", quoted(tail), log.display())]
    Worker {
        /// What it did, as a verb phrase.
        problem: String,
        /// What its log says of it, decoded.
        tail: String,
        /// The whole log.
        log: PathBuf,
    },
}

impl Error {
    /// One CamelCase word for a condition, a metric label, a log.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "ToolMissing",
            Self::BadOverride { .. } => "ToolUnusable",
            Self::Command { .. } => "ToolFailed",
            Self::Spawn { .. } => "ToolNotStarted",
            Self::File { .. } => "FileFailed",
            Self::Platform { .. } => "PlatformUnsupported",
            Self::Server { .. } => "ServerFailed",
            Self::Worker { .. } => "WorkerFailed",
        }
    }

    /// An error of the file system, for `map_err`.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

/// `: ` and the lines, each on its own and indented; nothing for nothing.
fn quoted(tail: &str) -> String {
    tail.lines().filter(|line| !line.trim().is_empty()).fold(String::new(), |text, line| text + "\n  " + line)
}
