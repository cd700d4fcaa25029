//! A task queue that moved to another server, or namespace there: the schedule goes from where it was, so that nothing is started twice.

use super::Pass;
use crate::api::TemporalConnection;
use crate::reconcile::{Error, temporal_target};

impl Pass<'_> {
    /// Whether it was written elsewhere than to `place`.
    pub(super) fn has_moved(&self, place: &TemporalConnection) -> bool {
        self.temporal.as_ref().is_some_and(|before| !temporal_target::is_same(before, place))
    }

    /// Deletes it everywhere but in `place`. What can't be done is remembered, and tried again by other passes.
    pub(super) async fn leave_others(&mut self, place: &TemporalConnection) -> Result<(), Error> {
        let before = self.temporal.iter().chain(&self.last.left_on).cloned();
        let mut others: Vec<TemporalConnection> = Vec::new();
        for other in before {
            if !others.iter().chain([place]).any(|known| temporal_target::is_same(known, &other)) {
                others.push(other);
            }
        }
        for other in others {
            if let Err(why) = self.delete(&other).await? {
                self.left.push((other, why));
            }
        }
        Ok(())
    }

    /// Deletes it there, where it is ours. Otherwise why that can't be done.
    pub(super) async fn delete(&self, place: &TemporalConnection) -> Result<Result<(), String>, Error> {
        let client = match self.client(place).await? {
            Ok(client) => client,
            Err(((_, message), _)) => return Ok(Err(message)),
        };
        let id = self.schedule.temporal_id();
        let deleted = async {
            match client.schedule(&id).await? {
                Some(seen) if seen.owner.as_deref() == Some(&self.schedule.full_name()) => client.delete_schedule(&id).await,
                _ => Ok(()),
            }
        };
        Ok(deleted.await.map_err(|error| error.to_string()))
    }
}
