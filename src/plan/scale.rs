//! How many pods serve a queue that scales by itself: from what waits in it, up at once, down slowly.
//! Pure; knows only numbers.

use jiff::Timestamp;
use std::time::Duration;

/// Between what numbers, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// The fewest pods.
    pub min: i32,
    /// The most pods.
    pub max: i32,
    /// For how many waiting tasks there is to be a pod.
    pub backlog_per_pod: i64,
    /// How long fewer pods must be enough before one of them goes.
    pub scale_down_delay: Duration,
}

/// What the server says of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// How many tasks wait for a worker.
    pub backlog: i64,
    /// Whether no task came or was handed out lately.
    pub is_quiet: bool,
}

/// How many pods there are to be, and what is remembered for the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaled {
    /// The pods.
    pub replicas: i32,
    /// Since when fewer would do.
    pub quiet_since: Option<Timestamp>,
}

/// The pods that there are to be now. `last` is what was decided at the last look; where the server does not answer (`load` is none) it stays so.
#[must_use]
pub fn scale(now: Timestamp, scaling: &Scaling, last: Option<Scaled>, load: Option<Load>) -> Scaled {
    let max = scaling.max.max(scaling.min);
    let last = last.unwrap_or(Scaled { replicas: scaling.min, quiet_since: None });
    let held = last.replicas.clamp(scaling.min, max);
    let Some(load) = load else { return Scaled { replicas: held, ..last } };
    let pods = load.backlog.max(0).unsigned_abs().div_ceil(scaling.backlog_per_pod.max(1).unsigned_abs());
    let wanted = i32::try_from(pods).unwrap_or(i32::MAX).clamp(scaling.min, max);
    if wanted >= held {
        return Scaled { replicas: wanted, quiet_since: None };
    }
    // The last pod may be at work on what waits no more: it goes only when nothing comes.
    let lowest = if load.is_quiet { wanted } else { wanted.max(1) };
    if lowest >= held {
        return Scaled { replicas: held, quiet_since: None };
    }
    let since = last.quiet_since.unwrap_or(now);
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO);
    if passed < scaling.scale_down_delay {
        return Scaled { replicas: held, quiet_since: Some(since) };
    }
    Scaled { replicas: held - 1, quiet_since: Some(now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCALING: Scaling = Scaling { min: 0, max: 4, backlog_per_pod: 10, scale_down_delay: Duration::from_secs(60) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn waiting(backlog: i64) -> Option<Load> {
        Some(Load { backlog, is_quiet: false })
    }

    const QUIET: Option<Load> = Some(Load { backlog: 0, is_quiet: true });

    #[test]
    fn pods_come_at_once_and_go_one_by_one() {
        let table = [
            // second, load, pods
            (0, QUIET, 0),
            (10, waiting(1), 1),
            (20, waiting(25), 3),
            (30, waiting(1000), 4),
            (40, None, 4),
            (50, waiting(5), 4),
            (109, waiting(5), 4),
            (110, waiting(5), 3),
            (120, waiting(31), 4),
            (130, waiting(0), 4),
            (190, waiting(0), 3),
            (250, waiting(0), 2),
            (310, waiting(0), 1),
            // Something is still handed out: the last pod stays.
            (900, waiting(0), 1),
            (910, QUIET, 1),
            (970, QUIET, 0),
        ];
        let mut last = None;
        for (second, load, pods) in table {
            let scaled = scale(at(second), &SCALING, last, load);
            assert_eq!(scaled.replicas, pods, "at {second}");
            last = Some(scaled);
        }
    }

    proptest! {
        #[test]
        fn it_stays_between_its_numbers_and_comes_to_rest(min in 0..5i32, more in 0..5i32, backlogs in prop::collection::vec(0..500i64, 1..20)) {
            let scaling = Scaling { min, max: min + more, ..SCALING };
            let mut last = None;
            let mut now = 0;
            for backlog in backlogs {
                now += 30;
                let scaled = scale(at(now), &scaling, last, waiting(backlog));
                prop_assert!((min..=min + more).contains(&scaled.replicas));
                last = Some(scaled);
            }
            for _ in 0..20 {
                now += 60;
                last = Some(scale(at(now), &scaling, last, QUIET));
            }
            prop_assert_eq!(last.unwrap().replicas, min);
        }

        /// From any last look, also of a clock that was ahead: where the load stays the same, so do the pods in the end, and nothing is remembered anew.
        #[test]
        fn from_any_look_it_comes_to_rest(
            (min, more) in (0..4i32, 0..6i32), last in (-2..20i32, prop::option::of(-100..100i64)), backlog in 0..200i64, is_quiet: bool, answers: bool,
        ) {
            let scaling = Scaling { min, max: min + more, ..SCALING };
            let load = answers.then_some(Load { backlog, is_quiet });
            let mut last = Scaled { replicas: last.0, quiet_since: last.1.map(|second| at(1000 + second)) };
            for look in 0..150 {
                last = scale(at(1000 + 10 * look), &scaling, Some(last), load);
                prop_assert!((min..=min + more).contains(&last.replicas));
            }
            prop_assert_eq!(scale(at(100_000), &scaling, Some(last), load), last);
        }
    }
}
