//! The stages of the story. Each has a beginning of its own, which nothing disturbs, so that a fault late in the story needs no more time than an early one.

use super::Teller;
use super::objects::{calling, heavy, nightly, saying, task_queue};
use crate::ground::eventually;

/// A part of what happens to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A workflow and its queue are applied: the first version becomes current.
    First,
    /// An edit while an execution runs: another version becomes current; the first one drains and goes.
    Edit,
    /// A schedule is applied.
    Schedule,
    /// A workflow calls activities on a queue of their own.
    Module,
    /// The user deletes everything.
    Deletion,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::First, Self::Edit, Self::Schedule, Self::Module, Self::Deletion];
}

impl Teller<'_> {
    /// What was before the stage.
    pub(super) async fn prepare(&mut self) -> Result<(), String> {
        let queue = self.place.queue();
        match self.stage {
            Stage::First => return Ok(()),
            Stage::Module => {
                self.place.apply("taskqueues", task_queue(&queue)).await;
                return self.seen("taskqueues", &queue, "Ready=True/NoWorkflows").await;
            }
            Stage::Edit | Stage::Schedule | Stage::Deletion => {}
        }
        self.place.apply("taskqueues", task_queue(&queue)).await;
        self.place.apply("workflows", saying(&queue, "one")).await;
        self.seen("workflows", "saying", "Live=True/Current").await?;
        match self.stage {
            Stage::Edit => self.held = Some(self.place.begin("SayingWorkflow", "held").await?),
            Stage::Deletion => {
                self.place.apply("schedules", nightly()).await;
                self.seen("schedules", "nightly", "Ready=True/Scheduled").await?;
            }
            _ => {}
        }
        self.quiet(&[]).await
    }

    /// The stage.
    pub(super) async fn tell(&mut self) -> Result<(), String> {
        let queue = self.place.queue();
        match self.stage {
            Stage::First => {
                self.place.apply("taskqueues", task_queue(&queue)).await;
                self.place.apply("workflows", saying(&queue, "one")).await;
                self.stop("the first version is current", "workflows", "saying", "Live=True/Current").await
            }
            Stage::Edit => self.edit(&queue).await,
            Stage::Schedule => {
                self.place.apply("schedules", nightly()).await;
                self.stop("the schedule is kept", "schedules", "nightly", "Ready=True/Scheduled").await
            }
            Stage::Module => {
                self.place.apply("activitymodules", heavy()).await;
                self.place.apply("workflows", calling(&queue)).await;
                self.stop("a version calls activities", "workflows", "calling", "Live=True/Current").await
            }
            Stage::Deletion => self.deletion(&queue).await,
        }
    }

    async fn edit(&mut self, queue: &str) -> Result<(), String> {
        self.place.apply("workflows", saying(queue, "two")).await;
        self.stop("the second version is current", "workflows", "saying", "Live=True/Current").await?;
        let held = self.held.take().expect("an execution was begun");
        let on = self.place.servers.temporal.describe(&held).await.map_err(|error| error.to_string())?;
        if on.build_id == self.current().await {
            return Err("the execution was moved off its version".to_owned());
        }
        self.place.servers.temporal.terminate(&held, "it is to end").await.map_err(|error| error.to_string())?;
        eventually("the first version to be gone", async || {
            self.nudge().await;
            let left = self.place.list("workerversions").await.len();
            if left == 1 { Ok(()) } else { Err(format!("{left} versions")) }
        })
        .await?;
        self.stop("the first version is gone", "workflows", "saying", "Live=True/Current").await
    }

    async fn deletion(&mut self, queue: &str) -> Result<(), String> {
        self.place.delete("schedules", "nightly").await;
        self.place.delete("workflows", "saying").await;
        eventually("the workflow to be gone", async || {
            if self.place.get("workflows", "saying").await.is_null() { Ok(()) } else { Err("it is there".to_owned()) }
        })
        .await?;
        self.place.delete("taskqueues", queue).await;
        eventually("all to be gone", async || {
            self.nudge().await;
            let kinds = ["taskqueues", "schedules", "configmaps"];
            let left: usize = futures::future::join_all(kinds.map(|kind| self.place.list(kind))).await.iter().map(Vec::len).sum();
            if left == 0 { Ok(()) } else { Err(format!("{left} objects")) }
        })
        .await?;
        self.same("all is gone").await
    }
}
