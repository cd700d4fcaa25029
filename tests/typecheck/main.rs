//! What the TypeScript compiler says of generated code: nothing, for every definition that documents the language; and for mistakes in types,
//! at which node and expression they are. Uses the real compiler, which is fetched into the tool cache once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod together;

use std::path::{Path, PathBuf};
use warpline::compile::program::PackageTypes;
use warpline::compile::{Output, compile};
use warpline::definition::{self, Documents, SourceFile};
use warpline::diagnostic::{Diagnostic, Report, render};
use warpline::local::toolchain::Toolchain;
use warpline::typecheck::Checker;

async fn checker() -> Checker {
    let found = Toolchain::ensure_checker(&|_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    Checker { tsc: found.tsc, packages: found.node_modules }
}

/// One file's definitions, which must have no errors but those of types.
fn compiled(path: &Path) -> (Documents, Output) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let report = Report::new();
    let documents = definition::read(vec![SourceFile { name, text }], &report);
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    assert_eq!(report.errors(), 0, "{}: {:?}", path.display(), report.into_found());
    (documents, output)
}

/// What the compiler finds in one file's definitions.
async fn checked(checker: &Checker, path: &Path) -> (Documents, Vec<Diagnostic>) {
    let (documents, output) = compiled(path);
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

/// What an older version's runs carry, what a newer version takes, and where the first is not the second.
const STATES: &[(&str, &str, Option<&str>)] = &[
    ("{a: number}", "{a: number}", None),
    ("{a: number}", "{a: number; b?: string}", None),
    ("{a: number}", "{a: number | string}", None),
    ("{s: 'a' | 'b'}", "{s: 'a' | 'b' | 'c'}", None),
    ("{a: number}", "{a: unknown}", None),
    ("{a: any}", "{a: any}", None),
    ("{a?: {b: 1}}", "{a?: {b: number}}", None),
    ("Record<string, {a: 1}>", "Record<string, {a: number}>", None),
    ("Tree", "Tree", None),
    ("{m: [string, {a: number}][]}", "{m: [string, {a: number; b?: 1}][]}", None),
    ("{a: number}", "{a: string}", Some("`state.a` was `number` and is `string`")),
    ("{a: number}", "{a: number; b: string}", Some("`state.b` was not there and is `string`")),
    ("{a: number; b: string}", "{a: number}", Some("`state.b` was `string` and is gone")),
    ("{a: number; b?: string}", "{a: number}", Some("`state.b` was `string | undefined` and is gone")),
    ("{a?: number}", "{a: number}", Some("`state.a` was `number | undefined` and is `number`")),
    ("{a: any}", "{a: string}", Some("`state.a` was `any` and is `string`")),
    ("{s: 'a' | 'b'}", "{s: 'a'}", Some("`state.s` was `\"a\" | \"b\"` and is `\"a\"`")),
    ("{l: {a: {b: number}[]}[]}", "{l: {a: {b: string}[]}[]}", Some("`state.l[].a[].b` was `number` and is `string`")),
    ("{l: {a: 1; b: 2}[]}", "{l: {a: 1}[]}", Some("`state.l[].b` was `2` and is gone")),
    ("{m: [string, {a: number}][]}", "{m: [string, {a: string}][]}", Some("`state.m[].value.a` was `number` and is `string`")),
    ("{m: [string, number][]}", "{m: [number, number][]}", Some("`state.m[].key` was `string` and is `number`")),
    ("{a: {b: number} | null}", "{a: {b: string} | null}", Some("`state.a.b` was `number` and is `string`")),
    ("{a: {b: number} | null}", "{a: {b: number}}", Some("`state.a` was `{ b: number; } | null` and is `{ b: number; }`")),
    ("Record<string, {a: 1; b: 2}>", "Record<string, {a: 1}>", Some("`state.${string}.b` was `2` and is gone")),
    ("{k: 'x'; a: 1} | {k: 'y'; b: 2}", "{k: 'x'; a: 1}", Some("`state.a` was not there and is `1`")),
];

#[tokio::test]
async fn a_state_is_taken_where_all_of_it_fits_and_nothing_of_it_is_lost() {
    let checker = checker().await;
    let scratch = tempfile::tempdir().unwrap();
    let form = |state: &str| {
        format!(
            "interface Tree {{ of: string; parts: Tree[] }}\nexport type WarplineInput = {{ id: string }};\nexport type WarplineState = {state};\n"
        )
    };
    for (before, now, expected) in STATES {
        let found =
            checker.compare_states(&form(before), &form(now), scratch.path()).await.unwrap_or_else(|error| panic!("{before}: {error}"));
        assert_eq!(found.map(|found| found.to_string()).as_deref(), *expected, "from {before} to {now}");
    }
    let other = "export type WarplineInput = {id: string; force: boolean};\nexport type WarplineState = {a: 1};\n";
    let found = checker.compare_states(&form("{a: 1}"), other, scratch.path()).await.unwrap();
    assert_eq!(found.map(|found| found.to_string()).as_deref(), Some("`input.force` was not there and is `boolean`"));
    let broken = checker.compare_states(&form("{a: Unknown}"), &form("{a: 1}"), scratch.path()).await;
    assert!(broken.is_err_and(|error| error.to_string().contains("Unknown")));
}

#[tokio::test]
async fn a_signature_that_the_package_does_not_have_is_shown_where_it_is_declared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/typecheck/signatures");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let report = Report::new();
    let documents = definition::read(vec![SourceFile { name: "module.yaml".to_owned(), text: read("module.yaml") }], &report);
    let types = PackageTypes { specifier: "@acme/builds".to_owned(), files: vec![("index.d.ts".to_owned(), read("index.d.ts"))] };
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), Some(types.clone()))).collect();
    let output = compile(&[], &modules, &report);
    assert_eq!(report.errors(), 0, "{:?}", report.into_found());
    let scratch = tempfile::tempdir().unwrap();
    let packages = [(types.specifier.clone(), folder.join("index.d.ts"))];
    let found = checker().await.check(&output, &packages, scratch.path()).await.unwrap();
    let located = Report::new();
    located.extend(found.into_iter().map(|diagnostic| documents.locate(diagnostic)));
    let text = render::text(&located.into_sorted(), &|file| documents.text_of(file).map(str::to_owned), false);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("signatures", text);
    });
}
