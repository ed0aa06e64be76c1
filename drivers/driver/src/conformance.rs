//! What any driver must pass before it may stand at the field door.
//!
//! A driver brings a factory, a [`Peer`] that plays its device, and the [`Timing`]
//! it promises. The checks run on tokio's clock: with a peer in memory and time
//! paused they take no time and cannot be late.

use std::sync::Arc;
use std::time::Duration;

use signal::{Kind, Reason, Utc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::clock::ManualClock;
use crate::point::{Direction, FailSafe, Point};
use crate::ports::{FarSide, ports};
use crate::{Driver, Exit};

/// The device a driver talks to, as a test can play it.
pub trait Peer {
    /// Back to a fresh device: reachable, outputs forgotten.
    fn reset(&mut self);
    /// The device shows this value (cell bits) at this input point.
    fn set_input(&mut self, index: usize, bits: u64);
    /// The device shows a NaN at this input point; false where it cannot.
    fn set_not_finite(&mut self, index: usize) -> bool {
        let _ = index;
        false
    }
    /// What the device last received at this output point, as cell bits.
    fn output(&self, index: usize) -> Option<u64>;
    /// The device falls silent.
    fn lose(&mut self);
    /// The device answers again.
    fn restore(&mut self);
    /// The n-th of several distinct values that the point can carry, as cell bits.
    fn sample(&self, point: &Point, n: u32) -> u64 {
        match point.kind {
            Kind::Bool => u64::from(n & 1),
            Kind::Int => 10 + u64::from(n),
            Kind::Real => (10.0 + f64::from(n)).to_bits(),
        }
    }
    /// Largest difference between a real value and its picture in the device.
    fn tolerance(&self) -> f64 {
        1e-3
    }
}

/// What a driver promises, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From start or from a change in the device to the frame that shows it.
    pub poll_ms: u64,
    /// From loss of the device to every input bad: time-out times attempts, plus a poll.
    pub lost_ms: u64,
    /// From return of the device to every input good: longest back-off, plus a poll.
    pub restore_ms: u64,
    /// From an output frame to the device.
    pub write_ms: u64,
    /// From the last advancing output frame to fail-safe values; `None`: not promised.
    pub fail_safe_ms: Option<u64>,
    /// From the order to stop to the end.
    pub stop_ms: u64,
}

/// Outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the check, a sentence.
    pub check: &'static str,
    /// What was seen instead, if it failed.
    pub outcome: Result<(), String>,
}

/// Outcomes of all checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(pub Vec<Finding>);

impl Report {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.0.iter().all(|f| f.outcome.is_ok())
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for finding in &self.0 {
            match &finding.outcome {
                Ok(()) => writeln!(f, "pass  {}", finding.check)?,
                Err(seen) => writeln!(f, "FAIL  {}: {seen}", finding.check)?,
            }
        }
        Ok(())
    }
}

/// Runs every check, each with a fresh driver and a reset peer.
pub async fn check<F>(mut factory: F, peer: &mut dyn Peer, timing: Timing) -> Report
where
    F: FnMut() -> Box<dyn Driver>,
{
    let mut report = Report::default();
    let mut note = |check, outcome| report.0.push(Finding { check, outcome });
    note(
        "points are fixed, ordered and uniquely named",
        points(&mut factory),
    );

    macro_rules! run {
        ($sentence:literal, $check:ident) => {{
            peer.reset();
            let mut rig = Rig::start(factory(), timing);
            let outcome = $check(&mut rig, peer).await;
            let outcome = outcome.and(rig.invariant.clone());
            rig.task.abort();
            note($sentence, outcome);
        }};
    }
    run!("every input is bad until it is read", unread_is_bad);
    run!(
        "values of the device arrive good, with their time",
        values_arrive
    );
    run!("an output reaches the device", output_arrives);
    run!(
        "an unarmed frame drives fail-safe values",
        unarmed_is_fail_safe
    );
    run!(
        "a silent scan drives fail-safe values",
        silent_scan_is_fail_safe
    );
    run!(
        "a lost device makes every input bad, comm-lost, in time",
        lost_is_bad
    );
    run!(
        "a device that returns makes every input good",
        returned_is_good
    );
    run!(
        "a value that is not finite is never good",
        not_finite_is_bad
    );
    run!("the order to stop ends the driver", stop_ends);
    run!(
        "the order to stop ends a driver without its device",
        stop_ends_when_lost
    );
    report
}

type Outcome = Result<(), String>;

fn points(factory: &mut dyn FnMut() -> Box<dyn Driver>) -> Outcome {
    let (one, two) = (factory(), factory());
    if one.points() != two.points() {
        return Err("two drivers of one text differ in their points".into());
    }
    let mut names: Vec<&str> = one.points().iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|w| w[0] == w[1]) {
        Some(twice) => Err(format!("{} is named twice", twice[0])),
        None => Ok(()),
    }
}

/// A running driver and the scan's side of its door.
struct Rig {
    points: Vec<Point>,
    far: FarSide,
    task: JoinHandle<Exit>,
    timing: Timing,
    clock: Arc<ManualClock>,
    scan: u64,
    armed: bool,
    commands: Vec<u64>,
    kinds: Vec<Kind>,
    /// What must hold in every frame of every check.
    invariant: Outcome,
}

impl Rig {
    fn start(driver: Box<dyn Driver>, timing: Timing) -> Rig {
        let points = driver.points().to_vec();
        let clock = Arc::new(ManualClock::at(Utc(1_000_000_000)));
        let (near, far) = ports(&points, clock.clone());
        let outputs = points.iter().filter(|p| p.direction == Direction::Output);
        let inputs = points.iter().filter(|p| p.direction == Direction::Input);
        Rig {
            commands: vec![0; outputs.count()],
            kinds: inputs.map(|p| p.kind).collect(),
            invariant: Ok(()),
            task: tokio::spawn(driver.run(near)),
            points,
            far,
            timing,
            clock,
            scan: 0,
            armed: false,
        }
    }

    fn side(&self, direction: Direction) -> Vec<Point> {
        let of_side = self.points.iter().filter(|p| p.direction == direction);
        of_side.cloned().collect()
    }

    /// One scan: outputs out, time on by a millisecond.
    async fn scan(&mut self) {
        self.scan += 1;
        let (scan, armed, commands) = (self.scan, self.armed, &self.commands);
        self.far.outputs.publish(|frame| {
            frame.scan = scan;
            frame.armed = armed;
            for (cell, bits) in frame.cells.iter_mut().zip(commands) {
                cell.bits = *bits;
                cell.quality = signal::Quality::GOOD;
                cell.source_utc = Utc(1);
            }
        });
        self.pass().await;
    }

    async fn pass(&mut self) {
        sleep(Duration::from_millis(1)).await;
        self.clock.advance_ns(1_000_000);
        let Some(frame) = self.far.inputs.latest() else {
            return;
        };
        for (index, (cell, kind)) in frame.cells.iter().zip(&self.kinds).enumerate() {
            let finite = *kind != Kind::Real || f64::from_bits(cell.bits).is_finite();
            if cell.quality.is_good() && !finite {
                self.invariant = Err(format!("input {index} is good and not finite"));
            }
            if cell.quality.is_good() && cell.source_utc == Utc(0) {
                self.invariant = Err(format!("input {index} is good and has no time"));
            }
        }
    }

    /// Scans until the condition holds, at most `ms`.
    async fn until(&mut self, ms: u64, what: &str, mut holds: impl FnMut(&Rig) -> bool) -> Outcome {
        let end = Instant::now() + Duration::from_millis(ms);
        loop {
            if holds(self) {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("not within {ms} ms: {what}"));
            }
            if self.task.is_finished() {
                return Err("the driver ended by itself".into());
            }
            self.scan().await;
        }
    }

    fn shows(&self, expected: &[(u64, Kind)], tolerance: f64) -> bool {
        let cells = &self.far.inputs.current().cells;
        cells.iter().zip(expected).all(|(cell, (bits, kind))| {
            cell.quality.is_good() && same(*kind, cell.bits, *bits, tolerance)
        })
    }

    fn all_good(&self) -> bool {
        let cells = &self.far.inputs.current().cells;
        cells.iter().all(|c| c.quality.is_good())
    }
}

fn same(kind: Kind, a: u64, b: u64, tolerance: f64) -> bool {
    match kind {
        Kind::Real => (f64::from_bits(a) - f64::from_bits(b)).abs() <= tolerance,
        Kind::Bool => (a != 0) == (b != 0),
        Kind::Int => a == b,
    }
}

async fn unread_is_bad(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    peer.lose();
    for _ in 0..rig.timing.lost_ms {
        let cells = &rig.far.inputs.current().cells;
        if let Some(index) = cells.iter().position(|c| !c.quality.is_bad()) {
            return Err(format!("input {index} is not bad though nothing was read"));
        }
        rig.scan().await;
    }
    Ok(())
}

async fn values_arrive(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    let inputs = rig.side(Direction::Input);
    let mut time_last = Utc(0);
    for n in 1..=3 {
        let mut expected = Vec::new();
        for (index, point) in inputs.iter().enumerate() {
            let bits = peer.sample(point, n);
            peer.set_input(index, bits);
            expected.push((bits, point.kind));
        }
        let tolerance = peer.tolerance();
        let limit = rig.timing.poll_ms;
        rig.until(limit, "the values of the device", |rig| {
            rig.shows(&expected, tolerance)
        })
        .await?;
        for cell in &rig.far.inputs.current().cells {
            if cell.source_utc <= time_last {
                return Err(format!("source time {} after {time_last}", cell.source_utc));
            }
        }
        time_last = rig.clock_now();
    }
    Ok(())
}

impl Rig {
    fn clock_now(&self) -> Utc {
        use crate::clock::WallClock;
        // Readings of the next round must be younger than this instant less one step.
        self.clock.utc().plus_ns(-2_000_000)
    }
}

async fn output_arrives(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    let outputs = rig.side(Direction::Output);
    rig.armed = true;
    for n in 1..=3 {
        for (index, point) in outputs.iter().enumerate() {
            rig.commands[index] = peer.sample(point, n);
        }
        let limit = rig.timing.write_ms;
        await_outputs(rig, peer, &outputs, limit, None).await?;
    }
    Ok(())
}

/// Scans until the device holds what was commanded or, with `held`, what the
/// declared fail-safe values make of it.
async fn await_outputs(
    rig: &mut Rig,
    peer: &mut dyn Peer,
    outputs: &[Point],
    ms: u64,
    held: Option<&[u64]>,
) -> Outcome {
    let end = Instant::now() + Duration::from_millis(ms);
    loop {
        let wrong = outputs.iter().enumerate().find(|(index, point)| {
            let wanted = match (held, point.fail_safe) {
                (None, _) => rig.commands[*index],
                (Some(held), FailSafe::Hold) => held[*index],
                (Some(_), FailSafe::Preset(bits)) => bits,
                // What no signal means in the point's unit is the device's affair;
                // only points whose zero is zero can be judged here.
                (Some(_), FailSafe::DeEnergise) => 0,
            };
            match peer.output(*index) {
                Some(bits) => !same(point.kind, bits, wanted, peer.tolerance()),
                None => true,
            }
        });
        let Some((index, point)) = wrong else {
            return Ok(());
        };
        if Instant::now() > end {
            let found = peer.output(index).map(|bits| point.kind.to_f64(bits));
            return Err(format!("{} holds {found:?} after {ms} ms", point.name));
        }
        if held.is_some() && rig.armed {
            // The scan has fallen silent: time passes, no frame comes.
            rig.pass().await;
        } else {
            rig.scan().await;
        }
    }
}

async fn unarmed_is_fail_safe(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    output_arrives(rig, peer).await?;
    let outputs = rig.side(Direction::Output);
    let held = rig.commands.clone();
    rig.armed = false;
    await_outputs(rig, peer, &outputs, rig.timing.write_ms, Some(&held)).await?;
    rig.armed = true;
    await_outputs(rig, peer, &outputs, rig.timing.write_ms, None).await
}

async fn silent_scan_is_fail_safe(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    let Some(limit) = rig.timing.fail_safe_ms else {
        return Ok(());
    };
    output_arrives(rig, peer).await?;
    let outputs = rig.side(Direction::Output);
    let held = rig.commands.clone();
    await_outputs(
        rig,
        peer,
        &outputs,
        limit + rig.timing.write_ms,
        Some(&held),
    )
    .await?;
    await_outputs(rig, peer, &outputs, rig.timing.write_ms, None).await
}

async fn good_first(rig: &mut Rig) -> Outcome {
    let limit = rig.timing.poll_ms;
    rig.until(limit, "every input good", Rig::all_good).await
}

async fn lost_is_bad(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    good_first(rig).await?;
    peer.lose();
    let limit = rig.timing.lost_ms;
    rig.until(limit, "every input bad, comm-lost", |rig| {
        let cells = &rig.far.inputs.current().cells;
        cells
            .iter()
            .all(|c| c.quality.is_bad() && c.quality.reason() == Reason::CommLost)
    })
    .await
}

async fn returned_is_good(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    lost_is_bad(rig, peer).await?;
    peer.restore();
    let limit = rig.timing.restore_ms;
    rig.until(limit, "every input good again", Rig::all_good)
        .await?;
    values_arrive(rig, peer).await
}

async fn not_finite_is_bad(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    let inputs = rig.side(Direction::Input);
    for (index, point) in inputs.iter().enumerate() {
        if point.kind != Kind::Real {
            continue;
        }
        good_first(rig).await?;
        if !peer.set_not_finite(index) {
            continue;
        }
        let limit = rig.timing.poll_ms;
        rig.until(limit, "the not-finite input bad", |rig| {
            rig.far.inputs.current().cells[index].quality.is_bad()
        })
        .await?;
        for _ in 0..rig.timing.poll_ms {
            let cell = rig.far.inputs.current().cells[index];
            if cell.quality.is_good() {
                return Err(format!("{} is good", point.name));
            }
            if !f64::from_bits(cell.bits).is_finite() {
                return Err(format!("{} carries bits that are not finite", point.name));
            }
            rig.scan().await;
        }
        let bits = peer.sample(point, 1);
        peer.set_input(index, bits);
    }
    Ok(())
}

async fn stop_ends(rig: &mut Rig, _peer: &mut dyn Peer) -> Outcome {
    good_first(rig).await?;
    ends(rig).await
}

async fn stop_ends_when_lost(rig: &mut Rig, peer: &mut dyn Peer) -> Outcome {
    lost_is_bad(rig, peer).await?;
    ends(rig).await
}

async fn ends(rig: &mut Rig) -> Outcome {
    rig.far.stop.stop();
    let limit = rig.timing.stop_ms;
    match timeout(Duration::from_millis(limit), &mut rig.task).await {
        Ok(Ok(Exit::Stopped)) => Ok(()),
        Ok(other) => Err(format!("ended as {other:?}")),
        Err(_) => Err(format!("still running after {limit} ms")),
    }
}
