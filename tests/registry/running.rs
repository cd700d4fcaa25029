//! What npm installs from its public registry, packed and run by Node as it lies in the image: CommonJS, ES modules, a native addon, the one copy of
//! the SDK.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hosted::{Hosted, anonymous};
use crate::program::{pack, typescript};
use warpline::registry::{Record, Reference};

/// A package with an export of each kind, installed by npm with what it depends on.
fn installed(folder: &Path) -> PathBuf {
    let (package, tree) = (folder.join("package"), folder.join("tree"));
    let write = |path: PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let manifest = json!({
        "name": "@acme/activities", "version": "1.0.0", "exports": {"./cjs": "./cjs.cjs", "./esm": "./esm.mjs", "./native": "./native.cjs"},
        "dependencies": {"zod": "3.25.76", "nanoid": "5.1.6", "@node-rs/crc32": "1.10.6", "@temporalio/activity": "1.24.0", "ms": "2.1.3"},
        "bundleDependencies": ["ms"],
    });
    write(package.join("package.json"), &manifest.to_string());
    write(package.join("node_modules/ms/package.json"), r#"{"name":"ms","version":"2.1.3","main":"index.js"}"#);
    write(package.join("node_modules/ms/index.js"), "module.exports = () => 'bundled';");
    write(
        package.join("cjs.cjs"),
        "const { z } = require('zod');\nconst { Context } = require('@temporalio/activity');
         exports.parse = async (text) => [z.string().parse(text), require('ms')('1s'), typeof Context, require.resolve('@temporalio/activity')];",
    );
    write(
        package.join("esm.mjs"),
        "import { nanoid } from 'nanoid';\nimport { Context } from '@temporalio/activity';\nexport const id = async () => [nanoid().length, typeof Context];",
    );
    write(package.join("native.cjs"), "const { crc32 } = require('@node-rs/crc32');\nexports.sum = async (text) => crc32(text);");
    write(
        package.join("cjs.d.cts"),
        "import { z } from 'zod';\nexport declare function parse(text: z.infer<z.ZodString>): Promise<string[]>;\n",
    );
    write(package.join("esm.d.mts"), "export declare const id: () => Promise<[number, string]>;\n");
    write(package.join("native.d.cts"), "export declare function sum(text: string): Promise<number>;\n");
    npm(&package, &["pack", "--silent", "--ignore-scripts"]);
    write(tree.join("package.json"), r#"{"name":"warpline-build","private":true}"#);
    npm(
        &tree,
        &[
            "install",
            "--silent",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--legacy-peer-deps",
            "../package/acme-activities-1.0.0.tgz",
        ],
    );
    tree
}

fn npm(folder: &Path, arguments: &[&str]) {
    let output = Command::new("npm").args(arguments).current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "npm {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Unpacks the module's layers; the worker's folder is where the tool chain has its packages.
async fn unpacked(registry: &Hosted, image: &Reference, root: &TempDir) {
    for layer in anonymous().manifest(image).await.unwrap().manifest.layers.iter().filter(|layer| layer.mark().is_some()) {
        let mut tar = Command::new("tar");
        tar.args(["--extract", "--gzip", "--file"]).arg(registry.blob(&layer.digest)).arg("--directory").arg(root.path());
        assert!(tar.status().unwrap().success());
    }
    let worker = root.path().join("opt/warpline/worker");
    std::fs::create_dir_all(&worker).unwrap();
    std::os::unix::fs::symlink(typescript().join("node_modules"), worker.join("node_modules")).unwrap();
    // The links are absolute, as they must be in an image: here its root is a folder.
    let found = Command::new("find").arg(root.path()).args(["-lname", "/opt/warpline/*"]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.lines().count() >= 10, "{found}");
    for link in found.lines() {
        let target = std::fs::read_link(link).unwrap();
        std::fs::remove_file(link).unwrap();
        std::os::unix::fs::symlink(root.path().join(target.strip_prefix("/").unwrap()), link).unwrap();
    }
}

/// Calls an activity as the worker finds it: an export of the package in the record's folder.
fn call(root: &TempDir, record: &Record, export: &str, name: &str) -> Value {
    let folder = root.path().join(record.folder.trim_start_matches('/'));
    let script = format!(
        "import {{ createRequire }} from 'node:module';
         const manifest = {manifest:?};
         let module;
         try {{ module = createRequire(manifest)({specifier:?}); }} catch {{ module = await import({file:?}); }}
         console.log(JSON.stringify(await module[{name:?}]('text')));",
        manifest = folder.join("package.json"),
        specifier = format!("@acme/activities{}", &export[1..]),
        file = folder.join(format!("{}.mjs", &export[2..])),
    );
    let output = Command::new("node").args(["--input-type=module", "-e", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn what_npm_installs_runs_as_it_lies_in_the_image() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let folder = tempfile::tempdir().unwrap();
    let tree = installed(folder.path());
    let packed = pack(&tree, "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    let record = anonymous().record(&packed.image, &packed.record).await.unwrap();
    let activities: Vec<(&str, &[String])> =
        record.exports.iter().map(|(name, export)| (name.as_str(), export.activities.as_slice())).collect();
    assert_eq!(activities, [("./cjs", &["parse".to_owned()][..]), ("./esm", &["id".to_owned()]), ("./native", &["sum".to_owned()])]);
    assert!(record.integrity.as_deref().is_some_and(|integrity| integrity.starts_with("sha512-")));

    let root = tempfile::tempdir().unwrap();
    unpacked(&registry, &packed.image, &root).await;
    let parsed = call(&root, &record, "./cjs", "parse");
    assert_eq!([&parsed[0], &parsed[1], &parsed[2]], ["text", "bundled", "function"]);
    let sdk = typescript().join("node_modules/@temporalio/activity").canonicalize().unwrap();
    assert!(Path::new(parsed[3].as_str().unwrap()).starts_with(&sdk), "the worker's copy, not {}", parsed[3]);
    assert_eq!(call(&root, &record, "./esm", "id"), json!([21, "function"]));
    assert_eq!(call(&root, &record, "./native", "sum"), json!(999_008_199));
}
