//! The cases, generated from the matrix.

use super::oracle::{Position, Resets, Wishes, ns};
use super::play::Play;
use super::sheet::{Try, combinations, step_at};
use super::tally::{Check, Response};
use matrix::{Priority, Symbol, Test};
use scan::Start;

/// After the longest lock-out that a drive can have it may start again.
pub(super) const LOCK_OUT_NS: u64 = 86_400_000_000_000;

pub(super) fn reset() -> Wishes {
    reset_of(Resets::All)
}

fn reset_of(reset: Resets) -> Wishes {
    Wishes {
        reset,
        ..Wishes::default()
    }
}

pub(super) fn move_devices(is_away: bool) -> Wishes {
    Wishes {
        devices: Some(is_away),
        ..Wishes::default()
    }
}

fn bypass(row: usize, channel: usize, on: bool) -> Wishes {
    Wishes {
        mos: vec![(row, channel, on)],
        ..Wishes::default()
    }
}

fn override_row(row: usize, on: bool) -> Wishes {
    Wishes {
        oos: Some((row, on)),
        ..Wishes::default()
    }
}

impl Play<'_> {
    /// Every case; those of one row first, if one is named.
    pub fn all(&mut self, first: Option<usize>) {
        self.start_up();
        let rows = self.sheet.matrix.causes.len();
        let named = first.into_iter();
        for row in named.chain((0..rows).filter(|row| Some(*row) != first)) {
            self.row_cases(row);
            if self.is_over() {
                return;
            }
        }
        self.together();
        self.warm_start();
    }

    /// The delays of all rows, and nothing else.
    pub fn responses(&mut self) {
        self.start_up();
        for row in 0..self.sheet.matrix.causes.len() {
            self.delay(row);
        }
    }

    fn row_cases(&mut self, row: usize) {
        self.delay(row);
        self.one_group_after_another(row);
        self.votes(row);
        self.hysteresis(row);
        self.maintenance(row);
        self.operational(row);
        self.permissive(row);
        self.doubtful(row);
        self.free(row);
        self.inhibited(row);
    }

    pub(super) fn id(&self, row: usize) -> &str {
        &self.sheet.matrix.causes[row].id
    }

    fn periods(&self, time_ns: u64) -> u64 {
        time_ns.div_ceil(self.bench.period_ns)
    }

    fn delay_of(&self, row: usize) -> u64 {
        self.periods(ns(self.sheet.matrix.causes[row].on_delay_s))
    }

    pub(super) fn try_channel(&mut self, row: usize, channel: usize, what: Try) {
        let sheet = self.sheet;
        let channel = &sheet.matrix.causes[row].channels[channel];
        if let Some(point) = self.point(&channel.tag) {
            let (value, is_bad) = what.value(channel.test);
            self.set(point, value, is_bad);
        }
    }

    pub(super) fn try_all(&mut self, row: usize, what: Try) {
        for channel in 0..self.sheet.matrix.causes[row].channels.len() {
            self.try_channel(row, channel, what);
        }
    }

    /// As many other channels beyond as make this one decide.
    pub(super) fn make_decisive(&mut self, row: usize, channel: usize) {
        let cause = &self.sheet.matrix.causes[row];
        let others = (0..cause.channels.len()).filter(|other| *other != channel);
        for other in others.take(usize::from(cause.m).saturating_sub(1)) {
            self.try_channel(row, other, Try::Beyond);
        }
    }

    /// Through the delay of a row: its last scan and the one at its end singly.
    pub(super) fn stand(&mut self, row: usize, check: Check) {
        let delay = self.delay_of(row);
        self.through(delay, check);
    }

    fn through(&mut self, periods: u64, check: Check) {
        self.scans(check, 1);
        let leap = periods.saturating_sub(2);
        self.leap(check, leap * self.bench.period_ns);
        self.scans(check, periods - leap + 1);
    }

    /// Reset while it stands, then the cause goes away, then reset: nothing starts by
    /// itself, and everything can be moved again.
    pub(super) fn come_back(&mut self) {
        self.wish(Check::Reset, reset());
        self.healthy();
        self.scans(Check::Latch, 2);
        self.wish(Check::Reset, reset());
        self.scans(Check::Reset, 1);
        self.wish(Check::Reset, move_devices(true));
        self.scans(Check::Reset, 1);
    }

    /// A start demands everything until somebody resets; then the base of all cases.
    fn start_up(&mut self) {
        self.name(None, "start".into());
        self.start(Start::Cold);
        self.scans(Check::StartUp, 3);
        self.wish(Check::StartUp, move_devices(true));
        if !self.sheet.matrix.causes.is_empty() {
            self.try_all(0, Try::Beyond);
            self.stand(0, Check::StartUp);
            self.wish(Check::StartUp, reset());
            self.healthy();
            self.scans(Check::StartUp, 2);
        }
        self.wish(Check::StartUp, reset());
        self.scans(Check::StartUp, 2);
        self.leap(Check::StartUp, LOCK_OUT_NS);
        self.wish(Check::StartUp, move_devices(true));
        self.scans(Check::StartUp, 2);
        self.keep();
    }

    fn warm_start(&mut self) {
        self.begin(None, "warm start".into());
        self.start(Start::Warm);
        self.scans(Check::StartUp, 2);
        self.wish(Check::StartUp, move_devices(true));
        self.wish(Check::StartUp, reset());
        self.scans(Check::StartUp, 2);
    }

    /// The delay scan by scan, interrupted and whole; the response; `T(n)`.
    fn delay(&mut self, row: usize) {
        let delay = self.delay_of(row);
        let name = self.id(row).to_string();
        if delay > 1 {
            self.begin(Some(row), format!("{name}: away one scan before the end"));
            self.try_all(row, Try::Beyond);
            self.scans(Check::Delay, delay);
            self.healthy();
            self.scans(Check::Delay, 1);
            self.try_all(row, Try::Beyond);
            self.scans(Check::Delay, delay);
            self.healthy();
            self.scans(Check::Delay, 2);
        }
        self.begin(Some(row), format!("{name}: every channel beyond"));
        self.try_all(row, Try::Beyond);
        let devices = self.devices_of(row);
        let mut scans = None;
        for scan in 1..=delay + 2 {
            self.scans(Check::Delay, 1);
            if scans.is_none() && !devices.is_empty() && self.are_safe(&devices) {
                scans = Some(scan);
            }
        }
        self.come_back();
        let cause = &self.sheet.matrix.causes[row];
        let is_priority_1 = self.sheet.matrix.effects.iter().enumerate().any(|(n, _)| {
            let cell = self.sheet.matrix.cell(row, n).iter();
            let mut loud = cell.filter_map(|symbol| match symbol {
                Symbol::Priority(priority) => Some(*priority),
                _ => None,
            });
            loud.any(|p| matches!(p, Priority::P1 | Priority::Gas | Priority::Esd))
        });
        let period_s = self.bench.period_ns as f64 * 1e-9;
        self.verdict.responses.push(Response {
            row,
            is_priority_1,
            scans,
            seconds: scans.map(|scans| scans as f64 * period_s),
            limit_s: cause.response_s,
        });
        let mut later: Vec<f64> = (0..self.sheet.matrix.groups.len())
            .flat_map(|group| self.sheet.deeds(row, group).2)
            .collect();
        later.sort_by(f64::total_cmp);
        later.dedup();
        for after_s in later {
            let after = self.periods(ns(after_s));
            self.begin(Some(row), format!("{name}: T({after_s}), and not before"));
            self.try_all(row, Try::Beyond);
            self.through(delay, Check::Later);
            self.through(after, Check::Later);
            self.come_back();
            self.begin(Some(row), format!("{name}: away before T({after_s})"));
            self.try_all(row, Try::Beyond);
            self.scans(Check::Later, delay + after);
            self.healthy();
            self.scans(Check::Later, after + 2);
        }
    }

    /// The groups in which a row acts are reset one after another: what people are told
    /// stays until the last of them.
    fn one_group_after_another(&mut self, row: usize) {
        let groups = 0..self.sheet.matrix.groups.len();
        let acts_in = |group: &usize| {
            let (latched, standing, later) = self.sheet.deeds(row, *group);
            latched || standing || !later.is_empty()
        };
        let mut groups: Vec<usize> = groups.filter(acts_in).collect();
        let delay = self.delay_of(row);
        for _ in 0..groups.len() {
            let name = format!("{}: one group after another", self.id(row));
            self.begin(Some(row), name);
            self.try_all(row, Try::Beyond);
            self.through(delay, Check::Reset);
            self.healthy();
            self.scans(Check::Reset, 2);
            for group in &groups {
                self.wish(Check::Reset, reset_of(Resets::One(*group)));
                self.scans(Check::Reset, 1);
            }
            groups.rotate_left(1);
        }
    }

    /// Devices that a row moves at once, with where they go.
    fn devices_of(&self, row: usize) -> Vec<(usize, Position)> {
        let devices = self.oracle.devices.iter().enumerate();
        devices
            .filter(|(_, device)| {
                device.actions.iter().any(|(column, _)| {
                    let cell = self.sheet.matrix.cell(row, *column);
                    cell.contains(&Symbol::Trip) || cell.contains(&Symbol::TripUnlatched)
                })
            })
            .map(|(n, device)| (n, device.safe()))
            .collect()
    }

    /// What an arming tag can be: nothing to arm, or yes, no, bad.
    fn arms(&self, row: usize) -> Vec<Option<(usize, Try)>> {
        let armed = self.sheet.matrix.causes[row].armed.as_deref();
        match armed.and_then(|tag| self.point(tag)) {
            None => vec![None],
            Some(point) => [Try::Beyond, Try::Safe, Try::Bad]
                .map(|what| Some((point, what)))
                .to_vec(),
        }
    }

    /// Every combination of channels, armed, not armed and unknown.
    fn votes(&mut self, row: usize) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        for combination in combinations(cause) {
            for arm in self.arms(row) {
                let mut name = describe(&cause.id, &combination);
                let mut check = Check::Vote;
                if let Some((_, what)) = arm {
                    check = match what {
                        Try::Beyond => Check::Vote,
                        _ => Check::Arming,
                    };
                    name.push_str(match what {
                        Try::Beyond => "; armed",
                        Try::Bad => "; armed bad",
                        _ => "; not armed",
                    });
                }
                self.begin(Some(row), name);
                if let Some((point, what)) = arm {
                    let (value, is_bad) = what.value(Test::Is(true));
                    self.set(point, value, is_bad);
                    self.scans(check, 1);
                }
                for (channel, what) in combination.iter().enumerate() {
                    self.try_channel(row, channel, *what);
                }
                self.stand(row, check);
                self.come_back();
                if self.is_over() {
                    return;
                }
            }
        }
    }

    /// The way back of each analog channel, while it decides.
    fn hysteresis(&mut self, row: usize) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        for (n, channel) in cause.channels.iter().enumerate() {
            let (limit, side) = match channel.test {
                Test::Above(limit) => (limit, -1.0),
                Test::Below(limit) => (limit, 1.0),
                Test::Is(_) => continue,
            };
            let Some(point) = self.point(&channel.tag) else {
                continue;
            };
            self.begin(
                Some(row),
                format!("{}: {} comes back", cause.id, channel.tag),
            );
            self.make_decisive(row, n);
            let back = [0.0, 0.5 * channel.hysteresis, channel.hysteresis];
            for back in back {
                self.set(point, limit + side * back, false);
                self.stand(row, Check::Hysteresis);
            }
            let past = channel.hysteresis + step_at(limit);
            self.set(point, limit + side * past, false);
            self.scans(Check::Hysteresis, 2);
            // From outside, the hysteresis does not count.
            self.set(point, limit + side * step_at(limit), false);
            self.stand(row, Check::Hysteresis);
            self.come_back();
        }
    }

    fn maintenance(&mut self, row: usize) {
        if !self.sheet.has_mos(row) {
            // That there is no override is looked at in every scan.
            return;
        }
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        let check = Check::Maintenance;
        let period_ns = self.bench.period_ns;
        self.begin(
            Some(row),
            format!("{}: bypass refused without key", cause.id),
        );
        self.wish(check, bypass(row, 0, true));
        self.make_decisive(row, 0);
        self.try_channel(row, 0, Try::Beyond);
        self.stand(row, check);
        for n in 0..cause.channels.len() {
            for combination in combinations(cause) {
                let name = describe(&cause.id, &combination);
                self.begin(Some(row), format!("{name}; channel {} bypassed", n + 1));
                self.key(row, true);
                self.scans(check, 1);
                self.wish(check, bypass(row, n, true));
                for (channel, what) in combination.iter().enumerate() {
                    self.try_channel(row, channel, *what);
                }
                self.stand(row, check);
                self.wish(check, bypass(row, n, false));
                self.stand(row, check);
                self.healthy();
                self.scans(check, 2);
                if self.is_over() {
                    return;
                }
            }
            self.begin(Some(row), format!("{}: key withdrawn", cause.id));
            self.key(row, true);
            self.scans(check, 1);
            self.wish(check, bypass(row, n, true));
            self.make_decisive(row, n);
            self.try_channel(row, n, Try::Beyond);
            self.stand(row, check);
            self.key(row, false);
            self.stand(row, check);
            self.begin(
                Some(row),
                format!("{}: bypass of {} expires", cause.id, n + 1),
            );
            self.key(row, true);
            self.scans(check, 1);
            self.wish(check, bypass(row, n, true));
            let expiry = self.periods(ns(sheet.rules_of(row).expiry_s));
            self.leap(check, expiry.saturating_sub(3) * period_ns);
            self.scans(check, 5);
            self.wish(check, bypass(row, n, true));
            self.try_channel(row, n, Try::Beyond);
            self.leap(check, expiry * period_ns);
            self.scans(check, 3);
            self.try_channel(row, n, Try::Safe);
            self.healthy();
            self.scans(check, 2);
        }
        self.limits_of_bypass(row);
        self.begin(
            Some(row),
            format!("{}: no bypass outlives a start", cause.id),
        );
        self.key(row, true);
        self.scans(check, 1);
        self.wish(check, bypass(row, 0, true));
        self.start(Start::Warm);
        self.scans(check, 2);
    }

    /// More bypasses than vote and unit permit, and a key that cannot be read.
    fn limits_of_bypass(&mut self, row: usize) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        let check = Check::Maintenance;
        self.begin(
            Some(row),
            format!("{}: every channel of the vote", cause.id),
        );
        self.key(row, true);
        self.scans(check, 1);
        for channel in 0..cause.channels.len() {
            self.wish(check, bypass(row, channel, true));
        }
        self.scans(check, 1);
        let unit: Vec<usize> = (0..sheet.matrix.causes.len())
            .filter(|other| {
                sheet.has_mos(*other)
                    && sheet.book[*other] == sheet.book[row]
                    && sheet.matrix.causes[*other].unit == cause.unit
            })
            .collect();
        self.begin(
            Some(row),
            format!("{}: then every row of its unit", cause.id),
        );
        self.key(row, true);
        self.scans(check, 1);
        self.wish(check, bypass(row, 0, true));
        for other in &unit {
            self.wish(check, bypass(*other, 0, true));
        }
        self.begin(
            Some(row),
            format!("{}: every row of its unit at once", cause.id),
        );
        self.key(row, true);
        self.scans(check, 1);
        let mos = unit.iter().map(|other| (*other, 0, true)).collect();
        self.wish(
            check,
            Wishes {
                mos,
                ..Wishes::default()
            },
        );
        self.scans(check, 2);
        let key = sheet.rules_of(row).key.as_deref();
        if let Some(point) = key.and_then(|key| self.point(key))
            && self.bench.can_be_bad(point)
        {
            self.begin(Some(row), format!("{}: key bad", cause.id));
            self.set(point, 1.0, true);
            self.wish(check, bypass(row, 0, true));
            self.scans(check, 1);
            self.set(point, 1.0, false);
            self.wish(check, bypass(row, 0, true));
            self.set(point, 1.0, true);
            self.scans(check, 2);
        }
    }

    fn operational(&mut self, row: usize) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        let Some(oos_s) = cause.oos_s else { return };
        let check = Check::Operational;
        let period_ns = self.bench.period_ns;
        let longest = self.periods(ns(oos_s));
        for what in [Try::Beyond, Try::Bad] {
            self.begin(
                Some(row),
                format!("{}: overridden, {}", cause.id, what.word()),
            );
            self.try_all(row, what);
            self.wish(check, override_row(row, true));
            self.stand(row, check);
            let so_far = self.delay_of(row) + 3;
            let left = longest.saturating_sub(so_far).saturating_sub(2);
            self.leap(check, left * period_ns);
            self.scans(check, 6);
            self.stand(row, check);
            self.come_back();
        }
        self.begin(
            Some(row),
            format!("{}: override ends when healthy", cause.id),
        );
        self.wish(check, override_row(row, true));
        self.scans(check, 1);
        self.leap(check, 9_700_000_000);
        self.scans(check, 4);
        self.begin(Some(row), format!("{}: override taken back", cause.id));
        self.wish(check, override_row(row, true));
        self.try_all(row, Try::Beyond);
        self.stand(row, check);
        self.wish(check, override_row(row, false));
        self.stand(row, check);
        self.begin(
            Some(row),
            format!("{}: no override outlives a start", cause.id),
        );
        self.wish(check, override_row(row, true));
        self.start(Start::Warm);
        self.scans(check, 2);
    }

    /// `P`: a device in its safe position stays there while the row stands.
    fn permissive(&mut self, row: usize) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        let columns = 0..sheet.matrix.effects.len();
        let has = |symbol: Symbol| {
            let mut columns = columns.clone();
            columns.any(|column| sheet.matrix.cell(row, column).contains(&symbol))
        };
        if !has(Symbol::Permissive) {
            return;
        }
        for what in [Try::Safe, Try::Beyond, Try::Bad] {
            self.begin(
                Some(row),
                format!("{}: permissive {}", cause.id, what.word()),
            );
            self.wish(Check::Permissive, move_devices(false));
            self.leap(Check::Permissive, LOCK_OUT_NS);
            for channel in &cause.channels {
                let test = match (channel.test, cause.permissive) {
                    (Test::Above(_), Some(strict)) => Test::Above(strict.limit),
                    (Test::Below(_), Some(strict)) => Test::Below(strict.limit),
                    (test, _) => test,
                };
                if let Some(point) = self.point(&channel.tag) {
                    let (value, is_bad) = what.value(test);
                    self.set(point, value, is_bad);
                }
            }
            self.stand(row, Check::Permissive);
            self.wish(Check::Permissive, move_devices(true));
            self.scans(Check::Permissive, 1);
            self.come_back();
        }
    }

    /// All causes at once, as far as one value can serve several rows.
    fn together(&mut self) {
        let sheet = self.sheet;
        let rows = sheet.matrix.causes.len();
        let longest = sheet.matrix.causes.iter().map(|cause| cause.on_delay_s);
        let later = (0..rows).flat_map(|row| {
            (0..sheet.matrix.groups.len()).flat_map(move |group| sheet.deeds(row, group).2)
        });
        let (longest, later) = (longest.fold(0.0, f64::max), later.fold(0.0, f64::max));
        let time_ns = ns(longest) + ns(later);
        for (name, is_forward, what) in [
            ("all beyond, upper rows first", false, Try::Beyond),
            ("all beyond, lower rows first", true, Try::Beyond),
            ("all bad", true, Try::Bad),
        ] {
            self.begin(None, name.into());
            for n in 0..rows {
                let row = if is_forward { n } else { rows - 1 - n };
                self.try_all(row, what);
            }
            self.scans(Check::Together, 2);
            for part in [0.3, 0.7, 0.2] {
                self.leap(Check::Together, (time_ns as f64 * part) as u64);
                self.scans(Check::Together, 2);
            }
            self.come_back();
        }
    }
}

fn describe(id: &str, combination: &[Try]) -> String {
    let words: Vec<&str> = combination.iter().map(|what| what.word()).collect();
    format!("{id}: {}", words.join(", "))
}
