//! What a version is made of, read from the cluster; histories replayed on it on this machine.

use super::fleet::run_of;
use crate::api::WorkerVersion;
use crate::cli::Stop;
use crate::cli::kubernetes::Connected;
use crate::cli::output::Printer;
use crate::local::replay::replay;
use crate::local::toolchain::Toolchain;
use crate::plan::executions::{Replay, Seen};
use crate::plan::objects::group;
use crate::temporal::Client;
use crate::version;
use k8s_openapi::api::core::v1::ConfigMap;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A version's files, by name; none where it has some no longer.
pub(super) async fn files(cluster: &Connected, of: &WorkerVersion) -> Result<BTreeMap<String, Vec<u8>>, Stop> {
    let mut groups = Vec::new();
    for name in &of.spec.config_maps {
        groups.push(group(cluster.get::<ConfigMap>(name).await?));
    }
    Ok(version::files(groups).map_err(Stop::machine)?.into_iter().collect())
}

/// What replays of the executions' histories on a version come to, by their runs.
pub(super) async fn replays(
    cluster: &Connected,
    client: &Client,
    target: &WorkerVersion,
    seen: &[&Seen],
    printer: &Printer,
) -> BTreeMap<String, Replay> {
    let outcome = tried(cluster, client, target, seen, printer).await;
    let of = |(at, seen): (usize, &&Seen)| {
        let replay = match &outcome {
            Ok(found) => found.get(at).map_or_else(|| Replay::NotDone("it was not replayed".to_owned()), Clone::clone),
            Err(why) => Replay::NotDone(why.clone()),
        };
        (seen.run_id.clone(), replay)
    };
    seen.iter().enumerate().map(of).collect()
}

async fn tried(
    cluster: &Connected,
    client: &Client,
    target: &WorkerVersion,
    seen: &[&Seen],
    printer: &Printer,
) -> Result<Vec<Replay>, String> {
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let words = |stop: Stop| match stop {
        Stop::Machine(message) | Stop::Usage(message) => message,
        _ => String::new(),
    };
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let toolchain = Toolchain::ensure(&|step| printer.note(&step.to_string())).await.map_err(|error| said(&error))?;
    let files = files(cluster, target).await.map_err(words)?;
    let folder = tempfile::tempdir().map_err(|error| said(&error))?;
    let version = folder.path().join("version");
    std::fs::create_dir(&version).map_err(|error| said(&error))?;
    for (name, content) in files {
        std::fs::write(version.join(name), content).map_err(|error| said(&error))?;
    }
    let mut histories: Vec<PathBuf> = Vec::new();
    for (at, seen) in seen.iter().enumerate() {
        let text = client.history(&run_of(seen)).await.and_then(|history| history.to_json()).map_err(|error| said(&error))?;
        let file = folder.path().join(format!("{at}.json"));
        std::fs::write(&file, text).map_err(|error| said(&error))?;
        histories.push(file);
    }
    let found = replay(&toolchain, &version, &histories).await.map_err(|error| said(&error))?;
    Ok(found.into_iter().map(|difference| difference.map_or(Replay::Fits, Replay::Differs)).collect())
}
