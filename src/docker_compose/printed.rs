//! What the services of a stack have said, as compose shows it.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::{Child, ChildStdout, Command};

use super::engine::Engine;
use super::tool::Tool;
use crate::failure::{Failure, FailureKind};
use crate::inventory::ComposeSpec;
use crate::supervisor::{ConsoleOutput, OutputFrom};

/// The output of a program, which ends when nobody reads it any more.
struct Output {
    stdout: ChildStdout,
    _child: Child,
}

impl AsyncRead for Output {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdout).poll_read(cx, buffer)
    }
}

/// The last lines of every service, each with its service before it; with
/// `follow`, what comes, too.
///
/// # Errors
/// When compose cannot be called.
pub(super) async fn read(
    engine: &Engine,
    spec: &ComposeSpec,
    from: OutputFrom,
    follow: bool,
) -> Result<ConsoleOutput, Failure> {
    // Whether the engine answers at all: compose says so where nobody reads.
    engine.of_project(&spec.project).await?;
    let tool = Tool::find(engine).await?;
    let cannot = |error: &io::Error| Failure::unknown(format!("compose cannot be called: {error}"));
    if tool.is_old && matches!(from, OutputFrom::Time(_)) {
        let message = format!("{tool} cannot tell what was printed since a time");
        return Err(
            Failure::new(FailureKind::Unsupported, message).hint("install the compose plugin of Docker, or use -n")
        );
    }
    let argv = tool.logs(spec, from, follow);
    let Some((program, args)) = argv.split_first() else {
        return Err(cannot(&io::ErrorKind::NotFound.into()));
    };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| cannot(&error))?;
    let stdout = child
        .stdout
        .take()
        .ok_or_else(|| cannot(&io::ErrorKind::BrokenPipe.into()))?;
    Ok(Box::new(Output { stdout, _child: child }))
}
