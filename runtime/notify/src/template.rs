//! Texts of messages. What comes from the plant is put in as one line, once, and is
//! never read as a place, a header field or a part of JSON.

use crate::civil::Local;
use crate::config::BodyForm;
use crate::limits;
use crate::notice::{AlarmNotice, Language, Words};

/// Places of the texts of messages.
pub const PLACES: [&str; 9] = [
    "station", "priority", "alarm", "unit", "text", "value", "action", "time", "link",
];
/// Places of URLs and bodies of HTTP requests.
pub const HTTP_PLACES: [&str; 7] = [
    "to", "subject", "message", "priority", "alarm", "id", "secret",
];

/// Texts of messages with `{places}`. A line whose places are all empty is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Subject.
    pub subject: Words,
    /// Body.
    pub body: Words,
    /// Text of short messages.
    pub short: Words,
}

impl Default for Template {
    fn default() -> Template {
        Template {
            subject: Words::new(
                "[P{priority}] {alarm} {text} ({station})",
                "【{priority}级报警】{alarm} {text}（{station}）",
            ),
            body: Words::new(
                "{station}\n\nPriority {priority}: {alarm}\n{text}\nUnit: {unit}\nValue: \
                 {value}\nTime: {time}\nResponse: {action}\n\nI have read this: {link}\nA \
                 receipt does not acknowledge the alarm.\n",
                "{station}\n\n{priority}级报警：{alarm}\n{text}\n单元：{unit}\n数值：{value}\n\
                 时间：{time}\n处置：{action}\n\n已读回执：{link}\n回执不等于报警确认。\n",
            ),
            short: Words::new(
                "{station} P{priority} {alarm} {text} {value} {time} {link}",
                "{station} {priority}级报警 {alarm} {text} {value} {time} {link}",
            ),
        }
    }
}

impl Template {
    /// The built-in texts, or what is given instead. `unknown` is told the path and the
    /// name of every place that does not exist.
    pub(crate) fn of(
        text: &crate::config::TemplateText,
        mut unknown: impl FnMut(&str, &str),
    ) -> Template {
        let mut template = Template::default();
        for (key, given, own) in [
            ("subject", &text.subject, &mut template.subject),
            ("body", &text.body, &mut template.body),
            ("short", &text.short, &mut template.short),
        ] {
            let Some(given) = given else { continue };
            for (language, text) in [("en", &given.en), ("zh", &given.zh)] {
                for place in places(text).filter(|place| !PLACES.contains(place)) {
                    unknown(&format!("template.{key}.{language}"), place);
                }
            }
            own.clone_from(given);
        }
        template
    }
}

/// A written message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Subject, one line.
    pub subject: String,
    /// Body.
    pub body: String,
    /// Short text, one line.
    pub short: String,
}

/// What surrounds a message.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Texts.
    pub template: &'a Template,
    /// Name of the station.
    pub station: &'a Words,
    /// Language of the reader.
    pub language: Language,
    /// Local time of the plant, minutes ahead of UTC.
    pub offset_min: i32,
    /// Link for the receipt; empty if there is none.
    pub link: &'a str,
}

impl Frame<'_> {
    fn time(&self, at_ms: u64) -> String {
        let seconds = at_ms / 1_000 % 60;
        format!("{}:{seconds:02}", Local::of(at_ms, self.offset_min))
    }

    /// Writes the message of one alarm.
    pub fn alarm(&self, notice: &AlarmNotice) -> Written {
        let language = self.language;
        let value = |place: &str| {
            let text = match place {
                "station" => self.station.of(language).to_string(),
                "priority" => notice.priority.to_string(),
                "alarm" => notice.alarm.clone(),
                "unit" => notice.unit.clone(),
                "text" => notice.text.of(language).to_string(),
                "value" => notice.value.clone(),
                "action" => notice.action.of(language).to_string(),
                "time" => self.time(notice.at_ms),
                "link" => return Some(self.link.to_string()),
                _ => return None,
            };
            Some(one_line(&text, limits::LINE_CHARS_MAX))
        };
        let write = |words: &Words| lines(words.of(language), value);
        Written {
            subject: one_line(&write(&self.template.subject), limits::LINE_CHARS_MAX),
            body: write(&self.template.body),
            short: short(&write(&self.template.short), self.link),
        }
    }

    /// Writes one message of several alarms, the highest priority first.
    pub fn digest(&self, notices: &[&AlarmNotice]) -> Written {
        let mut notices = notices.to_vec();
        notices.sort_by_key(|notice| (notice.priority, notice.at_ms));
        let (count, station) = (notices.len(), self.station.of(self.language));
        let station = one_line(station, limits::LINE_CHARS_MAX);
        let is_zh = self.language == Language::Zh;
        let head = if is_zh {
            format!("【报警汇总】{count}条（{station}）")
        } else {
            format!("[digest] {count} alarms ({station})")
        };
        let mut body = format!("{head}\n\n");
        for notice in notices.iter().take(limits::DIGEST_LINES_MAX) {
            let line = format!(
                "P{} {} {} {} {}",
                notice.priority,
                self.time(notice.at_ms),
                notice.alarm,
                notice.text.of(self.language),
                notice.value
            );
            body.push_str(&one_line(&line, limits::LINE_CHARS_MAX));
            body.push('\n');
        }
        if count > limits::DIGEST_LINES_MAX {
            let more = count - limits::DIGEST_LINES_MAX;
            body.push_str(&if is_zh {
                format!("另有{more}条\n")
            } else {
                format!("and {more} more\n")
            });
        }
        let first = notices.first().map_or("", |notice| notice.alarm.as_str());
        let names = one_line(first, 64);
        let mut text = format!("{head} {names} …");
        if !self.link.is_empty() {
            body.push_str(if is_zh {
                "\n已读回执："
            } else {
                "\nI have read this: "
            });
            body.push_str(self.link);
            body.push('\n');
            text = format!("{text} {}", self.link);
        }
        Written {
            subject: one_line(&head, limits::LINE_CHARS_MAX),
            body,
            short: short(&text, self.link),
        }
    }

    /// Writes a sign of life.
    pub fn heartbeat(&self, now_ms: u64) -> Written {
        let station = one_line(self.station.of(self.language), limits::LINE_CHARS_MAX);
        let time = self.time(now_ms);
        let subject = match self.language {
            Language::Zh => format!("【通知服务正常】{station} {time}"),
            Language::En => format!("[alive] messages of {station} work, {time}"),
        };
        Written {
            body: format!("{subject}\n"),
            short: subject.clone(),
            subject,
        }
    }
}

/// A short text of one line. What does not fit is cut, the link never.
fn short(text: &str, link: &str) -> String {
    let text = one_line(text, usize::MAX);
    if text.chars().count() <= limits::SHORT_CHARS_MAX {
        return text;
    }
    let text = text.replace(link, "");
    let rest = limits::SHORT_CHARS_MAX.saturating_sub(link.chars().count() + 1);
    format!("{} {link}", one_line(&text, rest))
        .trim_end()
        .to_string()
}

/// A text as one line: control characters, separators of lines and marks of writing
/// direction become blanks, blanks are joined, and what is too long ends in `…`.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let is_mark = |c| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let words = text.split(|c: char| c.is_control() || c.is_whitespace() || is_mark(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().nth(chars_max).is_none() {
        return line;
    }
    let kept = line.chars().take(chars_max.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// Names of places of a text: lower-case letters and underscores in braces.
pub fn places(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{')
        .filter_map(|(at, _)| place_at(text, at))
}

fn place_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at + 1..)?;
    let name = rest.get(..rest.find('}')?)?;
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (!name.is_empty() && name.bytes().all(is_letter)).then_some(name)
}

/// Puts values into the places of a text, in one pass: what is put in is not read again.
/// A place without a value stays as it is.
pub fn fill(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let place = place_at(rest, at);
        match place.and_then(|name| value(name).map(|value| (name, value))) {
            Some((name, value)) => {
                filled.push_str(&value);
                rest = from.get(name.len() + 2..).unwrap_or_default();
            }
            None => {
                filled.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn lines(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let is_wanted = |line: &&str| {
        let mut values = places(line).filter_map(&value).peekable();
        values.peek().is_none() || values.any(|value| !value.is_empty())
    };
    let wanted: Vec<String> = text
        .split('\n')
        .filter(is_wanted)
        .map(|line| fill(line, &value))
        .collect();
    wanted.join("\n")
}

/// A text as it stands inside the quotes of JSON (RFC 8259, section 7) or in a field of
/// a form (the WHATWG URL standard, section 5.2).
pub fn escaped(text: &str, form: BodyForm) -> String {
    match form {
        BodyForm::Json => json_escaped(text),
        BodyForm::Form => percent_escaped(text),
    }
}

fn json_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text for a URL: everything but unreserved characters (RFC 3986, section 2.3) as
/// `%XX` of its UTF-8.
pub fn percent_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(template: &Template, language: Language) -> Frame<'_> {
        const STATION: &Words = &Words {
            en: String::new(),
            zh: String::new(),
        };
        Frame {
            template,
            station: STATION,
            language,
            offset_min: 480,
            link: "http://127.0.0.1/receipt/abc",
        }
    }

    fn notice(text: &str) -> AlarmNotice {
        AlarmNotice {
            alarm: "TT-101.HH".to_string(),
            priority: 1,
            at_ms: 1_795_400_000_000,
            text: Words::new(text, text),
            ..AlarmNotice::default()
        }
    }

    #[test]
    fn a_line_break_in_plant_text_makes_no_header_field() {
        let template = Template::default();
        let written = frame(&template, Language::En).alarm(&notice("hot\r\nBcc: x@evil.invalid"));
        assert!(!written.subject.contains(['\r', '\n']));
        assert!(written.subject.contains("hot Bcc: x@evil.invalid"));
        assert!(!written.short.contains(['\r', '\n']));
        assert!(!written.body.contains("\nBcc:"));
    }

    #[test]
    fn places_in_plant_text_are_not_places() {
        let template = Template::default();
        let written = frame(&template, Language::En).alarm(&notice("{link} {station}"));
        assert!(written.subject.contains("{link} {station}"));
    }

    #[test]
    fn lines_without_a_value_are_left_out() {
        let template = Template::default();
        let written = frame(&template, Language::Zh).alarm(&notice("温度高高"));
        assert!(!written.body.contains("数值"));
        assert!(written.body.contains("温度高高"));
        assert!(written.body.contains("时间：2026-11-23"));
    }

    #[test]
    fn a_long_short_text_keeps_its_link() {
        let template = Template {
            short: Words::new("{text} {text} {text} {text} {text} {link}", ""),
            ..Template::default()
        };
        let written = frame(&template, Language::En).alarm(&notice(&"x".repeat(300)));
        assert!(written.short.chars().count() <= limits::SHORT_CHARS_MAX);
        assert!(written.short.ends_with("/receipt/abc"));
    }

    #[test]
    fn a_digest_says_the_worst_first_and_counts_the_rest() {
        let template = Template::default();
        let mut notices: Vec<AlarmNotice> = (0..100).map(|_| notice("low")).collect();
        notices.iter_mut().for_each(|notice| notice.priority = 3);
        notices[77] = AlarmNotice {
            priority: 2,
            ..notice("worst")
        };
        let all: Vec<&AlarmNotice> = notices.iter().collect();
        let written = frame(&template, Language::En).digest(&all);
        assert!(written.subject.contains("100 alarms"));
        let line = written.body.lines().nth(2).unwrap_or_default();
        assert!(line.contains("worst"), "{line}");
        assert!(written.body.contains("and 60 more"));
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_line_of_that_length(text in ".{0,60}", max in 1_usize..40) {
            let line = one_line(&text, max);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(line.chars().count() <= max);
        }

        #[test]
        fn any_text_comes_back_out_of_json(text in "\\PC{0,40}[\\x00-\\x1f\"\\\\]{0,5}") {
            let json = format!("{{\"text\": \"{}\"}}", escaped(&text, BodyForm::Json));
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read["text"].as_str(), Some(text.as_str()));
        }

        #[test]
        fn a_form_field_ends_where_it_should(text in ".{0,40}") {
            let field = escaped(&text, BodyForm::Form);
            prop_assert!(!field.contains(['&', '=', '+', '\r', '\n', ' ', '#']));
        }
    }
}
