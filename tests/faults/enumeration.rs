//! Every fault at every write.

use super::ground::{runtime, servers};
use super::story::{self, changes};

#[test]
fn undisturbed() {
    runtime().block_on(async {
        let servers = servers().await;
        let run = story::run(servers, None, None).await.unwrap_or_else(|why| panic!("{why}"));
        for write in &run.writes {
            println!("{} {} {}", write.changed, write.what, write.body.to_string().chars().take(400).collect::<String>());
        }
        println!("{:#?}", changes(&run));
    });
}
