//! The wicked twin: a driver that wraps another and does to its frames what
//! networks, instruments and tired programs do.

use std::sync::Arc;
use std::time::Duration;

use signal::{Kind, Level, Quality, Reason};
use tokio::time::{MissedTickBehavior, interval};

use crate::frame::{InputWriter, RawCell, input_frames, output_frames};
use crate::point::{Direction, Point, count};
use crate::ports::Ports;
use crate::random::Random;
use crate::{BoxFuture, Driver, Exit};

/// What goes wrong and how often. The rates are chances in a million, drawn once
/// for every frame that passes; the default plan does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Seed of all draws: same seed, same frames, same faults.
    pub seed: u64,
    /// How often the twin looks for frames to pass on.
    pub step_ms: u64,
    /// An input frame vanishes.
    pub lose_ppm: u32,
    /// An output frame vanishes.
    pub lose_output_ppm: u32,
    /// An input frame is passed on after up to `late_steps_max` steps, behind newer ones.
    pub late_ppm: u32,
    /// Longest delay of a late frame, in steps.
    pub late_steps_max: u32,
    /// One cell keeps its value and its good quality for `freeze_frames` frames.
    pub freeze_ppm: u32,
    /// How many frames a frozen cell stays so.
    pub freeze_frames: u32,
    /// One real cell becomes NaN while still called good.
    pub nan_ppm: u32,
    /// One cell becomes bad, for a random reason.
    pub bad_ppm: u32,
    /// An input frame is passed on twice.
    pub duplicate_ppm: u32,
    /// Nothing passes in either direction for `silence_steps`.
    pub silence_ppm: u32,
    /// Length of a silence, in steps.
    pub silence_steps: u32,
    /// The task ends after so many steps; 0: at once.
    pub exit_after_steps: Option<u64>,
    /// The task panics after so many steps; 0: at once.
    pub panic_after_steps: Option<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            seed: 0,
            step_ms: 1,
            lose_ppm: 0,
            lose_output_ppm: 0,
            late_ppm: 0,
            late_steps_max: 20,
            freeze_ppm: 0,
            freeze_frames: 50,
            nan_ppm: 0,
            bad_ppm: 0,
            duplicate_ppm: 0,
            silence_ppm: 0,
            silence_steps: 200,
            exit_after_steps: None,
            panic_after_steps: None,
        }
    }
}

/// A driver that injects faults between another driver and the scan.
pub struct Faulty<D> {
    inner: D,
    plan: Plan,
}

impl<D: Driver> Faulty<D> {
    /// The wicked twin of `inner`.
    pub fn new(inner: D, plan: Plan) -> Self {
        Faulty { inner, plan }
    }
}

impl<D: Driver> Driver for Faulty<D> {
    fn points(&self) -> &[Point] {
        self.inner.points()
    }

    fn run(self: Box<Self>, ports: Ports) -> BoxFuture<Exit> {
        let Faulty { inner, plan } = *self;
        Box::pin(run(Box::new(inner), plan, ports))
    }
}

async fn run(inner: Box<dyn Driver>, plan: Plan, ports: Ports) -> Exit {
    let (inputs, outputs) = count(inner.points());
    let kinds: Vec<Kind> = inner
        .points()
        .iter()
        .filter(|p| p.direction == Direction::Input)
        .map(|p| p.kind)
        .collect();
    let (inner_inputs, mut from_device) = input_frames(inputs);
    let (mut to_device, inner_outputs) = output_frames(outputs);
    let mut from_scan = ports.outputs;
    let mut faults = Faults::new(plan.clone(), kinds, ports.inputs);
    let mut task = inner.run(Ports {
        inputs: inner_inputs,
        outputs: inner_outputs,
        health: Arc::clone(&ports.health),
        stop: ports.stop,
        clock: ports.clock,
    });
    let mut steps = interval(Duration::from_millis(plan.step_ms.max(1)));
    steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        if plan.panic_after_steps == Some(faults.step) {
            panic!("planned panic of a faulty driver");
        }
        if plan.exit_after_steps == Some(faults.step) {
            return Exit::Failed {
                cause: "planned exit of a faulty driver".into(),
            };
        }
        tokio::select! {
            biased;
            exit = &mut task => return exit,
            _ = steps.tick() => {}
        }
        faults.begin_step();
        if faults.is_silent() {
            continue;
        }
        if let Some(frame) = from_device.latest() {
            faults.input(&frame.cells);
        }
        if let Some(frame) = from_scan.latest()
            && !faults.random.chance_ppm(plan.lose_output_ppm)
        {
            to_device.publish(|out| {
                out.scan = frame.scan;
                out.armed = frame.armed;
                out.cells.copy_from_slice(&frame.cells);
            });
        }
    }
}

struct Faults {
    plan: Plan,
    random: Random,
    kinds: Vec<Kind>,
    writer: InputWriter,
    step: u64,
    silent_until: u64,
    cells: Vec<RawCell>,
    late: Vec<RawCell>,
    late_due: Option<u64>,
    frozen: Option<(usize, RawCell)>,
    frozen_frames_left: u32,
}

impl Faults {
    fn new(plan: Plan, kinds: Vec<Kind>, writer: InputWriter) -> Faults {
        Faults {
            random: Random::seeded(plan.seed),
            plan,
            writer,
            step: 0,
            silent_until: 0,
            cells: vec![RawCell::NOT_WRITTEN; kinds.len()],
            late: vec![RawCell::NOT_WRITTEN; kinds.len()],
            late_due: None,
            frozen: None,
            frozen_frames_left: 0,
            kinds,
        }
    }

    fn begin_step(&mut self) {
        self.step += 1;
        if self.is_silent() {
            return;
        }
        if self.random.chance_ppm(self.plan.silence_ppm) {
            self.silent_until = self.step + u64::from(self.plan.silence_steps);
        } else if self.late_due.is_some_and(|due| self.step >= due) {
            self.late_due = None;
            self.writer.publish_cells(&self.late);
        }
    }

    fn is_silent(&self) -> bool {
        self.step < self.silent_until
    }

    fn input(&mut self, cells: &[RawCell]) {
        self.cells.copy_from_slice(cells);
        self.freeze();
        self.spoil();
        let plan = &self.plan;
        if self.random.chance_ppm(plan.lose_ppm) {
            return;
        }
        if self.late_due.is_none() && self.random.chance_ppm(plan.late_ppm) {
            self.late.copy_from_slice(&self.cells);
            self.late_due = Some(self.step + 1 + self.random.below(u64::from(plan.late_steps_max)));
            return;
        }
        self.writer.publish_cells(&self.cells);
        if self.random.chance_ppm(plan.duplicate_ppm) {
            self.writer.publish_cells(&self.cells);
        }
    }

    fn freeze(&mut self) {
        if self.frozen_frames_left > 0 {
            self.frozen_frames_left -= 1;
            if let Some((index, kept)) = self.frozen {
                // The value stands still while its time goes on: the hard case.
                self.cells[index].bits = kept.bits;
                self.cells[index].quality = kept.quality;
            }
        } else if self.random.chance_ppm(self.plan.freeze_ppm) && !self.cells.is_empty() {
            let index = self.random.below(self.cells.len() as u64) as usize;
            self.frozen = Some((index, self.cells[index]));
            self.frozen_frames_left = self.plan.freeze_frames;
        }
    }

    fn spoil(&mut self) {
        if self.cells.is_empty() {
            return;
        }
        let index = self.random.below(self.cells.len() as u64) as usize;
        if self.random.chance_ppm(self.plan.nan_ppm) && self.kinds[index] == Kind::Real {
            self.cells[index].bits = f64::NAN.to_bits();
            self.cells[index].quality = Quality::GOOD;
        }
        if self.random.chance_ppm(self.plan.bad_ppm) {
            const REASONS: [Reason; 4] = [
                Reason::CommLost,
                Reason::SensorFault,
                Reason::Configuration,
                Reason::Stale,
            ];
            let reason = REASONS[self.random.below(REASONS.len() as u64) as usize];
            self.cells[index].quality = Quality::new(Level::Bad, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailSafe;
    use crate::clock::ManualClock;
    use crate::ports::{FarSide, ports};
    use signal::Utc;

    /// A driver that counts: one real input, one frame in 10 ms.
    struct Counter(Vec<Point>);

    impl Counter {
        fn new() -> Self {
            Counter(vec![Point {
                name: "N-1".into(),
                kind: Kind::Real,
                direction: Direction::Input,
                address: "n".into(),
                fail_safe: FailSafe::DeEnergise,
                class: String::new(),
            }])
        }
    }

    impl Driver for Counter {
        fn points(&self) -> &[Point] {
            &self.0
        }

        fn run(self: Box<Self>, mut ports: Ports) -> BoxFuture<Exit> {
            Box::pin(async move {
                let mut n = 0.0_f64;
                loop {
                    tokio::select! {
                        () = ports.stop.wait() => return Exit::Stopped,
                        () = tokio::time::sleep(Duration::from_millis(10)) => {}
                    }
                    n += 1.0;
                    let cell = RawCell {
                        bits: n.to_bits(),
                        quality: Quality::GOOD,
                        source_utc: Utc(1),
                    };
                    ports.inputs.publish_cells(&[cell]);
                }
            })
        }
    }

    fn start(plan: Plan) -> (FarSide, tokio::task::JoinHandle<Exit>) {
        let driver = Box::new(Faulty::new(Counter::new(), plan));
        let (near, far) = ports(driver.points(), Arc::new(ManualClock::default()));
        (far, tokio::spawn(driver.run(near)))
    }

    async fn collect(far: &mut FarSide, ms: u64) -> Vec<RawCell> {
        let mut seen = Vec::new();
        for _ in 0..ms {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if let Some(frame) = far.inputs.latest() {
                seen.push(frame.cells[0]);
            }
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn empty_plan_changes_nothing() {
        let (mut far, task) = start(Plan::default());
        let seen = collect(&mut far, 500).await;
        assert!(seen.len() > 20);
        assert!(
            seen.windows(2)
                .all(|w| f64::from_bits(w[0].bits) < f64::from_bits(w[1].bits))
        );
        far.stop.stop();
        assert_eq!(task.await.expect("ends"), Exit::Stopped);
    }

    /// Feeds the faults one counting frame a step, as the scan would see them.
    fn run_faults(plan: &Plan, steps: u32) -> Vec<RawCell> {
        let (writer, mut reader) = input_frames(1);
        let mut faults = Faults::new(plan.clone(), vec![Kind::Real], writer);
        let mut seen = Vec::new();
        for n in 1..=steps {
            faults.begin_step();
            if !faults.is_silent() {
                faults.input(&[RawCell {
                    bits: f64::from(n).to_bits(),
                    quality: Quality::GOOD,
                    source_utc: Utc(1),
                }]);
            }
            seen.extend(reader.latest().map(|frame| frame.cells[0]));
        }
        seen
    }

    #[test]
    fn same_seed_gives_the_same_faults_and_every_fault_occurs() {
        let plan = Plan {
            seed: 11,
            lose_ppm: 200_000,
            late_ppm: 100_000,
            nan_ppm: 100_000,
            bad_ppm: 100_000,
            freeze_ppm: 20_000,
            freeze_frames: 5,
            duplicate_ppm: 50_000,
            silence_ppm: 5_000,
            silence_steps: 30,
            ..Plan::default()
        };
        let one = run_faults(&plan, 2_000);
        assert!(
            one == run_faults(&plan, 2_000),
            "two runs of one seed differ"
        );
        assert!(one != run_faults(&Plan { seed: 12, ..plan }, 2_000));
        assert!(one.iter().any(|c| c.quality.is_bad()));
        let value = |c: &RawCell| f64::from_bits(c.bits);
        assert!(one.iter().any(|c| value(c).is_nan() && c.quality.is_good()));
        assert!(
            one.windows(2).any(|w| value(&w[0]) > value(&w[1])),
            "none came late"
        );
        assert!(one.windows(2).any(|w| w[0].bits == w[1].bits), "none froze");
        assert!(
            one.windows(2).any(|w| value(&w[1]) - value(&w[0]) >= 30.0),
            "no silence"
        );
        assert!(one.len() < 1_700, "none was lost");
    }

    #[tokio::test(start_paused = true)]
    async fn planned_exit_and_planned_panic_come_when_planned() {
        let (_far, task) = start(Plan {
            exit_after_steps: Some(3),
            ..Plan::default()
        });
        assert!(matches!(task.await.expect("ends"), Exit::Failed { .. }));
        let (_far, task) = start(Plan {
            panic_after_steps: Some(0),
            ..Plan::default()
        });
        assert!(task.await.expect_err("panics").is_panic());
    }
}
