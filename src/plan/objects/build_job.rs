//! The Job that builds a module's image in the user's namespace, what it is asked, and what it may reach.
//! First containers fetch a source (with the registry's credentials), install (with npm's) and run allowed scripts (with none); the last one makes the
//! image (with the registry's).

use super::restricted::{container_security, pod_security};
use super::{names, owned};
use crate::api::labels;
use k8s_openapi::ByteString;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, Container, EmptyDirVolumeSource, KeyToPath, LocalObjectReference, PodSpec, PodTemplateSpec,
    ResourceRequirements, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The containers, by their names: fetches a source from a registry.
pub const FETCH: &str = "fetch";
/// Installs.
pub const INSTALL: &str = "install";
/// Runs scripts that are allowed.
pub const SCRIPTS: &str = "scripts";
/// Makes the image.
pub const PACK: &str = "pack";

const REQUEST: &str = "/request";
const WORK: &str = "/work";
const SOURCE: &str = "/source";
const NPM: &str = "/credentials/npm";
const REGISTRY: &str = "/credentials/registry";
/// How long a Job that ended stays, for its logs.
const KEPT: i32 = 3600;
/// How much sooner npm ends than its Job, in seconds: so it can say what was slow.
const BEFORE: i64 = 15;

/// Whose build it is.
#[derive(Clone, Debug)]
pub struct BuildOwner<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The name of the `ActivityModule`.
    pub module: &'a str,
    /// The owner reference.
    pub reference: OwnerReference,
}

/// A build.
#[derive(Clone, Debug)]
pub struct BuildJob<'a> {
    /// The Job's name.
    pub name: &'a str,
    /// What the install program is asked, without the deadline.
    pub request: Value,
    /// The compressed lock file, where the tree is known.
    pub lock: Option<Vec<u8>>,
    /// The image that installs, and that the build stands on.
    pub worker_image: &'a str,
    /// What makes the image; none where it only looks.
    pub pack: Option<Pack<'a>>,
    /// The Secret with npm's credentials.
    pub npm_secret: Option<&'a str>,
    /// The files of a source.
    pub source: Option<Files<'a>>,
    /// The package's folder in it.
    pub source_path: Option<&'a str>,
    /// Whether scripts run.
    pub runs_scripts: bool,
    /// Resources of its containers, as the spec has them.
    pub resources: Option<&'a Value>,
    /// How long it may take, in seconds.
    pub deadline: i64,
    /// The Secret with credentials of the registry of images; also used to pull the containers' images.
    pub image_secret: Option<&'a str>,
}

/// Where the files of a source are.
#[derive(Clone, Copy, Debug)]
pub enum Files<'a> {
    /// In a ConfigMap of that name.
    ConfigMap(&'a str),
    /// In a registry.
    Artifact {
        /// The artifact, by its digest.
        artifact: &'a str,
        /// What fetches it: the operator's image.
        image: &'a str,
        /// Whether the registry speaks HTTP without TLS.
        plain_http: bool,
    },
}

/// What makes the image.
#[derive(Clone, Debug)]
pub struct Pack<'a> {
    /// The operator's image.
    pub image: &'a str,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl BuildOwner<'_> {
    fn metadata(&self, name: &str) -> ObjectMeta {
        owned(self.namespace, name, self.labels(), &self.reference)
    }

    fn labels(&self) -> BTreeMap<String, String> {
        [(labels::MANAGED_BY, labels::OPERATOR), (labels::NAME, labels::BUILD), (labels::ACTIVITY_MODULE, self.module)]
            .map(|(key, value)| (key.to_owned(), names::label(value)))
            .into()
    }
}

/// What the Job is asked: a ConfigMap of its name.
#[must_use]
pub fn build_request(owner: &BuildOwner, build: &BuildJob) -> ConfigMap {
    let mut request = build.request.clone();
    if let Some(request) = request.as_object_mut() {
        request.insert("deadline".to_owned(), (build.deadline - BEFORE).max(1).into());
        if build.lock.is_some() {
            request.insert("lockfile".to_owned(), format!("{REQUEST}/lock.gz").into());
        }
        if let Some(source) = build.source {
            let is_nested = matches!(source, Files::Artifact { .. });
            let path = build.source_path.unwrap_or_default();
            request.insert("source".to_owned(), serde_json::json!({"folder": SOURCE, "path": path, "nested": is_nested}));
        }
    }
    ConfigMap {
        metadata: owner.metadata(build.name),
        immutable: Some(true),
        data: Some([("request.json".to_owned(), request.to_string())].into()),
        binary_data: build.lock.clone().map(|lock| [("lock.gz".to_owned(), ByteString(lock))].into()),
    }
}

/// The Job.
///
/// # Errors
/// In a sentence: resources that are none.
pub fn build_job(owner: &BuildOwner, build: &BuildJob) -> Result<Job, String> {
    let resources = resources(build.resources)?;
    let install = |name: &str| container(name, build.worker_image, &resources);
    let mut first = Vec::from_iter(fetch(build, &resources));
    first.push(Container {
        command: Some(vec!["node".to_owned()]),
        args: Some(install_arguments(build.npm_secret.is_some(), false)),
        working_dir: Some("/opt/warpline/worker".to_owned()),
        volume_mounts: Some(
            [mount("request", REQUEST, true), mount("work", WORK, false), mount("tmp", "/tmp", false)]
                .into_iter()
                .chain(build.npm_secret.map(|_| mount("npm", NPM, true)))
                .chain(build.source.map(|_| mount("source", SOURCE, true)))
                .collect(),
        ),
        ..install(INSTALL)
    });
    if build.runs_scripts && build.pack.is_some() {
        first.push(Container {
            command: Some(vec!["node".to_owned()]),
            args: Some(install_arguments(false, true)),
            working_dir: Some("/opt/warpline/worker".to_owned()),
            volume_mounts: Some(vec![mount("request", REQUEST, true), mount("work", WORK, false), mount("scripts-tmp", "/tmp", false)]),
            ..install(SCRIPTS)
        });
    }
    let last = build.pack.as_ref().map(|pack| Container {
        args: Some(pack.arguments.clone()),
        volume_mounts: Some(
            [mount("work", WORK, false), mount("tmp", "/tmp", false)]
                .into_iter()
                .chain(build.image_secret.map(|_| mount("registry", REGISTRY, true)))
                .collect(),
        ),
        ..container(PACK, pack.image, &resources)
    });
    // A pod needs a container that is no first one.
    let containers = last.map_or_else(|| first.drain(..1).collect(), |last| vec![last]);
    let spec = PodSpec {
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        restart_policy: Some("Never".to_owned()),
        init_containers: (!first.is_empty()).then_some(first),
        containers,
        image_pull_secrets: build.image_secret.map(|name| vec![LocalObjectReference { name: name.to_owned() }]),
        security_context: Some(pod_security()),
        termination_grace_period_seconds: Some(5),
        volumes: Some(volumes(build)),
        ..PodSpec::default()
    };
    let template =
        PodTemplateSpec { metadata: Some(ObjectMeta { labels: Some(owner.labels()), ..ObjectMeta::default() }), spec: Some(spec) };
    let spec = JobSpec {
        // The operator decides what is tried again, and when.
        backoff_limit: Some(0),
        active_deadline_seconds: Some(build.deadline),
        ttl_seconds_after_finished: Some(KEPT),
        template,
        ..JobSpec::default()
    };
    Ok(Job { metadata: owner.metadata(build.name), spec: Some(spec), status: None })
}

/// What fetches a source from a registry.
fn fetch(build: &BuildJob, resources: &ResourceRequirements) -> Option<Container> {
    let Some(Files::Artifact { artifact, image, plain_http }) = build.source else { return None };
    let mut arguments = ["pull", artifact, "--into", SOURCE].map(str::to_owned).to_vec();
    arguments.extend(plain_http.then(|| "--plain-http".to_owned()));
    arguments.extend(build.image_secret.into_iter().flat_map(|_| ["--registry-config".to_owned(), registry_config()]));
    let credentials = build.image_secret.map(|_| mount("registry", REGISTRY, true));
    Some(Container {
        args: Some(arguments),
        volume_mounts: Some([mount("source", SOURCE, false)].into_iter().chain(credentials).collect()),
        ..container(FETCH, image, resources)
    })
}

fn install_arguments(has_credentials: bool, scripts: bool) -> Vec<String> {
    let mut arguments =
        vec!["dist/install.js".to_owned(), "--request".to_owned(), format!("{REQUEST}/request.json"), "--work".to_owned(), WORK.to_owned()];
    if has_credentials {
        arguments.extend(["--credentials".to_owned(), NPM.to_owned()]);
    }
    if scripts {
        arguments.push("--scripts".to_owned());
    }
    arguments
}

fn container(name: &str, image: &str, resources: &ResourceRequirements) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        resources: Some(resources.clone()),
        security_context: Some(container_security()),
        ..Container::default()
    }
}

/// The spec's resources over ours; else which of them is wrong, and how.
fn resources(given: Option<&Value>) -> Result<ResourceRequirements, String> {
    let list = |entries: &[(&str, &str)]| -> BTreeMap<String, Quantity> {
        entries.iter().map(|(name, quantity)| ((*name).to_owned(), Quantity((*quantity).to_owned()))).collect()
    };
    let mut all = ResourceRequirements {
        requests: Some(list(&[("cpu", "100m"), ("memory", "256Mi")])),
        limits: Some(list(&[("memory", "2Gi"), ("ephemeral-storage", "4Gi")])),
        ..ResourceRequirements::default()
    };
    let Some(given) = given else { return Ok(all) };
    let given: ResourceRequirements =
        serde_json::from_value(given.clone()).map_err(|error| format!("spec.build.resources is none of a container: {error}"))?;
    let (requests, limits) = (given.requests.unwrap_or_default(), given.limits.unwrap_or_default());
    for (list, quantities) in [("requests", &requests), ("limits", &limits)] {
        for (name, Quantity(quantity)) in quantities {
            if amount(quantity).is_none_or(|amount| amount < 0.0) {
                return Err(format!(
                    "spec.build.resources.{list}.{name} is `{quantity}`, which is no quantity: write `500m`, `2` or `2Gi`"
                ));
            }
        }
    }
    let ours = all.requests.get_or_insert_default();
    // Kubernetes asks for as much as the limit where nothing is asked for: ours may be more than that.
    ours.retain(|name, _| !limits.contains_key(name));
    ours.extend(requests);
    all.limits.get_or_insert_default().extend(limits);
    for (name, Quantity(wanted)) in all.requests.iter().flatten() {
        let limit = all.limits.as_ref().and_then(|limits| limits.get(name));
        if let Some(Quantity(limit)) = limit.filter(|limit| amount(wanted) > amount(&limit.0)) {
            return Err(format!(
                "spec.build.resources.requests.{name} is `{wanted}`, more than the limit `{limit}`: raise spec.build.resources.limits.{name}"
            ));
        }
    }
    Ok(all)
}

/// What a quantity such as `1.5Gi`, `500m` or `2e3` amounts to.
fn amount(quantity: &str) -> Option<f64> {
    let end = quantity.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at_checked(end)?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        // `2e3` and `2E3`; `inf` and the like begin with no digit.
        _ if suffix.starts_with(['e', 'E']) && !number.is_empty() => return quantity.parse().ok(),
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

fn mount(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), read_only: read_only.then_some(true), ..VolumeMount::default() }
}

fn volumes(build: &BuildJob) -> Vec<Volume> {
    let volume = |name: &str| Volume { name: name.to_owned(), ..Volume::default() };
    let empty = |name: &str| Volume { empty_dir: Some(EmptyDirVolumeSource::default()), ..volume(name) };
    let config_map = |name: &str, of: &str| Volume {
        config_map: Some(ConfigMapVolumeSource { name: of.to_owned(), ..ConfigMapVolumeSource::default() }),
        ..volume(name)
    };
    let mut volumes = vec![config_map("request", build.name), empty("work"), empty("tmp")];
    if build.runs_scripts {
        volumes.push(empty("scripts-tmp"));
    }
    volumes.extend(build.source.map(|source| match source {
        Files::ConfigMap(name) => config_map("source", name),
        Files::Artifact { .. } => empty("source"),
    }));
    volumes.extend(build.npm_secret.map(|name| Volume {
        secret: Some(SecretVolumeSource { secret_name: Some(name.to_owned()), ..SecretVolumeSource::default() }),
        ..volume("npm")
    }));
    volumes.extend(build.image_secret.filter(|_| build.pack.is_some()).map(|name| {
        let item = KeyToPath { key: ".dockerconfigjson".to_owned(), path: "config.json".to_owned(), mode: None };
        Volume {
            secret: Some(SecretVolumeSource {
                secret_name: Some(name.to_owned()),
                items: Some(vec![item]),
                ..SecretVolumeSource::default()
            }),
            ..volume("registry")
        }
    }));
    volumes
}

/// Where the pack program finds credentials.
#[must_use]
pub fn registry_config() -> String {
    format!("{REGISTRY}/config.json")
}

/// What the pods of a module's builds may reach: names, and these registries (`host[:port]` or URLs). Nothing reaches them.
#[must_use]
pub fn build_network_policy(owner: &BuildOwner, registries: &[&str]) -> NetworkPolicy {
    let port = |protocol: &str, number: i32| NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(number)),
        end_port: None,
    };
    let mut egress = vec![NetworkPolicyEgressRule { ports: Some(vec![port("UDP", 53), port("TCP", 53)]), to: None }];
    let mut reached: Vec<(String, i32)> = registries.iter().map(|registry| host_and_port(registry)).collect();
    reached.sort();
    reached.dedup();
    for (host, number) in reached {
        // A policy knows no names: a host that is one can be anywhere, on its port.
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let to = address.map(|address| {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let block = IPBlock { cidr: format!("{address}/{bits}"), except: None };
            vec![NetworkPolicyPeer { ip_block: Some(block), ..NetworkPolicyPeer::default() }]
        });
        egress.push(NetworkPolicyEgressRule { ports: Some(vec![port("TCP", number)]), to });
    }
    NetworkPolicy {
        metadata: owner.metadata(&format!("{}-build", owner.module)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector { match_labels: Some(owner.labels()), ..LabelSelector::default() }),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            egress: Some(egress),
            ingress: None,
        }),
    }
}

fn host_and_port(registry: &str) -> (String, i32) {
    let (rest, otherwise) = match registry.strip_prefix("http://") {
        Some(rest) => (rest, 80),
        None => (registry.strip_prefix("https://").unwrap_or(registry), 443),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host.to_owned(), port),
        None => (authority.to_owned(), otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> BuildOwner<'static> {
        BuildOwner { namespace: "team", module: "build", reference: OwnerReference::default() }
    }

    fn build() -> BuildJob<'static> {
        BuildJob {
            name: "build-build-1",
            request: serde_json::json!({"registry": "http://npm/"}),
            lock: None,
            worker_image: "worker",
            pack: Some(Pack { image: "operator", arguments: vec!["pack".into()] }),
            npm_secret: Some("npm-token"),
            source: None,
            source_path: None,
            runs_scripts: true,
            resources: None,
            deadline: 600,
            image_secret: Some("push"),
        }
    }

    fn mounted(container: &Container) -> Vec<&str> {
        container.volume_mounts.iter().flatten().map(|mount| mount.name.as_str()).collect()
    }

    #[test]
    fn a_source_of_a_registry_is_fetched_before_anything_is_installed() {
        let artifact = "registry.example/a@sha256:1";
        let source = Some(Files::Artifact { artifact, image: "operator", plain_http: false });
        let wanted = BuildJob { npm_secret: None, source, runs_scripts: false, ..build() };
        let pod = build_job(&owner(), &wanted).unwrap().spec.unwrap().template.spec.unwrap();
        let first = pod.init_containers.unwrap();
        assert_eq!(first.iter().map(|container| container.name.as_str()).collect::<Vec<_>>(), [FETCH, INSTALL]);
        let arguments = ["pull", artifact, "--into", "/source", "--registry-config", "/credentials/registry/config.json"];
        assert_eq!(first[0].args.as_deref().unwrap(), arguments);
        assert_eq!((mounted(&first[0]), mounted(&first[1])), (vec!["source", "registry"], vec!["request", "work", "tmp", "source"]));
        let asked = build_request(&owner(), &wanted).data.unwrap();
        assert!(asked["request.json"].contains(r#""nested":true"#), "{asked:?}");
    }

    #[test]
    fn each_container_has_the_credentials_that_it_needs_and_no_others() {
        let job = build_job(&owner(), &build()).unwrap();
        let pod = job.spec.unwrap().template.spec.unwrap();
        let first = pod.init_containers.unwrap();
        assert_eq!(first.iter().map(|container| container.name.as_str()).collect::<Vec<_>>(), [INSTALL, SCRIPTS]);
        assert_eq!(mounted(&first[0]), ["request", "work", "tmp", "npm"]);
        assert_eq!(mounted(&first[1]), ["request", "work", "scripts-tmp"]);
        assert_eq!(mounted(&pod.containers[0]), ["work", "tmp", "registry"]);
        assert_eq!(pod.automount_service_account_token, Some(false));
        for container in first.iter().chain(&pod.containers) {
            let security = container.security_context.clone().unwrap();
            assert_eq!((security.allow_privilege_escalation, security.read_only_root_filesystem), (Some(false), Some(true)));
            assert!(container.resources.as_ref().unwrap().limits.as_ref().unwrap().contains_key("memory"));
        }
    }

    #[test]
    fn what_a_build_may_use_is_what_the_spec_says() {
        let of = |given: Value| super::resources(Some(&given));
        let small = of(serde_json::json!({"limits": {"memory": "128Mi"}})).unwrap();
        assert!(!small.requests.unwrap().contains_key("memory"), "ours would be more than the limit");
        assert_eq!(small.limits.unwrap()["memory"].0, "128Mi");
        for (given, message) in [
            (serde_json::json!({"limits": {"memory": "2Gigs"}}), "spec.build.resources.limits.memory is `2Gigs`, which is no quantity"),
            (serde_json::json!({"requests": {"cpu": "-1"}}), "spec.build.resources.requests.cpu is `-1`, which is no quantity"),
            (
                serde_json::json!({"requests": {"memory": "3Gi"}}),
                "spec.build.resources.requests.memory is `3Gi`, more than the limit `2Gi`: raise spec.build.resources.limits.memory",
            ),
        ] {
            assert!(of(given).unwrap_err().starts_with(message), "{message}");
        }
        let amounts = ["500m", "2", "1.5Gi", "2e3", "1E", "Gi", "x", ""].map(amount);
        assert_eq!(amounts, [Some(0.5), Some(2.0), Some(1_610_612_736.0), Some(2000.0), Some(1e18), None, None, None]);
    }

    #[test]
    fn a_look_installs_nothing_and_packs_nothing() {
        let job = build_job(&owner(), &BuildJob { pack: None, ..build() }).unwrap();
        let pod = job.spec.unwrap().template.spec.unwrap();
        assert!(pod.init_containers.is_none());
        assert_eq!(pod.containers[0].name, INSTALL);
        assert!(!pod.volumes.unwrap().iter().any(|volume| volume.name == "registry"));
    }

    #[test]
    fn what_is_reached_is_the_registries() {
        let policy = build_network_policy(&owner(), &["http://10.0.0.2:4873/", "registry.example/warpline", "10.0.0.2:4873"]).spec.unwrap();
        let rules: Vec<(Option<String>, i32)> = policy.egress.unwrap()[1..]
            .iter()
            .map(|rule| {
                let block = rule.to.as_ref().map(|to| to[0].ip_block.as_ref().unwrap().cidr.clone());
                let Some(IntOrString::Int(port)) = rule.ports.as_ref().unwrap()[0].port else { panic!("a number") };
                (block, port)
            })
            .collect();
        assert_eq!(rules, [(Some("10.0.0.2/32".to_owned()), 4873), (None, 443)]);
    }
}
