//! A folder of sources becomes an artifact in a registry, and that a folder again: the files that `npm pack` would take, and the lockfile.

use super::Error;
use super::layer::archive;
use super::place::{Content, Member};
use super::tree::{Entry, Kind, Limits, Tree};
use crate::registry::{ARTIFACT_CONFIG, Descriptor, Manifest, Pushed, Reference, Registry, Source, media};
use flate2::read::GzDecoder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde_json::Value;
use std::io::Read;
use std::path::{Component, Path};

/// What nobody wants in a package, whatever is asked for.
const NEVER: &[&str] = &[
    ".git",
    ".svn",
    ".hg",
    "CVS",
    "/node_modules",
    ".npmrc",
    ".DS_Store",
    ".lock-wscript",
    "npm-debug.log",
    "config.gypi",
    "*.orig",
    ".*.swp",
    "._*",
    ".wafpickle-*",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lockb",
];

/// What always goes along, at the top.
const ALWAYS: &[&str] = &["package.json", "package-lock.json", "readme", "readme.*", "license", "license.*", "licence", "licence.*"];

/// Files that say what is left out; of two in a folder the first counts.
const IGNORE: [&str; 2] = [".npmignore", ".gitignore"];

/// A pushed folder.
#[derive(Clone, Debug)]
pub struct PushedSource {
    /// The artifact, by its digest.
    pub artifact: Reference,
    /// How many files are in it.
    pub files: usize,
    /// What was sent, in bytes.
    pub pushed: u64,
}

/// Packs the files of a package as `npm pack` chooses them, and pushes them to `to`, under its tag where it has one. The same files give the same artifact.
///
/// # Errors
/// No package.json or package-lock.json; what can't be read or packed; the registry.
pub async fn push(folder: &Path, to: &Reference, registry: &Registry) -> Result<PushedSource, Error> {
    let folder = folder.to_owned();
    let (bytes, files) = super::publish::blocking(move || pack(&folder)).await?;
    let blob = Descriptor::of(media::SOURCE_FILES, &bytes);
    let empty = Descriptor::of(media::EMPTY, ARTIFACT_CONFIG);
    let mut sent = 0;
    for (descriptor, content) in [(&blob, bytes.as_slice()), (&empty, ARTIFACT_CONFIG)] {
        if registry.push_blob(to, descriptor, Source::Bytes(content)).await? == Pushed::Sent {
            sent += descriptor.size;
        }
    }
    let manifest = Manifest::artifact(media::SOURCE, vec![blob], None);
    let (descriptor, pushed) = registry.push_manifest(to, &manifest, to.tag().filter(|tag| *tag != "latest")).await?;
    if pushed == Pushed::Sent {
        sent += descriptor.size;
    }
    let artifact = Reference::with_digest(to.registry().to_owned(), to.repository().to_owned(), descriptor.digest);
    Ok(PushedSource { artifact, files, pushed: sent })
}

/// Fetches a pushed folder, by its digest, into a folder that is there; how many files it has.
///
/// # Errors
/// No such artifact, or one of another kind; a name in it that leads out; the folder can't be written; the registry.
pub async fn pull(artifact: &Reference, into: &Path, registry: &Registry) -> Result<usize, Error> {
    let fail = |problem: &str| Error::NoSource { artifact: artifact.to_string(), problem: problem.to_owned() };
    if artifact.digest().is_none() {
        return Err(fail("it is named without a digest"));
    }
    let manifest = registry.manifest(artifact).await?.manifest;
    let files = manifest.layers.iter().find(|layer| layer.media_type == media::SOURCE_FILES);
    let files = files.filter(|_| manifest.artifact_type.as_deref() == Some(media::SOURCE)).ok_or_else(|| fail("it is of another kind"))?;
    let bytes = registry.blob(artifact, &files.digest).await?;
    let (into, named) = (into.to_owned(), artifact.to_string());
    super::publish::blocking(move || unpack(&bytes, &into, &named)).await
}

/// Writes what an archive holds: files and folders below `into`, no links; what it unpacks to is bounded, as what is packed is.
fn unpack(archive: &[u8], into: &Path, artifact: &str) -> Result<usize, Error> {
    let fail = |problem: String| Error::NoSource { artifact: artifact.to_owned(), problem };
    let limits = Limits::default();
    let mut archive = tar::Archive::new(GzDecoder::new(archive).take(limits.total));
    let mut count = 0;
    for entry in archive.entries().map_err(|error| fail(error.to_string()))? {
        let mut entry = entry.map_err(|error| fail(error.to_string()))?;
        let path = entry.path().map_err(|error| fail(error.to_string()))?.into_owned();
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let kind = entry.header().entry_type();
        if !is_plain || !(kind.is_file() || kind.is_dir()) || count == limits.entries {
            return Err(fail(format!("it holds {}, which is no file or folder below it, or one too many", path.display())));
        }
        count += 1;
        let place = into.join(&path);
        let folder = if kind.is_dir() { Some(place.as_path()) } else { place.parent() };
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        }
        if kind.is_file() {
            let mut file = std::fs::File::create(&place).map_err(Error::file("write", &place))?;
            std::io::copy(&mut entry, &mut file).map_err(Error::file("write", &place))?;
        }
    }
    Ok(count)
}

/// The archive, and how many files are in it.
fn pack(folder: &Path) -> Result<(Vec<u8>, usize), Error> {
    let never = rules(NEVER);
    let tree = Tree::read_some(folder, &Limits::default(), &|path| never.matched_path_or_any_parents(path, false).is_ignore())?;
    let manifest =
        read(&tree, "package.json").and_then(|text| serde_json::from_slice::<Value>(&text).map_err(|error| error.to_string())).map_err(
            |problem| Error::NoPackage { package: folder.display().to_string(), problem: format!("its package.json: {problem}") },
        )?;
    read(&tree, "package-lock.json").map_err(|problem| Error::NoLockfile { problem })?;
    let chosen = chosen(&tree, &manifest);
    let members: Vec<Member> = chosen
        .into_iter()
        // As npm does: who unpacks it gets files and folders alone.
        .filter(|entry| !matches!(entry.kind, Kind::Link { .. }))
        .map(|entry| Member {
            path: entry.path.clone(),
            content: match &entry.kind {
                Kind::Folder => Content::Folder,
                Kind::File { size, executable, .. } => Content::File { from: entry.path.clone(), size: *size, executable: *executable },
                Kind::Link { target } => Content::Link { target: target.clone() },
            },
        })
        .collect();
    let mut out = Vec::new();
    archive(&tree, &members, &mut out, folder)?;
    Ok((out, members.len()))
}

fn read(tree: &Tree, path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = tree.open(path).map_err(|error| error.to_string())?;
    file.take(64 << 20).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn rules<L: AsRef<str>>(lines: &[L]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        // A pattern that is none matches nothing, as with npm.
        let _ = builder.add_line(None, line.as_ref());
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The files that are packed. Where package.json has `files`, these; else all but what .npmignore, or .gitignore, leaves out.
fn chosen<'t>(tree: &'t Tree, manifest: &Value) -> Vec<&'t Entry> {
    let named = |value: &Value| value.as_str().map(|path| path.trim_start_matches("./").to_owned());
    let mut always: Vec<String> = ["main", "browser"].iter().filter_map(|field| named(&manifest[*field])).collect();
    always.extend(named(&manifest["bin"]));
    always.extend(manifest["bin"].as_object().into_iter().flat_map(|bins| bins.values()).filter_map(named));
    let must = |path: &str| {
        let name = path.to_lowercase();
        always.iter().any(|known| known == path)
            || ALWAYS
                .iter()
                .any(|known| known.strip_suffix('*').map_or(name == *known, |start| name.starts_with(start) && !name.contains('/')))
    };
    let files = manifest["files"].as_array().map(|files| files.iter().filter_map(|file| file.as_str()).map(anchored).collect::<Vec<_>>());
    let wanted = files.as_deref().map(rules::<String>);
    let left_out = ignores(tree, wanted.is_some());
    let is_chosen = |entry: &&Entry| {
        let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted.matched_path_or_any_parents(&entry.path, false).is_ignore());
        let is_left_out = left_out.iter().any(|(folder, rules)| {
            entry.path.strip_prefix(folder.as_str()).is_some_and(|path| rules.matched_path_or_any_parents(path, false).is_ignore())
        });
        let is_ignore_file = IGNORE.iter().any(|name| entry.path.rsplit('/').next() == Some(name));
        entry.kind != Kind::Folder && !is_ignore_file && (must(&entry.path) || is_wanted && !is_left_out)
    };
    tree.entries.iter().filter(is_chosen).collect()
}

/// An entry of `files` is meant from the package's folder, whether it says so or not.
fn anchored(pattern: &str) -> String {
    let (not, path) = pattern.strip_prefix('!').map_or(("", pattern), |path| ("!", path));
    format!("{not}/{}", path.trim_start_matches("./").trim_start_matches('/'))
}

/// What the ignore files of each folder say; the folder ends with a slash, but for the top, which is nothing. The one at the top counts only without `files`.
fn ignores(tree: &Tree, has_files: bool) -> Vec<(String, Gitignore)> {
    let mut found: Vec<(String, Gitignore)> = Vec::new();
    for name in IGNORE {
        for entry in &tree.entries {
            let Some(folder) = entry.path.strip_suffix(name).filter(|folder| folder.is_empty() || folder.ends_with('/')) else { continue };
            if folder.is_empty() && has_files || found.iter().any(|(known, _)| known == folder) {
                continue;
            }
            let text = read(tree, &entry.path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            found.push((folder.to_owned(), rules(&text.lines().collect::<Vec<_>>())));
        }
    }
    found
}
