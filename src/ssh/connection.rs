//! A connection to the gamectl of a host.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::calls::Calls;
use super::clock_sight::{ClockSight, ClockVerdict};
use super::way;
use super::wire::{Greeting, Inbox, ServeMessage, line};
use super::words::{self, WayEnd};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::HostSpec;
use crate::sys::clock::wall_ms;
use crate::text::clean_line;

/// The longest time until a gamectl there has greeted.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest silence of a gamectl there, which says every few seconds that it lives.
const SILENCE: Duration = Duration::from_secs(10);

/// The longest wait for the last words of a way that has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The most bytes of complaints that are kept: the last ones.
const COMPLAINT_MAX: usize = 4096;

/// The most requests that wait to be written.
const UNWRITTEN: usize = 64;

/// The bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// An open connection. It ends when this is dropped.
pub(super) struct Connection {
    calls: Arc<Calls>,
    requests: mpsc::Sender<Vec<u8>>,
    /// The other end as it introduced itself.
    greeting: Greeting,
    /// The clock there, where it tells.
    clock: Option<ClockSight>,
    _tasks: JoinSet<()>,
}

impl Connection {
    /// Connects to a host, and checks that the gamectl there is understood.
    ///
    /// # Errors
    /// When it cannot be reached within [`CONNECT`], or there is no gamectl that is
    /// understood; nothing was asked of it then.
    pub(super) async fn open(host: &HostSpec) -> Result<Self, Failure> {
        let (asked_ms, asked) = (wall_ms(), Instant::now());
        let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("gamectl"));
        let masters = match host.is_this_machine() {
            true => None,
            false => way::masters(),
        };
        let mut way = Way::begin(host, masters.as_deref(), &own)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_complaints(way.errors.take(), Arc::clone(&way.complaint)));
        let greeting = match timeout(CONNECT, way.greeting()).await {
            Ok(Ok(greeting)) => greeting,
            Ok(Err(fault)) => return Err(way.failure(host, fault, &own).await),
            Err(_) => {
                let fault = format!("it did not answer within {} seconds", CONNECT.as_secs());
                return Err(way.failure(host, Some(fault), &own).await);
            }
        };
        let clock = greeting.now_ms.map(|there_ms| ClockSight {
            asked_ms,
            round_trip: asked.elapsed(),
            there_ms,
        });
        greeting.check(&host.name)?;
        let (requests, unwritten) = mpsc::channel(UNWRITTEN);
        let calls = Arc::new(Calls::default());
        tasks.spawn(write(way.input.take(), unwritten));
        // There is room: it is the first.
        let _ = requests.try_send(line(&Greeting::asking()));
        let (listening, host) = (Arc::clone(&calls), host.clone());
        tasks.spawn(async move {
            let fault = way.listen(&listening).await;
            let failure = way.failure(&host, fault, &own).await;
            listening.lose(failure);
        });
        Ok(Self {
            calls,
            requests,
            greeting,
            clock,
            _tasks: tasks,
        })
    }

    /// Returns the calls that wait for answers.
    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Returns the greeting of the other end.
    pub(super) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Returns what is to be said of a host of this name.
    pub(super) fn finding(&self, host: &str) -> Finding {
        let verdict = self.clock.as_ref().map(ClockSight::verdict);
        let finding = match verdict {
            Some(verdict @ (ClockVerdict::Ahead(_) | ClockVerdict::Behind(_))) => {
                let message = format!("its clock {verdict}, so the times of its instances are off");
                Finding::warning("host", message).hint(ClockVerdict::MEND)
            }
            Some(ClockVerdict::Agrees(_)) | None => {
                let version = clean_line(&self.greeting.version);
                Finding::ok("host", format!("gamectl {version} answers there"))
            }
        };
        finding.on(host)
    }

    /// Returns the way for requests.
    pub(super) fn requests(&self) -> &mpsc::Sender<Vec<u8>> {
        &self.requests
    }

    /// Returns true once it cannot be used any more.
    pub(super) fn is_lost(&self) -> bool {
        self.calls.lost().is_some()
    }
}

/// The process that carries the bytes.
struct Way {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
    complaint: Arc<Mutex<Vec<u8>>>,
    inbox: Inbox,
}

impl Way {
    fn begin(host: &HostSpec, masters: Option<&Path>, own: &Path) -> Result<Self, Failure> {
        let words = way::command(host, masters, own);
        let (program, arguments) = words.split_first().ok_or_else(|| Failure::failed("no way"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C at our terminal is for us.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| words::missing(&program.to_string_lossy(), &error))?;
        Ok(Self {
            input: child.stdin.take(),
            output: child.stdout.take(),
            errors: child.stderr.take(),
            child,
            complaint: Arc::default(),
            inbox: Inbox::default(),
        })
    }

    /// Reads until the next message. The error is what is wrong, and nothing at the end.
    async fn read(&mut self) -> Result<ServeMessage, Option<String>> {
        let output = self.output.as_mut().ok_or(None)?;
        let mut bytes = vec![0; PIECE];
        loop {
            match self.inbox.take() {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(garbled) => return Err(Some(garbled.to_string())),
            }
            match output.read(&mut bytes).await {
                Ok(0) | Err(_) => return Err(None),
                Ok(n) => self.inbox.push(bytes.get(..n).unwrap_or_default()),
            }
        }
    }

    async fn greeting(&mut self) -> Result<Greeting, Option<String>> {
        match self.read().await? {
            ServeMessage::Greeting(greeting) => Ok(greeting),
            ServeMessage::Answer(..) => Err(Some("it answers before it is asked".to_owned())),
        }
    }

    /// Passes answers on until the connection is lost, and returns what is wrong.
    async fn listen(&mut self, calls: &Calls) -> Option<String> {
        loop {
            match timeout(SILENCE, self.read()).await {
                Ok(Ok(ServeMessage::Answer(answer, output))) => calls.answer(answer, output).await,
                Ok(Ok(ServeMessage::Greeting(_))) => return Some("it greets twice".to_owned()),
                Ok(Err(fault)) => return fault,
                Err(_) => return Some(format!("nothing was heard for {} seconds", SILENCE.as_secs())),
            }
        }
    }

    /// Ends the way, and returns why it was lost.
    async fn failure(&mut self, host: &HostSpec, fault: Option<String>, own: &Path) -> Failure {
        // What has a fault may go on for ever.
        if fault.is_some() {
            let _ = self.child.start_kill();
        }
        self.input = None;
        let ended = timeout(LAST_WORDS, self.child.wait()).await;
        let status = ended.ok().and_then(Result::ok);
        // The last words may still be on their way to us.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        let end = WayEnd {
            complaint: String::from_utf8_lossy(&complaint).into_owned(),
            code: status.and_then(|status| status.code()),
            was_served: self.inbox.is_served(),
            fault,
        };
        words::failure(host, &end, own)
    }
}

async fn write(input: Option<ChildStdin>, mut unwritten: mpsc::Receiver<Vec<u8>>) {
    let Some(mut input) = input else { return };
    while let Some(message) = unwritten.recv().await {
        // Who listens notices the end.
        if input.write_all(&message).await.is_err() {
            return;
        }
    }
}

async fn keep_complaints(errors: Option<ChildStderr>, complaint: Arc<Mutex<Vec<u8>>>) {
    let Some(mut errors) = errors else { return };
    let mut bytes = [0; 1024];
    while let Ok(n @ 1..) = errors.read(&mut bytes).await {
        let mut kept = complaint.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes.get(..n).unwrap_or_default());
        let excess = kept.len().saturating_sub(COMPLAINT_MAX);
        kept.drain(..excess);
    }
}
