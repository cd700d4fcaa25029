//! The node types: one file for each that makes code, and the table of all of them. To add one, see CONTRIBUTING.md.
//! A file here reads the node's config and pushes statements; it depends on `lower` for everything that spans nodes.

mod activity;
mod checkpoint;
mod child_workflow;
mod coordinator_retry;
mod exit;
mod loops;
mod parallel;
mod parallel_coordinator;
mod phase;
mod problem;
mod retry;
mod signal_external;
mod signals;
mod state_updates;
mod timer;
mod trigger;
mod wait;

pub(super) use checkpoint::Limits;
pub(super) use loops::each;
pub(super) use parallel_coordinator::new_trigger;
pub(super) use signals::{constant_name, handlers};
pub(super) use state_updates::{StateVariable, cleanup_updates, state_variable};
pub use trigger::TriggerSchedule;
pub(super) use trigger::schedule;

use super::lower::Lower;
use super::lower::mark;
use super::ts::{Stmt, walk};

macro_rules! kinds {
    ($($kind:ident = $($name:literal)|+, $doc:literal;)*) => {
        /// The type of a node.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $doc] $kind,)*
        }

        impl Kind {
            /// The type that is called `name` in a definition.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($($name)|+ => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// Every name of a type.
            pub fn names() -> impl Iterator<Item = &'static str> {
                [$($($name),+),*].into_iter()
            }
        }
    };
}

kinds! {
    Trigger = "trigger", "Where the workflow begins.";
    Activity = "activity", "Calls an activity.";
    Condition = "condition", "Decides between two ways on.";
    Exit = "exit", "Ends the workflow with a value or an error.";
    Loop = "loop", "Repeats its inside, while a condition holds or for each item.";
    Phase = "phase", "Groups nodes, and says what an error in them means.";
    Retry = "retry", "Repeats its inside until it succeeds.";
    CoordinatorRetry = "coordinator-retry", "Repeats an activity, with a child workflow that remedies each failure.";
    ParallelCoordinator = "parallel-coordinator", "Runs child workflows, a bounded number at once, as they become ready.";
    Parallel = "parallel", "Does its branches at once.";
    ChildWorkflow = "child-workflow", "Runs or starts another workflow.";
    Signal = "signal" | "signal-handler", "Says what a signal does.";
    Query = "query", "Says what a query answers.";
    SignalExternal = "signal-external-workflow", "Signals a running workflow.";
    StateVariable = "state-variable", "Gives the state, or a field of it, a value.";
    StateMutation = "state-mutation", "Changes a place in the state.";
    StateTransform = "state-transform", "Computes a place in the state anew.";
    Checkpoint = "continue-as-new-checkpoint", "Continues as a new execution when the history has grown long.";
    Timer = "timer", "Sleeps.";
    Wait = "wait", "Waits until the state fulfils a condition.";
}

impl Kind {
    /// Whether nodes can be inside a node of this type.
    #[must_use]
    pub fn is_container(self) -> bool {
        matches!(self, Self::Loop | Self::Phase | Self::Retry | Self::Parallel | Self::ParallelCoordinator)
    }

    /// Whether a node of this type only declares something, and may stand anywhere without edges.
    #[must_use]
    pub fn is_declaration(self) -> bool {
        matches!(self, Self::Signal | Self::Query)
    }

    /// Whether a node of this type has a value that later nodes may use.
    #[must_use]
    pub fn has_value(self) -> bool {
        matches!(
            self,
            Self::Activity | Self::CoordinatorRetry | Self::ChildWorkflow | Self::Wait | Self::Retry | Self::Parallel | Self::Phase
        )
    }

    /// Whether a node of this type may stand between state variables that make the first state: it does nothing, and changes nothing.
    #[must_use]
    pub fn precedes_state(self) -> bool {
        matches!(self, Self::Trigger | Self::Signal | Self::Query | Self::StateVariable)
    }
}

/// Pushes the code of node `at`.
pub(super) fn lower(cx: &mut Lower, at: usize, out: &mut Vec<Stmt>) {
    let Some(kind) = cx.graph.kinds.get(at).copied().flatten() else {
        // Its type is unknown and was reported; what it would have given is not held against later nodes.
        cx.bind_unknown(at);
        return;
    };
    let before = out.len();
    match kind {
        Kind::Activity => activity::lower(cx, at, out),
        Kind::Exit => exit::lower(cx, at, out),
        Kind::Loop => loops::lower(cx, at, out),
        Kind::Phase => phase::lower(cx, at, out),
        Kind::Retry => retry::lower(cx, at, out),
        Kind::CoordinatorRetry => coordinator_retry::lower(cx, at, out),
        Kind::ParallelCoordinator => parallel_coordinator::lower(cx, at, out),
        Kind::Parallel => parallel::lower(cx, at, out),
        Kind::ChildWorkflow => child_workflow::lower(cx, at, out),
        Kind::SignalExternal => signal_external::lower(cx, at, out),
        Kind::StateVariable => state_updates::lower_variable(cx, at, out),
        Kind::StateMutation => state_updates::lower_mutation(cx, at, out),
        Kind::StateTransform => state_updates::lower_transform(cx, at, out),
        Kind::Checkpoint => checkpoint::lower(cx, at, out),
        Kind::Timer => timer::lower(cx, at, out),
        Kind::Wait => wait::lower(cx, at, out),
        // Read where the function begins: they are no steps.
        Kind::Trigger | Kind::Condition | Kind::Signal | Kind::Query => {}
    }
    let node = cx.node(at);
    let whole = cx.sources.borrow_mut().add(&node.path, Some(&node.id), "").whole();
    // What runs leads back to the node also where no string of the definition says it: an activity is called, a timer started.
    out[before..].iter_mut().for_each(|stmt| walk::statement_mut(stmt, &mut |expr| walk::calls_from(expr, whole)));
    mark(at, kind, before, out);
}
