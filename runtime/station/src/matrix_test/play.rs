//! One scan of program and oracle, and the comparison of all that is seen.

use super::bench::{self, Bench, Saved};
use super::oracle::{Oracle, Position, Wishes};
use super::sheet::{Point, Sheet};
use super::tally::{Check, Count, Failure, Verdict};
use plant::Plant;
use scan::Start;

/// What every case begins with.
struct Base<'s> {
    saved: Saved,
    oracle: Oracle<'s>,
    world: Vec<(f64, bool)>,
}

/// Program and oracle, side by side.
pub(super) struct Play<'s> {
    pub sheet: &'s Sheet,
    pub points: Vec<Point>,
    pub bench: Bench,
    pub oracle: Oracle<'s>,
    pub world: Vec<(f64, bool)>,
    /// Drives whose feedback did not stand while they ran, or that have to rest.
    astray: Vec<bool>,
    base: Option<Base<'s>>,
    pub verdict: Verdict,
    /// Row of the case, and what it drives.
    row: Option<usize>,
    case: String,
    stop_at_first: bool,
}

impl<'s> Play<'s> {
    pub fn new(sheet: &'s Sheet, plant: &Plant, stop_at_first: bool) -> Result<Play<'s>, String> {
        let points = sheet.points();
        let devices = bench::devices(sheet, plant);
        let oracle = Oracle::new(sheet, &points, devices);
        let bench = Bench::new(sheet, plant, &points, oracle.pins(), &oracle.devices)?;
        let world = points.iter().map(|point| (point.healthy, false)).collect();
        let mut verdict = Verdict::new(sheet.clone());
        for (place, point) in points.iter().enumerate() {
            if !bench.is_driven(place) {
                verdict
                    .notes
                    .push(format!("{} cannot be driven", point.tag));
            } else if !bench.can_be_bad(place) {
                let note = format!("{} is written by people: it is never bad", point.tag);
                verdict.notes.push(note);
            }
        }
        for (n, device) in oracle.devices.iter().enumerate() {
            if matches!(device.safe(), Position::At(_)) && !bench.has_demand(n) {
                let note = format!("{}: its demand cannot be driven", device.name);
                verdict.notes.push(note);
            }
        }
        let mut play = Play {
            astray: vec![false; oracle.devices.len()],
            sheet,
            points,
            bench,
            oracle,
            world,
            base: None,
            verdict,
            row: None,
            case: String::new(),
            stop_at_first,
        };
        play.healthy();
        Ok(play)
    }

    /// Whether enough is known.
    pub fn is_over(&self) -> bool {
        self.stop_at_first && self.verdict.failed > 0
    }

    /// Begins a case without going back to the base.
    pub fn name(&mut self, row: Option<usize>, case: String) {
        self.row = row;
        self.case = case;
        self.verdict.cases += 1;
    }

    /// Begins a case: everything healthy, reset, devices away from their safe positions.
    pub fn begin(&mut self, row: Option<usize>, case: String) {
        self.name(row, case);
        if let Some(base) = &self.base {
            self.bench.restore(&base.saved);
            self.oracle.clone_from(&base.oracle);
            self.world.clone_from(&base.world);
            self.astray.fill(false);
        }
    }

    /// What [`Play::begin`] goes back to is the state of now.
    pub fn keep(&mut self) {
        self.base = Some(Base {
            saved: self.bench.save(),
            oracle: self.oracle.clone(),
            world: self.world.clone(),
        });
    }

    pub fn start(&mut self, start: Start) {
        self.bench.start(start);
        self.oracle.start();
    }

    /// Every point takes its healthy value; keys stay as they are.
    pub fn healthy(&mut self) {
        for point in 0..self.points.len() {
            if self.is_key(point) && self.base.is_some() {
                continue;
            }
            self.set(point, self.points[point].healthy, false);
        }
    }

    fn is_key(&self, point: usize) -> bool {
        let tag = &self.points[point].tag;
        let mut rules = self.sheet.rules.iter();
        rules.any(|rules| rules.key.as_ref() == Some(tag))
    }

    pub fn point(&self, tag: &str) -> Option<usize> {
        self.points.iter().position(|point| point.tag == tag)
    }

    pub fn set(&mut self, point: usize, value: f64, is_bad: bool) {
        let is_bad = is_bad && self.bench.can_be_bad(point);
        self.bench.set(point, value, is_bad);
        self.world[point] = (value, is_bad);
    }

    pub fn key(&mut self, row: usize, on: bool) {
        let key = self.sheet.rules_of(row).key.as_deref();
        if let Some(point) = key.and_then(|key| self.point(key)) {
            self.set(point, f64::from(u8::from(on)), false);
        }
    }

    /// Scans of one period.
    pub fn scans(&mut self, check: Check, count: u64) {
        for _ in 0..count {
            self.scan(check, &Wishes::default(), self.bench.period_ns);
        }
    }

    /// One scan with a wish.
    pub fn wish(&mut self, check: Check, wishes: Wishes) {
        self.scan(check, &wishes, self.bench.period_ns);
    }

    /// One long scan, as after missed releases; none for no time.
    pub fn leap(&mut self, check: Check, time_ns: u64) {
        let periods = time_ns / self.bench.period_ns;
        if periods > 0 {
            self.scan(check, &Wishes::default(), periods * self.bench.period_ns);
        }
    }

    fn scan(&mut self, check: Check, wishes: &Wishes, dt_ns: u64) {
        if self.is_over() {
            return;
        }
        for (n, astray) in self.astray.iter_mut().enumerate() {
            if let Some(point) = self.bench.feedback(n) {
                *astray |= self.world[point] != (1.0, false);
            }
        }
        self.bench.scan(wishes, dt_ns);
        self.oracle.step(&self.world, wishes, dt_ns);
        self.verdict.scans += 1;
        self.compare_pins(check);
        self.compare_rows(check);
        self.compare_devices(check);
    }

    fn fail(&mut self, check: Check, what: String, found: String, wanted: String) {
        let (row, case) = (self.row, &self.case);
        self.verdict.fail(|| Failure {
            row,
            check,
            case: case.clone(),
            what,
            found,
            wanted,
        });
    }

    fn compare_pins(&mut self, check: Check) {
        for n in 0..self.oracle.pins().len() {
            let wanted = self.oracle.demanded[n];
            let found = self.bench.pin(n);
            let is_alone = wanted && self.row.is_some() && self.oracle.alone[n] == self.row;
            let column = self.oracle.pins()[n].column;
            let is_wrong = found != Some(wanted);
            let one = Count {
                checks: 1,
                demanded: u64::from(wanted),
                alone: u64::from(is_alone),
                failures: u64::from(is_wrong),
            };
            self.verdict.cell(self.row, column, check, one);
            if is_wrong {
                let what = self.oracle.pins()[n].tag.clone();
                self.fail(check, what, demand(found), demand(Some(wanted)));
            }
        }
    }

    fn compare_rows(&mut self, check: Check) {
        let word = |is: Option<bool>| match is {
            None => "no such tag".to_string(),
            Some(is) => is.to_string(),
        };
        for row in 0..self.sheet.matrix.causes.len() {
            let cause = &self.sheet.matrix.causes[row];
            let mut one = |what: &str, found: Option<bool>, wanted: Option<bool>| {
                self.verdict.row_checks += 1;
                if found != wanted {
                    let (of, case) = (self.row, &self.case);
                    self.verdict.fail(|| Failure {
                        row: of,
                        check,
                        case: case.clone(),
                        what: format!("{}.{what}", cause.id),
                        found: word(found),
                        wanted: word(wanted),
                    });
                }
            };
            one("TRIP", self.bench.trip(row), Some(self.oracle.trips(row)));
            let has_mos = self.sheet.has_mos(row);
            for channel in 0..cause.channels.len() {
                let wanted = has_mos.then(|| self.oracle.is_bypassed(row, channel));
                one("MOS", self.bench.mos(row, channel), wanted);
            }
            let wanted = cause.oos_s.map(|_| self.oracle.is_overridden(row));
            one("OOS", self.bench.oos(row), wanted);
        }
    }

    fn compare_devices(&mut self, check: Check) {
        for n in 0..self.oracle.devices.len() {
            let wanted = self.oracle.positions[n];
            let is_tripped = self.oracle.is_tripped[n];
            if is_tripped && self.bench.holds[n].is_locked_out {
                self.astray[n] = true;
            }
            let is_free_analog = matches!(wanted, Position::At(_)) && !self.bench.has_demand(n);
            if !is_tripped && (self.astray[n] || is_free_analog) {
                continue;
            }
            self.verdict.device_checks += 1;
            let found = self.bench.position(n, wanted);
            if found != Some(wanted) {
                let what = self.oracle.devices[n].name.clone();
                let found = found.map_or_else(|| "no command".into(), position);
                self.fail(check, what, found, position(wanted));
            }
        }
    }

    /// Whether every device of these shows its safe position in the program.
    pub fn are_safe(&self, devices: &[(usize, Position)]) -> bool {
        devices
            .iter()
            .all(|(n, safe)| self.bench.position(*n, *safe) == Some(*safe))
    }
}

fn demand(is: Option<bool>) -> String {
    match is {
        None => "no such tag",
        Some(true) => "demanded",
        Some(false) => "not demanded",
    }
    .to_string()
}

fn position(position: Position) -> String {
    match position {
        Position::Open(true) => "open".into(),
        Position::Open(false) => "closed".into(),
        Position::Runs(true) => "runs".into(),
        Position::Runs(false) => "stopped".into(),
        Position::At(value) => format!("{value}"),
    }
}
