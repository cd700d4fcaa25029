//! Registries that tests run, each with a folder of its own, and the base image that they hold.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::json;
use tempfile::TempDir;
use warpline::registry::{Descriptor, Manifest, Options, PlainHttp, Reference, Registry, Source, media, reference};

/// A registry. Dropped, it ends.
pub struct Hosted {
    /// Host and port.
    pub address: String,
    /// Where it keeps what it has.
    pub storage: PathBuf,
    child: Child,
    _folder: TempDir,
}

/// `htpasswd` of the user `robot` with the password `correct horse`.
const USERS: &str = "robot:$2b$04$frS66QQNoVfF0miG8n1dheJZxG9rJemQcROH/XZYemDfHlsR5SgA6\n";

/// What the tests' programs are, by name.
fn program(name: &str) -> &'static Path {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let programs = PROGRAMS.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/registry/ground/programs");
        let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the registries could not be had; see above");
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().map(|line| line.split_once('=').unwrap()).map(|(name, path)| (name.to_owned(), path.into())).collect()
    });
    &programs[name]
}

impl Hosted {
    /// Debian's registry: anybody may do anything.
    pub fn debian() -> Self {
        Self::start(|_| String::new(), None)
    }

    /// The same, for the user `robot` only.
    pub fn with_users() -> Self {
        Self::start(
            |folder| {
                std::fs::write(folder.join("users"), USERS).unwrap();
                format!("auth: {{htpasswd: {{realm: tests, path: {}/users}}}}\n", folder.display())
            },
            None,
        )
    }

    /// The same, for who has a token of the server at `realm`, signed by the authority in `roots`.
    pub fn with_tokens(realm: &str, roots: &Path) -> Self {
        let auth = format!("auth: {{token: {{realm: '{realm}', service: tests, issuer: tests, rootcertbundle: {}}}}}\n", roots.display());
        Self::start(|_| auth, None)
    }

    /// The same, on a disk of so many MiB: a file system of its own, which nobody else sees.
    pub fn on_a_small_disk(mebibytes: usize) -> Self {
        Self::start(|_| String::new(), Some(mebibytes))
    }

    fn start(auth: impl FnOnce(&Path) -> String, disk: Option<usize>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("storage");
        std::fs::create_dir(&storage).unwrap();
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: '127.0.0.1:0', secret: tests}}\n{}",
            storage.display(),
            auth(folder.path())
        );
        std::fs::write(&config, text).unwrap();
        let registry = program("docker-registry");
        let mut command = match disk {
            None => Command::new(registry),
            Some(mebibytes) => {
                let script = format!("mount -t tmpfs -o size={mebibytes}m tmpfs {} && exec \"$@\"", storage.display());
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]).arg(registry);
                command
            }
        };
        command.arg("serve").arg(&config);
        let (child, address) = listening(command, |line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split('"').next()?.to_owned())
        });
        Self { address, storage, child, _folder: folder }
    }

    /// A registry that knows of referrers, and forgets everything when it ends.
    pub fn with_referrers() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (child, address) =
            listening(Command::new(program("referrers")), |line| Some(line.split_once("listening on ")?.1.trim().to_owned()));
        Self { address, storage: folder.path().to_owned(), child, _folder: folder }
    }

    /// A repository.
    pub fn at(&self, path: &str) -> Reference {
        reference(&format!("{}/{path}", self.address)).unwrap()
    }

    /// Where the bytes of a blob are.
    pub fn blob(&self, digest: &str) -> PathBuf {
        let digits = digest.strip_prefix("sha256:").unwrap();
        self.storage.join("docker/registry/v2/blobs/sha256").join(&digits[..2]).join(digits).join("data")
    }

    /// The base image of the tests in `warpline/worker:1`, with two layers of some size.
    pub async fn base(&self) -> Reference {
        let (client, place) = (anonymous(), self.at("warpline/worker"));
        push_base(&client, &place).await
    }
}

/// Pushes the base image of the tests, under the tag `1`.
pub async fn push_base(client: &Registry, place: &Reference) -> Reference {
    let layers = [noise(300_000, 1), noise(200_000, 2)];
    let diff_ids: Vec<String> = layers.iter().map(|layer| warpline::registry::digest(layer)).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z", "config": {"User": "10001:10001", "Entrypoint": ["node"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": [{"created": "2026-01-01T00:00:00Z"}, {}],
    })
    .to_string();
    let mut descriptors = Vec::new();
    for layer in &layers {
        let descriptor = Descriptor::of(media::LAYER, layer);
        client.push_blob(place, &descriptor, Source::Bytes(layer)).await.unwrap();
        descriptors.push(descriptor);
    }
    let config_descriptor = Descriptor::of(media::CONFIG, config.as_bytes());
    client.push_blob(place, &config_descriptor, Source::Bytes(config.as_bytes())).await.unwrap();
    let manifest = Manifest { artifact_type: None, config: config_descriptor, ..Manifest::artifact("", descriptors, None) };
    client.push_manifest(place, &manifest, Some("1")).await.unwrap();
    reference(&format!("{}/{}:1", place.registry(), place.repository())).unwrap()
}

/// A client that is nobody.
pub fn anonymous() -> Registry {
    Registry::new(Options { plain_http: PlainHttp::All, ..Options::default() }).unwrap()
}

/// Bytes that no compression makes smaller.
pub fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

/// Starts a server and waits until it says where it listens; what else it says goes by.
fn listening(mut command: Command, address: impl Fn(&str) -> Option<String>) -> (Child, String) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    let found = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let found = address(&line);
        said.push(line);
        found
    });
    let Some(found) = found else { panic!("the registry did not start:\n{}", said.join("\n")) };
    std::thread::spawn(move || lines.for_each(drop));
    (child, found)
}

impl Drop for Hosted {
    fn drop(&mut self) {
        // It may have ended by itself; a test sees that by what it asks.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
