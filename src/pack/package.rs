//! The package in a tree: its manifest, its lockfile, and what it exports, as the TypeScript compiler finds it. Reads files of the tree only.

use super::Error;
use super::layer::archive;
use super::place::{Content, Member, SHARED};
use super::tree::{Kind, Tree};
use crate::project::exports;
use crate::registry::{self, Export};
use crate::typecheck::Checker;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest JSON file that is read, in bytes: as much as is read of a blob.
const JSON: u64 = 64 * 1024 * 1024;

/// A package in a tree.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its integrity; none where it came from no registry.
    pub integrity: Option<String>,
    /// The registry that it came from.
    pub registry: Option<String>,
    /// Its folder, from the tree; nothing where the tree is the package.
    pub at: String,
    /// Its package.json.
    pub manifest: Value,
    /// The package-lock.json of the tree.
    pub lockfile: Vec<u8>,
}

/// What a package exports.
#[derive(Clone, Debug, Default)]
pub struct Exports {
    /// By the names in `exports`.
    pub exports: BTreeMap<String, Export>,
    /// The declarations of all of them and what these refer to, a tar.gz; `None` where there are none.
    pub declarations: Option<Vec<u8>>,
}

/// How the tree was resolved, as the installing container leaves it.
#[derive(Debug, Default, Deserialize)]
struct Resolution {
    package: Option<String>,
    version: Option<String>,
    integrity: Option<String>,
    registry: Option<String>,
}

impl Package {
    /// Finds the package `name` in the tree: among what is installed, or as the tree itself.
    ///
    /// # Errors
    /// It isn't there, or another version than the resolution says; a tree without a lockfile.
    pub fn read(tree: &Tree, name: &str, resolution: Option<&Path>) -> Result<Self, Error> {
        let fail = |problem: String| Error::NoPackage { package: name.to_owned(), problem };
        let installed = format!("node_modules/{name}");
        let is_installed = tree.entries.iter().any(|entry| entry.path == installed && entry.kind == Kind::Folder);
        let at = if is_installed { installed } else { String::new() };
        let manifest = json(tree, &below(&at, "package.json")).map_err(|problem| fail(format!("its package.json {problem}")))?;
        let text = |field: &str| manifest[field].as_str().map(str::to_owned);
        if text("name").as_deref() != Some(name) {
            let found = text("name").map_or_else(|| "no name".to_owned(), |found| format!("the name {found}"));
            return Err(fail(format!("there is no folder node_modules/{name}, and the tree's own package.json has {found}")));
        }
        let version = text("version").unwrap_or_else(|| "0.0.0".to_owned());
        let lockfile = bytes(tree, "package-lock.json").map_err(|problem| Error::NoLockfile { problem })?;
        let parsed: Value = serde_json::from_slice(&lockfile).map_err(|error| Error::NoLockfile { problem: error.to_string() })?;
        if !parsed["packages"].is_object() {
            return Err(Error::NoLockfile { problem: "it has no `packages`: its version is older than 2".into() });
        }
        let resolution = resolution.map(resolved).transpose()?.unwrap_or_default();
        if let Some(resolved) = resolution.version.as_ref().filter(|resolved| **resolved != version) {
            return Err(fail(format!("version {resolved} was resolved, and {version} is installed")));
        }
        let locked = parsed["packages"][at.as_str()]["integrity"].as_str().filter(|_| !at.is_empty()).map(str::to_owned);
        let integrity = resolution.integrity.or(locked);
        Ok(Self { name: name.to_owned(), version, integrity, registry: resolution.registry, at, manifest, lockfile })
    }

    /// What the package exports. Where exports are `wanted`, just these; else all that are code. `is_declared` says that the activities' signatures are
    /// declared elsewhere: then a module needs no types.
    ///
    /// # Errors
    /// There is no such export, or nothing says what it holds; the compiler could not be asked.
    pub async fn exports(
        &self,
        tree: &Tree,
        checker: &Checker,
        wanted: &[String],
        is_declared: bool,
        scratch: &Path,
    ) -> Result<Exports, Error> {
        let names = self.names(tree, wanted)?;
        let specifiers: Vec<String> = names.iter().map(|name| format!("{}{}", self.name, &name[1..])).collect();
        let mut packages = vec![(self.name.clone(), tree.root.join(&self.at))];
        let types = format!("@types/{}", self.name.trim_start_matches('@').replace('/', "__"));
        let beside = tree.root.join("node_modules").join(&types);
        packages.extend(beside.is_dir().then_some((types, beside)));
        let found = checker.modules(&specifiers, &packages, scratch).await?;
        let untyped = |at: usize| found.modules[at].functions.is_none();
        let missing = if wanted.is_empty() { (0..names.len()).all(untyped).then_some(0) } else { (0..names.len()).find(|at| untyped(*at)) };
        if let Some(at) = missing.filter(|_| !is_declared) {
            return Err(Error::NoTypes { specifier: specifiers[at].clone() });
        }
        let in_tree = |file: &Path| file.strip_prefix(&tree.root).ok().and_then(Path::to_str).map(str::to_owned);
        let exports = names.into_iter().zip(found.modules).map(|(name, module)| {
            let declarations = module.declarations.as_deref().and_then(in_tree);
            (name, Export { activities: module.functions.unwrap_or_default(), declarations })
        });
        let exports: BTreeMap<String, Export> = exports.collect();
        let is_typed = exports.values().any(|export| export.declarations.is_some());
        let files: BTreeSet<String> = found.files.iter().filter_map(|file| in_tree(file)).collect();
        let declarations = is_typed.then(|| declarations(tree, &files)).transpose()?;
        Ok(Exports { exports, declarations })
    }

    /// The exports that are asked for, or all; each has its code in the tree.
    fn names(&self, tree: &Tree, wanted: &[String]) -> Result<Vec<String>, Error> {
        let known = exports::exports(&self.manifest);
        let files: BTreeSet<&str> =
            tree.entries.iter().filter(|entry| entry.kind != Kind::Folder).map(|entry| entry.path.as_str()).collect();
        let is_there = |name: &String| {
            let Some(code) = exports::code(&self.manifest, name) else { return false };
            let path = below(&self.at, code.trim_start_matches("./"));
            ["", ".js", ".cjs", ".mjs", "/index.js"].iter().any(|ending| files.contains(format!("{path}{ending}").as_str()))
        };
        let asked: Vec<String> = wanted
            .iter()
            .map(|name| if name.starts_with('.') { name.clone() } else { format!("./{name}") })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let fail = |export: &str| {
            let exports = known.iter().filter(|name| is_there(name)).cloned().collect();
            Error::NoExport { package: self.name.clone(), export: export.to_owned(), exports }
        };
        if let Some(missing) = asked.iter().find(|name| !is_there(name)) {
            return Err(fail(missing));
        }
        let names = if asked.is_empty() { known.iter().filter(|name| is_there(name)).cloned().collect() } else { asked };
        if names.is_empty() { Err(fail(".")) } else { Ok(names) }
    }
}

/// The declaration files as an archive, with the package.json of each package that they are in: by these they find each other.
fn declarations(tree: &Tree, files: &BTreeSet<String>) -> Result<Vec<u8>, Error> {
    let sizes: BTreeMap<&str, u64> = tree
        .entries
        .iter()
        .filter_map(|entry| if let Kind::File { size, .. } = entry.kind { Some((entry.path.as_str(), size)) } else { None })
        .collect();
    let is_shared = |path: &str| SHARED.iter().any(|name| path.contains(&format!("node_modules/{name}/")));
    let mut taken = BTreeSet::new();
    for file in files.iter().filter(|file| !is_shared(file)) {
        taken.insert(file.clone());
        for (at, _) in file.match_indices('/') {
            taken.insert(format!("{}/package.json", &file[..at]));
        }
        taken.insert("package.json".to_owned());
    }
    let members: Vec<Member> = taken
        .into_iter()
        .filter_map(|path| {
            let size = *sizes.get(path.as_str())?;
            Some(Member { content: Content::File { from: path.clone(), size, executable: false }, path })
        })
        .collect();
    let mut out = Vec::new();
    archive(tree, &members, &mut out, Path::new("the declarations"))?;
    Ok(out)
}

/// The name of the package that a resolution is of.
///
/// # Errors
/// It can't be read, or names none.
pub fn resolved_package(path: &Path) -> Result<String, Error> {
    resolved(path)?.package.ok_or_else(|| Error::Resolution { path: path.to_owned(), problem: "it names no package".to_owned() })
}

fn resolved(path: &Path) -> Result<Resolution, Error> {
    let fail = |problem: String| Error::Resolution { path: path.to_owned(), problem };
    let text = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| fail(error.to_string()))
}

fn below(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

fn json(tree: &Tree, path: &str) -> Result<Value, String> {
    serde_json::from_slice(&bytes(tree, path)?).map_err(|error| error.to_string())
}

fn bytes(tree: &Tree, path: &str) -> Result<Vec<u8>, String> {
    let file = tree.open(path).map_err(|error| match error {
        Error::File { source, .. } => source.to_string(),
        other => other.to_string(),
    })?;
    let mut bytes = Vec::new();
    file.take(JSON + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > JSON { Err(format!("is larger than {} MiB", JSON >> 20)) } else { Ok(bytes) }
}

/// Which of the shared packages the tree has in another major version than the worker, whose packages are in `packages`: of those that others may
/// have, the tree's own copy stays.
pub(super) fn kept<'n>(tree: &Tree, packages: &Path, names: &[&'n str]) -> BTreeSet<&'n str> {
    let major = |manifest: Value| manifest["version"].as_str().and_then(|version| version.split('.').next().map(str::to_owned));
    let ours = |name: &str| -> Option<String> {
        let text = std::fs::read(PathBuf::from(packages).join(name).join("package.json")).ok()?;
        major(serde_json::from_slice(&text).ok()?)
    };
    let theirs = |name: &str| major(json(tree, &format!("node_modules/{name}/package.json")).ok()?);
    names.iter().copied().filter(|name| ours(name).zip(theirs(name)).is_some_and(|(ours, theirs)| ours != theirs)).collect()
}

impl Exports {
    /// The digest of the declarations.
    #[must_use]
    pub fn digest(&self) -> Option<String> {
        self.declarations.as_deref().map(registry::digest)
    }
}
