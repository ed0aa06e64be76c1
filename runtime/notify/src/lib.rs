//! Outgoing messages: who is told of an alarm, by which channel, until somebody has
//! read it.
//!
//! ```text
//! AlarmNotice ──> Dispatch (pure: time is passed in) ──> Job ──> Channel (socket)
//!                   │  roster: who is on call now          │
//!                   │  profile: steps with delays          └──> outcome, back again
//!                   └──> DeliveryRecord for every thing that happened or did not
//! ```
//!
//! The schedule ([`Dispatch`]) knows no clock, no socket and no thread: the same calls
//! with the same times give the same jobs and the same records. [`Notifier`] puts it
//! on a thread, with one thread more for each channel, so that a mail server that
//! hangs does not hold up a short message.
//!
//! What is absent: a receipt says that a person has read a message. It is no
//! acknowledgement of the alarm, which only the alarm book takes, from somebody who
//! may. Nothing in here is a safety function; the message may be lost, and the horn in
//! the field is not replaced by it.
//!
//! Reading order: [`notice`], [`config`], [`roster`], [`dispatch`], [`template`],
//! then [`channel`] and [`notifier`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "channels")]
pub mod channel;
pub mod civil;
pub mod config;
pub mod dispatch;
pub mod limits;
pub mod notice;
#[cfg(feature = "channels")]
pub mod notifier;
pub mod problem;
pub mod record;
pub mod roster;
pub mod secret;
pub mod template;

pub use config::{Config, ConfigProblem};
pub use dispatch::{Dispatch, Job, Message, Purpose};
pub use notice::{AlarmNotice, Language, Words};
#[cfg(feature = "channels")]
pub use notifier::{Notifier, StartError};
pub use problem::{ProblemKind, SendProblem};
pub use record::{ChannelHealth, DeliveryRecord, Event, Health, ReceiptProblem};
pub use secret::{Secret, SecretProblem};
