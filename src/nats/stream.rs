//! The bytes of a connection: TCP, with TLS or without.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls};

use crate::failure::Failure;
use crate::inventory::{HostPort, NatsTls};
use crate::sys::plain_file;

/// The largest file of certificates or keys, in bytes.
const PEM_MAX: u64 = 4 << 20;

/// A connection, whatever carries it.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Connects. Has no limit.
///
/// # Errors
/// With the reason, in the words of the system.
pub(super) async fn connect(address: &HostPort) -> Result<TcpStream, Failure> {
    let to = (address.host.as_str(), address.port);
    let stream = TcpStream::connect(to).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
            _ => error.to_string(),
        };
        Failure::failed(why)
    })?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Begins TLS. Has no limit.
///
/// # Errors
/// When the server is not trusted, or a file cannot be read.
pub(super) async fn begin_tls(
    stream: TcpStream,
    host: &str,
    tls: &NatsTls,
) -> Result<impl ByteStream + use<>, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::failed(format!("`{host}` is not a name that a certificate can have")))?;
    let connector = TlsConnector::from(Arc::new(config(tls).await?));
    let connected = connector.connect(name, stream).await;
    connected.map_err(|error| Failure::failed(format!("TLS failed: {}", in_words(&error))))
}

/// Returns what went wrong. The words of the library have the present time where a certificate
/// has expired, and so would be new each time.
fn in_words(error: &io::Error) -> String {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let date = |time: &UnixTime| {
        let since = Duration::from_secs(time.as_secs());
        humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
    };
    match cause {
        Some(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            format!("the certificate has expired: it was valid until {}", date(not_after))
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            format!(
                "the certificate is not valid before {}; or the clocks differ",
                date(not_before)
            )
        }
        _ => error.to_string(),
    }
}

async fn config(tls: &NatsTls) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        Some(path) => {
            let own = certificates(path).await?;
            roots.add_parsable_certificates(own);
            if roots.is_empty() {
                return Err(cannot(path, "has no certificate that could be trusted"));
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::failed(error.to_string()))?;
    let builder = builder.with_root_certificates(roots);
    let Some(client) = &tls.client else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(&client.certificate).await?;
    let key = read(&client.key).await?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| cannot(&client.key, "has no private key in PEM"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| cannot(&client.key, &format!("does not go with the certificate: {error}")))
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = read(path).await?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let all = all.ok().filter(|all| !all.is_empty());
    all.ok_or_else(|| cannot(path, "has no certificate in PEM, `-----BEGIN CERTIFICATE-----`"))
}

async fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = plain_file::read(path, PEM_MAX).await;
    read.map_err(|error| cannot(path, &format!("cannot be read: {error}")))
}

fn cannot(path: &Path, why: &str) -> Failure {
    Failure::failed(format!("{} {why}", path.display()))
}
