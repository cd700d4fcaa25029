//! Directories that are made once and kept: named by what they are made of, filled beside their place and moved in
//! whole. Two of us at once wait for each other; one that is interrupted leaves nothing that the next could mistake.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Error;

/// The root of everything that is kept.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in `root`, or where the environment says: `WARPLINE_CACHE`, `XDG_CACHE_HOME`, `HOME`.
    ///
    /// # Errors
    /// [`Error::Missing`] when the environment names no directory at all.
    pub(super) fn open() -> Result<Self, Error> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = set("WARPLINE_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|base| base.join("warpline")))
            .or_else(|| set("HOME").map(|home| home.join(".cache/warpline")))
            .ok_or_else(|| Error::Missing { program: "a directory for the cache", instead: "set WARPLINE_CACHE to one".to_owned() })?;
        Ok(Self { root })
    }

    /// The cache in `root`.
    #[cfg(test)]
    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The finished directory of `kind` that is made of `key`, if there is one.
    pub(super) fn get(&self, kind: &str, key: &str) -> Option<PathBuf> {
        let place = self.place(kind, key);
        place.is_dir().then_some(place)
    }

    /// The directory of `kind` that is made of `key`; `fill` fills it when it is not there. `waiting` is told once
    /// when another process is filling it.
    ///
    /// # Errors
    /// What `fill` answered, or [`Error::File`].
    pub(super) async fn get_or_fill<F>(
        &self,
        kind: &str,
        key: &str,
        waiting: impl FnOnce(),
        fill: impl FnOnce(PathBuf) -> F,
    ) -> Result<PathBuf, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let place = self.place(kind, key);
        let parent = self.root.join(kind);
        std::fs::create_dir_all(&parent).map_err(Error::file("create", &parent))?;
        if place.is_dir() {
            return Ok(place);
        }
        // The system lets go of the lock when its holder ends, however it ends.
        let _lock = lock(&parent.join(format!("{key}.lock")), waiting).await?;
        if place.is_dir() {
            return Ok(place);
        }
        // Named by us: clients of a process that was killed may still write to theirs while they end.
        sweep(&parent, &format!("{key}.partial"));
        let partial = parent.join(format!("{key}.partial-{}", std::process::id()));
        std::fs::create_dir(&partial).map_err(Error::file("create", &partial))?;
        if let Err(error) = fill(partial.clone()).await {
            clear(&partial)?;
            return Err(error);
        }
        std::fs::rename(&partial, &place).map_err(Error::file("move into place", &place))?;
        Ok(place)
    }

    fn place(&self, kind: &str, key: &str) -> PathBuf {
        self.root.join(kind).join(key)
    }
}

async fn lock(path: &Path, waiting: impl FnOnce()) -> Result<File, Error> {
    let file = File::create(path).map_err(Error::file("create", path))?;
    let mut waiting = Some(waiting);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                if let Some(waiting) = waiting.take() {
                    waiting();
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(TryLockError::Error(source)) => return Err(Error::file("lock", path)(source)),
        }
    }
}

/// Removes what interrupted fills left; what is still in use goes at the next one.
fn sweep(parent: &Path, prefix: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = clear(&entry.path());
        }
    }
}

fn clear(directory: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(directory) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", directory)(source)),
        _ => Ok(()),
    }
}

/// The name of what is made of `parts`: 20 hexadecimal digits. Parts are told apart by their lengths; the platform is
/// a part of its own, for homes that several machines share.
pub(super) fn key(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts.iter().chain(&[std::env::consts::OS, std::env::consts::ARCH]) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// How many bytes the files below `directory` hold, links not followed; what can't be read counts nothing.
pub(super) fn bytes_below(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() {
        panic!("nobody else is filling this");
    }

    async fn write(directory: PathBuf, text: &str) -> Result<(), Error> {
        std::fs::write(directory.join("file"), text).map_err(Error::file("write", directory))
    }

    #[tokio::test]
    async fn is_filled_once() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::at(root.path());
        assert_eq!(cache.get("tool", "a"), None);
        let first = cache.get_or_fill("tool", "a", never, |place| write(place, "one")).await.unwrap();
        let second = cache.get_or_fill("tool", "a", never, |place| write(place, "two")).await.unwrap();
        assert_eq!(std::fs::read_to_string(second.join("file")).unwrap(), "one");
        assert_eq!(cache.get("tool", "a"), Some(first));
        assert_eq!(bytes_below(&root.path().join("tool/a")), 3);
    }

    #[tokio::test]
    async fn a_failure_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::at(root.path());
        let failing = |place: PathBuf| async move {
            write(place.clone(), "half").await?;
            Err(Error::file("download to", place)(std::io::Error::other("no network")))
        };
        let error = cache.get_or_fill("tool", "a", never, failing).await.unwrap_err();
        assert_eq!(error.reason(), "FileFailed");
        assert_eq!(cache.get("tool", "a"), None);
        assert_eq!(std::fs::read_dir(root.path().join("tool")).unwrap().count(), 1, "only the lock stays");
    }

    #[tokio::test]
    async fn what_an_interrupted_fill_left_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::at(root.path());
        let left = root.path().join("tool/a.partial-1");
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join("rest"), "half").unwrap();
        let place = cache.get_or_fill("tool", "a", never, |place| write(place, "one")).await.unwrap();
        assert!(!place.join("rest").exists() && !left.exists());
    }

    #[tokio::test]
    async fn two_at_once_fill_once() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (Cache::at(root.path()), Cache::at(root.path()));
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (waits, waited) = tokio::sync::oneshot::channel::<()>();
        let slow = first.get_or_fill("tool", "a", never, |place| async move {
            begun.send(()).unwrap();
            waited.await.unwrap();
            write(place, "one").await
        });
        let other = async {
            begins.await.unwrap();
            second.get_or_fill("tool", "a", || waits.send(()).unwrap(), |_| async { panic!("it was filled twice") }).await
        };
        let (slow, other) = tokio::join!(slow, other);
        assert_eq!(slow.unwrap(), other.unwrap());
    }

    #[test]
    fn keys_tell_parts_apart() {
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["ab", "c"]).len(), 20);
    }
}
