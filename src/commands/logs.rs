//! `gamectl logs`.

use std::time::Duration;

use super::context::{Context, typed};
use super::signals::Interrupt;
use super::streams::reader_is_gone;
use crate::cli::{LineCount, LogsArgs};
use crate::host::{Error, OutputFrom};

const READER_CHECK: Duration = Duration::from_millis(100);

pub(super) async fn run(context: &Context<'_>, logs: &LogsArgs) -> Result<u8, Error> {
    let selection = typed("logs", &logs.selection)?;
    let (host, mistaken) = context.host_of_whole(selection)?;
    let from = match (logs.since, logs.lines) {
        (Some(at), _) => OutputFrom::Time(at),
        (None, LineCount::All) => OutputFrom::Start,
        (None, LineCount::Last(lines)) => OutputFrom::LastLines(lines),
    };
    let mut all = host.logs(selection, from, logs.follow).await?;
    let mut screen = context.screen.logs(&all.ids(), logs.raw);
    for id in all.missing().filter(|_| !logs.follow) {
        context
            .screen
            .note(&format!("{id}: it was never started, so it has printed nothing"));
    }
    let mut interrupt = Interrupt::new()?;
    let mut code = mistaken.unwrap_or(0);
    while context.screen.is_open() {
        tokio::select! {
            signal = interrupt.signalled() => {
                code = signal.exit_code();
                break;
            }
            piece = all.next() => match piece? {
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
