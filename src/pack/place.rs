//! Where each file of a tree goes: into the layer of the dependencies or into that of the package, and under which path. Pure.
//!
//!     /activities/<dependencies>/node_modules/…             what the package depends on, by the digest of just that
//!     /activities/<mark>/node_modules/<package>/…           the package (sources: /activities/<mark>/…), by the digest of all of it
//!     /activities/<mark>/node_modules/<dependency> -> …     a link for each dependency at the top
//!
//! So a change of the package leaves the layer of its dependencies as it is, and two modules with the same dependencies share it.
#![deny(clippy::disallowed_methods)]

use super::tree::{Entry, Kind, resolve};
use super::{Error, hex};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The packages of which there is one copy only, the worker's: an activity finds its context in the module that the worker has loaded.
pub const SHARED: &[&str] = &[
    "@temporalio/activity",
    "@temporalio/client",
    "@temporalio/common",
    "@temporalio/core-bridge",
    "@temporalio/nexus",
    "@temporalio/proto",
    "@temporalio/worker",
    "@temporalio/workflow",
    "long",
    "nexus-rpc",
    "protobufjs",
];

/// Of these, what others may need in a version of their own: a copy within a package stays.
pub(super) const OTHERS_MAY_HAVE: &[&str] = &["long", "protobufjs"];

/// Where the worker's packages are, in its image.
const WORKER: &str = "/opt/warpline/worker/node_modules";

/// Where modules are, in an image; without the slash before it, as layers have it.
const ACTIVITIES: &str = "activities";

/// Something in a layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its path in the image, without the slash before it.
    pub path: String,
    /// What it is.
    pub content: Content,
}

/// What something in a layer is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A folder.
    Folder,
    /// A file of the tree.
    File {
        /// Its path in the tree.
        from: String,
        /// In bytes.
        size: u64,
        /// Whether it may be run.
        executable: bool,
    },
    /// A link.
    Link {
        /// Where it leads.
        target: String,
    },
}

/// A tree in two layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The name of the dependencies' folder: 16 hexadecimal digits.
    pub dependencies_mark: String,
    /// The layer of the dependencies, sorted.
    pub dependencies: Vec<Member>,
    /// The mark of the whole: 16 hexadecimal digits.
    pub mark: String,
    /// The layer of the package, sorted.
    pub package: Vec<Member>,
    /// The package's folder in the image.
    pub folder: String,
}

/// Places the tree. `at` is the package's folder from the tree (`node_modules/…`, or nothing where the tree is the package), `lockfile` the digest
/// of its lockfile. `kept` are names of [`SHARED`] packages of which the tree's own copy stays: another version than the worker's.
///
/// # Errors
/// Links of dependencies that lead into the package where that can't be kept.
pub fn place(entries: &[Entry], at: &str, lockfile: &str, kept: &BTreeSet<&str>) -> Result<Placed, Error> {
    let shared: Vec<&str> = SHARED.iter().copied().filter(|name| !kept.contains(name)).collect();
    let (mut package, mut dependencies): (Vec<&Entry>, Vec<&Entry>) = (Vec::new(), Vec::new());
    let mut own_links = Vec::new();
    for entry in entries.iter().filter(|entry| !is_shared(&entry.path, &shared)) {
        if is_of_package(&entry.path, at) {
            package.push(entry);
        } else if entry.path.starts_with("node_modules/") && !is_above(&entry.path, at) {
            match leads_into_package(entry, at) {
                Some(target) if top(&entry.path).is_none_or(|top| top != entry.path) => {
                    return Err(Error::LinkIn { path: entry.path.clone(), target });
                }
                Some(_) => own_links.push(entry),
                None => dependencies.push(entry),
            }
        }
    }
    let dependencies = without_empty(dependencies);
    let dependencies_mark = mark("warpline/dependencies/1", &dependencies, &shared);
    let whole: Vec<&Entry> = package.iter().chain(&own_links).copied().collect();
    let mark = mark("warpline/module/1", &whole, &[lockfile, &dependencies_mark, at]);
    let (ground, below) = (format!("{ACTIVITIES}/{mark}"), format!("{ACTIVITIES}/{dependencies_mark}"));
    let mut package_members: Vec<Member> = package.iter().chain(&own_links).map(|entry| member(entry, &ground)).collect();
    package_members.extend(links(&dependencies, &own_links, &shared, at).into_iter().map(|(path, target)| {
        let up = "../".repeat(path.matches('/').count() + 1);
        Member { path: format!("{ground}/{path}"), content: Content::Link { target: format!("{up}{dependencies_mark}/{target}") } }
    }));
    let mut dependency_members: Vec<Member> = dependencies.iter().map(|entry| member(entry, &below)).collect();
    dependency_members.extend(shared.iter().map(|name| Member {
        path: format!("{below}/node_modules/{name}"),
        content: Content::Link { target: format!("{WORKER}/{name}") },
    }));
    Ok(Placed {
        dependencies: with_folders(dependency_members),
        package: with_folders(package_members),
        folder: if at.is_empty() { format!("/{ground}") } else { format!("/{ground}/{at}") },
        dependencies_mark,
        mark,
    })
}

fn is_of_package(path: &str, at: &str) -> bool {
    if at.is_empty() {
        return path != "node_modules" && !path.starts_with("node_modules/") && path != "package-lock.json";
    }
    path == at || path.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether the package is in this folder.
fn is_above(path: &str, at: &str) -> bool {
    at.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether it belongs to a package that is the worker's.
fn is_shared(path: &str, shared: &[&str]) -> bool {
    shared.iter().any(|name| {
        path.match_indices("node_modules/").any(|(start, modules)| {
            let is_top = start == 0;
            let is_folder = is_top || path[..start].ends_with('/');
            let rest = &path[start + modules.len()..];
            let is_it = rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            is_folder && is_it && (is_top || !OTHERS_MAY_HAVE.contains(name))
        })
    })
}

/// Where a link of a dependency leads, if that is in the package.
fn leads_into_package(entry: &Entry, at: &str) -> Option<String> {
    let Kind::Link { target } = &entry.kind else { return None };
    resolve(&entry.path, target).filter(|path| is_of_package(path, at))
}

/// The name at the top of `node_modules` that the path is of: `node_modules/a`, `node_modules/@s/a`, `node_modules/.bin/a`.
fn top(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("node_modules/")?;
    let mut ends = rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
    let first = ends.next()?;
    let end = if rest.starts_with('@') || rest[..first] == *".bin" { ends.next()? } else { first };
    Some(&path[.."node_modules/".len() + end])
}

/// Without the folders in which nothing is left.
fn without_empty(entries: Vec<&Entry>) -> Vec<&Entry> {
    let mut needed = BTreeSet::new();
    let mut left: Vec<&Entry> = Vec::new();
    for entry in entries.into_iter().rev() {
        if entry.kind == Kind::Folder && !needed.contains(entry.path.as_str()) {
            continue;
        }
        if let Some((parent, _)) = entry.path.rsplit_once('/') {
            needed.insert(parent);
        }
        left.push(entry);
    }
    left.reverse();
    left
}

/// Links of the package's `node_modules` to the dependencies': one for each scope, or for each package of a scope that the package is in.
fn links(dependencies: &[&Entry], own: &[&Entry], shared: &[&str], at: &str) -> BTreeSet<(String, String)> {
    let shared = shared.iter().map(|name| format!("node_modules/{name}"));
    let tops: BTreeSet<String> = dependencies.iter().filter_map(|entry| top(&entry.path)).map(str::to_owned).chain(shared).collect();
    let taken: BTreeSet<&str> = own.iter().map(|entry| entry.path.as_str()).chain([at]).collect();
    let link = |path: String| (path.clone(), path);
    let whole = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder).filter(|folder| *folder != "node_modules").map(str::to_owned);
    tops.into_iter()
        .map(|path| match whole(&path) {
            Some(folder) if !taken.iter().any(|taken| taken.starts_with(&format!("{folder}/"))) => link(folder),
            _ => link(path),
        })
        .filter(|(path, _)| !taken.contains(path.as_str()))
        .collect()
}

fn member(entry: &Entry, ground: &str) -> Member {
    let content = match &entry.kind {
        Kind::Folder => Content::Folder,
        Kind::File { size, executable, .. } => Content::File { from: entry.path.clone(), size: *size, executable: *executable },
        Kind::Link { target } => Content::Link { target: target.clone() },
    };
    Member { path: format!("{ground}/{}", entry.path), content }
}

/// Sorted, with every folder that a member is in.
fn with_folders(members: Vec<Member>) -> Vec<Member> {
    let mut all: BTreeMap<String, Content> = BTreeMap::new();
    for member in members {
        for (at, _) in member.path.match_indices('/') {
            all.entry(member.path[..at].to_owned()).or_insert(Content::Folder);
        }
        all.insert(member.path, member.content);
    }
    all.into_iter().map(|(path, content)| Member { path, content }).collect()
}

/// The first 16 hexadecimal digits of the SHA-256 of entries: each part with its length before it.
fn mark(kind: &str, entries: &[&Entry], with: &[&str]) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(kind.as_bytes());
    with.iter().for_each(|text| part(text.as_bytes()));
    for entry in entries {
        part(entry.path.as_bytes());
        match &entry.kind {
            Kind::Folder => part(b"folder"),
            Kind::File { executable, digest, .. } => {
                part(if *executable { b"program" } else { b"file" });
                part(digest);
            }
            Kind::Link { target } => {
                part(b"link");
                part(target.as_bytes());
            }
        }
    }
    hex(&hash.finalize()[..8])
}
