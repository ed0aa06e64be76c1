//! From drafts to link inputs: which task owns what, which source brings what.

use crate::cause_effect::Ages;
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{Draft, DriverDraft, PointDraft};
use crate::ownership;
use crate::scripts::{ScriptDraft, ScriptProblem};
use crate::servers::{ServerCheck, ServerPoint};
use crate::source::Origin;
use crate::tree::Node;
use scan::link::declared_kinds;
use scan::{BlockDecl, LinkInput, Registry, SourceDecl, Stage, TagDecl, Value};
use signal::{Kind, limits};
use std::collections::{BTreeMap, BTreeSet};

/// What a kind of driver finds wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProblem {
    /// The key, if one is to blame.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What a kind of driver knows of a good point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointFacts {
    /// Kind of the tag it feeds or takes.
    pub kind: Kind,
    /// How often it is exchanged with the device, nanoseconds; 0 for every scan.
    pub period_ns: u64,
}

/// The verdict on one driver and its points.
#[derive(Clone, Debug, Default)]
pub struct DriverCheck {
    /// Problems of the driver's own settings.
    pub device: Vec<KeyProblem>,
    /// One verdict a point, in the order given.
    pub points: Vec<Result<PointFacts, KeyProblem>>,
}

/// The kinds of drivers there are. Plant text knows none of them; the
/// composition root lends them.
pub trait DriverKinds {
    /// Their names.
    fn kinds(&self) -> Vec<&'static str>;
    /// Checks one driver and its points: (tag, is output, settings).
    fn check(
        &self,
        kind: &str,
        settings: &toml::Table,
        points: &[(&str, bool, &toml::Table)],
    ) -> DriverCheck;
    /// Names of the kinds of servers.
    fn server_kinds(&self) -> Vec<&'static str> {
        Vec::new()
    }
    /// Checks one server and its points.
    fn check_server(
        &self,
        _kind: &str,
        _settings: &toml::Table,
        _points: &[ServerPoint<'_>],
    ) -> ServerCheck {
        ServerCheck::default()
    }
    /// Checks the text of a script.
    fn check_script(&self, _script: &ScriptDraft) -> Vec<ScriptProblem> {
        Vec::new()
    }
}

/// No drivers at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDrivers;

impl DriverKinds for NoDrivers {
    fn kinds(&self) -> Vec<&'static str> {
        Vec::new()
    }
    fn check(
        &self,
        _kind: &str,
        _settings: &toml::Table,
        _points: &[(&str, bool, &toml::Table)],
    ) -> DriverCheck {
        DriverCheck::default()
    }
}

/// One task, ready to link.
#[derive(Clone)]
pub struct TaskPlan {
    /// Name.
    pub name: String,
    /// Period, nanoseconds.
    pub period_ns: u64,
    /// Overruns in a row that raise the alarm tag.
    pub overruns_alarm: u32,
    /// Lateness that trips the watchdog, nanoseconds.
    pub watchdog_ns: u64,
    /// How long before a release the scan thread wakes, nanoseconds.
    pub wake_early_ns: u64,
    /// Processor that the scan thread is pinned to, if stated.
    pub processor: Option<usize>,
    /// What the linker gets. Sources: first the drivers, then the other tasks,
    /// then the station itself.
    pub input: LinkInput,
    /// Drivers of this task: (index among the plant's drivers, its input tags,
    /// its output tags).
    pub drivers: Vec<TaskDriver>,
    /// Tasks it reads from: (index of the task, tags there).
    pub exchange: Vec<(usize, Vec<String>)>,
    /// Places of the blocks.
    pub(crate) places: Vec<Node>,
}

/// A driver as one task sees it.
#[derive(Clone, Debug)]
pub struct TaskDriver {
    /// Index among the plant's drivers.
    pub driver: usize,
    /// Indices among the plant's points, inputs.
    pub inputs: Vec<usize>,
    /// Indices among the plant's points, outputs.
    pub outputs: Vec<usize>,
    /// Place of its first output among the task's outputs.
    pub outputs_from: usize,
}

impl TaskPlan {
    /// Index of the station's source.
    pub fn station_source(&self) -> u16 {
        (self.drivers.len() + self.exchange.len()) as u16
    }
}

/// Tags that the station itself brings into a task: overruns of the task, whether
/// commands can be recorded, state of its drivers, faults of the scripts that it is given.
pub fn station_tags(task: &str, drivers: &[String], scripts: &[&str]) -> Vec<(String, Kind)> {
    let word = |name: &str| name.to_uppercase().replace('-', "_");
    let mut tags = vec![
        (format!("SYS.{}_OVERRUNS", word(task)), Kind::Int),
        (format!("SYS.{}_OVERRUN_ALM", word(task)), Kind::Bool),
        (format!("SYS.{}_LOST", word(task)), Kind::Int),
        (format!("SYS.{}_WATCHDOG", word(task)), Kind::Bool),
        (format!("SYS.{}_JOURNAL_DOWN", word(task)), Kind::Bool),
    ];
    tags.extend(
        drivers
            .iter()
            .map(|driver| (format!("SYS.{}_OK", word(driver)), Kind::Bool)),
    );
    tags.extend(
        scripts
            .iter()
            .map(|script| (format!("SYS.{}_FAULTED", word(script)), Kind::Bool)),
    );
    tags
}

/// Turns a draft into tasks.
pub(crate) fn resolve(
    draft: &Draft,
    registry: &Registry,
    kinds: &dyn DriverKinds,
    problems: &mut Diagnostics,
) -> (Vec<TaskPlan>, Ages) {
    check_tasks(draft, problems);
    let repeats = check_duplicates(draft, problems);
    let facts = check_drivers(draft, kinds, problems);
    let point_kinds: Vec<Option<Kind>> = facts
        .iter()
        .map(|facts| facts.as_ref().map(|facts| facts.kind))
        .collect();
    let ages = draft
        .points
        .iter()
        .zip(&facts)
        .filter(|(point, _)| !point.is_output)
        .filter_map(|(point, facts)| {
            let age_s = facts.as_ref()?.period_ns as f64 * 1e-9;
            Some((point.tag.clone(), age_s))
        })
        .collect();
    let mut plans: Vec<TaskPlan> = draft
        .tasks
        .iter()
        .enumerate()
        .map(|(index, _)| plan(index, draft, &repeats, registry, &point_kinds, problems))
        .collect();
    connect_tasks(draft, &mut plans, problems);
    ownership::check(draft, &plans, &point_kinds, problems);
    (plans, ages)
}

fn check_tasks(draft: &Draft, problems: &mut Diagnostics) {
    if draft.tasks.is_empty() || draft.tasks.len() > limits::TASKS_MAX {
        problems.push(
            codes::TASK_COUNT,
            &draft
                .tasks
                .last()
                .map(|task| task.at.clone())
                .unwrap_or_default(),
            match draft.tasks.len() {
                0 => "no task".to_string(),
                _ => format!("more than {} tasks", limits::TASKS_MAX),
            },
            format!(
                "declare 1 to {} with [[task]] in plant.toml",
                limits::TASKS_MAX
            ),
        );
    }
    let shortest = draft
        .tasks
        .iter()
        .map(|task| task.period_ns)
        .min()
        .unwrap_or(1);
    for task in &draft.tasks {
        if !task.period_ns.is_multiple_of(shortest) {
            problems.push(
                codes::PERIOD_MULTIPLE,
                &task.at,
                format!(
                    "{} ms is not a multiple of {} ms",
                    task.period_ns as f64 / 1e6,
                    shortest as f64 / 1e6
                ),
                "periods are whole multiples of the shortest one",
            );
        }
    }
}

/// Second declarations of a name, by kind of thing and index: noted once, then
/// passed over, so that one mistake is one message.
type Repeats = BTreeSet<(&'static str, usize)>;

fn check_duplicates(draft: &Draft, problems: &mut Diagnostics) -> Repeats {
    let mut repeats = Repeats::new();
    let mut seen: BTreeMap<(&str, &str), Origin> = BTreeMap::new();
    let named = draft
        .tasks
        .iter()
        .enumerate()
        .map(|(n, task)| ("task", n, task.name.as_str(), task.at.clone()))
        .chain(draft.drivers.iter().enumerate().map(|(n, driver)| {
            let at = driver.node.place("name");
            ("driver", n, driver.name.as_str(), at)
        }))
        .chain(draft.servers.iter().enumerate().map(|(n, server)| {
            let at = server.node.place("name");
            ("server", n, server.name.as_str(), at)
        }))
        .chain(draft.scripts.iter().enumerate().map(|(n, script)| {
            let at = script.node.place("name");
            ("script", n, script.name.as_str(), at)
        }))
        .chain(draft.tags.iter().enumerate().map(|(n, tag)| {
            let at = tag.node.place("name");
            ("tag", n, tag.name.as_str(), at)
        }))
        .chain(draft.blocks.iter().enumerate().map(|(n, block)| {
            let at = block.node.place("name");
            ("block", n, block.name.as_str(), at)
        }));
    for (what, index, name, at) in named {
        if let Some(first) = seen.get(&(what, name)) {
            problems.push_with(
                codes::DUPLICATE,
                &at,
                format!("a second {what} named {name}"),
                (first.clone(), "the first one".to_string()),
                "names are unique in a plant",
            );
            repeats.insert((what, index));
        } else {
            seen.insert((what, name), at);
        }
    }
    repeats
}

/// Checks drivers with their points; what is known of each good point.
fn check_drivers(
    draft: &Draft,
    kinds: &dyn DriverKinds,
    problems: &mut Diagnostics,
) -> Vec<Option<PointFacts>> {
    let mut point_facts = vec![None; draft.points.len()];
    if draft.drivers.len() > limits::DRIVERS_MAX {
        problems.push(
            codes::PROGRAM_TOO_LARGE,
            &draft.drivers[limits::DRIVERS_MAX].node.at,
            format!("more than {} drivers", limits::DRIVERS_MAX),
            "divide the plant among stations",
        );
    }
    for driver in &draft.drivers {
        if !driver.task.is_empty() && draft.tasks.iter().all(|task| task.name != driver.task) {
            problems.push(
                codes::UNKNOWN_TASK,
                &driver.node.place("task"),
                format!("there is no task {}", driver.task),
                "tasks are declared in plant.toml",
            );
        }
        if !kinds.kinds().contains(&driver.kind.as_str()) {
            problems.push(
                codes::DRIVER_KIND,
                &driver.node.place("kind"),
                format!("no driver kind \"{}\"", driver.kind),
                format!("kinds: {}", kinds.kinds().join(", ")),
            );
            continue;
        }
        let mine: Vec<(usize, &PointDraft)> = draft
            .points
            .iter()
            .enumerate()
            .filter(|(_, point)| point.driver == driver.name)
            .collect();
        if let Some((_, point)) = mine.get(limits::POINTS_MAX) {
            problems.push(
                codes::PROGRAM_TOO_LARGE,
                &point.node.at,
                format!("more than {} points on {}", limits::POINTS_MAX, driver.name),
                "divide the points among drivers",
            );
        }
        let tables: Vec<(&str, bool, &toml::Table)> = mine
            .iter()
            .map(|(_, point)| (point.tag.as_str(), point.is_output, &point.settings))
            .collect();
        let check = kinds.check(&driver.kind, &driver.settings, &tables);
        for problem in check.device {
            let key = problem.key.unwrap_or_default();
            problems.push(
                codes::DRIVER_SETTINGS,
                &driver.node.place(&key),
                problem.message,
                problem.help,
            );
        }
        for ((index, point), verdict) in mine.iter().zip(check.points) {
            match verdict {
                Ok(facts) => point_facts[*index] = Some(facts),
                Err(problem) => problems.push(
                    codes::POINT,
                    &point.node.place(&problem.key.unwrap_or_default()),
                    problem.message,
                    problem.help,
                ),
            }
        }
        let mut outputs: BTreeMap<String, &PointDraft> = BTreeMap::new();
        for (_, point) in mine.iter().filter(|(_, point)| point.is_output) {
            let address = match point.settings.get("address") {
                Some(toml::Value::String(text)) => text.trim().to_lowercase(),
                _ => continue,
            };
            if let Some(first) = outputs.get(&address) {
                problems.push_with(
                    codes::POINT_OVERLAP,
                    &point.node.place("address"),
                    format!("{} and {} both write {address}", first.tag, point.tag),
                    (first.node.place("address"), "the other one".to_string()),
                    "one writer for an address",
                );
            } else {
                outputs.insert(address, point);
            }
        }
    }
    for point in &draft.points {
        if draft
            .drivers
            .iter()
            .all(|driver| driver.name != point.driver)
        {
            problems.push(
                codes::UNKNOWN_DRIVER,
                &point.node.place("driver"),
                format!("there is no driver {}", point.driver),
                "drivers are declared in plant.toml",
            );
        }
    }
    point_facts
}

fn task_of_driver<'d>(draft: &'d Draft, driver: &'d DriverDraft) -> &'d str {
    if driver.task.is_empty() {
        draft.tasks.first().map_or("", |task| task.name.as_str())
    } else {
        &driver.task
    }
}

fn plan(
    index: usize,
    draft: &Draft,
    repeats: &Repeats,
    registry: &Registry,
    point_kinds: &[Option<Kind>],
    problems: &mut Diagnostics,
) -> TaskPlan {
    let task = &draft.tasks[index];
    let mut input = LinkInput::default();
    let mut drivers = Vec::new();
    let mut names = Vec::new();
    for (at, driver) in draft.drivers.iter().enumerate() {
        if task_of_driver(draft, driver) != task.name || repeats.contains(&("driver", at)) {
            continue;
        }
        let of_driver = |is_output: bool| -> Vec<usize> {
            draft
                .points
                .iter()
                .enumerate()
                .filter(|(_, point)| point.driver == driver.name && point.is_output == is_output)
                .map(|(at, _)| at)
                .collect()
        };
        let (inputs, outputs) = (of_driver(false), of_driver(true));
        input.sources.push(SourceDecl {
            name: driver.name.clone(),
            tags: inputs
                .iter()
                .map(|point| {
                    let kind = point_kinds[*point].unwrap_or(Kind::Real);
                    (draft.points[*point].tag.clone(), kind)
                })
                .collect(),
        });
        let outputs_from = input.outputs.len();
        input
            .outputs
            .extend(outputs.iter().map(|point| draft.points[*point].tag.clone()));
        names.push(driver.name.clone());
        drivers.push(TaskDriver {
            driver: at,
            inputs,
            outputs,
            outputs_from,
        });
    }
    // Scripts are told of in the first task.
    let scripts: Vec<&str> = draft
        .scripts
        .iter()
        .enumerate()
        .filter(|(at, _)| index == 0 && !repeats.contains(&("script", *at)))
        .map(|(_, script)| script.name.as_str())
        .collect();
    input.sources.push(SourceDecl {
        name: "station".to_string(),
        tags: station_tags(&task.name, &names, &scripts),
    });
    let mut places = Vec::new();
    for (at, block) in draft.blocks.iter().enumerate() {
        if block.task != task.name || repeats.contains(&("block", at)) {
            continue;
        }
        let Some(kind) = registry.get(&block.kind) else {
            let near = scan::wiring::nearest(&block.kind, registry.names());
            problems.push(
                codes::BLOCK_KIND,
                &block.node.place("kind"),
                format!("no kind of block \"{}\"", block.kind),
                near.map_or_else(
                    || format!("kinds: {}", registry.names().collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean \"{near}\"?"),
                ),
            );
            continue;
        };
        let Value::Table(config) = block.node.to_value() else {
            continue;
        };
        if kind.needs_reason
            && !matches!(config.get("reason"), Some(Value::Text(text)) if !text.trim().is_empty())
        {
            problems.push(
                codes::REASON,
                &block.node.place("name"),
                format!("{} protects, and does not say from what", block.name),
                "reason = \"the hazard, and where it was analysed\"",
            );
        }
        let stage = match config.get("stage") {
            None => None,
            Some(Value::Text(word)) => match Stage::from_word(word) {
                Some(stage) => Some(stage),
                None => {
                    problems.push(
                        codes::UNKNOWN_CHOICE,
                        &block.node.place("stage"),
                        format!("no stage \"{word}\""),
                        "condition, logic or protect",
                    );
                    None
                }
            },
            Some(_) => {
                problems.push(
                    codes::WRONG_TYPE,
                    &block.node.place("stage"),
                    "stage must be a text",
                    "condition, logic or protect",
                );
                None
            }
        };
        if let Some(Value::List(rows)) = config.get("causes") {
            for (row, value) in rows.iter().enumerate() {
                let full = |text: Option<&Value>| matches!(text, Some(Value::Text(text)) if !text.trim().is_empty());
                let good = matches!(value, Value::Table(row) if matches!(row.get("text"), Some(Value::Table(text)) if full(text.get("en")) && full(text.get("zh"))));
                if !good {
                    problems.push(
                        codes::CAUSE_TEXT,
                        &block.node.place(&format!("causes.{}", row + 1)),
                        "this cause has no text for the operator",
                        "text = { en = \"…\", zh = \"…\" }",
                    );
                }
            }
        }
        places.push(block.node.clone());
        input.blocks.push(BlockDecl {
            name: block.name.clone(),
            kind,
            stage,
            config,
        });
    }
    input.tags = draft
        .tags
        .iter()
        .enumerate()
        .filter(|(at, tag)| {
            let is_here = tag.operator.is_none() || tag.task == task.name;
            is_here && !repeats.contains(&("tag", *at))
        })
        .map(|(_, tag)| TagDecl {
            name: tag.name.clone(),
            kind: tag.kind,
            unit: tag.unit,
            range: tag.range,
            operator: tag.operator,
        })
        .collect();
    TaskPlan {
        name: task.name.clone(),
        period_ns: task.period_ns,
        overruns_alarm: task.overruns_alarm,
        watchdog_ns: task.watchdog_ns,
        wake_early_ns: task.wake_early_ns,
        processor: task.processor,
        input,
        drivers,
        exchange: Vec::new(),
        places,
    }
}

/// Texts of the form `task/TAG` in a value, each with the path of its first place.
fn references(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Text(text) if is_reference(text) => {
            found
                .entry(text.clone())
                .or_insert_with(|| path.to_string());
        }
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                references(item, &format!("{path}.{}", at + 1), found);
            }
        }
        Value::Table(table) => {
            for (key, item) in table {
                references(item, &format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

fn connect_tasks(draft: &Draft, plans: &mut [TaskPlan], problems: &mut Diagnostics) {
    let declared: Vec<BTreeMap<String, Kind>> = plans
        .iter()
        .map(|plan| declared_kinds(&plan.input))
        .collect();
    for index in 0..plans.len() {
        let mut wanted: BTreeMap<usize, Vec<(String, Kind)>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (block, decl) in plans[index].input.blocks.iter().enumerate() {
            let mut found = BTreeMap::new();
            let texts = ["desc", "doc", "reason", "text", "unit", "basis"];
            for (key, value) in &decl.config {
                if !texts.contains(&key.as_str()) {
                    references(value, key, &mut found);
                }
            }
            for (reference, path) in found {
                let Some((task, tag)) = reference.split_once('/') else {
                    continue;
                };
                let at = plans[index].places[block].place(&path);
                let Some(from) = plans.iter().position(|plan| plan.name == task) else {
                    problems.push(
                        codes::UNKNOWN_TASK_REFERENCE,
                        &at,
                        format!("{} reads {reference}: there is no task {task}", decl.name),
                        "write task/TAG with a task of plant.toml",
                    );
                    continue;
                };
                match declared[from].get(tag) {
                    Some(kind) if from != index => {
                        if seen.insert(reference.clone()) {
                            wanted
                                .entry(from)
                                .or_default()
                                .push((tag.to_string(), *kind));
                        }
                    }
                    Some(_) => problems.push(
                        codes::UNKNOWN_TASK_REFERENCE,
                        &at,
                        format!("{} reads {reference}, a tag of its own task", decl.name),
                        format!("write {tag}"),
                    ),
                    None => problems.push(
                        codes::UNKNOWN_TAG,
                        &at,
                        format!("task {task} has no tag {tag}"),
                        "",
                    ),
                }
            }
        }
        let plan = &mut plans[index];
        let station = plan.input.sources.pop();
        for (from, tags) in wanted {
            let name = &draft.tasks[from].name;
            plan.input.sources.push(SourceDecl {
                name: format!("task {name}"),
                tags: tags
                    .iter()
                    .map(|(tag, kind)| (format!("{name}/{tag}"), *kind))
                    .collect(),
            });
            for (tag, kind) in &tags {
                let meta = draft.tags.iter().find(|meta| meta.name == *tag);
                plan.input.tags.push(TagDecl {
                    name: format!("{name}/{tag}"),
                    kind: Some(*kind),
                    unit: meta.and_then(|meta| meta.unit),
                    range: meta.and_then(|meta| meta.range),
                    operator: None,
                });
            }
            plan.exchange
                .push((from, tags.into_iter().map(|(tag, _)| tag).collect()));
        }
        plan.input.sources.extend(station);
    }
}

/// Whether `task/TAG` is meant: engineering units such as `kg/h` are not.
pub(crate) fn is_reference(text: &str) -> bool {
    text.split_once('/').is_some_and(|(task, tag)| {
        !task.is_empty() && tag.contains('.') && crate::names::is_tag_name(tag)
    })
}
