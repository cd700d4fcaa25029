//! What stands between the operator and its two servers: it counts writes, and disturbs one of them.
//! Knows requests and answers; must not know what they are about.

mod kube_side;
mod temporal_side;

use crate::place::{Place, without_builds};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens at a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The operator is killed, and the write is never made.
    KillBefore,
    /// The write is made, and the operator is killed before it hears of it.
    KillAfter,
    /// As [`Self::KillAfter`]; then lists are as they were before the write, and what watches tell comes late.
    StaleLists,
    /// Refused: the object is another one by now.
    Conflict,
    /// Refused: too many requests; a second later they aren't.
    TooMany,
    /// Refused: an error of the server's own.
    Broken,
    /// The write is made, and the answer is that it took too long.
    Late,
    /// What watches tell of this write, and of others for a while, comes late.
    SlowWatch,
    /// What watches would tell of it is lost; then they say that they are too old.
    LostEvents,
}

impl Fault {
    pub const ALL: [Self; 9] = [
        Self::KillBefore,
        Self::KillAfter,
        Self::StaleLists,
        Self::Conflict,
        Self::TooMany,
        Self::Broken,
        Self::Late,
        Self::SlowWatch,
        Self::LostEvents,
    ];

    /// Whether it happens once the write is made.
    fn is_after(self) -> bool {
        matches!(self, Self::KillAfter | Self::StaleLists | Self::Late)
    }
}

/// A fault, and the write that it happens at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    pub fault: Fault,
    /// What is written, as in [`Write::what`].
    pub what: String,
    /// How often that was written before.
    pub after: usize,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{}#{}", self.fault, self.what, self.after)
    }
}

/// A write that was asked for.
#[derive(Clone, Debug)]
pub struct Write {
    /// Method and object, or the name of the call.
    pub what: String,
    /// Whether it changed anything.
    pub changed: bool,
    /// What it said, where that is JSON.
    pub body: Value,
}

impl Write {
    /// Whether an object of the API server's was written.
    pub fn is_object(&self) -> bool {
        self.what.contains('/')
    }
}

/// How watches are disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watching {
    Undisturbed,
    LateUntil(Instant),
    LostUntil(Instant),
}

/// How long watches are disturbed.
const DISTURBED: Duration = Duration::from_millis(2500);

struct State {
    kube: kube::Client,
    temporal: String,
    /// The namespace, which is another one in each run.
    namespace: String,
    /// Whether build IDs are, too.
    hides_builds: bool,
    strike: Mutex<Option<Strike>>,
    /// How often each thing was written.
    asked: Mutex<BTreeMap<String, usize>>,
    writes: Mutex<Vec<Write>>,
    /// What is on its way to the server.
    under_way: Mutex<Vec<String>>,
    /// What was on its way when the operator was killed: nobody knows of it, so that it may be done twice.
    doubtful: Mutex<Vec<String>>,
    operator: AtomicU64,
    watching: watch::Sender<Watching>,
    /// Lists are of this resource version, until then.
    stale: Mutex<Option<(String, Instant)>>,
    /// When the last request came, watches aside, and which came since that was cleared.
    last: Mutex<(Instant, Vec<String>)>,
}

/// The proxy before both servers. Dropped, it takes no more connections.
pub struct Proxy {
    pub kube: String,
    pub temporal: String,
    state: Arc<State>,
    tasks: [JoinHandle<()>; 2],
}

impl Proxy {
    /// A proxy for an operator that works in that namespace.
    pub async fn start(place: &Place) -> Self {
        let servers = place.servers;
        let state = Arc::new(State {
            kube: servers.kube.clone(),
            temporal: servers.get("TEMPORAL_ADDRESS").to_owned(),
            namespace: place.name.clone(),
            hides_builds: place.hides_builds,
            strike: Mutex::default(),
            asked: Mutex::default(),
            writes: Mutex::default(),
            under_way: Mutex::default(),
            doubtful: Mutex::default(),
            operator: AtomicU64::new(0),
            watching: watch::Sender::new(Watching::Undisturbed),
            stale: Mutex::default(),
            last: Mutex::new((Instant::now(), Vec::new())),
        });
        let (first, second) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addresses = [&first, &second].map(|listener| listener.local_addr().unwrap().to_string());
        let tasks = [tokio::spawn(kube_side::serve(first, state.clone())), tokio::spawn(temporal_side::serve(second, state.clone()))];
        let [kube, temporal] = addresses;
        Self { kube, temporal, state, tasks }
    }

    /// From now on writes count, and the fault may happen.
    pub fn begin(&self, strike: Option<Strike>) {
        self.state.asked.lock().unwrap().clear();
        self.state.writes.lock().unwrap().clear();
        *self.state.strike.lock().unwrap() = strike;
    }

    /// The operator that a fault kills.
    pub fn kills(&self, operator: u32) {
        self.state.operator.store(operator.into(), Ordering::SeqCst);
    }

    /// Kills the operator.
    pub fn kill(&self) {
        self.state.kill();
    }

    /// The writes so far.
    pub fn writes(&self) -> Vec<Write> {
        self.state.writes.lock().unwrap().clone()
    }

    /// What was on its way to a server when the operator was killed.
    pub fn doubtful(&self) -> Vec<String> {
        self.state.doubtful.lock().unwrap().clone()
    }

    /// Whether the fault has happened, or there was none.
    pub fn has_struck(&self) -> bool {
        self.state.strike.lock().unwrap().is_none()
    }

    /// Forgets which requests came.
    pub fn listen_anew(&self) {
        *self.state.last.lock().unwrap() = (Instant::now(), Vec::new());
    }

    /// Which requests came since [`Self::listen_anew`], watches aside, and how long the last one is ago.
    pub fn heard(&self) -> (Vec<String>, Duration) {
        let last = self.state.last.lock().unwrap();
        (last.1.clone(), last.0.elapsed())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl State {
    fn hear(&self, what: &str) {
        let mut last = self.last.lock().unwrap();
        last.0 = Instant::now();
        last.1.push(what.to_owned());
    }

    /// A write has come: the fault that is for it.
    fn strike(&self, what: &str) -> Option<Fault> {
        let mut asked = self.asked.lock().unwrap();
        let times = asked.entry(what.to_owned()).or_default();
        let after = *times;
        *times += 1;
        self.under_way.lock().unwrap().push(what.to_owned());
        let mut strike = self.strike.lock().unwrap();
        strike.take_if(|strike| strike.what == what && strike.after == after).map(|strike| strike.fault)
    }

    /// A write is over. One that changed nothing, or that the server refused, is as none: what follows it has its number, and its fault.
    fn wrote(&self, write: Write, fault: Option<Fault>) -> Option<Fault> {
        self.arrived(&write.what);
        let is_none = !write.changed;
        if is_none {
            *self.asked.lock().unwrap().entry(write.what.clone()).or_insert(1) -= 1;
        }
        let follows = fault.filter(|fault| is_none && fault.is_after());
        if let Some(fault) = follows {
            let after = self.asked.lock().unwrap()[&write.what];
            *self.strike.lock().unwrap() = Some(Strike { fault, what: write.what.clone(), after });
        }
        self.writes.lock().unwrap().push(write);
        fault.filter(|_| follows.is_none())
    }

    /// A write is no longer on its way.
    fn arrived(&self, what: &str) {
        let mut under_way = self.under_way.lock().unwrap();
        if let Some(at) = under_way.iter().position(|other| other == what) {
            under_way.swap_remove(at);
        }
    }

    /// The words for a write, the same in every run.
    fn named(&self, what: &str) -> String {
        let what = what.replace(&self.namespace, "NS");
        if self.hides_builds { without_builds(&what) } else { what }
    }

    /// What a fault does before its write is handed on. A write that is not made is not on its way.
    fn before(&self, what: &str, fault: Option<Fault>) {
        if matches!(fault, Some(Fault::KillBefore | Fault::Conflict | Fault::TooMany | Fault::Broken)) {
            self.arrived(what);
        }
        let until = Instant::now() + DISTURBED;
        match fault {
            Some(Fault::KillBefore) => self.kill(),
            Some(Fault::SlowWatch) => self.disturb(Watching::LateUntil(until)),
            Some(Fault::LostEvents) => self.disturb(Watching::LostUntil(until)),
            _ => {}
        }
    }

    fn disturb(&self, watching: Watching) {
        self.watching.send_replace(watching);
    }

    /// From now on lists are as old as that, for a while.
    fn grow_stale(&self, version: String) {
        let until = Instant::now() + DISTURBED;
        *self.stale.lock().unwrap() = Some((version, until));
        self.disturb(Watching::LateUntil(until));
    }

    fn kill(&self) {
        let under_way = self.under_way.lock().unwrap().clone();
        self.doubtful.lock().unwrap().extend(under_way);
        let operator = i32::try_from(self.operator.load(Ordering::SeqCst)).unwrap();
        let operator = rustix::process::Pid::from_raw(operator).expect("an operator");
        // It may have ended by itself.
        let _ = rustix::process::kill_process(operator, rustix::process::Signal::KILL);
    }
}
