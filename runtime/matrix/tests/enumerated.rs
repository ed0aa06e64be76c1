//! Small random plants, judged a second time by going through every state.

#[allow(dead_code)]
mod plant;

use matrix::proof::{DeviceTrips, Fault, Permit, Theorem, WiredTrip};
use matrix::vote::{Shown, is_for_trip};
use matrix::*;
use plant::{analog, cause, channel, effect, need};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ROWS: usize = 2;
const COLUMNS: usize = 3;
/// Every value that the limits 1 and 2 can tell apart; `None` is bad.
const VALUES: [Option<f64>; 6] = [Some(0.0), Some(1.0), Some(1.5), Some(2.0), Some(3.0), None];
const ARMED: [Option<bool>; 3] = [Some(false), Some(true), None];

const ON_BAD: [OnBad; 3] = [OnBad::Trip, OnBad::NoTrip, OnBad::Exclude];

fn a_channel() -> impl Strategy<Value = Channel> {
    let limit = prop_oneof![Just(1.0), Just(2.0)];
    (
        0..2usize,
        limit,
        any::<bool>(),
        proptest::sample::select(&ON_BAD[..]),
    )
        .prop_map(|(tag, limit, is_above, on_bad)| Channel {
            on_bad,
            ..channel(
                ["TT-1", "PT-1"][tag],
                if is_above {
                    Test::Above(limit)
                } else {
                    Test::Below(limit)
                },
            )
        })
}

prop_compose! {
    fn a_row()(
        channels in proptest::collection::vec(a_channel(), 1..=3),
        m in 1u8..=3,
        is_armed: bool,
        is_delayed: bool,
        is_safety: bool,
        mos: bool,
        oos: bool,
    ) -> Cause {
        Cause {
            on_delay_s: f64::from(u8::from(is_delayed)),
            armed: is_armed.then(|| "RUN".to_string()),
            degrade: if is_safety { Degrade::Safety } else { Degrade::Availability },
            class: Class::Process,
            mos,
            oos_s: oos.then_some(300.0),
            ..cause("", "", m.min(channels.len() as u8), channels)
        }
    }
}

prop_compose! {
    fn a_matrix()(
        rows in proptest::collection::vec(a_row(), ROWS),
        groups in proptest::collection::vec(0..2usize, COLUMNS),
        values in proptest::collection::vec(0..2u8, COLUMNS),
        symbols in proptest::collection::vec(0..5usize, ROWS * COLUMNS),
        per_vote_max in 0..3u8,
        per_unit_max in 0..4u8,
    ) -> Matrix {
        let mut matrix = Matrix { causes: rows, ..Matrix::default() };
        for (at, row) in matrix.causes.iter_mut().enumerate() {
            row.id = format!("C{at}");
        }
        for (at, (group, value)) in groups.iter().zip(&values).enumerate() {
            let action = analog("TV-1", f64::from(*value));
            let kind = EffectKind::Final(vec![action]);
            matrix.effects.push(effect(&format!("E{at}"), "", Some(*group), kind));
        }
        for name in ["RG-0", "RG-1"] {
            matrix.groups.push(ResetGroup {
                name: name.to_string(),
                unit: String::new(),
                text: Words::default(),
            });
        }
        for (at, symbol) in symbols.iter().enumerate() {
            let symbols = match symbol {
                0 => vec![Symbol::Trip],
                1 => vec![Symbol::TripUnlatched],
                2 => vec![Symbol::Delayed(5.0)],
                3 => vec![Symbol::Permissive],
                _ => continue,
            };
            matrix.cells.insert((at / COLUMNS, at % COLUMNS), symbols);
        }
        matrix.bypass.per_vote_max = per_vote_max;
        matrix.bypass.per_unit_max = per_unit_max;
        matrix
    }
}

/// Tags and everything that may be one way or another.
#[derive(Clone, Copy, Debug)]
struct State {
    values: [Option<f64>; 2],
    armed: Option<bool>,
    /// Lasted by row, latched by row and group, elapsed by cell.
    bits: u32,
}

impl State {
    fn bit(&self, at: usize) -> bool {
        self.bits >> at & 1 == 1
    }

    fn is_good(&self) -> bool {
        self.values.iter().all(Option::is_some) && self.armed.is_some()
    }

    fn holds(&self, tag: &str, test: Test) -> Option<bool> {
        let value = self.values[usize::from(tag == "PT-1")]?;
        Some(match test {
            Test::Above(limit) => value >= limit,
            Test::Below(limit) => value <= limit,
            Test::Is(_) => unreachable!("only real channels here"),
        })
    }

    fn shown(&self, row: &Cause) -> Vec<Shown> {
        row.channels
            .iter()
            .map(|channel| match self.holds(&channel.tag, channel.test) {
                Some(true) => Shown::For,
                Some(false) => Shown::Against,
                None => Shown::Bad,
            })
            .collect()
    }

    fn is_due(&self, row: &Cause) -> bool {
        is_for_trip(row, &self.shown(row)) && (row.armed.is_none() || self.armed != Some(false))
    }

    fn stands(&self, matrix: &Matrix, at: usize) -> bool {
        let row = &matrix.causes[at];
        self.is_due(row) && (row.on_delay_s == 0.0 || self.bit(at))
    }

    /// A cell's demand when the row stands or not.
    fn demands(&self, matrix: &Matrix, row: usize, column: usize) -> bool {
        let group = matrix.effects[column].group.expect("every effect has one");
        let latched = self.bit(ROWS + 2 * row + group);
        let elapsed = self.bit(ROWS + 2 * ROWS + COLUMNS * row + column);
        match matrix.cell(row, column) {
            [Symbol::Trip] => self.stands(matrix, row) || latched,
            [Symbol::TripUnlatched] => self.stands(matrix, row),
            [Symbol::Delayed(_)] => (self.stands(matrix, row) || latched) && elapsed,
            _ => false,
        }
    }
}

/// The bits of a state that matter: delays of rows, latches, delays of cells.
fn bits_of(matrix: &Matrix) -> u32 {
    let mut bits = 0;
    for (row, cause) in matrix.causes.iter().enumerate() {
        bits |= u32::from(cause.on_delay_s > 0.0) << row;
        for (column, effect) in matrix.effects.iter().enumerate() {
            let group = effect.group.expect("every effect has one");
            let latched = 1 << (ROWS + 2 * row + group);
            let elapsed = 1 << (ROWS + 2 * ROWS + COLUMNS * row + column);
            bits |= match matrix.cell(row, column) {
                [Symbol::Trip] => latched,
                [Symbol::Delayed(_)] => latched | elapsed,
                _ => 0,
            };
        }
    }
    bits
}

/// Every state; of the bits only those of the mask are ever set.
fn every_state(mask: u32) -> impl Iterator<Item = State> {
    VALUES.into_iter().flat_map(move |a| {
        VALUES.into_iter().flat_map(move |b| {
            ARMED.into_iter().flat_map(move |armed| {
                // The subsets of the mask, from all of it down to none.
                let smaller = move |bits: &u32| bits.checked_sub(1).map(|bits| bits & mask);
                std::iter::successors(Some(mask), smaller).map(move |bits| State {
                    values: [a, b],
                    armed,
                    bits,
                })
            })
        })
    })
}

/// Rows and columns of what fails in one way.
fn found(report: &Report, fault: Fault) -> BTreeSet<Vec<String>> {
    let of = |subject: &matrix::proof::Subject| match subject {
        matrix::proof::Subject::Cause(id)
        | matrix::proof::Subject::Effect(id)
        | matrix::proof::Subject::Hazard(id)
        | matrix::proof::Subject::Permit(id) => Some(id.clone()),
        _ => None,
    };
    report
        .failures
        .iter()
        .filter(|failure| failure.fault == fault)
        .map(|failure| failure.subjects.iter().filter_map(of).take(2).collect())
        .collect()
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| id.to_string()).collect()
}

/// The cells that some state defeats, and the rows that never trip.
fn reach(matrix: &Matrix, device: &DeviceTrips) -> [BTreeSet<Vec<String>>; 2] {
    let mut defeated = BTreeSet::new();
    let mut never: BTreeSet<Vec<String>> =
        (matrix.causes.iter().map(|row| ids(&[&row.id]))).collect();
    for state in every_state(bits_of(matrix)) {
        let decides = device.trips.iter().find(|trip| {
            let column = matrix.effect(&trip.effect).expect("its own");
            (0..ROWS).any(|row| state.demands(matrix, row, column))
        });
        for (at, row) in matrix.causes.iter().enumerate() {
            if !state.stands(matrix, at) {
                continue;
            }
            if state.is_good() {
                never.remove(&ids(&[&row.id]));
            }
            for (column, effect) in matrix.effects.iter().enumerate() {
                let EffectKind::Final(actions) = &effect.kind else {
                    continue;
                };
                let is_lost = decides.is_none_or(|trip| trip.action != actions[0]);
                if is_lost && state.demands(matrix, at, column) {
                    defeated.insert(ids(&[&row.id, &effect.id]));
                }
            }
        }
    }
    [defeated, never]
}

/// Whether some permitted combination of bypasses leaves no row that can trip.
fn is_unguarded(matrix: &Matrix, rows: &[usize]) -> bool {
    // A bit for each channel, then one for each row.
    let channels = 3 * ROWS;
    (0..1u32 << (channels + ROWS)).any(|bits| {
        let is_set = |at: usize| bits >> at & 1 == 1;
        let bypassed = |row: usize| {
            let n = matrix.causes[row].channels.len();
            (0..n)
                .filter(move |number| is_set(3 * row + number))
                .count()
        };
        let total: usize = rows.iter().map(|row| bypassed(*row)).sum();
        let is_permitted = (0..ROWS).all(|at| {
            let row = &matrix.causes[at];
            let stray = (row.channels.len()..3).any(|number| is_set(3 * at + number));
            let is_used = rows.contains(&at);
            let some = bypassed(at) > 0;
            !stray
                && (is_used || !(some || is_set(channels + at)))
                && (row.mos || !some)
                && (row.oos_s.is_some() || !is_set(channels + at))
                && bypassed(at) <= usize::from(matrix.bypass.per_vote_max)
        });
        is_permitted
            && total <= usize::from(matrix.bypass.per_unit_max)
            && !rows.iter().any(|at| {
                let row = &matrix.causes[*at];
                !is_set(channels + at)
                    && every_state(0).filter(State::is_good).any(|state| {
                        let mut shown = state.shown(row);
                        for (number, shown) in shown.iter_mut().enumerate() {
                            if is_set(3 * at + number) {
                                *shown = Shown::Bypassed;
                            }
                        }
                        let is_armed = row.armed.is_none() || state.armed == Some(true);
                        is_armed && is_for_trip(row, &shown)
                    })
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn final_elements_obey_exactly_where_they_are_proved_to(
        matrix in a_matrix(),
        is_reversed: bool,
    ) {
        let mut device = DeviceTrips { device: "TV-1".to_string(), trips: Vec::new() };
        for effect in &matrix.effects {
            let EffectKind::Final(actions) = &effect.kind else { continue };
            device.trips.push(WiredTrip {
                group: matrix.groups[effect.group.unwrap_or(0)].name.clone(),
                effect: effect.id.clone(),
                action: actions[0].clone(),
            });
        }
        if is_reversed {
            device.trips.reverse();
        }
        let facts = Facts { devices: vec![device.clone()], ..Facts::default() };
        let report = prove(&matrix, &facts);
        let [defeated, never] = reach(&matrix, &device);
        prop_assert_eq!(found(&report, Fault::Defeated), defeated);
        prop_assert_eq!(found(&report, Fault::NeverTrips), never);
    }

    #[test]
    fn hazards_are_guarded_exactly_where_they_are_proved_to_be(
        mut matrix in a_matrix(),
        is_single: bool,
    ) {
        let rows: Vec<usize> = if is_single { vec![0] } else { vec![0, 1] };
        for row in &rows {
            matrix.cells.insert((*row, 0), vec![Symbol::Trip]);
        }
        matrix.hazards.push(Hazard {
            id: "H-1".to_string(),
            text: Words::default(),
            causes: rows.clone(),
        });
        let report = prove(&matrix, &Facts::default());
        let is_found = !found(&report, Fault::HazardBypassed).is_empty();
        prop_assert_eq!(is_found, is_unguarded(&matrix, &rows));
    }

    #[test]
    fn permissives_hold_exactly_where_they_are_proved_to(
        matrix in a_matrix(),
        needs in proptest::collection::vec(a_channel(), 0..3),
        group in 0..2usize,
    ) {
        let permit = Permit {
            name: "P-1".to_string(),
            needs: needs.iter().map(|c| need(&c.tag, c.test)).collect(),
            untripped: vec![format!("RG-{group}")],
        };
        let facts = Facts { permits: vec![permit], ..Facts::default() };
        let report = prove(&matrix, &facts);
        let in_group = |at: usize| {
            (0..COLUMNS).any(|column| {
                matrix.effects[column].group == Some(group)
                    && matrix.cell(at, column).iter().any(|symbol| symbol.acts())
            })
        };
        let holds = every_state(0).filter(State::is_good).any(|state| {
            needs.iter().all(|c| state.holds(&c.tag, c.test) == Some(true))
                && !(0..ROWS).any(|at| in_group(at) && state.is_due(&matrix.causes[at]))
        });
        prop_assert_eq!(found(&report, Fault::PermitNeverHolds).is_empty(), holds);
        for (at, row) in matrix.causes.iter().enumerate() {
            let clears = every_state(0).filter(State::is_good).any(|state| {
                (row.armed.is_none() || state.armed == Some(true)) && !state.is_due(row)
            });
            let blocked = report.failures.iter().any(|failure| {
                failure.theorem == Theorem::Permissive
                    && failure.fault == Fault::PermissiveNeverClears
                    && failure.subjects[0] == matrix::proof::Subject::Cause(row.id.clone())
            });
            let has_cell = (0..COLUMNS)
                .any(|column| matrix.cell(at, column).contains(&Symbol::Permissive));
            prop_assert_eq!(blocked, has_cell && !clears);
        }
    }
}
