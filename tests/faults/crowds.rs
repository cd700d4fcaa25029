//! The server keeps so many versions of a worker deployment: before it has them all no other one is made, and the queue says what holds the old ones.

use super::ground::runtime;
use super::served::Served;
use super::story::objects::saying;

/// As many as the server of these tests keeps (tests/cluster/ground).
const KEPT: usize = 10;

#[test]
fn a_queue_whose_versions_are_all_held_says_by_what_and_goes_on_once_one_is_let_go() {
    runtime().block_on(async {
        let served = Served::start(&["--max-versions", &KEPT.to_string()]).await;
        let (place, queue) = (&served.place, served.place.queue());
        let client = &place.servers.temporal;
        let mut held = Vec::new();
        for number in 1..KEPT {
            let text = format!("{number}");
            place.apply("workflows", saying(&queue, &text)).await;
            served.until("workflows", "saying", "Live", "True/Current").await;
            held.push(place.begin("SayingWorkflow", &text).await.unwrap());
        }
        let oldest = client.describe(&held[0]).await.unwrap().build_id.unwrap();
        place.apply("workflows", saying(&queue, "one too many")).await;
        let object = served.until("taskqueues", &queue, "Stalled", "True/TooManyVersions").await;
        let said = object["status"]["conditions"].to_string();
        assert!(said.contains(&format!("Temporal keeps {KEPT}")) && said.contains(&format!("{oldest} (1 open execution")), "{said}");
        served.still().await;
        served.writes_nothing().await;
        let more = place.begin("SayingWorkflow", "more").await.unwrap();
        let newest = client.describe(held.last().unwrap()).await.unwrap().build_id;
        assert_eq!(client.describe(&more).await.unwrap().build_id, newest, "the last version serves");

        client.terminate(&held[0], "it is let go").await.unwrap();
        served.until("workflows", "saying", "Live", "True/Current").await;
        assert_eq!(client.deployment(&place.deployment()).await.unwrap().unwrap().versions.len(), KEPT - 1);
        for id in held[1..].iter().chain([&more]) {
            let begun_on = client.describe(id).await.unwrap().build_id;
            assert!(begun_on.is_some_and(|build_id| build_id != oldest), "nothing moved");
        }
    });
}
