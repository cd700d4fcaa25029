//! Histories as lists of events with the server's times.

use serde_json::Value;
use std::time::Duration;
use warpline::temporal::History;

/// The events of one run: kind (without `EVENT_TYPE_`) and time since the epoch.
pub struct Events(Vec<(String, Duration)>);

impl Events {
    pub fn of(history: &History) -> Self {
        let history: Value = serde_json::from_str(&history.to_json().expect("a history in JSON")).expect("JSON");
        let event = |event: &Value| {
            let time: jiff::Timestamp = event["eventTime"].as_str().expect("a time").parse().expect("a time");
            let since = Duration::try_from(time.duration_since(jiff::Timestamp::UNIX_EPOCH)).expect("a time after 1970");
            (event["eventType"].as_str().expect("a type").trim_start_matches("EVENT_TYPE_").to_owned(), since)
        };
        Self(history["events"].as_array().expect("events").iter().map(event).collect())
    }

    /// From the first event of one kind to the first of another.
    pub fn between(&self, from: &str, to: &str) -> Duration {
        self.first(to).saturating_sub(self.first(from))
    }

    fn first(&self, kind: &str) -> Duration {
        self.0.iter().find(|(name, _)| name == kind).unwrap_or_else(|| panic!("no {kind} in the history")).1
    }

    /// The times of all events of a kind.
    pub fn all(&self, kind: &str) -> Vec<Duration> {
        self.0.iter().filter(|(name, _)| name == kind).map(|(_, time)| *time).collect()
    }

    pub fn duration(&self) -> Duration {
        self.0.last().expect("events").1.saturating_sub(self.0.first().expect("events").1)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many events there are beside workflow tasks, whose number depends on what happens to come together.
    pub fn work(&self) -> usize {
        self.0.iter().filter(|(name, _)| !name.starts_with("WORKFLOW_TASK")).count()
    }
}
