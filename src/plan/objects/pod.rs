//! A worker's pod: as restricted as Kubernetes' strictest standard asks, with what the user's template adds.

use super::restricted::{container_security, pod_security};
use super::{Owner, Reach, Run};
use k8s_openapi::DeepMerge;
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction, KeyToPath, PodSpec, PodTemplateSpec, Probe,
    ProjectedVolumeSource, ResourceRequirements, SecretVolumeSource, TopologySpreadConstraint, Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

const PORT: i32 = 8080;
/// Where the version's files are.
pub(super) const VERSION: &str = "/warpline/version";
/// The SDK with the slot for a version, in the image.
pub(super) const BUNDLE: &str = "/opt/warpline/worker/base-bundle.js";
const TLS: &str = "/warpline/tls";
const API_KEY: &str = "/warpline/api-key";

/// The user's pod template is none.
#[derive(Debug, thiserror::Error)]
#[error("spec.podTemplate is no PodTemplateSpec: {0}; it takes `metadata` and `spec`, as the template of a Deployment does")]
pub struct InvalidTemplate(String);

/// The template of a version's pods.
pub(super) fn template(owner: &Owner, run: Run, user: Option<&Value>) -> Result<PodTemplateSpec, InvalidTemplate> {
    let mut template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(owner.labels()), ..ObjectMeta::default() }),
        spec: Some(spec(owner, run)),
    };
    if let Some(user) = user {
        let user: PodTemplateSpec = serde_json::from_value(user.clone()).map_err(|error| InvalidTemplate(error.to_string()))?;
        template.merge_from(user);
        // Ours select the pods: nobody else's may be among them.
        let metadata = template.metadata.get_or_insert_default();
        metadata.labels.get_or_insert_default().extend(owner.labels());
    }
    Ok(template)
}

fn spec(owner: &Owner, run: Run) -> PodSpec {
    let spread = TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(LabelSelector { match_labels: Some(owner.selector()), ..LabelSelector::default() }),
        ..TopologySpreadConstraint::default()
    };
    PodSpec {
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        containers: vec![container(run)],
        security_context: Some(pod_security()),
        termination_grace_period_seconds: Some(run.grace + 10),
        topology_spread_constraints: Some(vec![spread]),
        volumes: Some(volumes(run.config_maps, run.reach)),
        ..PodSpec::default()
    }
}

fn container(run: Run) -> Container {
    let quantity = |text: &str| Quantity(text.to_owned());
    Container {
        name: "worker".to_owned(),
        image: Some(run.image.to_owned()),
        args: Some(arguments(run)),
        ports: Some(vec![ContainerPort { name: Some("http".to_owned()), container_port: PORT, ..ContainerPort::default() }]),
        // A hundred workers that start at once on a small node take minutes: who is killed meanwhile starts again, and takes from the others.
        liveness_probe: Some(Probe { initial_delay_seconds: Some(300), ..probe("/health", 10, 6) }),
        // A version becomes current once its workers are ready: every rollout waits for this.
        readiness_probe: Some(probe("/ready", 1, 5)),
        resources: Some(ResourceRequirements {
            requests: Some([("cpu".to_owned(), quantity("50m")), ("memory".to_owned(), quantity("256Mi"))].into()),
            ..ResourceRequirements::default()
        }),
        security_context: Some(container_security()),
        volume_mounts: Some(mounts(run.reach)),
        ..Container::default()
    }
}

fn probe(path: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(5),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

/// The worker's command line (worker/README.md).
fn arguments(run: Run) -> Vec<String> {
    let own =
        ["--bundle", BUNDLE, "--version", VERSION, "--http", &format!("0.0.0.0:{PORT}"), "--shutdown-grace", &format!("{}s", run.grace)];
    own.into_iter().map(str::to_owned).chain(connection(run.reach)).collect()
}

/// The part of the command line that says where Temporal is.
pub(super) fn connection(reach: &Reach) -> Vec<String> {
    let mut arguments: Vec<String> = ["--address", &reach.address, "--namespace", &reach.namespace].map(str::to_owned).into();
    if reach.tls {
        arguments.push("--tls".to_owned());
    }
    if let Some((_, keys)) = &reach.tls_secret {
        for (flag, key) in [("--tls-ca", "ca.crt"), ("--tls-cert", "tls.crt"), ("--tls-key", "tls.key")] {
            if keys.iter().any(|held| held == key) {
                arguments.extend([flag.to_owned(), format!("{TLS}/{key}")]);
            }
        }
    }
    if let Some(name) = &reach.server_name {
        arguments.extend(["--tls-server-name".to_owned(), name.clone()]);
    }
    if reach.api_key.is_some() {
        arguments.extend(["--api-key-file".to_owned(), format!("{API_KEY}/key")]);
    }
    arguments
}

fn mounts(reach: &Reach) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    let mut mounts = vec![mount("version", VERSION, true), mount("tmp", "/tmp", false)];
    mounts.extend(reach.tls_secret.is_some().then(|| mount("tls", TLS, true)));
    mounts.extend(reach.api_key.is_some().then(|| mount("api-key", API_KEY, true)));
    mounts
}

fn volumes(config_maps: &[String], reach: &Reach) -> Vec<Volume> {
    let volume = |name: &str| Volume { name: name.to_owned(), ..Volume::default() };
    let sources = config_maps.iter().map(|name| VolumeProjection {
        config_map: Some(ConfigMapProjection { name: name.clone(), ..ConfigMapProjection::default() }),
        ..VolumeProjection::default()
    });
    let projected = ProjectedVolumeSource { sources: Some(sources.collect()), default_mode: None };
    let mut volumes = vec![
        Volume { projected: Some(projected), ..volume("version") },
        Volume { empty_dir: Some(EmptyDirVolumeSource::default()), ..volume("tmp") },
    ];
    volumes.extend(reach.tls_secret.as_ref().map(|(name, _)| Volume {
        secret: Some(SecretVolumeSource { secret_name: Some(name.clone()), ..SecretVolumeSource::default() }),
        ..volume("tls")
    }));
    volumes.extend(reach.api_key.as_ref().map(|(name, key)| Volume {
        secret: Some(SecretVolumeSource {
            secret_name: Some(name.clone()),
            items: Some(vec![KeyToPath { key: key.clone(), path: "key".to_owned(), mode: None }]),
            ..SecretVolumeSource::default()
        }),
        ..volume("api-key")
    }));
    volumes
}
