//! From text to the matrix.

use super::grid;
use super::{CauseText, MatrixDraft};
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{Words, words};
use crate::names;
use crate::source::{Origin, Sources};
use crate::tree::{Node, Reader, Tree};
use matrix::{
    Action, BypassRules, Cause, Channel, Class, Degrade, Effect, EffectKind, Hazard, Matrix, OnBad,
    Permissive, ResetGroup, Symbol, Test,
};
use signal::limits::{CAUSES_MAX, VOTE_CHANNELS_MAX};

const CLASSES: [(&str, Class); 5] = [
    ("safety", Class::Safety),
    ("environment", Class::Environment),
    ("gmp", Class::Gmp),
    ("asset", Class::Asset),
    ("process", Class::Process),
];
const RULES: [(&str, OnBad); 3] = [
    ("trip", OnBad::Trip),
    ("no-trip", OnBad::NoTrip),
    ("exclude", OnBad::Exclude),
];
/// Most rows, columns and groups of a matrix that are read.
const ITEMS_MAX: usize = 1_000;

fn said(words: &Words) -> matrix::Words {
    matrix::Words {
        en: words.en.clone(),
        zh: words.zh.clone(),
    }
}

/// Reads `matrix/NAME.toml`; the grid is another of the sources.
pub(crate) fn read(
    root: &Node,
    sources: &Sources,
    first_task: &str,
    problems: &mut Diagnostics,
) -> Option<MatrixDraft> {
    let mut top = Reader::new(root, "matrix file", problems)?;
    let head = top.node("matrix");
    let bypass = top.node("bypass");
    let groups = top.tables("group");
    let effects = top.tables("effect");
    let causes = top.tables("cause");
    let hazards = top.tables("hazard");
    if head.is_none() {
        top.problem(
            codes::MISSING_KEY,
            "matrix",
            "the table [matrix] is missing",
            "begin with [matrix], name, title and grid",
        );
    }
    top.finish();
    let head = head?;
    let mut reader = Reader::new(head, "matrix", problems)?;
    let name = reader.text_required("name");
    let task = reader
        .text("task")
        .unwrap_or_else(|| first_task.to_string());
    let grid = reader.text("grid");
    let title = reader.node("title");
    reader.finish();
    words(title, Some(head), "title", problems);
    let mut draft = MatrixDraft {
        matrix: Matrix {
            name,
            ..Matrix::default()
        },
        task,
        causes: Vec::new(),
        effects: Vec::new(),
        groups: Vec::new(),
        hazards: Vec::new(),
        cells: Default::default(),
        at: head.at.clone(),
    };
    if let Some(node) = bypass {
        draft.matrix.bypass = read_bypass(node, problems)?;
    }
    for node in groups.into_iter().take(ITEMS_MAX) {
        read_group(node, &mut draft, problems);
    }
    for node in effects.into_iter().take(ITEMS_MAX) {
        read_effect(node, &mut draft, problems);
    }
    for node in causes.into_iter().take(ITEMS_MAX) {
        read_cause(node, &mut draft, problems);
    }
    if let Some(grid) = grid {
        read_grid(&grid, head, sources, &mut draft, problems);
    }
    for node in hazards.into_iter().take(ITEMS_MAX) {
        read_hazard(node, &mut draft, problems);
    }
    Some(draft)
}

fn read_bypass(node: &Node, problems: &mut Diagnostics) -> Option<BypassRules> {
    let default = BypassRules::default();
    let mut reader = Reader::new(node, "bypass", problems)?;
    let rules = BypassRules {
        key: reader.text("key"),
        per_vote_max: reader
            .int("per_vote_max", 1..=VOTE_CHANNELS_MAX as i64)
            .map_or(default.per_vote_max, |n| n as u8),
        per_unit_max: reader
            .int("per_unit_max", 1..=64)
            .map_or(default.per_unit_max, |n| n as u8),
        expiry_s: reader
            .real("expiry_h", 0.01..=168.0)
            .map_or(default.expiry_s, |hours| hours * 3_600.0),
        warning_s: reader
            .real("warning_min", 0.0..=10_080.0)
            .map_or(default.warning_s, |minutes| minutes * 60.0),
    };
    reader.finish();
    Some(rules)
}

/// A name that becomes the name of a block.
fn block_name(reader: &mut Reader<'_, '_>, key: &str) -> String {
    let name = reader.text_required(key);
    if !name.is_empty() && !names::is_loop_id(&name) {
        reader.problem(
            codes::TAG_NAME,
            key,
            format!("\"{name}\" is not a block name"),
            "capitals, a hyphen, a number, as in RG-1 or C01",
        );
    }
    name
}

fn read_group(node: &Node, draft: &mut MatrixDraft, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "group", problems) else {
        return;
    };
    let name = block_name(&mut reader, "name");
    let unit = reader.text_required("unit");
    reader.text_required("reason");
    let desc = reader.node("desc");
    reader.finish();
    let desc = words(desc, Some(node), "desc", problems);
    draft.matrix.groups.push(ResetGroup {
        name,
        unit,
        text: said(&desc),
    });
    draft.groups.push(node.clone());
}

fn wrong(problems: &mut Diagnostics, at: &Origin, message: impl Into<String>, help: &str) {
    problems.push(codes::MATRIX, at, message, help);
}

fn read_effect(node: &Node, draft: &mut MatrixDraft, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "effect", problems) else {
        return;
    };
    let id = block_name(&mut reader, "id");
    let group = reader.text("group");
    let kind = reader.text("kind").unwrap_or_else(|| "final".to_string());
    let acts = reader.tables("acts");
    let desc = reader.node("desc");
    let group = group.and_then(|name| {
        let index = draft.matrix.groups.iter().position(|g| g.name == name);
        if index.is_none() {
            reader.problem(
                codes::MATRIX,
                "group",
                format!("there is no reset group {name}"),
                "groups are declared with [[group]]",
            );
        }
        index
    });
    let is_final = kind == "final";
    if is_final && group.is_none() {
        reader.problem(
            codes::MATRIX,
            "id",
            format!("effect {id} is in no reset group"),
            "give group = \"RG-1\"",
        );
    }
    if draft.matrix.effect(&id).is_some() {
        reader.problem(
            codes::MATRIX,
            "id",
            format!("a second effect {id}"),
            "ids of effects are unique",
        );
    }
    if !["final", "hold", "annunciate", "notify"].contains(&kind.as_str()) {
        reader.problem(
            codes::UNKNOWN_CHOICE,
            "kind",
            format!("no kind \"{kind}\""),
            "final, hold, annunciate or notify",
        );
    }
    reader.finish();
    let desc = words(desc, Some(node), "desc", problems);
    let actions: Vec<Action> = acts
        .iter()
        .filter_map(|node| read_action(node, problems))
        .collect();
    if is_final && acts.is_empty() {
        wrong(
            problems,
            &node.place("id"),
            format!("effect {id} does nothing"),
            "acts = [{ device = \"XV-101A\", to = \"closed\" }, { device = \"FV-101\", value = 0.0 }]",
        );
    }
    draft.matrix.effects.push(Effect {
        id,
        text: said(&desc),
        group: group.filter(|_| is_final),
        kind: match kind.as_str() {
            "hold" => EffectKind::Hold,
            "annunciate" => EffectKind::Annunciate,
            "notify" => EffectKind::Notify,
            _ => EffectKind::Final(actions),
        },
    });
    draft.effects.push(node.clone());
}

fn read_action(node: &Node, problems: &mut Diagnostics) -> Option<Action> {
    let mut reader = Reader::new(node, "acts", problems)?;
    let device = reader.text_required("device");
    let to = reader.text("to");
    let value = reader.real("value", f64::MIN..=f64::MAX);
    let no_feedback = reader.text("no_feedback");
    if no_feedback.is_some_and(|why| why.trim().is_empty()) {
        reader.problem(
            codes::MATRIX_FEEDBACK,
            "no_feedback",
            format!("nothing is said of {device}"),
            "say what tells of a device that does not obey",
        );
    }
    reader.finish();
    match (to.as_deref(), value) {
        (Some("open"), None) => Some(Action::Valve { device, open: true }),
        (Some("closed"), None) => Some(Action::Valve {
            device,
            open: false,
        }),
        (Some("stopped"), None) => Some(Action::Stop { device }),
        (None, Some(value)) => Some(Action::Analog { device, value }),
        _ => {
            wrong(
                problems,
                &node.at,
                "an action says where a device goes",
                "to = \"open\", \"closed\" or \"stopped\", or value = 0.0",
            );
            None
        }
    }
}

fn choice<T: Copy>(reader: &mut Reader<'_, '_>, key: &str, choices: &[(&str, T)], default: T) -> T {
    let Some(word) = reader.text(key) else {
        return default;
    };
    match choices.iter().find(|(name, _)| *name == word) {
        Some((_, choice)) => *choice,
        None => {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            reader.problem(
                codes::UNKNOWN_CHOICE,
                key,
                format!("no {key} \"{word}\""),
                names.join(", "),
            );
            default
        }
    }
}

fn read_cause(node: &Node, draft: &mut MatrixDraft, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "cause", problems) else {
        return;
    };
    let id = block_name(&mut reader, "id");
    if draft.matrix.cause(&id).is_some() {
        reader.problem(
            codes::MATRIX,
            "id",
            format!("a second cause {id}"),
            "ids of causes are unique",
        );
    }
    let unit = reader.text_required("unit");
    let reason = reader.text_required("reason");
    let class = choice(&mut reader, "class", &CLASSES, Class::Safety);
    let on_bad = choice(&mut reader, "on_bad", &RULES, OnBad::Trip);
    let hysteresis = reader.real("hysteresis", 0.0..=f64::MAX).unwrap_or(0.0);
    let when = reader.text("when");
    let limit = reader.real("limit", f64::MIN..=f64::MAX);
    let of = reader.node("of");
    let any = reader.tables("any");
    let vote = reader.text("vote");
    let degrade_to = reader.text("degrade_to");
    let on_delay_s = reader.real("on_delay_s", 0.0..=86_400.0).unwrap_or(0.0);
    let armed = reader.text("armed");
    let permit_limit = reader.real("permit_limit", f64::MIN..=f64::MAX);
    let mos = reader.bool("mos").unwrap_or(false);
    let oos_s = reader.real("oos_s", 1.0..=900.0);
    let response_s = reader.real("response_s", 0.0..=86_400.0);
    let safety_time_s = reader.real("safety_time_s", 0.0..=864_000.0);
    let proof_test_d = reader.real("proof_test_d", 1.0..=10_000.0);
    let live = reader.text("live");
    let cells = reader.node("cells");
    let (desc, text) = (reader.node("desc"), reader.node("text"));
    let is_equal = of.is_some();
    if is_equal != any.is_empty() {
        reader.problem(
            codes::MATRIX,
            "id",
            format!("cause {id} has either `of` or `any`"),
            "of = [\"TT-1.PV\"] with `limit` and `when`, or any = [{ tag = …, above = … }]",
        );
    }
    reader.finish();
    let mut channels = Vec::new();
    match of.map(|node| &node.tree) {
        Some(Tree::List(items)) => {
            let test = match (when.as_deref(), limit) {
                (Some("above"), Some(limit)) => Some(Test::Above(limit)),
                (Some("below"), Some(limit)) => Some(Test::Below(limit)),
                _ => None,
            };
            if test.is_none() {
                wrong(
                    problems,
                    &node.place("of"),
                    format!("cause {id} has no condition"),
                    "when = \"above\" or \"below\", and limit = 50.0",
                );
            }
            for item in items {
                if let (Some(tag), Some(test)) = (item.text(), test) {
                    channels.push(Channel {
                        tag: tag.to_string(),
                        test,
                        hysteresis,
                        on_bad,
                    });
                }
            }
        }
        Some(_) => wrong(problems, &node.place("of"), "`of` is no list of tags", ""),
        None => {
            for row in &any {
                channels.extend(read_channel(row, hysteresis, on_bad, problems));
            }
        }
    }
    let m = votes(&id, vote.as_deref(), channels.len(), node, problems);
    let degrade = match degrade_to.as_deref().and_then(parse_vote) {
        Some((left, _)) if left == m => Degrade::Availability,
        _ => Degrade::Safety,
    };
    let desc = words(desc, Some(node), "desc", problems);
    let text = match text {
        Some(text) => words(Some(text), Some(node), "text", problems),
        None => desc,
    };
    let index = draft.matrix.causes.len();
    draft.matrix.causes.push(Cause {
        id,
        unit,
        text: said(&text),
        channels,
        m,
        degrade,
        on_delay_s,
        armed,
        permissive: permit_limit.map(|limit| Permissive { limit }),
        class,
        mos,
        oos_s,
        response_s,
        safety_time_s,
        reason,
        proof_test_d,
    });
    draft.causes.push(CauseText {
        node: node.clone(),
        live,
        is_equal,
    });
    if let Some(cells) = cells
        && let Tree::Table(table) = &cells.tree
    {
        for effect in table.keys() {
            let cell = table.get(effect);
            let at = cell.map_or_else(|| cells.at.clone(), |cell| cell.at.clone());
            let word = cell.and_then(Node::text).unwrap_or("?");
            put_cell(draft, index, effect, word, &at, problems);
        }
    }
}

fn read_channel(
    node: &Node,
    hysteresis: f64,
    on_bad: OnBad,
    problems: &mut Diagnostics,
) -> Option<Channel> {
    let mut reader = Reader::new(node, "any", problems)?;
    let tag = reader.text_required("tag");
    let is = reader.bool("is");
    let above = reader.real("above", f64::MIN..=f64::MAX);
    let below = reader.real("below", f64::MIN..=f64::MAX);
    let hysteresis = reader
        .real("hysteresis", 0.0..=f64::MAX)
        .unwrap_or(hysteresis);
    let on_bad = choice(&mut reader, "on_bad", &RULES, on_bad);
    reader.finish();
    let test = match (is, above, below) {
        (Some(is), None, None) => Test::Is(is),
        (None, Some(limit), None) => Test::Above(limit),
        (None, None, Some(limit)) => Test::Below(limit),
        _ => {
            wrong(
                problems,
                &node.at,
                "a channel has one condition",
                "{ tag = \"T\", is = false }, { tag = \"T\", above = 1.0 } or { tag = \"T\", below = 1.0 }",
            );
            return None;
        }
    };
    Some(Channel {
        tag,
        test,
        hysteresis,
        on_bad,
    })
}

/// `"2oo3"` as (2, 3).
fn parse_vote(word: &str) -> Option<(u8, usize)> {
    let (m, n) = word.split_once("oo")?;
    let (m, n): (u8, usize) = (m.parse().ok()?, n.parse().ok()?);
    (1..=n).contains(&usize::from(m)).then_some((m, n))
}

fn votes(
    id: &str,
    word: Option<&str>,
    channels: usize,
    node: &Node,
    problems: &mut Diagnostics,
) -> u8 {
    match word.map(parse_vote) {
        None if channels <= 1 => 1,
        Some(Some((m, n))) if n == channels => m,
        // Told where it becomes a block.
        _ if channels > VOTE_CHANNELS_MAX => 1,
        _ => {
            wrong(
                problems,
                &node.place("vote"),
                format!("cause {id} has {channels} channels"),
                &format!("vote = \"1oo{channels}\" to \"{channels}oo{channels}\""),
            );
            1
        }
    }
}

fn put_cell(
    draft: &mut MatrixDraft,
    cause: usize,
    effect: &str,
    word: &str,
    at: &Origin,
    problems: &mut Diagnostics,
) {
    let Some(index) = draft.matrix.effect(effect) else {
        wrong(
            problems,
            at,
            format!("there is no effect {effect}"),
            "effects are declared with [[effect]]",
        );
        return;
    };
    let Some(symbols) = Symbol::parse_cell(word) else {
        wrong(
            problems,
            at,
            format!("\"{word}\" is no symbol"),
            "X, x, T(seconds), P, I, A, R; P1, P2, P3, P1 gas, P1 ESD for annunciation; Y for hold and notification; several with /",
        );
        return;
    };
    let kind = &draft.matrix.effects[index].kind;
    let fits = symbols.iter().all(|symbol| match (kind, symbol) {
        (EffectKind::Annunciate, symbol) => matches!(symbol, Symbol::Priority(_)),
        (EffectKind::Notify | EffectKind::Hold, symbol) => {
            matches!(symbol, Symbol::Yes | Symbol::Trip)
        }
        (EffectKind::Final(_), symbol) => !matches!(symbol, Symbol::Yes | Symbol::Priority(_)),
    });
    if !fits {
        wrong(
            problems,
            at,
            format!("\"{word}\" says nothing in column {effect}"),
            "priorities belong to annunciation, Y to hold and notification, the others to final elements",
        );
        return;
    }
    if symbols.is_empty() {
        return;
    }
    if draft.matrix.cells.contains_key(&(cause, index)) {
        wrong(
            problems,
            at,
            format!("a second cell for column {effect}"),
            "a cell stands in the grid or in the cause, not in both",
        );
        return;
    }
    draft.matrix.cells.insert((cause, index), symbols);
    draft.cells.insert((cause, index), at.clone());
}

fn read_grid(
    name: &str,
    head: &Node,
    sources: &Sources,
    draft: &mut MatrixDraft,
    problems: &mut Diagnostics,
) {
    let path = format!("matrix/{name}");
    let file = sources.files().iter().position(|(known, _)| *known == path);
    let Some(file) = file else {
        wrong(
            problems,
            &head.place("grid"),
            format!("there is no {path}"),
            "the grid stands beside the matrix: a CSV file under matrix/",
        );
        return;
    };
    let lines = grid::words(file, &sources.files()[file].1);
    let Some((first, rows)) = lines.split_first() else {
        wrong(
            problems,
            &Origin::new(file, 0..0),
            "the grid is empty",
            "first line: #,E1,E2 …; then a line for each cause",
        );
        return;
    };
    for row in rows {
        let Some((id, cells)) = row.split_first() else {
            continue;
        };
        let Some(cause) = draft.matrix.cause(id.text) else {
            wrong(
                problems,
                &id.at,
                format!("there is no cause {}", id.text),
                "causes are declared with [[cause]]",
            );
            continue;
        };
        for (column, cell) in cells.iter().enumerate() {
            let Some(effect) = first.get(column + 1) else {
                wrong(
                    problems,
                    &cell.at,
                    "a cell without a column",
                    "the first line names the effects",
                );
                break;
            };
            if !cell.text.is_empty() {
                put_cell(draft, cause, effect.text, cell.text, &cell.at, problems);
            }
        }
    }
}

fn read_hazard(node: &Node, draft: &mut MatrixDraft, problems: &mut Diagnostics) {
    let Some(mut reader) = Reader::new(node, "hazard", problems) else {
        return;
    };
    let id = reader.text_required("id");
    let list = reader.node("causes");
    let desc = reader.node("desc");
    reader.finish();
    let desc = words(desc, Some(node), "desc", problems);
    let mut causes = Vec::new();
    if let Some(Tree::List(items)) = list.map(|list| &list.tree) {
        for item in items {
            match item.text().map(|id| (id, draft.matrix.cause(id))) {
                Some((_, Some(cause))) => causes.push(cause),
                Some((id, None)) => wrong(
                    problems,
                    &item.at,
                    format!("there is no cause {id}"),
                    "causes are declared with [[cause]]",
                ),
                None => wrong(problems, &item.at, "not the id of a cause", ""),
            }
        }
    }
    draft.matrix.hazards.push(Hazard {
        id,
        text: said(&desc),
        causes,
    });
    draft.hazards.push(node.clone());
    let rows = draft.matrix.causes.len();
    if rows > CAUSES_MAX * 8 {
        wrong(
            problems,
            &draft.at.clone(),
            format!("{rows} causes"),
            "divide the matrix",
        );
    }
}
