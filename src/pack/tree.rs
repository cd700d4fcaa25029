//! An installed tree as it lies on disk: every file, folder and link with its content's digest, in one order, or why it can't be packed.
//! Follows no link, and believes nothing that it reads: whoever made the package may have made it so.

use super::Error;
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How much is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files, folders and links.
    pub entries: usize,
    /// The largest file, in bytes.
    pub file: u64,
    /// All files, in bytes.
    pub total: u64,
    /// Folders in folders.
    pub depth: usize,
    /// A path, in bytes.
    pub path: usize,
}

impl Default for Limits {
    /// 500,000 entries, files of 1 GiB, 4 GiB in all, 64 folders deep, paths of 1,024 bytes.
    fn default() -> Self {
        Self { entries: 500_000, file: 1 << 30, total: 4 << 30, depth: 64, path: 1024 }
    }
}

/// Something in a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its path from the tree, with slashes.
    pub path: String,
    /// What it is.
    pub kind: Kind,
}

/// What something in a tree is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// In bytes.
        size: u64,
        /// Whether its owner may run it.
        executable: bool,
        /// The SHA-256 of its content.
        digest: [u8; 32],
    },
    /// A link.
    Link {
        /// Where it leads, as written.
        target: String,
    },
}

/// An installed tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The folder.
    pub root: PathBuf,
    /// What is in it, sorted by path.
    pub entries: Vec<Entry>,
}

impl Tree {
    /// Reads the tree in a folder. What npm writes for itself is left out: it differs from machine to machine.
    ///
    /// # Errors
    /// What can't be read, and what is not packed: links that lead out, devices and the like, names with control characters, too much of it.
    pub fn read(root: &Path, limits: &Limits) -> Result<Self, Error> {
        Self::read_some(root, limits, &is_left_out)
    }

    /// Reads the tree without what `leave_out` says of paths.
    ///
    /// # Errors
    /// As with [`Tree::read`].
    pub(super) fn read_some(root: &Path, limits: &Limits, leave_out: &dyn Fn(&str) -> bool) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(Error::file("read", root))?;
        let mut entries = Vec::new();
        let mut total = 0;
        let mut waiting = vec![String::new()];
        while let Some(folder) = waiting.pop() {
            let place = root.join(&folder);
            for found in std::fs::read_dir(&place).map_err(Error::file("read", &place))? {
                let found = found.map_err(Error::file("read", &place))?;
                let path = named(&folder, &found.file_name(), limits)?;
                if leave_out(&path) {
                    continue;
                }
                let kind = entry(&root, &path, limits, &mut total)?;
                if kind == Kind::Folder {
                    waiting.push(path.clone());
                }
                entries.push(Entry { path, kind });
                if entries.len() > limits.entries {
                    let path = entries.pop().map(|entry| entry.path).unwrap_or_default();
                    return Err(Error::TooLarge { limit: format!("{} files and folders", limits.entries), path });
                }
            }
        }
        entries.sort();
        Ok(Self { root, entries })
    }

    /// Opens a file of the tree, which has not become a link meanwhile.
    pub(super) fn open(&self, path: &str) -> Result<File, Error> {
        open(&self.root.join(path))
    }
}

/// What npm keeps for itself, version control and credentials.
fn is_left_out(path: &str) -> bool {
    let in_package = path.contains("node_modules/");
    let name = path.rsplit('/').next().unwrap_or_default();
    matches!(path, "node_modules/.package-lock.json" | "node_modules/.cache") || !in_package && matches!(name, ".git" | ".npmrc")
}

fn named(folder: &str, name: &std::ffi::OsStr, limits: &Limits) -> Result<String, Error> {
    let shown = if folder.is_empty() { name.to_string_lossy().into_owned() } else { format!("{folder}/{}", name.to_string_lossy()) };
    let fail = |problem| Err(Error::Name { path: shown.escape_debug().to_string(), problem });
    if name.to_str().is_none() {
        return fail("is not UTF-8");
    }
    if shown.chars().any(char::is_control) {
        return fail("has control characters in it");
    }
    if shown.len() > limits.path {
        return Err(Error::TooLarge { limit: format!("{} bytes in a path", limits.path), path: shown });
    }
    if shown.matches('/').count() >= limits.depth {
        return Err(Error::TooLarge { limit: format!("{} folders in each other", limits.depth), path: shown });
    }
    Ok(shown)
}

fn entry(root: &Path, path: &str, limits: &Limits, total: &mut u64) -> Result<Kind, Error> {
    let place = root.join(path);
    let found = std::fs::symlink_metadata(&place).map_err(Error::file("read", &place))?;
    if found.is_dir() {
        return Ok(Kind::Folder);
    }
    if found.is_symlink() {
        return link(root, path, &place);
    }
    if !found.is_file() {
        return Err(Error::Special { path: path.to_owned(), what: special(&found) });
    }
    *total += found.len();
    for (size, limit) in [(found.len(), limits.file), (*total, limits.total)] {
        if size > limit {
            return Err(Error::TooLarge {
                limit: format!("{} MiB{}", limit >> 20, if limit == limits.file { " in a file" } else { "" }),
                path: path.to_owned(),
            });
        }
    }
    let (size, digest) = hash(&place)?;
    Ok(Kind::File { size, executable: found.permissions().mode() & 0o100 != 0, digest })
}

fn special(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// A link, as written. It must lead into the tree by its words, and where it really leads to.
fn link(root: &Path, path: &str, place: &Path) -> Result<Kind, Error> {
    let target = std::fs::read_link(place).map_err(Error::file("read", place))?;
    let fail = || Error::LinkOut { path: path.to_owned(), target: target.display().to_string().escape_debug().to_string() };
    let text = target.to_str().filter(|text| !text.chars().any(char::is_control)).ok_or_else(fail)?;
    resolve(path, text).ok_or_else(fail)?;
    // A link that leads nowhere harms nobody; npm leaves some.
    if place.canonicalize().is_ok_and(|real| !real.starts_with(root)) {
        return Err(fail());
    }
    Ok(Kind::Link { target: text.to_owned() })
}

/// Where a link of the tree leads, from the tree; `None` where it leads out of it.
pub(super) fn resolve(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn open(place: &Path) -> Result<File, Error> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(place).map_err(Error::file("read", place))
}

fn hash(place: &Path) -> Result<(u64, [u8; 32]), Error> {
    let mut file = open(place)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer).map_err(Error::file("read", place))?;
        if count == 0 {
            return Ok((size, hash.finalize().into()));
        }
        size += count as u64;
        // Writing to a hash cannot fail.
        let _ = hash.write_all(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_by_its_words() {
        let cases = [
            ("node_modules/.bin/x", "../p/cli.js", Some("node_modules/p/cli.js")),
            ("node_modules/a", "./b/../c", Some("node_modules/c")),
            ("a", "..", None),
            ("a/b", "../../c", None),
            ("a/b", "/etc/passwd", None),
            ("a/b", "..", Some("")),
        ];
        for (link, target, expected) in cases {
            assert_eq!(resolve(link, target).as_deref(), expected, "{link} -> {target}");
        }
    }
}
