//! `[notify]` as it is written: keys and types, nothing compared yet.

use crate::notice::{Language, Words};
use crate::secret::SecretPlace;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file that holds the table `[notify]` and nothing else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileText {
    /// The table.
    pub notify: NotifyText,
}

/// `[notify]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyText {
    /// Whether anything is sent at all.
    #[serde(default)]
    pub enabled: bool,
    /// Name of the station in messages.
    pub station: Words,
    /// Local time of the plant, `+08:00`.
    pub utc_offset: String,
    /// Link for receipts, with `{token}`; none, and messages carry no link.
    pub receipt_url: Option<String>,
    /// Texts of messages, if not the built-in ones.
    #[serde(default)]
    pub template: TemplateText,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsText,
    /// Channels.
    #[serde(default)]
    pub channel: Vec<ChannelText>,
    /// People.
    #[serde(default)]
    pub person: Vec<PersonText>,
    /// Who is on call when.
    #[serde(default)]
    pub roster: Vec<RosterText>,
    /// Who is told of what.
    #[serde(default)]
    pub profile: Vec<ProfileText>,
    /// Signs of life.
    #[serde(default)]
    pub heartbeat: Vec<HeartbeatText>,
}

/// Texts of messages with `{places}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateText {
    /// Subject.
    pub subject: Option<Words>,
    /// Body.
    pub body: Option<Words>,
    /// Text of short messages.
    pub short: Option<Words>,
}

/// Bounds of sending. Defaults are design defaults of this product.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsText {
    /// Messages to one person by one channel within the window, before the rest is
    /// gathered.
    pub flood_messages_max: u32,
    /// The window, seconds.
    pub flood_window_s: u32,
    /// How long a digest gathers, seconds.
    pub digest_every_s: u32,
    /// Attempts for one message.
    pub attempts_max: u32,
    /// Wait after the first failed attempt, seconds; doubled after each further one.
    pub backoff_s_min: u32,
    /// Longest wait, seconds.
    pub backoff_s_max: u32,
    /// An alarm that is over and comes again within this time is the same one, seconds.
    pub same_alarm_s: u32,
    /// Failures in a row with which a channel counts as failed.
    pub failures_alarm: u32,
    /// How often a failed channel is tried without a message, seconds.
    pub probe_s: u32,
    /// How long a receipt link serves, hours.
    pub receipt_h: u32,
}

impl Default for LimitsText {
    fn default() -> LimitsText {
        LimitsText {
            flood_messages_max: 10,
            flood_window_s: 600,
            digest_every_s: 300,
            attempts_max: 4,
            backoff_s_min: 5,
            backoff_s_max: 120,
            same_alarm_s: 60,
            failures_alarm: 3,
            probe_s: 60,
            receipt_h: 24,
        }
    }
}

/// Kinds of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// E-mail (RFC 5321).
    Smtp,
    /// An HTTP request with the whole message.
    Webhook,
    /// An HTTP request with a short text, to a gateway for short messages.
    Sms,
}

/// TLS of a mail channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// None; for a relay on this machine or in its own network.
    None,
    /// STARTTLS, and nothing is said before it (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
}

/// Method of an HTTP channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Without body.
    Get,
    /// With a body.
    #[default]
    Post,
}

/// How plant texts are written into the body of an HTTP request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyForm {
    /// JSON (RFC 8259).
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`, UTF-8.
    Form,
}

/// `[[notify.channel]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelText {
    /// Name, `mail`.
    pub name: String,
    /// Its kind; which of the further keys it knows.
    pub kind: ChannelKind,
    /// Time for one attempt, seconds.
    pub timeout_s: Option<f64>,
    /// File of the certificates of the authorities that are trusted, PEM.
    pub ca_file: Option<String>,
    /// Host of the mail server.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// TLS with it.
    pub tls: Option<TlsMode>,
    /// User name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<SecretPlace>,
    /// Sender's address.
    pub from: Option<String>,
    /// URL, with `{places}`.
    pub url: Option<String>,
    /// Method.
    pub method: Option<Method>,
    /// How the body is written.
    pub form: Option<BodyForm>,
    /// Body, with `{places}`.
    pub body: Option<String>,
    /// Header fields; `{secret}` in a value stands for the secret.
    pub header: Option<BTreeMap<String, String>>,
    /// Token or key.
    pub secret: Option<SecretPlace>,
    /// Text that an answer holds if the message was taken; for gateways that say 200 to
    /// everything.
    pub expect: Option<String>,
}

/// `[[notify.person]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonText {
    /// Name, `wang`.
    pub name: String,
    /// Language.
    #[serde(default)]
    pub language: Language,
    /// Where channels find the person, by the name of the channel.
    #[serde(default)]
    pub address: BTreeMap<String, String>,
    /// Local time, if not that of the plant.
    pub utc_offset: Option<String>,
    /// When low priorities wait.
    pub quiet: Option<QuietText>,
}

/// Hours in which low priorities wait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietText {
    /// From, `22:00` local.
    pub from: String,
    /// To, `06:00` local.
    pub to: String,
    /// This priority and lower ones (greater numbers) wait.
    pub priority_from: u8,
}

/// `[[notify.roster]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterText {
    /// Name, `process`.
    pub name: String,
    /// Holidays, `2026-10-01`.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Shifts.
    #[serde(default)]
    pub shift: Vec<ShiftText>,
    /// Exceptions: for their time they alone hold.
    #[serde(default, rename = "override")]
    pub overrides: Vec<OverrideText>,
}

/// A shift.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftText {
    /// `mon` … `sun`, `holiday`; all days but holidays' own shifts if not given.
    #[serde(default)]
    pub days: Vec<String>,
    /// From, `08:00` local.
    pub from: String,
    /// To, `20:00`; not later than from: the next day.
    pub to: String,
    /// People; all of them, or one in turn.
    pub people: Vec<String>,
    /// The turn lasts so many days.
    pub turn_days: Option<u32>,
    /// First day of the first person's turn.
    pub turn_since: Option<String>,
}

/// An exception to a roster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideText {
    /// From, `2026-12-01 08:00` local.
    pub from: String,
    /// To.
    pub to: String,
    /// Who is on call.
    pub people: Vec<String>,
}

/// What ends the telling of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// Somebody has read it, or acknowledged the alarm.
    #[default]
    Receipt,
    /// The alarm is acknowledged; a receipt is recorded only.
    Acknowledge,
}

/// `[[notify.profile]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileText {
    /// Name, `urgent`.
    pub name: String,
    /// Priorities.
    pub priorities: Vec<u8>,
    /// Units; all if not given.
    #[serde(default)]
    pub units: Vec<String>,
    /// What ends it.
    #[serde(default)]
    pub until: Until,
    /// Whether the end of the alarm ends it too.
    #[serde(default = "yes")]
    pub until_cleared: bool,
    /// Steps in order of time.
    pub step: Vec<StepText>,
}

fn yes() -> bool {
    true
}

/// A step of a profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepText {
    /// After the notice, seconds.
    pub after_s: u32,
    /// `person:wang`, `roster:process`.
    pub to: Vec<String>,
    /// Channels; all of these for which a person has an address.
    pub channels: Vec<String>,
}

/// `[[notify.heartbeat]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatText {
    /// Channel.
    pub channel: String,
    /// Person; none for a channel that needs no address, such as a ping to a watchdog.
    pub to: Option<String>,
    /// How often, seconds.
    pub every_s: u32,
    /// Without one for so long, it is missed, seconds.
    pub missed_after_s: u32,
    /// Local time of the first one, `08:00`; at once if not given.
    pub at: Option<String>,
}
