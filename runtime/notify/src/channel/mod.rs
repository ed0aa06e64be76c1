//! Doors through which messages leave.

pub mod faulty;
mod http;
mod smtp;

pub use http::HttpChannel;
pub use smtp::SmtpChannel;

use crate::config::{ChannelConfig, Door};
use crate::dispatch::Message;
use crate::problem::SendProblem;
use crate::secret::SecretProblem;
use core::fmt;

/// A door. Calls block, for a bounded time, and say what happened.
pub trait Channel: Send {
    /// Sends one message.
    ///
    /// # Errors
    /// No server has taken it, or none said so in time.
    fn send(&mut self, message: &Message) -> Result<(), SendProblem>;

    /// Tries the way to the server without a message.
    ///
    /// # Errors
    /// Nobody answers there as expected.
    fn probe(&mut self) -> Result<(), SendProblem>;
}

/// Why a channel cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetUpProblem {
    /// A secret is not there.
    Secret(SecretProblem),
    /// The certificates cannot be read.
    Authorities {
        /// Their file.
        path: String,
        /// What is wrong.
        said: String,
    },
    /// TLS is asked for, and this build has none.
    NoTls,
    /// The sender's address or the header cannot be used.
    Settings {
        /// What is wrong.
        said: String,
    },
}

impl fmt::Display for SetUpProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetUpProblem::Secret(problem) => problem.fmt(f),
            SetUpProblem::Authorities { path, said } => {
                write!(f, "certificates of {path}: {said}")
            }
            SetUpProblem::NoTls => f.write_str("this build has no TLS"),
            SetUpProblem::Settings { said } => f.write_str(said),
        }
    }
}

impl std::error::Error for SetUpProblem {}

/// Sets up the channel of a configuration; secrets are fetched here.
///
/// # Errors
/// A secret or certificates are missing. Nothing is connected yet.
pub fn set_up(config: &ChannelConfig) -> Result<Box<dyn Channel>, SetUpProblem> {
    Ok(match &config.door {
        Door::Smtp(smtp) => Box::new(SmtpChannel::new(smtp, config)?),
        Door::Http(http) => Box::new(HttpChannel::new(http, config)?),
    })
}

/// The text of the file of certificates.
#[cfg(feature = "tls")]
fn authorities(config: &ChannelConfig) -> Result<String, SetUpProblem> {
    let path = config.ca_file.clone().unwrap_or_default();
    crate::secret::read_text(&path).map_err(|said| SetUpProblem::Authorities { path, said })
}
