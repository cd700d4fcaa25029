//! Labels, annotations and finalizers: their names, each in one place.
//! Depends on nothing.

/// Who manages an object; `warpline` on everything that the operator makes.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// What an object is part of.
pub const NAME: &str = "app.kubernetes.io/name";
/// The value of [`MANAGED_BY`], and the field manager of what the operator applies.
pub const OPERATOR: &str = "warpline";
/// The value of [`NAME`] on worker pods.
pub const WORKER: &str = "warpline-worker";
/// The value of [`NAME`] on what builds a module.
pub const BUILD: &str = "warpline-build";
/// The name of the `TaskQueue`.
pub const TASK_QUEUE: &str = "warpline.dev/task-queue";
/// The name of the `WorkerVersion`.
pub const WORKER_VERSION: &str = "warpline.dev/worker-version";
/// The build ID.
pub const BUILD_ID: &str = "warpline.dev/build-id";

/// On a `TaskQueue`: the build ID that is to go on at once, past a pause or a manual step.
pub const PROMOTE: &str = "warpline.dev/promote";
/// On a `TaskQueue`: the build ID that is not to become current; the last one goes on.
pub const ABORT: &str = "warpline.dev/abort";
/// On a `TaskQueue`: `<build ID>/<build ID>`; while the first is asked for, new executions begin on the second.
pub const ROLLBACK: &str = "warpline.dev/rollback";
/// On a Job, ConfigMap or NetworkPolicy of a build: the name of the `ActivityModule`.
pub const ACTIVITY_MODULE: &str = "warpline.dev/activity-module";
/// On an `ActivityModule`: any new text moves its range of versions to the newest one.
pub const UPDATE: &str = "warpline.dev/update";

/// On a `TaskQueue`: any new text tries a failed version again; on an `ActivityModule`, a failed build.
pub const RETRY: &str = "warpline.dev/retry";

/// On a `Schedule`: any new text starts its Workflow now.
pub const TRIGGER: &str = "warpline.dev/trigger";
/// On a `Schedule`: `<from>/<to>`, two times as in RFC 3339; the runs of the times between are made now.
pub const BACKFILL: &str = "warpline.dev/backfill";
/// On a `Schedule`: any new text ends the pause that a failure made.
pub const UNPAUSE: &str = "warpline.dev/unpause";
/// On a `Schedule`: the Workflow whose trigger node it was made of.
pub const TRIGGERED_BY: &str = "warpline.dev/trigger-of";

/// Holds a `Workflow` until what its deletion policy asks for is done, and a `TaskQueue` until the server knows it no more.
pub const FINALIZER: &str = "warpline.dev/drain";
