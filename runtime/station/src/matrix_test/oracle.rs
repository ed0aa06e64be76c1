//! What has to be, found from the matrix alone: never from blocks.
//!
//! The oracle lives through the same scans as the program: it sees the same values,
//! wishes and times, and says for each row, column and device what must be seen.

use super::sheet::{Pin, Point, Sheet};
use matrix::vote::{Shown, is_for_trip};
use matrix::{Action, Channel, EffectKind, Symbol, Test};

/// How long a row must have been healthy for its operational override to end by
/// itself: a rule of the product, no choice of the matrix.
const OOS_HEALTHY_NS: u64 = 10_000_000_000;

pub(super) fn ns(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// Which groups are asked to reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Resets {
    /// None.
    #[default]
    None,
    /// This one.
    One(usize),
    /// All of them.
    All,
}

impl Resets {
    /// Whether this group is among them.
    pub fn means(self, group: usize) -> bool {
        match self {
            Resets::None => false,
            Resets::One(one) => one == group,
            Resets::All => true,
        }
    }
}

/// What people ask for in one scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wishes {
    /// Reset of these groups.
    pub reset: Resets,
    /// Maintenance override of a channel of a row: on or off.
    pub mos: Vec<(usize, usize, bool)>,
    /// Operational override of a row: on or off.
    pub oos: Option<(usize, bool)>,
    /// Every device: `true` away from its safe position, `false` into it.
    pub devices: Option<bool>,
}

/// A device as the matrix knows it, and what the test asks of it.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub name: String,
    /// What columns do with it, in their order: the first that is demanded decides.
    pub actions: Vec<(usize, Action)>,
    /// Demand of an analog output while nothing trips it.
    pub demand: f64,
}

/// What a device must show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Position {
    /// Valve wanted open.
    Open(bool),
    /// Drive commanded to run.
    Runs(bool),
    /// Command of an analog output.
    At(f64),
}

#[derive(Clone, Debug, Default)]
struct Row {
    was: Vec<bool>,
    was_strict: Vec<bool>,
    /// How long the vote has lasted.
    lasting_ns: Option<u64>,
    trip: bool,
    /// What keeps permissive columns.
    bars: bool,
    mos: Vec<Option<u64>>,
    oos: Option<(u64, u64)>,
    tripped_before: bool,
}

/// What a group remembers of a row: at once, or `T(n)` later.
#[derive(Clone, Debug)]
struct Memory {
    row: usize,
    after_ns: Option<u64>,
    lasting_ns: Option<u64>,
    is_set: bool,
}

#[derive(Clone, Debug, Default)]
struct Group {
    is_start_up: bool,
    memories: Vec<Memory>,
}

/// Why something is demanded.
#[derive(Clone, Copy, Debug)]
enum Because {
    /// A memory of a group is set.
    Remembered(usize, usize),
    /// The row trips now.
    Standing,
}

/// How a device hangs on the matrix: the pin of each action, the rows that keep it
/// from leaving its safe position, the rows that keep it from being raised.
#[derive(Clone, Debug)]
struct Ties {
    pins: Vec<Option<usize>>,
    bars: Vec<usize>,
    inhibits: Vec<usize>,
}

/// The matrix, living.
#[derive(Clone, Debug)]
pub(super) struct Oracle<'s> {
    sheet: &'s Sheet,
    pins: Vec<Pin>,
    /// Points of the channels of each row, and of its arming tag.
    places: Vec<(Vec<usize>, Option<usize>)>,
    /// Point of the key of each matrix.
    keys: Vec<Option<usize>>,
    rows: Vec<Row>,
    groups: Vec<Group>,
    /// For each pin: rows with reasons, and the groups whose start demands it.
    because: Vec<Vec<(usize, Because)>>,
    starts: Vec<Vec<usize>>,
    ties: Vec<Ties>,
    pub devices: Vec<Device>,
    /// What must be seen now.
    pub demanded: Vec<bool>,
    /// Rows for which each pin is demanded: the only one, if only one.
    pub alone: Vec<Option<usize>>,
    pub positions: Vec<Position>,
    /// Whether a trip decides the position.
    pub is_tripped: Vec<bool>,
}

fn is_beyond(channel: &Channel, limit: Option<f64>, value: f64, was: bool) -> bool {
    let slack = if was { channel.hysteresis } else { 0.0 };
    match channel.test {
        Test::Above(own) => value >= limit.unwrap_or(own) - slack,
        Test::Below(own) => value <= limit.unwrap_or(own) + slack,
        Test::Is(is) => (value != 0.0) == is,
    }
}

fn lasts(lasting_ns: &mut Option<u64>, stands: bool, dt_ns: u64) -> u64 {
    *lasting_ns = match (stands, *lasting_ns) {
        (false, _) => None,
        (true, None) => Some(0),
        (true, Some(before)) => Some(before.saturating_add(dt_ns)),
    };
    lasting_ns.unwrap_or(0)
}

impl<'s> Oracle<'s> {
    pub fn new(sheet: &'s Sheet, points: &[Point], devices: Vec<Device>) -> Oracle<'s> {
        let place = |tag: &str| points.iter().position(|point| point.tag == tag);
        let causes = &sheet.matrix.causes;
        let pins = sheet.pins();
        let mut groups = Vec::new();
        for group in 0..sheet.matrix.groups.len() {
            let mut memories = Vec::new();
            for row in 0..causes.len() {
                let (latched, _, mut later) = sheet.deeds(row, group);
                let tells = pins.iter().any(|pin| sheet.tells_people(row, pin));
                let mut memory = |after_ns| {
                    memories.push(Memory {
                        row,
                        after_ns,
                        lasting_ns: None,
                        is_set: false,
                    });
                };
                if latched || (!later.is_empty() && tells) {
                    memory(None);
                }
                later.sort_by(f64::total_cmp);
                later.dedup();
                later.into_iter().for_each(|s| memory(Some(ns(s))));
            }
            groups.push(Group {
                is_start_up: false,
                memories,
            });
        }
        let positions = devices.iter().map(|device| match &device.actions[0].1 {
            Action::Valve { open, .. } => Position::Open(*open),
            Action::Stop { .. } => Position::Runs(false),
            Action::Analog { value, .. } => Position::At(*value),
        });
        let because = pins.iter().map(|pin| {
            (0..causes.len())
                .flat_map(|row| {
                    let reasons = Self::reasons(sheet, &groups, row, pin);
                    reasons.into_iter().map(move |because| (row, because))
                })
                .collect()
        });
        let because = because.collect();
        let starts = pins.iter().map(|pin| {
            (0..groups.len())
                .filter(|group| Self::is_of_group(sheet, pin, *group))
                .collect()
        });
        let starts = starts.collect();
        let rows_with = |device: &Device, symbol: Symbol| -> Vec<usize> {
            let has = |row: &usize| {
                let mut actions = device.actions.iter();
                actions.any(|(column, _)| sheet.matrix.cell(*row, *column).contains(&symbol))
            };
            (0..causes.len()).filter(has).collect()
        };
        let ties = devices.iter().map(|device| Ties {
            pins: device
                .actions
                .iter()
                .map(|(column, _)| pins.iter().position(|pin| pin.column == *column))
                .collect(),
            bars: rows_with(device, Symbol::Permissive),
            inhibits: rows_with(device, Symbol::Inhibit),
        });
        let ties = ties.collect();
        Oracle {
            because,
            starts,
            ties,
            places: causes
                .iter()
                .map(|cause| {
                    (
                        cause
                            .channels
                            .iter()
                            .filter_map(|channel| place(&channel.tag))
                            .collect(),
                        cause.armed.as_deref().and_then(place),
                    )
                })
                .collect(),
            keys: sheet
                .rules
                .iter()
                .map(|rules| rules.key.as_deref().and_then(place))
                .collect(),
            rows: causes
                .iter()
                .map(|cause| {
                    let n = cause.channels.len();
                    Row {
                        was: vec![false; n],
                        was_strict: vec![false; n],
                        mos: vec![None; n],
                        ..Row::default()
                    }
                })
                .collect(),
            groups,
            demanded: vec![false; pins.len()],
            alone: vec![None; pins.len()],
            is_tripped: vec![false; devices.len()],
            positions: positions.collect(),
            pins,
            devices,
            sheet,
        }
    }

    /// A start: every group demands everything, no override outlives it.
    pub fn start(&mut self) {
        for group in &mut self.groups {
            group.is_start_up = true;
        }
        for row in &mut self.rows {
            row.mos.fill(None);
            row.oos = None;
        }
        for (position, device) in self.positions.iter_mut().zip(&self.devices) {
            match &device.actions[0].1 {
                Action::Valve { open, .. } => *position = Position::Open(*open),
                Action::Stop { .. } => *position = Position::Runs(false),
                Action::Analog { .. } => {}
            }
        }
    }

    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Whether a row trips.
    pub fn trips(&self, row: usize) -> bool {
        self.rows[row].trip
    }

    /// Whether a channel is bypassed.
    pub fn is_bypassed(&self, row: usize, channel: usize) -> bool {
        self.rows[row].mos[channel].is_some()
    }

    /// Whether a row is overridden.
    pub fn is_overridden(&self, row: usize) -> bool {
        self.rows[row].oos.is_some()
    }

    /// One scan.
    pub fn step(&mut self, world: &[(f64, bool)], wishes: &Wishes, dt_ns: u64) {
        let before: Vec<usize> = (0..self.rows.len())
            .map(|row| self.bypassed_in_unit(row))
            .collect();
        let mut begun = vec![0usize; self.rows.len()];
        for (row, in_unit) in before.into_iter().enumerate() {
            self.row(row, world, wishes, dt_ns, in_unit, &mut begun);
        }
        for group in 0..self.groups.len() {
            self.group(group, wishes.reset.means(group), dt_ns);
        }
        self.say();
        self.devices(wishes);
        for row in &mut self.rows {
            row.tripped_before = row.trip;
        }
    }

    fn is_same_unit(&self, a: usize, b: usize) -> bool {
        let causes = &self.sheet.matrix.causes;
        self.sheet.book[a] == self.sheet.book[b] && causes[a].unit == causes[b].unit
    }

    fn bypassed_in_unit(&self, row: usize) -> usize {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(other, _)| self.is_same_unit(row, *other))
            .map(|(_, row)| row.mos.iter().flatten().count())
            .sum()
    }

    fn row(
        &mut self,
        row: usize,
        world: &[(f64, bool)],
        wishes: &Wishes,
        dt_ns: u64,
        in_unit: usize,
        begun: &mut [usize],
    ) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        let strict = cause.permissive.map(|permissive| permissive.limit);
        let (places, armed) = &self.places[row];
        let (mut shown, mut shown_strict) = (Vec::new(), Vec::new());
        let state = &mut self.rows[row];
        for (n, (channel, place)) in cause.channels.iter().zip(places).enumerate() {
            let (value, is_bad) = world[*place];
            if is_bad {
                shown.push(Shown::Bad);
                shown_strict.push(Shown::Bad);
                continue;
            }
            let word = |is| if is { Shown::For } else { Shown::Against };
            state.was[n] = is_beyond(channel, None, value, state.was[n]);
            state.was_strict[n] = is_beyond(channel, strict, value, state.was_strict[n]);
            shown.push(word(state.was[n]));
            shown_strict.push(word(state.was_strict[n]));
        }
        if sheet.has_mos(row) {
            let already: usize = (0..row)
                .filter(|other| {
                    sheet.book[row] == sheet.book[*other]
                        && sheet.matrix.causes[*other].unit == cause.unit
                })
                .map(|other| begun[other])
                .sum();
            let rules = sheet.rules_of(row);
            let key = self.keys[sheet.book[row]].map(|place| world[place]);
            let is_on = key.is_some_and(|(value, is_bad)| value != 0.0 && !is_bad);
            let is_off = key.is_some_and(|(value, is_bad)| value == 0.0 && !is_bad);
            for (channel, shown) in shown.iter_mut().enumerate() {
                let wish = wishes
                    .mos
                    .iter()
                    .rfind(|wish| (wish.0, wish.1) == (row, channel))
                    .map(|wish| wish.2);
                let in_vote = state.mos.iter().flatten().count();
                let is_room = in_vote < usize::from(rules.per_vote_max)
                    && in_unit + already + begun[row] < usize::from(rules.per_unit_max);
                match (wish, state.mos[channel]) {
                    (Some(true), None) if is_on && is_room => {
                        state.mos[channel] = Some(0);
                        begun[row] += 1;
                    }
                    (Some(false), _) => state.mos[channel] = None,
                    _ => {}
                }
                if let Some(elapsed_ns) = state.mos[channel] {
                    let is_due = elapsed_ns >= ns(rules.expiry_s);
                    if is_off || (is_due && *shown == Shown::Against) {
                        state.mos[channel] = None;
                    } else {
                        state.mos[channel] = Some(elapsed_ns.saturating_add(dt_ns));
                        *shown = Shown::Bypassed;
                    }
                }
            }
        }
        let vote = is_for_trip(cause, &shown);
        if let Some(longest_s) = cause.oos_s {
            match (wishes.oos, state.oos) {
                (Some((of, true)), None) if of == row => state.oos = Some((0, 0)),
                (Some((of, false)), _) if of == row => state.oos = None,
                _ => {}
            }
            if let Some((elapsed_ns, well_ns)) = state.oos {
                let well_ns = if vote { 0 } else { well_ns + dt_ns };
                let is_over = elapsed_ns >= ns(longest_s) || well_ns >= OOS_HEALTHY_NS;
                state.oos = (!is_over).then_some((elapsed_ns.saturating_add(dt_ns), well_ns));
            }
        }
        let is_armed = armed.is_none_or(|place| world[place].0 != 0.0 || world[place].1);
        let is_due = vote && is_armed && state.oos.is_none();
        let lasting_ns = lasts(&mut state.lasting_ns, is_due, dt_ns);
        state.trip = is_due && lasting_ns >= ns(cause.on_delay_s);
        state.bars = match strict {
            Some(_) => is_for_trip(cause, &shown_strict),
            None => state.trip,
        };
    }

    fn group(&mut self, index: usize, wish: bool, dt_ns: u64) {
        let sheet = self.sheet;
        let rises = |row: &usize| self.rows[*row].trip && !self.rows[*row].tripped_before;
        let resets = |row: &usize| {
            let effects = sheet.matrix.effects.iter().enumerate();
            effects
                .filter(|(_, effect)| effect.group == Some(index))
                .any(|(column, _)| sheet.matrix.cell(*row, column).contains(&Symbol::Reset))
        };
        let reset = wish || (0..self.rows.len()).filter(resets).any(|row| rises(&row));
        let group = &mut self.groups[index];
        let mut stands = false;
        let mut now = Vec::with_capacity(group.memories.len());
        for memory in &mut group.memories {
            let trip = self.rows[memory.row].trip;
            let lasting_ns = lasts(&mut memory.lasting_ns, trip, dt_ns);
            let is = trip && memory.after_ns.is_none_or(|after| lasting_ns >= after);
            stands |= is;
            now.push(is);
        }
        if reset && !stands {
            group.is_start_up = false;
            group.memories.iter_mut().for_each(|m| m.is_set = false);
        }
        for (memory, now) in group.memories.iter_mut().zip(now) {
            memory.is_set |= now;
        }
    }

    fn say(&mut self) {
        for (n, because) in self.because.iter().enumerate() {
            let mut by = because.iter().filter_map(|(row, because)| {
                let is = match because {
                    Because::Remembered(group, memory) => {
                        self.groups[*group].memories[*memory].is_set
                    }
                    Because::Standing => self.rows[*row].trip,
                };
                is.then_some(*row)
            });
            let first = by.next();
            let is_alone = by.all(|row| Some(row) == first);
            let mut groups = self.starts[n].iter();
            let by_start = groups.any(|group| self.groups[*group].is_start_up);
            self.demanded[n] = first.is_some() || by_start;
            self.alone[n] = first.filter(|_| is_alone && !by_start);
        }
    }

    /// Why a row may demand what is said at a pin.
    fn reasons(sheet: &Sheet, groups: &[Group], row: usize, pin: &Pin) -> Vec<Because> {
        let memory = |group: usize, after_ns: Option<u64>| {
            let mut memories = groups[group].memories.iter();
            let at = memories.position(|m| m.row == row && m.after_ns == after_ns)?;
            Some(Because::Remembered(group, at))
        };
        let effect = &sheet.matrix.effects[pin.column];
        if let (EffectKind::Final(_), Some(group)) = (&effect.kind, effect.group) {
            let symbols = sheet.matrix.cell(row, pin.column).iter();
            return symbols
                .filter_map(|symbol| match symbol {
                    Symbol::Trip => memory(group, None),
                    Symbol::TripUnlatched => Some(Because::Standing),
                    Symbol::Delayed(s) => memory(group, Some(ns(*s))),
                    _ => None,
                })
                .collect();
        }
        if !sheet.tells(row, pin) {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        for group in 0..groups.len() {
            let (latched, standing, later) = sheet.deeds(row, group);
            if latched || !later.is_empty() {
                reasons.extend(memory(group, None));
            } else if standing {
                reasons.push(Because::Standing);
            }
        }
        if reasons.is_empty() {
            reasons.push(Because::Standing);
        }
        reasons
    }

    /// Whether a start of the group demands what is said at the pin.
    fn is_of_group(sheet: &Sheet, pin: &Pin, group: usize) -> bool {
        let effect = &sheet.matrix.effects[pin.column];
        match effect.kind {
            EffectKind::Final(_) => effect.group == Some(group),
            _ => (0..sheet.matrix.causes.len()).any(|row| {
                let (latched, standing, later) = sheet.deeds(row, group);
                sheet.tells(row, pin) && (latched || standing || !later.is_empty())
            }),
        }
    }

    fn devices(&mut self, wishes: &Wishes) {
        for (n, (device, ties)) in self.devices.iter().zip(&self.ties).enumerate() {
            let mut actions = device.actions.iter().zip(&ties.pins);
            let trip = actions.find(|(_, pin)| pin.is_some_and(|pin| self.demanded[pin]));
            let is_barred = ties.bars.iter().any(|row| self.rows[*row].bars);
            let is_inhibited = ties.inhibits.iter().any(|row| self.rows[*row].trip);
            self.is_tripped[n] = trip.is_some();
            self.positions[n] = match (trip.map(|((_, action), _)| action), self.positions[n]) {
                (Some(Action::Valve { open, .. }), _) => Position::Open(*open),
                (Some(Action::Stop { .. }), _) => Position::Runs(false),
                (Some(Action::Analog { value, .. }), _) => Position::At(*value),
                (None, Position::At(last)) if is_inhibited && device.demand > last => {
                    Position::At(last)
                }
                (None, Position::At(_)) => Position::At(device.demand),
                (None, now) => match wishes.devices {
                    None => now,
                    Some(is_away) => device.wished(now, is_away, is_barred),
                },
            };
        }
    }
}

impl Device {
    /// The position in which the columns want it.
    pub fn safe(&self) -> Position {
        match &self.actions[0].1 {
            Action::Valve { open, .. } => Position::Open(*open),
            Action::Stop { .. } => Position::Runs(false),
            Action::Analog { value, .. } => Position::At(*value),
        }
    }

    /// The other one.
    pub fn away(&self) -> Position {
        match self.safe() {
            Position::Open(open) => Position::Open(!open),
            Position::Runs(_) => Position::Runs(true),
            Position::At(_) => Position::At(self.demand),
        }
    }

    fn wished(&self, now: Position, is_away: bool, is_barred: bool) -> Position {
        match (is_away, now == self.safe()) {
            (true, true) if is_barred => now,
            (true, _) => self.away(),
            (false, _) => self.safe(),
        }
    }
}

impl Sheet {
    /// Whether a row tells people anything at a pin that is no final element.
    fn tells_people(&self, row: usize, pin: &Pin) -> bool {
        let kind = &self.matrix.effects[pin.column].kind;
        !matches!(kind, EffectKind::Final(_)) && self.tells(row, pin)
    }
}
