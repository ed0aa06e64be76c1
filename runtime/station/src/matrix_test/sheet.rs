//! The matrices of one task as one sheet, and what is driven to test them.

use matrix::{BypassRules, Cause, Effect, EffectKind, Matrix, Priority, Symbol, Test};
use plant::Plant;

/// All matrices of one task: their devices and scans are common.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Task that runs them.
    pub task: String,
    /// Rows, columns and groups, one matrix after the other.
    pub matrix: Matrix,
    /// Matrix of each row, by number.
    pub(super) book: Vec<usize>,
    /// Bypass rules of each matrix.
    pub(super) rules: Vec<BypassRules>,
}

/// Something that a column says, at one tag. A column of annunciation is several:
/// one for each priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub column: usize,
    pub tag: String,
    pub priority: Option<Priority>,
}

/// A tag that the matrix looks at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub tag: String,
    pub is_real: bool,
    /// A value at which no row stands and every row is armed.
    pub healthy: f64,
}

impl Sheet {
    /// The sheets of a plant, in the order of its tasks.
    pub fn of(plant: &Plant) -> Vec<Sheet> {
        let mut sheets = Vec::new();
        for task in &plant.tasks {
            let mut sheet = Sheet {
                task: task.name.clone(),
                matrix: Matrix::default(),
                book: Vec::new(),
                rules: Vec::new(),
            };
            for draft in plant.matrices.iter().filter(|m| m.task == task.name) {
                sheet.add(&draft.matrix);
            }
            if !sheet.rules.is_empty() {
                sheets.push(sheet);
            }
        }
        sheets
    }

    fn add(&mut self, other: &Matrix) {
        let all = &mut self.matrix;
        let (rows, columns, groups) = (all.causes.len(), all.effects.len(), all.groups.len());
        if !all.name.is_empty() {
            all.name.push_str(", ");
        }
        all.name.push_str(&other.name);
        all.causes.extend(other.causes.iter().cloned());
        all.groups.extend(other.groups.iter().cloned());
        all.effects
            .extend(other.effects.iter().map(|effect| Effect {
                group: effect.group.map(|group| group + groups),
                ..effect.clone()
            }));
        for ((row, column), symbols) in &other.cells {
            let place = (row + rows, column + columns);
            all.cells.insert(place, symbols.clone());
        }
        let book = self.rules.len();
        self.book.extend(other.causes.iter().map(|_| book));
        self.rules.push(other.bypass.clone());
    }

    pub(super) fn rules_of(&self, row: usize) -> &BypassRules {
        &self.rules[self.book[row]]
    }

    /// Whether channels of a row can be bypassed at all.
    pub(super) fn has_mos(&self, row: usize) -> bool {
        self.matrix.causes[row].mos && self.rules_of(row).key.is_some()
    }

    /// Whether some symbol of a column makes it act.
    pub(super) fn acts(&self, column: usize) -> bool {
        let rows = 0..self.matrix.causes.len();
        let mut symbols = rows.flat_map(|row| self.matrix.cell(row, column));
        symbols.any(|symbol| symbol.acts())
    }

    /// Where what the columns say is seen.
    pub(super) fn pins(&self) -> Vec<Pin> {
        let mut pins = Vec::new();
        for (column, effect) in self.matrix.effects.iter().enumerate() {
            let said = |symbol: Symbol| {
                (0..self.matrix.causes.len())
                    .any(|row| self.matrix.cell(row, column).contains(&symbol))
            };
            let mut pin = |tag: String, priority| {
                pins.push(Pin {
                    column,
                    tag,
                    priority,
                });
            };
            match (&effect.kind, effect.group) {
                (EffectKind::Final(_), Some(group)) if self.acts(column) => {
                    let group = &self.matrix.groups[group].name;
                    pin(format!("{group}.{}", effect.id), None);
                }
                (EffectKind::Final(_), _) => {}
                (EffectKind::Hold | EffectKind::Notify, _) => {
                    if said(Symbol::Yes) || said(Symbol::Trip) {
                        pin(format!("{}.OUT", effect.id), None);
                    }
                }
                (EffectKind::Annunciate, _) => {
                    for (priority, word) in [
                        (Priority::P1, "P1"),
                        (Priority::P2, "P2"),
                        (Priority::P3, "P3"),
                        (Priority::Gas, "GAS"),
                        (Priority::Esd, "ESD"),
                    ] {
                        if said(Symbol::Priority(priority)) {
                            pin(format!("{}-{word}.OUT", effect.id), Some(priority));
                        }
                    }
                }
            }
        }
        pins
    }

    /// Every tag that the matrix looks at, each with a healthy value.
    pub(super) fn points(&self) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        let mut add = |tag: &str, is_real: bool, healthy: f64| {
            if points.iter().all(|point| point.tag != tag) {
                points.push(Point {
                    tag: tag.to_string(),
                    is_real,
                    healthy,
                });
            }
        };
        for cause in &self.matrix.causes {
            for channel in &cause.channels {
                match channel.test {
                    Test::Is(is) => add(&channel.tag, false, f64::from(u8::from(!is))),
                    _ => add(&channel.tag, true, self.healthy(&channel.tag)),
                }
            }
        }
        for cause in &self.matrix.causes {
            if let Some(armed) = &cause.armed {
                add(armed, false, 1.0);
            }
        }
        for key in self.rules.iter().filter_map(|rules| rules.key.as_ref()) {
            add(key, false, 0.0);
        }
        points
    }

    /// A value away from every limit on a tag, beyond all hysteresis; half-way between
    /// a low and a high limit.
    fn healthy(&self, tag: &str) -> f64 {
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for cause in &self.matrix.causes {
            for channel in cause.channels.iter().filter(|c| c.tag == tag) {
                let strict = cause.permissive.map(|permissive| permissive.limit);
                match channel.test {
                    Test::Above(limit) => {
                        let limit = strict.map_or(limit, |strict| limit.min(strict));
                        high = high.min(limit - channel.hysteresis);
                    }
                    Test::Below(limit) => {
                        let limit = strict.map_or(limit, |strict| limit.max(strict));
                        low = low.max(limit + channel.hysteresis);
                    }
                    Test::Is(_) => {}
                }
            }
        }
        let margin = |limit: f64| 1.0_f64.max(limit.abs() * 0.1);
        match (low.is_finite(), high.is_finite()) {
            (true, true) => f64::midpoint(low, high),
            (true, false) => low + margin(low),
            (false, true) => high - margin(high),
            (false, false) => 0.0,
        }
    }

    /// Rows with what they do in a group: (has `X`, has `x`, times of `T(n)`).
    pub(super) fn deeds(&self, row: usize, group: usize) -> (bool, bool, Vec<f64>) {
        let (mut latched, mut standing, mut later) = (false, false, Vec::new());
        for (column, effect) in self.matrix.effects.iter().enumerate() {
            if effect.group != Some(group) || !matches!(effect.kind, EffectKind::Final(_)) {
                continue;
            }
            for symbol in self.matrix.cell(row, column) {
                match symbol {
                    Symbol::Trip => latched = true,
                    Symbol::TripUnlatched => standing = true,
                    Symbol::Delayed(seconds) => later.push(*seconds),
                    _ => {}
                }
            }
        }
        (latched, standing, later)
    }

    /// Whether a row tells people anything at this pin.
    pub(super) fn tells(&self, row: usize, pin: &Pin) -> bool {
        self.matrix
            .cell(row, pin.column)
            .iter()
            .any(|symbol| match symbol {
                Symbol::Priority(priority) => pin.priority == Some(*priority),
                Symbol::Yes | Symbol::Trip => pin.priority.is_none(),
                _ => false,
            })
    }
}

/// Smallest step across a limit.
pub(super) fn step_at(limit: f64) -> f64 {
    (limit.abs() * 1e-6).max(1e-6)
}

/// Values at which one channel is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// Just on the safe side.
    Safe,
    /// At the limit.
    At,
    /// Just beyond.
    Beyond,
    /// Of bad quality, its value on the safe side.
    Bad,
}

impl Try {
    pub(super) const ANALOG: [Try; 4] = [Try::Safe, Try::At, Try::Beyond, Try::Bad];
    pub(super) const LOGICAL: [Try; 3] = [Try::Safe, Try::Beyond, Try::Bad];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Try::Safe => "safe",
            Try::At => "at",
            Try::Beyond => "beyond",
            Try::Bad => "bad",
        }
    }

    /// Value and whether it is bad.
    pub(super) fn value(self, test: Test) -> (f64, bool) {
        let side = match self {
            Try::Safe | Try::Bad => -1.0,
            Try::At => 0.0,
            Try::Beyond => 1.0,
        };
        let value = match test {
            Test::Above(limit) => limit + side * step_at(limit),
            Test::Below(limit) => limit - side * step_at(limit),
            Test::Is(is) => f64::from(u8::from(is == (side >= 0.0))),
        };
        (value, self == Try::Bad)
    }
}

/// Every combination of what the channels of a row are tried with. A row of more than
/// four channels does without the value at the limit, which is then tried channel by
/// channel only.
pub(super) fn combinations(cause: &Cause) -> Vec<Vec<Try>> {
    let is_small = cause.channels.len() <= 4;
    let mut all: Vec<Vec<Try>> = vec![Vec::new()];
    for channel in &cause.channels {
        let tries: &[Try] = match channel.test {
            Test::Is(_) => &Try::LOGICAL,
            _ if is_small => &Try::ANALOG,
            _ => &Try::LOGICAL,
        };
        all = all
            .iter()
            .flat_map(|before| {
                tries.iter().map(move |one| {
                    let mut next = before.clone();
                    next.push(*one);
                    next
                })
            })
            .collect();
    }
    all
}
