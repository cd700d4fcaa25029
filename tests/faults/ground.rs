//! What every run stands on: the servers, clients of them, and who plays the pods.

use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// How long anything may take that a run waits for; many run at once.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// The servers.
pub struct Servers {
    env: HashMap<String, String>,
    pub kube: kube::Client,
    pub temporal: warpline::temporal::Client,
    /// A folder as `--typescript` takes it.
    pub typescript: PathBuf,
}

/// All tests share one: connections live as long as what drives them.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// The servers that all tests of this process share; the first to ask starts them.
pub async fn servers() -> &'static Servers {
    static SERVERS: OnceCell<Servers> = OnceCell::const_new();
    SERVERS.get_or_init(start).await
}

async fn start() -> Servers {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/ground/cluster");
    let ran = |argument: &str| {
        let mut command = Command::new(&script);
        if std::env::var_os("WARPLINE_CLUSTER").is_none() {
            command.env("WARPLINE_CLUSTER", concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-faults"));
        }
        let output = command.arg(argument).env("WARPLINE", env!("CARGO_BIN_EXE_warpline")).output().unwrap();
        assert!(output.status.success(), "cluster {argument}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    ran("servers");
    let printed = ran("env");
    let env: HashMap<String, String> =
        printed.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let kubeconfig = kube::config::Kubeconfig::read_from(&env["KUBECONFIG"]).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await.unwrap();
    let kube = kube::Client::try_from(config).unwrap();
    let temporal = warpline::temporal::Client::connect(&env["TEMPORAL_ADDRESS"], "default").await.unwrap();
    let typescript = typescript(Path::new(&env["NODE_PACKAGES"]));
    let servers = Servers { env, kube, temporal, typescript };
    servers.define();
    tokio::spawn(super::pods::play(servers.kube.clone(), servers.get("TEMPORAL_ADDRESS").to_owned()));
    servers
}

impl Servers {
    pub fn get(&self, name: &str) -> &str {
        self.env.get(name).unwrap_or_else(|| panic!("`cluster env` prints no {name}"))
    }

    /// The kinds of Warpline.
    fn define(&self) {
        for arguments in [&["apply", "--server-side", "--kustomize", "crds/"][..], &["wait", "--for=condition=Established", "crd", "--all"]]
        {
            let mut kubectl = Command::new(self.get("KUBECTL"));
            kubectl.args(arguments).env("KUBECONFIG", self.get("KUBECONFIG")).current_dir(env!("CARGO_MANIFEST_DIR"));
            let output = kubectl.output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// The TypeScript compiler of Warpline's tools, which is asked once for each program: the runs compile the same few again and again.
fn typescript(packages: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("typescript-{}", std::process::id()));
    let modules = folder.join("node_modules");
    let platform = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-x64" };
    let lib = modules.join(format!("@typescript/typescript-{platform}/lib"));
    std::fs::create_dir_all(&lib).unwrap();
    std::os::unix::fs::symlink(packages.join("@temporalio"), modules.join("@temporalio")).unwrap();
    let real = packages.join(format!("@typescript/typescript-{platform}/lib/tsc"));
    let script = format!(
        "#!/bin/bash\nat={}/$(cat -- * | sha256sum | cut -c1-20)\nmkdir -p {0}\n[[ -f $at.code ]] || {{ {} \"$@\" >\"$at.$$\"; echo $? >\"$at.code.$$\"; mv \"$at.$$\" \"$at.said\"; mv \"$at.code.$$\" \"$at.code\"; }}\ncat \"$at.said\"\nexit \"$(<\"$at.code\")\"\n",
        folder.join("said").display(),
        real.display()
    );
    std::fs::write(lib.join("tsc"), script).unwrap();
    std::fs::set_permissions(lib.join("tsc"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// Asks again and again until there is an answer; otherwise what `describe` says.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> Result<T, String> {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(why) if begun.elapsed() > PATIENCE => return Err(format!("waited {} s for {what}: {why}", PATIENCE.as_secs())),
            Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
        }
    }
}

/// The condition of that type, as `status/reason`.
pub fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    found.map_or_else(String::new, |found| format!("{}/{}", found["status"].as_str().unwrap_or(""), found["reason"].as_str().unwrap_or("")))
}
