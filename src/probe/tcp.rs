//! A TCP connection that is accepted.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::channel::resolve;
use crate::inventory::HostPort;

/// Returns true if a connection is accepted. Has no limit.
pub(super) async fn accepts(server: &HostPort) -> bool {
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
