//! Motor with one speed, or the run command of a drive.

use crate::logic::timing::{ns, seconds};
use crate::protect::{is_certain, is_demanded};
use scan::*;

const STOPPED: i64 = 0;
const RUNNING: i64 = 1;
const STARTING: i64 = 2;
const FAULT: i64 = 3;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (STOPPED, "stopped", "停止"),
    (RUNNING, "running", "运行"),
    (STARTING, "starting", "启动中"),
    (FAULT, "fault", "故障"),
];

/// Times of a motor in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct MotorTimes {
    /// Longest wait for the run feedback.
    pub start_ns: u64,
    /// How long a lost feedback is borne.
    pub lost_ns: u64,
    /// How long the feedback may stay after a stop.
    pub stop_ns: u64,
    /// Shortest pause between a stop and the next start.
    pub rest_ns: u64,
}

/// What a motor sees in one scan.
#[derive(Clone, Copy, Debug)]
pub struct MotorSigns {
    /// Somebody asks to start (`true`) or to stop (`false`).
    pub wish: Option<bool>,
    /// A trip is demanded.
    pub is_tripped: bool,
    /// A start is permitted.
    pub is_permitted: bool,
    /// The run feedback; `None` if there is none.
    pub feedback: Option<bool>,
}

/// Starts on a wish only, stops on a wish, a trip or a lost feedback, and never
/// starts by itself again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MotorLaw {
    is_wanted: bool,
    is_confirmed: bool,
    has_failed: bool,
    is_astray: bool,
    /// Without the feedback that should be there.
    amiss_ns: u64,
    /// Since the last stop.
    rested_ns: u64,
}

impl Default for MotorLaw {
    fn default() -> Self {
        MotorLaw {
            is_wanted: false,
            is_confirmed: false,
            has_failed: false,
            is_astray: false,
            amiss_ns: 0,
            rested_ns: u64::MAX,
        }
    }
}

impl MotorLaw {
    /// Whether a start would be obeyed.
    pub fn is_ready(&self, times: &MotorTimes, signs: &MotorSigns) -> bool {
        !self.is_wanted
            && signs.is_permitted
            && !signs.is_tripped
            && self.rested_ns >= times.rest_ns
    }

    /// One scan; whether the motor is commanded to run.
    pub fn step(&mut self, times: &MotorTimes, signs: &MotorSigns, dt_ns: u64) -> bool {
        if !self.is_wanted {
            self.rested_ns = self.rested_ns.saturating_add(dt_ns);
        }
        match signs.wish {
            Some(true) if self.is_ready(times, signs) => {
                *self = MotorLaw {
                    is_wanted: true,
                    ..MotorLaw::default()
                };
                // The time of this scan does not count yet.
                return true;
            }
            Some(false) => self.stop(),
            _ => {}
        }
        if signs.is_tripped {
            self.stop();
        }
        self.watch(times, signs.feedback, dt_ns);
        self.is_wanted
    }

    fn stop(&mut self) {
        if self.is_wanted {
            self.is_wanted = false;
            self.is_confirmed = false;
            self.amiss_ns = 0;
            self.rested_ns = 0;
        }
    }

    fn watch(&mut self, times: &MotorTimes, feedback: Option<bool>, dt_ns: u64) {
        let runs = feedback.unwrap_or(self.is_wanted);
        if runs == self.is_wanted {
            self.is_confirmed |= runs;
            self.is_astray = false;
            self.amiss_ns = 0;
            return;
        }
        self.amiss_ns = self.amiss_ns.saturating_add(dt_ns);
        if !self.is_wanted {
            self.is_astray = self.amiss_ns >= times.stop_ns;
        } else {
            let patience = if self.is_confirmed {
                times.lost_ns
            } else {
                times.start_ns
            };
            if self.amiss_ns >= patience {
                self.stop();
                self.has_failed = true;
            }
        }
    }

    /// Whether the motor did not do what it was told.
    pub const fn is_faulty(&self) -> bool {
        self.has_failed || self.is_astray
    }

    /// The state for displays.
    pub const fn state(&self) -> i64 {
        match (self.is_faulty(), self.is_wanted, self.is_confirmed) {
            (true, ..) => FAULT,
            (_, true, true) => RUNNING,
            (_, true, false) => STARTING,
            (_, false, _) => STOPPED,
        }
    }
}

/// `MOTOR`: start, stop, run feedback, restart lock-out.
///
/// | key | meaning |
/// |---|---|
/// | `demand` | Boolean tag: its rising edge starts, its falling edge stops; a bad one does neither; optional |
/// | `trips` | list of Boolean tags; one that is true or bad stops |
/// | `permit` | Boolean tag, needed to start (not to run on); a bad one does not permit; optional |
/// | `run` | run feedback, Boolean; a bad one counts as not running; optional |
/// | `start_s` | longest wait for the feedback, 10 s |
/// | `lost_s` | how long a lost feedback is borne, 0.5 s |
/// | `stop_s` | how long the feedback may stay after a stop, 30 s |
/// | `restart_min_s` | shortest pause between a stop and the next start, 0 |
///
/// | tag | meaning |
/// |---|---|
/// | `START` | setting: people want it to run; cleared by a trip, a fault, a refused start |
/// | `CMD` | run command |
/// | `STATE` | 0 stopped, 1 running, 2 starting, 3 fault |
/// | `FAULT` | it did not start or the feedback was lost (until the next start), or it runs without command |
/// | `READY` | a start would be obeyed |
/// | `LOCKED_S` | seconds until the lock-out ends |
///
/// Nothing but a new wish starts the motor: not the end of a trip, not the return
/// of the feedback, not a demand that has stood all the time, not a start of the
/// program. A start without permission is refused, not stored.
pub struct Motor {
    times: MotorTimes,
    law: MotorLaw,
    demand_was: Option<bool>,
    demand: Option<Input<bool>>,
    trips: Box<[Input<bool>]>,
    permit: Option<Input<bool>>,
    run: Option<Input<bool>>,
    start: Setting<bool>,
    cmd: Output<bool>,
    state: Output<i64>,
    fault: Output<bool>,
    ready: Output<bool>,
    locked_s: Output<f64>,
}

impl Motor {
    /// What people ask for goes before what control asks for.
    fn wish(&mut self, image: &Image) -> Option<bool> {
        let mut wish = None;
        if let Some(demand) = self.demand.map(|pin| image.get(pin))
            && !demand.is_bad()
        {
            let was = self.demand_was.replace(demand.value);
            if was.is_some_and(|was| was != demand.value) {
                wish = Some(demand.value);
            }
        }
        image.requested(&self.start.request).or(wish)
    }
}

impl Block for Motor {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let signs = MotorSigns {
            wish: self.wish(image),
            is_tripped: self.trips.iter().any(|pin| is_demanded(image, *pin)),
            is_permitted: self.permit.is_none_or(|pin| is_certain(image, pin)),
            feedback: self.run.map(|pin| is_certain(image, pin)),
        };
        let cmd = self.law.step(&self.times, &signs, ns(scan.dt_s));
        image.put(&self.start.output, cmd);
        image.put(&self.cmd, cmd);
        image.put(&self.state, self.law.state());
        image.put(&self.fault, self.law.is_faulty());
        image.put(&self.ready, self.law.is_ready(&self.times, &signs));
        let locked_ns = if cmd {
            0
        } else {
            self.times.rest_ns.saturating_sub(self.law.rested_ns)
        };
        image.put(&self.locked_s, seconds(locked_ns));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        let law = &self.law;
        for bool in [
            law.is_wanted,
            law.is_confirmed,
            law.has_failed,
            law.is_astray,
            self.demand_was.is_some(),
            self.demand_was.unwrap_or(false),
        ] {
            state.bool(bool);
        }
        state.word(law.amiss_ns);
        state.word(law.rested_ns);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.is_wanted = state.bool()?;
        self.law.is_confirmed = state.bool()?;
        self.law.has_failed = state.bool()?;
        self.law.is_astray = state.bool()?;
        let is_some = state.bool()?;
        let demand_was = state.bool()?;
        self.demand_was = is_some.then_some(demand_was);
        self.law.amiss_ns = state.word()?;
        self.law.rested_ns = state.word()?;
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        // How long it has rested is not known: the lock-out begins anew.
        let rested_ns = if self.law.is_wanted {
            0
        } else {
            self.law.rested_ns
        };
        self.law = MotorLaw {
            rested_ns,
            ..MotorLaw::default()
        };
        self.demand_was = None;
    }
}

impl BlockKind for Motor {
    const NAME: &'static str = "MOTOR";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        wiring.states("STATE", STATES);
        wiring.unit("LOCKED_S", "s");
        let mut time = |key: &str, default| ns(wiring.real(key, default, 0.0..=86_400.0));
        let times = MotorTimes {
            start_ns: time("start_s", 10.0),
            lost_ns: time("lost_s", 0.5),
            stop_ns: time("stop_s", 30.0),
            rest_ns: time("restart_min_s", 0.0),
        };
        Motor {
            times,
            law: MotorLaw::default(),
            demand_was: None,
            demand: wiring.input_optional("demand"),
            trips: wiring.inputs("trips").into_boxed_slice(),
            permit: wiring.input_optional("permit"),
            run: wiring.input_optional("run"),
            start: wiring.setting("START", false),
            cmd: wiring.output("CMD"),
            state: wiring.output("STATE"),
            fault: wiring.output("FAULT"),
            ready: wiring.output("READY"),
            locked_s: wiring.output("LOCKED_S"),
        }
    }
}

#[cfg(test)]
mod tests;
