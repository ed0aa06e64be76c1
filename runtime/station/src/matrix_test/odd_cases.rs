//! Cases that a row's own conditions do not bring about: readings of doubtful quality,
//! devices that no row may keep where they are, outputs that may not rise.

use super::cases::{LOCK_OUT_NS, move_devices, reset};
use super::oracle::Position;
use super::play::Play;
use super::sheet::Try;
use super::tally::Check;
use matrix::{Action, Symbol, Test};

impl Play<'_> {
    /// Every channel, deciding, and the arming tag with an uncertain quality: what is
    /// uncertain counts by its value, on both sides.
    pub(super) fn doubtful(&mut self, row: usize) {
        let sheet = self.sheet;
        let cause = &sheet.matrix.causes[row];
        for n in 0..cause.channels.len() {
            for what in [Try::Safe, Try::Beyond] {
                let tag = &cause.channels[n].tag;
                let name = format!("{}: {tag} uncertain, {}", cause.id, what.word());
                self.begin(Some(row), name);
                self.make_decisive(row, n);
                self.bench.is_doubtful = true;
                self.try_channel(row, n, what);
                self.bench.is_doubtful = false;
                self.stand(row, Check::Vote);
                self.come_back();
            }
        }
        let Some(point) = cause.armed.as_deref().and_then(|tag| self.point(tag)) else {
            return;
        };
        for what in [Try::Safe, Try::Beyond] {
            let name = format!("{}: armed uncertain, {}", cause.id, what.word());
            self.begin(Some(row), name);
            self.bench.is_doubtful = true;
            self.set(point, what.value(Test::Is(true)).0, false);
            self.bench.is_doubtful = false;
            self.try_all(row, Try::Beyond);
            self.stand(row, Check::Arming);
            self.come_back();
        }
    }

    /// While a row stands, every device that it neither trips nor bars can leave its
    /// safe position.
    pub(super) fn free(&mut self, row: usize) {
        let name = format!("{}: what it does not bar can be moved", self.id(row));
        self.begin(Some(row), name);
        self.wish(Check::Permissive, move_devices(false));
        self.leap(Check::Permissive, LOCK_OUT_NS);
        self.try_all(row, Try::Beyond);
        self.stand(row, Check::Permissive);
        self.wish(Check::Permissive, move_devices(true));
        self.scans(Check::Permissive, 1);
        // And back, which for some is away from where they go without energy.
        self.wish(Check::Permissive, move_devices(false));
        self.leap(Check::Permissive, LOCK_OUT_NS);
        self.come_back();
    }

    /// `I`: an output that another row has taken down stays there while this one stands,
    /// and rises afterwards. Noted where nothing takes it down.
    pub(super) fn inhibited(&mut self, row: usize) {
        let sheet = self.sheet;
        let matrix = &sheet.matrix;
        let has = |row: usize, column: usize, is: fn(Symbol) -> bool| {
            matrix.cell(row, column).iter().any(|symbol| is(*symbol))
        };
        for n in 0..self.oracle.devices.len() {
            let device = &self.oracle.devices[n];
            let columns: Vec<usize> = device.actions.iter().map(|action| action.0).collect();
            let is_inhibit = |symbol| symbol == Symbol::Inhibit;
            if !columns.iter().any(|column| has(row, *column, is_inhibit)) {
                continue;
            }
            let trips_at_once = |symbol| matches!(symbol, Symbol::Trip | Symbol::TripUnlatched);
            let takes_down = |other: &usize| {
                let mut actions = device.actions.iter();
                *other != row && actions.any(|(column, action)| {
                    let is_below =
                        matches!(action, Action::Analog { value, .. } if *value < device.demand);
                    is_below && has(*other, *column, trips_at_once)
                })
            };
            let other = (0..matrix.causes.len()).find(takes_down);
            let name = format!("{}: {} may not rise", self.id(row), device.name);
            let is_seen = self.bench.has_demand(n) && matches!(device.safe(), Position::At(_));
            let (Some(other), true) = (other, is_seen) else {
                self.verdict.notes.push(format!("{name}: nothing shows it"));
                continue;
            };
            self.begin(Some(row), name);
            self.try_all(other, Try::Beyond);
            self.stand(other, Check::Permissive);
            self.healthy();
            self.try_all(row, Try::Beyond);
            self.stand(row, Check::Permissive);
            self.wish(Check::Permissive, reset());
            self.scans(Check::Permissive, 2);
            self.healthy();
            self.scans(Check::Permissive, 2);
        }
    }
}
