//! What holds for every history: nothing given is lost or bent, nothing is drawn
//! across a gap, and every question has the answer of the naive way.

#![allow(clippy::unwrap_used)]

use historian::disk::MemoryDisk;
use historian::{
    Aggregate, Gap, GapKind, Historian, HistoryReader, Item, Mark, Options, Point, Policy, Sample,
    SourceId, Specs, TagId, TagSpec, Taken, Window,
};
use proptest::prelude::*;
use signal::{Kind, Level, Quality, Reason};
use std::sync::Arc;

const S: i64 = 1_000_000_000;
const SOURCE: SourceId = SourceId(0);

fn specs(kind: Kind, policy: Policy) -> Specs {
    Specs {
        sources: vec!["fast".into()],
        tags: vec![TagSpec {
            name: "TT-101.PV".into(),
            kind,
            unit: "degC".into(),
            source: SOURCE,
            policy,
        }],
    }
}

/// What one scan brings.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Nothing changed.
    Still,
    /// A value.
    Value(f64, Quality),
    /// This many scans are not given; the next is, without a change.
    Lost(u64),
    /// The station stops, or breaks, and starts with a value some seconds later.
    Start(bool, f64),
    /// The clock steps by this many seconds; a scan without a change.
    Clock(i64),
    /// The segment is sealed.
    Roll,
}

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![
        6 => Just(Quality::GOOD),
        1 => Just(Quality::UNCERTAIN),
        1 => Just(Quality::COMM_LOST),
        1 => Just(Quality::GOOD.with(Quality::FORCED)),
        1 => Just(Quality::new(Level::Uncertain, Reason::OutOfRange)),
    ]
}

fn steps(steps_back: bool) -> impl Strategy<Value = Vec<Step>> {
    let value = prop_oneof![-20.0..150.0_f64, (0_i32..4).prop_map(f64::from)];
    let clock = if steps_back { -40_i64..40 } else { 1..40 };
    let step = prop_oneof![
        4 => Just(Step::Still),
        12 => (value.clone(), quality()).prop_map(|(v, q)| Step::Value(v, q)),
        1 => (1_u64..5).prop_map(Step::Lost),
        1 => (any::<bool>(), value).prop_map(|(clean, v)| Step::Start(clean, v)),
        1 => clock.prop_map(Step::Clock),
        1 => Just(Step::Roll),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What the naive way knows: each scan with the value in force, and the gaps.
#[derive(Default)]
struct Naive {
    given: Vec<Point>,
    /// Scan by scan: time, value if known.
    scans: Vec<(i64, Option<(f64, Quality)>)>,
    gaps: Vec<Gap>,
    /// Places in `scans` that follow a gap.
    breaks: Vec<usize>,
}

fn play(steps: &[Step], kind: Kind, policy: Policy) -> (Historian, Naive) {
    let disk = Arc::new(MemoryDisk::default());
    let (mut historian, _) =
        Historian::open_on(disk, specs(kind, policy), Options::default()).unwrap();
    let mut naive = Naive::default();
    let (mut seq, mut utc) = (0_u64, 1_000 * S);
    let mut now: Option<(f64, Quality)> = None;
    historian.begin(SOURCE).unwrap();
    for step in steps {
        let before = naive.scans.last().map(|scan| scan.0);
        let mut sample = None;
        let mut gap = None;
        match *step {
            Step::Still => {}
            Step::Value(value, quality) => sample = Some((value, quality)),
            Step::Lost(count) => {
                if !naive.scans.is_empty() {
                    gap = Some(GapKind::Lost {
                        first: seq + 1,
                        last: seq + count,
                    });
                    seq += count;
                    utc += count as i64 * S;
                }
            }
            Step::Start(clean, value) => {
                if clean {
                    historian.end(SOURCE).unwrap();
                }
                historian.begin(SOURCE).unwrap();
                if !naive.scans.is_empty() {
                    gap = Some(if clean {
                        GapKind::Stopped
                    } else {
                        GapKind::Broken
                    });
                }
                now = None;
                seq = 0;
                utc += 7 * S;
                sample = Some((value, Quality::GOOD));
            }
            Step::Clock(by) => utc += by * S,
            Step::Roll => {
                historian.roll().unwrap();
                continue;
            }
        }
        seq += 1;
        utc += S;
        if let (Some(kind), Some(before)) = (gap, before) {
            naive.breaks.push(naive.scans.len());
            naive.gaps.push(Gap {
                from_ns: before,
                to_ns: utc,
                kind,
            });
        }
        let samples: Vec<Sample> = sample
            .map(|(value, quality)| Sample {
                tag: TagId(0),
                bits: kind.from_f64(value),
                quality,
            })
            .into_iter()
            .collect();
        let taken = historian.frame(SOURCE, seq, utc, &samples).unwrap();
        assert_eq!(
            matches!(taken, Taken::After(_)),
            matches!(gap, Some(GapKind::Lost { .. }))
        );
        if let Some((_, quality)) = sample {
            let bits = samples[0].bits;
            now = Some((kind.to_f64(bits), quality));
            naive.given.push(Point {
                utc_ns: utc,
                seq,
                kind,
                bits,
                quality,
            });
        }
        naive.scans.push((utc, now));
    }
    (historian, naive)
}

fn all(reader: &HistoryReader) -> (Vec<Point>, Vec<Gap>) {
    let (mut points, mut gaps) = (Vec::new(), Vec::new());
    for item in reader.read("TT-101.PV", i64::MIN, i64::MAX).unwrap() {
        match item.unwrap() {
            Item::Before(_) => unreachable!("there is no before"),
            Item::Point(point) => points.push(point),
            // A start before which there is nothing is a gap of no length.
            Item::Gap(gap) if gap.from_ns == gap.to_ns => {}
            Item::Gap(gap) => gaps.push(gap),
        }
    }
    (points, gaps)
}

impl Naive {
    /// The windows, by going through all scans for each.
    fn aggregate(&self, window: Window, kind: Kind) -> Aggregate {
        let mut sum = Aggregate::default();
        let within = |at: i64| (window.from_ns..window.to_ns).contains(&at);
        let value = |sum: &mut Aggregate, value: f64| {
            sum.min = sum.min.min(value);
            sum.max = sum.max.max(value);
            if sum.first.is_nan() {
                sum.first = value;
            }
            sum.last = value;
        };
        let mut given = self.given.iter().peekable();
        for (at, (utc, now)) in self.scans.iter().enumerate() {
            let is_given = given
                .next_if(|point| {
                    point.utc_ns == *utc && Some((point.value(), point.quality)) == *now
                })
                .is_some();
            if is_given && within(*utc) {
                let (v, q) = now.unwrap();
                sum.samples += 1;
                sum.worst = sum.worst.max(Some(q.level()));
                if !q.is_bad() {
                    value(&mut sum, v);
                }
            }
            let Some((next, _)) = self.scans.get(at + 1) else {
                continue;
            };
            let (from, to) = ((*utc).max(window.from_ns), (*next).min(window.to_ns));
            if from >= to {
                continue;
            }
            let ns = to - from;
            if self.breaks.contains(&(at + 1)) {
                sum.gap_ns += ns;
                continue;
            }
            let Some((v, q)) = now else { continue };
            sum.worst = sum.worst.max(Some(q.level()));
            if q.is_bad() {
                sum.bad_ns += ns;
                continue;
            }
            value(&mut sum, *v);
            if q.is_good() {
                sum.good_ns += ns;
            } else {
                sum.uncertain_ns += ns;
            }
            sum.integral += v * ns as f64 * 1e-9;
            if kind != Kind::Real {
                *sum.states.entry(*v as i64).or_default() += ns;
            }
        }
        sum
    }
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

fn assert_same(ours: &Aggregate, naive: &Aggregate) {
    assert_eq!(ours.samples, naive.samples);
    assert!(same(ours.min, naive.min), "{ours:?} {naive:?}");
    assert!(same(ours.max, naive.max), "{ours:?} {naive:?}");
    assert!(same(ours.first, naive.first), "{ours:?} {naive:?}");
    assert!(same(ours.last, naive.last), "{ours:?} {naive:?}");
    let times = |a: &Aggregate| (a.good_ns, a.uncertain_ns, a.bad_ns, a.gap_ns);
    assert_eq!(times(ours), times(naive));
    assert_eq!(ours.worst, naive.worst);
    assert_eq!(ours.states, naive.states);
    let scale = 1e-9 * (1.0 + naive.integral.abs());
    assert!((ours.integral - naive.integral).abs() <= scale);
}

fn span(naive: &Naive) -> (i64, i64) {
    let times = naive.scans.iter().map(|scan| scan.0);
    let from = times.clone().min().unwrap_or(0);
    (from - 3 * S, times.max().unwrap_or(0) + 3 * S)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_raw_tag_gives_back_exactly_what_went_in(steps in steps(true)) {
        let (historian, naive) = play(&steps, Kind::Real, Policy::Raw);
        let (points, gaps) = all(&historian.reader());
        prop_assert_eq!(points, naive.given);
        prop_assert_eq!(gaps, naive.gaps);
    }

    #[test]
    fn an_exception_keeps_what_exceeds_its_deadband_and_every_quality(
        steps in steps(true), deadband in 0.0..30.0_f64,
    ) {
        let (historian, naive) = play(&steps, Kind::Real, Policy::Exception { deadband });
        let (points, gaps) = all(&historian.reader());
        prop_assert_eq!(&gaps, &naive.gaps);
        // Every given sample is within the deadband of the point in force after it.
        let mut kept = points.iter().peekable();
        let mut force: Option<Point> = None;
        for given in &naive.given {
            if let Some(point) = kept.next_if(|point| *point == given) {
                force = Some(*point);
            }
            let force = force.unwrap();
            prop_assert_eq!(force.quality, given.quality);
            prop_assert!((force.value() - given.value()).abs() <= deadband);
        }
        prop_assert!(kept.next().is_none());
    }

    #[test]
    fn a_swinging_door_never_deviates_more_and_keeps_every_quality(
        steps in steps(false), deviation in 0.0..30.0_f64, max_s in 2_i64..100,
    ) {
        let policy = Policy::SwingingDoor { deviation, max_interval_ns: max_s * S };
        let (mut historian, naive) = play(&steps, Kind::Real, policy);
        historian.end(SOURCE).unwrap();
        let reader = historian.reader();
        let (_, gaps) = all(&reader);
        prop_assert_eq!(&gaps, &naive.gaps);
        // The signal at each scan, by a window so short that it is a point.
        let windows: Vec<Window> = naive.scans.iter()
            .map(|scan| Window { from_ns: scan.0, to_ns: scan.0 + 2 })
            .collect();
        let shown = reader.aggregate("TT-101.PV", &windows).unwrap();
        for (at, (scan, shown)) in naive.scans.iter().zip(&shown).enumerate() {
            let is_last = at + 1 == naive.scans.len() || naive.breaks.contains(&(at + 1));
            match scan.1 {
                None => prop_assert!(shown.first.is_nan()),
                // At the end of what is known there is no time left, only a point.
                Some(_) if is_last && shown.worst.is_none() => {}
                Some((_, quality)) if quality.is_bad() => {
                    prop_assert_eq!(shown.worst, Some(Level::Bad));
                }
                Some((value, quality)) => {
                    prop_assert_eq!(shown.worst, Some(quality.level()));
                    let off = (shown.first - value).abs();
                    prop_assert!(off <= deviation + 1e-6, "{} off by {}", value, off);
                }
            }
        }
    }

    #[test]
    fn aggregates_are_those_of_the_naive_way(
        steps in steps(true), count in 1_usize..9, cut in 0..100_i64, is_raw: bool,
    ) {
        for kind in [Kind::Real, Kind::Int, Kind::Bool] {
            let policy = if is_raw { Policy::Raw } else { Policy::Exception { deadband: 0.0 } };
            let (historian, mut naive) = play(&steps, kind, policy);
            let (from, to) = span(&naive);
            let reader = historian.reader();
            if !is_raw {
                naive.given = all(&reader).0;
            }
            let windows = Window::equal(from + cut * S / 7, to, count);
            let ours = reader.aggregate("TT-101.PV", &windows).unwrap();
            for (window, ours) in windows.iter().zip(&ours) {
                assert_same(ours, &naive.aggregate(*window, kind));
            }
            // Windows in any order are answered as well.
            let mixed: Vec<Window> = windows.iter().rev().chain(&windows).copied().collect();
            let again = reader.aggregate("TT-101.PV", &mixed).unwrap();
            for (again, ours) in again[count..].iter().zip(&ours) {
                assert_same(again, ours);
            }
        }
    }

    #[test]
    fn an_envelope_is_that_of_the_raw_samples(steps in steps(true), buckets in 1_usize..40) {
        let (historian, naive) = play(&steps, Kind::Real, Policy::Raw);
        let (from, to) = span(&naive);
        let ours = historian.reader().envelope("TT-101.PV", from, to, buckets).unwrap();
        for (window, ours) in Window::equal(from, to, buckets).into_iter().zip(&ours) {
            let naive = naive.aggregate(window, Kind::Real);
            prop_assert!(same(ours.min, naive.min) && same(ours.max, naive.max));
            prop_assert!(same(ours.first, naive.first) && same(ours.last, naive.last));
            prop_assert_eq!(ours.has_gap, naive.gap_ns > 0);
            prop_assert_eq!(ours.mark == Mark::Empty, naive.worst.is_none());
        }
    }

    #[test]
    fn a_part_of_history_is_a_part_of_the_whole(
        steps in steps(true), a in 0.0..1.0_f64, b in 0.0..1.0_f64,
    ) {
        let (historian, naive) = play(&steps, Kind::Real, Policy::Raw);
        let (from, to) = span(&naive);
        let place = |share: f64| from + ((to - from) as f64 * share) as i64;
        let (from, to) = (place(a.min(b)), place(a.max(b)));
        let mut points = Vec::new();
        let mut before = None;
        for item in historian.reader().read("TT-101.PV", from, to).unwrap() {
            match item.unwrap() {
                Item::Before(point) => before = Some(point),
                Item::Point(point) => points.push(point),
                Item::Gap(gap) => prop_assert!(gap.to_ns > from && gap.from_ns < to),
            }
        }
        let within = |point: &&Point| (from..to).contains(&point.utc_ns);
        let wanted: Vec<Point> = naive.given.iter().filter(within).copied().collect();
        prop_assert_eq!(points, wanted);
        if let Some(before) = before {
            prop_assert!(before.utc_ns < from);
            prop_assert!(naive.given.contains(&before));
        }
    }

    #[test]
    fn merged_segments_answer_as_before(steps in steps(false), door: bool) {
        let policy = if door {
            Policy::SwingingDoor { deviation: 5.0, max_interval_ns: 50 * S }
        } else {
            Policy::Raw
        };
        let (historian, naive) = play(&steps, Kind::Real, policy);
        let (from, to) = span(&naive);
        let reader = historian.reader();
        let windows = Window::equal(from, to, 7);
        let before = (all(&reader), reader.aggregate("TT-101.PV", &windows).unwrap());
        let merged = historian.keeper().merge(i64::MAX, 1_000_000 * S, 9).unwrap();
        prop_assert!(merged.len() <= 1);
        prop_assert_eq!(all(&reader), before.0);
        let after = reader.aggregate("TT-101.PV", &windows).unwrap();
        for (after, before) in after.iter().zip(&before.1) {
            assert_same(after, before);
        }
    }
}
