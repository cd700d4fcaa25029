//! A package as it is now, kept under the digest of its content: who runs it later runs the same, whatever became of its folder.
//! Reads and writes files; must not know what the package holds.

use super::Error;
use crate::version::digest;
use serde_json::Value;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A package that is kept.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The digest of its content: code, JSON (its lock file, too) and declarations, without tests. What is in `node_modules` is told by the lock file.
    pub digest: String,
    /// Where it is kept.
    pub folder: PathBuf,
    /// Its package.json.
    pub manifest: Value,
}

/// Keeps the package of a folder below `kept`, where it isn't there yet. Its packages (`node_modules`) are kept by hard links: what npm installs later is put
/// beside them, and changes nothing there.
///
/// # Errors
/// There is no package in the folder; files can't be read or written.
pub fn freeze(package: &Path, kept: &Path) -> Result<Frozen, Error> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let cannot = |what: &str, path: &Path, error: io::Error| Error::Machine(format!("cannot {what} {}: {error}", path.display()));
    let manifest = package.join("package.json");
    let text = fs::read(&manifest).map_err(|error| cannot("read", &manifest, error))?;
    let manifest: Value = serde_json::from_slice(&text).map_err(|error| cannot("read", &manifest, error.into()))?;
    let mut contents = Vec::new();
    collect(package, package, &mut contents).map_err(|error| cannot("read", package, error))?;
    contents.sort();
    let digest = digest(contents.iter().map(|(path, content)| (path.as_str(), content.as_slice())));
    let folder = kept.join(&digest);
    if !folder.is_dir() {
        let beside = kept.join(format!(".{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir_all(&beside).and_then(|()| copy(package, &beside)).map_err(|error| cannot("copy", package, error))?;
        packages(package, &beside).map_err(|error| cannot("keep the packages of", package, error))?;
        // Somebody else may have been faster with the same.
        match fs::rename(&beside, &folder) {
            Err(error) if !folder.is_dir() => return Err(cannot("write", &folder, error)),
            Err(_) => drop(fs::remove_dir_all(&beside)),
            Ok(()) => {}
        }
    }
    Ok(Frozen { digest, folder, manifest })
}

/// What is left out everywhere.
fn is_left_out(name: &str) -> bool {
    name.starts_with('.') || name == "node_modules"
}

fn collect(root: &Path, folder: &Path, contents: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_left_out(&name) {
            continue;
        }
        let is_code =
            [".js", ".cjs", ".mjs", ".json", ".node", ".wasm", ".d.ts", ".d.cts", ".d.mts"].iter().any(|ending| name.ends_with(ending));
        if path.is_dir() && !matches!(name.as_str(), "test" | "tests") {
            collect(root, &path, contents)?;
        } else if path.is_file() && is_code {
            contents.push((path.strip_prefix(root).unwrap_or(&path).display().to_string(), fs::read(&path)?));
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if is_left_out(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&path, &target)?;
        } else if path.is_file() {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// The packages that it finds: its own, or those of the nearest folder above it.
fn packages(package: &Path, to: &Path) -> io::Result<()> {
    let own = package.join("node_modules");
    if own.is_dir() {
        return link(&own, &to.join("node_modules"));
    }
    match package.ancestors().skip(1).map(|above| above.join("node_modules")).find(|folder| folder.is_dir()) {
        Some(shared) => symlink(shared, to.join("node_modules")),
        None => Ok(()),
    }
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            link(&path, &target)?;
        } else if kind.is_symlink() {
            let aims = fs::read_link(&path)?;
            // A link that leads out of these packages (to one of the same repository, say) leads there from here, too.
            let is_within = aims.is_relative() && path.canonicalize().is_ok_and(|real| real.starts_with(from));
            symlink(if is_within { aims } else { path.canonicalize().unwrap_or(aims) }, &target)?;
        } else if fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &Path, code: &str) {
        fs::create_dir_all(folder.join("dist")).unwrap();
        fs::create_dir_all(folder.join("node_modules/dep")).unwrap();
        fs::write(folder.join("package.json"), r#"{"name": "p"}"#).unwrap();
        fs::write(folder.join("dist/index.js"), code).unwrap();
        fs::write(folder.join("README.md"), code).unwrap();
        fs::write(folder.join("node_modules/dep/index.js"), "dep").unwrap();
    }

    #[test]
    fn what_was_kept_stays_as_it_was() {
        let place = tempfile::tempdir().unwrap();
        let (folder, kept) = (place.path().join("p"), place.path().join("kept"));
        package(&folder, "one");
        let one = freeze(&folder, &kept).unwrap();
        fs::write(folder.join("dist/index.js"), "two").unwrap();
        fs::remove_dir_all(folder.join("node_modules")).unwrap();
        let two = freeze(&folder, &kept).unwrap();
        assert_ne!(one.digest, two.digest);
        let read = |folder: &Path, file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert_eq!((read(&one.folder, "dist/index.js"), read(&two.folder, "dist/index.js")), ("one".to_owned(), "two".to_owned()));
        assert_eq!(read(&one.folder, "node_modules/dep/index.js"), "dep");
        package(&folder, "one");
        fs::write(folder.join("README.md"), "other").unwrap();
        assert_eq!(freeze(&folder, &kept).unwrap().folder, one.folder, "the same code is the same package");
        assert_eq!(fs::read_dir(&kept).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_without_a_package_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        assert!(freeze(place.path(), &place.path().join("kept")).unwrap_err().to_string().contains("package.json"));
    }
}
