//! What is kept of tags, and for how long: `[historian]` in plant.toml, and `history`
//! of a tag.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::Draft;
use crate::source::Origin;
use crate::tree::{Node, Reader, Tree};
use alarm::Class;
use std::collections::BTreeMap;

/// How much of a tag is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HistoryPolicy {
    /// Nothing.
    Off,
    /// Every change, bit for bit.
    Raw,
    /// Changes beyond a deadband, in the unit of the tag.
    Exception {
        /// Zero or more.
        deadband: f64,
    },
    /// Straight lines within a deviation, in the unit of the tag.
    SwingingDoor {
        /// Zero or more.
        deviation: f64,
        /// Longest line, seconds.
        max_interval_s: f64,
    },
}

/// Longest line of a swinging door unless the text says otherwise, seconds. Design
/// default of this product.
pub const MAX_INTERVAL_S_DEFAULT: f64 = 600.0;

/// Tags that are kept in a way of their own.
#[derive(Clone, Debug)]
pub struct HistoryRule {
    /// Names; one that ends in `*` stands for all that begin so.
    pub tags: Vec<String>,
    /// How they are kept.
    pub history: HistoryPolicy,
    /// Where it is declared.
    pub node: Node,
}

/// The table `[historian]`.
#[derive(Clone, Debug)]
pub struct HistorianDraft {
    /// How a tag is kept of which nothing else is said.
    pub history: HistoryPolicy,
    /// Oldest history that is kept, days; for ever without.
    pub keep_days: Option<f64>,
    /// Most history that is kept, MiB; all without.
    pub keep_mib: Option<f64>,
    /// Longest time between two syncs, milliseconds: what a power cut may cost.
    pub sync_ms: f64,
    /// What the record of a trip holds of the time before it and after it, seconds.
    pub trip_s: (f64, f64),
    /// Rules, the last that fits a tag holds.
    pub rules: Vec<HistoryRule>,
}

impl Default for HistorianDraft {
    /// Every change of every tag, for ever, synced each second; of a trip a minute
    /// before, in which it built up, and two after, in which effects and people acted.
    /// Design defaults of this product.
    fn default() -> Self {
        HistorianDraft {
            history: HistoryPolicy::Raw,
            keep_days: None,
            keep_mib: None,
            sync_ms: 1_000.0,
            trip_s: (60.0, 120.0),
            rules: Vec::new(),
        }
    }
}

impl HistorianDraft {
    /// How a tag is kept: as its own text says, or the last rule that names it, or as
    /// all.
    pub fn policy_of(&self, tag: &str, own: Option<HistoryPolicy>) -> HistoryPolicy {
        let rule = |rule: &&HistoryRule| rule.tags.iter().any(|name| fits(name, tag));
        let ruled = self.rules.iter().rev().find(rule).map(|rule| rule.history);
        own.or(ruled).unwrap_or(self.history)
    }
}

fn fits(name: &str, tag: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => tag.starts_with(beginning),
        None => name == tag,
    }
}

pub(crate) fn read(node: &Node, problems: &mut Diagnostics) -> Option<HistorianDraft> {
    let mut draft = HistorianDraft::default();
    let mut reader = Reader::new(node, "historian", problems)?;
    let history = reader.node("history");
    draft.keep_days = reader.real("keep_days", 1.0..=36_525.0);
    draft.keep_mib = reader.real("keep_mib", 16.0..=1e9);
    if let Some(sync_ms) = reader.real("sync_ms", 10.0..=60_000.0) {
        draft.sync_ms = sync_ms;
    }
    if let Some(before_s) = reader.real("trip_before_s", 1.0..=600.0) {
        draft.trip_s.0 = before_s;
    }
    if let Some(after_s) = reader.real("trip_after_s", 1.0..=1_800.0) {
        draft.trip_s.1 = after_s;
    }
    let rules = reader.tables("keep");
    reader.finish();
    if let Some(history) = history.and_then(|node| policy(node, problems)) {
        draft.history = history;
    }
    for node in rules {
        draft.rules.extend(read_rule(node, problems));
    }
    Some(draft)
}

fn read_rule(node: &Node, problems: &mut Diagnostics) -> Option<HistoryRule> {
    let mut reader = Reader::new(node, "historian.keep", problems)?;
    let tags = reader.texts("tags");
    let history = reader.node("history");
    reader.finish();
    for (key, is_there) in [("tags", tags.is_some()), ("history", history.is_some())] {
        if !is_there {
            problems.push(
                codes::MISSING_KEY,
                &node.at,
                format!("{key} is missing"),
                "give tags = [\"TT-101.PV\"] and history = \"raw\"",
            );
        }
    }
    Some(HistoryRule {
        tags: tags?,
        history: policy(history?, problems)?,
        node: node.clone(),
    })
}

/// `"raw"`, `"off"`, `{ deadband = 0.1 }` or `{ deviation = 0.1, max_interval_s = 60 }`.
pub(crate) fn policy(node: &Node, problems: &mut Diagnostics) -> Option<HistoryPolicy> {
    const HELP: &str =
        "\"raw\", \"off\", { deadband = 0.1 } or { deviation = 0.1, max_interval_s = 600 }";
    if let Some(word) = node.text() {
        return match word {
            "raw" => Some(HistoryPolicy::Raw),
            "off" => Some(HistoryPolicy::Off),
            _ => {
                let message = format!("\"{word}\" is no way to keep a tag");
                problems.push(codes::HISTORY, &node.at, message, HELP);
                None
            }
        };
    }
    let Tree::Table(_) = &node.tree else {
        let message = format!("{} is no way to keep a tag", node.word());
        problems.push(codes::HISTORY, &node.at, message, HELP);
        return None;
    };
    let mut reader = Reader::new(node, "history", problems)?;
    let deadband = reader.real("deadband", 0.0..=1e12);
    let deviation = reader.real("deviation", 0.0..=1e12);
    let max_interval_s = reader.real("max_interval_s", 1.0..=86_400.0);
    reader.finish();
    match (deadband, deviation) {
        (Some(deadband), None) if max_interval_s.is_none() => {
            Some(HistoryPolicy::Exception { deadband })
        }
        (None, Some(deviation)) => Some(HistoryPolicy::SwingingDoor {
            deviation,
            max_interval_s: max_interval_s.unwrap_or(MAX_INTERVAL_S_DEFAULT),
        }),
        _ => {
            let message = "either a deadband, or a deviation with its longest interval";
            problems.push(codes::HISTORY, &node.at, message, HELP);
            None
        }
    }
}

/// Rules that name no tag of the plant, and records under GMP that would not be raw.
pub(crate) fn check(draft: &Draft, owners: &BTreeMap<String, String>, problems: &mut Diagnostics) {
    check_gmp(draft, problems);
    for rule in &draft.historian.rules {
        for (at, name) in rule.tags.iter().enumerate() {
            if owners.keys().any(|tag| fits(name, tag)) {
                continue;
            }
            let names = owners.keys().filter(|tag| !tag.contains('/'));
            let near = scan::wiring::nearest(name, names.map(String::as_str));
            problems.push(
                codes::HISTORY_TAG,
                &rule.node.place(&format!("tags.{}", at + 1)),
                format!("there is no tag {name}"),
                near.map_or_else(String::new, |near| format!("did you mean {near}?")),
            );
        }
    }
}

/// What alarms of class gmp-critical watch, and tags that say `gmp = true`, are kept raw:
/// the original record is every value with its quality (EU GMP chapter 4, draft of 2025;
/// 21 CFR 211.194; NMPA 2020 no. 74).
fn check_gmp(draft: &Draft, problems: &mut Diagnostics) {
    let own = |tag: &str| draft.tags.iter().find(|own| own.name == tag);
    let kept = |tag: &str| {
        let own = own(tag).and_then(|own| own.history);
        draft.historian.policy_of(tag, own)
    };
    let mut tell = |tag: &str, at: &Origin, why: &str| {
        if kept(tag) != HistoryPolicy::Raw {
            problems.push(
                codes::HISTORY_GMP,
                at,
                format!("{tag} {why} and is not kept raw"),
                "history = \"raw\" for it in its [[tag]], or in a last rule of [historian]",
            );
        }
    };
    for tag in draft.tags.iter().filter(|tag| tag.is_gmp) {
        tell(&tag.name, &tag.node.place("gmp"), "is a record under GMP");
    }
    for alarm in &draft.alarms {
        let record = &alarm.rationale;
        let is_marked = own(&record.point).is_some_and(|tag| tag.is_gmp);
        if record.class == Class::GmpCritical && !record.point.is_empty() && !is_marked {
            let why = format!("is watched by {}, which is gmp-critical,", record.name);
            tell(&record.point, &alarm.place_of("point"), &why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_itself_comes_before_rules_and_the_last_rule_before_others() {
        let rule = |name: &str, history| HistoryRule {
            tags: vec![name.to_string()],
            history,
            node: Node {
                tree: Tree::Bool(true),
                at: crate::source::Origin::default(),
            },
        };
        let draft = HistorianDraft {
            history: HistoryPolicy::Exception { deadband: 1.0 },
            rules: vec![
                rule("TT-*", HistoryPolicy::Raw),
                rule("TT-101.RAW", HistoryPolicy::Off),
            ],
            ..HistorianDraft::default()
        };
        assert_eq!(draft.policy_of("TT-101.PV", None), HistoryPolicy::Raw);
        assert_eq!(draft.policy_of("TT-101.RAW", None), HistoryPolicy::Off);
        assert_eq!(draft.policy_of("PT-101.PV", None), draft.history);
        let own = Some(HistoryPolicy::Off);
        assert_eq!(draft.policy_of("TT-101.PV", own), HistoryPolicy::Off);
    }
}
