//! The deeds that keys ask for at the board, each carried out as the verb that is typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::context::Context;
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
    /// A piece of a log, or why there are no more.
    Log(String, Result<Vec<u8>, String>),
}

/// The deeds under way, which are abandoned when this is dropped: what was launched or is being
/// stopped goes on then.
pub(super) struct Deeds {
    opener: Opener,
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

/// The part of the inventory that has to be valid, as where the verb is typed.
#[derive(Clone, Copy)]
enum Strictness {
    /// The instance itself: a mistake elsewhere keeps nobody from stopping or seeing it.
    Own,
    Whole,
}

/// The way to the inventory as it is when a key is pressed.
#[derive(Clone)]
struct Opener {
    inventory: Option<OsString>,
    state_dir: Option<PathBuf>,
    lock_wait: Option<Duration>,
}

impl Deeds {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let (sender, news) = mpsc::unbounded_channel();
        Self {
            opener: Opener {
                inventory: context.cli.inventory.clone(),
                state_dir: context.cli.common.state_dir.clone(),
                lock_wait: context.cli.common.lock_wait,
            },
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

    /// Reads the log of this instance from now on, and no other one.
    pub(super) fn follow(&mut self, id: Option<&str>) {
        if self.followed.as_ref().map(|log| log.id.as_str()) == id {
            return;
        }
        self.followed = None;
        let Some(id) = id.map(str::to_owned) else { return };
        let (sender, pieces) = mpsc::channel(1);
        let (opener, of) = (self.opener.clone(), id.clone());
        let reader = self.tasks.spawn(async move {
            if let Err(error) = read_log(&opener, of, &sender).await {
                let _ = sender.send(Err(error.summary())).await;
            }
        });
        self.followed = Some(FollowedLog { id, pieces, reader });
    }

    /// Looks at an instance in detail.
    pub(super) fn look(&mut self, id: String) {
        let (opener, sender) = (self.opener.clone(), self.sender.clone());
        self.tasks.spawn(async move {
            let scope = [id.clone()];
            let seen = match opener.open(Strictness::Own, &scope).await {
                Ok(host) => host.detail(&id).await.map_err(Error::from),
                Err(error) => Err(error),
            };
            let seen = seen.map(Box::new).map_err(|error| error.summary());
            let _ = sender.send(DeedNews::Detail(id, seen));
        });
    }

    pub(super) fn begin(&mut self, id: String, deed: PaneDeed) {
        let (opener, sender) = (self.opener.clone(), self.sender.clone());
        self.tasks.spawn(async move {
            if let Err(error) = carry_out(&opener, &id, deed, &sender).await {
                let text = match &error {
                    Error::Failure(failure) => in_words(deed, failure),
                    Error::Problems(problems) => format!("{}: {}", deed.in_words(), problems.summary()),
                };
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
    let host = opener.open(Strictness::Own, &scope).await?;
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

fn in_words(deed: PaneDeed, failure: &Failure) -> String {
    let hint = failure
        .hint
        .as_ref()
        .map(|hint| format!("; {hint}"))
        .unwrap_or_default();
    format!("{}: {}{hint}", deed.in_words(), failure.message)
}

async fn carry_out(
    opener: &Opener,
    id: &str,
    deed: PaneDeed,
    news: &mpsc::UnboundedSender<DeedNews>,
) -> Result<(), Error> {
    let scope = [id.to_owned()];
    let (verb, strictness) = match deed {
        PaneDeed::Start => (Verb::Start, Strictness::Whole),
        PaneDeed::Stop => (Verb::Stop, Strictness::Own),
        PaneDeed::Restart => (Verb::Restart, Strictness::Whole),
        PaneDeed::SkipNext => {
            let host = opener.open(Strictness::Own, &scope).await?;
            let (firing, was_skipped) = host.skip_next(id)?;
            let already = if was_skipped { "already " } else { "" };
            let text = format!("{} at {} is {already}to be skipped", firing.does, firing.here);
            let _ = news.send(DeedNews::Said(LogEntry::now(Level::Info, Some(id), text)));
            return Ok(());
        }
    };
    let host = opener.open(strictness, &scope).await?;
    let request = VerbRequest {
        lock_wait: opener.lock_wait,
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

impl Opener {
    /// Opens the inventory on a thread of its own: it may have become a file that cannot be
    /// read at once.
    ///
    /// # Errors
    /// When it is not valid.
    async fn open(&self, strictness: Strictness, scope: &[String]) -> Result<Host, Error> {
        let (sender, opened) = oneshot::channel();
        let (inventory, state_dir) = (self.inventory.clone(), self.state_dir.clone());
        std::thread::Builder::new().spawn(move || {
            let (inventory, state_dir) = (inventory.as_deref(), state_dir.as_deref());
            // Who asked may be gone.
            let _ = sender.send(match strictness {
                Strictness::Own => Host::open_whole(inventory, state_dir),
                Strictness::Whole => Host::open(inventory, state_dir),
            });
        })?;
        let gone = |_| Error::from(Failure::failed("the inventory could not be read"));
        let host = opened.await.map_err(gone)??;
        match host.mistakes_in(Scope::Matching(scope)).cloned() {
            Some(problems) => Err(Error::Problems(problems)),
            None => Ok(host),
        }
    }
}
