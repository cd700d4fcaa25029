//! Back-off: after a failure nothing is tried for a while, and longer after each that follows it.

use std::time::Duration;

use tokio::time::Instant;

/// How long the first pause is, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// A pause, and why it is made.
#[derive(Debug)]
pub(super) struct Pause<E> {
    last: Option<(Instant, E)>,
    next: Duration,
}

impl<E> Default for Pause<E> {
    fn default() -> Self {
        Self { last: None, next: FIRST }
    }
}

impl<E: Clone> Pause<E> {
    /// Begins a pause because of `why`, or goes on with the one that others began; when it is over.
    pub(super) fn begin(&mut self, why: E) -> Instant {
        if let Some(until) = self.until() {
            return until;
        }
        let until = Instant::now() + self.next;
        self.last = Some((until, why));
        self.next = (self.next * 2).min(LONGEST);
        until
    }

    /// When the pause is over, while there is one.
    pub(super) fn until(&self) -> Option<Instant> {
        self.last.as_ref().map(|(until, _)| *until).filter(|until| Instant::now() < *until)
    }

    /// Why there is a pause, while there is one.
    pub(super) fn why(&self) -> Option<E> {
        self.until().and(self.last.as_ref()).map(|(_, why)| why.clone())
    }

    /// It went well: the next pause is a first one.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end() {
        let mut pause = Pause::default();
        let begun = Instant::now();
        assert_eq!(pause.begin("a") - begun, FIRST);
        // Somebody who failed at the same time makes it no longer.
        assert_eq!((pause.begin("b") - begun, pause.why()), (FIRST, Some("a")));
        tokio::time::advance(FIRST).await;
        assert_eq!((pause.until(), pause.why()), (None, None));
        assert_eq!(pause.begin("c") - Instant::now(), FIRST * 2);
        for _ in 0..10 {
            tokio::time::advance(LONGEST).await;
            assert!(pause.begin("d") - Instant::now() <= LONGEST);
        }
        pause.end();
        assert_eq!(pause.why(), None);
        assert_eq!(pause.begin("e") - Instant::now(), FIRST);
    }
}
