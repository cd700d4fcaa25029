//! `warpline watch` on a run of PackageBuilder, seen in a real terminal: narrow and wide, with and without colour, while it runs, after its end.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::terminal::Terminal;
use crate::ground::{Ground, eventually, on_ground};
use crate::workspace::{Workspace, generated_name};

const WORKFLOW: &str = "PackageBuilderWorkflow";

/// Three packages, each of which waits until the gate is opened; two are built at once.
async fn held(ground: &'static Ground, id: &str) -> (Workspace, crate::execution::Execution) {
    let workspace = Workspace::generated(ground, id, 3).await;
    (1..=3).for_each(|number| workspace.gate(number));
    let input = json!({"buildId": id, "workspaceRoot": workspace.path(), "config": {"maxConcurrentBuilds": 2}});
    let builder = ground.start(WORKFLOW, id, input).await;
    for number in 1..=2 {
        let child = ground.found(&format!("build-{id}-{}", generated_name(number))).await;
        child.until("its build", |run| run.activity_names().contains(&"runBuild".to_owned())).await;
    }
    (workspace, builder)
}

fn watch<'a>(ground: &'a Ground, id: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["watch", id, "--temporal-address", &ground.server.address], more].concat()
}

/// Watches without a terminal; exit code, standard output, standard error.
async fn frames(ground: &Ground, id: &str, more: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warpline"));
    command.args(watch(ground, id, more)).env_remove("NO_COLOR").env_remove("COLUMNS").stdin(Stdio::null());
    let output = command.envs(environment.iter().copied()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_wide_terminal_shows_the_graph_beside_the_state_until_the_end() {
    on_ground(async |ground| {
        let (workspace, builder) = held(ground, "wide").await;
        let mut terminal = Terminal::start(40, 140, &watch(ground, "wide", &[]), &[]);
        let text = terminal.until("two children", |text| text.matches("→ child PackageBuildWorkflow build-wide-").count() == 2).await;
        assert!(terminal.is_taken() && terminal.is_coloured() && !terminal.is_cooked(), "{text}");
        assert!(text.contains("PackageBuilderWorkflow  wide  ● running"), "{text}");
        assert!(text.contains("✓ Start") && text.contains("phase: BUILD"), "{text}");
        assert!(text.lines().filter(|line| line.contains('│')).count() > 20, "{text}");
        assert!(text.contains("● Build Loop") && text.contains("· Write Summary"), "{text}");

        terminal.resize(24, 60);
        let text = terminal.until("the state below", |text| text.contains("─ state ─")).await;
        assert!(!text.contains('│') && text.lines().all(|line| line.chars().count() <= 60), "{text}");
        terminal.resize(40, 140);
        terminal.until("the state beside", |text| text.contains('│')).await;

        workspace.open_gate();
        builder.result().await;
        assert_eq!(terminal.end().await, 0);
        let text = terminal.text();
        assert!(!terminal.is_taken() && !terminal.hides_cursor() && terminal.is_cooked(), "{text}");
        assert!(terminal.written().contains("✓ ") && text.contains("completed"), "the last frame stays: {text}");
    });
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was_and_the_execution_running() {
    on_ground(async |ground| {
        let (workspace, builder) = held(ground, "narrow").await;
        for (leave, colours) in [("\u{3}", ["--color", "never"]), ("q", ["--color", "auto"])] {
            let mut terminal = Terminal::start(24, 60, &watch(ground, "narrow", &colours), &[("NO_COLOR", "1")]);
            let text = terminal.until("two children", |text| text.matches("→ child PackageBuildWorkflow").count() == 2).await;
            assert!(!terminal.is_coloured() && terminal.is_taken(), "{text}");
            assert!(text.contains("─ state ─") && text.contains("phase: BUILD"), "{text}");
            terminal.press("j");
            terminal.press(leave);
            assert_eq!(terminal.end().await, 0, "{}", terminal.text());
            assert!(!terminal.is_taken() && !terminal.hides_cursor() && terminal.is_cooked());
            assert!(!terminal.is_coloured() && !terminal.written().contains("\u{1b}[31m"));
        }
        assert_eq!(builder.query("warpline.position", &[]).await["status"], "running");
        workspace.open_gate();
        builder.result().await;
    });
}

#[test]
fn without_a_terminal_there_are_frames() {
    on_ground(async |ground| {
        let (workspace, builder) = held(ground, "frames").await;
        eventually("both children", async || {
            let (code, out, err) = frames(ground, "frames", &["--once"], &[]).await;
            assert_eq!(code, 0, "{err}");
            (out.matches("→ child PackageBuildWorkflow").count() == 2).then_some(())
        })
        .await;
        let (_, wide, _) = frames(ground, "frames", &["--once"], &[("COLUMNS", "140")]).await;
        let (_, narrow, _) = frames(ground, "frames", &["--once"], &[("COLUMNS", "60")]).await;
        assert!(wide.lines().filter(|line| line.contains('│')).count() > 10, "{wide}");
        assert!(narrow.contains("─ state ─") && narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
        for frame in [&wide, &narrow] {
            let order = ["✓ Audit Workspace", "● Build Loop", "· Write Summary"].map(|node| frame.find(node));
            assert!(order.is_sorted() && order[0].is_some(), "{frame}");
            assert!(frame.contains("phase: BUILD") && frame.contains("completedPackages: []"), "{frame}");
        }
        assert!(!wide.contains('\u{1b}') && !narrow.contains('\u{1b}'));
        let (_, coloured, _) = frames(ground, "frames", &["--once", "--color", "always"], &[("NO_COLOR", "1")]).await;
        assert!(coloured.contains("\u{1b}[32m"), "{coloured}");
        let (_, lines, _) = frames(ground, "frames", &["--once", "--output", "json"], &[]).await;
        let line: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!((&line["position"]["status"], &line["state"]["phase"]), (&json!("running"), &json!("BUILD")));

        // One frame for each change, to the end.
        let following = tokio::spawn(frames(ground, "frames", &["--output", "json"], &[]));
        workspace.open_gate();
        builder.result().await;
        let (code, lines, err) = following.await.unwrap();
        assert_eq!(code, 0, "{err}");
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() > 1 && lines.last().unwrap()["position"]["status"] == "completed", "{lines:#?}");
        let (_, ended, _) = frames(ground, "frames", &["--once"], &[]).await;
        assert!(ended.contains("✓ completed"), "{ended}");
    });
}

#[test]
fn what_cannot_be_watched_is_said() {
    on_ground(async |ground| {
        let (code, _, err) = frames(ground, "watched-by-nobody", &["--once"], &[]).await;
        assert!(code == 3 && err.contains("watched-by-nobody"), "{code} {err}");
        let (code, _, err) = frames(ground, "watched-by-nobody", &["--once", "--temporal-namespace", "nowhere"], &[]).await;
        assert!(code == 3 && err.contains("nowhere"), "{code} {err}");
        let ending = ground.start("EndingWorkflow", "watched-failure", json!({"how": "break"})).await;
        let (code, out, err) = frames(ground, "watched-failure", &[], &[]).await;
        assert_eq!(code, 4, "{err}");
        assert!(out.contains("✗ failed") && out.contains("✗ broken"), "{out}");
        ending.failure().await;
    });
}
