//! Frames of an execution that is in the middle of everything, at a fixed time.

use serde_json::{Value, json};

use super::super::screen::text;
use super::*;

fn answers() -> Answers {
    let drawing = json!({
        "nodes": [
            {"id": "all", "type": "parallel-coordinator", "about": "PartWorkflow"}, {"id": "act", "type": "activity", "label": "Do it", "about": "doIt"},
            {"id": "big", "type": "condition", "about": "state.size > 10"}, {"id": "end", "type": "exit"}, {"id": "go", "type": "signal", "about": "go"},
            {"id": "hold", "type": "wait", "parent": "work", "about": "state.open"}, {"id": "later", "type": "timer", "about": "1h"},
            {"id": "start", "type": "trigger"}, {"id": "work", "type": "phase"}],
        "edges": [
            {"source": "start", "target": "act"}, {"source": "act", "target": "big"}, {"source": "big", "target": "work", "handle": "true"},
            {"source": "big", "target": "later", "handle": "false"}, {"source": "work", "target": "all"}, {"source": "later", "target": "all"},
            {"source": "all", "target": "end"}],
    });
    let at = |second: u32| format!("2026-01-01T00:00:{second:02}.000Z");
    let children: Vec<Value> = (0..2)
        .map(|number| json!({"for": "child", "workflowType": "PartWorkflow", "workflowId": format!("part-{number}"), "since": at(9)}))
        .collect();
    let position = json!({
        "workflowType": "SeenWorkflow", "workflowId": "seen", "runId": "r", "status": "running", "started": at(0), "now": at(9),
        "counts": {"nodes": 9, "done": 3, "failed": 1, "running": 1, "waiting": 3},
        "nodes": [
            {"id": "start", "type": "trigger", "status": "done", "count": 1, "started": at(0), "ended": at(0)},
            {"id": "act", "type": "activity", "status": "waiting", "count": 2, "failures": 1, "started": at(1), "waits": [{"for": "activity", "name": "doIt", "id": "7", "since": at(1)}]},
            {"id": "big", "type": "condition", "status": "done", "count": 4, "started": at(2), "ended": at(2)},
            {"id": "work", "type": "phase", "status": "running", "count": 1, "started": at(2)},
            {"id": "hold", "type": "wait", "status": "waiting", "count": 1, "started": at(2), "waits": [{"for": "condition", "condition": "state.open"}, {"for": "timer", "until": "2026-01-01T01:00:02.000Z", "since": at(2)}]},
            {"id": "all", "type": "parallel-coordinator", "status": "waiting", "count": 1, "rounds": 7, "succeeded": 12, "unsuccessful": 1, "started": at(3), "waits": children, "waitsInAll": 30}],
        "cleanup": {"status": "waiting", "count": 1, "started": at(9), "waits": [{"for": "newer"}]},
        "signals": {"go": {"count": 3, "last": at(4)}, "pause": {"count": 1, "last": at(5)}},
    });
    let state = json!({"phase": "BUILD\u{1b}[31m", "size": 11, "entries": (0..20).collect::<Vec<_>>(), "login": {"user": "ada", "token": "[redacted]", "address": "a long one that needs a line"}});
    Answers { drawing: serde_json::from_value(drawing).unwrap(), position: serde_json::from_value(position).unwrap(), state }
}

fn view() -> View {
    let mut view = View::new("seen");
    assert!(view.take(answers()));
    assert!(!view.take(answers()), "the same is not new");
    view.attempts.insert("7".to_owned(), (2, Some("no network".to_owned())));
    view
}

fn now() -> Timestamp {
    "2026-01-01T00:00:10.500Z".parse().unwrap()
}

fn shown(name: &str, text: &str) {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, { insta::assert_snapshot!(name, text) });
}

#[test]
fn a_wide_frame_has_the_state_beside_the_graph() {
    shown("wide", &text(&view().frame(now(), 120), false));
}

#[test]
fn a_narrow_frame_has_the_state_below_and_no_line_is_too_long() {
    let frame = text(&view().frame(now(), 50), false);
    assert!(frame.lines().all(|line| console::measure_text_width(line) <= 50), "{frame}");
    shown("narrow", &frame);
}

#[test]
fn colours_say_nothing_that_words_do_not() {
    let (plain, coloured) = (text(&view().frame(now(), 80), false), text(&view().frame(now(), 80), true));
    assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
    assert_eq!(console::strip_ansi_codes(&coloured), plain);
}

#[test]
fn a_small_terminal_shows_where_something_happens() {
    let area = Rect::new(0, 0, 60, 9);
    let mut buffer = Buffer::empty(area);
    view().draw(now(), None, area, &mut buffer);
    assert!(text(&buffer, false).contains("● Do it"), "{}", text(&buffer, false));
    let mut scrolled = Buffer::empty(area);
    view().draw(now(), Some(usize::MAX), area, &mut scrolled);
    assert!(text(&scrolled, false).contains("✉ pause"), "{}", text(&scrolled, false));
}

#[test]
fn an_end_is_the_servers_word() {
    let mut view = view();
    view.outcome = Some("was terminated: enough".to_owned());
    assert!(text(&view.frame(now(), 80), false).starts_with("SeenWorkflow  seen  ✗ was terminated: enough"));
    view.problem = Some("no worker answers".to_owned());
    assert!(text(&view.frame(now(), 80), false).trim_end().ends_with("no worker answers"));
}
