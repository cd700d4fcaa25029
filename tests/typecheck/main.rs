//! What the TypeScript compiler says of generated code: nothing, for every definition that documents the language; and for mistakes in types,
//! at which node and expression they are. Uses the real compiler, which is fetched into the tool cache once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::path::{Path, PathBuf};
use warpline::compile::compile;
use warpline::definition::{self, Documents, SourceFile};
use warpline::diagnostic::{Diagnostic, Report, render};
use warpline::local::toolchain::Toolchain;
use warpline::typecheck::Checker;

async fn checker() -> Checker {
    let found = Toolchain::ensure_checker(&|_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    Checker { tsc: found.tsc, packages: found.node_modules }
}

/// What the compiler finds in one file's definitions, which must have no other errors.
async fn checked(checker: &Checker, path: &Path) -> (Documents, Vec<Diagnostic>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let report = Report::new();
    let documents = definition::read(vec![SourceFile { name, text }], &report);
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    assert_eq!(report.errors(), 0, "{}: {:?}", path.display(), report.into_found());
    let scratch = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let found = checker.check(&output, &[], scratch.path()).await.unwrap_or_else(|error| panic!("{error}"));
    let located = Report::new();
    located.extend(found.into_iter().map(|diagnostic| documents.locate(diagnostic)));
    (documents, located.into_sorted())
}

fn definitions(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no definitions in {}", folder.display());
    files
}

#[tokio::test]
async fn the_code_of_every_documented_definition_type_checks() {
    let checker = checker().await;
    for path in definitions("tests/compile/definitions") {
        let (documents, found) = checked(&checker, &path).await;
        let text = render::text(&found, &|file| documents.text_of(file).map(str::to_owned), false);
        assert!(found.is_empty(), "{}:\n{text}", path.display());
    }
}

#[tokio::test]
async fn a_type_error_is_shown_at_its_node_and_expression() {
    let checker = checker().await;
    for path in definitions("tests/typecheck/definitions") {
        let (documents, found) = checked(&checker, &path).await;
        let text = render::text(&found, &|file| documents.text_of(file).map(str::to_owned), false);
        insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text);
        });
    }
}
