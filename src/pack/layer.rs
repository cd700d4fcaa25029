//! The bytes of a layer: tar in gzip, the same for the same members on any machine and day. No times, owners or names of users; two modes for files.

use super::place::{Content, Member};
use super::{Error, Tree};
use crate::registry::{Descriptor, MODULE_MARK, media};
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tar::{EntryType, Header};

/// A layer in a file.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The file.
    pub file: PathBuf,
    /// What it is, with the mark of its folder.
    pub descriptor: Descriptor,
    /// The digest of the tar in it.
    pub diff_id: String,
}

/// What was written: digests and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The digest of the compressed bytes.
    pub digest: String,
    /// How many these are.
    pub size: u64,
    /// The digest of the tar.
    pub diff_id: String,
}

impl Layer {
    /// Writes the layer of `members` to `file`.
    ///
    /// # Errors
    /// A file that can't be read or written, or has become another one since the tree was read.
    pub fn write(tree: &Tree, members: &[Member], mark: &str, file: &Path) -> Result<Self, Error> {
        let out = File::create(file).map_err(Error::file("write", file))?;
        let written = archive(tree, members, BufWriter::new(out), file)?;
        let annotations = Some(BTreeMap::from([(MODULE_MARK.to_owned(), mark.to_owned())]));
        let descriptor = Descriptor {
            media_type: media::LAYER.to_owned(),
            digest: written.digest,
            size: written.size,
            annotations,
            ..Descriptor::default()
        };
        Ok(Self { file: file.to_owned(), descriptor, diff_id: written.diff_id })
    }
}

/// Writes members as tar in gzip. `name` is what errors call it.
///
/// # Errors
/// A file that can't be read or written, or has become another one since the tree was read.
pub(super) fn archive(tree: &Tree, members: &[Member], out: impl Write, name: &Path) -> Result<Written, Error> {
    let fail = || Error::file("write", name);
    // No name, no time, and an operating system that is none: the header says nothing.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Counted::new(out), Compression::new(6));
    let mut archive = tar::Builder::new(Counted::new(gzip));
    for member in members {
        append(&mut archive, tree, member, name)?;
    }
    let plain = archive.into_inner().map_err(fail())?;
    let (gzip, diff_id, _) = plain.end();
    let mut compressed = gzip.finish().map_err(fail())?;
    compressed.flush().map_err(fail())?;
    let (_, digest, size) = compressed.end();
    Ok(Written { digest, size, diff_id })
}

fn append(archive: &mut tar::Builder<impl Write>, tree: &Tree, member: &Member, name: &Path) -> Result<(), Error> {
    let header = |kind, mode, size| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header
    };
    match &member.content {
        Content::Folder => archive.append_data(&mut header(EntryType::Directory, 0o755, 0), format!("{}/", member.path), std::io::empty()),
        Content::Link { target } => archive.append_link(&mut header(EntryType::Symlink, 0o777, 0), &member.path, target),
        Content::File { from, size, executable } => {
            let mode = if *executable { 0o755 } else { 0o644 };
            let mut file = tree.open(from)?;
            let mut exact = Exact { inner: &mut file, left: *size };
            archive.append_data(&mut header(EntryType::Regular, mode, *size), &member.path, &mut exact)
        }
    }
    .map_err(Error::file("write", name))
}

/// Reads exactly as many bytes as the header says: a file that grew or shrank would make another archive of what follows.
struct Exact<'f> {
    inner: &'f mut File,
    left: u64,
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "a file of the tree became shorter while it was packed"));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Passes bytes on, and knows their number and digest.
struct Counted<W> {
    inner: W,
    hash: Sha256,
    count: u64,
}

impl<W> Counted<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), count: 0 }
    }

    fn end(self) -> (W, String, u64) {
        (self.inner, format!("sha256:{}", super::hex(&self.hash.finalize())), self.count)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
