//! Many definitions checked at the same time: each is told what it is told alone, by fewer runs of the compiler than there are definitions.

use super::{checker, compiled, definitions};
use futures::future::join_all;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use warpline::compile::Output;
use warpline::diagnostic::Diagnostic;
use warpline::typecheck::{Checker, Checks};

/// A compiler that counts its runs in a file, and where `fails` does not take more than one definition.
fn counting(checker: &Checker, folder: &Path, fails: bool) -> Checker {
    let refusal = if fails { "[ -e 1 ] && echo 'out of memory' >&2 && exit 2\n" } else { "" };
    let script = format!("#!/bin/sh\necho run >> {0}/runs\n{refusal}exec {1} \"$@\"\n", folder.display(), checker.tsc.display());
    let tsc = folder.join("tsc");
    std::fs::write(&tsc, script).unwrap();
    std::fs::set_permissions(&tsc, std::fs::Permissions::from_mode(0o755)).unwrap();
    Checker { tsc, packages: checker.packages.clone() }
}

/// Every definition that documents the language, and the one with mistakes, again and again between them.
fn outputs() -> Vec<Output> {
    let mistaken = definitions("tests/typecheck/definitions").into_iter().cycle();
    let paths = definitions("tests/compile/definitions").into_iter().zip(mistaken).flat_map(|(good, mistaken)| [good, mistaken]);
    paths.map(|path| compiled(&path).1).collect()
}

async fn checked(checker: Checker, scratch: &Path, outputs: &[Output]) -> Vec<Vec<Diagnostic>> {
    let checks = Checks::new(checker, scratch.to_owned(), 2);
    let found = join_all(outputs.iter().map(|output| checks.check(output, &[]))).await;
    found.into_iter().map(|found| found.unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[tokio::test]
async fn each_is_told_what_it_is_told_alone() {
    let (checker, outputs) = (checker().await, outputs());
    let scratch = tempfile::tempdir().unwrap();
    let mut alone = Vec::new();
    for output in &outputs {
        alone.push(checker.check(output, &[], scratch.path()).await.unwrap());
    }
    assert!(alone.iter().any(|found| !found.is_empty()));
    for fails in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let together = checked(counting(&checker, folder.path(), fails), scratch.path(), &outputs).await;
        assert_eq!(together, alone, "where the compiler fails on many: {fails}");
        let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
        assert!(fails || runs * 4 < outputs.len(), "{runs} runs for {} definitions", outputs.len());
    }
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "files were left behind");
}

#[tokio::test]
async fn one_that_is_given_up_holds_up_no_other() {
    let (checker, outputs) = (checker().await, outputs());
    let scratch = tempfile::tempdir().unwrap();
    let checks = Checks::new(checker, scratch.path().to_owned(), 1);
    // The first takes the only turn, for itself and for those that wait by then, and is given up in its midst.
    let given_up = async {
        let patience = tokio::time::Duration::from_millis(20);
        let _ = tokio::time::timeout(patience, join_all(outputs.iter().map(|output| checks.check(output, &[])))).await;
    };
    let others = join_all(outputs.iter().map(|output| checks.check(output, &[])));
    let ((), found) = futures::join!(given_up, others);
    assert!(found.into_iter().all(|found| found.is_ok()));
}
