//! The small definitions of the tests of the language, as files: one of each test's, and the module of their activities.

use std::path::{Path, PathBuf};

use crate::{inside, language};

/// Writes every definition into `folder`; what is to be compiled together.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).unwrap();
    let mut files = vec![activities(folder)];
    for (name, text) in language::definitions().into_iter().chain(inside::definitions()) {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        files.push(file);
    }
    files
}

/// The module's file lies beside the definitions; its package is linked there.
fn activities(folder: &Path) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behavior/activities");
    std::os::unix::fs::symlink(&package, folder.join("activities")).unwrap();
    let file = folder.join("activity-modules.yaml");
    std::fs::copy(package.join("activity-modules.yaml"), &file).unwrap();
    file
}
