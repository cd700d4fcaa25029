//! Which failures pass by themselves, and when they are tried again.

use crate::api::{BuildFailure, BuildStatus};
use jiff::Timestamp;
use std::time::Duration;

/// Failures that may be over in a moment.
const PASSING: &[&str] =
    &["RegistryUnreachable", "RegistryBusy", "TooSlow", "RegistryFailed", "PodLost", "Evicted", "PodFailed", "RecordUnreadable"];
/// Failures that somebody mends elsewhere: a package that is published, a Secret that gets another token.
const ELSEWHERE: &[&str] = &[
    "PackageNotFound",
    "VersionNotFound",
    "Unauthorized",
    "CredentialsInvalid",
    "SecretMissing",
    "IntegrityMismatch",
    "NoSpace",
    "ImagePullBackOff",
    "CreateContainerConfigError",
    "FailedCreate",
];

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(600);

/// Whether a failure passes by itself.
#[must_use]
pub fn is_passing(reason: &str) -> bool {
    PASSING.contains(&reason)
}

/// Whether other credentials mend a failure.
#[must_use]
pub fn is_about_credentials(reason: &str) -> bool {
    matches!(reason, "Unauthorized" | "CredentialsInvalid" | "SecretMissing")
}

/// How long to wait after so many attempts; none where trying again is of no use.
#[must_use]
pub fn wait(reason: &str, attempts: i32) -> Option<Duration> {
    if PASSING.contains(&reason) {
        let doubled = u32::try_from(attempts.clamp(1, 10) - 1).unwrap_or(0);
        return Some(FIRST.saturating_mul(1 << doubled).min(LONGEST));
    }
    ELSEWHERE.contains(&reason).then_some(LONGEST)
}

/// When a failed build is tried again.
pub(super) fn next_try(failure: &BuildFailure, build: &BuildStatus) -> Option<Timestamp> {
    let wait = wait(&failure.reason, build.attempts)?;
    let ended = build.finished_at.as_ref()?.0;
    ended.checked_add(jiff::SignedDuration::try_from(wait).ok()?).ok()
}

/// The time from one moment to a later one.
pub(super) fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
