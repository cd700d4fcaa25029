//! Names of objects that belong to others: readable, within Kubernetes' limits, never one for two.
//! Depends on `version`'s digest only.

use crate::version;

/// The longest value of a label, which is also the longest name of a Deployment's pods' owner.
const LABEL: usize = 63;

/// The name of a version of a queue: the queue's name, shortened where it must be, and the build ID.
#[must_use]
pub fn version_name(task_queue: &str, build_id: &str) -> String {
    shortened(task_queue, build_id, LABEL - 8)
}

/// The name of a version's ConfigMap of that number, from 0.
#[must_use]
pub fn config_map_name(version: &str, number: usize) -> String {
    format!("{version}-{number}")
}

/// A value of a label that stands for `text`.
pub(super) fn label(text: &str) -> String {
    if text.len() <= LABEL { text.to_owned() } else { shortened(text, &digest(text), LABEL) }
}

fn shortened(head: &str, tail: &str, longest: usize) -> String {
    let room = longest.saturating_sub(tail.len() + 1);
    if head.len() <= room {
        return format!("{head}-{tail}");
    }
    let mark = digest(head);
    let kept: String = head.chars().take(room.saturating_sub(mark.len() + 1)).collect();
    format!("{}-{mark}-{tail}", kept.trim_end_matches(['-', '.']))
}

fn digest(text: &str) -> String {
    version::digest([("name", text.as_bytes())]).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        assert_eq!(version_name("engine", "0123456789abcdef"), "engine-0123456789abcdef");
        let long = |end: &str| version_name(&format!("{}{end}", "q".repeat(200)), "0123456789abcdef");
        assert!(long("a").len() <= LABEL - 8);
        assert_ne!(long("a"), long("b"));
        assert!(label(&"x".repeat(253)).len() <= LABEL);
    }
}
