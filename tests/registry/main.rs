//! Images of activities: real registries on loopback, trees as npm leaves them, the real program. Debian's docker-registry has users, mounts and
//! deletes, and knows nothing of referrers; another one knows of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail loudly")]

mod bytes;
mod exports;
mod faults;
mod hosted;
mod hostile;
mod joined;
mod logins;
mod machines;
mod origin;
mod program;
mod proxy;
mod running;
mod sources;
mod token;
mod tree;
