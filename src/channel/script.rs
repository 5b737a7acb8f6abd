//! A server of datagrams that does what a test has written down.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::datagram::{Datagrams, Talk};
use crate::inventory::HostPort;

/// The deeds of a server upon a datagram: after so many milliseconds it says something, or
/// its port refuses.
pub(super) type Reaction = Vec<(u64, Option<Vec<u8>>)>;

pub(super) struct ScriptedServer<F> {
    reacts: F,
    coming: VecDeque<(Instant, Option<Vec<u8>>)>,
}

impl<F> fmt::Debug for ScriptedServer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedServer")
    }
}

impl<F: FnMut(&[u8]) -> Reaction> Datagrams for ScriptedServer<F> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        let new = (self.reacts)(bytes).into_iter();
        self.coming
            .extend(new.map(|(after, said)| (now + Duration::from_millis(after), said)));
        self.coming.make_contiguous().sort_by_key(|(at, _)| *at);
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((at, _)) = self.coming.front() else {
            return std::future::pending().await;
        };
        sleep_until(*at).await;
        let said = self.coming.pop_front().and_then(|(_, said)| said);
        let said = said.ok_or(io::ErrorKind::ConnectionRefused)?;
        buffer[..said.len()].copy_from_slice(&said);
        Ok(said.len())
    }
}

/// Returns the way to a server that reacts like this.
pub(super) fn talk<F: FnMut(&[u8]) -> Reaction>(reacts: F) -> Talk<ScriptedServer<F>> {
    let address = HostPort {
        host: "192.0.2.1".into(),
        port: 9,
    };
    let coming = VecDeque::new();
    Talk::new(ScriptedServer { reacts, coming }, address)
}

/// Says all of this at once.
pub(super) fn says(texts: &[&[u8]]) -> Reaction {
    texts.iter().map(|text| (10, Some(text.to_vec()))).collect()
}
