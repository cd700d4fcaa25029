//! What is known of an execution → a frame: a header, the graph, the state beside it or below, a footer. Pure: no clock, no terminal.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};
use serde_json::Value;
use std::collections::BTreeMap;

use super::super::progress::{between, duration};
use super::outline::{Row, What, outline};
use super::position::{Answers, Place, Status, Wait};
use super::values;

/// From how many columns on the state stands beside the graph.
const WIDE: u16 = 100;
/// How much of a narrow terminal the state may take.
const STATE_BELOW: u16 = 3;
/// How many lines of a state are shown where the height is not given.
const STATE_LINES: usize = 60;

/// Everything that a frame shows.
#[derive(Debug, Default)]
pub(super) struct View {
    workflow_id: String,
    answers: Option<Answers>,
    rows: Vec<Row>,
    /// Attempts of open activities that history tells of, by the activity's ID: the attempt, and why the one before failed.
    pub attempts: BTreeMap<String, (u32, Option<String>)>,
    /// How the execution ended, as the server says it.
    pub outcome: Option<String>,
    /// Why what is shown may be old.
    pub problem: Option<String>,
}

/// The lines of a graph, and the first that something happens on.
struct Graph {
    lines: Vec<Line<'static>>,
    active: Option<usize>,
}

impl View {
    /// What is known before anything was answered.
    pub(super) fn new(workflow_id: &str) -> Self {
        Self { workflow_id: workflow_id.to_owned(), ..Self::default() }
    }

    /// Takes answers in; whether they say anything new.
    pub(super) fn take(&mut self, answers: Answers) -> bool {
        if self.answers.as_ref().is_none_or(|before| before.drawing != answers.drawing) {
            self.rows = outline(&answers.drawing);
        }
        let is_new = self.answers.as_ref() != Some(&answers);
        self.answers = Some(answers);
        is_new
    }

    /// The state, as it was answered.
    pub(super) fn state_value(&self) -> &Value {
        self.answers.as_ref().map_or(&Value::Null, |answers| &answers.state)
    }

    /// Draws on all of `area`; `scroll` is the first line of the graph, which follows what happens where it is none.
    pub(super) fn draw(&self, now: Timestamp, scroll: Option<usize>, area: Rect, buffer: &mut Buffer) {
        let [head, body, foot] = Layout::vertical([Constraint::Length(2), Constraint::Min(1), Constraint::Length(1)]).areas(area);
        Paragraph::new(self.header(now)).render(head, buffer);
        let [graph_area, rule, state_area] = self.areas(body, area.width);
        let graph = self.graph(now, usize::from(graph_area.width));
        let first = scroll.unwrap_or_else(|| follow(&graph, usize::from(graph_area.height)));
        let first = first.min(graph.lines.len().saturating_sub(usize::from(graph_area.height)));
        Paragraph::new(graph.lines).scroll((u16::try_from(first).unwrap_or(u16::MAX), 0)).render(graph_area, buffer);
        self.draw_rule(rule, buffer);
        Paragraph::new(self.state(usize::from(state_area.width), usize::from(state_area.height))).render(state_area, buffer);
        Paragraph::new(self.footer()).render(foot, buffer);
    }

    /// A frame that is as high as it must be.
    pub(super) fn frame(&self, now: Timestamp, width: u16) -> Buffer {
        let wide = width >= WIDE;
        let columns = usize::from(if wide { graph_width(width) } else { width });
        let graph = self.graph(now, columns).lines.len();
        let state = self.state(usize::from(if wide { width - graph_width(width) - 3 } else { width }), STATE_LINES).len();
        let body = if wide { graph.max(state) } else { graph + 1 + state };
        let height = u16::try_from(body + 3).unwrap_or(u16::MAX);
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let [head, body, foot] = Layout::vertical([Constraint::Length(2), Constraint::Min(1), Constraint::Length(1)]).areas(area);
        let [graph_area, rule, state_area] = if wide {
            beside(body)
        } else {
            Layout::vertical([
                Constraint::Length(u16::try_from(graph).unwrap_or(u16::MAX)),
                Constraint::Length(1),
                Constraint::Length(u16::try_from(state).unwrap_or(u16::MAX)),
            ])
            .areas(body)
        };
        Paragraph::new(self.header(now)).render(head, &mut buffer);
        Paragraph::new(self.graph(now, usize::from(graph_area.width)).lines).render(graph_area, &mut buffer);
        self.draw_rule(rule, &mut buffer);
        Paragraph::new(self.state(usize::from(state_area.width), STATE_LINES)).render(state_area, &mut buffer);
        Paragraph::new(self.footer()).render(foot, &mut buffer);
        buffer
    }

    /// Graph, rule and state in the room that there is.
    fn areas(&self, body: Rect, width: u16) -> [Rect; 3] {
        if width >= WIDE {
            return beside(body);
        }
        let most = usize::from(body.height / STATE_BELOW);
        let state = u16::try_from(self.state(usize::from(width), most.max(1)).len()).unwrap_or(0);
        Layout::vertical([Constraint::Min(1), Constraint::Length(1), Constraint::Length(state)]).areas(body)
    }

    fn draw_rule(&self, area: Rect, buffer: &mut Buffer) {
        if area.height > 1 {
            let lines: Vec<Line> = (0..area.height).map(|_| Line::from(" │ ".dim())).collect();
            Paragraph::new(lines).render(area, buffer);
        } else {
            let rest = "─".repeat(usize::from(area.width).saturating_sub(7));
            Paragraph::new(Line::from(vec!["─ ".dim(), "state".bold(), Span::from(" "), rest.dim()])).render(area, buffer);
        }
    }

    fn header(&self, now: Timestamp) -> Vec<Line<'static>> {
        let Some(Answers { position, .. }) = &self.answers else {
            return vec![Line::from(vec![clean(&self.workflow_id).bold(), Span::from("  no answer yet")])];
        };
        let ended = position.status != "running" || self.outcome.is_some();
        let status = self.outcome.clone().unwrap_or_else(|| match position.status.as_str() {
            "continuedAsNew" => "continued as new".to_owned(),
            status => status.to_owned(),
        });
        let sign = match (ended, status.as_str()) {
            (false, _) => Span::styled("● ", Style::new().fg(Color::Cyan)),
            (true, "completed" | "continued as new") => Span::styled("✓ ", Style::new().fg(Color::Green)),
            (true, _) => Span::styled("✗ ", Style::new().fg(Color::Red)),
        };
        let long = duration(between(position.started, position.ended.unwrap_or(now)));
        let mut counts = vec![format!("{} of {} nodes done", position.counts.done, position.counts.nodes)];
        let counted = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
        counts.extend(counted(position.counts.waiting, "waiting"));
        counts.extend(counted(position.counts.running, "running"));
        counts.extend(counted(position.counts.failed, "failed"));
        vec![
            Line::from(vec![
                clean(&position.workflow_type).bold(),
                Span::from(format!("  {}  ", clean(&self.workflow_id))),
                sign,
                Span::from(format!("{} ", clean(&status))),
                long.dim(),
            ]),
            Line::from(counts.join(" · ").dim()),
        ]
    }

    fn footer(&self) -> Line<'static> {
        match &self.problem {
            Some(problem) => Line::from(Span::styled(clean(problem), Style::new().fg(Color::Yellow))),
            None if self.outcome.is_some() => Line::default(),
            None => Line::from("watching changes nothing: the execution goes on without it".dim()),
        }
    }

    fn state(&self, width: usize, most: usize) -> Vec<Line<'static>> {
        let Some(Answers { state, .. }) = &self.answers else { return Vec::new() };
        let paint = |line: String| {
            let line = clean(&line);
            match line.split_once(": ") {
                Some((name, value)) => Line::from(vec![format!("{name}: ").cyan(), Span::from(value.to_owned())]),
                None => Line::from(line),
            }
        };
        values::lines(state, width, most).into_iter().map(paint).collect()
    }

    fn graph(&self, now: Timestamp, width: usize) -> Graph {
        let mut graph = Graph { lines: Vec::new(), active: None };
        let Some(Answers { drawing, position, .. }) = &self.answers else { return graph };
        let places: BTreeMap<&str, &Place> = position.nodes.iter().map(|place| (place.id.as_str(), place)).collect();
        for row in &self.rows {
            let indent = "  ".repeat(row.depth);
            match &row.what {
                What::Case(title) => graph.lines.push(Line::from(format!("{indent}{}", clean(title)).dim())),
                What::Back(to) => graph.lines.push(Line::from(format!("{indent}↩ {}", clean(to)).dim())),
                What::Node(at) => {
                    let Some(node) = drawing.nodes.get(*at) else { continue };
                    let place = places.get(node.id.as_str()).copied();
                    let about = node.about.as_ref().filter(|about| **about != node.id);
                    let title = node.label.as_ref().unwrap_or(&node.id);
                    let kind = format!("{}{}", node.kind, about.map_or_else(String::new, |about| format!(" {about}")));
                    self.node(&indent, title, &kind, place, now, width, &mut graph);
                }
            }
        }
        if let Some(cleanup) = &position.cleanup {
            self.node("", "cleanup", "at the end", Some(cleanup), now, width, &mut graph);
        }
        for (name, signal) in &position.signals {
            let is_drawn = drawing.nodes.iter().any(|node| node.kind.starts_with("signal") && node.about.as_ref() == Some(name));
            if !is_drawn {
                graph.lines.push(justified(
                    vec![format!("✉ {}", clean(name)).into(), " signal".dim()],
                    &format!("{}×", signal.count),
                    width,
                ));
            }
        }
        graph
    }

    #[allow(clippy::too_many_arguments, reason = "a line is made of what stands on it")]
    fn node(&self, indent: &str, title: &str, kind: &str, place: Option<&Place>, now: Timestamp, width: usize, graph: &mut Graph) {
        let (sign, style) = sign(place.map(|place| place.status));
        let title = match place {
            Some(place) if matches!(place.status, Status::Waiting | Status::Running) => clean(title).bold(),
            Some(_) => Span::from(clean(title)),
            None => clean(title).dim(),
        };
        let left = vec![Span::from(indent.to_owned()), Span::styled(sign, style), title, format!("  {}", clean(kind)).dim()];
        let right = place.map(|place| summary(place, now)).unwrap_or_default();
        if graph.active.is_none() && place.is_some_and(|place| place.status == Status::Waiting) {
            graph.active = Some(graph.lines.len());
        }
        graph.lines.push(justified(left, &right, width));
        let Some(place) = place else { return };
        for wait in &place.waits {
            let text = format!("{indent}  {}", clean(&self.wait(wait, now)));
            graph.lines.push(Line::from(Span::styled(cut(&text, width), Style::new().fg(Color::Yellow))));
        }
        if let Some(all) = place.waits_in_all {
            let more = usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(place.waits.len());
            graph.lines.push(Line::from(format!("{indent}  … and {more} more").dim()));
        }
    }

    fn wait(&self, wait: &Wait, now: Timestamp) -> String {
        match wait {
            Wait::Activity { name, id, since } => {
                let long = duration(between(*since, now));
                match self.attempts.get(id) {
                    Some((attempt, Some(why))) => format!("→ activity {name}, {long}, attempt {attempt} after: {why}"),
                    _ => format!("→ activity {name}, {long}"),
                }
            }
            Wait::Timer { until } => format!("→ timer, {} left", duration(between(now, *until))),
            Wait::Child { workflow_type, workflow_id, since } => {
                format!("→ child {workflow_type} {workflow_id}, {}", duration(between(*since, now)))
            }
            Wait::Delivery { signal, workflow_id } => format!("→ signal {signal} to {workflow_id}"),
            Wait::Condition { condition } => {
                condition.as_ref().map_or_else(|| "→ a condition".to_owned(), |condition| format!("→ until {condition}"))
            }
            Wait::Signal => "→ a signal".to_owned(),
            Wait::Handlers => "→ the end of signal handlers".to_owned(),
            Wait::Other => "→ something".to_owned(),
        }
    }
}

fn beside(body: Rect) -> [Rect; 3] {
    Layout::horizontal([Constraint::Length(graph_width(body.width)), Constraint::Length(3), Constraint::Min(1)]).areas(body)
}

fn graph_width(width: u16) -> u16 {
    width / 5 * 3
}

/// The first line that is shown, so that what happens is in the upper third.
fn follow(graph: &Graph, height: usize) -> usize {
    graph.active.map_or(0, |active| active.saturating_sub(height / 3))
}

fn sign(status: Option<Status>) -> (&'static str, Style) {
    match status {
        None => ("· ", Style::new().dim()),
        Some(Status::Done) => ("✓ ", Style::new().fg(Color::Green)),
        Some(Status::Failed) => ("✗ ", Style::new().fg(Color::Red)),
        Some(Status::Running) => ("▸ ", Style::new().fg(Color::Cyan)),
        Some(Status::Waiting) => ("● ", Style::new().fg(Color::Yellow)),
    }
}

/// Counts and times of a node.
fn summary(place: &Place, now: Timestamp) -> String {
    let counted = |count: u64, least: u64, text: String| (count >= least).then_some(text);
    let open = matches!(place.status, Status::Running | Status::Waiting);
    let long = between(place.started, place.ended.filter(|_| !open).unwrap_or(now));
    let parts = [
        counted(place.open, 2, format!("{} at once", place.open)),
        counted(place.count, 2, format!("{}×", place.count)),
        counted(place.rounds, 1, format!("round {}", place.rounds)),
        counted(place.succeeded, 2, format!("{} done", place.succeeded)),
        counted(place.failures.max(place.unsuccessful), 1, format!("{} failed", place.failures.max(place.unsuccessful))),
        (open || !long.is_zero()).then(|| duration(long)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// `left`, and `right` at the right edge; of the left what has room.
fn justified(left: Vec<Span<'static>>, right: &str, width: usize) -> Line<'static> {
    let right_width = Span::from(right.to_owned()).width();
    let room = width.saturating_sub(if right.is_empty() { 0 } else { right_width + 2 });
    let mut line = Line::default();
    for span in left {
        let rest = room.saturating_sub(line.width());
        let text = cut(&span.content, rest);
        line.push_span(Span::styled(text, span.style));
    }
    if !right.is_empty() {
        let gap = width.saturating_sub(line.width() + right_width);
        line.push_span(" ".repeat(gap));
        line.push_span(right.to_owned().dim());
    }
    line
}

fn cut(text: &str, width: usize) -> String {
    if width == 0 { String::new() } else { console::truncate_str(text, width, "…").into_owned() }
}

/// A text without anything that a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
