//! A child process that can't outlive us: it runs under a few lines of shell which end it as soon as our end of a
//! pipe closes, which the system sees to even when we are killed. In a process group of its own, so that Ctrl-C in a
//! terminal reaches us alone and we decide how its work ends.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::Error;

/// The supervising shell. `$1` is the grace in seconds, the rest the command. The watcher's `read` returns when the
/// pipe's other end is closed: then the command gets SIGTERM, and SIGKILL when the grace is over. When the command
/// ends, whatever is left of its process group (the watcher, and what the command forgot) gets SIGTERM too.
const SUPERVISOR: &str = r#"
exec 3<&0 </dev/null
grace=$1; shift
"$@" 3<&- &
child=$!
{ read -r _ <&3; kill -TERM "$child"; sleep "$grace"; kill -KILL "$child"; } >/dev/null 2>&1 &
exec 3<&-
wait "$child"
status=$?
trap '' TERM
kill -s TERM -- "-$$" 2>/dev/null
exit "$status"
"#;

/// A program, its arguments and where its output goes.
pub(super) struct Launch<'a> {
    /// The program's path.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment variables that are set for it.
    pub environment: Vec<(String, String)>,
    /// Its working directory; ours where absent.
    pub directory: Option<&'a Path>,
    /// Standard output.
    pub stdout: Stdio,
    /// Standard error.
    pub stderr: Stdio,
    /// How long it may take to end after it was asked to.
    pub grace: Duration,
}

/// A running program.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    /// Open while the program shall run.
    lifeline: Option<ChildStdin>,
    group: Option<Pid>,
    grace: Duration,
}

impl Child {
    /// Starts the program.
    ///
    /// # Errors
    /// [`Error::Spawn`] when there is no shell; a program that isn't there ends with status 127 or 126.
    pub(super) fn start(launch: Launch<'_>) -> Result<Self, Error> {
        let grace = launch.grace.as_secs().max(1).to_string();
        let mut command = Command::new("/bin/sh");
        command
            .args([OsStr::new("-c"), OsStr::new(SUPERVISOR), OsStr::new("warpline"), OsStr::new(&grace)])
            .arg(launch.program)
            .args(&launch.arguments)
            .envs(launch.environment)
            .stdin(Stdio::piped())
            .stdout(launch.stdout)
            .stderr(launch.stderr)
            .process_group(0);
        if let Some(directory) = launch.directory {
            command.current_dir(directory);
        }
        let spawn = |source| Error::Spawn { program: launch.program.display().to_string(), source };
        let mut process = command.spawn().map_err(spawn)?;
        let lifeline = process.stdin.take();
        let group = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { process, lifeline, group, grace: launch.grace })
    }

    /// The program's standard output, once, where it is a pipe.
    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    /// How the program ended, when it has.
    ///
    /// # Errors
    /// What the system answered.
    pub(super) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Waits until the program ends by itself.
    ///
    /// # Errors
    /// What the system answered.
    pub(super) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        // `wait` of tokio closes standard input first: the lifeline was taken out of its reach.
        self.process.wait().await
    }

    /// Asks the program to end, and ends it when its grace is over.
    ///
    /// # Errors
    /// What the system answered.
    pub(super) async fn stop(&mut self) -> std::io::Result<ExitStatus> {
        drop(self.lifeline.take());
        // The supervisor kills at the end of the grace; the rest is for a supervisor that is itself in trouble.
        if let Ok(ended) = timeout(self.grace + Duration::from_secs(5), self.process.wait()).await {
            return ended;
        }
        if let Some(group) = self.group {
            kill_process_group(group, Signal::KILL)?;
        }
        self.process.wait().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

    fn shell(script: &str, grace: u64) -> Launch<'static> {
        Launch {
            program: Path::new("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            environment: vec![("GREETING".into(), "hello".into())],
            directory: None,
            stdout: Stdio::piped(),
            stderr: Stdio::null(),
            grace: Duration::from_secs(grace),
        }
    }

    #[tokio::test]
    async fn status_and_output_are_the_programs() {
        let mut child = Child::start(shell("echo $GREETING; exit 7", 5)).unwrap();
        let mut output = String::new();
        child.stdout().unwrap().read_to_string(&mut output).await.unwrap();
        assert_eq!((output.as_str(), child.wait().await.unwrap().code()), ("hello\n", Some(7)));
    }

    #[tokio::test]
    async fn stop_lets_the_program_end_well() {
        let mut child = Child::start(shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done", 20)).unwrap();
        let mut lines = BufReader::new(child.stdout().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("up"));
        assert_eq!(child.stop().await.unwrap().code(), Some(3));
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("bye"));
    }

    #[tokio::test]
    async fn a_program_that_will_not_end_is_killed() {
        let mut child = Child::start(shell("trap '' TERM; echo up; while :; do sleep 0.1; done", 1)).unwrap();
        let mut lines = BufReader::new(child.stdout().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("up"));
        assert_eq!(child.stop().await.unwrap().code(), Some(128 + 9));
    }

    #[tokio::test]
    async fn what_the_program_forgot_ends_with_it() {
        let mut child = Child::start(shell("sleep 600 & echo $!", 5)).unwrap();
        let mut output = String::new();
        // Ends only when the forgotten process has closed the pipe too.
        child.stdout().unwrap().read_to_string(&mut output).await.unwrap();
        assert!(child.wait().await.unwrap().success());
        assert!(output.trim().parse::<u32>().is_ok());
    }

    #[tokio::test]
    async fn dropping_ends_the_program() {
        let mut child = Child::start(shell("echo up; exec sleep 600", 5)).unwrap();
        let mut lines = BufReader::new(child.stdout().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("up"));
        drop(child);
        assert_eq!(lines.next_line().await.unwrap(), None);
    }
}
