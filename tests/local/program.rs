//! The program as a user has it: what it says when a tool is missing or fails, and that nothing is left when it ends,
//! however it ends.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const SLEEPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local/sleeper.yaml");

/// The program with nothing but `path` on PATH and an empty cache in `cache`.
fn bare(path: &Path, cache: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
    command.args(arguments).arg(SLEEPER).env_clear().env("PATH", path).env("WARPLINE_CACHE", cache);
    command
}

/// A directory with a program `name` that is `script`.
fn with_program(name: &str, script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

async fn failure(mut command: Command) -> String {
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_missing_npm_is_named_with_what_to_install() {
    let nothing = tempfile::tempdir().unwrap();
    let said = failure(bare(nothing.path(), nothing.path(), &["check"])).await;
    assert!(said.contains("npm is needed and not found: install Node 20 or newer together with npm"), "{said}");
}

#[tokio::test]
async fn a_node_that_is_too_old_or_broken_is_named_by_its_variable() {
    for (script, problem) in [("echo v18.1.0", "is Node 18.1.0, older than 20.3"), ("echo no >&2; exit 9", "doesn't run")] {
        let old = with_program("node", script);
        let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
        command.args(["run", SLEEPER]).env("WARPLINE_NODE", old.path().join("node"));
        let said = failure(command).await;
        assert!(said.contains("WARPLINE_NODE names ") && said.contains(problem), "{said}");
    }
}

#[tokio::test]
async fn a_client_that_fails_is_quoted_and_leaves_nothing_half() {
    let cache = tempfile::tempdir().unwrap();
    let npm = with_program("npm", "echo one >half; echo 'npm error network ENOTFOUND' >&2; exit 1");
    let said = failure(bare(npm.path(), cache.path(), &["check"])).await;
    assert!(said.contains("npm error network ENOTFOUND") && said.contains("check that npm reaches its registry"), "{said}");
    let left: Vec<_> = std::fs::read_dir(cache.path().join("packages")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_some_and(|ending| ending == "lock")), "{left:?}");
}

#[tokio::test]
async fn nothing_outlives_a_program_that_is_killed() {
    let (mut program, started) = sleeping().await;
    program.kill().await.unwrap();
    gone(&started).await;
}

#[tokio::test]
async fn an_interrupt_cancels_the_workflow_and_leaves_nothing() {
    let (mut program, started) = sleeping().await;
    let pid = Pid::from_raw(program.id().unwrap().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(program.wait().await.unwrap().code(), Some(4));
    gone(&started).await;
}

/// The program while its workflow sleeps, and every process below it.
async fn sleeping() -> (Child, Vec<u32>) {
    let mut program =
        Command::new(env!("CARGO_BIN_EXE_warpline")).args(["run", SLEEPER]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("the program ended early");
        if line.contains("SleeperWorkflow") && line.ends_with("began") {
            break;
        }
    }
    // Keep reading, so that it never waits for us.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let started = below(program.id().unwrap()).await;
    // The server and the worker, each under its supervisor with a watcher.
    assert!(started.len() >= 6, "{started:?}");
    (program, started)
}

/// Processes (process, parent) that run now, without those that ended and were not collected.
async fn processes() -> Vec<(u32, u32)> {
    let output = Command::new("ps").args(["-e", "-o", "pid=,ppid=,stat="]).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (!fields[2].starts_with('Z')).then(|| (fields[0].parse().unwrap(), fields[1].parse().unwrap()))
    };
    text.lines().filter_map(row).collect()
}

async fn below(root: u32) -> Vec<u32> {
    let processes = processes().await;
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let root = found[at];
        found.extend(processes.iter().filter(|(_, parent)| *parent == root).map(|(process, _)| *process));
        at += 1;
    }
    found.split_off(1)
}

/// Waits until none of `started` runs.
async fn gone(started: &[u32]) {
    while processes().await.iter().any(|(process, _)| started.contains(process)) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
