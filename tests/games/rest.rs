//! A game that is asked, saved and stopped over HTTP, as Palworld is, or over HTTPS, as
//! Satisfactory is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Answers one request, which must have the header `wanted`. Returns its first line
/// and its body if it has.
pub(crate) fn answer(kind: &str, stream: TcpStream, wanted: &str) -> std::io::Result<Option<String>> {
    match kind {
        "rest" => plain(stream, wanted),
        "rest-issued" => {
            let pem = (include_bytes!("../tls/issued.pem"), include_bytes!("../tls/issued.key"));
            plain(encrypted(stream, pem.0, pem.1), wanted)
        }
        _ => {
            let pem = (include_bytes!("../tls/own.pem"), include_bytes!("../tls/own.key"));
            plain(encrypted(stream, pem.0, pem.1), wanted)
        }
    }
}

fn plain(stream: impl Read + Write, wanted: &str) -> std::io::Result<Option<String>> {
    let mut stream = BufReader::new(stream);
    let mut head: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let len = head.iter().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; len.map_or(0, |len| len.parse().expect("a length"))];
    stream.read_exact(&mut body)?;
    let is_allowed = head.iter().any(|line| line == wanted);
    let status = if is_allowed { "200 OK" } else { "401 Unauthorized" };
    write!(stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")?;
    stream.get_mut().flush()?;
    let asked = head.first().map_or("", String::as_str).trim_end_matches(" HTTP/1.1");
    let asked = format!("{asked} {}", String::from_utf8_lossy(&body));
    Ok(is_allowed.then(|| asked.trim_end().to_owned()))
}

fn encrypted(stream: TcpStream, cert: &[u8], key: &[u8]) -> StreamOwned<ServerConnection, TcpStream> {
    let certs = CertificateDer::pem_slice_iter(cert).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certs.expect("certificates"), key)
        .expect("a certificate with its key");
    StreamOwned::new(ServerConnection::new(Arc::new(config)).expect("a connection"), stream)
}
