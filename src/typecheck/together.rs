//! Checks that wait at the same time are made by one run of the compiler: what its start costs is paid once, not for each of a thousand definitions.
//! Knows outputs and the checker; must not know what they are checked for.

use super::messages::Message;
use super::{Checker, Error, diagnostics};
use crate::compile::Output;
use crate::diagnostic::Diagnostic;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// The most that one run checks.
const MOST: usize = 32;
/// The most text that one run checks, in bytes; what is longer is checked alone.
const LARGEST: usize = 1 << 20;

/// How long one run may take; that it waits for its turn is not counted.
const LONGEST: Duration = Duration::from_secs(60);

/// A checker for many at a time.
pub struct Checks {
    checker: Checker,
    scratch: PathBuf,
    runs: Semaphore,
    waiting: Mutex<Vec<Waiting>>,
}

/// Files that are checked together, and the packages that they import.
pub(super) struct Part {
    /// Paths, and texts.
    pub files: Vec<(String, String)>,
    /// Specifiers, and where the declarations of each are.
    pub packages: Vec<(String, PathBuf)>,
}

struct Waiting {
    part: Part,
    answer: oneshot::Sender<Vec<Message>>,
}

impl Checks {
    /// Up to `runs` processes of `checker` at a time; their files go below `scratch`.
    #[must_use]
    pub fn new(checker: Checker, scratch: PathBuf, runs: usize) -> Self {
        Self { checker, scratch, runs: Semaphore::new(runs.max(1)), waiting: Mutex::default() }
    }

    /// The one that checks.
    pub fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Where its files go.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// As [`Checker::check`], together with others that wait and import the same packages: what a package declares for all (`declare global`) is seen
    /// by those that would see it alone. Where the compiler fails on some together, each is checked alone.
    ///
    /// # Errors
    /// As [`Checker::check`], or [`Error::TooLong`].
    pub async fn check(&self, output: &Output, packages: &[(String, PathBuf)]) -> Result<Vec<Diagnostic>, Error> {
        let part = Part::new(output, packages);
        if part.files.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, mut answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { part, answer });
        let found = loop {
            let permit = tokio::select! {
                biased;
                found = &mut answered => break found,
                permit = self.runs.acquire() => permit,
            };
            let batch = self.oldest();
            if batch.is_empty() {
                drop(permit);
                break answered.await;
            }
            self.run(batch).await;
        };
        if let Ok(found) = found {
            return Ok(diagnostics(output, &found));
        }
        let _permit = self.runs.acquire().await;
        let alone = timeout(LONGEST, self.checker.check(output, packages, &self.scratch)).await;
        alone.unwrap_or(Err(Error::TooLong(LONGEST.as_secs())))
    }

    /// Takes the one that waits longest, and those that can be checked with it.
    fn oldest(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|waiting| !waiting.answer.is_closed());
        let (mut batch, mut length): (Vec<Waiting>, usize) = (Vec::new(), 0);
        let mut rest = Vec::new();
        for one in waiting.drain(..) {
            let fits = batch.first().is_none_or(|first| {
                batch.len() < MOST && first.part.packages == one.part.packages && length + one.part.length() <= LARGEST
            });
            if fits {
                length += one.part.length();
                batch.push(one);
            } else {
                rest.push(one);
            }
        }
        *waiting = rest;
        batch
    }

    /// Who hears nothing, since the compiler failed or this was dropped, checks alone.
    async fn run(&self, batch: Vec<Waiting>) {
        let parts: Vec<&Part> = batch.iter().map(|waiting| &waiting.part).collect();
        if let Ok(Ok(found)) = timeout(LONGEST, self.checker.messages(&parts, &self.scratch)).await {
            for (waiting, found) in batch.into_iter().zip(found) {
                // Who waits no more needs no answer.
                let _ = waiting.answer.send(found);
            }
        }
    }
}

impl Part {
    /// What is checked of `output`, with those of `packages` that it imports.
    pub(super) fn new(output: &Output, packages: &[(String, PathBuf)]) -> Self {
        let files: Vec<_> = output.checked().map(|file| (file.path.clone(), file.printed.text.clone())).collect();
        let is_named = |specifier: &str| files.iter().any(|(_, text)| text.contains(specifier));
        let packages = packages.iter().filter(|(specifier, _)| is_named(specifier)).cloned().collect();
        Self { files, packages }
    }

    fn length(&self) -> usize {
        self.files.iter().map(|(_, text)| text.len()).sum()
    }
}
