//! Every fault at every write of the story: it ends as the undisturbed one, by the same changes.
//! `WARPLINE_FAULTS=all` goes through all of them, `WARPLINE_FAULTS='1:KillAfter@PATCH workflows/saying#0'` through one: the stage, the fault, what is
//! written, and how often that was written before.

use super::ground::{Servers, runtime, servers};
use super::proxy::{Fault, Strike};
use super::story::{self, Run, Stage, changes};
use futures::StreamExt;
use futures::stream;
use std::collections::{BTreeMap, BTreeSet};

/// How many stories are told at a time.
const AT_ONCE: usize = 14;

/// A status says what was seen: a moment that nobody saw is not in it, and a fault may be said and taken back.
const SAID_MORE: usize = 3;

/// By default the operator is killed after every write, and at every third one the other faults take turns.
#[test]
fn every_fault_at_every_write() {
    runtime().block_on(async {
        let servers = servers().await;
        let undisturbed = futures::future::join_all(Stage::ALL.map(|stage| learn(servers, stage))).await;
        let asked = std::env::var("WARPLINE_FAULTS").unwrap_or_default();
        let faults: Vec<(usize, Strike)> = undisturbed.iter().enumerate().flat_map(|(at, stage)| stage.faults(at, &asked)).collect();
        let all = faults.len();
        assert!(all > 0, "WARPLINE_FAULTS={asked} names no fault; there are {:#?}", names(&undisturbed));
        let told = stream::iter(faults).map(|(at, strike)| tell(servers, strike, &undisturbed[at])).buffer_unordered(AT_ONCE);
        let told = told.collect::<Vec<_>>().await;
        let unstruck = told.iter().filter(|told| matches!(told, Ok(false))).count();
        let failed: Vec<String> = told.into_iter().filter_map(Result::err).collect();
        println!("{all} runs; {unstruck} ended before their fault");
        assert!(failed.is_empty(), "{} of {all} runs failed:\n\n{}", failed.len(), failed.join("\n\n"));
        assert!(unstruck * 10 <= all, "{unstruck} of {all} runs ended before their fault");
    });
}

fn names(undisturbed: &[Undisturbed]) -> Vec<String> {
    let faults = undisturbed.iter().enumerate().flat_map(|(at, stage)| stage.faults(at, "all"));
    faults.map(|(at, strike)| format!("{}:{strike}", at + 1)).collect()
}

/// What undisturbed runs of a stage have in common.
struct Undisturbed {
    stage: Stage,
    run: Run,
    /// How often each thing was changed, at most.
    changes: BTreeMap<String, usize>,
}

/// Tells a stage undisturbed, then once more beside others: what differs between them is no fault's.
async fn learn(servers: &'static Servers, stage: Stage) -> Undisturbed {
    let run = story::run(servers, stage, None, None).await.unwrap_or_else(|why| panic!("{why}"));
    let again = futures::future::join_all((0..1).map(|_| story::run(servers, stage, None, Some(&run)))).await;
    let mut all = changes(&run);
    for again in again {
        let again = changes(&again.unwrap_or_else(|why| panic!("{why}")));
        compare(&all, &again, &[]).unwrap_or_else(|why| panic!("{stage:?}, undisturbed, a second time: {why}"));
        for (what, times) in again {
            let most = all.entry(what).or_default();
            *most = times.max(*most);
        }
    }
    Undisturbed { stage, run, changes: all }
}

impl Undisturbed {
    /// The faults that are asked for.
    fn faults(&self, at: usize, asked: &str) -> Vec<(usize, Strike)> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let mut faults = Vec::new();
        for (number, write) in self.run.writes.iter().filter(|write| write.changed).enumerate() {
            let after = times.entry(&write.what).or_default();
            let is_status = write.what.ends_with("/status");
            let is_first = *after == 0;
            let strike = |fault: Fault| (at, Strike { fault, what: write.what.clone(), after: *after });
            // Lists are the API server's: to a call of Temporal's it is as being killed after it.
            let all = Fault::ALL.into_iter().filter(|fault| write.is_object() || *fault != Fault::StaleLists);
            // How often a status is written depends on what happens to be seen together.
            if is_first || !is_status {
                let others: Vec<Fault> = all.clone().filter(|fault| *fault != Fault::KillAfter).collect();
                let turn = (asked.is_empty() && number % 3 == 0).then(|| others[(number / 3 + at) % others.len()]);
                faults.extend(all.filter(|fault| !asked.is_empty() || *fault == Fault::KillAfter || turn == Some(*fault)).map(strike));
            }
            *after += 1;
        }
        faults.retain(|(_, strike)| matches!(asked, "" | "all") || format!("{}:{strike}", at + 1) == asked);
        faults
    }
}

/// One run; whether its fault has struck.
async fn tell(servers: &'static Servers, strike: Strike, undisturbed: &Undisturbed) -> Result<bool, String> {
    let run = story::run(servers, undisturbed.stage, Some(strike.clone()), Some(&undisturbed.run)).await?;
    compare(&undisturbed.changes, &changes(&run), &run.doubtful).map_err(|why| {
        let writes: Vec<&str> = run.writes.iter().filter(|write| write.changed).map(|write| write.what.as_str()).collect();
        format!("{:?}, {strike}: {why}\nwrites: {}", undisturbed.stage, writes.join(", "))
    })?;
    Ok(run.struck)
}

/// Everything is changed as often as undisturbed, but for statuses, and for what a killed operator could not hear of.
fn compare(undisturbed: &BTreeMap<String, usize>, changes: &BTreeMap<String, usize>, doubtful: &[String]) -> Result<(), String> {
    let names: BTreeSet<&String> = undisturbed.keys().chain(changes.keys()).collect();
    for name in names {
        let [expected, found] = [undisturbed, changes].map(|changes| changes.get(name).copied().unwrap_or(0));
        let more = if name.ends_with("/status") { SAID_MORE } else { doubtful.iter().filter(|doubtful| *doubtful == name).count() };
        let is_right = found <= expected + more && (found >= expected || name.ends_with("/status"));
        if !is_right {
            return Err(format!("{name} changed {found} times instead of {expected}"));
        }
    }
    Ok(())
}
