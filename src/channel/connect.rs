//! TCP connections to a host by its name.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::elsewhere::elsewhere;
use super::exchange::silent;
use super::resolve;
use crate::failure::Failure;
use crate::inventory::HostPort;
use crate::sys::listeners::Transport;

/// The message where a connection is refused.
pub const NOTHING_LISTENS: &str = "nothing listens there";

pub async fn connect(address: &HostPort, until: Instant) -> Result<TcpStream, Failure> {
    let tried = async {
        let mut last = Failure::failed(format!("the host `{}` is not known", address.host));
        for ip in resolve::addresses(&address.host).await {
            match TcpStream::connect(SocketAddr::new(ip, address.port)).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = refused(address, &error),
            }
        }
        Err(last)
    };
    match tokio::time::timeout_at(until, tried).await {
        Ok(connected) => connected,
        Err(_) => Err(silent("the connection was not accepted in time")),
    }
}

fn refused(address: &HostPort, error: &io::Error) -> Failure {
    if error.kind() != io::ErrorKind::ConnectionRefused {
        return Failure::failed(error.to_string());
    }
    nothing_listens(address, Transport::Tcp)
}

/// Returns the failure of an address at which nobody listens.
pub(super) fn nothing_listens(address: &HostPort, transport: Transport) -> Failure {
    let failure = Failure::failed(NOTHING_LISTENS);
    match elsewhere(address, transport) {
        Some(server) => failure.hint(format!(
            "{server} is listened at: write `host: {}`, or have the game listen at all addresses",
            server.ip()
        )),
        None => failure.hint(
            "many games open it late in their start, or only when it is switched on in their settings or arguments",
        ),
    }
}
