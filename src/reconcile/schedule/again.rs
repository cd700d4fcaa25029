//! When the server is asked about a schedule again: by the schedule's own times, and while something is awaited, never by a beat of ours.

use super::{Pass, SLOWLY, SOON};
use crate::api::ScheduleStatus;
use crate::plan::schedule::{Kept, Server, Standing};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long after a start we ask how it is: servers are a moment late.
const AFTER_START: Duration = Duration::from_secs(2);
/// One schedule is asked about no oftener than in this time.
const ONE: Duration = Duration::from_secs(5);
/// Those that wait for the same (an end, or the server) are asked about no oftener than so many times a second, all together. What is due is no such
/// thing: a run costs what it costs.
const LOOKS_PER_SECOND: usize = 20;

/// What is awaited of the schedules, so that a look knows what earlier ones were for.
#[derive(Default)]
pub struct Awaited(Mutex<HashMap<String, Waits>>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Waits {
    /// For an execution to end.
    end: bool,
    /// For the server to notice that this time has come.
    due: Option<Timestamp>,
}

impl Awaited {
    /// What was awaited of a schedule.
    fn of(&self, schedule: &str) -> Waits {
        self.all().get(schedule).copied().unwrap_or_default()
    }

    /// Remembers it; of how many schedules something is awaited.
    fn remember(&self, schedule: &str, waits: Waits) -> usize {
        let mut all = self.all();
        if waits == Waits::default() {
            all.remove(schedule);
        } else {
            all.insert(schedule.to_owned(), waits);
        }
        all.len()
    }

    /// The schedule is no more.
    pub(super) fn forget(&self, schedule: &str) {
        self.all().remove(schedule);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Waits>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When to ask again: a moment after the next run, while something runs a quarter of its time so far later, else seldom.
pub(super) fn again(pass: &Pass<'_>, standing: &Standing) -> Duration {
    let crowd = |many: usize| Duration::from_secs(u64::try_from(many / LOOKS_PER_SECOND).unwrap_or(u64::MAX));
    let soon = || SOON.max(crowd(pass.context.stores.schedules.len()));
    match standing {
        // A watch tells when the Workflow or the spec changes.
        Standing::Waits(_) | Standing::Invalid(_) | Standing::WrongInput(_) if pass.server.is_none() => return SLOWLY,
        Standing::InputUnknown(_) | Standing::Unreachable(_, true) => return soon(),
        Standing::Unreachable(_, false) | Standing::Taken(_) => return SLOWLY / 2,
        _ => {}
    }
    let Some(server) = &pass.server else { return SLOWLY };
    if !pass.left.is_empty() {
        return soon();
    }
    if pass.has_asked {
        return ONE;
    }
    let (now, name, awaited) = (Timestamp::now(), pass.schedule.full_name(), &pass.context.awaited);
    let is_on = !server.paused && !matches!(standing, Standing::Kept(Kept::Ended(_)));
    let waits = waits(server, &pass.last, awaited.of(&name), now, is_on);
    let others = awaited.remember(&name, waits);
    next_look(server, waits, now, is_on).max(crowd(if waits == Waits::default() { 0 } else { others })).max(ONE)
}

/// What is awaited, by what the server tells, what it told last, and what was awaited then.
fn waits(server: &Server, last: &ScheduleStatus, before: Waits, now: Timestamp, is_on: bool) -> Waits {
    let newest = |times: &mut dyn Iterator<Item = Timestamp>| times.filter(|time| *time <= now).max();
    // Its next times begin where it has come to.
    let unnoticed = newest(&mut server.next.iter().copied());
    let was_due = newest(&mut last.next_runs.iter().map(|time| time.0)).or(before.due);
    let told = (last.runs, last.missed_catchup, last.skipped_overlap);
    let is_as_told = told == (server.taken, server.missed, server.skipped) && server.buffered == 0;
    let due = unnoticed.or(was_due.filter(|_| is_as_told)).filter(|_| is_on);
    Waits { end: is_begun(server) || server.buffered > 0, due }
}

/// Whether an execution runs.
fn is_begun(server: &Server) -> bool {
    server.running > 0 || server.runs.last().is_some_and(|run| run.result == "Running")
}

fn next_look(server: &Server, waits: Waits, now: Timestamp, is_on: bool) -> Duration {
    let until = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
    let a_quarter_more = |since: Timestamp| (Duration::try_from(now.duration_since(since)).unwrap_or_default() / 4).max(AFTER_START);
    let upcoming = server.next.iter().find(|time| **time > now).filter(|_| is_on);
    let end = server.runs.last().filter(|_| waits.end).map(|run| {
        // What waits for nothing begins at once.
        if is_begun(server) { a_quarter_more(run.time) } else { AFTER_START }
    });
    [upcoming.map(|time| until(*time) + AFTER_START), waits.due.map(a_quarter_more), end].into_iter().flatten().fold(SLOWLY, Duration::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schedule::Run;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    const NOW: i64 = 1_000_000;

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW + seconds).unwrap()
    }

    fn run(seconds: i64, result: &'static str) -> Run {
        Run { time: second(seconds), workflow_id: String::new(), run_id: String::new(), result, error: None }
    }

    /// In how many seconds it is asked, after it was asked once and told `last`.
    fn look(server: &Server, last: &ScheduleStatus, before: Waits) -> u64 {
        let is_on = !server.paused;
        next_look(server, waits(server, last, before, second(0), is_on), second(0), is_on).as_secs()
    }

    #[test]
    fn it_is_asked_after_runs_and_seldom_otherwise() {
        let asked = |server: &Server| look(server, &ScheduleStatus::default(), Waits::default());
        assert_eq!(asked(&Server::default()), 600);
        let due = Server { next: vec![second(60)], runs: vec![run(-100, "Completed")], ..Server::default() };
        assert_eq!(asked(&due), 62);
        assert_eq!(asked(&Server { paused: true, ..due.clone() }), 600);
        assert_eq!(asked(&Server { runs: vec![run(-1, "Running")], ..due.clone() }), 2);
        assert_eq!(asked(&Server { runs: vec![run(-100, "Running")], ..due.clone() }), 25);
        assert_eq!(asked(&Server { runs: vec![run(-86_400, "Running")], ..due.clone() }), 62);
        assert_eq!(asked(&Server { buffered: 1, ..due }), 2);
    }

    #[test]
    fn a_server_that_is_late_is_asked_again_soon_and_then_less_and_less() {
        let ended = ScheduleStatus { runs: 7, next_runs: vec![Time(second(-2)), Time(second(298))], ..ScheduleStatus::default() };
        let nothing_yet = Server { taken: 7, next: vec![second(298)], runs: vec![run(-302, "Completed")], ..Server::default() };
        assert_eq!(look(&nothing_yet, &ended, Waits::default()), 2, "it was due two seconds ago, and nothing of it is to be seen");
        let come_to = Server { next: vec![second(-80), second(220)], ..nothing_yet.clone() };
        assert_eq!(look(&come_to, &ScheduleStatus::default(), Waits::default()), 20, "its next times begin where it has come to");
        // The status no longer says what was due.
        let later = ScheduleStatus { next_runs: vec![Time(second(298))], ..ended.clone() };
        let before = Waits { due: Some(second(-40)), ..Waits::default() };
        assert_eq!(look(&nothing_yet, &later, before), 10);
        let begun = Server { taken: 8, runs: vec![run(-2, "Running")], ..nothing_yet.clone() };
        assert_eq!(waits(&begun, &ended, before, second(0), true), Waits { end: true, due: None });
        let skipped = Server { skipped: 1, ..nothing_yet };
        assert_eq!(waits(&skipped, &ended, before, second(0), true), Waits::default());
    }

    #[test]
    fn many_that_wait_are_counted_once_each() {
        let (awaited, waits) = (Awaited::default(), Waits { end: true, due: None });
        assert_eq!((awaited.remember("a", waits), awaited.remember("b", waits), awaited.remember("a", waits)), (1, 2, 2));
        assert_eq!(awaited.remember("a", Waits::default()), 1);
        awaited.forget("b");
        assert_eq!(awaited.remember("c", waits), 1);
    }
}
