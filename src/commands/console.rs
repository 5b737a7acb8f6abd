//! `gamectl console`.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::context::{Context, Ended};
use super::interrupt::Interrupt;
use super::keyboard::keyboard;
use super::selection;
use crate::cli::Console;
use crate::failure::{Failure, FailureKind};
use crate::fleet::Ground;
use crate::store::InstanceDir;
use crate::store::tail::Tail;
use crate::supervisor::{ConsoleInput, ConsoleKind, Supervisor};
use crate::sys::pty;
use crate::sys::terminal::Mode;
use crate::ui::{self, Wanted};

/// How often the log is looked at; a terminal's keys are answered through it.
const AGAIN: Duration = Duration::from_millis(50);
const AGAIN_TERMINAL: Duration = Duration::from_millis(15);

/// After so many looks it is asked whether the game still runs.
const ALIVE_LOOKS: u32 = 20;

/// Bytes taken from the log at once.
const PIECE: usize = 64 * 1024;

/// Ctrl-D and Ctrl-].
const DETACH: [u8; 2] = [0x04, 0x1d];

/// Somebody at a console.
struct Seat {
    supervisor: Arc<dyn Supervisor>,
    kind: ConsoleKind,
    dir: InstanceDir,
    tail: Tail,
    screen: ui::Console,
    /// Whether keys come from a terminal, and what is printed goes to one.
    live: bool,
    /// The start of a line that was not typed on a terminal.
    partial: Vec<u8>,
    quiet_looks: u32,
}

pub(super) async fn run(context: &Context<'_>, console: &Console) -> Result<u8, Ended> {
    let (supervisor, id) = choose(context, &console.id)?;
    let attached = async { supervisor.required_console()?.kind().await };
    let kind = attached.await.map_err(|error| named(&id, &error))?;
    let state = context.state_to_look()?;
    let dir = match &state {
        Some(state) => state.instance(&id)?,
        None => None,
    };
    let dir = dir.ok_or_else(|| Failure::unknown(format!("{id}: it has no folder")))?;
    let tail = Tail::from_last_lines(&dir, console.lines)?;
    let live = pty::size(std::io::stdin()).is_some() && context.screen.is_on_terminal();
    let mut interrupt = Interrupt::new()?;
    context
        .screen
        .note(&format!("{id}: attached; Ctrl-D or Ctrl-] detaches"));
    let mode = match (live, kind) {
        (false, _) => None,
        (true, ConsoleKind::Lines) => Some(Mode::keys(std::io::stdin())?),
        (true, ConsoleKind::Terminal) => Some(Mode::raw(std::io::stdin())?),
    };
    let mut seat = Seat {
        supervisor,
        kind,
        dir,
        tail,
        screen: context.screen.console(live && kind == ConsoleKind::Lines),
        live,
        partial: Vec::new(),
        quiet_looks: 0,
    };
    let ended = seat.sit(&mut interrupt).await;
    let _ = seat.show();
    seat.screen.finish();
    drop(mode);
    match ended {
        Ok(code) => {
            context.screen.note(&format!("{id}: detached"));
            Ok(code)
        }
        Err(failure) if failure.kind == FailureKind::NotRunning => {
            Err(Failure::new(FailureKind::NotRunning, format!("{id}: it has ended")).into())
        }
        Err(failure) => {
            let message = format!("{id}: {}", failure.message);
            Err(Failure { message, ..failure }.into())
        }
    }
}

fn choose(context: &Context<'_>, selector: &str) -> Result<(Arc<dyn Supervisor>, String), Ended> {
    let inventory = context.inventory()?;
    let ground = context.state_to_look()?.map_or_else(Ground::default, Ground::for_verbs);
    let selectors = [selector.to_owned()];
    let mut members = ground.members(&inventory);
    members.extend(ground.named_strays(&inventory, &selectors)?);
    let [one] = selection::select(&members, &selectors)?[..] else {
        let message = format!("`{selector}` means several instances, and a console is of one");
        return Err(Failure::new(FailureKind::Usage, message).into());
    };
    let member = members.get(one.index);
    let member = member.ok_or_else(|| Failure::unknown("there is no such instance"))?;
    Ok((Arc::clone(&member.supervisor), member.id().to_owned()))
}

fn named(id: &str, error: &anyhow::Error) -> Failure {
    let failure = Failure::from_error(error);
    let message = format!("{id}: {}", failure.message);
    Failure { message, ..failure }
}

impl Seat {
    /// Stays until somebody leaves or the game ends.
    async fn sit(&mut self, interrupt: &mut Interrupt) -> Result<u8, Failure> {
        let mut keys = keyboard();
        let mut resized = signal(SignalKind::window_change()).map_err(|error| Failure::failed(error.to_string()))?;
        let again = match self.kind {
            ConsoleKind::Lines => AGAIN,
            ConsoleKind::Terminal => AGAIN_TERMINAL,
        };
        self.tell_size().await?;
        loop {
            self.look().await?;
            tokio::select! {
                signal = interrupt.signalled() => return Ok(signal.exit_code()),
                pressed = keys.recv() => match pressed {
                    Some(pressed) => if self.take(&pressed).await? { return Ok(0) },
                    None => return self.end_of_input().await.map(|()| 0),
                },
                _ = resized.recv() => self.tell_size().await?,
                () = tokio::time::sleep(again) => {}
            }
        }
    }

    /// Shows what has come, and asks now and then whether more can come.
    async fn look(&mut self) -> Result<(), Failure> {
        if self.show()? {
            self.quiet_looks = 0;
            return Ok(());
        }
        self.quiet_looks += 1;
        if self.quiet_looks == 2 && self.kind == ConsoleKind::Lines {
            self.screen.settle();
        }
        if self.quiet_looks.is_multiple_of(ALIVE_LOOKS) {
            let kind = self.supervisor.required_console()?.kind().await;
            kind.map_err(|error| Failure::from_error(&error))?;
        }
        Ok(())
    }

    /// Shows what has come since. Whether there was any.
    fn show(&mut self) -> Result<bool, Failure> {
        let mut buffer = vec![0; PIECE];
        let mut any = false;
        loop {
            let read = self.tail.read(&self.dir, &mut buffer);
            let n = read.map_err(|error| Failure::unknown(format!("its log cannot be read: {error}")))?;
            if n == 0 {
                return Ok(any);
            }
            any = true;
            let bytes = buffer.get(..n).unwrap_or_default();
            match self.kind {
                ConsoleKind::Terminal if self.live => self.screen.pass_through(bytes),
                _ => self.screen.write(bytes),
            }
        }
    }

    /// Takes what was typed. True when whoever typed it leaves.
    async fn take(&mut self, pressed: &[u8]) -> Result<bool, Failure> {
        if !self.live {
            self.partial.extend_from_slice(pressed);
            return self.send_whole_lines().await.map(|()| false);
        }
        if self.kind == ConsoleKind::Terminal {
            let end = pressed.iter().position(|key| DETACH.contains(key));
            let keys = pressed.get(..end.unwrap_or(pressed.len())).unwrap_or_default();
            if !keys.is_empty() {
                self.pass_on(ConsoleInput::Bytes(keys.to_vec())).await?;
            }
            return Ok(end.is_some());
        }
        for wanted in self.screen.type_in(pressed) {
            match wanted {
                Wanted::Send(line) => self.pass_on(ConsoleInput::Line(line)).await?,
                Wanted::Detach => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn send_whole_lines(&mut self) -> Result<(), Failure> {
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = String::from_utf8_lossy(line.get(..end).unwrap_or_default()).into_owned();
            self.send_line(line).await?;
        }
        Ok(())
    }

    async fn end_of_input(&mut self) -> Result<(), Failure> {
        if self.partial.is_empty() {
            return Ok(());
        }
        let rest = std::mem::take(&mut self.partial);
        self.send_line(String::from_utf8_lossy(&rest).into_owned()).await
    }

    async fn send_line(&mut self, line: String) -> Result<(), Failure> {
        let line = line.trim_end_matches('\r').to_owned();
        match self.kind {
            ConsoleKind::Lines => self.pass_on(ConsoleInput::Line(line)).await,
            ConsoleKind::Terminal => {
                self.pass_on(ConsoleInput::Bytes(format!("{line}\r").into_bytes()))
                    .await
            }
        }
    }

    async fn pass_on(&mut self, input: ConsoleInput) -> Result<(), Failure> {
        let taken = self.supervisor.required_console()?.type_in(&input).await;
        match taken.map_err(|error| Failure::from_error(&error)) {
            // What cannot be taken now is no reason to throw anybody out.
            Err(failure) if failure.kind != FailureKind::NotRunning => {
                self.screen.say(&failure.message);
                Ok(())
            }
            taken => taken,
        }
    }

    /// Gives the game's terminal the size of ours.
    async fn tell_size(&mut self) -> Result<(), Failure> {
        let size = pty::size(std::io::stdin()).filter(|_| self.live && self.kind == ConsoleKind::Terminal);
        match size {
            Some((columns, rows)) => self.pass_on(ConsoleInput::Size { columns, rows }).await,
            None => Ok(()),
        }
    }
}
