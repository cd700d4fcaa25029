//! Attempts of activities. History tells of them only when the activity is over; while it goes on the server's
//! description does. Both come together here, so that each attempt and each failure is told once. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;

use super::super::Failure;
use super::event::{Activity, What};

/// Open activities of a run, by ID, and what was told of each.
#[derive(Default)]
pub(super) struct Pending {
    open: BTreeMap<String, Told>,
}

struct Told {
    activity: Activity,
    /// The last attempt of which we said that it started.
    started: u32,
    /// The last attempt of which we said that it failed.
    failed: u32,
}

impl Pending {
    /// Whether an activity is open.
    pub(super) fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// An activity was scheduled.
    pub(super) fn opened(&mut self, activity: &Activity) {
        self.open.insert(activity.id.clone(), Told { activity: activity.clone(), started: 0, failed: 0 });
    }

    /// History tells that attempt `attempt` started, after the one before failed with `failure`.
    pub(super) fn started(&mut self, activity: &Activity, attempt: u32, failure: Option<Failure>) -> Vec<What> {
        let Some(told) = self.open.get_mut(&activity.id) else { return Vec::new() };
        let mut whats = Vec::new();
        if let Some(failure) = failure {
            told.tell_failure(attempt.saturating_sub(1), None, failure, None, &mut whats);
        }
        told.tell_start(attempt, &mut whats);
        whats
    }

    /// The activity is over; its last attempt (0 when none began).
    pub(super) fn closed(&mut self, activity: &Activity) -> u32 {
        self.open.remove(&activity.id).map_or(0, |told| told.started)
    }

    /// The server describes its open activities: what is new in that, and when it was, where the server says so.
    pub(super) fn described(&mut self, infos: &[PendingActivityInfo]) -> Vec<(Option<Timestamp>, What)> {
        let mut told_now = Vec::new();
        for info in infos {
            // Not yet read in the history: the next look tells.
            let Some(told) = self.open.get_mut(&info.activity_id) else { continue };
            let attempt = u32::try_from(info.attempt).unwrap_or(1);
            let mut whats = Vec::new();
            if let Some(failure) = &info.last_failure {
                let maximum = u32::try_from(info.maximum_attempts).ok().filter(|&maximum| maximum > 0);
                let next_in = info.current_retry_interval.and_then(|interval| interval.try_into().ok());
                told.tell_failure(attempt.saturating_sub(1), maximum, Failure::read(failure), next_in, &mut whats);
                let time = info.last_attempt_complete_time.and_then(|time| timestamp(time.seconds, time.nanos));
                told_now.extend(whats.drain(..).map(|what| (time, what)));
            }
            if matches!(info.state(), PendingActivityState::Started | PendingActivityState::CancelRequested) {
                told.tell_start(attempt, &mut whats);
                let time = info.last_started_time.and_then(|time| timestamp(time.seconds, time.nanos));
                told_now.extend(whats.into_iter().map(|what| (time, what)));
            }
        }
        told_now
    }
}

impl Told {
    fn tell_failure(
        &mut self,
        attempt: u32,
        maximum_attempts: Option<u32>,
        failure: Failure,
        next_in: Option<Duration>,
        whats: &mut Vec<What>,
    ) {
        if attempt > self.failed {
            self.failed = attempt;
            self.started = self.started.max(attempt);
            whats.push(What::ActivityRetrying { activity: self.activity.clone(), attempt, maximum_attempts, failure, next_in });
        }
    }

    fn tell_start(&mut self, attempt: u32, whats: &mut Vec<What>) {
        if attempt > self.started {
            self.started = attempt;
            whats.push(What::ActivityStarted { activity: self.activity.clone(), attempt });
        }
    }
}

/// A time of the server's.
pub(super) fn timestamp(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Timestamp::new(seconds, nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::failure::v1 as proto;

    fn info(attempt: i32, state: PendingActivityState, failure: Option<&str>) -> PendingActivityInfo {
        let last_failure = failure.map(|message| proto::Failure { message: message.to_owned(), ..Default::default() });
        PendingActivityInfo { activity_id: "1".to_owned(), attempt, state: state.into(), last_failure, ..Default::default() }
    }

    fn words(whats: &[What]) -> Vec<String> {
        let word = |what: &What| match what {
            What::ActivityStarted { attempt, .. } => format!("start {attempt}"),
            What::ActivityRetrying { attempt, failure, .. } => format!("fail {attempt} {failure}"),
            other => format!("{other:?}"),
        };
        whats.iter().map(word).collect()
    }

    fn described(pending: &mut Pending, infos: &[PendingActivityInfo]) -> Vec<String> {
        words(&pending.described(infos).into_iter().map(|(_, what)| what).collect::<Vec<_>>())
    }

    #[test]
    fn each_attempt_and_failure_is_told_once() {
        let activity = Activity { id: "1".to_owned(), name: "build".to_owned(), summary: None };
        let mut pending = Pending::default();
        assert_eq!(described(&mut pending, &[info(1, PendingActivityState::Started, None)]), [""; 0]);
        pending.opened(&activity);
        assert_eq!(described(&mut pending, &[info(1, PendingActivityState::Scheduled, None)]), [""; 0]);
        assert_eq!(described(&mut pending, &[info(1, PendingActivityState::Started, None)]), ["start 1"]);
        let waiting = info(2, PendingActivityState::Scheduled, Some("one"));
        assert_eq!(described(&mut pending, std::slice::from_ref(&waiting)), ["fail 1 one"]);
        assert_eq!(described(&mut pending, &[waiting]), [""; 0]);
        assert_eq!(described(&mut pending, &[info(3, PendingActivityState::Started, Some("two"))]), ["fail 2 two", "start 3"]);
        assert_eq!(words(&pending.started(&activity, 3, Some(Failure::read(&proto::Failure::default())))), [""; 0]);
        assert_eq!(pending.closed(&activity), 3);
        assert!(!pending.any());
    }

    #[test]
    fn history_alone_tells_the_last_failure() {
        let activity = Activity { id: "1".to_owned(), name: "build".to_owned(), summary: None };
        let mut pending = Pending::default();
        pending.opened(&activity);
        let failure = Failure::read(&proto::Failure { message: "one".to_owned(), ..Default::default() });
        assert_eq!(words(&pending.started(&activity, 2, Some(failure))), ["fail 1 one", "start 2"]);
    }
}
