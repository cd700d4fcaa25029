//! Machines that differ in whatever a machine can differ in (clock, time zone, user, umask, host name, folders, language) make the same image, and
//! what one has sent the other does not send again.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::hosted::Hosted;
use crate::program::{pack_by, program};
use crate::tree::acme_at;

/// Another machine than this one, made of namespaces and a library that moves the calendar; it ends with each program.
struct Machine {
    folder: tempfile::TempDir,
    clock: PathBuf,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        let clock = folder.path().join("clock.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/registry/ground/clock.c");
        let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&clock).arg(source).args(["-ldl"]).status().unwrap();
        assert!(made.success(), "cc (Debian's gcc) makes the clock");
        Self { folder, clock }
    }

    /// A program there.
    fn runs(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--uts", "sh", "-c"]);
        command.arg("hostname elsewhere && umask 077 && exec unshare --user --map-user=4321 --map-group=4321 \"$@\"").arg("sh");
        let tmp = self.folder.path().join("tmp");
        command.arg("env").arg(format!("LD_PRELOAD={}", self.clock.display())).arg(format!("TMPDIR={}", tmp.display()));
        command.args(["TZ=Pacific/Apia", "LANG=tr_TR.UTF-8", "HOME=/nonexistent", "USER=somebody"]).arg(program);
        command
    }
}

/// What a program sees of the machine that it runs on.
fn seen(mut shell: Command) -> Vec<String> {
    let output = shell.args(["-c", "date +%Y; hostname; id -u; umask; echo $TMPDIR; date +%Z; echo $HOME"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn another_machine_makes_the_same_image_and_sends_the_changed_layer_alone() {
    let machine = Machine::new();
    let (here, there) = (seen(Command::new("sh")), seen(machine.runs(Path::new("/bin/sh"))));
    assert!(here.len() == 7 && here.iter().zip(&there).all(|(here, there)| here != there), "the machines differ: {here:?}, {there:?}");

    let registry = Hosted::debian();
    let (base, to) = (registry.base().await, registry.at("acme/activities"));
    let trees = ["exports.build = async () => 'one';", "exports.build = async () => 'two';"].map(|code| {
        let (tree, elsewhere) = (acme_at("1.0.0", code), tempfile::tempdir().unwrap());
        let dependency = crate::hosted::noise(500_000, 11);
        tree.file("node_modules/greeting/data.bin", &dependency);
        let copied = Command::new("cp").args(["-R"]).arg(tree.path()).arg(elsewhere.path().join("tree")).status().unwrap();
        assert!(copied.success());
        (tree, elsewhere)
    });
    let pack_here = |at: usize| pack_by(Command::new(program()), trees[at].0.path(), "@acme/activities", &base, &to, &[]).unwrap();
    let pack_there =
        |at: usize| pack_by(machine.runs(program()), &trees[at].1.path().join("tree"), "@acme/activities", &base, &to, &[]).unwrap();

    let first = pack_here(0);
    assert!(first.pushed > 500_000, "{first:?}");
    let same = pack_there(0);
    assert_eq!((&same.image, &same.record, same.pushed), (&first.image, &first.record, 0));
    let changed = pack_there(1);
    assert_ne!(changed.image, first.image);
    assert!(changed.pushed < 12_000, "the dependencies are there: {changed:?}");
    let back = pack_here(1);
    assert_eq!((&back.image, &back.record, back.pushed), (&changed.image, &changed.record, 0));
}
