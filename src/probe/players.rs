//! How many play: two of the queries by which a game is found to be ready tell
//! that too.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{a2s, minecraft};
use crate::inventory::Probe;
use crate::supervisor::Players;

/// Whether the answer to this probe tells how many play.
pub fn tells_players(probe: &Probe) -> bool {
    matches!(probe, Probe::A2s(_) | Probe::Minecraft(_))
}

/// Asks the first of these probes whose answer tells it. `None` when there is
/// none, or it was not told within `limit`, the lookup of a name included.
///
/// # Cancel safety
/// Safe.
pub async fn players(mut probes: impl Iterator<Item = &Probe>, limit: Duration) -> Option<Players> {
    let until = Instant::now() + limit;
    match probes.find(|probe| tells_players(probe))? {
        Probe::A2s(address) => {
            let probe = a2s::A2sProbe::new(address.clone());
            timeout_at(until, probe.players()).await.ok()?
        }
        Probe::Minecraft(address) => minecraft::MinecraftProbe::new(address.clone()).players(until).await,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::HostPort;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_not_waited_for_longer_than_that() {
        let limit = Duration::from_secs(1);
        let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = |port| HostPort {
            host: "127.0.0.1".to_owned(),
            port,
        };
        let silent = [
            Probe::A2s(at(udp.local_addr().unwrap().port())),
            Probe::Minecraft(at(tcp.local_addr().unwrap().port())),
        ];
        for probe in &silent {
            assert!(tells_players(probe));
            let begun = Instant::now();
            assert_eq!(players([probe].into_iter(), limit).await, None);
            assert_eq!(begun.elapsed().as_secs(), 1, "{probe:?}");
        }
        let others = [Probe::Tcp(at(1)), Probe::AliveFor(limit)];
        assert_eq!(players(others.iter(), limit).await, None);
    }
}
