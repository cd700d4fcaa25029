//! The worker's packages by `npm ci`, its programs compiled from the sources inside us, and the base bundle.
//! Packages and programs are kept apart: a change of our worker needs no new packages.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::Error;
use super::super::cache::{self, Cache};
use super::super::command::Run;
use super::super::pins;
use super::Step;

const PACKAGES: &str = "the worker's packages";
const WORKER: &str = "the worker";
/// Checked where the worker is developed; here its sources only become JavaScript.
const TSCONFIG: &str = r#"{"extends": "./tsconfig.json", "compilerOptions": {"noCheck": true, "types": []}}"#;

/// Everything of the worker that is kept.
pub(super) struct WorkerFiles {
    /// The compiled programs.
    pub programs: PathBuf,
    /// The packages.
    pub node_modules: PathBuf,
    /// The native TypeScript compiler.
    pub tsc: PathBuf,
    /// The base bundle.
    pub bundle: PathBuf,
    /// Temporal's SDK.
    pub sdk_version: String,
}

/// The worker, ready to be started.
pub(super) async fn ensure(cache: &Cache, node: &Path, progress: &(dyn Fn(Step) + Sync)) -> Result<WorkerFiles, Error> {
    let packages = ensure_packages(cache, progress).await?;
    let tsc = tsc(&packages)?;
    let place = ensure_programs(cache, &packages, &tsc, node, progress).await?;
    let node_modules = packages.join("node_modules");
    Ok(WorkerFiles {
        programs: place.join("dist"),
        bundle: place.join("base-bundle.js"),
        sdk_version: sdk_version(&node_modules)?,
        node_modules,
        tsc,
    })
}

/// The directory that holds the packages' `node_modules`.
pub(super) async fn ensure_packages(cache: &Cache, progress: &(dyn Fn(Step) + Sync)) -> Result<PathBuf, Error> {
    let key = packages_key();
    let waiting = || progress(Step::Waiting { tool: PACKAGES });
    cache
        .get_or_fill("packages", &key, waiting, |place| async move {
            let npm = npm()?;
            progress(Step::Making { tool: PACKAGES, how: "by npm, a download of 120 MB" });
            let begun = Instant::now();
            write(&place, "package.json", pins::WORKER_PACKAGE)?;
            write(&place, "package-lock.json", pins::WORKER_LOCK)?;
            npm_ci(&npm, &place).await?;
            progress(Step::Made {
                tool: PACKAGES,
                bytes: cache::bytes_below(&place),
                took: begun.elapsed(),
                path: place.with_extension(""),
            });
            Ok(())
        })
        .await
}

/// The native TypeScript compiler among the packages.
pub(super) fn tsc(packages: &Path) -> Result<PathBuf, Error> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let os_in_npm = if os == "macos" { "darwin" } else { os };
    let arch_in_npm = match arch {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let tsc = packages.join(format!("node_modules/@typescript/typescript-{os_in_npm}-{arch_in_npm}/lib/tsc"));
    if tsc.is_file() {
        return Ok(tsc);
    }
    let instead = format!("look for it in {}", packages.join("node_modules/@typescript").display());
    Err(Error::Platform { program: "native TypeScript compiler", os, arch, instead })
}

fn packages_key() -> String {
    cache::key(&[pins::WORKER_PACKAGE, pins::WORKER_LOCK])
}

/// The compiled programs and the base bundle beside them.
async fn ensure_programs(
    cache: &Cache,
    packages: &Path,
    tsc: &Path,
    node: &Path,
    progress: &(dyn Fn(Step) + Sync),
) -> Result<PathBuf, Error> {
    let packages_key = packages_key();
    let mut parts = vec![packages_key.as_str(), pins::WORKER_TSCONFIG, TSCONFIG];
    parts.extend(pins::WORKER_SOURCES.iter().flat_map(|&(name, text)| [name, text]));
    let key = cache::key(&parts);
    let waiting = || progress(Step::Waiting { tool: WORKER });
    cache
        .get_or_fill("worker", &key, waiting, |place| async move {
            progress(Step::Making { tool: WORKER, how: "from the sources in this program" });
            let begun = Instant::now();
            compile(&place, packages, tsc).await?;
            bundle(&place, node).await?;
            progress(Step::Made { tool: WORKER, bytes: cache::bytes_below(&place), took: begun.elapsed(), path: place.with_extension("") });
            Ok(())
        })
        .await
}

async fn compile(place: &Path, packages: &Path, tsc: &Path) -> Result<(), Error> {
    let sources = place.join("src");
    std::fs::create_dir(&sources).map_err(Error::file("create", &sources))?;
    for (name, text) in pins::WORKER_SOURCES {
        write(&sources, name, text)?;
    }
    write(place, "package.json", pins::WORKER_PACKAGE)?;
    write(place, "tsconfig.json", pins::WORKER_TSCONFIG)?;
    write(place, "tsconfig.install.json", TSCONFIG)?;
    let link = place.join("node_modules");
    // Relative, so that the cache as a whole can be moved.
    let target = Path::new("../../packages").join(packages.file_name().unwrap_or_default()).join("node_modules");
    std::os::unix::fs::symlink(target, &link).map_err(Error::file("link", &link))?;
    let arguments = vec!["-p".to_owned(), "tsconfig.install.json".to_owned()];
    let next = "this is a fault of Warpline's: please report it with these lines";
    Run { program: tsc, arguments, environment: vec![], directory: Some(place), next }.output().await?;
    Ok(())
}

async fn bundle(place: &Path, node: &Path) -> Result<(), Error> {
    let arguments = ["dist/bundle.js", "--out", "base-bundle.js"].map(str::to_owned).to_vec();
    let next = "remove the cache directory and try again; if it happens again, please report it with these lines";
    Run { program: node, arguments, environment: vec![], directory: Some(place), next }.output().await?;
    Ok(())
}

fn sdk_version(node_modules: &Path) -> Result<String, Error> {
    let file = node_modules.join("@temporalio/worker/package.json");
    let text = std::fs::read_to_string(&file).map_err(Error::file("read", &file))?;
    let package: serde_json::Value = serde_json::from_str(&text).map_err(|error| Error::file("understand", &file)(error.into()))?;
    Ok(package["version"].as_str().unwrap_or_default().to_owned())
}

/// npm, on PATH.
pub(super) fn npm() -> Result<PathBuf, Error> {
    let instead = "install Node 20 or newer together with npm (Debian: `apt install npm`), or put them on PATH".to_owned();
    which::which("npm").map_err(|_| Error::Missing { program: "npm", instead })
}

/// Installs what the lock file in `place` pins, running no package's scripts.
pub(super) async fn npm_ci(npm: &Path, place: &Path) -> Result<(), Error> {
    let arguments = ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"].map(str::to_owned).to_vec();
    let next = "check that npm reaches its registry (`npm ping` shows it), then try again";
    Run { program: npm, arguments, environment: vec![], directory: Some(place), next }.output().await?;
    Ok(())
}

fn write(place: &Path, name: &str, text: &str) -> Result<(), Error> {
    let file = place.join(name);
    std::fs::write(&file, text).map_err(Error::file("write", &file))
}
