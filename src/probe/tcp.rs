//! A TCP connection that is accepted.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::channel::resolve;
use crate::inventory::HostPort;

/// The time that one attempt may take, the lookup of the name included.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Returns true if a connection is accepted.
pub(super) async fn answers(server: &HostPort) -> bool {
    tokio::time::timeout(ATTEMPT, connect(server)).await.unwrap_or(false)
}

async fn connect(server: &HostPort) -> bool {
    for ip in resolve::addresses(&server.host).await {
        let address = SocketAddr::new(ip, server.port);
        if let Ok(stream) = TcpStream::connect(address).await
            && !is_ourselves(&stream)
        {
            return true;
        }
    }
    false
}

/// A connection to a free local port can, by chance, connect to itself.
fn is_ourselves(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}
