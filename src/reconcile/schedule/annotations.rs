//! What annotations ask for: a start now, the starts of a time that has passed, the end of a pause. Each text is obeyed once.

use super::Pass;
use crate::api::labels::{BACKFILL, TRIGGER, UNPAUSE};
use crate::cluster::Told;
use crate::reconcile::Error;
use crate::schedule::Overlap;
use crate::temporal::Client;
use jiff::Timestamp;
use kube::ResourceExt;

impl Pass<'_> {
    pub(super) fn annotation(&self, name: &str) -> Option<String> {
        self.schedule.annotations().get(name).cloned()
    }

    /// Whether `warpline.dev/unpause` has a text that was not obeyed.
    pub(super) fn asks_to_unpause(&self) -> bool {
        let asked = self.annotation(UNPAUSE);
        asked.is_some() && asked != self.annotations.unpause
    }

    /// Does what annotations ask for and was not done.
    ///
    /// # Errors
    /// The server's; it is asked again.
    pub(super) async fn obey(&mut self, client: &Client) -> Result<(), Error> {
        let id = self.schedule.temporal_id();
        let uid = self.schedule.uid().unwrap_or_default();
        let asked = self.annotation(TRIGGER);
        if let Some(text) = asked.as_ref().filter(|_| asked != self.annotations.trigger) {
            client.trigger_schedule(&id, &format!("{uid}/trigger/{text}"), None).await?;
            self.has_asked = true;
            self.tell("Triggered", format!("a run was asked for by {TRIGGER}: {text}"), false).await;
        }
        self.annotations.trigger = asked;
        let asked = self.annotation(BACKFILL);
        if let Some(text) = asked.as_ref().filter(|_| asked != self.annotations.backfill) {
            match backfill(text) {
                Ok((from, to, overlap)) => {
                    client.backfill_schedule(&id, &format!("{uid}/backfill/{text}"), (from, to), Some(overlap)).await?;
                    self.has_asked = true;
                    self.tell("BackfillAsked", format!("the runs from {from} to {to} were asked for by {BACKFILL}"), false).await;
                }
                Err(why) => self.tell("BackfillInvalid", format!("{BACKFILL}: {why}"), true).await,
            }
        }
        self.annotations.backfill = asked;
        Ok(())
    }

    async fn tell(&self, reason: &str, message: String, is_warning: bool) {
        self.context.cluster.tell(self.schedule, Told { reason: reason.to_owned(), message, is_warning }).await;
    }
}

/// `<from>/<to>`, or `<from>/<to>/<overlap policy>`; one run after the other where none is said.
fn backfill(text: &str) -> Result<(Timestamp, Timestamp, Overlap), String> {
    let parts: Vec<&str> = text.split('/').map(str::trim).collect();
    let (from, to, policy) = match parts.as_slice() {
        [from, to] => (from, to, "BufferAll"),
        [from, to, policy] => (from, to, *policy),
        _ => return Err("write <from>/<to>, as in 2027-01-01T00:00:00Z/2027-01-02T00:00:00Z".to_owned()),
    };
    let time = |text: &str| text.parse::<Timestamp>().map_err(|_| format!("`{text}` is no time; write, for example, 2027-01-01T00:00:00Z"));
    let overlap = match policy {
        "Skip" => Overlap::Skip,
        "BufferOne" => Overlap::BufferOne,
        "BufferAll" => Overlap::BufferAll,
        "CancelOther" => Overlap::CancelOther,
        "TerminateOther" => Overlap::TerminateOther,
        "AllowAll" => Overlap::AllowAll,
        other => return Err(format!("`{other}` is no overlap policy")),
    };
    let (from, to) = (time(from)?, time(to)?);
    if to < from { Err(format!("{to} is before {from}")) } else { Ok((from, to, overlap)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backfills_are_read() {
        let read = |text| backfill(text).map(|(from, to, overlap)| format!("{from} {to} {overlap:?}"));
        assert_eq!(
            read("2027-01-01T00:00:00Z/2027-01-02T00:00:00+01:00").as_deref(),
            Ok("2027-01-01T00:00:00Z 2027-01-01T23:00:00Z BufferAll")
        );
        assert_eq!(
            read("2027-01-01T00:00:00Z/2027-01-02T00:00:00Z/AllowAll").as_deref(),
            Ok("2027-01-01T00:00:00Z 2027-01-02T00:00:00Z AllowAll")
        );
        assert_eq!(read("yesterday/today").unwrap_err(), "`yesterday` is no time; write, for example, 2027-01-01T00:00:00Z");
        assert_eq!(read("2027-01-02T00:00:00Z/2027-01-01T00:00:00Z").unwrap_err(), "2027-01-01T00:00:00Z is before 2027-01-02T00:00:00Z");
        assert!(read("now").is_err() && read("2027-01-01T00:00:00Z/2027-01-02T00:00:00Z/Some").is_err());
    }
}
