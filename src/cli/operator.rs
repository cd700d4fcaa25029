//! `warpline operator`

use super::Stop;
use super::output::Printer;
use crate::cluster::LeaseOptions;
use crate::controllers::{self, Options};
use crate::reconcile::{BuildSettings, MAX_VERSIONS, Settings};
use crate::telemetry::{LogFormat, Traces, init_logs};
use crate::typecheck::Checker;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Run the controllers that make Workflows, ActivityModules and TaskQueues run on this cluster.
///
/// It is what the Helm chart runs; outside of a cluster it uses KUBECONFIG. Every option can be given by the environment.
/// OTEL_EXPORTER_OTLP_ENDPOINT names a collector that gets traces, by OTLP over gRPC; the other variables of OpenTelemetry count too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Against the cluster of your kubeconfig, without a lease
  warpline operator --temporal-address localhost:7233 --worker-image registry.example/warpline-worker:1 --leader-election=false")]
pub(super) struct Operator {
    /// Where Temporal is, for task queues that don't say.
    #[arg(long, value_name = "HOST:PORT", env = "WARPLINE_TEMPORAL_ADDRESS")]
    temporal_address: Option<String>,
    /// The Temporal namespace, for task queues that don't say.
    #[arg(long, value_name = "NAMESPACE", env = "WARPLINE_TEMPORAL_NAMESPACE", default_value = "default")]
    temporal_namespace: String,
    /// How many versions of a worker deployment the Temporal server keeps: its matching.maxVersionsInDeployment.
    #[arg(long, value_name = "COUNT", env = "WARPLINE_MAX_VERSIONS", default_value_t = MAX_VERSIONS)]
    max_versions: usize,
    /// The image of workers where no ActivityModule brings one.
    #[arg(long, value_name = "IMAGE", env = "WARPLINE_WORKER_IMAGE")]
    worker_image: String,
    /// Where images of built ActivityModules go; without it, nothing is built.
    #[arg(long, value_name = "REGISTRY/PATH", env = "WARPLINE_IMAGE_REPOSITORY")]
    image_repository: Option<String>,
    /// The Secret, in each namespace that builds, with a docker config.json for that registry.
    #[arg(long, value_name = "NAME", env = "WARPLINE_IMAGE_SECRET")]
    image_secret: Option<String>,
    /// The npm registry of packages that name none.
    #[arg(long, value_name = "URL", env = "WARPLINE_NPM_REGISTRY")]
    npm_registry: Option<String>,
    /// Our own image, which makes images in builds.
    #[arg(long, value_name = "IMAGE", env = "WARPLINE_OPERATOR_IMAGE")]
    operator_image: Option<String>,
    /// How many ActivityModules are built at a time.
    #[arg(long, value_name = "COUNT", env = "WARPLINE_BUILD_CONCURRENCY", default_value_t = 2)]
    build_concurrency: usize,
    /// Image registries that speak HTTP without TLS.
    #[arg(long, value_name = "HOST:PORT", env = "WARPLINE_PLAIN_HTTP_REGISTRIES", value_delimiter = ',')]
    plain_http_registries: Vec<String>,
    /// Limit what builds reach to registries, by a NetworkPolicy.
    #[arg(long, env = "WARPLINE_BUILD_NETWORK_POLICY", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    build_network_policy: bool,
    /// The folder with the TypeScript compiler and the SDK's types, as node_modules.
    #[arg(long, value_name = "FOLDER", env = "WARPLINE_TYPESCRIPT", default_value = "/opt/warpline/typescript")]
    typescript: PathBuf,
    /// Watch only these namespaces; without it, all of them.
    #[arg(long, value_name = "NAMESPACE", env = "WARPLINE_WATCH_NAMESPACES", value_delimiter = ',')]
    watch_namespace: Vec<String>,
    /// Where health, readiness and metrics are served.
    #[arg(long, value_name = "ADDRESS", env = "WARPLINE_LISTEN", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,
    /// Hold a lease, so that only one of several instances acts.
    #[arg(long, env = "WARPLINE_LEADER_ELECTION", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    leader_election: bool,
    /// The lease's namespace; by default our own.
    #[arg(long, value_name = "NAMESPACE", env = "WARPLINE_LEASE_NAMESPACE")]
    lease_namespace: Option<String>,
    /// The lease's name.
    #[arg(long, value_name = "NAME", env = "WARPLINE_LEASE_NAME", default_value = "warpline-operator")]
    lease_name: String,
    /// How log lines look.
    #[arg(long, value_enum, env = "WARPLINE_LOG_FORMAT", default_value_t = LogFormat::Json)]
    log_format: LogFormat,
    /// What is logged: a level, or a filter as `warpline=debug,info`.
    #[arg(long, value_name = "LEVEL", env = "WARPLINE_LOG_LEVEL", default_value = "info")]
    log_level: String,
    /// How many definitions are compiled at a time.
    #[arg(long, value_name = "COUNT", env = "WARPLINE_COMPILE_CONCURRENCY", default_value_t = 2)]
    compile_concurrency: usize,
    /// The namespace that we run in.
    #[arg(long, env = "POD_NAMESPACE", hide = true, default_value = "default")]
    pod_namespace: String,
    /// The pod that we are.
    #[arg(long, env = "POD_NAME", hide = true)]
    pod_name: Option<String>,
}

impl Operator {
    pub(super) async fn run(&self, _: &Printer) -> Result<(), Stop> {
        let traces = Traces::from_env().map_err(Stop::Usage)?;
        init_logs(self.log_format, &self.log_level, &traces).map_err(Stop::Usage)?;
        let checker = self.checker()?;
        let identity = self.pod_name.clone().unwrap_or_else(|| format!("warpline-{}", std::process::id()));
        let lease = self.leader_election.then(|| LeaseOptions {
            namespace: self.lease_namespace.clone().unwrap_or_else(|| self.pod_namespace.clone()),
            name: self.lease_name.clone(),
            identity,
        });
        let options = Options {
            settings: Settings {
                temporal_address: self.temporal_address.clone().filter(|address| !address.is_empty()),
                temporal_namespace: self.temporal_namespace.clone(),
                worker_image: self.worker_image.clone(),
                max_versions: self.max_versions,
                builds: self.builds(),
            },
            checker,
            scratch: std::env::temp_dir(),
            compile_concurrency: self.compile_concurrency,
            namespaces: self.watch_namespace.iter().filter(|namespace| !namespace.is_empty()).cloned().collect(),
            listen: self.listen,
            lease,
            pod: self.pod_name.clone(),
            pod_namespace: self.pod_namespace.clone(),
        };
        let ended = controllers::run(options, stopped()).await.map_err(Stop::Machine);
        traces.finish();
        ended
    }

    /// What is empty is as good as not given: charts can't leave a variable out as easily.
    fn builds(&self) -> BuildSettings {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        BuildSettings {
            image_repository: given(&self.image_repository),
            image_secret: given(&self.image_secret),
            npm_registry: given(&self.npm_registry),
            operator_image: given(&self.operator_image),
            concurrency: self.build_concurrency,
            plain_http_registries: self.plain_http_registries.iter().filter(|registry| !registry.is_empty()).cloned().collect(),
            network_policy: self.build_network_policy,
            local: None,
        }
    }

    /// The TypeScript compiler that came with us.
    fn checker(&self) -> Result<Checker, Stop> {
        Checker::installed(&self.typescript).map_err(|error| Stop::Usage(error.to_string()))
    }
}

/// SIGTERM, as Kubernetes sends it, or Ctrl-C.
pub(super) async fn stopped() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
