//! What people do by hand to what the operator keeps: it is put right, or said with what to do; nothing is lost, and nothing is written again and again.

use super::ground::{eventually, runtime, servers};
use super::place::Place;
use super::served::Served;
use super::story::objects::saying;
use serde_json::json;
use tokio::sync::watch;
use warpline::api::{Workflow, WorkflowStatus};
use warpline::cluster::Cluster;
use warpline::temporal::{Client, Target};

#[test]
fn a_status_that_somebody_edits_is_put_right() {
    runtime().block_on(async {
        let served = Served::start(&[]).await;
        let (queue, version) = (served.place.queue(), served.version().await);
        let edits = [
            ("workflows", "saying", json!({"openExecutions": 7, "buildId": "none"})),
            ("taskqueues", queue.as_str(), json!({"rampingPercentage": "50%", "openExecutions": 9, "versions": 4})),
            (
                "workerversions",
                &version,
                json!({"state": "Failed", "scaledTo": 3, "pods": "9/9", "scaledDownSince": "2026-01-01T00:00:00Z"}),
            ),
        ];
        for (kind, name, status) in edits {
            served.place.patch(kind, &format!("{name}/status"), json!({"status": status})).await;
            let found = served.place.get(kind, name).await;
            served.is_as_before().await;
            assert_ne!(found["metadata"]["resourceVersion"], served.place.get(kind, name).await["metadata"]["resourceVersion"]);
        }
    });
}

#[test]
fn what_somebody_deletes_of_a_version_that_serves_is_made_again() {
    runtime().block_on(async {
        let served = Served::start(&[]).await;
        let version = served.version().await;
        for kind in ["deployments", "workerversions"] {
            let uid = served.place.get(kind, &version).await["metadata"]["uid"].clone();
            served.place.delete(kind, &version).await;
            eventually("another one of that name", async || {
                let found = served.place.get(kind, &version).await["metadata"]["uid"].clone();
                if !found.is_null() && found != uid { Ok(()) } else { Err(format!("{kind}/{version}: {found}")) }
            })
            .await
            .unwrap();
            served.is_as_before().await;
        }
    });
}

#[test]
fn somebody_who_takes_the_routing_over_is_respected_until_they_give_it_back() {
    runtime().block_on(async {
        let served = Served::start(&[]).await;
        let (queue, deployment) = (served.place.queue(), served.place.deployment());
        let target = Target::plain(served.place.servers.get("TEMPORAL_ADDRESS"), "default");
        let somebody = Client::connect_to(&target, "somebody").await.unwrap();
        somebody.set_manager(&somebody.deployment(&deployment).await.unwrap().unwrap()).await.unwrap();
        let current = somebody.deployment(&deployment).await.unwrap().unwrap().current;
        served.place.apply("workflows", saying(&queue, "two")).await;
        let object = served.until("taskqueues", &queue, "Stalled", "True/DeploymentManagedByOther").await;
        let said = object["status"]["conditions"].to_string();
        assert!(said.contains("somebody") && said.contains("temporal worker deployment manager-identity unset"), "{said}");
        served.still().await;
        served.writes_nothing().await;
        assert_eq!(somebody.deployment(&deployment).await.unwrap().unwrap().current, current, "the routing is somebody else's");
        somebody.unset_manager(&somebody.deployment(&deployment).await.unwrap().unwrap()).await.unwrap();
        served.look().await;
        served.until("workflows", "saying", "Live", "True/Current").await;
        assert_ne!(somebody.deployment(&deployment).await.unwrap().unwrap().current, current);
    });
}

#[test]
fn the_status_of_an_object_is_not_written_to_another_one_of_its_name() {
    runtime().block_on(async {
        let place = Place::new(servers().await, "faults-hand").await;
        let read = async || serde_json::from_value::<Workflow>(place.get("workflows", "saying").await).unwrap();
        let (_leads, leads) = watch::channel(true);
        let cluster = Cluster::new(place.servers.kube.clone(), None, leads);
        let status = WorkflowStatus { observed_generation: Some(1), ..WorkflowStatus::default() };
        place.apply("workflows", saying("any", "one")).await;
        let first = read().await;
        assert!(cluster.write_status(&first, first.status.as_ref(), &status).await.unwrap());
        place.delete("workflows", "saying").await;
        assert!(!cluster.write_status(&first, None, &status).await.unwrap(), "it is gone");
        place.apply("workflows", saying("any", "one")).await;
        assert!(!cluster.write_status(&first, None, &status).await.unwrap(), "it is another one");
        assert_eq!(read().await.status.unwrap_or_default(), WorkflowStatus::default());
    });
}
