//! TLS 1.3 from files of the plant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ServerConfig, version};

/// What the server needs to be reached from other machines.
#[derive(Clone, Debug)]
pub struct Secure {
    /// File of the certificate chain, PEM.
    pub certificate: PathBuf,
    /// File of its private key, PEM.
    pub key: PathBuf,
    /// Host names under which browsers ask for it.
    pub names: Vec<String>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or holds something else.
    #[error("{}: {message}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// Others may read the private key.
    #[error("{}: others may read this private key; `chmod 600` it", path.display())]
    KeyIsOpen {
        /// Which.
        path: PathBuf,
    },
    /// Certificate and key do not fit.
    #[error("certificate and key do not fit: {0}")]
    Unfit(#[from] tokio_rustls::rustls::Error),
}

/// The acceptor of a server.
pub(crate) fn acceptor(secure: &Secure) -> Result<TlsAcceptor, TlsError> {
    let wrong = |path: &Path, message: String| TlsError::File {
        path: path.to_path_buf(),
        message,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&secure.certificate)
        .map_err(|e| wrong(&secure.certificate, e.to_string()))?
        .collect();
    let chain = chain.map_err(|e| wrong(&secure.certificate, e.to_string()))?;
    if chain.is_empty() {
        let message = "no certificate in it".to_owned();
        return Err(wrong(&secure.certificate, message));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let facts =
            std::fs::metadata(&secure.key).map_err(|e| wrong(&secure.key, e.to_string()))?;
        if facts.permissions().mode() & 0o077 != 0 {
            return Err(TlsError::KeyIsOpen {
                path: secure.key.clone(),
            });
        }
    }
    let key =
        PrivateKeyDer::from_pem_file(&secure.key).map_err(|e| wrong(&secure.key, e.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
