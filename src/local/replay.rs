//! Histories, replayed on a version by the worker's own program (contract in worker/README.md): whether its code does the same.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::command::tail;
use super::{Error, Toolchain};

/// How long one replay may take.
const LONGEST: Duration = Duration::from_secs(300);

/// A line of the program's output.
#[derive(Deserialize)]
struct Line {
    ok: bool,
    error: Option<String>,
}

/// Replays open executions of a server, as `arguments` of the program say it; its exit code. What it logs goes to `log`.
///
/// # Errors
/// The program can't be started, or takes too long.
pub async fn on_server(
    toolchain: &Toolchain,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: &Path,
) -> Result<i32, Error> {
    let file = std::fs::File::create(log).map_err(Error::file("create", log))?;
    let mut command = Command::new(&toolchain.node);
    command.arg(toolchain.worker.join("replay.js")).args(arguments).envs(environment).stdout(Stdio::null()).stderr(file).kill_on_drop(true);
    let spawn = |source| Error::Spawn { program: toolchain.node.display().to_string(), source };
    let ended = match timeout(LONGEST, command.status()).await {
        Ok(status) => status.map_err(spawn)?,
        Err(_) => return Err(spawn(std::io::Error::from(std::io::ErrorKind::TimedOut))),
    };
    // Killed by a signal, it has no code: that is none of its verdicts.
    Ok(ended.code().unwrap_or(3))
}

/// Replays histories (files) on the version in a folder; of each, in order, what the code does otherwise: nothing where it does the same.
///
/// # Errors
/// The replay could not be done, or not to its end.
pub async fn replay(toolchain: &Toolchain, version: &Path, histories: &[PathBuf]) -> Result<Vec<Option<String>>, Error> {
    let program = toolchain.worker.join("replay.js");
    let mut command = Command::new(&toolchain.node);
    command.arg(&program).arg("--bundle").arg(&toolchain.bundle).arg("--version").arg(version).args(histories).kill_on_drop(true);
    let spawn = |source| Error::Spawn { program: toolchain.node.display().to_string(), source };
    let output = match timeout(LONGEST, command.output()).await {
        Ok(output) => output.map_err(spawn)?,
        Err(_) => return Err(spawn(std::io::Error::from(std::io::ErrorKind::TimedOut))),
    };
    let lines = String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Line>>();
    if lines.len() == histories.len() {
        return Ok(lines.into_iter().map(|line| line.error.filter(|_| !line.ok)).collect());
    }
    Err(Error::Command {
        command: format!("node {} --version {}", program.display(), version.display()),
        status: output.status,
        tail: tail(&String::from_utf8_lossy(&output.stderr), 12),
        next: "the version's files may be of a worker that is newer than this program: use the warpline of the operator's version"
            .to_owned(),
    })
}
