//! One file a language feature: a definition goes in; the TypeScript and the diagnostics that come out stand beside it in a snapshot.
//! Read a snapshot as documentation; review a changed one with `cargo insta review`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::path::Path;
use warpline::compile::compile;
use warpline::definition::{self, SourceFile};
use warpline::diagnostic::{Report, render};

/// The snapshot's text: the definition, what was found, what was generated.
fn compiled(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let report = Report::new();
    let documents = definition::read(vec![SourceFile { name, text: text.clone() }], &report);
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    let located = Report::new();
    located.extend(report.into_found().into_iter().map(|found| documents.locate(found)));
    let diagnostics = located.into_sorted();
    let rendered = render::text(&diagnostics, &|file| documents.text_of(file).map(str::to_owned), false);
    let mut parts = vec![format!("--- definition\n{}", text.trim_end())];
    if !diagnostics.is_empty() {
        parts.push(format!("--- diagnostics\n{}", rendered.trim_end()));
    }
    parts.extend(output.files.iter().map(|file| format!("--- {}\n{}", file.path, file.printed.text.trim_end())));
    parts.join("\n\n")
}

#[test]
fn every_definition_compiles_to_what_was_reviewed() {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::glob!("definitions/*.yaml", |path| insta::assert_snapshot!(compiled(path)));
    });
}

#[test]
fn every_mistake_is_shown_where_it_is() {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::glob!("mistakes/*.yaml", |path| insta::assert_snapshot!(compiled(path)));
    });
}
