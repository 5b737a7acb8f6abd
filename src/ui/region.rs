//! The terminal that a live region is drawn on, for `indicatif`.

use std::fmt;
use std::io;
use std::sync::Mutex;

use indicatif::TermLike;

use super::options::Surroundings;
use super::sink::{SharedSink, lock};

/// Columns at the right that are left free: a terminal echoes Ctrl-C as `^C`
/// where the cursor stands, and behind a full line that would be on the next
/// one, out of reach of who clears the region.
pub(super) const FREE: u16 = 3;

/// Standard error, where no line goes on to the right end.
pub(super) struct Region {
    sink: SharedSink,
    around: Surroundings,
    frame: Mutex<Frame>,
}

/// What is written at the next flush: a frame is seen whole.
#[derive(Default)]
struct Frame {
    text: String,
    /// Whether what comes next begins another line.
    line_is_over: bool,
}

impl Region {
    pub(super) fn on(sink: SharedSink, around: Surroundings) -> Self {
        Self {
            sink,
            around,
            frame: Mutex::default(),
        }
    }

    fn write(&self, text: &str) {
        lock(&self.frame).text.push_str(text);
    }

    fn go(&self, n: usize, direction: char) {
        if n > 0 {
            self.write(&format!("\x1b[{n}{direction}"));
        }
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").finish_non_exhaustive()
    }
}

// See the "xterm control sequences" document for the sequences. What cannot be
// written is the sink's to know.
impl TermLike for Region {
    fn width(&self) -> u16 {
        self.around.size().columns
    }

    fn height(&self) -> u16 {
        self.around.size().rows
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"));
        Ok(())
    }

    /// Lines come without ends, each filled up with blanks so that the terminal
    /// goes on to the next one by itself; here an end stands for the blanks.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut frame = lock(&self.frame);
        if text.bytes().all(|byte| byte == b' ') {
            frame.line_is_over = true;
            return Ok(());
        }
        if std::mem::take(&mut frame.line_is_over) {
            frame.text.push_str("\r\n");
        }
        frame.text.push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let frame = std::mem::take(&mut *lock(&self.frame));
        lock(&self.sink).write(frame.text.as_bytes());
        Ok(())
    }
}
