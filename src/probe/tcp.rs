//! A TCP connection that is accepted.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::channel::resolve;
use crate::inventory::HostPort;

/// The time that one attempt may take, the lookup of the name included.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Holds if a connection is accepted.
#[derive(Debug)]
pub(super) struct TcpProbe {
    address: HostPort,
}

impl TcpProbe {
    pub(super) fn new(address: HostPort) -> Self {
        Self { address }
    }

    pub(super) fn address(&self) -> &HostPort {
        &self.address
    }

    pub(super) async fn holds(&self) -> bool {
        tokio::time::timeout(ATTEMPT, self.connect()).await.unwrap_or(false)
    }

    async fn connect(&self) -> bool {
        for ip in resolve::addresses(&self.address.host).await {
            let address = SocketAddr::new(ip, self.address.port);
            if let Ok(stream) = TcpStream::connect(address).await
                && !is_ourselves(&stream)
            {
                return true;
            }
        }
        false
    }
}

/// A connection to a free local port can, by chance, connect to itself.
fn is_ourselves(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}
