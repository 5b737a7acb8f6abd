//! The deeds that keys ask for at the board, each carried out as the verb that is typed.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::console_child::ConsoleChild;
use super::context::{Context, without_mistakes};
use super::opener::{OpenHost, Opener};
use crate::event::{Level, LogEntry, Verb, VerbEvent, VerbResult};
use crate::failure::Failure;
use crate::host::{Error, Host, NeedsRule, OutputAsk, OutputFrom, Scope, VerbRequest};
use crate::pane::PaneDeed;
use crate::report::InstanceReport;

/// The lines of a log that are shown from before.
const LAST_LINES: u64 = 500;

/// The pause between two pieces of a log.
const BETWEEN_PIECES: Duration = Duration::from_millis(10);

/// Something about a deed that is under way.
pub(super) enum DeedNews {
    Event(Verb, VerbEvent),
    /// A word about a deed, such as why it could not be begun.
    Said(LogEntry),
    /// An instance in detail, or why it cannot be shown.
    Detail(String, Result<Box<InstanceReport>, String>),
    Over(String, PaneDeed),
    /// The console of an instance can be opened, or why it cannot.
    Console(String, Result<(), String>),
    /// A piece of a log, or why there are no more.
    Log(String, Result<Vec<u8>, String>),
}

/// The deeds under way, which are abandoned when this is dropped: what was launched or is being
/// stopped goes on then.
pub(super) struct Deeds {
    opener: Opener,
    lock_wait: Option<Duration>,
    sender: mpsc::UnboundedSender<DeedNews>,
    news: mpsc::UnboundedReceiver<DeedNews>,
    tasks: JoinSet<()>,
    followed: Option<FollowedLog>,
}

/// A log that is read until this is dropped.
struct FollowedLog {
    id: String,
    pieces: mpsc::Receiver<Result<Vec<u8>, String>>,
    reader: AbortHandle,
}

impl Drop for FollowedLog {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Deeds {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let (sender, news) = mpsc::unbounded_channel();
        Self {
            opener: Opener::of(context),
            lock_wait: context.cli.common.lock_wait,
            sender,
            news,
            tasks: JoinSet::new(),
            followed: None,
        }
    }

    /// Waits for the next news.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> DeedNews {
        while self.tasks.try_join_next().is_some() {}
        tokio::select! {
            // It has a sender itself.
            Some(news) = self.news.recv() => news,
            news = next_piece(&mut self.followed) => news,
        }
    }

    /// Reads the log of this instance from now on, and no other one. Returns true if it begins
    /// with what was printed before.
    pub(super) fn follow(&mut self, id: Option<&str>) -> bool {
        if self.followed.as_ref().map(|log| log.id.as_str()) == id {
            return false;
        }
        self.followed = None;
        let Some(id) = id.map(str::to_owned) else {
            return false;
        };
        let (sender, pieces) = mpsc::channel(1);
        let (opener, of) = (self.opener.clone(), id.clone());
        let reader = self.tasks.spawn(async move {
            if let Err(error) = read_log(&opener, of, &sender).await {
                let _ = sender.send(Err(error.summary())).await;
            }
        });
        self.followed = Some(FollowedLog { id, pieces, reader });
        true
    }

    /// Finds out whether the console of an instance can be opened, while one still sees the board.
    pub(super) fn try_console(&mut self, id: String) {
        let (opener, sender) = (self.opener.clone(), self.sender.clone());
        self.tasks.spawn(async move {
            let scope = [id.clone()];
            let tried = match open(&opener, Host::open_whole, &scope).await {
                Ok(host) => host.console(&id, 0).await.map(drop).map_err(Error::from),
                Err(error) => Err(error),
            };
            let _ = sender.send(DeedNews::Console(id, tried.map_err(|error| error.summary())));
        });
    }

    /// Opens the console of an instance, which has the terminal from then on.
    ///
    /// # Errors
    /// When no process can be made.
    pub(super) fn open_console(&self, id: String) -> io::Result<ConsoleChild> {
        ConsoleChild::open(&self.opener.options(), id)
    }

    /// Looks at an instance in detail.
    pub(super) fn look(&mut self, id: String) {
        let (opener, sender) = (self.opener.clone(), self.sender.clone());
        self.tasks.spawn(async move {
            let scope = [id.clone()];
            let seen = match open(&opener, Host::open_whole, &scope).await {
                Ok(host) => host.detail(&id).await.map_err(Error::from),
                Err(error) => Err(error),
            };
            let seen = seen.map(Box::new).map_err(|error| error.summary());
            let _ = sender.send(DeedNews::Detail(id, seen));
        });
    }

    pub(super) fn begin(&mut self, id: String, deed: PaneDeed) {
        let (opener, lock_wait, sender) = (self.opener.clone(), self.lock_wait, self.sender.clone());
        self.tasks.spawn(async move {
            if let Err(error) = carry_out(&opener, lock_wait, &id, deed, &sender).await {
                let why = match error {
                    Error::Failure(failure) => failure.in_one(),
                    Error::Problems(problems) => problems.summary(),
                };
                let text = format!("{}: {why}", deed.in_words());
                let _ = sender.send(DeedNews::Said(LogEntry::now(Level::Error, Some(&id), text)));
            }
            let _ = sender.send(DeedNews::Over(id, deed));
        });
    }
}

async fn next_piece(followed: &mut Option<FollowedLog>) -> DeedNews {
    if let Some(log) = followed
        && let Some(piece) = log.pieces.recv().await
    {
        return DeedNews::Log(log.id.clone(), piece);
    }
    // It has ended, and is shown as it is.
    std::future::pending().await
}

/// Sends the last lines of a log, and what comes.
async fn read_log(opener: &Opener, id: String, pieces: &mpsc::Sender<Result<Vec<u8>, String>>) -> Result<(), Error> {
    let scope = [id];
    let host = open(opener, Host::open_whole, &scope).await?;
    let ask = OutputAsk {
        from: OutputFrom::LastLines(LAST_LINES),
        follow: true,
        times: false,
        previous: false,
    };
    let mut log = host.logs(Scope::Matching(&scope), ask).await?;
    while let Some((_, bytes)) = log.next().await? {
        if pieces.send(Ok(bytes)).await.is_err() {
            break;
        }
        // A game that prints without end leaves time for all else.
        sleep(BETWEEN_PIECES).await;
    }
    Ok(())
}

/// Opens the inventory as it is now.
///
/// # Errors
/// When it is not valid where one looks.
async fn open(opener: &Opener, way: OpenHost, scope: &[String]) -> Result<Host, Error> {
    let gone = |_| Error::from(Failure::failed("the inventory could not be read"));
    let host = opener.open_aside(way).await.map_err(gone)??;
    without_mistakes(host, scope)
}

async fn carry_out(
    opener: &Opener,
    lock_wait: Option<Duration>,
    id: &str,
    deed: PaneDeed,
    news: &mpsc::UnboundedSender<DeedNews>,
) -> Result<(), Error> {
    let scope = [id.to_owned()];
    // As where the verb is typed: a mistake elsewhere keeps nobody from stopping or seeing it.
    let (verb, way): (Verb, OpenHost) = match deed {
        PaneDeed::Start => (Verb::Start, Host::open),
        PaneDeed::Stop => (Verb::Stop, Host::open_whole),
        PaneDeed::Restart => (Verb::Restart, Host::open),
        PaneDeed::SkipNext => {
            let host = open(opener, Host::open_whole, &scope).await?;
            let (firing, was_skipped) = host.skip_next(id)?;
            let already = if was_skipped { "already " } else { "" };
            let text = format!("{} at {} is {already}to be skipped", firing.does, firing.here);
            let _ = news.send(DeedNews::Said(LogEntry::now(Level::Info, Some(id), text)));
            return Ok(());
        }
    };
    let host = open(opener, way, &scope).await?;
    let request = VerbRequest {
        lock_wait,
        ..VerbRequest::new(verb)
    };
    let targets = host.targets(verb, Scope::Matching(&scope), NeedsRule::Keep).await?;
    let (events, mut told) = mpsc::unbounded_channel();
    let pass_on = async {
        while let Some(event) = told.recv().await {
            let _ = news.send(DeedNews::Event(verb, event));
        }
    };
    let (_, ()): (Vec<VerbResult>, ()) = tokio::join!(targets.dispatch(&request, events), pass_on);
    Ok(())
}
