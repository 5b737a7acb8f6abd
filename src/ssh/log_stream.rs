//! The output of a game on another host, as a stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::call::Call;
use super::wire::Say;

/// The output that comes as answers of a call.
pub(super) struct LogStream {
    call: Call,
    piece: Vec<u8>,
    /// The bytes of the piece that were read.
    read: usize,
    is_over: bool,
}

impl LogStream {
    pub(super) fn new(call: Call) -> Self {
        Self {
            call,
            piece: Vec::new(),
            read: 0,
            is_over: false,
        }
    }
}

impl AsyncRead for LogStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.read == self.piece.len() && !self.is_over {
            match ready!(self.call.poll_next(context)) {
                Ok((Say::Output { .. }, piece)) => {
                    self.piece = piece;
                    self.read = 0;
                }
                Ok((Say::End {}, _)) => self.is_over = true,
                Ok(_) => {}
                Err(failure) => {
                    self.is_over = true;
                    return Poll::Ready(Err(io::Error::other(failure)));
                }
            }
        }
        let rest = self.piece.get(self.read..).unwrap_or_default();
        let n = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..n).unwrap_or_default());
        self.read += n;
        Poll::Ready(Ok(()))
    }
}
