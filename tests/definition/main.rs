//! What the reader of definitions takes, where it says that things stand, and what it says about what it does not take.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod forms;
mod hostile;
mod mistakes;
mod places;

use warpline::definition::{Documents, SourceFile, Workflow, read};
use warpline::diagnostic::{Diagnostic, Report, render};

/// What one file holds and what is wrong with it.
fn read_file(name: &str, text: &str) -> (Documents, Vec<Diagnostic>) {
    let report = Report::new();
    let documents = read(vec![SourceFile { name: name.to_owned(), text: text.to_owned() }], &report);
    (documents, report.into_sorted())
}

/// The only workflow of a file that has nothing wrong.
#[track_caller]
fn read_valid(name: &str, text: &str) -> Workflow {
    let (mut documents, found) = read_file(name, text);
    assert!(found.is_empty(), "{}", show(&documents, &found));
    assert_eq!(documents.workflows.len(), 1);
    documents.workflows.remove(0)
}

/// What people see.
fn show(documents: &Documents, found: &[Diagnostic]) -> String {
    render::text(found, &|file| documents.text_of(file).map(str::to_owned), false)
}
