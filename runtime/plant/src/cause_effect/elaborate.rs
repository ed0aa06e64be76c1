//! From the matrix to blocks: rows become CAUSE, reset groups INTERLOCK; effects become
//! trips and permits of the devices they act on.

use super::MatrixDraft;
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{BlockDraft, Draft, Words};
use crate::source::Origin;
use crate::tree::{Node, Table, Tree};
use matrix::{Action, Cause, Degrade, EffectKind, OnBad, Priority, Symbol, Test};
use std::collections::BTreeMap;

/// Longest proof test of a row, seconds. Default of the product.
const PROOF_S: f64 = 3_600.0;

/// Adds the blocks of a matrix to the draft and its effects to the devices.
pub(crate) fn elaborate(matrix: &MatrixDraft, draft: &mut Draft, problems: &mut Diagnostics) {
    super::feedback::check(matrix, draft, problems);
    Elaboration {
        source: matrix,
        draft,
        problems,
    }
    .run();
}

struct Elaboration<'m, 'd> {
    source: &'m MatrixDraft,
    draft: &'d mut Draft,
    problems: &'d mut Diagnostics,
}

/// One line of a trip group.
struct Line {
    cause: usize,
    tag: String,
    latch: bool,
    effects: Vec<String>,
    after_s: Option<f64>,
}

fn text(at: &Origin, text: impl Into<String>) -> Node {
    Node {
        tree: Tree::Text(text.into()),
        at: at.clone(),
    }
}

fn real(at: &Origin, real: f64) -> Node {
    Node {
        tree: Tree::Real(real),
        at: at.clone(),
    }
}

fn int(at: &Origin, int: i64) -> Node {
    Node {
        tree: Tree::Int(int),
        at: at.clone(),
    }
}

fn yes(at: &Origin, yes: bool) -> Node {
    Node {
        tree: Tree::Bool(yes),
        at: at.clone(),
    }
}

fn list(at: &Origin, items: Vec<Node>) -> Node {
    Node {
        tree: Tree::List(items),
        at: at.clone(),
    }
}

fn table(at: &Origin, entries: Vec<(&str, Node)>) -> Node {
    Node {
        tree: Tree::Table(Table::of(
            entries
                .into_iter()
                .map(|(key, node)| (key.to_string(), node)),
        )),
        at: at.clone(),
    }
}

fn both(at: &Origin, en: impl Into<String>, zh: impl Into<String>) -> Node {
    table(at, vec![("en", text(at, en)), ("zh", text(at, zh))])
}

const fn word_of(rule: OnBad) -> &'static str {
    match rule {
        OnBad::Trip => "trip",
        OnBad::NoTrip => "no-trip",
        OnBad::Exclude => "exclude",
    }
}

/// The pin of a trip group for a priority.
pub(super) const fn pin_of(priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => "P1",
        Priority::P2 => "P2",
        Priority::P3 => "P3",
        Priority::Gas => "GAS",
        Priority::Esd => "ESD",
    }
}

impl Elaboration<'_, '_> {
    fn run(&mut self) {
        for cause in 0..self.source.matrix.causes.len() {
            self.cause(cause);
        }
        self.permissives();
        let groups: Vec<Vec<Line>> = (0..self.source.matrix.groups.len())
            .map(|group| self.lines(group))
            .collect();
        for (group, lines) in groups.iter().enumerate() {
            self.group(group, lines);
        }
        self.gather(&groups);
        self.devices();
    }

    fn block(&mut self, name: &str, kind: &str, unit: &str, desc: Words, node: Node) {
        self.draft.blocks.push(BlockDraft {
            name: name.to_string(),
            kind: kind.to_string(),
            task: self.source.task.clone(),
            unit: unit.to_string(),
            desc,
            node,
        });
    }

    /// Keys of the channels of a cause, with a limit in place of their own if given.
    fn channels(&self, index: usize, limit: Option<f64>) -> Vec<(&'static str, Node)> {
        let cause = &self.source.matrix.causes[index];
        let written = &self.source.causes[index];
        let node = &written.node;
        let at = |path: &str| node.place(path);
        let mut keys = Vec::new();
        if written.is_equal {
            let tags = cause
                .channels
                .iter()
                .enumerate()
                .map(|(n, channel)| text(&at(&format!("of.{}", n + 1)), channel.tag.clone()));
            keys.push(("of", list(&at("of"), tags.collect())));
            if let Some(first) = cause.channels.first() {
                let (when, own) = match first.test {
                    Test::Below(own) => ("below", own),
                    Test::Above(own) => ("above", own),
                    Test::Is(_) => ("above", 0.0),
                };
                keys.push(("when", text(&at("when"), when)));
                keys.push(("limit", real(&at("limit"), limit.unwrap_or(own))));
                keys.push(("hysteresis", real(&at("hysteresis"), first.hysteresis)));
                keys.push(("on_bad", text(&at("on_bad"), word_of(first.on_bad))));
            }
        } else {
            let rows = cause.channels.iter().enumerate().map(|(n, channel)| {
                let place = at(&format!("any.{}", n + 1));
                let test = match channel.test {
                    Test::Is(is) => ("is", yes(&place, is)),
                    Test::Above(own) => ("above", real(&place, limit.unwrap_or(own))),
                    Test::Below(own) => ("below", real(&place, limit.unwrap_or(own))),
                };
                let mut row = vec![("tag", text(&place, channel.tag.clone())), test];
                if !matches!(channel.test, Test::Is(_)) {
                    row.push(("hysteresis", real(&place, channel.hysteresis)));
                }
                row.push(("on_bad", text(&place, word_of(channel.on_bad))));
                table(&place, row)
            });
            keys.push(("any", list(&at("any"), rows.collect())));
        }
        let n = cause.channels.len();
        keys.push(("vote", text(&at("vote"), format!("{}oo{n}", cause.m))));
        let excludes = cause.channels.iter().any(|c| c.on_bad == OnBad::Exclude);
        if usize::from(cause.m) < n && cause.m > 1 && (excludes || cause.mos) {
            let m = match cause.degrade {
                Degrade::Safety => cause.m - 1,
                Degrade::Availability => cause.m,
            };
            keys.push((
                "degrade_to",
                text(&at("degrade_to"), format!("{m}oo{}", n - 1)),
            ));
        }
        keys
    }

    fn cause(&mut self, index: usize) {
        let cause: &Cause = &self.source.matrix.causes[index];
        let written = &self.source.causes[index];
        let at = |path: &str| written.node.place(path);
        let mut keys = vec![
            ("kind", text(&at("id"), "CAUSE")),
            ("name", text(&at("id"), cause.id.clone())),
            ("reason", text(&at("reason"), cause.reason.clone())),
        ];
        keys.extend(self.channels(index, None));
        keys.push(("on_delay_s", real(&at("on_delay_s"), cause.on_delay_s)));
        if let Some(armed) = &cause.armed {
            keys.push(("armed", text(&at("armed"), armed.clone())));
        }
        if cause.mos
            && let Some(key) = &self.source.matrix.bypass.key
        {
            let rules = &self.source.matrix.bypass;
            let place = at("mos");
            keys.push(("mos_key", text(&place, key.clone())));
            keys.push(("mos_expiry_s", real(&place, rules.expiry_s)));
            keys.push(("mos_warning_s", real(&place, rules.warning_s)));
            keys.push(("mos_per_vote", int(&place, rules.per_vote_max.into())));
            keys.push(("mos_per_unit", int(&place, rules.per_unit_max.into())));
            if cause.proof_test_d.is_some() {
                keys.push(("proof_s", real(&at("proof_test_d"), PROOF_S)));
            }
            let mine: Vec<&Cause> = self.source.matrix.causes.iter().collect();
            let with = |other: &&&Cause| other.mos && other.unit == cause.unit;
            if let Some(before) = mine[..index].iter().rfind(with) {
                let id = &before.id;
                keys.push(("mos_before", text(&place, format!("{id}.MOS_TOTAL"))));
                keys.push(("mos_begun_before", text(&place, format!("{id}.MOS_BEGUN"))));
            }
            if let Some(last) = mine.iter().rfind(with) {
                let tag = text(&place, format!("{}.MOS_TOTAL", last.id));
                keys.push(("mos_unit", table(&place, vec![("delayed", tag)])));
            }
        }
        if let Some(oos_s) = cause.oos_s {
            keys.push(("oos_s", real(&at("oos_s"), oos_s)));
        }
        let (name, unit) = (cause.id.clone(), cause.unit.clone());
        let node = table(&written.node.at, keys);
        let desc = crate::draft::words_of(&written.node, "desc");
        self.block(&name, "CAUSE", &unit, desc, node);
        if let Some(permissive) = cause.permissive {
            let mut keys = vec![
                ("kind", text(&at("permit_limit"), "CAUSE")),
                ("name", text(&at("permit_limit"), permissive_of(cause))),
                ("reason", text(&at("reason"), cause.reason.clone())),
            ];
            keys.extend(self.channels(index, Some(permissive.limit)));
            keys.retain(|(key, _)| *key != "degrade_to");
            let node = table(&at("permit_limit"), keys);
            let name = permissive_of(cause);
            let desc = crate::draft::words_of(&written.node, "desc");
            self.block(&name, "CAUSE", &unit, desc, node);
        }
    }

    /// The lines of a reset group, in the order of the causes.
    fn lines(&mut self, group: usize) -> Vec<Line> {
        let source = self.source;
        let matrix = &source.matrix;
        let mut lines = Vec::new();
        for (index, cause) in matrix.causes.iter().enumerate() {
            let trip = format!("{}.TRIP", cause.id);
            let mut latched = Vec::new();
            let mut standing = Vec::new();
            let mut delayed: BTreeMap<u64, Vec<String>> = BTreeMap::new();
            for (column, effect) in matrix.effects.iter().enumerate() {
                if effect.group != Some(group) {
                    continue;
                }
                for symbol in matrix.cell(index, column) {
                    match symbol {
                        Symbol::Trip => latched.push(effect.id.clone()),
                        Symbol::TripUnlatched => standing.push(effect.id.clone()),
                        Symbol::Delayed(seconds) => {
                            let ms = (seconds * 1e3).round() as u64;
                            delayed.entry(ms).or_default().push(effect.id.clone());
                        }
                        _ => {}
                    }
                }
            }
            // Hold, annunciation and notification follow the group as the row does.
            let signals = self.signals(index);
            if !latched.is_empty() || !delayed.is_empty() {
                latched.extend(signals);
            } else if !standing.is_empty() {
                standing.extend(signals);
            }
            for (latch, effects) in [(true, latched), (false, standing)] {
                if !effects.is_empty() {
                    lines.push(Line {
                        cause: index,
                        tag: trip.clone(),
                        latch,
                        effects,
                        after_s: None,
                    });
                }
            }
            for (ms, effects) in delayed {
                let name = format!("{}-T{ms}", cause.id);
                let after_s = ms as f64 / 1e3;
                lines.push(Line {
                    cause: index,
                    tag: format!("{name}.Q"),
                    latch: true,
                    effects,
                    after_s: Some(after_s),
                });
                let is_known = self.draft.blocks.iter().any(|block| block.name == name);
                if !is_known {
                    self.timer(index, &name, &trip, after_s);
                }
            }
        }
        lines
    }

    /// Pins of the group for what is no final element.
    fn signals(&self, cause: usize) -> Vec<String> {
        let matrix = &self.source.matrix;
        let mut pins = Vec::new();
        for (column, effect) in matrix.effects.iter().enumerate() {
            for symbol in matrix.cell(cause, column) {
                match (&effect.kind, symbol) {
                    (EffectKind::Hold | EffectKind::Notify, Symbol::Yes | Symbol::Trip) => {
                        pins.push(effect.id.clone());
                    }
                    (EffectKind::Annunciate, Symbol::Priority(priority)) => {
                        pins.push(pin_of(*priority).to_string());
                    }
                    _ => {}
                }
            }
        }
        pins
    }

    fn timer(&mut self, cause: usize, name: &str, input: &str, seconds: f64) {
        let at = self.source.place_of_cause(cause);
        let unit = self.source.matrix.causes[cause].unit.clone();
        let node = table(
            &at,
            vec![
                ("kind", text(&at, "TON")),
                ("name", text(&at, name)),
                ("stage", text(&at, "protect")),
                ("in", text(&at, input)),
                ("pt_s", real(&at, seconds)),
                ("locked", yes(&at, true)),
            ],
        );
        let id = &self.source.matrix.causes[cause].id;
        let desc = Words {
            en: format!("{id}, {seconds} s later"),
            zh: format!("{id},{seconds} s后"),
        };
        self.block(name, "TON", &unit, desc, node);
    }

    fn group(&mut self, index: usize, lines: &[Line]) {
        let source = self.source;
        let group = &source.matrix.groups[index];
        let node = &source.groups[index];
        let at = node.place("name");
        if lines.is_empty() {
            self.problems.push(
                codes::MATRIX,
                &at,
                format!("no cause acts in {}", group.name),
                "take the group out, or give its effects causes",
            );
            return;
        }
        let rows = lines.iter().map(|line| {
            let cause = &source.matrix.causes[line.cause];
            let place = source.place_of_cause(line.cause);
            let (mut en, mut zh) = (cause.text.en.clone(), cause.text.zh.clone());
            if let Some(seconds) = line.after_s {
                en = format!("{en}: {seconds} s later");
                zh = format!("{zh}:{seconds} s后");
            }
            let effects = line
                .effects
                .iter()
                .map(|effect| text(&place, effect.clone()));
            let mut row = vec![
                ("cause", text(&place, line.tag.clone())),
                ("effects", list(&place, effects.collect())),
                ("latch", yes(&place, line.latch)),
                ("text", both(&place, en, zh)),
            ];
            if let Some(live) = &source.causes[line.cause].live {
                row.push(("live", text(&place, live.clone())));
            }
            if let Some(armed) = &cause.armed {
                row.push(("armed", text(&place, armed.clone())));
            }
            table(&place, row)
        });
        let keys = vec![
            ("kind", text(&at, "INTERLOCK")),
            ("name", text(&at, group.name.clone())),
            (
                "reason",
                text(&node.place("reason"), crate::draft::text_of(node, "reason")),
            ),
            ("causes", list(&at, rows.collect())),
        ];
        let name = group.name.clone();
        let unit = group.unit.clone();
        let desc = crate::draft::words_of(node, "desc");
        self.block(&name, "INTERLOCK", &unit, desc, table(&at, keys));
    }

    fn or(&mut self, name: &str, at: &Origin, of: Vec<String>, desc: Words, kind: &str) {
        let keys = vec![
            ("kind", text(at, kind)),
            ("name", text(at, name)),
            ("stage", text(at, "protect")),
            if kind == "NOT" {
                ("in", text(at, of.first().cloned().unwrap_or_default()))
            } else {
                (
                    "of",
                    list(at, of.into_iter().map(|tag| text(at, tag)).collect()),
                )
            },
        ];
        let node = table(at, keys);
        let unit = self
            .source
            .matrix
            .groups
            .first()
            .map(|group| group.unit.clone())
            .unwrap_or_default();
        self.block(name, kind, &unit, desc, node);
    }

    /// Hold, annunciation and notification of all groups together: `E14.OUT`,
    /// `E15-P1.OUT`.
    fn gather(&mut self, groups: &[Vec<Line>]) {
        let source = self.source;
        for (column, effect) in source.matrix.effects.iter().enumerate() {
            let pins: Vec<String> = match effect.kind {
                EffectKind::Final(_) => continue,
                EffectKind::Hold | EffectKind::Notify => vec![effect.id.clone()],
                EffectKind::Annunciate => ["P1", "P2", "P3", "GAS", "ESD"]
                    .map(str::to_string)
                    .to_vec(),
            };
            let at = source.place_of_effect(column);
            for pin in pins {
                let mut of: Vec<String> = Vec::new();
                for (group, lines) in source.matrix.groups.iter().zip(groups) {
                    if lines.iter().any(|line| line.effects.contains(&pin)) {
                        of.push(format!("{}.{pin}", group.name));
                    }
                }
                // Rows that act in no group tell people all the same.
                for (index, cause) in source.matrix.causes.iter().enumerate() {
                    let in_group = groups.iter().flatten().any(|line| line.cause == index);
                    if !in_group && self.signals(index).contains(&pin) {
                        of.push(format!("{}.TRIP", cause.id));
                    }
                }
                if of.is_empty() {
                    continue;
                }
                let name = match effect.kind {
                    EffectKind::Annunciate => format!("{}-{pin}", effect.id),
                    _ => effect.id.clone(),
                };
                let desc = Words {
                    en: effect.text.en.clone(),
                    zh: effect.text.zh.clone(),
                };
                self.or(&name, &at, of, desc, "OR");
            }
        }
    }

    /// `E9-P.OUT` while a permissive of the effect is missing, `E9-OK.OUT` while none is.
    fn permissives(&mut self) {
        let source = self.source;
        for (column, effect) in source.matrix.effects.iter().enumerate() {
            let of: Vec<String> = source
                .matrix
                .causes
                .iter()
                .enumerate()
                .filter(|(row, _)| {
                    source
                        .matrix
                        .cell(*row, column)
                        .contains(&Symbol::Permissive)
                })
                .map(|(_, cause)| match cause.permissive {
                    Some(_) => format!("{}.TRIP", permissive_of(cause)),
                    None => format!("{}.TRIP", cause.id),
                })
                .collect();
            if of.is_empty() {
                continue;
            }
            let at = source.place_of_effect(column);
            let name = format!("{}-P", effect.id);
            let desc = |en: &str, zh: &str| Words {
                en: format!("{}: {en}", effect.text.en),
                zh: format!("{}:{zh}", effect.text.zh),
            };
            let barred = desc("a permissive is missing", "缺少允许条件");
            self.or(&name, &at, of, barred, "OR");
            let free = desc("permissives hold", "允许条件满足");
            self.or(
                &format!("{}-OK", effect.id),
                &at,
                vec![format!("{name}.OUT")],
                free,
                "NOT",
            );
        }
    }

    /// Trips, permits and inhibits into the tables of the devices.
    fn devices(&mut self) {
        let source = self.source;
        for (column, effect) in source.matrix.effects.iter().enumerate() {
            let (EffectKind::Final(actions), Some(group)) = (&effect.kind, effect.group) else {
                continue;
            };
            let rows = 0..source.matrix.causes.len();
            let has = |test: fn(Symbol) -> bool| {
                rows.clone()
                    .any(|row| source.matrix.cell(row, column).iter().any(|s| test(*s)))
            };
            let is_permitted = has(|symbol| symbol == Symbol::Permissive);
            let acts = has(Symbol::acts);
            let bars = |action: &Action| !matches!(action, Action::Analog { .. });
            if is_permitted && !actions.iter().any(bars) {
                self.bars_nothing(column);
            }
            for (n, action) in actions.iter().enumerate() {
                let at = source.effects[column].place(&format!("acts.{}", n + 1));
                let Some(place) = self.device(action, &at) else {
                    continue;
                };
                if acts {
                    let when = text(
                        &at,
                        format!("{}.{}", source.matrix.groups[group].name, effect.id),
                    );
                    let trip = match action {
                        Action::Valve { open, .. } => {
                            let to = if *open { "open" } else { "closed" };
                            table(&at, vec![("when", when), ("to", text(&at, to))])
                        }
                        Action::Analog { value, .. } => {
                            table(&at, vec![("when", when), ("value", real(&at, *value))])
                        }
                        Action::Stop { .. } => when,
                    };
                    self.draft.blocks[place].node.push("trips", trip);
                }
                if is_permitted && !matches!(action, Action::Analog { .. }) {
                    self.permit(place, &format!("{}-OK.OUT", effect.id), &effect.id, &at);
                }
            }
            for (row, symbols) in rows.map(|row| (row, source.matrix.cell(row, column))) {
                if let Some(symbol) = symbols
                    .iter()
                    .find(|symbol| matches!(symbol, Symbol::Inhibit | Symbol::Reset))
                {
                    let at = source.cells.get(&(row, column)).unwrap_or(&source.at);
                    self.symbol(*symbol, row, actions, group, at);
                }
            }
        }
    }

    /// A `P` in a column of analog outputs alone: it would keep nothing.
    fn bars_nothing(&mut self, column: usize) {
        let source = self.source;
        let rows = 0..source.matrix.causes.len();
        for row in rows {
            let symbols = source.matrix.cell(row, column);
            if symbols.contains(&Symbol::Permissive) {
                let at = source.cells.get(&(row, column)).unwrap_or(&source.at);
                let effect = &source.matrix.effects[column].id;
                self.problems.push(
                    codes::MATRIX,
                    at,
                    format!("{effect} moves nothing that a permissive could keep"),
                    "P keeps valves and drives from leaving their safe position; use I for analog outputs",
                );
            }
        }
    }

    fn symbol(
        &mut self,
        symbol: Symbol,
        row: usize,
        actions: &[Action],
        group: usize,
        at: &Origin,
    ) {
        let trip = text(at, format!("{}.TRIP", self.source.matrix.causes[row].id));
        if symbol == Symbol::Reset {
            let name = &self.source.matrix.groups[group].name;
            if let Some(block) = self.draft.blocks.iter_mut().find(|b| b.name == *name) {
                block.node.push("reset_by", trip);
            }
            return;
        }
        for action in actions {
            let Some(place) = self.device(action, at) else {
                continue;
            };
            if matches!(action, Action::Analog { .. }) {
                self.draft.blocks[place].node.push("inhibits", trip.clone());
            } else {
                self.problems.push(
                    codes::MATRIX,
                    at,
                    format!("{} cannot be inhibited", action.device()),
                    "I keeps an analog output from being raised; use P for valves and drives",
                );
            }
        }
    }

    /// The device of an action, told once if it is missing or of another kind.
    fn device(&mut self, action: &Action, at: &Origin) -> Option<usize> {
        let name = action.device();
        let kind = match action {
            Action::Valve { .. } => "VALVE",
            Action::Analog { .. } => "AOUT",
            Action::Stop { .. } => "MOTOR",
        };
        let mut blocks = self.draft.blocks.iter();
        let place = blocks.position(|block| block.name == name);
        let found = place.map(|place| self.draft.blocks[place].kind.as_str());
        let message = match found {
            Some(found) if found == kind => return place,
            Some(found) => format!("{name} is of kind {found}, this action needs {kind}"),
            None => format!("there is no device {name}"),
        };
        self.problems.push(
            codes::MATRIX_DEVICE,
            at,
            message,
            "to = \"open\"/\"closed\" acts on VALVE, \"stopped\" on MOTOR, value on AOUT",
        );
        None
    }

    fn permit(&mut self, place: usize, tag: &str, effect: &str, at: &Origin) {
        let device = self.draft.blocks[place].name.clone();
        let own = crate::draft::text_of(&self.draft.blocks[place].node, "permit");
        if own.is_empty() {
            self.draft.blocks[place].node.set("permit", text(at, tag));
            return;
        }
        let name = format!("{effect}-OK{}", device.replace('-', ""));
        let desc = Words {
            en: format!("{device} may leave its safe position"),
            zh: format!("{device}允许离开安全位"),
        };
        self.or(&name, at, vec![own, tag.to_string()], desc, "AND");
        let both = text(at, format!("{name}.OUT"));
        self.draft.blocks[place].node.set("permit", both);
    }
}

/// The block that watches the permissive limit of a cause.
fn permissive_of(cause: &Cause) -> String {
    format!("{}-P", cause.id)
}
