//! The server behind TLS, with a certificate made for the test.

mod door;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use hmi::fake::FakeDesk;
use hmi::{Desk, Secure, ServeError, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("secure-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Certificate and key as files; the key for its owner alone unless `is_open`.
fn files(folder: &Folder, is_open: bool) -> (Secure, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let secure = Secure {
        certificate: folder.0.join("station.crt"),
        key: folder.0.join("station.key"),
        names: vec!["localhost".to_owned()],
    };
    std::fs::write(&secure.certificate, made.cert.pem()).expect("written");
    std::fs::write(&secure.key, made.signing_key.serialize_pem()).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if is_open { 0o644 } else { 0o600 };
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&secure.key, mode).expect("set");
    }
    (secure, made.cert.der().clone())
}

fn desk() -> Arc<dyn Desk> {
    Arc::new(FakeDesk::new(1_700_000_000_000, 1))
}

fn any() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

#[tokio::test]
async fn what_is_asked_by_tls_is_answered_and_by_plain_text_is_not() {
    let folder = Folder::new("both");
    let (secure, certificate) = files(&folder, false);
    let (_stop, stopped) = watch::channel(false);
    let serving = hmi::serve_secure(any(), desk(), Vec::new(), stopped, &secure);
    let serving = serving.await.expect("serves");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(serving.addr).await.expect("connects");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .expect("the certificate is trusted");
    let request = format!(
        "GET /api/v1/health HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        serving.addr.port()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    // A peer that closes without farewell has still said everything.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security"), "{answer}");

    let mut plain = TcpStream::connect(serving.addr).await.expect("connects");
    plain.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "plain text was answered");
}

#[tokio::test]
async fn a_key_that_others_may_read_and_files_that_are_none_stop_the_start() {
    let folder = Folder::new("files");
    let (open, _) = files(&folder, true);
    let start = async |secure: &Secure| {
        let (_stop, stopped) = watch::channel(false);
        hmi::serve_secure(any(), desk(), Vec::new(), stopped, secure)
            .await
            .err()
    };
    if cfg!(unix) {
        let error = start(&open).await;
        assert!(
            matches!(error, Some(ServeError::Tls(TlsError::KeyIsOpen { .. }))),
            "{error:?}"
        );
    }
    let missing = Secure {
        certificate: folder.0.join("none.crt"),
        ..open
    };
    let error = start(&missing).await.expect("no certificate");
    assert!(error.to_string().contains("none.crt"), "{error}");
}
