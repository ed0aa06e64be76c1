//! Messages as HTTP requests: webhooks and gateways for short messages.

use super::{Channel, SetUpProblem};
use crate::config::{BodyForm, ChannelConfig, HttpConfig, Method};
use crate::dispatch::Message;
use crate::limits;
use crate::problem::{ProblemKind, SendProblem};
use crate::secret::Secret;
use crate::template::{escaped, fill, percent_escaped};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use ureq::Agent;
use ureq::http::Request;

/// A server that takes messages by HTTP.
pub struct HttpChannel {
    agent: Agent,
    config: HttpConfig,
    secret: Option<Secret>,
    timeout: Duration,
    /// Tells the messages of one start of the station from those of another.
    start: String,
}

impl HttpChannel {
    /// A channel to the URL of the configuration.
    ///
    /// # Errors
    /// No secret, no certificates, or no TLS in this build.
    pub fn new(http: &HttpConfig, config: &ChannelConfig) -> Result<HttpChannel, SetUpProblem> {
        let timeout = Duration::from_millis(config.timeout_ms);
        let builder = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirection would carry the secret to somewhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent("scanloop");
        let is_tls = http.url.starts_with("https://");
        #[cfg(not(feature = "tls"))]
        if is_tls {
            return Err(SetUpProblem::NoTls);
        }
        #[cfg(feature = "tls")]
        let builder = if is_tls {
            builder.tls_config(tls(config)?)
        } else {
            builder
        };
        let place = http.secret.as_ref();
        let secret = place.map(|place| place.fetch()).transpose();
        let mut start = [0; 8];
        getrandom::fill(&mut start).map_err(|error| SetUpProblem::Settings {
            said: format!("no random numbers: {error}"),
        })?;
        Ok(HttpChannel {
            agent: builder.build().into(),
            config: http.clone(),
            secret: secret.map_err(SetUpProblem::Secret)?,
            timeout,
            start: format!("{:016x}", u64::from_ne_bytes(start)),
        })
    }

    fn value(&self, place: &str, message: &Message) -> Option<String> {
        Some(match place {
            "to" => message.to.clone(),
            "subject" => message.subject.clone(),
            "message" => message.text.clone(),
            "priority" => message.priority.to_string(),
            "alarm" => message.alarm.clone(),
            "id" => format!("{}.{}", self.start, message.id),
            "secret" => self.secret.as_ref()?.reveal().to_string(),
            _ => return None,
        })
    }

    fn request(&self, message: &Message) -> Result<Request<String>, String> {
        let url = fill(&self.config.url, |place| {
            self.value(place, message)
                .map(|value| percent_escaped(&value))
        });
        let form = self.config.form;
        let body = fill(&self.config.body, |place| {
            self.value(place, message)
                .map(|value| escaped(&value, form))
        });
        let (method, kind) = match (self.config.method, form) {
            (Method::Get, _) => ("GET", None),
            (Method::Post, BodyForm::Json) => ("POST", Some("application/json; charset=utf-8")),
            (Method::Post, BodyForm::Form) => ("POST", Some("application/x-www-form-urlencoded")),
        };
        let mut request = Request::builder().method(method).uri(url);
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        // The same for every attempt: a server may tell a repetition by it.
        let id = self.value("id", message).unwrap_or_default();
        request = request.header("Idempotency-Key", id);
        for (key, value) in &self.config.header {
            let secret = |place: &str| (place == "secret").then(|| self.value(place, message));
            request = request.header(key.as_str(), fill(value, |place| secret(place).flatten()));
        }
        request.body(body).map_err(|error| error.to_string())
    }

    /// A problem without the secret, which a URL may hold.
    fn problem(&self, kind: ProblemKind, code: Option<u16>, said: &str) -> SendProblem {
        let mut said = said.to_string();
        if let Some(secret) = &self.secret {
            for shown in [
                secret.reveal().to_string(),
                percent_escaped(secret.reveal()),
            ] {
                said = said.replace(&shown, "…");
            }
        }
        SendProblem::new(kind, code, &said)
    }

    fn judge(&self, code: u16, answer: &str) -> Result<(), SendProblem> {
        let kind = match code {
            200..=299 => match &self.config.expect {
                Some(expect) if !answer.contains(expect.as_str()) => ProblemKind::Busy,
                _ => return Ok(()),
            },
            401 | 403 | 407 => ProblemKind::Credentials,
            408 | 425 | 429 | 500.. => ProblemKind::Busy,
            _ => ProblemKind::Refused,
        };
        Err(self.problem(kind, Some(code), answer))
    }
}

#[cfg(feature = "tls")]
fn tls(config: &ChannelConfig) -> Result<ureq::tls::TlsConfig, SetUpProblem> {
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
    let pem = super::authorities(config)?;
    let mut certificates = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => {
                return Err(SetUpProblem::Authorities {
                    path: config.ca_file.clone().unwrap_or_default(),
                    said: error.to_string(),
                });
            }
        }
    }
    let provider = rustls::crypto::ring::default_provider();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(certificates))
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(provider))
        .build())
}

impl Channel for HttpChannel {
    fn send(&mut self, message: &Message) -> Result<(), SendProblem> {
        let request = self
            .request(message)
            .map_err(|said| self.problem(ProblemKind::Refused, None, &said))?;
        let mut response = match self.agent.run(request) {
            Ok(response) => response,
            Err(error) => return Err(self.problem(kind(&error), None, &error.to_string())),
        };
        let code = response.status().as_u16();
        let answer = response
            .body_mut()
            .with_config()
            .limit(limits::ANSWER_BYTES_MAX)
            .read_to_string();
        match (answer, &self.config.expect) {
            (Ok(answer), _) => self.judge(code, &answer),
            // The status is said; what follows it is not needed.
            (Err(_), None) => self.judge(code, ""),
            (Err(error), Some(_)) => Err(self.problem(kind(&error), None, &error.to_string())),
        }
    }

    fn probe(&mut self) -> Result<(), SendProblem> {
        let url = self.config.url.as_str();
        let (rest, port) = match url.strip_prefix("https://") {
            Some(rest) => (rest, 443),
            None => (url.strip_prefix("http://").unwrap_or(url), 80),
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let has_port = host.rsplit_once(':').is_some_and(|(before, port)| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && !before.ends_with(':')
        });
        let target = if has_port {
            host.to_string()
        } else {
            format!("{host}:{port}")
        };
        let unreachable = |said: &str| Err(self.problem(ProblemKind::Unreachable, None, said));
        let addresses = match target.to_socket_addrs() {
            Ok(addresses) => addresses,
            Err(error) => return unreachable(&error.to_string()),
        };
        let mut said = "no address".to_string();
        for address in addresses.take(2) {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(_) => return Ok(()),
                Err(error) => said = error.to_string(),
            }
        }
        unreachable(&said)
    }
}

fn kind(error: &ureq::Error) -> ProblemKind {
    match error {
        ureq::Error::Timeout(_) => ProblemKind::TimedOut,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => ProblemKind::Unreachable,
        ureq::Error::Io(io) => match io.kind() {
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => ProblemKind::TimedOut,
            std::io::ErrorKind::InvalidData => ProblemKind::Tls,
            _ => ProblemKind::Unreachable,
        },
        ureq::Error::Tls(_) => ProblemKind::Tls,
        #[cfg(feature = "tls")]
        ureq::Error::Rustls(_) => ProblemKind::Tls,
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => ProblemKind::Refused,
        _ => ProblemKind::Protocol,
    }
}
