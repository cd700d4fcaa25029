//! The plan of the house: which room may use which, how long a file may be, how it opens, what may come in from outside.
//! Reads the sources as text, and what cargo says of dependencies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every room, from the ground up, with the rooms that it may use.
const ROOMS: &[(&str, &[&str])] = &[
    // nouns
    ("api", &[]),
    ("diagnostic", &[]),
    ("definition", &["diagnostic"]),
    // thinking
    ("schedule", &["definition", "diagnostic"]),
    ("compile", &["definition", "diagnostic", "schedule"]),
    ("version", &["compile"]),
    ("plan", &["api", "definition", "diagnostic", "schedule", "version"]),
    // doors
    ("temporal", &["schedule"]),
    ("typecheck", &["compile", "diagnostic"]),
    ("local", &["temporal"]),
    ("project", &["api", "definition", "diagnostic", "schedule", "compile", "version", "plan", "typecheck"]),
    ("cluster", &["api"]),
    ("telemetry", &[]),
    ("registry", &[]),
    // acting
    ("pack", &["project", "typecheck", "registry"]),
    (
        "reconcile",
        &[
            "api",
            "definition",
            "diagnostic",
            "schedule",
            "compile",
            "version",
            "plan",
            "typecheck",
            "temporal",
            "project",
            "cluster",
            "telemetry",
            "registry",
        ],
    ),
    // shells
    ("controllers", &["api", "typecheck", "temporal", "cluster", "telemetry", "registry", "reconcile"]),
    ("dev", &["api", "definition", "diagnostic", "version", "typecheck", "local", "project", "telemetry", "reconcile", "controllers"]),
    (
        "cli",
        &[
            "api",
            "definition",
            "diagnostic",
            "schedule",
            "compile",
            "version",
            "plan",
            "temporal",
            "typecheck",
            "local",
            "project",
            "cluster",
            "telemetry",
            "registry",
            "pack",
            "reconcile",
            "controllers",
            "dev",
        ],
    ),
];

/// A file is about one thing; a thing that takes more lines than this has parts with names.
const LONGEST: usize = 600;

/// Files that are longer, with their own limit: it may be lowered, never raised.
const LONGER: &[(&str, usize)] = &[];

/// Licences of what a binary may be made of.
const LICENCES: &[&str] =
    &["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Zlib"];

/// Crates that name a file in place of a licence, which was read: it is the one that is said here.
const LICENCE_FILES: &[(&str, &str)] =
    &[("temporalio-client", "MIT"), ("temporalio-common", "MIT"), ("temporalio-common-wasm", "MIT"), ("temporalio-protos", "MIT")];

/// Crates that stay outside, and why.
const UNWELCOME: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls: no system library"),
    ("native-tls", "TLS is rustls: no system library"),
    ("aws-lc-sys", "the cryptography of TLS is ring: one library of it in the program"),
    ("serde_yaml", "it is no longer kept; saphyr-parser reads, with places"),
];

struct Source {
    /// Below `src/`, with slashes.
    path: String,
    text: String,
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        let Some(below) = allowed.get(room) else {
            wrong.push(format!("src/{}: the room `{room}` is not in tests/house.rs; say there what it may use", source.path));
            continue;
        };
        for (line, used) in source.uses() {
            if used != room && allowed.contains_key(used.as_str()) && !below.contains(&used.as_str()) {
                wrong.push(format!("src/{}:{line}: `{room}` must not use `{used}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_goes_from_the_ground_up() {
    let mut built = BTreeSet::new();
    for (room, below) in ROOMS {
        let above: Vec<_> = below.iter().filter(|used| !built.contains(*used)).collect();
        assert!(above.is_empty(), "`{room}` stands below {above:?}, which it uses");
        built.insert(*room);
    }
}

#[test]
fn every_room_is_declared_and_every_file_belongs_to_one() {
    let declared: BTreeSet<String> = sources().iter().filter_map(|source| source.room().map(str::to_owned)).collect();
    let planned: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(declared, planned);
}

#[test]
fn every_room_is_on_the_map() {
    let map = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("a map");
    let missing: Vec<_> = ROOMS.iter().filter(|(room, _)| !map.contains(&format!("| `{room}/` |"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md has no row for {missing:?}");
}

#[test]
fn no_file_is_long() {
    let limits: BTreeMap<&str, usize> = LONGER.iter().copied().collect();
    for source in sources() {
        let (lines, limit) = (source.text.lines().count(), limits.get(source.path.as_str()).copied().unwrap_or(LONGEST));
        assert!(lines <= limit, "src/{} has {lines} lines of at most {limit}: split it by meaning", source.path);
    }
    let known: BTreeSet<String> =
        sources().into_iter().filter(|source| source.text.lines().count() > LONGEST).map(|source| source.path).collect();
    let listed: BTreeSet<String> = LONGER.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(known, listed, "the list of long files is not current");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.path).collect();
    assert!(silent.is_empty(), "these files do not open with a line of `//!`: {silent:?}");
}

#[test]
fn what_comes_in_is_from_crates_io_under_a_licence_that_we_may_ship() {
    let arguments = ["metadata", "--format-version", "1", "--locked"];
    let output =
        std::process::Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().expect("packages").iter().filter(|package| package["name"] != "warpline") {
        let name = package["name"].as_str().expect("a name");
        if package["source"] != "registry+https://github.com/rust-lang/crates.io-index" {
            wrong.push(format!("{name} comes from {}", package["source"]));
        }
        let known = LICENCE_FILES.iter().find(|(file, _)| *file == name).map(|(_, licence)| *licence);
        let licence = package["license"].as_str().or(known).unwrap_or("none");
        let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX);
        if !expression
            .is_ok_and(|licence| licence.evaluate(|asked| LICENCES.iter().any(|ours| spdx::license_id(ours) == asked.license.id())))
        {
            wrong.push(format!("{name} is under {licence}, which tests/house.rs does not list"));
        }
        wrong.extend(UNWELCOME.iter().filter(|(unwelcome, _)| *unwelcome == name).map(|(_, why)| format!("{name}: {why}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn uses_are_found_in_every_form() {
    let uses = |path: &str, text: &str| {
        Source { path: path.into(), text: text.into() }.uses().into_iter().map(|(_, room)| room).collect::<Vec<_>>()
    };
    assert_eq!(uses("compile/mod.rs", "use crate::definition::Node;"), ["definition"]);
    assert_eq!(uses("compile/mod.rs", "use crate::{definition::{Edge, Node}, diagnostic};"), ["definition", "diagnostic"]);
    assert_eq!(uses("compile/mod.rs", "use crate::{\n    definition::Node,\n    local,\n};"), ["definition", "local"]);
    assert_eq!(uses("compile/ts/mod.rs", "fn f() -> crate::cli::Stop { todo() }"), ["cli"]);
    assert_eq!(uses("compile/mod.rs", "use super::cli;"), ["cli"]);
    assert_eq!(uses("compile/ts/print.rs", "use super::super::super::cli;"), ["cli"]);
    assert_eq!(uses("compile/ts/print.rs", "use super::super::expr;\n// as crate::cli does\n//! [`crate::cli`]"), [""; 0]);
    assert_eq!(uses("compile/mod.rs", "#[cfg(test)]\nmod tests {\n    use super::expr;\n    use super::super::cli;\n}"), ["cli"]);
}

impl Source {
    /// The room, where the file is in one.
    fn room(&self) -> Option<&str> {
        let (first, rest) = self.path.split_once('/').unwrap_or((self.path.strip_suffix(".rs")?, ""));
        (!rest.is_empty() || !matches!(first, "lib" | "main")).then_some(first)
    }

    /// How many `super`s lead from the file's module to the crate's root.
    fn depth(&self) -> usize {
        self.path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
    }

    /// What follows the crate's root in a path, with the line.
    fn uses(&self) -> Vec<(usize, String)> {
        let code: Vec<&str> = self.text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect();
        let code = code.join("\n");
        let mut found = Vec::new();
        for (at, _) in code.match_indices("crate::") {
            found.extend(heads(&code[at + "crate::".len()..]).into_iter().map(|head| (line_at(&code, at), head)));
        }
        let tests = code.find("mod tests {").unwrap_or(code.len());
        let root = |at: usize| "super::".repeat(self.depth() + usize::from(at > tests));
        for (at, _) in code.match_indices("super::").filter(|(at, _)| !code[..*at].ends_with("super::")) {
            if let Some(rest) = code[at..].strip_prefix(root(at).as_str()) {
                found.extend(heads(rest).into_iter().map(|head| (line_at(&code, at), head)));
            }
        }
        found
    }
}

/// The first words of the paths that `text` begins with: `a` of `a::b`, `a` and `b` of `{a::{c, d}, b}`.
fn heads(text: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = text.strip_prefix('{') else { return vec![word(text)] };
    let (mut heads, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(word(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let name = |path: &Path| path.strip_prefix(&root).expect("below src").display().to_string();
    files.iter().map(|path| Source { path: name(path), text: std::fs::read_to_string(path).expect("a readable source") }).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}
