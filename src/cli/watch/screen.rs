//! Where frames go: the whole terminal while an execution is watched live, or standard output, frame after frame. The only file here that
//! knows terminals.

use console::Term;
use jiff::Timestamp;
use ratatui::DefaultTerminal;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::style::{Color, Modifier, Style};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::view::View;

/// How long a key may take to be seen.
const KEY: Duration = Duration::from_millis(100);
/// The width of frames where there is no terminal and nobody says another (`COLUMNS`).
const WIDTH: u16 = 100;

/// What somebody who watches asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To stop watching.
    End,
    /// To see other lines: so many further down.
    Scroll(isize),
    /// To see what happens.
    Follow,
    /// To see it anew: the terminal has another size.
    Redraw,
}

/// A terminal that is drawn on as a whole; as it was before when dropped.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    wishes: UnboundedReceiver<Wish>,
    over: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    colours: bool,
}

impl Screen {
    /// Whether standard output can be drawn on.
    pub(super) fn is_there() -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
    }

    pub(super) fn open(colours: bool) -> io::Result<Self> {
        let terminal = ratatui::try_init()?;
        let (sender, wishes) = mpsc::unbounded_channel();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let reader = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                match event::poll(KEY).and_then(|is_there| if is_there { event::read().map(Some) } else { Ok(None) }) {
                    Ok(Some(event)) => {
                        if wish(&event).is_some_and(|wish| sender.send(wish).is_err()) {
                            return;
                        }
                    }
                    Ok(None) => {}
                    Err(_) => {
                        // The terminal is gone.
                        let _ = sender.send(Wish::End);
                        return;
                    }
                }
            }
        });
        Ok(Self { terminal, wishes, over, reader: Some(reader), colours })
    }

    /// What is asked for next; never, once nobody can ask.
    pub(super) async fn wish(&mut self) -> Wish {
        match self.wishes.recv().await {
            Some(wish) => wish,
            None => std::future::pending().await,
        }
    }

    pub(super) fn draw(&mut self, view: &View, now: Timestamp, scroll: Option<usize>) -> io::Result<()> {
        let colours = self.colours;
        self.terminal.draw(|frame| {
            let area = frame.area();
            view.draw(now, scroll, area, frame.buffer_mut());
            if !colours {
                frame.buffer_mut().content.iter_mut().for_each(|cell| {
                    cell.set_style(Style::reset());
                });
            }
        })?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Somebody who reads keys would take those that are meant for the shell.
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        ratatui::restore();
    }
}

fn wish(event: &Event) -> Option<Wish> {
    match event {
        Event::Resize(..) => Some(Wish::Redraw),
        Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press | KeyEventKind::Repeat, .. }) => match code {
            KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::End),
            KeyCode::Char('q') | KeyCode::Esc => Some(Wish::End),
            KeyCode::Up | KeyCode::Char('k') => Some(Wish::Scroll(-1)),
            KeyCode::Down | KeyCode::Char('j') => Some(Wish::Scroll(1)),
            KeyCode::PageUp => Some(Wish::Scroll(-10)),
            KeyCode::PageDown | KeyCode::Char(' ') => Some(Wish::Scroll(10)),
            KeyCode::Home => Some(Wish::Scroll(isize::MIN)),
            KeyCode::Char('f') => Some(Wish::Follow),
            _ => None,
        },
        _ => None,
    }
}

/// Prints a whole frame on standard output.
pub(super) fn print(view: &View, now: Timestamp, colours: bool) {
    let width = if io::stdout().is_terminal() { Term::stdout().size().1 } else { columns().unwrap_or(WIDTH) };
    let text = text(&view.frame(now, width.max(20)), colours);
    // Whoever closed the pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn columns() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// A frame as lines, without the blanks at their ends.
pub(super) fn text(buffer: &Buffer, colours: bool) -> String {
    let mut text = String::new();
    for line in buffer.content.chunks(usize::from(buffer.area.width).max(1)) {
        let end = line.iter().rposition(|cell| cell.symbol() != " ").map_or(0, |last| last + 1);
        let mut at = 0;
        while let Some(first) = line.get(at).filter(|_| at < end) {
            let mut run = String::new();
            while let Some(cell) = line.get(at).filter(|cell| at < end && cell.style() == first.style()) {
                run.push_str(cell.symbol());
                // The columns that a wide character takes are cells that hold a blank of it.
                at += console::measure_text_width(cell.symbol()).max(1);
            }
            text.push_str(&if colours { painted(first, &run) } else { run });
        }
        text.push('\n');
    }
    text
}

fn painted(cell: &Cell, run: &str) -> String {
    let mut style = console::Style::new().force_styling(true);
    style = match cell.fg {
        Color::Green => style.green(),
        Color::Red => style.red(),
        Color::Yellow => style.yellow(),
        Color::Cyan => style.cyan(),
        _ => style,
    };
    if cell.modifier.contains(Modifier::BOLD) {
        style = style.bold();
    }
    if cell.modifier.contains(Modifier::DIM) {
        style = style.dim();
    }
    style.apply_to(run).to_string()
}
