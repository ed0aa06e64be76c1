//! From text to records.

use super::AlarmDraft;
use crate::codes::{self, Code};
use crate::diagnostic::Diagnostics;
use crate::draft::words;
use crate::names;
use crate::source::Origin;
use crate::tree::{Node, Reader};
use alarm::class::SHELVE_S_MAX;
use alarm::{
    AlarmKind, Approval, Class, Mode, Priority, Rationale, Settings, Severities, Severity, When,
    Words,
};

const TIME_S: std::ops::RangeInclusive<f64> = 0.0..=86_400.0;
/// Delay of a diagnosis that says none, as the block `ALARM_BAD` has it, seconds: NAMUR
/// NE 43 asks for 4 s before a failure signal is one.
const DIAGNOSIS_DELAY_S: f64 = 4.0;
const ANY: std::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;

/// What the head of a file says for all its alarms.
#[derive(Clone, Debug, Default)]
struct Head {
    unit: String,
    area: String,
    task: String,
    display: String,
    sop: String,
    escalation: String,
    approval: Approval,
    review_due: String,
}

/// Reads a file of alarms.
pub(crate) fn read(
    root: &Node,
    first_task: &str,
    settings: &Settings,
    problems: &mut Diagnostics,
) -> Vec<AlarmDraft> {
    let Some(mut top) = Reader::new(root, "alarm file", problems) else {
        return Vec::new();
    };
    let head = top.node("alarms");
    let alarms = top.tables("alarm");
    if head.is_none() {
        top.problem(
            codes::MISSING_KEY,
            "alarms",
            "the table [alarms] is missing",
            "begin with [alarms], unit, display, approved and review_due",
        );
    }
    top.finish();
    let head = read_head(head, first_task, problems);
    let alarms = alarms.into_iter();
    let alarms = alarms.filter_map(|node| read_alarm(node, &head, settings, problems));
    alarms.collect()
}

fn read_head(node: Option<&Node>, first_task: &str, problems: &mut Diagnostics) -> Head {
    let mut head = Head {
        task: first_task.to_string(),
        ..Head::default()
    };
    let Some(mut reader) = node.and_then(|node| Reader::new(node, "alarms", problems)) else {
        return head;
    };
    head.unit = reader.text_required("unit");
    head.area = reader.text("area").unwrap_or_default();
    if let Some(task) = reader.text("task") {
        head.task = task;
    }
    head.display = reader.text("display").unwrap_or_default();
    head.sop = reader.text("sop").unwrap_or_default();
    head.escalation = reader.text("escalation").unwrap_or_default();
    head.review_due = reader.text("review_due").unwrap_or_default();
    let approved = reader.node("approved");
    reader.finish();
    head.approval = approval(approved, problems);
    head
}

fn approval(node: Option<&Node>, problems: &mut Diagnostics) -> Approval {
    let Some(mut reader) = node.and_then(|node| Reader::new(node, "approved", problems)) else {
        return Approval::default();
    };
    let approval = Approval {
        who: reader.text_required("who"),
        on: reader.text_required("on"),
        version: reader.int("version", 1..=1_000_000).unwrap_or(1) as u32,
    };
    reader.finish();
    approval
}

/// A word of plant text as one of the choices of a type.
pub(super) fn choice<T>(
    reader: &mut Reader<'_, '_>,
    key: &str,
    of_word: impl Fn(&str) -> Option<T>,
    words: &[&str],
) -> Option<T> {
    let word = reader.text(key)?;
    let found = of_word(&word);
    if found.is_none() {
        reader.problem(
            codes::UNKNOWN_CHOICE,
            key,
            format!("{key} = \"{word}\" is no choice"),
            format!("choices: {}", words.join(", ")),
        );
    }
    found
}

/// A text of the rationalisation: both languages, or it is not rationalised.
fn reasoned(
    table: &Node,
    node: Option<&Node>,
    key: &str,
    help: &str,
    problems: &mut Diagnostics,
) -> Words {
    let Some(node) = node else {
        problems.push(
            codes::ALARM_RATIONALE,
            &table.at,
            format!("{key} is missing: an alarm without it is no alarm"),
            help,
        );
        return Words::default();
    };
    let Some(mut reader) = Reader::new(node, key, problems) else {
        return Words::default();
    };
    let words = Words {
        en: reader.text("en").unwrap_or_default(),
        zh: reader.text("zh").unwrap_or_default(),
    };
    for (language, text) in [("en", &words.en), ("zh", &words.zh)] {
        if text.trim().is_empty() {
            reader.problem(
                codes::ALARM_RATIONALE,
                language,
                format!("{key} has no {language}"),
                "the operator reads it in English and 中文",
            );
        }
    }
    reader.finish();
    words
}

fn severities(node: Option<&Node>, problems: &mut Diagnostics) -> Severities {
    let Some(mut reader) = node.and_then(|node| Reader::new(node, "severity", problems)) else {
        return Severities::default();
    };
    let words = Severity::ALL.map(Severity::word);
    let mut of =
        |key: &str| choice(&mut reader, key, Severity::of_word, &words).unwrap_or_default();
    let severities = Severities {
        safety: of("safety"),
        environment: of("environment"),
        gmp: of("gmp"),
        asset: of("asset"),
        production: of("production"),
    };
    reader.finish();
    severities
}

fn suppression(nodes: &[&Node], problems: &mut Diagnostics) -> Vec<When> {
    let read = |node: &&Node| {
        let mut reader = Reader::new(node, "suppression", problems)?;
        let when = When {
            tag: reader.text_required("when"),
            is: reader.bool("is").unwrap_or(true),
            hold_s: reader.real("hold_s", TIME_S).unwrap_or(0.0),
            max_s: reader.real("max_s", TIME_S).unwrap_or(0.0),
            why: reader.text_required("why"),
        };
        reader.finish();
        Some(when)
    };
    nodes.iter().filter_map(read).collect()
}

fn modes(nodes: &[&Node], problems: &mut Diagnostics) -> Vec<Mode> {
    let read = |node: &&Node| {
        let mut reader = Reader::new(node, "modes", problems)?;
        let priorities = Priority::ALL.map(Priority::word);
        let mode = Mode {
            tag: reader.text_required("when"),
            is: reader.bool("is").unwrap_or(true),
            enabled: reader.bool("enabled").unwrap_or(true),
            priority: choice(&mut reader, "priority", Priority::of_word, &priorities),
            limit: reader.real("limit", ANY),
            why: reader.text_required("why"),
        };
        reader.finish();
        Some(mode)
    };
    nodes.iter().filter_map(read).collect()
}

/// Keys that a detection block reads, not the record.
const DETECTION: [&str; 8] = [
    "of", "is", "expected", "armed", "sp", "tau_s", "when", "stage",
];

fn read_alarm(
    node: &Node,
    head: &Head,
    settings: &Settings,
    problems: &mut Diagnostics,
) -> Option<AlarmDraft> {
    let mut reader = Reader::new(node, "alarm", problems)?;
    let name = reader.text_required("name");
    if !names::is_loop_id(&name) {
        reader.problem(
            codes::TAG_NAME,
            "name",
            format!("\"{name}\" is not the name of an alarm"),
            "ISA-5.1: capitals, a hyphen, a loop number, as in TAHH-101",
        );
    }
    let kinds = AlarmKind::ALL.map(AlarmKind::word);
    let kind = choice(&mut reader, "kind", AlarmKind::of_word, &kinds);
    let classes = Class::ALL.map(Class::word);
    let class = choice(&mut reader, "class", Class::of_word, &classes);
    for (key, is_there) in [
        ("kind", reader.node("kind").is_some()),
        ("class", reader.node("class").is_some()),
    ] {
        if !is_there {
            reader.problem(
                codes::MISSING_KEY,
                key,
                format!("{key} is missing"),
                format!(
                    "choices: {}",
                    if key == "kind" {
                        kinds.join(", ")
                    } else {
                        classes.join(", ")
                    }
                ),
            );
        }
    }
    let class = class.unwrap_or(Class::Process);
    let mut rationale = Rationale::named(&name);
    rationale.kind = kind.unwrap_or(AlarmKind::Discrete);
    rationale.class = class;
    rationale.point = reader.text("point").unwrap_or_default();
    if let Some(condition) = reader.text("condition") {
        rationale.tag = condition;
    }
    rationale.unit = reader.text("unit").unwrap_or_else(|| head.unit.clone());
    rationale.area = reader.text("area").unwrap_or_else(|| head.area.clone());
    rationale.limit = reader.real("limit", ANY);
    rationale.basis = reader.text("basis").unwrap_or_default();
    rationale.deadband = reader.real("deadband", 0.0..=f64::MAX).unwrap_or(0.0);
    let is_diagnosis = rationale.kind == AlarmKind::Bad && rationale.is_detected();
    let on_delay_s = if is_diagnosis { DIAGNOSIS_DELAY_S } else { 0.0 };
    rationale.on_delay_s = reader.real("on_delay_s", TIME_S).unwrap_or(on_delay_s);
    rationale.off_delay_s = reader.real("off_delay_s", TIME_S).unwrap_or(0.0);
    let respond_min = reader.real("respond_min", 0.0..=10_080.0);
    let severity = reader.node("severity");
    let priorities = Priority::ALL.map(Priority::word);
    let priority = choice(&mut reader, "priority", Priority::of_word, &priorities);
    rationale.override_reason = reader.text("override_reason").unwrap_or_default();
    read_shelf(&mut reader, settings, &mut rationale);
    rationale.first_out = reader.text("first_out").unwrap_or_default();
    rationale.ipl = reader.text("ipl").unwrap_or_default();
    let own = |reader: &mut Reader<'_, '_>, key: &str, common: &str| {
        reader.text(key).unwrap_or_else(|| common.to_string())
    };
    rationale.display = own(&mut reader, "display", &head.display);
    rationale.sop = own(&mut reader, "sop", &head.sop);
    rationale.escalation = own(&mut reader, "escalation", &head.escalation);
    rationale.review_due = own(&mut reader, "review_due", &head.review_due);
    let approved = reader.node("approved");
    let (suppressed, moded) = (reader.tables("suppression"), reader.tables("modes"));
    let texts =
        ["text", "causes", "consequence", "action", "confirmation"].map(|key| reader.node(key));
    for key in DETECTION {
        reader.node(key);
    }
    reader.finish();
    let [text, causes, consequence, action, confirmation] = texts;
    let text = words(text, Some(node), "text", problems);
    rationale.text = Words {
        en: text.en,
        zh: text.zh,
    };
    let mut because =
        |told: Option<&Node>, key: &str, help: &str| reasoned(node, told, key, help, problems);
    rationale.causes = because(causes, "causes", "what may have brought it about");
    rationale.consequence = because(consequence, "consequence", "what happens if nobody acts");
    rationale.action = because(
        action,
        "action",
        "what the operator does; if nothing, it is an event",
    );
    rationale.confirmation = because(
        confirmation,
        "confirmation",
        "how the operator sees that it is true",
    );
    rationale.severities = severities(severity, problems);
    rationale.suppression = suppression(&suppressed, problems);
    rationale.modes = modes(&moded, problems);
    rationale.approval = if approved.is_some() {
        approval(approved, problems)
    } else {
        head.approval.clone()
    };
    judge_priority(
        node,
        settings,
        &mut rationale,
        respond_min,
        priority,
        problems,
    );
    Some(AlarmDraft {
        rationale,
        task: head.task.clone(),
        node: node.clone(),
    })
}

/// Shelving and latching: of the class, unless the record says otherwise and may.
fn read_shelf(reader: &mut Reader<'_, '_>, settings: &Settings, rationale: &mut Rationale) {
    let policy = settings.policies.of(rationale.class);
    rationale.latching = reader.bool("latching").unwrap_or(policy.latching);
    rationale.shelving = reader.bool("shelving").unwrap_or(policy.shelving);
    rationale.shelving_reason = reader.text("shelving_reason").unwrap_or_default();
    let max_min = reader.real("shelve_max_min", 0.0..=10_080.0);
    rationale.shelve_s_max = max_min.map_or(policy.shelve_s_max, |minutes| minutes * 60.0);
    if rationale.shelving
        && rationale.class.is_highly_managed()
        && rationale.shelving_reason.trim().is_empty()
    {
        reader.problem(
            codes::ALARM_SHELF,
            "shelving",
            format!("{} is highly managed and may not be shelved", rationale.name),
            "leave shelving out, or give shelving_reason: who permits it and under which conditions",
        );
    }
    if rationale.shelve_s_max > SHELVE_S_MAX {
        reader.problem(
            codes::ALARM_SHELF,
            "shelve_max_min",
            "longer on the shelf than a day",
            "what is out for longer is taken out of service",
        );
    }
}

/// The priority of the matrix, or the one that the text insists on.
fn judge_priority(
    node: &Node,
    settings: &Settings,
    rationale: &mut Rationale,
    respond_min: Option<f64>,
    asked: Option<Priority>,
    problems: &mut Diagnostics,
) {
    let mut say = |code: Code, key: &str, message: String, help: &str| {
        let at: Origin = if node.has(key) {
            node.place(key)
        } else {
            node.at.clone()
        };
        problems.push(code, &at, message, help);
    };
    let name = rationale.name.clone();
    match respond_min {
        Some(minutes) => rationale.respond_s = minutes * 60.0,
        None if !node.has("respond_min") => say(
            codes::ALARM_RATIONALE,
            "respond_min",
            format!("{name} does not say how long there is to respond"),
            "respond_min: minutes from the alarm until acting no longer helps",
        ),
        None => {}
    }
    let computed = rationale.computed_priority(&settings.matrix);
    if computed.is_none() {
        say(
            codes::ALARM_NOTHING,
            "severity",
            format!("nothing happens if nobody acts on {name}: it is an event, not an alarm"),
            "severity = { safety, environment, gmp, asset, production }: minor, major or severe",
        );
    }
    let computed = computed.unwrap_or(Priority::P4);
    rationale.priority = asked.unwrap_or(computed);
    if rationale.priority != computed && rationale.override_reason.trim().is_empty() {
        say(
            codes::ALARM_OVERRIDE,
            "priority",
            format!(
                "{name} is {}, the matrix of severity and time to respond says {}",
                rationale.priority.word(),
                computed.word()
            ),
            "take the priority out, or give override_reason",
        );
    }
}
