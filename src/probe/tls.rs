//! TLS, for HTTP: who is trusted, and in what words a failure is told.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use crate::failure::Failure;
use crate::inventory::Tls;
use crate::sys::plain_file;

/// The largest file of certificates, in bytes.
const CA_MAX: u64 = 4 << 20;

/// The most characters of a reason, in which a certificate may have many names.
const WHY_MAX: usize = 300;

const NAME_IT: &str = "name the server's own certificate, or that of its issuer, as `ca` of `http`";

const OTHER_NAME: &str = "write a name of the certificate in the URL, or name the server's own certificate as `ca` of `http`: \
     then its name does not count";

/// Begins TLS on a connection. Has no limit.
///
/// # Errors
/// When the server is not trusted, or does not speak TLS.
pub(super) async fn connect(stream: TcpStream, host: &str, tls: &Tls) -> Result<TlsStream<TcpStream>, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::failed(format!("`{host}` is not a name that a certificate can have")))?;
    let connector = TlsConnector::from(Arc::new(config(tls).await?));
    connector.connect(name, stream).await.map_err(|error| in_words(&error))
}

async fn config(tls: &Tls) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let (own, roots) = match &tls.ca {
        Some(path) => {
            let cannot = |why: &str| Failure::failed(format!("the certificates of {} {why}", path.display()));
            let pem = plain_file::read(path, CA_MAX).await;
            let pem = pem.map_err(|error| cannot(&format!("cannot be read: {error}")))?;
            let own: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let own = own.ok().filter(|own| !own.is_empty());
            let own = own.ok_or_else(|| cannot("are not in PEM, `-----BEGIN CERTIFICATE-----`"))?;
            (own.clone(), own)
        }
        None => (Vec::new(), rustls_native_certs::load_native_certs().certs),
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    // None are found in a store without any.
    let issuers = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider)).build();
    let trust = Trust {
        own,
        issuers: issuers.ok(),
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::failed(error.to_string()))?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Trusts the certificates that a person names, whatever name and dates they have:
/// games make their own. Any other certificate is checked as usual.
#[derive(Debug)]
struct Trust {
    own: Vec<CertificateDer<'static>>,
    issuers: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.own.contains(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.issuers {
            Some(issuers) => issuers.verify_server_cert(end_entity, intermediates, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn in_words(error: &io::Error) -> Failure {
    match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(why)) => untrusted(why),
        Some(Error::InvalidMessage(_)) => Failure::failed("it does not speak TLS").hint("write `http://`"),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            Failure::failed("it closed the connection in place of TLS").hint("it may speak `http://` only")
        }
        _ => Failure::failed(format!("TLS failed: {error}")),
    }
}

fn untrusted(why: &CertificateError) -> Failure {
    use CertificateError as Why;
    let (why, hint) = match why {
        Why::UnknownIssuer => ("nobody who is trusted has issued it".to_owned(), NAME_IT),
        Why::Expired | Why::ExpiredContext { .. } => (
            "it has expired, or the clock of this host is wrong".to_owned(),
            "have the server make a new one, or name the server's own certificate as `ca` of `http`: then its dates do not count",
        ),
        Why::NotValidYet | Why::NotValidYetContext { .. } => (
            "its time has not begun, or the clock of this host is wrong".to_owned(),
            "set the clock, or name the server's own certificate as `ca` of `http`: then its dates do not count",
        ),
        Why::NotValidForName => ("it is for another name than that of the URL".to_owned(), OTHER_NAME),
        Why::NotValidForNameContext { expected, presented } => {
            let names = match presented.as_slice() {
                [] => "it has no name".to_owned(),
                presented => format!("it is for {}", presented.join(", ")),
            };
            (format!("{names}, and not for {}", expected.to_str()), OTHER_NAME)
        }
        Why::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            "it is the certificate of an issuer (CA:TRUE), as `openssl req -x509` makes it, and not of a server"
                .to_owned(),
            "name that certificate as `ca` of `http`: then it is trusted as it is; \
             or make one for a server: openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=game \
             -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem",
        ),
        why => (why.to_string(), NAME_IT),
    };
    let why: String = why.chars().filter(|c| !c.is_control()).take(WHY_MAX).collect();
    Failure::failed(format!("its certificate is not trusted: {why}")).hint(hint)
}
