//! What is done on the server: the schedule is made, changed, paused; each change is looked at until the server has taken it.

use super::{Pass, SOON};
use crate::plan::schedule::{Kept, Observed, Question, Standing, Step, applied, decide, differences};
use crate::reconcile::Error;
use crate::schedule::Schedule;
use crate::temporal::{self, Client, DescribedSchedule};
use std::time::Duration;

/// How often a change is looked for before it is made again by another pass, and how long between.
const LOOKS: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(200);

impl Pass<'_> {
    /// The schedule on the server. Otherwise how far that lets us come.
    pub(super) async fn look(&mut self, client: &Client) -> Result<Result<Option<DescribedSchedule>, Standing>, Error> {
        match client.schedule(&self.schedule.temporal_id()).await {
            Ok(seen) => {
                self.take(client, seen.as_ref()).await;
                Ok(Ok(seen))
            }
            Err(error) => Ok(Err(unreachable(&error))),
        }
    }

    /// Makes the server keep `wanted`.
    pub(super) async fn bring(
        &mut self,
        client: &Client,
        seen: Option<DescribedSchedule>,
        wanted: &Schedule,
        has_ended: bool,
        has_moved: bool,
    ) -> Result<Standing, Error> {
        let owner = self.schedule.full_name();
        let observed = seen.as_ref().map(observed);
        let unpauses = self.asks_to_unpause();
        let spec = &self.schedule.spec;
        let question = Question {
            desired: wanted,
            spec,
            owner: &owner,
            last: &self.last,
            observed: observed.as_ref(),
            unpauses,
            has_ended,
            has_moved,
        };
        let kept = match decide(&question) {
            Step::Taken(problem) => {
                self.server = None;
                return Ok(Standing::Taken(problem));
            }
            Step::Create(schedule) => match self.create(client, &schedule, &owner).await? {
                Ok(()) => Kept::AsAsked { corrected: Vec::new() },
                Err(standing) => return Ok(standing),
            },
            Step::Update { schedule, drift } => match self.update(client, seen.as_ref(), &schedule, &owner).await? {
                Ok(()) => Kept::AsAsked { corrected: drift },
                Err(standing) => return Ok(standing),
            },
            Step::Nothing => Kept::AsAsked { corrected: Vec::new() },
            Step::Adopted(drift) => Kept::Adopted(drift),
            Step::PausedByFailure => Kept::PausedByFailure,
        };
        self.applied = Some(applied(wanted));
        self.annotations.unpause = self.annotation(crate::api::labels::UNPAUSE);
        if self.server.is_some() {
            self.obey(client).await?;
        }
        Ok(Standing::Kept(kept))
    }

    async fn create(&mut self, client: &Client, schedule: &Schedule, owner: &str) -> Result<Result<(), Standing>, Error> {
        match client.create_schedule(&self.schedule.temporal_id(), schedule, owner).await {
            // Somebody was quicker: the next pass sees who.
            Ok(()) | Err(temporal::Error::AlreadyExists { .. }) => {}
            Err(error) => return Ok(Err(unreachable(&error))),
        }
        self.until_taken(client, schedule).await
    }

    async fn update(
        &mut self,
        client: &Client,
        seen: Option<&DescribedSchedule>,
        schedule: &Schedule,
        owner: &str,
    ) -> Result<Result<(), Standing>, Error> {
        let Some(seen) = seen else { return Ok(Ok(())) };
        match client.update_schedule(&self.schedule.temporal_id(), seen, schedule, owner).await {
            Ok(()) => {}
            Err(error) => return Ok(Err(unreachable(&error))),
        }
        self.until_taken(client, schedule).await
    }

    /// Waits until the server tells what was written: it answers before it has taken it, and takes nothing where the schedule changed meanwhile.
    async fn until_taken(&mut self, client: &Client, schedule: &Schedule) -> Result<Result<(), Standing>, Error> {
        for _ in 0..LOOKS {
            let seen = match self.look(client).await? {
                Ok(seen) => seen,
                Err(standing) => return Ok(Err(standing)),
            };
            let is_taken = |seen: &DescribedSchedule| {
                let counted = Schedule { remaining: seen.schedule.remaining, ..schedule.clone() };
                differences(&counted, &seen.schedule).is_empty() && seen.owner.as_deref() == Some(&self.schedule.full_name())
            };
            if seen.as_ref().is_some_and(is_taken) {
                return Ok(Ok(()));
            }
            tokio::time::sleep(BETWEEN).await;
        }
        let message = format!("the server has yet to take the schedule as it was written; looked at again in {} s", SOON.as_secs());
        Ok(Err(Standing::Unreachable(("NotTakenYet".to_owned(), message), true)))
    }

    /// Pauses what is ours on the server, because its Workflow can't be started.
    pub(super) async fn suspend(&mut self, client: &Client, why: &str) -> Result<(), Error> {
        let Ok(Some(seen)) = self.look(client).await? else { return Ok(()) };
        if seen.schedule.paused || seen.owner.as_deref() != Some(&self.schedule.full_name()) {
            return Ok(());
        }
        let paused = Schedule { paused: true, note: why.to_owned(), ..seen.schedule.clone() };
        let owner = self.schedule.full_name();
        if self.update(client, Some(&seen), &paused, &owner).await?.is_ok()
            && let Some(written) = &mut self.applied
        {
            // Nobody drifted: when the Workflow is there again, the schedule is written again.
            "suspended".clone_into(&mut written.digest);
        }
        Ok(())
    }

    /// Makes a pause that the spec asks for, and nothing else of it.
    pub(super) async fn obey_pause(&mut self, client: &Client, seen: &DescribedSchedule) -> Result<(), Error> {
        let spec = &self.schedule.spec;
        let owner = self.schedule.full_name();
        if !spec.paused || seen.schedule.paused || seen.owner.as_deref() != Some(&owner) {
            return Ok(());
        }
        let paused = Schedule { paused: true, note: spec.paused_note.clone().unwrap_or_default(), ..seen.schedule.clone() };
        let _ = self.update(client, Some(seen), &paused, &owner).await?;
        Ok(())
    }
}

fn observed(seen: &DescribedSchedule) -> Observed {
    Observed { schedule: seen.schedule.clone(), owner: seen.owner.clone(), foreign: seen.foreign.clone() }
}

pub(super) fn unreachable(error: &temporal::Error) -> Standing {
    Standing::Unreachable((error.reason().to_owned(), error.to_string()), error.is_transient())
}
