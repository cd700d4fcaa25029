//! The compiler: definition → typed graph → structured steps → TypeScript. Pure: no clock, files, network, environment or hash-order iteration.
//! Depends on `definition` and `diagnostic`; must not know of clusters, Temporal servers or processes.

pub mod expr;
pub mod origin;
pub mod ts;
