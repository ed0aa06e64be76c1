//! `[notify]`: what the engineer wrote, checked and resolved.

mod check;
mod place;
mod text;

pub use place::locate;
pub(crate) use text::TemplateText;
pub use text::{BodyForm, ChannelKind, LimitsText, Method, TlsMode, Until};

use crate::civil;
use crate::notice::{Language, Words};
use crate::roster::Roster;
use crate::secret::SecretPlace;
use crate::template::Template;
use core::fmt;
use core::ops::Range;
use std::collections::BTreeMap;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Path of the key, `notify.roster.1.shift.2.from`, counted from 1; empty for the
    /// notation itself.
    pub path: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What helps; may be empty.
    pub help: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.path.is_empty() {
            write!(f, ", {}", self.path)?;
        }
        write!(f, ": {}", self.message)?;
        if self.help.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.help)
    }
}

impl std::error::Error for ConfigProblem {}

/// The whole of `[notify]`; names are resolved to indices.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether anything is sent at all.
    pub is_enabled: bool,
    /// Name of the station in messages.
    pub station: Words,
    /// Local time of the plant, minutes ahead of UTC.
    pub offset_min: i32,
    /// Link for receipts with `{token}`.
    pub receipt_url: Option<String>,
    /// Texts of messages.
    pub template: Template,
    /// Bounds.
    pub limits: LimitsText,
    /// Channels.
    pub channels: Vec<ChannelConfig>,
    /// People.
    pub people: Vec<Person>,
    /// Rosters.
    pub rosters: Vec<Roster>,
    /// Profiles; the first that fits applies.
    pub profiles: Vec<Profile>,
    /// Signs of life.
    pub heartbeats: Vec<Heartbeat>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelConfig {
    /// Name.
    pub name: String,
    /// Time for one attempt, milliseconds.
    pub timeout_ms: u64,
    /// Certificates of the authorities that are trusted.
    pub ca_file: Option<String>,
    /// Settings of its kind.
    pub door: Door,
}

impl ChannelConfig {
    /// Whether it carries short texts only.
    pub fn is_short(&self) -> bool {
        matches!(&self.door, Door::Http(http) if http.is_short)
    }
}

/// Settings of a kind of channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Door {
    /// E-mail.
    Smtp(SmtpConfig),
    /// An HTTP request.
    Http(HttpConfig),
}

/// Settings of a mail channel.
#[derive(Clone, Debug, PartialEq)]
pub struct SmtpConfig {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS.
    pub tls: TlsMode,
    /// User and password.
    pub login: Option<(String, SecretPlace)>,
    /// Sender's address.
    pub from: String,
}

/// Settings of an HTTP channel.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpConfig {
    /// Short texts only.
    pub is_short: bool,
    /// URL, with places.
    pub url: String,
    /// Method.
    pub method: Method,
    /// How the body is written.
    pub form: BodyForm,
    /// Body, with places.
    pub body: String,
    /// Header fields.
    pub header: BTreeMap<String, String>,
    /// Token or key.
    pub secret: Option<SecretPlace>,
    /// Text that an answer holds if the message was taken.
    pub expect: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Language.
    pub language: Language,
    /// Addresses by index of the channel.
    pub addresses: BTreeMap<usize, String>,
    /// Local time, minutes ahead of UTC.
    pub offset_min: i32,
    /// When low priorities wait.
    pub quiet: Option<Quiet>,
}

/// Hours in which low priorities wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// From, minute of the day.
    pub from: u32,
    /// To, minute of the day; not later than from: the next day.
    pub to: u32,
    /// This priority and lower ones wait.
    pub priority_from: u8,
}

impl Person {
    /// The end of the quiet hours, if a notice of this priority waits now; milliseconds
    /// of UTC. The highest priority never waits.
    pub fn quiet_until(&self, priority: u8, now_ms: u64) -> Option<u64> {
        let quiet = self.quiet?;
        if priority <= crate::limits::PRIORITY_HIGHEST || priority < quiet.priority_from {
            return None;
        }
        let mut local = civil::Local::of(now_ms, self.offset_min);
        let is_over_midnight = quiet.from >= quiet.to;
        let is_quiet = if is_over_midnight {
            local.minute >= quiet.from || local.minute < quiet.to
        } else {
            (quiet.from..quiet.to).contains(&local.minute)
        };
        if !is_quiet {
            return None;
        }
        local.day += i64::from(is_over_midnight && local.minute >= quiet.from);
        local.minute = quiet.to;
        Some(local.at_ms(self.offset_min))
    }
}

/// Who is told of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// Priorities.
    pub priorities: Vec<u8>,
    /// Units; all if empty.
    pub units: Vec<String>,
    /// What ends it.
    pub until: Until,
    /// Whether the end of the alarm ends it too.
    pub until_cleared: bool,
    /// Steps.
    pub steps: Vec<Step>,
}

impl Profile {
    /// Whether it is for alarms of this priority in this unit.
    pub fn is_for(&self, priority: u8, unit: &str) -> bool {
        let is_unit = self.units.is_empty() || self.units.iter().any(|known| known == unit);
        is_unit && self.priorities.contains(&priority)
    }
}

/// A step of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// After the notice, milliseconds.
    pub after_ms: u64,
    /// Whom.
    pub to: Vec<Target>,
    /// Indices of channels.
    pub channels: Vec<usize>,
}

/// Whom a step tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A person, by index.
    Person(usize),
    /// Whoever is on call, by index of the roster.
    Roster(usize),
}

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Index of the channel.
    pub channel: usize,
    /// Index of the person.
    pub to: Option<usize>,
    /// How often, milliseconds.
    pub every_ms: u64,
    /// Without one for so long, it is missed, milliseconds.
    pub missed_after_ms: u64,
    /// Local minute of the day of the first one.
    pub at: Option<u32>,
}

impl Config {
    /// Reads a text that holds `[notify]` and nothing else.
    ///
    /// # Errors
    /// Every problem that can be seen, in the order of the text.
    pub fn read(text: &str) -> Result<Config, Vec<ConfigProblem>> {
        let file: text::FileText = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let problem = place::problem(text, "", span, error.message().trim(), "");
            vec![problem]
        })?;
        let mut problems = check::Problems::default();
        let config = check::config(file.notify, &mut problems);
        if problems.0.is_empty() {
            return Ok(config);
        }
        let mut found: Vec<ConfigProblem> = problems
            .0
            .into_iter()
            .map(|(path, message, help)| {
                let span = place::locate(text, &path);
                place::problem(text, &path, span, &message, &help)
            })
            .collect();
        found.sort_by_key(|problem| problem.span.start);
        Err(found)
    }
}
