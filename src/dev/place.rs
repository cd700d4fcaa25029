//! Where it works: a hidden folder in the directory, that one program at a time holds.

use crate::local::server;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// What is set for Temporal's server: what takes minutes by default is seen within seconds, as fits somebody who waits.
const QUICK: [&str; 4] = [
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod=\"1s\"",
    "matching.wv.VersionDrainageStatusRefreshInterval=\"1s\"",
    "matching.longPollExpirationInterval=\"5s\"",
    "matching.PollerHistoryTTL=\"10s\"",
];

/// The directory and the hidden folder.
#[derive(Debug)]
pub struct Place {
    /// The directory, by its full name.
    pub folder: PathBuf,
    /// The hidden folder.
    pub state: PathBuf,
    /// Held as long as we run.
    _lock: File,
}

impl Place {
    /// Takes it, empty but for what is worth keeping.
    ///
    /// # Errors
    /// In a sentence: there is no such directory, it can't be written, or somebody else works there.
    pub fn take(folder: &Path) -> Result<Self, String> {
        let folder = folder.canonicalize().map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        if !folder.is_dir() {
            return Err(format!("{} is a file: name the folder that it is in", folder.display()));
        }
        let state = folder.join(".warpline");
        let cannot = |error: std::io::Error| format!("cannot write {}: {error}", state.display());
        fs::create_dir_all(&state).map_err(cannot)?;
        let lock = File::create(state.join("lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!("`warpline dev` runs in {} already: end that one first", folder.display()));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let place = Self { folder, state: state.clone(), _lock: lock };
        for made in [place.logs(), place.scratch(), state.join("pods"), place.packages()] {
            // What another run left is of no use: its versions are gone.
            if made.is_dir() {
                fs::remove_dir_all(&made).map_err(cannot)?;
            }
            fs::create_dir_all(&made).map_err(cannot)?;
        }
        fs::write(state.join(".gitignore"), "*\n").map_err(cannot)?;
        Ok(place)
    }

    /// Logs of the server, the operator and the workers.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// Files of the type checker.
    pub fn scratch(&self) -> PathBuf {
        self.state.join("scratch")
    }

    /// Packages, by their content.
    pub fn packages(&self) -> PathBuf {
        self.state.join("packages")
    }

    /// How Temporal's server runs.
    pub fn server(&self, ui: bool) -> server::Options {
        server::Options {
            ui_port: ui.then_some(0),
            dynamic_config: QUICK.map(str::to_owned).to_vec(),
            ..server::Options::new(self.logs().join("temporal.log"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_works_in_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::take(folder.path()).unwrap();
        assert!(Place::take(folder.path()).unwrap_err().contains("already"));
        drop(place);
        Place::take(folder.path()).unwrap();
        assert!(Place::take(&folder.path().join("none")).unwrap_err().contains("none"));
    }
}
