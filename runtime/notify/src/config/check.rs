//! From what is written to what is meant; everything that does not fit is noted.

use super::text::{
    ChannelKind, ChannelText, HeartbeatText, NotifyText, PersonText, ProfileText, RosterText,
    ShiftText, TlsMode,
};
use super::{
    ChannelConfig, Config, Door, Heartbeat, HttpConfig, Person, Profile, Quiet, SmtpConfig, Step,
    Target,
};
use crate::civil::{self, Date, Local};
use crate::limits;
use crate::roster::{Exception, Roster, Shift, Turn};
use crate::template::{self, Template};
use std::collections::BTreeMap;

/// (path, message, help)
#[derive(Default)]
pub(super) struct Problems(pub Vec<(String, String, String)>);

impl Problems {
    fn say(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        let path = format!("notify.{path}");
        self.0.push((path, message.into(), help.into()));
    }

    fn within(&mut self, path: &str, value: u32, low: u32, high: u32) {
        if !(low..=high).contains(&value) {
            let message = format!("{value} is outside {low} … {high}");
            self.say(path, message, "");
        }
    }
}

struct Names(BTreeMap<String, usize>);

impl Names {
    fn of<'a>(
        what: &str,
        names: impl Iterator<Item = &'a String>,
        problems: &mut Problems,
    ) -> Names {
        let mut known = BTreeMap::new();
        for (at, name) in names.enumerate() {
            let path = format!("{what}.{}.name", at + 1);
            let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || name.chars().count() > 64 || !name.chars().all(is_word) {
                let help = "a name is 1 to 64 letters, digits, - and _";
                problems.say(&path, format!("{name:?} is no name"), help);
            }
            if known.insert(name.clone(), at).is_some() {
                problems.say(&path, format!("two of {what} are called {name}"), "");
            }
            if at == limits::ENTRIES_MAX {
                let message = format!("more than {} of {what}", limits::ENTRIES_MAX);
                problems.say(&path, message, "");
            }
        }
        Names(known)
    }

    fn find(&self, what: &str, name: &str, path: &str, problems: &mut Problems) -> Option<usize> {
        let found = self.0.get(name).copied();
        if found.is_none() {
            let known: Vec<&str> = self.0.keys().map(String::as_str).take(8).collect();
            let help = format!("there are: {}", known.join(", "));
            problems.say(path, format!("there is no {what} {name}"), help);
        }
        found
    }
}

pub(super) fn config(text: NotifyText, problems: &mut Problems) -> Config {
    let offset_min = offset(&text.utc_offset, "utc_offset", problems);
    bounds(&text, problems);
    let channel_names = Names::of("channel", text.channel.iter().map(|c| &c.name), problems);
    let person_names = Names::of("person", text.person.iter().map(|p| &p.name), problems);
    let roster_names = Names::of("roster", text.roster.iter().map(|r| &r.name), problems);
    let _ = Names::of("profile", text.profile.iter().map(|p| &p.name), problems);
    for (key, words) in [("en", &text.station.en), ("zh", &text.station.zh)] {
        if words.trim().is_empty() {
            let help = "give station = { en = \"…\", zh = \"…\" }";
            problems.say(&format!("station.{key}"), "no name in this language", help);
        }
    }
    if let Some(url) = &text.receipt_url {
        let is_link = url.starts_with("http://") || url.starts_with("https://");
        if !is_link || !url.contains("{token}") || url.chars().any(char::is_control) {
            let help = "receipt_url = \"https://host/receipt/{token}\"";
            problems.say("receipt_url", "no link with a {token}", help);
        }
    }
    let template = Template::of(&text.template, |path, place| {
        let help = format!("places: {}", template::PLACES.join(", "));
        problems.say(path, format!("there is no place {{{place}}}"), help);
    });
    let channels: Vec<ChannelConfig> = text
        .channel
        .iter()
        .enumerate()
        .map(|(at, channel)| one_channel(channel, &format!("channel.{}", at + 1), problems))
        .collect();
    let people = text
        .person
        .iter()
        .enumerate()
        .map(|(at, person)| {
            let path = format!("person.{}", at + 1);
            one_person(
                person,
                &path,
                offset_min,
                &channels,
                &channel_names,
                problems,
            )
        })
        .collect::<Vec<_>>();
    let rosters = text
        .roster
        .iter()
        .enumerate()
        .map(|(at, roster)| {
            let path = format!("roster.{}", at + 1);
            one_roster(roster, &path, offset_min, &person_names, problems)
        })
        .collect();
    let profiles = text
        .profile
        .iter()
        .enumerate()
        .map(|(at, profile)| {
            let path = format!("profile.{}", at + 1);
            let names = [&channel_names, &person_names, &roster_names];
            one_profile(profile, &path, names, &people, problems)
        })
        .collect();
    let heartbeats = text
        .heartbeat
        .iter()
        .enumerate()
        .filter_map(|(at, beat)| {
            let path = format!("heartbeat.{}", at + 1);
            one_heartbeat(
                beat,
                &path,
                &channel_names,
                &person_names,
                &people,
                problems,
            )
        })
        .collect();
    if text.enabled && text.profile.is_empty() {
        let help = "give at least one [[notify.profile]]";
        problems.say("enabled", "enabled, but nobody is told of anything", help);
    }
    Config {
        is_enabled: text.enabled,
        station: text.station,
        offset_min,
        receipt_url: text.receipt_url,
        template,
        limits: text.limits,
        channels,
        people,
        rosters,
        profiles,
        heartbeats,
    }
}

fn bounds(text: &NotifyText, problems: &mut Problems) {
    let limits = &text.limits;
    for (key, value, low, high) in [
        ("flood_messages_max", limits.flood_messages_max, 1, 1_000),
        ("flood_window_s", limits.flood_window_s, 10, 86_400),
        ("digest_every_s", limits.digest_every_s, 10, 86_400),
        ("attempts_max", limits.attempts_max, 1, 20),
        ("backoff_s_min", limits.backoff_s_min, 1, 3_600),
        ("backoff_s_max", limits.backoff_s_max, 1, 3_600),
        ("same_alarm_s", limits.same_alarm_s, 0, 3_600),
        ("failures_alarm", limits.failures_alarm, 1, 100),
        ("probe_s", limits.probe_s, 5, 86_400),
        ("receipt_h", limits.receipt_h, 1, 720),
    ] {
        problems.within(&format!("limits.{key}"), value, low, high);
    }
    if limits.backoff_s_min > limits.backoff_s_max {
        let message = "the first wait is longer than the longest";
        problems.say("limits.backoff_s_min", message, "");
    }
}

fn offset(text: &str, path: &str, problems: &mut Problems) -> i32 {
    civil::offset_min(text).unwrap_or_else(|| {
        let help = "write it as \"+08:00\", 14 hours at most";
        problems.say(path, format!("{text:?} is no offset from UTC"), help);
        0
    })
}

fn minute(text: &str, path: &str, problems: &mut Problems) -> u32 {
    civil::minute_of_day(text).unwrap_or_else(|| {
        let help = "write it as \"08:00\"";
        problems.say(path, format!("{text:?} is no time of day"), help);
        0
    })
}

fn date(text: &str, path: &str, problems: &mut Problems) -> i64 {
    Date::parse(text).map_or_else(
        || {
            let help = "write it as \"2026-10-01\"";
            problems.say(path, format!("{text:?} is no date"), help);
            0
        },
        Date::day_number,
    )
}

fn one_channel(text: &ChannelText, path: &str, problems: &mut Problems) -> ChannelConfig {
    let timeout_s = text.timeout_s.unwrap_or(10.0);
    if !(0.05..=120.0).contains(&timeout_s) {
        let message = format!("{timeout_s} s is outside 0.05 s … 120 s");
        problems.say(&format!("{path}.timeout_s"), message, "");
    }
    let is_mail = text.kind == ChannelKind::Smtp;
    let mail_keys = [
        ("host", text.host.is_some()),
        ("port", text.port.is_some()),
        ("tls", text.tls.is_some()),
        ("user", text.user.is_some()),
        ("password", text.password.is_some()),
        ("from", text.from.is_some()),
    ];
    let http_keys = [
        ("url", text.url.is_some()),
        ("method", text.method.is_some()),
        ("form", text.form.is_some()),
        ("body", text.body.is_some()),
        ("header", text.header.is_some()),
        ("secret", text.secret.is_some()),
        ("expect", text.expect.is_some()),
    ];
    let (own, foreign) = if is_mail {
        (mail_keys.as_slice(), http_keys.as_slice())
    } else {
        (http_keys.as_slice(), mail_keys.as_slice())
    };
    for (key, _) in foreign.iter().filter(|(_, is_given)| *is_given) {
        let known: Vec<&str> = own.iter().map(|(key, _)| *key).collect();
        let help = format!("it knows {}", known.join(", "));
        let message = format!("this kind of channel does not know {key}");
        problems.say(&format!("{path}.{key}"), message, help);
    }
    let door = if is_mail {
        mail_door(text, path, problems)
    } else {
        http_door(text, path, problems)
    };
    let needs_authority = match &door {
        Door::Smtp(smtp) => smtp.tls != TlsMode::None,
        Door::Http(http) => http.url.starts_with("https://"),
    };
    if needs_authority && text.ca_file.is_none() {
        let help = "name a file of certificates, for example that of the system";
        problems.say(path, "TLS without ca_file: whom to trust is not said", help);
    }
    ChannelConfig {
        name: text.name.clone(),
        timeout_ms: (timeout_s.clamp(0.05, 120.0) * 1e3) as u64,
        ca_file: text.ca_file.clone(),
        door,
    }
}

fn required(text: Option<&String>, key: &str, path: &str, problems: &mut Problems) -> String {
    match text {
        Some(text) if !text.is_empty() && !text.chars().any(char::is_control) => text.clone(),
        Some(_) => {
            let message = format!("{key} is empty or of several lines");
            problems.say(&format!("{path}.{key}"), message, "");
            String::new()
        }
        None => {
            problems.say(
                path,
                format!("{key} is missing"),
                format!("give {key} = \"…\""),
            );
            String::new()
        }
    }
}

fn mail_door(text: &ChannelText, path: &str, problems: &mut Problems) -> Door {
    let host = required(text.host.as_ref(), "host", path, problems);
    let from = required(text.from.as_ref(), "from", path, problems);
    if !from.is_empty() && !is_mail_address(&from) {
        let message = format!("{from:?} is no address");
        problems.say(&format!("{path}.from"), message, "write it as name@host");
    }
    let tls = text.tls.unwrap_or(TlsMode::Starttls);
    let login = match (&text.user, &text.password) {
        (Some(user), Some(place)) => Some((user.clone(), place.clone())),
        (None, None) => None,
        _ => {
            problems.say(path, "user and password belong together", "");
            None
        }
    };
    let is_here = matches!(host.as_str(), "127.0.0.1" | "::1" | "localhost");
    if login.is_some() && tls == TlsMode::None && !is_here {
        let message = "a password would cross the network in the clear";
        problems.say(&format!("{path}.tls"), message, "use starttls or tls");
    }
    Door::Smtp(SmtpConfig {
        port: text.port.unwrap_or(match tls {
            TlsMode::None => 25,
            TlsMode::Starttls => 587,
            TlsMode::Tls => 465,
        }),
        host,
        tls,
        login,
        from,
    })
}

fn http_door(text: &ChannelText, path: &str, problems: &mut Problems) -> Door {
    let url = required(text.url.as_ref(), "url", path, problems);
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    // What plant text says must not choose the host that is called.
    if !url.is_empty() && host.is_none_or(|host| host.is_empty() || host.contains(['{', '@'])) {
        let help = "write it as http://host:port/path; places and secrets after the host only";
        problems.say(&format!("{path}.url"), "this URL cannot be used", help);
    }
    let method = text.method.unwrap_or_default();
    let body = text.body.clone().unwrap_or_default();
    if body.is_empty() && method == super::Method::Post {
        let help = "for example body = '{\"to\": \"{to}\", \"text\": \"{message}\"}'";
        problems.say(path, "body is missing", help);
    }
    let header = text.header.clone().unwrap_or_default();
    for (key, value) in &header {
        let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_line = !value.chars().any(char::is_control);
        if key.is_empty() || !key.chars().all(is_token) || !is_line {
            let message = format!("header field {key:?} cannot be sent");
            problems.say(&format!("{path}.header"), message, "one line of text each");
        }
    }
    let mut pieces = vec![("url", url.as_str()), ("body", body.as_str())];
    pieces.extend(header.values().map(|value| ("header", value.as_str())));
    for (key, piece) in pieces {
        for place in template::places(piece) {
            let is_known = match key {
                "header" => place == "secret",
                _ => template::HTTP_PLACES.contains(&place),
            };
            if !is_known {
                let help = format!("places: {}", template::HTTP_PLACES.join(", "));
                let message = format!("there is no place {{{place}}} here");
                problems.say(&format!("{path}.{key}"), message, help);
            }
            if place == "secret" && text.secret.is_none() {
                let help = "give secret = { file = \"…\" } or { env = \"…\" }";
                problems.say(&format!("{path}.{key}"), "{secret} of no secret", help);
            }
        }
    }
    Door::Http(HttpConfig {
        is_short: text.kind == ChannelKind::Sms,
        url,
        method,
        form: text.form.unwrap_or_default(),
        body,
        header,
        secret: text.secret.clone(),
        expect: text.expect.clone(),
    })
}

/// One `@` with something on both sides, ASCII, no blanks and no quoting: what every
/// relay takes.
fn is_mail_address(text: &str) -> bool {
    let is_plain = |part: &str| {
        let is_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        !part.is_empty()
            && part.chars().all(is_char)
            && !part.starts_with('.')
            && !part.ends_with('.')
    };
    text.split_once('@')
        .is_some_and(|(name, host)| is_plain(name) && is_plain(host))
}

fn one_person(
    text: &PersonText,
    path: &str,
    plant_offset_min: i32,
    channels: &[ChannelConfig],
    names: &Names,
    problems: &mut Problems,
) -> Person {
    let mut addresses = BTreeMap::new();
    for (name, address) in &text.address {
        let at = format!("{path}.address.{name}");
        let Some(channel) = names.find("channel", name, &at, problems) else {
            continue;
        };
        let is_fine = match channels.get(channel).map(|channel| &channel.door) {
            Some(Door::Smtp(_)) => is_mail_address(address),
            Some(Door::Http(http)) if http.is_short => {
                let digits = address.strip_prefix('+').unwrap_or(address);
                (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
            }
            _ => address.chars().count() <= 256 && !address.chars().any(char::is_control),
        };
        if !is_fine {
            let help = "name@host for mail, +8613… for short messages";
            problems.say(&at, format!("{address:?} is no address of {name}"), help);
        }
        addresses.insert(channel, address.clone());
    }
    let quiet = text.quiet.as_ref().map(|quiet| {
        let at = format!("{path}.quiet.priority_from");
        let (low, high) = (limits::PRIORITY_HIGHEST + 1, limits::PRIORITY_LOWEST);
        let priority = u32::from(quiet.priority_from);
        problems.within(&at, priority, u32::from(low), u32::from(high));
        Quiet {
            from: minute(&quiet.from, &format!("{path}.quiet.from"), problems),
            to: minute(&quiet.to, &format!("{path}.quiet.to"), problems),
            priority_from: quiet.priority_from.max(low),
        }
    });
    Person {
        name: text.name.clone(),
        language: text.language,
        addresses,
        offset_min: text.utc_offset.as_ref().map_or(plant_offset_min, |text| {
            offset(text, &format!("{path}.utc_offset"), problems)
        }),
        quiet,
    }
}

fn people_of(list: &[String], path: &str, names: &Names, problems: &mut Problems) -> Vec<usize> {
    if list.is_empty() || list.len() > limits::STEPS_MAX {
        let message = format!("1 to {} people", limits::STEPS_MAX);
        problems.say(path, message, "");
    }
    list.iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let path = format!("{path}.{}", at + 1);
            names.find("person", name, &path, problems)
        })
        .collect()
}

fn one_roster(
    text: &RosterText,
    path: &str,
    offset_min: i32,
    names: &Names,
    problems: &mut Problems,
) -> Roster {
    if text.shift.is_empty() || text.shift.len() > limits::STEPS_MAX {
        let message = format!("1 to {} shifts", limits::STEPS_MAX);
        problems.say(&format!("{path}.shift"), message, "");
    }
    let mut holidays: Vec<i64> = text
        .holidays
        .iter()
        .enumerate()
        .map(|(at, text)| date(text, &format!("{path}.holidays.{}", at + 1), problems))
        .collect();
    holidays.sort_unstable();
    let shifts = text
        .shift
        .iter()
        .enumerate()
        .map(|(at, shift)| one_shift(shift, &format!("{path}.shift.{}", at + 1), names, problems))
        .collect();
    let mut exceptions = Vec::new();
    for (at, text) in text.overrides.iter().enumerate() {
        let path = format!("{path}.override.{}", at + 1);
        let mut moment = |key: &str, text: &str| {
            let local = Local::parse(text);
            if local.is_none() {
                let help = "write it as \"2026-12-01 08:00\"";
                let message = format!("{text:?} is no date and time");
                problems.say(&format!("{path}.{key}"), message, help);
            }
            local
                .unwrap_or(Local { day: 0, minute: 0 })
                .at_ms(offset_min)
        };
        let (from_ms, to_ms) = (moment("from", &text.from), moment("to", &text.to));
        if from_ms >= to_ms && to_ms > 0 {
            problems.say(&format!("{path}.to"), "ends before it begins", "");
        }
        exceptions.push(Exception {
            from_ms,
            to_ms,
            people: people_of(&text.people, &format!("{path}.people"), names, problems),
        });
    }
    Roster {
        name: text.name.clone(),
        offset_min,
        holidays,
        shifts,
        exceptions,
    }
}

const DAYS: [&str; 8] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"];

fn one_shift(text: &ShiftText, path: &str, names: &Names, problems: &mut Problems) -> Shift {
    let mut days = [false; 8];
    for (at, day) in text.days.iter().enumerate() {
        match DAYS.iter().position(|known| known == day) {
            Some(found) => days[found] = true,
            None => {
                let help = format!("days: {}", DAYS.join(", "));
                let path = format!("{path}.days.{}", at + 1);
                problems.say(&path, format!("{day:?} is no day"), help);
            }
        }
    }
    if text.days.is_empty() {
        days = [true, true, true, true, true, true, true, false];
    }
    let people = people_of(&text.people, &format!("{path}.people"), names, problems);
    let turn = match (text.turn_days, &text.turn_since) {
        (Some(days), Some(since)) => {
            problems.within(&format!("{path}.turn_days"), days, 1, 366);
            Some(Turn {
                days: i64::from(days.max(1)),
                since: date(since, &format!("{path}.turn_since"), problems),
            })
        }
        (None, None) => None,
        _ => {
            problems.say(path, "turn_days and turn_since belong together", "");
            None
        }
    };
    Shift {
        days,
        from: minute(&text.from, &format!("{path}.from"), problems),
        to: minute(&text.to, &format!("{path}.to"), problems),
        people,
        turn,
    }
}

fn one_profile(
    text: &ProfileText,
    path: &str,
    [channels, people, rosters]: [&Names; 3],
    known: &[Person],
    problems: &mut Problems,
) -> Profile {
    for (at, priority) in text.priorities.iter().enumerate() {
        let path = format!("{path}.priorities.{}", at + 1);
        let (low, high) = (limits::PRIORITY_HIGHEST, limits::PRIORITY_LOWEST);
        problems.within(&path, u32::from(*priority), low.into(), high.into());
    }
    if text.priorities.is_empty() {
        let message = "no priority, so it never applies";
        problems.say(&format!("{path}.priorities"), message, "");
    }
    if text.step.is_empty() || text.step.len() > limits::STEPS_MAX {
        let message = format!("1 to {} steps", limits::STEPS_MAX);
        problems.say(&format!("{path}.step"), message, "");
    }
    let mut before_s = 0;
    let mut steps = Vec::new();
    for (at, text) in text.step.iter().enumerate() {
        let path = format!("{path}.step.{}", at + 1);
        problems.within(&format!("{path}.after_s"), text.after_s, 0, 604_800);
        if text.after_s < before_s {
            let message = "earlier than the step before";
            problems.say(&format!("{path}.after_s"), message, "order steps by time");
        }
        before_s = text.after_s;
        let mut to = Vec::new();
        for (at, target) in text.to.iter().enumerate().take(limits::STEPS_MAX) {
            let path = format!("{path}.to.{}", at + 1);
            match target.split_once(':') {
                Some(("person", name)) => {
                    let found = people.find("person", name, &path, problems);
                    to.extend(found.map(Target::Person));
                }
                Some(("roster", name)) => {
                    let found = rosters.find("roster", name, &path, problems);
                    to.extend(found.map(Target::Roster));
                }
                _ => {
                    let help = "write \"person:NAME\" or \"roster:NAME\"";
                    problems.say(&path, format!("{target:?} is nobody"), help);
                }
            }
        }
        let channels: Vec<usize> = text
            .channels
            .iter()
            .enumerate()
            .filter_map(|(at, name)| {
                let path = format!("{path}.channels.{}", at + 1);
                channels.find("channel", name, &path, problems)
            })
            .collect();
        for (key, is_empty) in [
            ("to", text.to.is_empty()),
            ("channels", text.channels.is_empty()),
        ] {
            if is_empty {
                problems.say(&format!("{path}.{key}"), "nobody and nothing is named", "");
            }
        }
        for target in &to {
            let Target::Person(person) = target else {
                continue;
            };
            let Some(person) = known.get(*person) else {
                continue;
            };
            let is_reached = channels.iter().any(|c| person.addresses.contains_key(c));
            if !channels.is_empty() && !is_reached {
                let message = format!("{} has no address for any of these channels", person.name);
                let help = format!("give {} address = {{ CHANNEL = \"…\" }}", person.name);
                problems.say(&format!("{path}.channels"), message, help);
            }
        }
        steps.push(Step {
            after_ms: u64::from(text.after_s) * 1_000,
            to,
            channels,
        });
    }
    Profile {
        name: text.name.clone(),
        priorities: text.priorities.clone(),
        units: text.units.clone(),
        until: text.until,
        until_cleared: text.until_cleared,
        steps,
    }
}

fn one_heartbeat(
    text: &HeartbeatText,
    path: &str,
    channels: &Names,
    people: &Names,
    known: &[Person],
    problems: &mut Problems,
) -> Option<Heartbeat> {
    problems.within(&format!("{path}.every_s"), text.every_s, 10, 604_800);
    let (low, high) = (text.every_s.saturating_add(1), 1_209_600);
    let at = format!("{path}.missed_after_s");
    problems.within(&at, text.missed_after_s, low, high);
    let channel = channels.find(
        "channel",
        &text.channel,
        &format!("{path}.channel"),
        problems,
    );
    let to = text
        .to
        .as_ref()
        .and_then(|name| people.find("person", name, &format!("{path}.to"), problems));
    if let (Some(channel), Some(person)) = (channel, to.and_then(|person| known.get(person)))
        && !person.addresses.contains_key(&channel)
    {
        let message = format!("{} has no address for {}", person.name, text.channel);
        problems.say(&format!("{path}.to"), message, "");
    }
    Some(Heartbeat {
        channel: channel?,
        to,
        every_ms: u64::from(text.every_s) * 1_000,
        missed_after_ms: u64::from(text.missed_after_s) * 1_000,
        at: text
            .at
            .as_ref()
            .map(|text| minute(text, &format!("{path}.at"), problems)),
    })
}
