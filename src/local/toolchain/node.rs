//! Node: the one that `WARPLINE_NODE` names, else the one on PATH where it is new enough, else an npm package.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::Error;
use super::super::cache::{self, Cache};
use super::super::command::Run;
use super::super::pins;
use super::{Step, version_in};

const VARIABLE: &str = "WARPLINE_NODE";
const INSTALL: &str = "install Node 20 or newer with npm, or set WARPLINE_NODE to one";

/// A Node that the worker runs on.
pub(super) async fn ensure(cache: &Cache, progress: &(dyn Fn(Step) + Sync)) -> Result<PathBuf, Error> {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from) {
        return match version(&path).await {
            Ok(version) if new_enough(&version) => Ok(using(path, version, progress)),
            Ok(version) => {
                Err(Error::BadOverride { variable: VARIABLE, path, problem: format!("is Node {version}, older than {}", oldest()) })
            }
            Err(error) => Err(Error::BadOverride { variable: VARIABLE, path, problem: format!("doesn't run: {error}") }),
        };
    }
    if let Ok(path) = which::which("node")
        && let Ok(version) = version(&path).await
        && new_enough(&version)
    {
        return Ok(using(path, version, progress));
    }
    fetch(cache, progress).await
}

async fn fetch(cache: &Cache, progress: &(dyn Fn(Step) + Sync)) -> Result<PathBuf, Error> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    if !matches!((os, arch), ("linux", "x86_64" | "aarch64") | ("macos", "aarch64")) {
        return Err(Error::Platform { program: "Node", os, arch, instead: INSTALL.to_owned() });
    }
    let key = cache::key(&[pins::NODE_PACKAGE, pins::NODE_LOCK]);
    let node = |place: &Path| place.join("node_modules/.bin/node");
    if let Some(place) = cache.get("node", &key) {
        return Ok(node(&place));
    }
    let npm = super::worker_files::npm()?;
    let waiting = || progress(Step::Waiting { tool: "Node" });
    let place = cache
        .get_or_fill("node", &key, waiting, |place| async move {
            progress(Step::Making { tool: "Node", how: "by npm, a download of 45 MB" });
            let begun = Instant::now();
            let write = |name: &str, text: &str| std::fs::write(place.join(name), text).map_err(Error::file("write", place.join(name)));
            write("package.json", pins::NODE_PACKAGE)?;
            write("package-lock.json", pins::NODE_LOCK)?;
            super::worker_files::npm_ci(&npm, &place).await?;
            version(&node(&place)).await?;
            progress(Step::Made { tool: "Node", bytes: cache::bytes_below(&place), took: begun.elapsed(), path: place.with_extension("") });
            Ok(())
        })
        .await?;
    Ok(node(&place))
}

fn using(path: PathBuf, version: String, progress: &(dyn Fn(Step) + Sync)) -> PathBuf {
    progress(Step::Using { tool: "Node", version, path: path.clone() });
    path
}

/// What `node --version` says, without the `v`.
async fn version(node: &Path) -> Result<String, Error> {
    let run = Run { program: node, arguments: vec!["--version".into()], environment: vec![], directory: None, next: INSTALL };
    Ok(run.output().await?.trim().trim_start_matches('v').to_owned())
}

fn new_enough(version: &str) -> bool {
    version_in(version).is_some_and(|version| version >= pins::NODE_OLDEST)
}

fn oldest() -> String {
    let [major, minor] = pins::NODE_OLDEST;
    format!("{major}.{minor}")
}
