//! The way back: an earlier version takes new executions in the target's place, as long as a user asks for it.
//! Pure; uses the types of its room.

use super::progress::rest;
use super::{Advance, Observed, Routing, Standing, Version, Word};

/// What comes next, where `to` is to serve and the definitions ask for `target`.
pub(super) fn advance(observed: &Observed, target: &str, to: &str) -> Advance {
    let (routing, standing) = match observed.version(to) {
        None => (None, Standing::Stuck(impossible(to))),
        Some(version) => next(observed, version, target),
    };
    Advance { routing, ..rest(None, standing) }
}

fn next(observed: &Observed, version: &Version, target: &str) -> (Option<Routing>, Standing) {
    let to = version.build_id.as_str();
    let waits = |message: String| Standing::Waits(Word::new("RollingBack", message));
    if observed.ramping().is_some() {
        return (Some(Routing::ClearRamp), waits(format!("no new execution begins on version {target} any more")));
    }
    if observed.current() == Some(to) {
        let message = format!(
            "new executions begin on version {to} in place of {target}, as the annotation warpline.dev/rollback asks; change the definition, or remove the annotation to go on to {target}"
        );
        return (None, Standing::Stuck(Word::new("RolledBack", message)));
    }
    let wanted = observed.policy.replicas.max(1);
    if version.pods.wanted.is_none() || version.pods.ready < wanted {
        let count = format!("{} of {wanted} pods of version {to} are ready", version.pods.ready);
        return (
            None,
            match &version.pods.problem {
                Some((reason, message)) => Standing::Stuck(Word::new(reason, format!("{count}: {message}"))),
                None => waits(count),
            },
        );
    }
    if let Some(other) = &version.waits_for {
        return (None, waits(format!("version {to} waits: {other}")));
    }
    if version.server.is_none() {
        return (None, waits(format!("waits until Temporal knows the workers of version {to}")));
    }
    (Some(Routing::Current(Some(to.to_owned()))), waits(format!("version {to} becomes current")))
}

fn impossible(to: &str) -> Word {
    let message = format!(
        "there is no version {to} any more to go back to: name another one in warpline.dev/rollback (warpline versions shows them), or apply its definitions again, which make the same version"
    );
    Word::new("RollbackImpossible", message)
}
