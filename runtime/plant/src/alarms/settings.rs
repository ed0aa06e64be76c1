//! What a site edits of alarms: `[alarms]` of `plant.toml`.

use super::read::choice;
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::tree::{Node, Reader};
use alarm::class::SHELVE_S_MAX;
use alarm::{Class, Priority, Settings};

/// Minutes of a day and of a week.
const DAY_MIN: f64 = 1_440.0;
const WEEK_MIN: f64 = 10_080.0;

/// Reads the table; without it, and for what it leaves out, the design defaults hold.
pub(crate) fn read_settings(node: &Node, problems: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    let Some(mut reader) = Reader::new(node, "alarms", problems) else {
        return settings;
    };
    if let Some(rows) = reader.texts("matrix") {
        match matrix(&rows) {
            Some(matrix) => settings.matrix.0 = matrix,
            None => reader.problem(
                codes::ALARM_WRONG,
                "matrix",
                "the matrix of priorities is not understood",
                "four rows, below 3 min, 10 min, 30 min and more; each severe, major, minor, \
                 as in \"p1 p1 p2\"",
            ),
        }
    }
    let (flood, classes) = (reader.node("flood"), reader.tables("class"));
    if let Some(chatter_s) = reader.real("chatter_s", 1.0..=3_600.0) {
        settings.chatter_s = chatter_s;
    }
    if let Some(fleeting_s) = reader.real("fleeting_s", 0.0..=3_600.0) {
        settings.fleeting_s = fleeting_s;
    }
    if let Some(stale_h) = reader.real("stale_h", 0.1..=8_760.0) {
        settings.stale_s = stale_h * 3_600.0;
    }
    reader.finish();
    if let Some(mut reader) = flood.and_then(|node| Reader::new(node, "flood", problems)) {
        let rule = &mut settings.flood;
        if let Some(window_min) = reader.real("window_min", 1.0..=DAY_MIN) {
            rule.window_s = window_min * 60.0;
        }
        if let Some(above) = reader.int("enter_above", 1..=10_000) {
            rule.enter_above = above as usize;
        }
        if let Some(below) = reader.int("leave_below", 1..=10_000) {
            rule.leave_below = below as usize;
        }
        if rule.leave_below > rule.enter_above {
            reader.problem(
                codes::ALARM_WRONG,
                "leave_below",
                "a flood would end as it begins",
                "leave_below is not above enter_above",
            );
        }
        reader.finish();
    }
    for node in classes {
        read_class(node, &mut settings, problems);
    }
    settings
}

fn matrix(rows: &[String]) -> Option<[[Priority; 3]; 4]> {
    let row = |text: &String| -> Option<[Priority; 3]> {
        let words: Option<Vec<Priority>> = text.split_whitespace().map(Priority::of_word).collect();
        words?.try_into().ok()
    };
    let rows: Option<Vec<[Priority; 3]>> = rows.iter().map(row).collect();
    rows?.try_into().ok()
}

fn read_class(node: &Node, settings: &mut Settings, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "class", problems) else {
        return;
    };
    let words = Class::ALL.map(Class::word);
    let class = choice(&mut reader, "name", Class::of_word, &words);
    if class.is_none() && reader.node("name").is_none() {
        reader.text_required("name");
    }
    let mut policy = *settings.policies.of(class.unwrap_or(Class::Process));
    let mut flag = |key: &str, own: &mut bool| {
        if let Some(value) = reader.bool(key) {
            *own = value;
        }
    };
    flag("latching", &mut policy.latching);
    flag("ack", &mut policy.ack);
    flag("comment", &mut policy.comment);
    flag("shelving", &mut policy.shelving);
    if let Some(minutes) = reader.real("shelve_max_min", 0.0..=WEEK_MIN) {
        policy.shelve_s_max = minutes * 60.0;
    }
    if let Some(minutes) = reader.real("re_announce_min", 0.0..=WEEK_MIN) {
        policy.re_announce_s = minutes * 60.0;
    }
    if policy.shelve_s_max > SHELVE_S_MAX {
        reader.problem(
            codes::ALARM_SHELF,
            "shelve_max_min",
            "longer on the shelf than a day",
            "what is out for longer is taken out of service",
        );
    }
    if class.is_some_and(Class::is_highly_managed) && policy.shelving {
        reader.problem(
            codes::ALARM_SHELF,
            "shelving",
            "a whole class of highly managed alarms may not be shelved",
            "permit it for single alarms, with shelving_reason",
        );
    }
    reader.finish();
    if let Some(class) = class {
        settings.policies.set(class, policy);
    }
}
