//! What a laptop needs in place of a cluster: the tool chain, Temporal's dev server and a worker process.
//! May start processes, touch the cache directory and use [`crate::temporal`] to see whether a server answers.
//! Knows no definition and no compiler: it is given a version directory that is ready to be served.

mod cache;
mod child;
mod command;
mod error;
mod pins;
pub mod replay;
pub mod server;
pub mod toolchain;
pub mod worker;

pub use error::Error;
pub use server::Server;
pub use toolchain::{Step, Toolchain};
pub use worker::Worker;
