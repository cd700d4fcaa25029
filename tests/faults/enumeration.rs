//! Every fault at every write of the story: it ends as the undisturbed one, by the same changes.

use super::ground::{Servers, runtime, servers};
use super::proxy::Fault;
use super::story::{self, Run, changes};
use futures::StreamExt;
use futures::stream;
use std::collections::BTreeMap;

/// How many stories are told at a time.
const AT_ONCE: usize = 24;

/// A status says what was seen: a moment that nobody saw is not in it, and a fault may be said and taken back.
const SAID_MORE: usize = 2;

/// Killed before and after every write; every other fault at every write in turn, or with WARPLINE_FAULTS=all each at every write.
#[test]
fn every_fault_at_every_write() {
    runtime().block_on(async {
        let servers = servers().await;
        let undisturbed = learn(servers).await;
        let faults = faults(undisturbed.attempts);
        let all = faults.len();
        let told = stream::iter(faults).map(|fault| tell(servers, fault, &undisturbed)).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        let unstruck = told.iter().filter(|told| matches!(told, Ok(false))).count();
        let failed: Vec<String> = told.into_iter().filter_map(Result::err).collect();
        println!("{all} runs over {} writes; {unstruck} ended before their fault", undisturbed.attempts);
        assert!(failed.is_empty(), "{} of {all} runs failed:\n\n{}", failed.len(), failed.join("\n\n"));
        assert!(unstruck * 10 <= all, "{unstruck} of {all} runs ended before their fault");
    });
}

/// What undisturbed runs have in common.
struct Undisturbed {
    run: Run,
    /// How many writes were asked for.
    attempts: usize,
    /// How often each thing was changed, at most.
    changes: BTreeMap<String, usize>,
}

/// Tells the story undisturbed, then once more beside others: what differs between the two is no fault's.
async fn learn(servers: &'static Servers) -> Undisturbed {
    let run = story::run(servers, None, None).await.unwrap_or_else(|why| panic!("{why}"));
    let again = futures::future::join_all((0..3).map(|_| story::run(servers, None, Some(&run)))).await;
    let mut all = changes(&run);
    for again in again {
        let again = changes(&again.unwrap_or_else(|why| panic!("{why}")));
        compare(&all, &again).unwrap_or_else(|why| panic!("undisturbed, a second time: {why}"));
        for (what, times) in again {
            let most = all.entry(what).or_default();
            *most = times.max(*most);
        }
    }
    Undisturbed { attempts: run.writes.len(), run, changes: all }
}

fn faults(attempts: usize) -> Vec<(usize, Fault)> {
    let is_all = std::env::var("WARPLINE_FAULTS").is_ok_and(|value| value == "all");
    let others = &Fault::ALL[2..];
    let at = |at: usize| {
        let mut faults = vec![Fault::KillBefore, Fault::KillAfter];
        if is_all {
            faults.extend(others);
        } else {
            faults.push(others[at % others.len()]);
        }
        faults.into_iter().map(move |fault| (at, fault))
    };
    (0..attempts).flat_map(at).collect()
}

/// One run; whether its fault has struck.
async fn tell(servers: &'static Servers, fault: (usize, Fault), undisturbed: &Undisturbed) -> Result<bool, String> {
    let run = story::run(servers, Some(fault), Some(&undisturbed.run)).await?;
    compare(&undisturbed.changes, &changes(&run)).map_err(|why| {
        let writes: Vec<&str> = run.writes.iter().filter(|write| write.changed).map(|write| write.what.as_str()).collect();
        format!("{:?} at write {}: {why}\nwrites: {}", fault.1, fault.0, writes.join(", "))
    })?;
    Ok(run.struck)
}

/// Everything is changed as often as undisturbed, but for statuses.
fn compare(undisturbed: &BTreeMap<String, usize>, changes: &BTreeMap<String, usize>) -> Result<(), String> {
    let names: std::collections::BTreeSet<&String> = undisturbed.keys().chain(changes.keys()).collect();
    for name in names {
        let [expected, found] = [undisturbed, changes].map(|changes| changes.get(name).copied().unwrap_or(0));
        let is_right = if name.ends_with("/status") { found <= expected + SAID_MORE } else { found == expected };
        if !is_right {
            return Err(format!("{name} changed {found} times instead of {expected}"));
        }
    }
    Ok(())
}
