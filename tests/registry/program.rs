//! The real program, as a pod runs it: how it ended, and what it left as termination message.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use warpline::local::Toolchain;
use warpline::registry::{Reference, reference};

/// What `warpline pack` made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    pub image: Reference,
    pub record: String,
    pub pushed: u64,
    pub mounted: u64,
}

/// Why it made nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub reason: String,
    pub message: String,
}

/// The folder with the TypeScript compiler and the SDK's types, as the operator's image has it.
pub fn typescript() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let found = std::thread::spawn(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(Toolchain::ensure_checker(&|step| eprintln!("{step}"))).unwrap()
        });
        found.join().unwrap().node_modules.parent().unwrap().to_owned()
    })
}

/// The program.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_warpline"))
}

/// Packs the package in a tree, with further arguments.
pub fn pack(tree: &Path, package: &str, base: &Reference, to: &Reference, more: &[&str]) -> Result<Packed, Failed> {
    pack_by(Command::new(program()), tree, package, base, to, more)
}

/// The same, by a command that runs the program with further arguments.
pub fn pack_by(
    mut command: Command,
    tree: &Path,
    package: &str,
    base: &Reference,
    to: &Reference,
    more: &[&str],
) -> Result<Packed, Failed> {
    let scratch = tempfile::tempdir().unwrap();
    let message = scratch.path().join("termination-log");
    std::fs::write(&message, "").unwrap();
    let repository = format!("{}/{}", to.registry(), to.repository());
    command.args(["pack", "--package", package, "--base", &base.to_string(), "--repository", &repository, "--plain-http"]);
    command.arg("--tree").arg(tree).arg("--typescript").arg(typescript());
    command.arg("--scratch").arg(scratch.path()).arg("--termination-log").arg(&message).args(more);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let left: Value = serde_json::from_slice(&std::fs::read(&message).unwrap()).expect("a termination message");
    let text = |field: &str| left[field].as_str().unwrap().to_owned();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing is left in the scratch folder");
    if output.status.success() {
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), left, "what it prints is what it leaves");
        let number = |field: &str| left[field].as_u64().unwrap();
        let image = reference(&text("image")).unwrap();
        return Ok(Packed { image, record: text("record"), pushed: number("pushedBytes"), mounted: number("mountedBytes") });
    }
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    Err(Failed { reason: text("reason"), message: text("message") })
}

/// Pushes a folder of sources; what it printed, or its errors.
pub fn push(folder: &Path, to: &str) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
    let output = command.arg("push").arg(folder).args(["--plain-http", "--to", to]).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Fetches what was pushed; nothing, or its errors.
pub fn pull(artifact: &str, into: &Path) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
    let output = command.args(["pull", artifact, "--plain-http", "--into"]).arg(into).stdin(Stdio::null()).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
}
