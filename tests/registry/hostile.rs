//! Trees that somebody made to do harm, or that are just too much.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::hosted::{Hosted, anonymous};
use crate::program::{Failed, pack};
use crate::tree::{Tree, acme};
use serde_json::json;
use warpline::pack::{Limits, Tree as Read};

async fn refused(spoil: impl FnOnce(&Tree)) -> Failed {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    spoil(&tree);
    let refused = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap_err();
    let tags = std::fs::exists(registry.storage.join("docker/registry/v2/repositories/acme")).unwrap();
    assert!(!tags, "nothing was pushed");
    refused
}

#[tokio::test]
async fn links_that_lead_out_are_refused() {
    for target in ["/etc/passwd", "../../../../../../etc/passwd", "../../../outside"] {
        let refused = refused(|tree| tree.link("node_modules/greeting/link", target)).await;
        assert_eq!(refused.reason, "UnsafeLink", "{target}");
        assert!(refused.message.contains(&format!("node_modules/greeting/link leads to {target}")), "{}", refused.message);
    }
    // By its words it stays inside; by way of another link it doesn't.
    let tricked = refused(|tree| {
        tree.link("node_modules/greeting/deep/er/up", "../../../..");
        tree.link("node_modules/greeting/deep/er/out", "up/../..");
    })
    .await;
    assert_eq!(tricked.reason, "UnsafeLink");
    let inward = refused(|tree| tree.link("node_modules/greeting/deep/link", "../../@acme/activities/dist")).await;
    assert_eq!(inward.reason, "UnsafeLink");
}

#[tokio::test]
async fn what_is_no_file_folder_or_link_is_refused() {
    let pipe = refused(|tree| {
        let status = Command::new("mkfifo").arg(tree.path().join("node_modules/greeting/pipe")).status().unwrap();
        assert!(status.success());
    })
    .await;
    assert_eq!(
        (pipe.reason.as_str(), pipe.message.contains("node_modules/greeting/pipe is a pipe")),
        ("UnsafeFile", true),
        "{}",
        pipe.message
    );
    let socket = refused(|tree| drop(std::os::unix::net::UnixListener::bind(tree.path().join("node_modules/s")).unwrap())).await;
    assert_eq!((socket.reason.as_str(), socket.message.contains("is a socket")), ("UnsafeFile", true));
}

#[tokio::test]
async fn names_that_could_say_something_else_are_refused() {
    for name in [&b"a\nb"[..], b"a\x1b[31m", b"a\xff"] {
        let refused =
            refused(|tree| std::fs::write(tree.path().join("node_modules/greeting").join(OsStr::from_bytes(name)), "").unwrap()).await;
        assert_eq!(refused.reason, "UnsafeName");
        assert!(!refused.message.contains(['\n', '\x1b']), "{:?}", refused.message);
    }
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let tree = acme();
    // Far larger than the disk: a file with nothing in it.
    std::fs::File::create(tree.path().join("node_modules/greeting/huge")).unwrap().set_len(1 << 42).unwrap();
    let huge = Read::read(tree.path(), &Limits::default()).unwrap_err();
    assert_eq!(huge.reason(), "TreeTooLarge");
    assert!(huge.to_string().contains("1024 MiB in a file (node_modules/greeting/huge)"), "{huge}");
    std::fs::remove_file(tree.path().join("node_modules/greeting/huge")).unwrap();

    let entries = Read::read(tree.path(), &Limits::default()).unwrap().entries.len();
    let limited = |limits: Limits| Read::read(tree.path(), &limits).map(|tree| tree.entries.len()).map_err(|error| error.reason());
    assert_eq!(limited(Limits { entries, ..Limits::default() }), Ok(entries));
    assert_eq!(limited(Limits { entries: entries - 1, ..Limits::default() }), Err("TreeTooLarge"));
    assert_eq!(limited(Limits { total: 100, ..Limits::default() }), Err("TreeTooLarge"));
    assert_eq!(limited(Limits { depth: 2, ..Limits::default() }), Err("TreeTooLarge"));
    assert_eq!(limited(Limits { path: 20, ..Limits::default() }), Err("TreeTooLarge"));
}

#[tokio::test]
async fn a_package_that_is_a_link_or_has_a_name_that_is_a_path_is_not_the_package() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let tree = acme();
    tree.link("node_modules/linked", "@acme/activities");
    for name in ["linked", "..", "../..", "@acme/../greeting", "", "@acme"] {
        let refused = pack(tree.path(), name, &base, &registry.at("a"), &[]).unwrap_err();
        assert_eq!(refused.reason, "PackageNotFound", "{name}: {}", refused.message);
    }
}

#[tokio::test]
async fn five_hundred_packages_are_packed() {
    let registry = Hosted::debian();
    let base = registry.base().await;
    let mut tree = acme();
    for number in 0..500 {
        let scope = if number % 5 == 0 { format!("@scope{}/", number % 3) } else { String::new() };
        let name = format!("{scope}package-{number}");
        let code = format!("module.exports = {number};\n").repeat(50);
        tree = tree.with(
            &format!("node_modules/{name}"),
            json!({"name": name, "version": format!("1.{number}.0"), "license": "MIT", "dependencies": {format!("package-{}", number / 2): "1"}}),
            &[("index.js", &code), ("lib/a.js", &code), ("lib/b.js", &code), ("README.md", "text")],
        );
    }
    let packed = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    let again = pack(tree.path(), "@acme/activities", &base, &registry.at("acme/activities"), &[]).unwrap();
    assert_eq!((&packed.image, again.pushed), (&again.image, 0));
    let layers = anonymous().manifest(&packed.image).await.unwrap().manifest.layers;
    assert!(layers[3].size < 12_000, "links to 500 packages are {} bytes", layers[3].size);
}
