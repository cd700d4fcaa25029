//! What files look like from outside, by name, size and time: whether they have changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files with their sizes and times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Print(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Print {
    /// The definitions in a folder, and the packages whose folders they name.
    pub fn of(folder: &Path, packages: &BTreeSet<PathBuf>) -> Self {
        let mut print = Self::default();
        print.add(folder, false, &|name| [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending)));
        packages.iter().for_each(|package| print.add(package, true, &|_| true));
        print
    }

    /// A package.
    pub fn of_package(folder: &Path) -> Self {
        let mut print = Self::default();
        print.add(folder, true, &|_| true);
        print
    }

    /// A text that is another one for another print.
    pub fn text(&self) -> String {
        let mut hasher = DefaultHasher::new();
        for (path, (size, time)) in &self.0 {
            (path, size, time).hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }

    fn add(&mut self, folder: &Path, deep: bool, takes: &impl Fn(&str) -> bool) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if name.starts_with('.') || name == "node_modules" {
                continue;
            }
            if metadata.is_dir() && deep {
                self.add(&entry.path(), deep, takes);
            } else if metadata.is_file() && takes(&name) {
                self.0.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_definition_or_of_a_package_is_seen_and_of_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let (folder, package) = (place.path().join("d"), place.path().join("p"));
        for made in [&folder, &package.join("dist"), &package.join("node_modules")] {
            fs::create_dir_all(made).unwrap();
        }
        let packages = BTreeSet::from([package.clone()]);
        let print = || Print::of(&folder, &packages);
        let mut last = print();
        for (file, is_seen) in [
            (folder.join("a.yaml"), true),
            (package.join("dist/a.js"), true),
            (folder.join("a.txt"), false),
            (package.join("node_modules/a.js"), false),
        ] {
            fs::write(&file, "text").unwrap();
            let now = print();
            assert_eq!(now != last, is_seen, "{file:?}");
            assert_eq!(now.text() != last.text(), is_seen, "{file:?}");
            last = now;
        }
    }
}
