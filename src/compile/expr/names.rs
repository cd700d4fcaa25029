//! The names that expressions and helpers may use beside what is in scope, and those that are refused, each with the
//! way to do it. Depends on nothing.

/// The globals of JavaScript, the runtime's `uuid4` and `workflowInfo` included, that every expression may use.
pub const GLOBALS: &[&str] = &[
    "Array",
    "Boolean",
    "Date",
    "Error",
    "Infinity",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "RegExp",
    "Set",
    "String",
    "decodeURIComponent",
    "encodeURIComponent",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "structuredClone",
    "undefined",
    "uuid4",
    "workflowInfo",
];

const OUTSIDE: &str = "a workflow reaches the outside world only by activities: do it in an activity and use its result";
const CODE: &str = "code that is made at run time cannot be checked or replayed: write a helper";
const TIME: &str = "use a `timer` node to sleep, or a `wait` node to wait for a condition";
const GLOBAL: &str = "name what you need directly: the globals that may be used are in the reference of the language";
pub(super) const ASYNC: &str = "results of activities are already awaited; use a `parallel` node for work at the same time";

/// Global names that have no place in a workflow, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("Atomics", GLOBAL),
    ("BroadcastChannel", OUTSIDE),
    ("Buffer", "do it in an activity, or use strings"),
    ("EventSource", OUTSIDE),
    ("FinalizationRegistry", "when it runs depends on the garbage collector: leave it out"),
    ("Function", CODE),
    ("Intl", "its data differ between machines: format in an activity"),
    ("Promise", ASYNC),
    ("Proxy", GLOBAL),
    ("Reflect", GLOBAL),
    ("SharedArrayBuffer", GLOBAL),
    ("WeakRef", "when it is cleared depends on the garbage collector: leave it out"),
    ("WebAssembly", OUTSIDE),
    ("WebSocket", OUTSIDE),
    ("Worker", OUTSIDE),
    ("XMLHttpRequest", OUTSIDE),
    ("__dirname", OUTSIDE),
    ("__filename", OUTSIDE),
    ("arguments", "name the parameters"),
    ("clearInterval", TIME),
    ("clearTimeout", TIME),
    ("console", "the history shows every step; log in an activity"),
    ("crypto", "`crypto.randomUUID()` and `uuid4()` give a deterministic UUID; for anything else use an activity"),
    ("document", OUTSIDE),
    ("eval", CODE),
    ("exports", "leave it out: what is exported is decided by the compiler"),
    ("fetch", OUTSIDE),
    ("global", GLOBAL),
    ("globalThis", GLOBAL),
    ("import", "put the code in an activity, or write a helper"),
    ("localStorage", "keep it in the state"),
    ("module", "leave it out: what is exported is decided by the compiler"),
    ("navigator", OUTSIDE),
    ("performance", "use `Date.now()`: the workflow's time"),
    ("process", "pass it in the workflow's input, or read it in an activity"),
    ("queueMicrotask", ASYNC),
    ("require", "put the code in an activity, or write a helper"),
    ("self", GLOBAL),
    ("sessionStorage", "keep it in the state"),
    ("setImmediate", TIME),
    ("setInterval", TIME),
    ("setTimeout", TIME),
    ("window", GLOBAL),
];

/// Properties that lead from a value to the code that made it.
const REFUSED_MEMBERS: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "caller",
    "callee",
    "constructor",
    "getOwnPropertyDescriptor",
    "getOwnPropertyDescriptors",
    "getPrototypeOf",
    "prototype",
    "setPrototypeOf",
];

/// What to do instead of using the global `name`, if it is one that is refused.
pub(super) fn advice(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, advice)| *advice)
}

/// Whether `name` is a global that every expression may use.
pub(super) fn is_global(name: &str) -> bool {
    GLOBALS.contains(&name)
}

/// Whether the property `name` may not be used on any value.
pub(super) fn is_refused_member(name: &str) -> bool {
    REFUSED_MEMBERS.contains(&name)
}
