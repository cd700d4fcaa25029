//! The stable codes of diagnostics. A code is never reused for another meaning, and never renumbered.
//! W00xx files and documents, W01xx the graph, W02xx fields, W03xx expressions, W04xx names and activities,
//! W05xx types, W06xx long runs and schedules.

use std::fmt;

/// A diagnostic's stable identity, such as `W0104`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Self = Self($code);)*

            /// Every code with its title, in order.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $title)),*];
        }
    };
}

codes! {
    SYNTAX = "W0001", "The file is not YAML or JSON.";
    SHAPE = "W0002", "A value has another type than its field takes.";
    UNKNOWN_KIND = "W0003", "The document is neither a Workflow, an ActivityModule nor a builder's export.";
    MISSING_FIELD = "W0004", "A required field is missing.";
    DUPLICATE_OBJECT = "W0005", "Two documents define one object, workflow type or activity module.";
    UNREADABLE = "W0006", "A file that the document names cannot be read.";

    DUPLICATE_ID = "W0101", "Two nodes or edges have one id.";
    DANGLING_EDGE = "W0102", "An edge leads from or to a node that does not exist.";
    NO_TRIGGER = "W0103", "The definition has no trigger, or more than one.";
    UNREACHABLE = "W0104", "No path leads from the trigger to the node.";
    CYCLE = "W0105", "The edges form a cycle that nothing leads out of, or that is entered in two places.";
    CROSSING_EDGE = "W0106", "An edge crosses the border of a container.";
    RACING_EDGES = "W0107", "Two edges of one node could be taken at once.";
    BRANCH_HANDLE = "W0108", "An edge of a condition does not say which side it is.";
    CONTAINER = "W0109", "A container is empty, not a container, inside itself, or has no single first node.";
    JUMP = "W0110", "A skipTo does not lead forward to a node of the same container.";

    UNKNOWN_TYPE = "W0201", "The node's type is unknown.";
    UNKNOWN_FIELD = "W0202", "The field is unknown.";
    INVALID_VALUE = "W0203", "The value is not one that the field takes.";
    CONFLICT = "W0204", "Two fields contradict each other.";

    EXPRESSION = "W0301", "The expression cannot be parsed.";
    UNKNOWN_NAME = "W0302", "The name is unknown here.";
    FORBIDDEN = "W0303", "The construct is not allowed in an expression or helper.";
    AMBIGUOUS_RESULT = "W0304", "`result` could be the value of more than one node, or of none.";
    TYPE_SYNTAX = "W0305", "The type or helper cannot be parsed.";
    TARGET = "W0306", "The target is not a place in the state.";

    UNKNOWN_ACTIVITY = "W0401", "No ActivityModule has the activity.";
    AMBIGUOUS_ACTIVITY = "W0402", "Two ActivityModules have the activity.";
    MISSING_ARGUMENT = "W0403", "An argument is not given and cannot be found by its name.";
    UNKNOWN_WORKFLOW = "W0404", "No Workflow has the workflow type.";
    UNKNOWN_SIGNAL = "W0405", "The signal or query is not declared.";
    NAME_TAKEN = "W0406", "The name is already taken.";

    TYPE = "W0501", "A type error in a definition.";
    TYPE_GENERATED = "W0502", "A type error in generated code that no expression of the definition explains.";
    SIGNATURE = "W0503", "A signature that a module declares, which its package's activity does not have.";

    CARRY = "W0601", "The state holds something that continue-as-new cannot carry.";
    CRON = "W0602", "The schedule is not valid, or runs at other times than it seems.";
}
