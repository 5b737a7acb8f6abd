//! `gamectl logs`.

use std::time::Duration;

use super::context::{Context, typed};
use super::signals::Interrupt;
use super::streams::reader_is_gone;
use crate::cli::{LineCount, LogsArgs};
use crate::failure::Failure;
use crate::host::{Error, LogReader, OutputAsk, OutputFrom};
use crate::ui::Screen;

const READER_CHECK: Duration = Duration::from_millis(100);

/// The pause between two looks whether a slow reader has read.
const SLOW_READER: Duration = Duration::from_millis(20);

pub(super) async fn run(context: &Context<'_>, logs: &LogsArgs) -> Result<u8, Error> {
    let selection = typed("logs", &logs.selection)?;
    let (host, mistaken) = context.host_of_whole(selection)?;
    let from = match (logs.since, logs.lines) {
        (Some(at), _) => OutputFrom::Time(at),
        (None, LineCount::All) => OutputFrom::Start,
        (None, LineCount::Last(lines)) => OutputFrom::LastLines(lines),
    };
    let ask = OutputAsk {
        from,
        follow: logs.follow,
        times: logs.timestamps,
        previous: logs.previous,
    };
    let mut all = host.logs(selection, ask).await?;
    let mut screen = context.screen.logs(&all.ids(), logs.raw, logs.timestamps);
    for id in all.missing().filter(|_| !logs.follow) {
        context
            .screen
            .note(&format!("{id}: it was never started, so it has printed nothing"));
    }
    let mut interrupt = Interrupt::new()?;
    if logs.follow {
        // A signal counts while the reader reads nothing, too.
        context.screen.never_wait()?;
    }
    let mut code = mistaken.unwrap_or(0);
    while context.screen.is_open() {
        tokio::select! {
            signal = interrupt.signalled() => {
                code = signal.exit_code();
                break;
            }
            piece = next(context.screen, &mut all) => match piece? {
                Some((index, bytes)) => screen.write(index, &bytes),
                None => break,
            },
            () = tokio::time::sleep(READER_CHECK) => if reader_is_gone() {
                break;
            },
        }
    }
    screen.finish();
    Ok(code)
}

/// Waits for the next piece, and before that until there is room for it.
///
/// # Cancel safety
/// Safe.
async fn next(screen: &Screen, all: &mut LogReader<'_>) -> Result<Option<(usize, Vec<u8>)>, Failure> {
    while !screen.has_room() {
        tokio::time::sleep(SLOW_READER).await;
    }
    all.next().await
}
