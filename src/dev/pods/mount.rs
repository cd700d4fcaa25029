//! From a pod's spec to a worker's command line: volumes become folders, paths in arguments lead there, variables are looked up.

use super::Ground;
use crate::local::worker::Options;
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, PodSpec, Secret, Volume};
use kube::api::Api;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A container whose program can be started.
pub struct Mounted {
    /// Its arguments, with the paths of this machine.
    pub arguments: Vec<String>,
    /// Its variables.
    pub environment: Vec<(String, String)>,
    /// What the pod asks for and a process doesn't get.
    pub ignored: Vec<String>,
}

/// Why it can't be: reason and message.
type Missing = (String, String);

/// Lays out what a pod mounts below `folder`.
///
/// # Errors
/// A ConfigMap or Secret that isn't there; files that can't be written.
pub async fn mount(ground: &Ground, namespace: &str, folder: &Path, spec: &PodSpec) -> Result<Mounted, Missing> {
    let objects = Objects { ground, namespace };
    let container =
        spec.containers.iter().find(|container| container.name == "worker").or(spec.containers.first()).cloned().unwrap_or_default();
    let mut ignored: Vec<String> =
        spec.containers.iter().filter(|other| other.name != container.name).map(|other| format!("container {}", other.name)).collect();
    let mut places: Vec<(String, PathBuf)> = Vec::new();
    for volume in spec.volumes.iter().flatten() {
        let place = folder.join(&volume.name);
        let Some(files) = objects.files(volume).await? else {
            ignored.push(format!("volume {}", volume.name));
            continue;
        };
        write(&place, &files).map_err(|error| ("CreateContainerError".to_owned(), format!("cannot write {}: {error}", place.display())))?;
        let mounts = container.volume_mounts.iter().flatten().filter(|mount| mount.name == volume.name);
        places.extend(mounts.map(|mount| (mount.mount_path.clone(), place.clone())));
    }
    let environment = objects.environment(&container, &mut ignored).await?;
    Ok(Mounted { arguments: arguments(&container, &places), environment, ignored })
}

fn write(place: &Path, files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    std::fs::create_dir_all(place)?;
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o700))?;
    files.iter().try_for_each(|(name, content)| std::fs::write(place.join(name), content))
}

/// The container's arguments, with what is mounted where it is on this machine.
fn arguments(container: &Container, places: &[(String, PathBuf)]) -> Vec<String> {
    let here = |argument: &String| {
        let found = places.iter().find_map(|(path, place)| Some(place.join(argument.strip_prefix(path)?.trim_start_matches('/'))));
        found.map_or_else(|| argument.clone(), |path| path.display().to_string())
    };
    container.args.iter().flatten().map(here).collect()
}

/// A worker's command line (worker/README.md), taken apart.
pub fn options(arguments: Vec<String>, environment: Vec<(String, String)>) -> Options {
    let mut options = Options {
        versions: Vec::new(),
        address: String::new(),
        namespace: String::new(),
        log: PathBuf::new(),
        grace: Duration::from_secs(25),
        max_concurrent_activities: None,
        environment,
        directory: None,
        arguments: Vec::new(),
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // The bundle and the port are this machine's.
            "--bundle" | "--http" => drop(arguments.next()),
            "--version" => options.versions.extend(arguments.next().map(PathBuf::from)),
            "--address" => options.address = arguments.next().unwrap_or_default(),
            "--namespace" => options.namespace = arguments.next().unwrap_or_default(),
            "--shutdown-grace" => {
                let seconds = arguments.next().and_then(|text| text.trim_end_matches('s').parse().ok());
                options.grace = seconds.map_or(options.grace, Duration::from_secs);
            }
            _ => options.arguments.push(argument),
        }
    }
    options
}

struct Objects<'a> {
    ground: &'a Ground,
    namespace: &'a str,
}

impl Objects<'_> {
    async fn config_map(&self, name: &str) -> Result<BTreeMap<String, Vec<u8>>, Missing> {
        let found = Api::<ConfigMap>::namespaced(self.ground.client.clone(), self.namespace).get(name).await;
        let map = found.map_err(|error| missing("ConfigMap", name, &error))?;
        let text = map.data.into_iter().flatten().map(|(name, text)| (name, text.into_bytes()));
        Ok(text.chain(map.binary_data.into_iter().flatten().map(|(name, bytes)| (name, bytes.0))).collect())
    }

    async fn secret(&self, name: &str) -> Result<BTreeMap<String, Vec<u8>>, Missing> {
        let found = Api::<Secret>::namespaced(self.ground.client.clone(), self.namespace).get(name).await;
        let secret = found.map_err(|error| missing("Secret", name, &error))?;
        Ok(secret.data.into_iter().flatten().map(|(name, bytes)| (name, bytes.0)).collect())
    }

    /// The files of a volume; none where it is of a kind that a process can't have.
    async fn files(&self, volume: &Volume) -> Result<Option<BTreeMap<String, Vec<u8>>>, Missing> {
        let mut files = BTreeMap::new();
        if let Some(projected) = &volume.projected {
            for source in projected.sources.iter().flatten() {
                match (&source.config_map, &source.secret) {
                    (Some(map), _) => files.extend(self.config_map(&map.name).await?),
                    (_, Some(secret)) => files.extend(self.secret(&secret.name).await?),
                    _ => {}
                }
            }
        } else if let Some(map) = &volume.config_map {
            files.extend(self.config_map(&map.name).await?);
        } else if let Some(secret) = &volume.secret {
            let held = self.secret(secret.secret_name.as_deref().unwrap_or_default()).await?;
            match &secret.items {
                Some(items) => files.extend(items.iter().filter_map(|item| Some((item.path.clone(), held.get(&item.key)?.clone())))),
                None => files.extend(held),
            }
        } else if volume.empty_dir.is_none() {
            return Ok(None);
        }
        Ok(Some(files))
    }

    async fn environment(&self, container: &Container, ignored: &mut Vec<String>) -> Result<Vec<(String, String)>, Missing> {
        // CommonJS activities find the worker's own packages by it (worker/README.md).
        let mut found = vec![("NODE_PATH".to_owned(), self.ground.toolchain.node_modules.display().to_string())];
        for source in container.env_from.iter().flatten() {
            let values = match (&source.config_map_ref, &source.secret_ref) {
                (Some(map), _) => self.config_map(&map.name).await?,
                (_, Some(secret)) => self.secret(&secret.name).await?,
                _ => BTreeMap::new(),
            };
            found.extend(values.into_iter().map(|(name, value)| (name, text(value))));
        }
        for variable in container.env.iter().flatten() {
            match self.variable(variable).await? {
                Some(value) => found.push((variable.name.clone(), value)),
                None => ignored.push(format!("variable {}", variable.name)),
            }
        }
        Ok(found)
    }

    async fn variable(&self, variable: &EnvVar) -> Result<Option<String>, Missing> {
        let Some(from) = &variable.value_from else { return Ok(Some(variable.value.clone().unwrap_or_default())) };
        let (mut values, key) = match (&from.config_map_key_ref, &from.secret_key_ref) {
            (Some(map), _) => (self.config_map(&map.name).await?, &map.key),
            (_, Some(secret)) => (self.secret(&secret.name).await?, &secret.key),
            _ => return Ok(None),
        };
        Ok(values.remove(key).map(text))
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn missing(kind: &str, name: &str, error: &kube::Error) -> Missing {
    ("CreateContainerConfigError".to_owned(), format!("{kind} {name}: {error}"))
}
