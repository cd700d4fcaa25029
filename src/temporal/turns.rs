//! Turns: who calls a server's namespace waits for theirs. So many begin a second, and none for a while after the server
//! said that it is too much.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use leaky_bucket::RateLimiter;
use temporalio_client::tonic::{Code, Status};
use tokio::time::{Instant, sleep_until};

use super::pause::Pause;

/// How often the bucket is filled, in times a second.
const FILLS: usize = 10;

/// The turns of one kind of call in one namespace.
pub(super) struct Turns {
    bucket: RateLimiter,
    crowded: Mutex<Pause<Status>>,
}

impl Turns {
    /// `rate` turns a second; also how many may follow each other at once after a silence.
    pub(super) fn new(rate: usize) -> Self {
        let fill = rate.div_ceil(FILLS);
        let interval = Duration::from_secs(1) * u32::try_from(fill).unwrap_or(u32::MAX) / u32::try_from(rate).unwrap_or(u32::MAX).max(1);
        let bucket = RateLimiter::builder().max(rate).initial(rate).interval(interval).refill(fill).build();
        Self { bucket, crowded: Mutex::default() }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self) {
        while let Some(until) = { self.crowded().until() } {
            sleep_until(until).await;
        }
        self.bucket.acquire_one().await;
    }

    /// Why nobody gets a turn, while that is so.
    pub(super) fn why(&self) -> Option<Status> {
        self.crowded().why()
    }

    /// What the server answered to a call; when the next turns are where it was that it is asked too much.
    pub(super) fn answered(&self, error: Option<&Status>) -> Option<Instant> {
        match error.filter(|status| is_crowded(status)) {
            Some(status) => Some(self.crowded().begin(status.clone())),
            None => {
                self.crowded().end();
                None
            }
        }
    }

    fn crowded(&self) -> MutexGuard<'_, Pause<Status>> {
        self.crowded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server says that it is asked too much; a message that is too large stays so.
pub(super) fn is_crowded(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && !status.message().starts_with("grpc: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many turns somebody gets who takes all that there are.
    async fn taken(turns: &Turns, time: Duration) -> usize {
        let (mut count, end) = (0, Instant::now() + time);
        while tokio::time::timeout_at(end, turns.take()).await.is_ok() {
            count += 1;
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_begin_a_second_and_no_more() {
        for rate in [5, 40, 1000] {
            let turns = Turns::new(rate);
            assert_eq!(taken(&turns, Duration::from_millis(1)).await, rate);
            let more = taken(&turns, Duration::from_secs(10)).await;
            assert!((9 * rate..=10 * rate).contains(&more), "{more} at {rate} a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_makes_everybody_wait() {
        let turns = Turns::new(40);
        let until = turns.answered(Some(&Status::resource_exhausted("slow down"))).unwrap();
        assert_eq!(turns.why().map(|status| status.message().to_owned()).as_deref(), Some("slow down"));
        turns.take().await;
        assert!(Instant::now() >= until);
        assert_eq!(turns.answered(Some(&Status::resource_exhausted("grpc: received message larger than max"))), None);
        assert_eq!(turns.answered(None), None);
    }
}
