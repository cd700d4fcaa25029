//! Somebody who asks a workflow again and again how it stands, whatever happens to it meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use warpline::temporal::{Client, ExecutionId};

/// How long one question may take to be answered, asked again where nobody is there.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until it is stopped.
pub struct Asking {
    stopped: Arc<AtomicBool>,
    asked: JoinHandle<(usize, Vec<String>)>,
}

impl Asking {
    pub fn begin(client: Client, id: ExecutionId, query: &'static str) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = stopped.clone();
        let asked = tokio::spawn(async move {
            let (mut answered, mut unanswered) = (0, Vec::new());
            while !is_stopped.load(Ordering::Relaxed) {
                match answer(&client, &id, query).await {
                    Ok(()) => answered += 1,
                    Err(why) => unanswered.push(why),
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            (answered, unanswered)
        });
        Self { stopped, asked }
    }

    /// How many questions were answered, and why others were not.
    pub async fn end(self) -> (usize, Vec<String>) {
        self.stopped.store(true, Ordering::Relaxed);
        self.asked.await.expect("somebody who asks")
    }
}

async fn answer(client: &Client, id: &ExecutionId, query: &str) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match client.query(id, query, &[]).await {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error.to_string()),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}
