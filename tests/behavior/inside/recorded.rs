//! Histories that were recorded before there was anything to see: the code of today, which tells where it is, does in them what the code of then did.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::execution::replay;
use crate::ground::on_ground;

const DEFINITIONS: &str = include_str!("recorded.yaml");
const MODULES: &str = include_str!("../activities/activity-modules.yaml");
/// One history a line, as `temporal workflow show` writes them.
const HISTORIES: &[u8] = include_bytes!("histories.jsonl.gz");

#[test]
fn histories_from_before_replay() {
    on_ground(async |ground| {
        let version = ground.stage("recorded", &format!("{DEFINITIONS}---\n{MODULES}")).await;
        let mut text = String::new();
        GzDecoder::new(HISTORIES).read_to_string(&mut text).unwrap();
        let folder = ground.folder.join("recorded");
        std::fs::create_dir_all(&folder).unwrap();
        let mut files = Vec::new();
        for history in text.lines() {
            let events: Value = serde_json::from_str(history).unwrap();
            let started = &events["events"][0]["workflowExecutionStartedEventAttributes"];
            let file = folder.join(format!("{}.json", started["workflowType"]["name"].as_str().unwrap()));
            std::fs::write(&file, history).unwrap();
            files.push(file);
        }
        assert_eq!(files.len(), 7);
        replay(ground, &version.folder, &files).await;
    });
}
