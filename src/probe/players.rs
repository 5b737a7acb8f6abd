//! How many play: two of the queries by which a game is found to be ready tell
//! that too.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{a2s, minecraft};
use crate::inventory::{Healthy, Probe, Ready};
use crate::supervisor::Players;

/// The probe of an instance whose answer tells how many play, if it has one.
pub fn that_counts<'a>(ready: &'a Ready, healthy: Option<&'a Healthy>) -> Option<&'a Probe> {
    let healthy = healthy.into_iter().flat_map(|healthy| &healthy.probes);
    let mut probes = ready.probes.iter().chain(healthy);
    probes.find(|probe| matches!(probe, Probe::A2s(_) | Probe::Minecraft(_)))
}

/// Asks such a probe how many play. `None` when it was not told within `limit`,
/// the lookup of a name included.
///
/// # Cancel safety
/// Safe.
pub async fn players(probe: &Probe, limit: Duration) -> Option<Players> {
    let until = Instant::now() + limit;
    match probe {
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

    fn ready(probes: Vec<Probe>) -> Ready {
        Ready {
            probes,
            ..Ready::default()
        }
    }

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
            let asked = ready([Probe::AliveFor(limit), probe.clone()].into());
            assert_eq!(that_counts(&asked, None), Some(probe));
            let begun = Instant::now();
            assert_eq!(players(probe, limit).await, None);
            assert_eq!(begun.elapsed().as_secs(), 1, "{probe:?}");
        }
        let others = [Probe::Tcp(at(1)), Probe::AliveFor(limit)];
        assert_eq!(that_counts(&ready(others.to_vec()), None), None);
        assert_eq!(players(&others[0], limit).await, None);
    }
}
