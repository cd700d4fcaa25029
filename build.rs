//! Tells the compiler where two things lie that the program carries inside it: the worker's TypeScript sources and
//! the protobuf descriptors of Temporal's API. Runs no other program and generates no code of its own.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    println!("cargo::rustc-env=TEMPORAL_DESCRIPTORS={descriptors}");

    let sources = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("worker/src");
    println!("cargo::rerun-if-changed={}", sources.display());
    let mut files = fs::read_dir(&sources)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    files.sort();
    let mut list = String::from("[\n");
    for file in files.iter().filter(|file| file.is_file()) {
        let name = file.file_name().unwrap_or_default();
        writeln!(list, "({name:?}, include_str!({file:?})),")?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("worker_sources.rs"), list)?;
    Ok(())
}
