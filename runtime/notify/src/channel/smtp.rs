//! E-mail (RFC 5321), one connection a message.

use super::{Channel, SetUpProblem};
use crate::config::{ChannelConfig, SmtpConfig, TlsMode};
use crate::dispatch::Message;
use crate::problem::{ProblemKind, SendProblem};
use crate::secret::Secret;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Tls;
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport};
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

/// A mail server.
pub struct SmtpChannel {
    transport: SmtpTransport,
    from: Mailbox,
    password: Option<Secret>,
    /// Tells the messages of one start of the station from those of another.
    start: String,
}

impl SmtpChannel {
    /// A channel to the server of the configuration.
    ///
    /// # Errors
    /// No password, no certificates, or a sender's address that is none.
    pub fn new(smtp: &SmtpConfig, config: &ChannelConfig) -> Result<SmtpChannel, SetUpProblem> {
        let from = smtp.from.parse().map_err(|error| SetUpProblem::Settings {
            said: format!("sender's address {:?}: {error}", smtp.from),
        })?;
        let mut builder = SmtpTransport::builder_dangerous(smtp.host.as_str())
            .port(smtp.port)
            .hello_name(ClientId::Domain("scanloop.invalid".to_string()))
            .timeout(Some(Duration::from_millis(config.timeout_ms)));
        if let Some(tls) = tls(smtp, config)? {
            builder = builder.tls(tls);
        }
        let mut password = None;
        if let Some((user, place)) = &smtp.login {
            let secret = place.fetch().map_err(SetUpProblem::Secret)?;
            let credentials = Credentials::new(user.clone(), secret.reveal().to_string());
            builder = builder.credentials(credentials);
            password = Some(secret);
        }
        let mut start = [0; 8];
        getrandom::fill(&mut start).map_err(|error| SetUpProblem::Settings {
            said: format!("no random numbers: {error}"),
        })?;
        Ok(SmtpChannel {
            transport: builder.build(),
            from: Mailbox::new(Some("Scanloop".to_string()), from),
            password,
            start: format!("{:016x}", u64::from_ne_bytes(start)),
        })
    }

    fn write(&self, message: &Message) -> Result<lettre::Message, String> {
        let to = message
            .to
            .parse()
            .map_err(|error| format!("address: {error}"))?;
        let subject = crate::template::one_line(&message.subject, usize::MAX);
        // The same for every attempt: a reader that gets it twice can tell.
        let id = format!("<{}.{}@scanloop.invalid>", self.start, message.id);
        let important = if message.priority == 1 {
            "high"
        } else {
            "normal"
        };
        let mut body = String::with_capacity(message.text.len());
        for line in message.text.lines() {
            body.push_str(line);
            body.push_str("\r\n");
        }
        let body = Body::new_with_encoding(body, ContentTransferEncoding::Base64)
            .map_err(|_| "body cannot be encoded".to_string())?;
        lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_string(),
            ))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Importance"),
                important.to_string(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|error| error.to_string())
    }

    fn problem(&self, error: &lettre::transport::smtp::Error) -> SendProblem {
        let code = error.status().map(u16::from);
        let mut said = said(error);
        if let Some(password) = &self.password {
            said = said.replace(password.reveal(), "…");
        }
        let kind = match code {
            Some(530 | 534 | 535 | 538) => ProblemKind::Credentials,
            Some(500..) => ProblemKind::Refused,
            Some(_) => ProblemKind::Busy,
            None => kind(error, &said),
        };
        SendProblem::new(kind, code, &said)
    }
}

fn tls(smtp: &SmtpConfig, config: &ChannelConfig) -> Result<Option<Tls>, SetUpProblem> {
    if smtp.tls == TlsMode::None {
        return Ok(None);
    }
    #[cfg(not(feature = "tls"))]
    {
        let _ = config;
        Err(SetUpProblem::NoTls)
    }
    #[cfg(feature = "tls")]
    {
        use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
        let broken = |said: String| SetUpProblem::Authorities {
            path: config.ca_file.clone().unwrap_or_default(),
            said,
        };
        let pem = super::authorities(config)?;
        // Whom the plant names is trusted, and nobody else.
        let authorities =
            Certificate::from_pem(pem.as_bytes()).map_err(|error| broken(error.to_string()))?;
        let parameters = TlsParameters::builder(smtp.host.clone())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authorities)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        Ok(Some(match smtp.tls {
            TlsMode::Tls => Tls::Wrapper(parameters),
            _ => Tls::Required(parameters),
        }))
    }
}

/// The error and all its causes.
fn said(error: &lettre::transport::smtp::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !said.contains(&words) {
            said.push_str(": ");
            said.push_str(&words);
        }
        source = cause.source();
    }
    said
}

/// The kind of an error without a code of the server.
fn kind(error: &lettre::transport::smtp::Error, said: &str) -> ProblemKind {
    #[cfg(feature = "tls")]
    if error.is_tls() {
        return ProblemKind::Tls;
    }
    if error.is_client() && said.contains("STARTTLS") {
        return ProblemKind::Tls;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                // What a socket says when its time is over differs by system.
                ErrorKind::TimedOut | ErrorKind::WouldBlock => ProblemKind::TimedOut,
                ErrorKind::InvalidData => ProblemKind::Tls,
                _ => ProblemKind::Unreachable,
            };
        }
        source = cause.source();
    }
    if error.is_response() || error.is_client() {
        ProblemKind::Protocol
    } else {
        ProblemKind::Unreachable
    }
}

impl Channel for SmtpChannel {
    fn send(&mut self, message: &Message) -> Result<(), SendProblem> {
        let mail = self
            .write(message)
            .map_err(|said| SendProblem::new(ProblemKind::Refused, None, &said))?;
        match self.transport.send(&mail) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.problem(&error)),
        }
    }

    fn probe(&mut self) -> Result<(), SendProblem> {
        match self.transport.test_connection() {
            Ok(true) => Ok(()),
            Ok(false) => Err(SendProblem::new(
                ProblemKind::Protocol,
                None,
                "no answer to NOOP",
            )),
            Err(error) => Err(self.problem(&error)),
        }
    }
}
