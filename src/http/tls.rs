//! TLS, for HTTP: who is trusted, and in what words a failure is told.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use super::certificate::untrusted;
use crate::failure::Failure;
use crate::inventory::Tls;
use crate::sys::plain_file;

/// The largest file of certificates, in bytes.
const CA_MAX: u64 = 4 << 20;

/// Begins TLS on a connection. Has no limit.
///
/// # Errors
/// When the server is not trusted, or does not speak TLS.
pub async fn connect(connector: &TlsConnector, stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::failed(format!("`{host}` is not a name that a certificate can have")))?;
    connector.connect(name, stream).await.map_err(|error| in_words(&error))
}

/// Makes what begins TLS with servers that are trusted.
///
/// # Errors
/// When the certificates that are to be trusted cannot be read.
pub async fn connector(tls: &Tls) -> Result<TlsConnector, Failure> {
    Ok(TlsConnector::from(Arc::new(config(tls).await?)))
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
        Some(Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion)) => {
            Failure::failed("it speaks no TLS that is secure: 1.2 or 1.3 is wanted")
                .hint("update the server, or ask it over `http://` on this host")
        }
        Some(Error::InvalidMessage(_)) => Failure::failed("it does not speak TLS").hint("write `http://`"),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            Failure::failed("it closed the connection in place of TLS").hint("it may speak `http://` only")
        }
        _ => Failure::failed(format!("TLS failed: {error}")),
    }
}
