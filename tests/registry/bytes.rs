//! The same tree is the same image, whatever the machine did to the files; and nothing is sent that is there.

use std::fs::{File, FileTimes, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::hosted::{Hosted, anonymous, push_base};
use crate::program::pack;
use crate::proxy::{Proxy, Way};
use crate::tree::{acme, acme_at};
use warpline::registry::Manifest;

/// Another installation of the same: copied in another order, at another time, under another umask, by another user.
fn installed_elsewhere(from: &Path, to: &Path) {
    let mut entries: Vec<_> = std::fs::read_dir(from).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    std::fs::create_dir_all(to).unwrap();
    for entry in entries {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            installed_elsewhere(&source, &target);
            std::fs::set_permissions(&target, Permissions::from_mode(0o700)).unwrap();
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&source).unwrap(), &target).unwrap();
        } else {
            std::fs::copy(&source, &target).unwrap();
            let is_program = source.metadata().unwrap().permissions().mode() & 0o100 != 0;
            std::fs::set_permissions(&target, Permissions::from_mode(if is_program { 0o700 } else { 0o600 })).unwrap();
            let file = File::options().write(true).open(&target).unwrap();
            file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 365))).unwrap();
        }
        // Only root may give files away; for others the owner is the same in both.
        let _ = std::os::unix::fs::lchown(to.join(entry.file_name()), Some(12345), Some(12345));
    }
}

#[tokio::test]
async fn the_same_tree_is_the_same_image_on_any_machine() {
    let (registry, other) = (Hosted::debian(), Hosted::debian());
    let (base, other_base) = (registry.base().await, other.base().await);
    let tree = acme();
    let first = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    installed_elsewhere(tree.path(), &elsewhere.path().join("deep/in/another/place"));
    let again = elsewhere.path().join("deep/in/another/place");
    // What npm leaves differs from one installation to the next.
    std::fs::write(again.join("node_modules/.package-lock.json"), "{}").unwrap();
    std::fs::create_dir(again.join("node_modules/.cache")).unwrap();
    std::fs::write(again.join("node_modules/.cache/babel.json"), "1").unwrap();
    let second = pack(&again, "@acme/activities", &other_base, &other.at("acme/activities"), &[]).unwrap();
    assert_eq!((first.image.digest(), &first.record), (second.image.digest(), &second.record));
    assert_eq!((first.pushed, first.mounted), (second.pushed, second.mounted));
}

/// What was pushed once must be found again by every later version of this program: these digests change only where something is wrong, or on purpose.
#[tokio::test]
async fn an_image_of_today_is_the_image_of_yesterday() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let packed = pack(acme().path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    let record = anonymous().record(&packed.image, &packed.record).await.unwrap();
    insta::assert_snapshot!(format!("{}\n{}", packed.image.digest().unwrap(), serde_json::to_string_pretty(&record).unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_package_sends_the_package_alone_and_no_change_sends_nothing() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let proxy = Proxy::start(&registry.address, Way::Open).await;
    let (through, base_through) = (proxy.at("acme/activities"), proxy.at("warpline/worker:1"));
    // A dependency that is large, and can't be made smaller.
    let dependencies = crate::hosted::noise(2_000_000, 7);
    let trees = ["exports.build = async () => 'one';", "exports.build = async () => 'two';"].map(|code| {
        let tree = acme_at("1.0.0", code);
        tree.file("node_modules/greeting/data.bin", &dependencies);
        tree
    });
    let packed = |tree: usize| pack(trees[tree].path(), "@acme/activities", &base_through, &through, &[]).unwrap();

    let first = packed(0);
    assert_eq!(first.mounted, 500_000, "the base's layers are taken over");
    assert!((2_000_000..2_020_000).contains(&first.pushed), "{}", first.pushed);
    let whole = proxy.sent();
    assert!((first.pushed..first.pushed + 60_000).contains(&whole), "{whole} bytes went over the wire");

    let again = packed(0);
    assert_eq!((again.image, again.record, again.pushed, again.mounted), (first.image.clone(), first.record, 0, 0));
    let nothing = proxy.sent() - whole;
    assert!(nothing < 20_000, "{nothing} bytes of questions");

    let changed = packed(1);
    assert_ne!(changed.image, first.image);
    assert!(changed.pushed < 12_000, "the package, the configuration and the manifests are {} bytes", changed.pushed);
    let sent = proxy.sent() - whole - nothing;
    assert!(sent < 60_000, "{sent} bytes went over the wire");
    let client = anonymous();
    let layers = async |image| client.manifest(image).await.unwrap().manifest.layers;
    let (before, after) = (layers(&first.image).await, layers(&changed.image).await);
    assert_eq!(before[..3], after[..3], "base and dependencies are as they were");
    assert_ne!(before[3], after[3]);
    assert_eq!(base.digest(), None);
}

#[tokio::test]
async fn a_base_of_another_registry_is_copied_once() {
    let (registry, far) = (Hosted::debian(), Hosted::with_referrers());
    let base = push_base(&anonymous(), &far.at("warpline/worker")).await;
    let first = pack(acme().path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    assert!(first.pushed > 500_000 && first.mounted == 0, "{first:?}");
    let second = pack(acme_at("1.0.1", "").path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    assert!(second.pushed < 12_000 && second.mounted == 0, "{second:?}");
    let elsewhere = pack(acme().path(), "@acme/activities", &base, &registry.at("acme/elsewhere"), &[]).unwrap();
    assert_eq!(elsewhere.image.digest(), first.image.digest());
}

/// The layers as any other program reads them.
#[tokio::test]
async fn layers_hold_no_times_owners_or_odd_modes() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    tree.program("node_modules/greeting/run", "#!/bin/sh\n");
    let long = format!("node_modules/greeting/{}/{}/file.js", "a".repeat(90), "b".repeat(90));
    tree.file(&long, "1");
    let packed = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    let Manifest { layers, .. } = anonymous().manifest(&packed.image).await.unwrap().manifest;
    let [dependencies, package] = [2, 3].map(|at| listed(&registry.blob(&layers[at].digest)));
    for line in dependencies.lines().chain(package.lines()) {
        let (mode, rest) = line.split_once(' ').unwrap();
        assert!(["drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"].contains(&mode), "{line}");
        assert!(rest.starts_with("0/0 ") && rest.contains("1970-01-01 00:00"), "{line}");
    }
    assert!(dependencies.contains(&long), "long paths are whole");
    assert!(dependencies.lines().any(|line| line.starts_with("-rwxr-xr-x") && line.ends_with("/greeting/run")));
    let linked = |layer: &str, end: &str| layer.lines().any(|line| line.starts_with('l') && line.ends_with(end));
    assert!(linked(&dependencies, "/node_modules/@temporalio/activity -> /opt/warpline/worker/node_modules/@temporalio/activity"));
    assert!(!dependencies.contains("@temporalio/activity/index.js"), "there is one copy of the SDK");
    assert!(linked(&package, "node_modules/.bin/acme -> ../@acme/activities/cli.js"), "{package}");
    let mark = layers[2].mark().unwrap();
    assert!(linked(&package, &format!("node_modules/.bin/other -> ../../../{mark}/node_modules/.bin/other")), "{package}");
    assert!(linked(&package, &format!("node_modules/greeting -> ../../{mark}/node_modules/greeting")), "{package}");
}

/// What tar says is in a layer.
fn listed(layer: &Path) -> String {
    let output =
        Command::new("tar").args(["--list", "--verbose", "--numeric-owner", "--utc", "--gzip", "--file"]).arg(layer).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
