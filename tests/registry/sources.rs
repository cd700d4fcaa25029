//! `warpline push`: takes what npm itself would take, and is the same artifact each time; `warpline pull`: brings that back, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::hosted::{Hosted, anonymous};
use crate::program::{pull, push};
use crate::tree::Tree;
use warpline::registry::{ARTIFACT_CONFIG, Descriptor, Manifest, Reference, Source, media, reference};

/// The files that `npm pack` takes.
fn by_npm(folder: &Path) -> BTreeSet<String> {
    let output =
        Command::new("npm").args(["pack", "--dry-run", "--json", "--ignore-scripts", "--silent"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packed = said.as_array().map_or_else(|| said.as_object().unwrap().values().next().unwrap(), |list| &list[0]);
    packed["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
}

async fn pushed(artifact: &Reference) -> BTreeSet<String> {
    let client = anonymous();
    let manifest = client.manifest(artifact).await.unwrap().manifest;
    assert_eq!(manifest.artifact_type.as_deref(), Some(media::SOURCE));
    let bytes = client.blob(artifact, &manifest.layers[0].digest).await.unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
}

/// A folder with everything that somebody may have in one.
fn folder(manifest: &Value) -> Tree {
    let tree = Tree::sources(manifest);
    for path in [
        "src/a.ts",
        "src/deep/b.ts",
        "src/a.test.ts",
        "dist/a.js",
        "dist/a.js.map",
        "dist/deep/b.js",
        "lib/c.js",
        "lib/skip/d.js",
        "test/t.js",
        "README.md",
        "LICENSE",
        "docs/README.md",
        "index.js",
        "cli.js",
        "notes.txt",
        "a.orig",
        "._b",
        ".DS_Store",
        ".npmrc",
        ".git/config",
        ".env",
        "node_modules/x/index.js",
        "lib/node_modules/y/index.js",
        ".editorconfig",
        "npm-debug.log",
        "yarn.lock",
    ] {
        tree.file(path, path);
    }
    tree
}

/// A name, what is in package.json, and files.
type Case<'a> = (&'a str, Value, Vec<(&'a str, &'a str)>);

#[tokio::test]
async fn what_npm_takes_is_taken() {
    let registry = Hosted::debian();
    let base = json!({"name": "own", "version": "1.0.0", "main": "index.js", "bin": {"own": "cli.js"}});
    let with = |more: Value| {
        let mut manifest = base.clone();
        manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        manifest
    };
    let cases: Vec<Case> = vec![
        ("everything", with(json!({})), vec![]),
        ("files", with(json!({"files": ["dist", "lib/*.js"]})), vec![]),
        ("files with a hole", with(json!({"files": ["dist", "!dist/**/*.map", "/src/a.ts", "./lib"]})), vec![("lib/.npmignore", "skip\n")]),
        ("npmignore", with(json!({})), vec![(".npmignore", "# no\ntest/\n*.map\nsrc/*.ts\n!src/a.ts\n"), (".gitignore", "dist\n")]),
        ("gitignore", with(json!({})), vec![(".gitignore", "dist\n*.test.ts\n"), ("lib/.gitignore", "skip/\n")]),
    ];
    for (name, manifest, files) in cases {
        let tree = folder(&manifest);
        for (path, text) in files {
            tree.file(path, text);
        }
        let printed = push(tree.path(), &format!("{}/own/source", registry.address)).unwrap();
        let artifact = reference(&printed).unwrap();
        let mut expected = by_npm(tree.path());
        expected.insert("package-lock.json".into());
        assert_eq!(pushed(&artifact).await, expected, "{name}");
        assert_eq!(push(tree.path(), &format!("{}/own/source", registry.address)).unwrap(), printed, "{name}");
    }
}

#[tokio::test]
async fn a_tag_is_set_where_one_is_given() {
    let registry = Hosted::debian();
    let tree = folder(&json!({"name": "own", "version": "1.0.0"}));
    let printed = push(tree.path(), &format!("{}/own/source:main", registry.address)).unwrap();
    let tagged = anonymous().manifest(&registry.at("own/source:main")).await.unwrap();
    assert_eq!(reference(&printed).unwrap().digest(), Some(tagged.descriptor.digest.as_str()));
}

#[tokio::test]
async fn a_folder_that_cannot_be_built_is_refused() {
    let registry = Hosted::debian();
    let to = format!("{}/own/source", registry.address);
    let tree = folder(&json!({"name": "own", "version": "1.0.0"}));
    std::fs::remove_file(tree.path().join("package-lock.json")).unwrap();
    assert!(push(tree.path(), &to).unwrap_err().contains("no package-lock.json"));
    std::fs::remove_file(tree.path().join("package.json")).unwrap();
    assert!(push(tree.path(), &to).unwrap_err().contains("package.json"));
}

#[tokio::test]
async fn what_was_pushed_comes_back_as_it_was_and_nothing_else_does() {
    let registry = Hosted::debian();
    let tree = folder(&json!({"name": "own", "version": "1.0.0", "files": ["src", "dist"]}));
    std::os::unix::fs::symlink("a.ts", tree.path().join("src/link")).unwrap();
    let artifact = push(tree.path(), &format!("{}/own/source", registry.address)).unwrap();
    let into = tempfile::tempdir().unwrap();
    pull(&artifact, into.path()).unwrap();
    assert_eq!(std::fs::read_to_string(into.path().join("dist/deep/b.js")).unwrap(), "dist/deep/b.js");
    assert!(!into.path().join("src/link").exists() && !into.path().join("test").exists());
    let again = push(into.path(), &format!("{}/own/source", registry.address)).unwrap();
    assert_eq!(again, artifact, "the same files are the same artifact");

    let refusal = |artifact: &str| pull(artifact, into.path()).unwrap_err();
    let tag = format!("{}/own/source:main", registry.address);
    push(tree.path(), &tag).unwrap();
    assert!(refusal(&tag).contains("without a digest"));
    let base = registry.base().await;
    let base = anonymous().manifest(&base).await.unwrap().descriptor.digest;
    assert!(refusal(&format!("{}/warpline/worker@{base}", registry.address)).contains("another kind"));
    for (name, kind) in [("../out", tar::EntryType::Regular), ("/out", tar::EntryType::Regular), ("link", tar::EntryType::Symlink)] {
        let artifact = hostile(&registry, name, kind).await;
        assert!(refusal(&artifact.to_string()).contains("no file or folder below it"), "{name}");
    }
    assert!(!into.path().parent().unwrap().join("out").exists());
}

/// An artifact as `warpline push` makes them, with one member that no push makes.
async fn hostile(registry: &Hosted, name: &str, kind: tar::EntryType) -> Reference {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    archive.append(&header, std::io::empty()).unwrap();
    let bytes = archive.into_inner().unwrap().finish().unwrap();
    let (client, place) = (anonymous(), registry.at("own/source"));
    let files = Descriptor::of(media::SOURCE_FILES, &bytes);
    for (blob, bytes) in [(&files, bytes.as_slice()), (&Descriptor::of(media::EMPTY, ARTIFACT_CONFIG), ARTIFACT_CONFIG)] {
        client.push_blob(&place, blob, Source::Bytes(bytes)).await.unwrap();
    }
    let (pushed, _) = client.push_manifest(&place, &Manifest::artifact(media::SOURCE, vec![files], None), None).await.unwrap();
    place.clone_with_digest(pushed.digest)
}
