//! What a package exports, as the record has it: every way in which packages say so.

use std::collections::BTreeSet;
use std::io::Read;

use crate::hosted::{Hosted, anonymous};
use crate::program::{Failed, pack};
use crate::tree::{Tree, acme};
use serde_json::{Value, json};
use warpline::registry::{Record, Reference};

const TYPES: &str = "export declare function one(a: string): Promise<void>;\n";

fn package(manifest: Value, files: &[(&str, &str)]) -> Tree {
    Tree::of("p").with("node_modules/p", manifest, files)
}

async fn packed(registry: &Hosted, base: &Reference, tree: &Tree, more: &[&str]) -> Result<Record, Failed> {
    let packed = pack(tree.path(), "p", base, &registry.at("p"), more)?;
    Ok(anonymous().record(&packed.image, &packed.record).await.unwrap())
}

fn names(record: &Record) -> Vec<(&str, Vec<&str>)> {
    let names = |export: &'_ warpline::registry::Export| -> Vec<String> { export.activities.clone() };
    record
        .exports
        .iter()
        .map(|(name, export)| {
            assert_eq!(names(export).len(), export.activities.iter().collect::<BTreeSet<_>>().len());
            (name.as_str(), export.activities.iter().map(String::as_str).collect())
        })
        .collect()
}

/// The files of the declarations' archive.
async fn declarations(registry: &Hosted, record: &Record) -> Vec<String> {
    let bytes = anonymous().blob(&registry.at("p"), record.declarations.as_ref().unwrap()).await.unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            entry.path().unwrap().display().to_string()
        })
        .collect()
}

#[tokio::test]
async fn activities_are_the_exported_functions_of_each_export() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let types = "
        import { Context } from '@temporalio/activity';
        import type { Name } from '@s/names';
        export declare function plain(name: Name): Promise<void>;
        export declare const arrow: <T>(value: T) => Promise<T>;
        export declare const wrapped: typeof plain & { calls: number };
        export declare function overloaded(a: string): void;
        export declare function overloaded(a: number): void;
        export declare function withContext(): Context;
        export declare const limit: number;
        export declare const anything: any;
        export interface Options { a: string }
        export declare class Client { call(): void }
        export * from './more.js';
        export { other as renamed } from './more.js';
        export default plain;
    ";
    let tree = package(
        json!({"name": "p", "version": "1.0.0", "exports": {
            ".": {"types": "./index.d.ts", "default": "./index.js"},
            "./esm": {"import": {"types": "./esm.d.mts", "default": "./esm.mjs"}},
            "./cjs": {"require": {"types": "./cjs.d.cts", "default": "./cjs.cjs"}},
            "./beside": "./beside.js",
            "./each/*": "./each/*.js",
            "./data.json": "./data.json",
            "./untyped": "./untyped.js",
            "./gone": "./gone.js",
        }}),
        &[
            ("index.js", ""),
            ("index.d.ts", types),
            ("more.d.ts", "export declare function other(): void;\nexport declare namespace space { function inside(): void }\n"),
            ("esm.mjs", ""),
            ("esm.d.mts", TYPES),
            ("cjs.cjs", ""),
            ("cjs.d.cts", "declare const all: { run(a: string): Promise<void>; stop: () => void; count: number };\nexport = all;\n"),
            ("beside.js", ""),
            ("beside.d.ts", TYPES),
            ("each/a.js", ""),
            ("each/a.d.ts", TYPES),
            ("untyped.js", ""),
            ("data.json", "{}"),
        ],
    )
    .with(
        "node_modules/@s/names",
        json!({"name": "@s/names", "version": "1.0.0", "types": "lib/n.d.ts"}),
        &[("lib/n.d.ts", "export type Name = string;"), ("lib/unused.d.ts", "")],
    );

    let record = packed(&registry, &base, &tree, &[]).await.unwrap();
    assert_eq!(
        names(&record),
        [
            (".", vec!["arrow", "other", "overloaded", "plain", "renamed", "withContext", "wrapped"]),
            ("./beside", vec!["one"]),
            ("./cjs", vec!["run", "stop"]),
            ("./esm", vec!["one"]),
            ("./untyped", vec![]),
        ]
    );
    assert_eq!(record.exports["./untyped"].declarations, None);
    assert_eq!(record.exports["."].declarations.as_deref(), Some("node_modules/p/index.d.ts"));
    assert_eq!(
        declarations(&registry, &record).await,
        [
            "node_modules/@s/names/lib/n.d.ts",
            "node_modules/@s/names/package.json",
            "node_modules/p/beside.d.ts",
            "node_modules/p/cjs.d.cts",
            "node_modules/p/esm.d.mts",
            "node_modules/p/index.d.ts",
            "node_modules/p/more.d.ts",
            "node_modules/p/package.json",
            "package.json",
        ]
    );

    let some = packed(&registry, &base, &tree, &["--export", "./each/a", "--export", "esm"]).await.unwrap();
    assert_eq!(names(&some), [("./each/a", vec!["one"]), ("./esm", vec!["one"])]);
}

#[tokio::test]
async fn what_is_not_there_or_not_typed_says_so() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = package(
        json!({"name": "p", "version": "1.0.0", "exports": {"./a": "./a.js", "./b": "./b.js"}}),
        &[("a.js", ""), ("a.d.ts", TYPES), ("b.js", "")],
    );
    let missing = packed(&registry, &base, &tree, &["--export", "./c"]).await.unwrap_err();
    assert_eq!((missing.reason.as_str(), missing.message.as_str()), ("NoSuchExport", "the package p has no export `./c`: it has ./a, ./b"));
    let untyped = packed(&registry, &base, &tree, &["--export", "./b"]).await.unwrap_err();
    assert_eq!(untyped.reason, "NoTypes");
    assert!(untyped.message.starts_with("p/b has no type declarations: ship .d.ts files"), "{}", untyped.message);
    let declared = packed(&registry, &base, &tree, &["--export", "./b", "--declared"]).await.unwrap();
    assert_eq!((names(&declared), &declared.declarations), (vec![("./b", vec![])], &None));

    let plain = package(
        json!({"name": "p", "version": "1.0.0", "main": "lib"}),
        &[("lib/index.js", ""), ("lib/other.js", ""), ("lib/other.d.ts", TYPES)],
    );
    assert_eq!(packed(&registry, &base, &plain, &[]).await.unwrap_err().reason, "NoTypes");
    assert_eq!(names(&packed(&registry, &base, &plain, &["--export", "./lib/other.js"]).await.unwrap()), [("./lib/other.js", vec!["one"])]);

    let no_package = pack(tree.path(), "q", &base, &registry.at("p"), &[]).unwrap_err();
    assert_eq!(no_package.reason, "PackageNotFound");
    let empty = package(json!({"name": "p", "version": "1.0.0"}), &[]);
    assert_eq!(packed(&registry, &base, &empty, &[]).await.unwrap_err().reason, "NoSuchExport");
}

#[tokio::test]
async fn types_may_be_in_a_package_beside() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = Tree::of("@s/p").with("node_modules/@s/p", json!({"name": "@s/p", "version": "1.0.0"}), &[("index.js", "")]).with(
        "node_modules/@types/s__p",
        json!({"name": "@types/s__p", "version": "1.0.0", "types": "index.d.ts"}),
        &[("index.d.ts", TYPES)],
    );
    let packed = pack(tree.path(), "@s/p", &base, &registry.at("p"), &[]).unwrap();
    let record = anonymous().record(&packed.image, &packed.record).await.unwrap();
    assert_eq!(record.exports["."].activities, ["one"]);
    assert_eq!(record.exports["."].declarations.as_deref(), Some("node_modules/@types/s__p/index.d.ts"));
}

#[tokio::test]
async fn sources_are_the_package_themselves() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let manifest = json!({"name": "own", "version": "0.1.0", "exports": {"./a": {"types": "./dist/a.d.ts", "default": "./dist/a.js"}}, "dependencies": {"greeting": "1"}});
    let tree = Tree::sources(&manifest).with("node_modules/greeting", json!({"name": "greeting", "version": "1.0.0"}), &[("index.js", "")]);
    tree.file("dist/a.js", "");
    tree.file("dist/a.d.ts", TYPES);
    tree.file(".npmrc", "//registry.example/:_authToken=secret");
    tree.file("packages/own/index.js", "");
    tree.link("node_modules/@own/inner", "../../packages/own");
    let packed = pack(tree.path(), "own", &base, &registry.at("own"), &[]).unwrap();
    let record = anonymous().record(&packed.image, &packed.record).await.unwrap();
    assert_eq!((record.folder.as_str(), record.integrity), (format!("/activities/{}", record.mark).as_str(), None));
    assert_eq!(record.exports["./a"].activities, ["one"]);
    let layers = anonymous().manifest(&packed.image).await.unwrap().manifest.layers;
    let files = |at: usize| {
        let bytes = std::fs::read(registry.blob(&layers[at].digest)).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let paths = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
        paths.filter_map(|path| path.split_once('/')?.1.split_once('/').map(|(_, path)| path.to_owned())).collect::<Vec<_>>()
    };
    let package = files(3);
    for path in ["dist/a.js", "package.json", "node_modules/@own/inner", "node_modules/greeting", "packages/own/index.js"] {
        assert!(package.iter().any(|there| there == path), "{path} in {package:?}");
    }
    assert!(!package.iter().any(|path| path.contains(".npmrc") || path.contains("package-lock")), "{package:?}");
    assert!(files(2).iter().any(|path| path == "node_modules/greeting/index.js"));
}

#[tokio::test]
async fn a_resolution_that_is_not_what_is_installed_is_refused() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    let resolution = tree.file("resolution.json", json!({"package": "@acme/activities", "version": "1.0.1", "integrity": "sha512-x", "registry": "https://registry.example", "lockfile": "package-lock.json"}).to_string());
    let refused =
        pack(tree.path(), "@acme/activities", &base, &registry.at("a"), &["--resolution", resolution.to_str().unwrap()]).unwrap_err();
    assert_eq!(refused.reason, "PackageNotFound");
    assert!(refused.message.contains("version 1.0.1 was resolved, and 1.0.0 is installed"), "{}", refused.message);
    std::fs::remove_file(tree.path().join("package-lock.json")).unwrap();
    let unlocked = pack(tree.path(), "@acme/activities", &base, &registry.at("a"), &[]).unwrap_err();
    assert_eq!(unlocked.reason, "LockfileMissing");
}
