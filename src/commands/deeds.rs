//! The deeds that keys ask for at the board, each carried out as the verb that is typed.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::carrier::PaneCarrier;
use super::console_child::ConsoleChild;
use super::context::Context;
use super::deed_news::DeedNews;
use super::opener::Opener;
use super::saving::save_text;
use crate::host::{Error, Host, OutputAsk, OutputFrom, Scope};
use crate::pane::PaneDeed;

/// The lines of a log that are shown from before.
const LAST_LINES: u64 = 500;

/// The pause between two pieces of a log.
const BETWEEN_PIECES: Duration = Duration::from_millis(10);

/// The deeds under way, which are abandoned when this is dropped: what was launched or is being
/// stopped goes on then.
pub(super) struct Deeds {
    opener: Opener,
    lock_wait: Option<Duration>,
    sender: mpsc::UnboundedSender<DeedNews>,
    news: mpsc::UnboundedReceiver<DeedNews>,
    tasks: JoinSet<()>,
    /// Those that may count down; they are told to give that up.
    gentle: JoinSet<()>,
    gives_up: watch::Sender<bool>,
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
            gentle: JoinSet::new(),
            gives_up: watch::Sender::new(false),
            followed: None,
        }
    }

    /// Waits for the next news.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> DeedNews {
        while self.tasks.try_join_next().is_some() || self.gentle.try_join_next().is_some() {}
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
            let tried = match opener.open_here(Host::open_whole, &scope).await {
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
            let seen = match opener.open_here(Host::open_whole, &scope).await {
                Ok(host) => host.detail(&id).await.map_err(Error::from),
                Err(error) => Err(error),
            };
            let seen = seen.map(Box::new).map_err(|error| error.summary());
            let _ = sender.send(DeedNews::Detail(id, seen));
        });
    }

    pub(super) fn begin(&mut self, id: String, deed: PaneDeed) {
        let (lock_wait, sender) = (self.lock_wait, self.sender.clone());
        let carrier = PaneCarrier {
            opener: self.opener.clone(),
            lock_wait,
            news: sender,
            gives_up: self.gives_up.subscribe(),
        };
        let tasks = match deed {
            PaneDeed::GentleRestart => &mut self.gentle,
            _ => &mut self.tasks,
        };
        tasks.spawn(carrier.run(id, deed));
    }

    /// Saves a text to a file, on a thread of its own: it may be a file that takes nothing.
    pub(super) fn save(&self, path: String, text: String, replaces: bool) {
        let (sender, to) = (self.sender.clone(), path.clone());
        let begun = std::thread::Builder::new().spawn(move || {
            let saved = save_text(&to, &text, replaces);
            let _ = sender.send(DeedNews::Saved(to, saved));
        });
        if let Err(error) = begun {
            let _ = self.sender.send(DeedNews::Saved(path, Err(error)));
        }
    }

    /// Returns true if something may count down to the end of a game.
    pub(super) fn may_count_down(&self) -> bool {
        !self.gentle.is_empty()
    }

    /// Gives up the countdowns, and waits until their players were told.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn give_up_countdowns(&mut self) {
        self.gives_up.send_replace(true);
        while self.gentle.join_next().await.is_some() {}
    }

    /// Returns news that have come.
    pub(super) fn come(&mut self) -> Option<DeedNews> {
        self.news.try_recv().ok()
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
    let host = opener.open_here(Host::open_whole, &scope).await?;
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
