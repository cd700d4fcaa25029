//! What is counted and measured, in Prometheus' terms: base units, and no label without a bound.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconciled {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    namespace: String,
    task_queue: String,
    build_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    namespace: String,
    schedule: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LeftOut {
    namespace: String,
    schedule: String,
    reason: &'static str,
}

/// The operator's metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    reconciles: Family<Reconciled, Counter>,
    reconcile_duration: Family<Kind, Histogram, fn() -> Histogram>,
    errors: Family<Failed, Counter>,
    compile_duration: Histogram,
    rollout_duration: Histogram,
    versions: Family<State, Gauge>,
    open_executions: Family<Version, Gauge>,
    scheduled_runs: Family<Run, Counter>,
    scheduled_runs_left_out: Family<LeftOut, Counter>,
    leader: Gauge,
}

/// From a millisecond to about 33 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Arc::new(Mutex::new(Registry::with_prefix("warpline"))),
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(seconds),
            errors: Family::default(),
            compile_duration: seconds(),
            rollout_duration: Histogram::new(exponential_buckets(0.25, 2.0, 16)),
            versions: Family::default(),
            open_executions: Family::default(),
            scheduled_runs: Family::default(),
            scheduled_runs_left_out: Family::default(),
            leader: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register("reconciles", "Reconciliations, by kind and how they ended", self.reconciles.clone());
        registry.register("reconcile_duration_seconds", "How long a reconciliation took", self.reconcile_duration.clone());
        registry.register("errors", "Reconciliations that failed, by kind and reason", self.errors.clone());
        registry.register(
            "compile_duration_seconds",
            "How long a definition took to compile and type-check",
            self.compile_duration.clone(),
        );
        registry.register(
            "rollout_duration_seconds",
            "From a version that is asked for to one that is current",
            self.rollout_duration.clone(),
        );
        registry.register("worker_versions", "Versions, by state", self.versions.clone());
        registry.register("open_executions", "Open executions, by version", self.open_executions.clone());
        registry.register("scheduled_runs", "Runs of schedules that ended, by result", self.scheduled_runs.clone());
        registry.register(
            "scheduled_runs_left_out",
            "Runs of schedules that were not made: missed by the server, or because one was still running",
            self.scheduled_runs_left_out.clone(),
        );
        registry.register("leader", "Whether this instance leads", self.leader.clone());
    }

    /// A reconciliation ended, with the reason where it failed.
    pub fn reconciled(&self, kind: &'static str, took: Duration, failed: Option<&'static str>) {
        let result = if failed.is_some() { "error" } else { "ok" };
        self.reconciles.get_or_create(&Reconciled { kind, result }).inc();
        self.reconcile_duration.get_or_create(&Kind { kind }).observe(took.as_secs_f64());
        if let Some(reason) = failed {
            self.errors.get_or_create(&Failed { kind, reason }).inc();
        }
    }

    /// A definition was compiled.
    pub fn compiled(&self, took: Duration) {
        self.compile_duration.observe(took.as_secs_f64());
    }

    /// A version became current, so many seconds after it was asked for.
    pub fn rollout(&self, seconds: f64) {
        self.rollout_duration.observe(seconds);
    }

    /// A run of a schedule ended.
    pub fn scheduled_run(&self, namespace: &str, schedule: &str, result: &'static str) {
        self.scheduled_runs.get_or_create(&Run { namespace: namespace.to_owned(), schedule: schedule.to_owned(), result }).inc();
    }

    /// So many more runs of a schedule were left out, because of `reason`.
    pub fn left_out(&self, namespace: &str, schedule: &str, reason: &'static str, more: i64) {
        if let Some(more) = u64::try_from(more).ok().filter(|more| *more > 0) {
            let left_out = LeftOut { namespace: namespace.to_owned(), schedule: schedule.to_owned(), reason };
            self.scheduled_runs_left_out.get_or_create(&left_out).inc_by(more);
        }
    }

    /// Whether this instance leads.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// The versions that there are: namespace, queue, build ID, state and open executions of each.
    pub fn versions(&self, versions: impl IntoIterator<Item = (String, String, String, &'static str, i64)>) {
        self.versions.clear();
        self.open_executions.clear();
        for (namespace, task_queue, build_id, state, open) in versions {
            self.versions.get_or_create(&State { state }).inc();
            self.open_executions.get_or_create(&Version { namespace, task_queue, build_id }).set(open);
        }
    }

    /// All of them, in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
