//! Asking executions to come to their end: by the signal that their own code has for that.
//! Pure.

use super::{Fleet, Seen, Verdict};

/// Whether a workflow's script has a handler of that signal. Scripts are what our own compiler prints.
#[must_use]
pub fn takes_signal(script: &str, signal: &str) -> bool {
    let quoted = serde_json::to_string(signal).unwrap_or_default();
    let single = format!("'{}'", signal.replace('\\', "\\\\").replace('\'', "\\'"));
    [quoted, single].iter().any(|name| script.contains(&format!("defineSignal({name})")))
}

/// What is to be done with an execution. `takes` is whether its version's code has a handler of the signal, none where that is not known; `is_named`
/// whether somebody named the execution or its version.
#[must_use]
pub fn drained(seen: &Seen, fleet: &Fleet, signal: &str, takes: Option<bool>, is_named: bool) -> Verdict {
    let Some(build_id) = &seen.build_id else { return Verdict::Nothing("no task of it is done yet".to_owned()) };
    if fleet.current.as_ref() == Some(build_id) && !is_named {
        return Verdict::Nothing("it is on the current version; name it, or the version, to drain it all the same".to_owned());
    }
    match takes {
        Some(true) => Verdict::Do(format!("is sent the signal `{signal}`")),
        Some(false) => Verdict::Refused(format!(
            "version {build_id} of {} has no signal `{signal}`: it ends by itself; name another with --signal, or move it",
            seen.workflow_type
        )),
        None => Verdict::Refused(format!(
            "the code of version {build_id} is not here, so nobody knows whether it takes the signal `{signal}`; nothing serves it either"
        )),
    }
}
