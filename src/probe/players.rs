//! Player counts: two of the queries that find a game ready return them, too.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{a2s, minecraft};
use crate::inventory::{Healthy, Probe, Ready};
use crate::supervisor::{PlayerQuery, Players};

/// Returns the probe of an instance whose answer contains a player count, if it
/// has one.
pub fn player_query<'a>(ready: &'a Ready, healthy: Option<&'a Healthy>) -> Option<&'a dyn PlayerQuery> {
    counting_probe(ready, healthy).map(|probe| probe as &dyn PlayerQuery)
}

fn counting_probe<'a>(ready: &'a Ready, healthy: Option<&'a Healthy>) -> Option<&'a Probe> {
    let healthy = healthy.into_iter().flat_map(|healthy| &healthy.probes);
    let mut probes = ready.probes.iter().chain(healthy);
    probes.find(|probe| probe.counts_players())
}

#[async_trait::async_trait]
impl PlayerQuery for Probe {
    /// `limit` includes the lookup of a host name.
    async fn count(&self, limit: Duration) -> Option<Players> {
        let (until, any) = (Instant::now() + limit, AtomicBool::new(false));
        match self {
            Self::A2s(server) => timeout_at(until, a2s::query(server, &any)).await.ok()??,
            Self::Minecraft(server) => minecraft::query(server, until, &any).await?,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::HostPort;

    fn ready(probes: Vec<Probe>) -> Ready {
        Ready {
            probes,
            ..Ready::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_game_is_waited_for_until_the_limit() {
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
            let asked = ready([Probe::AliveFor(limit), probe.clone()].into());
            assert_eq!(counting_probe(&asked, None), Some(probe));
            let begun = Instant::now();
            assert_eq!(probe.count(limit).await, None);
            assert_eq!(begun.elapsed().as_secs(), 1, "{probe:?}");
        }
        let others = [Probe::Tcp(at(1)), Probe::AliveFor(limit)];
        assert_eq!(counting_probe(&ready(others.to_vec()), None), None);
        assert_eq!(others[0].count(limit).await, None);
    }
}
