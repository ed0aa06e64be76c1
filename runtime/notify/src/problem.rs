//! Why a message did not go out.

use crate::limits;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Kinds of problem of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The server will not have this message or this recipient (SMTP 5yz, HTTP 4xx).
    Refused,
    /// The server asks to come again (SMTP 4yz, HTTP 408, 429, 5xx).
    Busy,
    /// Nobody answers: connection refused, no route, no such name.
    Unreachable,
    /// No answer in time. The message may have arrived all the same.
    TimedOut,
    /// TLS is required and not offered, or the certificate is not trusted.
    Tls,
    /// The server does not accept the credentials (SMTP 530, 535, HTTP 401, 403, 407).
    Credentials,
    /// What came back is not understood.
    Protocol,
}

impl ProblemKind {
    /// Whether another attempt may help.
    pub fn is_retried(self) -> bool {
        use ProblemKind::{Busy, Protocol, TimedOut, Unreachable};
        matches!(self, Busy | Unreachable | TimedOut | Protocol)
    }

    /// Whether it says something of the channel, not of one recipient.
    pub fn is_of_channel(self) -> bool {
        self != ProblemKind::Refused
    }

    /// A word for records.
    pub fn word(self) -> &'static str {
        match self {
            ProblemKind::Refused => "refused",
            ProblemKind::Busy => "busy",
            ProblemKind::Unreachable => "unreachable",
            ProblemKind::TimedOut => "timed out",
            ProblemKind::Tls => "TLS",
            ProblemKind::Credentials => "credentials",
            ProblemKind::Protocol => "protocol",
        }
    }
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendProblem {
    /// Its kind.
    pub kind: ProblemKind,
    /// The server's code, if it gave one.
    pub code: Option<u16>,
    /// What was said: one line, cut, without secrets.
    pub said: String,
}

impl SendProblem {
    /// A problem; what was said is made one line and cut.
    pub fn new(kind: ProblemKind, code: Option<u16>, said: &str) -> SendProblem {
        SendProblem {
            kind,
            code,
            said: crate::template::one_line(said, limits::SAID_CHARS_MAX),
        }
    }
}

impl fmt::Display for SendProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        if let Some(code) = self.code {
            write!(f, " ({code})")?;
        }
        if self.said.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.said)
    }
}

impl std::error::Error for SendProblem {}
