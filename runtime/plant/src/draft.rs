//! Plant text as typed drafts: every key read, nothing yet resolved.

use crate::alarms::{self, AlarmDraft};
use crate::cause_effect::{self, MatrixDraft};
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::history::{self, HistorianDraft, HistoryPolicy};
use crate::names;
use crate::notifications;
use crate::people::{self as folk, PeopleDraft};
use crate::processes;
use crate::scripts::{self, ScriptDraft};
use crate::servers::{self, ServerDraft};
use crate::source::{Origin, Sources};
use crate::supervised::{self, SupervisedUnit};
use crate::tree::{self, Node, Reader};
use signal::{Kind, Unit, limits};
use std::collections::BTreeMap;

pub use crate::words::Words;
pub(crate) use crate::words::{text_of, words, words_of};

/// A task.
#[derive(Clone, Debug)]
pub struct TaskDraft {
    /// Name, `fast`.
    pub name: String,
    /// Period, nanoseconds.
    pub period_ns: u64,
    /// Overruns in a row that raise the alarm tag. Source: common DCS practice; editable.
    pub overruns_alarm: u32,
    /// Lateness that trips the watchdog, nanoseconds.
    pub watchdog_ns: u64,
    /// How long before a release its scan thread wakes and waits at the clock, nanoseconds.
    pub wake_early_ns: u64,
    /// Processor that its scan thread is pinned to, if stated.
    pub processor: Option<usize>,
    /// Where it is declared.
    pub at: Origin,
}

/// A driver and its own settings.
#[derive(Clone, Debug)]
pub struct DriverDraft {
    /// Name, `io1`.
    pub name: String,
    /// Kind, `modbus-tcp`.
    pub kind: String,
    /// Task that it feeds.
    pub task: String,
    /// Settings that its kind reads.
    pub settings: toml::Table,
    /// Where it is declared.
    pub node: Node,
}

/// A field point.
#[derive(Clone, Debug)]
pub struct PointDraft {
    /// Tag that it feeds or takes.
    pub tag: String,
    /// Driver.
    pub driver: String,
    /// Whether it leaves the system.
    pub is_output: bool,
    /// Settings that the driver's kind reads, without tag and driver.
    pub settings: toml::Table,
    /// Where it is declared.
    pub node: Node,
}

/// Alarm-like limits of a tag, for displays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TagLimits {
    /// Low low.
    pub ll: Option<f64>,
    /// Low.
    pub l: Option<f64>,
    /// High.
    pub h: Option<f64>,
    /// High high.
    pub hh: Option<f64>,
}

/// A declared tag.
#[derive(Clone, Debug)]
pub struct TagDraft {
    /// Name.
    pub name: String,
    /// Description.
    pub desc: Words,
    /// Kind, if stated.
    pub kind: Option<Kind>,
    /// Unit, if stated.
    pub unit: Option<Unit>,
    /// Range, if stated.
    pub range: Option<(f64, f64)>,
    /// Limits for displays.
    pub limits: TagLimits,
    /// Decimals shown.
    pub decimals: Option<u8>,
    /// Initial value of a tag that commands write.
    pub operator: Option<f64>,
    /// Largest step of one command.
    pub step_max: Option<f64>,
    /// Class of the action of writing it, if stated.
    pub action: Option<::people::Action>,
    /// What a person has to give for writing it, if stated.
    pub signature: Option<::people::SignatureClass>,
    /// How it is kept in history, if stated here.
    pub history: Option<HistoryPolicy>,
    /// It is a record under GMP: kept raw.
    pub is_gmp: bool,
    /// Task.
    pub task: String,
    /// Where it is declared.
    pub node: Node,
}

/// A block.
#[derive(Clone, Debug)]
pub struct BlockDraft {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Task.
    pub task: String,
    /// Unit of equipment it belongs to.
    pub unit: String,
    /// Description.
    pub desc: Words,
    /// Where it is declared; its table.
    pub node: Node,
}

/// An ISA-88 unit.
#[derive(Clone, Debug)]
pub struct UnitDraft {
    /// Name, `R-101`.
    pub name: String,
    /// Title.
    pub title: Words,
    /// Area.
    pub area: String,
}

/// The simulation of the plant.
#[derive(Clone, Debug)]
pub struct SimDraft {
    /// Model, `r101` or `u100`.
    pub model: String,
    /// Drivers whose devices it plays, in the order of the model's I/O stations.
    pub drivers: Vec<String>,
    /// Settings of the model.
    pub settings: toml::Table,
    /// Where it is declared.
    pub at: Origin,
}

/// All of a plant's text.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Name of the plant.
    pub name: String,
    /// Title.
    pub title: Words,
    /// Oldest snapshot for a warm start, seconds.
    pub warm_age_s_max: f64,
    /// What is kept of tags.
    pub historian: HistorianDraft,
    /// Tasks, fastest first in the text.
    pub tasks: Vec<TaskDraft>,
    /// Drivers.
    pub drivers: Vec<DriverDraft>,
    /// Servers.
    pub servers: Vec<ServerDraft>,
    /// Simulation, if any.
    pub sim: Option<SimDraft>,
    /// Units.
    pub units: Vec<UnitDraft>,
    /// Declared tags.
    pub tags: Vec<TagDraft>,
    /// Field points.
    pub points: Vec<PointDraft>,
    /// Blocks.
    pub blocks: Vec<BlockDraft>,
    /// Cause-and-effect matrices; their blocks are among the blocks.
    pub matrices: Vec<MatrixDraft>,
    /// What the site has edited of alarms.
    pub alarm_settings: alarm::Settings,
    /// Alarms; their detection blocks are among the blocks.
    pub alarms: Vec<AlarmDraft>,
    /// Supervisory scripts.
    pub scripts: Vec<ScriptDraft>,
    /// Units with supervised processes.
    pub supervised: Vec<SupervisedUnit>,
    /// File with the text of messages, and where it is named.
    pub notify: Option<(String, Origin)>,
    /// People.
    pub people: PeopleDraft,
    /// Where the areas of their roles are stated, by role.
    pub role_places: BTreeMap<String, Origin>,
}

/// Oldest snapshot for a warm start unless the text says otherwise, seconds.
/// Design default of this product; editable in `[start]`.
pub const WARM_AGE_S_DEFAULT: f64 = 600.0;

/// How long before a release a scan thread wakes unless the text says otherwise,
/// microseconds: what a wake-up of a virtual machine is late by in 99 of 100 cases.
/// Design default of this product; editable in `[[task]]`.
pub const WAKE_EARLY_US_DEFAULT: f64 = 100.0;

/// Reads all sources.
pub fn read(sources: &Sources, problems: &mut Diagnostics) -> Draft {
    let mut draft = Draft {
        warm_age_s_max: WARM_AGE_S_DEFAULT,
        ..Draft::default()
    };
    let is_unit = |name: &str| {
        name != "plant.toml"
            && name != notifications::FILE
            && !name.ends_with(".rhai")
            && !name.starts_with("matrix/")
            && !name.starts_with("alarms/")
            && !processes::is_list(name)
    };
    for (file, (name, _)) in sources.files().iter().enumerate() {
        let is_matrix = name.starts_with("matrix/") && name.ends_with(".toml");
        let is_alarms = name.starts_with("alarms/");
        if !is_unit(name) && name != "plant.toml" && !is_matrix && !is_alarms {
            continue;
        }
        let root = tree::parse(sources, file, problems);
        if name == "plant.toml" {
            read_plant(&root, sources, &mut draft, problems);
        } else if is_matrix {
            let first = draft.tasks.first().map_or("", |task| task.name.as_str());
            let matrix = cause_effect::read(&root, sources, first, problems);
            draft.matrices.extend(matrix);
        } else if is_alarms {
            let first = draft.tasks.first().map_or("", |task| task.name.as_str());
            let alarms = alarms::read(&root, first, &draft.alarm_settings, problems);
            draft.alarms.extend(alarms);
        } else {
            read_unit(&root, &mut draft, problems);
        }
    }
    for matrix in std::mem::take(&mut draft.matrices) {
        cause_effect::elaborate(&matrix, &mut draft, problems);
        draft.matrices.push(matrix);
    }
    alarms::elaborate(&mut draft, problems);
    // A unit file that cannot be read is told as such.
    if !sources.files().iter().any(|(name, _)| is_unit(name)) {
        problems.push(
            codes::NO_UNITS,
            &Origin::default(),
            "this plant has no units",
            "put at least one file under units/",
        );
    }
    draft
}

fn read_plant(root: &Node, sources: &Sources, draft: &mut Draft, problems: &mut Diagnostics) {
    let Some(mut top) = Reader::new(root, "plant.toml", problems) else {
        return;
    };
    let plant = top.node("plant");
    let start = top.node("start");
    let historian = top.node("historian");
    let sim = top.node("sim");
    let alarms = top.node("alarms");
    let people = top.node("people");
    let door = top.node("hmi");
    let tasks = top.tables("task");
    let drivers = top.tables("driver");
    let servers = top.tables("server");
    let scripts = top.tables("script");
    if plant.is_none() {
        top.problem(
            codes::MISSING_KEY,
            "plant",
            "the table [plant] is missing",
            "begin with [plant], name and title",
        );
    }
    top.finish();
    if let Some(mut reader) = plant.and_then(|node| Reader::new(node, "plant", &mut *problems)) {
        draft.name = reader.text_required("name");
        let title = reader.node("title");
        draft.notify = reader
            .text("notify")
            .map(|name| (name, reader.place("notify")));
        reader.finish();
        draft.title = words(title, plant, "title", problems);
    }
    if let Some(node) = alarms {
        draft.alarm_settings = alarms::read_settings(node, problems);
    }
    if let Some(mut reader) = start.and_then(|node| Reader::new(node, "start", problems)) {
        if let Some(age) = reader.real("warm_age_s_max", 0.0..=86_400.0) {
            draft.warm_age_s_max = age;
        }
        reader.finish();
    }
    if let Some(node) = people {
        (draft.people.rules, draft.role_places) = folk::read(node, problems);
    }
    draft.people.door = door.and_then(|node| folk::read_door(node, problems));
    if let Some(historian) = historian.and_then(|node| history::read(node, problems)) {
        draft.historian = historian;
    }
    if let Some(node) = sim
        && let Some(mut reader) = Reader::new(node, "sim", problems)
    {
        let model = reader.text_required("model");
        let drivers = match reader.texts("drivers") {
            Some(drivers) => drivers,
            None => vec![reader.text_required("driver")],
        };
        reader.leave();
        if let tree::Tree::Table(table) = &node.tree {
            draft.sim = Some(SimDraft {
                model,
                drivers,
                settings: table.to_toml(&["model", "driver", "drivers"]),
                at: node.at.clone(),
            });
        }
    }
    // One more than permitted shows that there are too many; the rest says no more.
    for node in tasks.into_iter().take(limits::TASKS_MAX + 1) {
        if let Some(reader) = Reader::new(node, "task", problems) {
            draft.tasks.push(read_task(reader));
        }
    }
    for node in drivers.into_iter().take(limits::DRIVERS_MAX + 1) {
        let Some(mut reader) = Reader::new(node, "driver", problems) else {
            continue;
        };
        let name = reader.text_required("name");
        let kind = reader.text_required("kind");
        let task = reader.text("task").unwrap_or_default();
        reader.leave();
        if let tree::Tree::Table(table) = &node.tree {
            draft.drivers.push(DriverDraft {
                name,
                kind,
                task,
                settings: table.to_toml(&["name", "kind", "task"]),
                node: node.clone(),
            });
        }
    }
    for node in servers.into_iter().take(limits::DRIVERS_MAX + 1) {
        draft.servers.extend(servers::read(node, problems));
    }
    for node in scripts.into_iter().take(scripts::SCRIPTS_MAX + 1) {
        draft.scripts.extend(scripts::read(node, sources, problems));
    }
}

fn read_task(mut reader: Reader<'_, '_>) -> TaskDraft {
    let name = reader.text_required("name");
    let period_ms = match reader.real("period_ms", 0.0..=1e9) {
        Some(ms) => ms,
        None => {
            if reader.node("period_ms").is_none() {
                reader.problem(
                    codes::MISSING_KEY,
                    "period_ms",
                    "period_ms is missing",
                    "give period_ms = 100",
                );
            }
            100.0
        }
    };
    let period_ns = signal::math::round(period_ms * 1e6) as u64;
    if !(limits::PERIOD_NS_MIN..=limits::PERIOD_NS_MAX).contains(&period_ns) {
        reader.problem(
            codes::PERIOD,
            "period_ms",
            format!("a task of {period_ms} ms"),
            format!(
                "periods are {} ms to {} ms",
                limits::PERIOD_NS_MIN / 1_000_000,
                limits::PERIOD_NS_MAX / 1_000_000
            ),
        );
    }
    let overruns_alarm = reader.int("overruns_alarm", 1..=1_000).unwrap_or(3) as u32;
    let watchdog_ms = reader.real("watchdog_ms", 1.0..=600_000.0);
    let watchdog_ms = watchdog_ms.unwrap_or_else(|| (period_ms * 3.0).max(1_000.0));
    let wake_early_us = reader.real("wake_early_us", 0.0..=1_000.0);
    let wake_early_us = wake_early_us.unwrap_or(WAKE_EARLY_US_DEFAULT);
    let processor = reader.int("processor", 0..=1_023).map(|n| n as usize);
    let at = reader.whole().clone();
    reader.finish();
    TaskDraft {
        wake_early_ns: (wake_early_us * 1e3) as u64,
        processor,
        name,
        period_ns: period_ns.clamp(limits::PERIOD_NS_MIN, limits::PERIOD_NS_MAX),
        overruns_alarm,
        watchdog_ns: (watchdog_ms * 1e6) as u64,
        at,
    }
}

fn read_unit(root: &Node, draft: &mut Draft, problems: &mut Diagnostics) {
    let Some(mut top) = Reader::new(root, "unit file", problems) else {
        return;
    };
    let unit = top.node("unit");
    let tags = top.tables("tag");
    let inputs = top.tables("input");
    let outputs = top.tables("output");
    let blocks = top.tables("block");
    let supervised = top.tables("supervised");
    if unit.is_none() {
        top.problem(
            codes::MISSING_KEY,
            "unit",
            "the table [unit] is missing",
            "begin with [unit], name, title, area and task",
        );
    }
    top.finish();
    let mut unit_name = String::new();
    let mut task = draft
        .tasks
        .first()
        .map(|task| task.name.clone())
        .unwrap_or_default();
    if let Some(mut reader) = unit.and_then(|node| Reader::new(node, "unit", problems)) {
        unit_name = reader.text_required("name");
        let area = reader.text("area").unwrap_or_default();
        if let Some(name) = reader.text("task") {
            if draft.tasks.iter().all(|task| task.name != name) {
                reader.problem(
                    codes::UNKNOWN_TASK,
                    "task",
                    format!("there is no task {name}"),
                    "tasks are declared in plant.toml",
                );
            }
            task = name;
        }
        let title = reader.node("title");
        let process = reader.node("process");
        reader.finish();
        let title = words(title, unit, "title", problems);
        let supervised = supervised::read(&unit_name, process, supervised, problems);
        draft.supervised.extend(supervised);
        draft.units.push(UnitDraft {
            name: unit_name.clone(),
            title,
            area,
        });
    }
    for node in tags {
        read_tag(node, &task, draft, problems);
    }
    for (nodes, is_output) in [(inputs, false), (outputs, true)] {
        for node in nodes {
            read_point(node, is_output, draft, problems);
        }
    }
    for node in blocks {
        read_block(node, &task, &unit_name, draft, problems);
    }
}

fn read_tag(node: &Node, task: &str, draft: &mut Draft, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "tag", problems) else {
        return;
    };
    let name = reader.text_required("name");
    if !names::is_tag_name(&name) {
        reader.problem(
            codes::TAG_NAME,
            "name",
            format!("\"{name}\" is not a tag name"),
            "ISA-5.1: capitals, a hyphen, a loop number; then .PIN, as in TIC-101.SP",
        );
    }
    let unit = reader.text("unit").and_then(|symbol| {
        let unit = Unit::parse(&symbol);
        if unit.is_none() {
            let near = scan::wiring::nearest(&symbol, Unit::symbols());
            reader.problem(
                codes::UNIT,
                "unit",
                format!("\"{symbol}\" is not in the table of units"),
                near.map_or_else(
                    || "see `scanloop explain P0102` for the table".to_string(),
                    |near| format!("did you mean \"{near}\"?"),
                ),
            );
        }
        unit
    });
    let kind = reader.text("kind").and_then(|word| {
        let kind = Kind::from_word(&word);
        if kind.is_none() {
            reader.problem(
                codes::UNKNOWN_CHOICE,
                "kind",
                format!("no kind \"{word}\""),
                "real, bool or int",
            );
        }
        kind
    });
    let range = reader.pair("range");
    if let Some((low, high)) = range
        && low >= high
    {
        reader.problem(
            codes::RANGE,
            "range",
            format!("{low} is not below {high}"),
            "range = [low, high]",
        );
    }
    let all = f64::MIN..=f64::MAX;
    let limits = TagLimits {
        ll: reader.real("ll", all.clone()),
        l: reader.real("l", all.clone()),
        h: reader.real("h", all.clone()),
        hh: reader.real("hh", all.clone()),
    };
    let ladder: Vec<(&str, f64)> = [
        ("ll", limits.ll),
        ("l", limits.l),
        ("h", limits.h),
        ("hh", limits.hh),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect();
    for pair in ladder.windows(2) {
        if pair[0].1 >= pair[1].1 {
            reader.problem(
                codes::RANGE,
                pair[1].0,
                format!(
                    "{} = {} is not above {} = {}",
                    pair[1].0, pair[1].1, pair[0].0, pair[0].1
                ),
                "limits rise: ll < l < h < hh",
            );
        }
    }
    let range_in_order = range.filter(|(low, high)| low < high);
    if let Some((low, high)) = range_in_order {
        for (key, value) in &ladder {
            if *value < low || *value > high {
                reader.problem(
                    codes::LIMIT,
                    key,
                    format!("{key} = {value} is outside the range {low} … {high}"),
                    "",
                );
            }
        }
    }
    let decimals = reader.int("decimals", 0..=9).map(|n| n as u8);
    let operator = match (reader.bool_quiet("initial"), kind) {
        (Some(value), _) => Some(f64::from(u8::from(value))),
        (None, _) => reader.real("initial", all),
    };
    let step_max = reader.real("step_max", 0.0..=f64::MAX);
    if let (Some(value), Some((low, high))) = (operator, range_in_order)
        && !(low..=high).contains(&value)
    {
        reader.problem(
            codes::LIMIT,
            "initial",
            format!("initial = {value} is outside the range {low} … {high}"),
            "",
        );
    }
    let action = folk::action(&mut reader, "action");
    let signature = folk::class(&mut reader, "signature");
    let own_task = reader.text("task");
    if let Some(own) = &own_task
        && draft.tasks.iter().all(|task| task.name != *own)
    {
        reader.problem(
            codes::UNKNOWN_TASK,
            "task",
            format!("there is no task {own}"),
            "tasks are declared in plant.toml",
        );
    }
    let desc = reader.node("desc");
    let history = reader.node("history");
    let is_gmp = reader.bool("gmp").unwrap_or(false);
    reader.finish();
    let desc = words(desc, Some(node), "desc", problems);
    let history = history.and_then(|node| history::policy(node, problems));
    draft.tags.push(TagDraft {
        history,
        is_gmp,
        name,
        desc,
        kind,
        unit,
        range,
        limits,
        decimals,
        operator,
        step_max,
        action,
        signature,
        task: own_task.unwrap_or_else(|| task.to_string()),
        node: node.clone(),
    });
}

fn read_point(node: &Node, is_output: bool, draft: &mut Draft, problems: &mut Diagnostics) {
    let what = if is_output { "output" } else { "input" };
    let Some(mut reader) = Reader::new(node, what, problems) else {
        return;
    };
    let tag = reader.text_required("tag");
    if !names::is_tag_name(&tag) {
        reader.problem(
            codes::TAG_NAME,
            "tag",
            format!("\"{tag}\" is not a tag name"),
            "ISA-5.1: capitals, a hyphen, a loop number; then .PIN, as in TT-101A.RAW",
        );
    }
    let driver = reader.text_required("driver");
    reader.leave();
    if let tree::Tree::Table(table) = &node.tree {
        if is_output && table.get("fail_safe").is_none() {
            problems.push(
                codes::FAIL_SAFE,
                &node.at,
                format!("output {tag} has no fail_safe"),
                "fail_safe = \"de-energise\", \"hold\" or a value: what the device gets when the scan stops",
            );
        }
        draft.points.push(PointDraft {
            tag,
            driver,
            is_output,
            settings: table.to_toml(&["tag", "driver"]),
            node: node.clone(),
        });
    }
}

fn read_block(node: &Node, task: &str, unit: &str, draft: &mut Draft, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "block", problems) else {
        return;
    };
    let name = reader.text_required("name");
    let kind = reader.text_required("kind");
    if !names::is_loop_id(&name) {
        reader.problem(
            codes::TAG_NAME,
            "name",
            format!("\"{name}\" is not a block name"),
            "ISA-5.1: capitals, a hyphen, a loop number, as in TIC-101",
        );
    }
    let own_task = reader.text("task");
    if let Some(own) = &own_task
        && draft.tasks.iter().all(|task| task.name != *own)
    {
        reader.problem(
            codes::UNKNOWN_TASK,
            "task",
            format!("there is no task {own}"),
            "tasks are declared in plant.toml",
        );
    }
    let desc = reader.node("desc");
    reader.leave();
    let desc = desc.map_or_else(Words::default, |desc| {
        words(Some(desc), Some(node), "desc", problems)
    });
    draft.blocks.push(BlockDraft {
        name,
        kind,
        task: own_task.unwrap_or_else(|| task.to_string()),
        unit: unit.to_string(),
        desc,
        node: node.clone(),
    });
}
