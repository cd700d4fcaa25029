//! Runs a client (npm, pip, node, tsc) to its end and keeps what it said for the error.

use std::io::{PipeReader, Read};
use std::path::Path;
use std::time::Duration;

use super::Error;
use super::child::{Child, Launch};

/// A command line that is run to its end.
pub(super) struct Run<'a> {
    /// The program's path.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment variables that are set for it.
    pub environment: Vec<(&'static str, String)>,
    /// Its working directory; ours where absent.
    pub directory: Option<&'a Path>,
    /// What to do when it fails, as a sentence.
    pub next: &'a str,
}

impl Run<'_> {
    /// Runs it; what it wrote (both outputs, interleaved).
    ///
    /// # Errors
    /// [`Error::Command`] with the last lines when it doesn't end well.
    pub(super) async fn output(self) -> Result<String, Error> {
        let command =
            std::iter::once(self.program.display().to_string()).chain(self.arguments.iter().cloned()).collect::<Vec<_>>().join(" ");
        let spawn = |source| Error::Spawn { program: self.program.display().to_string(), source };
        let (reader, writer) = std::io::pipe().map_err(spawn)?;
        let mut child = Child::start(Launch {
            program: self.program,
            arguments: self.arguments,
            environment: self.environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            directory: self.directory,
            stdout: writer.try_clone().map_err(spawn)?.into(),
            stderr: writer.into(),
            grace: Duration::from_secs(5),
        })?;
        let text = tokio::task::spawn_blocking(move || read(reader));
        let status = child.wait().await.map_err(spawn)?;
        let text = text.await.unwrap_or_default();
        if status.success() {
            return Ok(text);
        }
        Err(Error::Command { command, status, tail: tail(&text, 12), next: self.next.to_owned() })
    }
}

/// What is read until every writer has closed; whatever is not UTF-8 is replaced.
fn read(mut reader: PipeReader) -> String {
    let mut bytes = Vec::new();
    // An error here ends the text early; the program's status tells how it went.
    let _ = reader.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last `count` lines of `text` that aren't empty.
pub(super) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Run<'static> {
        let arguments = vec!["-c".into(), script.into()];
        Run { program: Path::new("/bin/sh"), arguments, environment: vec![], directory: None, next: "look at it" }
    }

    #[tokio::test]
    async fn both_outputs_are_kept_in_order() {
        assert_eq!(shell("echo one; echo two >&2; echo three").output().await.unwrap(), "one\ntwo\nthree\n");
    }

    #[tokio::test]
    async fn a_failure_shows_the_last_lines_and_what_to_do() {
        let error = shell("seq 100; exit 4").output().await.unwrap_err().to_string();
        assert!(error.contains("exit status: 4\n  89\n") && error.ends_with("  100\nlook at it"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error() {
        let error = Run { program: Path::new("/no/such/program"), ..shell("") }.output().await.unwrap_err();
        assert!(error.to_string().contains("/no/such/program"), "{error}");
    }
}
