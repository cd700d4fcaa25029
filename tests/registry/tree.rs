//! Trees as npm leaves them, made by hand.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A folder with package.json, package-lock.json and node_modules.
pub struct Tree {
    folder: TempDir,
    packages: Map<String, Value>,
}

impl Tree {
    /// A tree whose package.json depends on `package`.
    pub fn of(package: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = json!({"name": "warpline-build", "private": true, "dependencies": {package: "*"}});
        std::fs::write(folder.path().join("package.json"), root.to_string()).unwrap();
        let tree = Self { folder, packages: Map::from_iter([(String::new(), root)]) };
        tree.lock();
        tree
    }

    /// A tree that is the package itself.
    pub fn sources(manifest: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), manifest.to_string()).unwrap();
        let tree = Self { folder, packages: Map::from_iter([(String::new(), manifest.clone())]) };
        tree.lock();
        tree
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Installs a package with these files.
    pub fn with(mut self, at: &str, manifest: Value, files: &[(&str, &str)]) -> Self {
        self.file(&format!("{at}/package.json"), manifest.to_string());
        for (path, text) in files {
            self.file(&format!("{at}/{path}"), text);
        }
        let mut entry = manifest;
        entry["resolved"] = format!("https://registry.example/{}.tgz", at.replace('/', "-")).into();
        entry["integrity"] = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==".into();
        self.packages.insert(at.to_owned(), entry);
        self.lock();
        self
    }

    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    pub fn program(&self, path: &str, content: impl AsRef<[u8]>) {
        std::fs::set_permissions(self.file(path, content), Permissions::from_mode(0o755)).unwrap();
    }

    pub fn link(&self, path: &str, target: &str) {
        let link = self.path().join(path);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
    }

    /// Writes the lockfile of what is installed.
    fn lock(&self) {
        let lockfile = json!({"name": "warpline-build", "lockfileVersion": 3, "requires": true, "packages": self.packages});
        std::fs::write(self.path().join("package-lock.json"), lockfile.to_string()).unwrap();
    }
}

/// `@acme/activities` with one typed export `./build` and a dependency, in a tree.
pub fn acme() -> Tree {
    acme_at("1.0.0", "exports.build = async (name) => require('greeting')(name);")
}

/// The same in a version, with this code.
pub fn acme_at(version: &str, code: &str) -> Tree {
    let manifest = json!({
        "name": "@acme/activities", "version": version, "license": "Apache-2.0", "bin": {"acme": "./cli.js"},
        "exports": {"./build": {"types": "./dist/build.d.ts", "default": "./dist/build.js"}, "./package.json": "./package.json"},
        "dependencies": {"greeting": "^2.0.0", "@temporalio/activity": "1.24.0"},
    });
    let types = "import type { Greeting } from 'greeting';\nexport declare function build(name: string): Promise<Greeting>;\nexport declare const limit: number;\n";
    let tree = Tree::of("@acme/activities")
        .with(
            "node_modules/@acme/activities",
            manifest,
            &[("dist/build.js", code), ("dist/build.d.ts", types), ("cli.js", "#!/usr/bin/env node\n")],
        )
        .with(
            "node_modules/greeting",
            json!({"name": "greeting", "version": "2.1.0", "license": "MIT", "main": "index.js", "types": "index.d.ts"}),
            &[
                ("index.js", "module.exports = (name) => `hello ${name}`;"),
                ("index.d.ts", "export type Greeting = `hello ${string}`;\nexport default function greet(name: string): Greeting;\n"),
            ],
        )
        .with(
            "node_modules/@temporalio/activity",
            json!({"name": "@temporalio/activity", "version": "1.24.0", "license": "MIT"}),
            &[("index.js", "throw new Error('a second copy of the SDK');")],
        );
    tree.link("node_modules/.bin/acme", "../@acme/activities/cli.js");
    tree.program("node_modules/.bin/other", "#!/bin/sh\n");
    tree
}
