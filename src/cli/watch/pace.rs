//! When an execution is asked again: soon after something has happened, but not more often than it must be. Pure.

use std::time::Duration;
use tokio::time::Instant;

/// The least time between two rounds of questions, each of two queries.
const PAUSE: Duration = Duration::from_millis(500);
/// The same after questions that nobody answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether there is something to ask, and from when on it may be asked.
#[derive(Debug)]
pub(super) struct Pace {
    wanted: bool,
    earliest: Instant,
}

impl Pace {
    /// There is something to ask, at once.
    pub(super) fn new(now: Instant) -> Self {
        Self { wanted: true, earliest: now }
    }

    /// Something has happened.
    pub(super) fn happened(&mut self) {
        self.wanted = true;
    }

    /// It is asked.
    pub(super) fn asked(&mut self, now: Instant) {
        *self = Self { wanted: false, earliest: now + PAUSE };
    }

    /// Nobody answered.
    pub(super) fn failed(&mut self, now: Instant) {
        *self = Self { wanted: true, earliest: now + PATIENCE };
    }

    /// When to ask; none while nothing has happened since it was asked last.
    pub(super) fn due(&self) -> Option<Instant> {
        self.wanted.then_some(self.earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_happens_it_is_asked_twice_a_second() {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        let mut asked = 0;
        for millisecond in 0..10_000 {
            let now = begun + Duration::from_millis(millisecond);
            pace.happened();
            if pace.due().is_some_and(|due| due <= now) {
                pace.asked(now);
                asked += 1;
            }
        }
        assert_eq!(asked, 20);
        pace.asked(begun);
        assert_eq!(pace.due(), None, "nothing happens, nothing is asked");
        pace.failed(begun);
        assert_eq!(pace.due(), Some(begun + PATIENCE));
    }
}
