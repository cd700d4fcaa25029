//! Events as Kubernetes' first API group has them, by which `kubectl describe` finds them: the same objects by older names of their fields.
//! Pure.

use super::kinds::Kind;
use serde_json::{Value, json};

/// The kind.
pub fn kind() -> Kind {
    let column = |name: &str, path: &str| (name.to_owned(), "string".to_owned(), path.to_owned());
    Kind {
        version: "v1".to_owned(),
        plural: "events".to_owned(),
        kind: "Event".to_owned(),
        namespaced: true,
        columns: vec![
            column("Last Seen", ".lastTimestamp"),
            column("Type", ".type"),
            column("Reason", ".reason"),
            column("Object", ".involvedObject.name"),
            column("Message", ".message"),
        ],
        ..Kind::default()
    }
}

/// An event by the older names.
pub fn older(event: &Value) -> Value {
    let (time, series) = (&event["eventTime"], &event["series"]);
    let last = series.get("lastObservedTime").unwrap_or(time);
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": event["metadata"],
        "involvedObject": event["regarding"], "message": event["note"], "reason": event["reason"], "type": event["type"],
        "count": series.get("count").cloned().unwrap_or(json!(1)),
        "firstTimestamp": seconds(time), "lastTimestamp": seconds(last), "eventTime": time,
        "source": {"component": event["reportingController"]},
        "reportingComponent": event["reportingController"], "reportingInstance": event["reportingInstance"],
    })
}

/// A time without the fraction of its second, which times of that kind don't have.
fn seconds(time: &Value) -> Value {
    time.as_str().and_then(|time| time.split_once('.')).map_or_else(|| time.clone(), |(seconds, _)| json!(format!("{seconds}Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_two_forms() {
        let event = json!({"metadata": {"name": "e"}, "regarding": {"name": "o"}, "note": "said", "reason": "R", "type": "Normal", "eventTime": "2026-01-01T00:00:00.123456Z", "series": {"count": 3}});
        let older = older(&event);
        assert_eq!((&older["involvedObject"]["name"], &older["message"], &older["count"]), (&json!("o"), &json!("said"), &json!(3)));
        assert_eq!(older["lastTimestamp"], "2026-01-01T00:00:00Z");
    }
}
