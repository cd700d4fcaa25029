//! A real terminal: `warpline` on a pseudo-terminal, whose output an emulator reads, so that a test sees what a person would.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// `ICANON` and `ECHO` of Linux's terminals.
const COOKED: u32 = 0o12;

pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    screen: Arc<Mutex<Parser>>,
    /// Everything that was written.
    written: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts `warpline` in a terminal of so many rows and columns.
    pub fn start(rows: u16, columns: u16, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_warpline"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        environment.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).unwrap();
        let (screen, written) = (Arc::new(Mutex::new(Parser::new(some(rows), some(columns), 1000))), Arc::new(Mutex::new(Vec::new())));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (seen, kept) = (Arc::clone(&screen), Arc::clone(&written));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of the program is the end of what can be read.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                seen.lock().unwrap().process(&bytes[..count]);
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, writer, screen, written }
    }

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Whether any cell of the screen has a colour.
    pub fn is_coloured(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        (0..rows.get()).any(|row| {
            (0..columns.get())
                .any(|column| screen.cell(row, column).is_some_and(|cell| cell.fgcolor() != vt100::Color::Default || cell.bold()))
        })
    }

    /// Whether a program has the terminal for itself.
    pub fn is_taken(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Whether the cursor is hidden.
    pub fn hides_cursor(&self) -> bool {
        self.screen.lock().unwrap().screen().hide_cursor()
    }

    /// Whether lines are edited and echoed, as a shell expects it.
    pub fn is_cooked(&self) -> bool {
        let flags = self.master.get_termios().unwrap().local_flags.bits();
        flags & COOKED == COOKED
    }

    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(some(rows), some(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits until the screen is as wanted; what is on it then.
    pub async fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        for _ in 0..600 {
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} is not on the screen:\n{}", self.text());
    }

    /// Waits for the program's end; its exit code.
    pub async fn end(&mut self) -> u32 {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last may still be on its way.
                tokio::time::sleep(Duration::from_millis(200)).await;
                return status.exit_code();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not end:\n{}", self.text());
    }
}

fn some(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
