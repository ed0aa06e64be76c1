//! A phase: steps that follow each other, and the states of ISA-88 around them.

use super::phase_states::{Event, State};
use crate::logic::timing::{ns, seconds};
use crate::protect::voting::{check_row, row_text};
use crate::protect::{is_certain, is_demanded};
use crate::sense::{Command, Spell};
use scan::*;
use std::collections::BTreeMap;

/// Steps of one phase.
const STEPS_MAX: usize = 32;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (0, "idle", "空闲"),
    (1, "running", "运行"),
    (2, "complete", "完成"),
    (3, "holding", "正在保持"),
    (4, "held", "已保持"),
    (5, "restarting", "正在重启"),
    (6, "stopping", "正在停止"),
    (7, "stopped", "已停止"),
    (8, "aborting", "正在中止"),
    (9, "aborted", "已中止"),
];

/// Why the phase does not run on.
mod why {
    pub const NONE: i64 = 0;
    pub const TRIP: i64 = 1;
    pub const TIME: i64 = 2;
    pub const COMMAND: i64 = 3;
    pub const START_UP: i64 = 4;
}

/// Names of `WHY`.
const WHYS: &[(i64, &str, &str)] = &[
    (why::NONE, "none", "无"),
    (why::TRIP, "trip", "联锁"),
    (why::TIME, "step took too long", "步骤超时"),
    (why::COMMAND, "command", "指令"),
    (why::START_UP, "start of the program", "程序启动"),
];

/// Commands in the order of their precedence.
const COMMANDS: [(&str, Event); 6] = [
    ("ABORT", Event::Abort),
    ("STOP", Event::Stop),
    ("HOLD", Event::Hold),
    ("RESTART", Event::Restart),
    ("START", Event::Start),
    ("RESET", Event::Reset),
];

/// One step.
struct Step {
    done: Option<Input<bool>>,
    after_ns: u64,
    /// 0 = never.
    timeout_ns: u64,
    demand: Output<bool>,
}

/// `PHASE`: a phase of a recipe as a list of steps.
///
/// | key | meaning |
/// |---|---|
/// | `steps` | 1 to 32 rows `{ name = "heat", done = "TIC-101.AT_SP", after_s = 60, timeout_s = 7200 }`: the step ends when `done` is true and `after_s` have passed; one of both must be there. After `timeout_s` the phase holds. `name` and its Chinese form `zh` are for people |
/// | `permit` | Boolean tag, needed to start and to restart; optional |
/// | `trips` | list of Boolean tags (through delayed pins); one that is true or bad acts as `on_trip` says, and no start or restart is obeyed |
/// | `on_trip` | `"hold"` (default), `"stop"` or `"abort"` |
/// | `held`, `restarted`, `stopped`, `aborted` | Boolean tags: the equipment has come to rest, so that holding becomes held, and so on; without one the next scan is enough |
/// | `start_when`, `hold_when`, `restart_when`, `stop_when`, `abort_when`, `reset_when` | Boolean tags whose rising edge is the command; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `HOLD`, `RESTART`, `STOP`, `ABORT`, `RESET` | commands; one that does not fit the state does nothing; of several in one scan ABORT goes before STOP, HOLD, RESTART, START, RESET |
/// | `STATE` | 0 idle, 1 running, 2 complete, 3 holding, 4 held, 5 restarting, 6 stopping, 7 stopped, 8 aborting, 9 aborted |
/// | `RUN` | the state is running |
/// | `COMPLETE` | the state is complete |
/// | `STEP` | active step, 1-based; stays while held; 0 = none |
/// | `STEP_S` | time in the step; stands still while the phase does not run |
/// | `S1`, `S2`, … | demand of each step: true while it is active and the phase runs |
/// | `WHY` | why it was held, stopped or aborted: 1 trip, 2 step took too long, 3 command, 4 start of the program |
///
/// At most one step or state ends in one scan. A bad `done` is not done. A restart
/// goes on in the step in which the phase was held, with its time. After a start of
/// the program a running phase is held at its step. (States and commands: ISA-88 /
/// IEC 61512-1, see [`State::after`].)
pub struct Phase {
    steps: Box<[Step]>,
    on_trip: Event,
    current: State,
    /// Index of the active step.
    at: usize,
    in_step: Spell,
    step_ns: u64,
    reason: i64,
    permit: Option<Input<bool>>,
    trips: Box<[Input<bool>]>,
    /// For holding, restarting, stopping, aborting.
    rest: [Option<Input<bool>>; 4],
    commands: [Command; 6],
    state: Output<i64>,
    run: Output<bool>,
    complete: Output<bool>,
    step: Output<i64>,
    step_s: Output<f64>,
    why: Output<i64>,
}

impl Phase {
    /// Follows an event if it fits the state.
    fn follow(&mut self, event: Event, reason: i64) -> bool {
        let Some(next) = self.current.after(event) else {
            return false;
        };
        match (self.current, next) {
            (State::Idle, _) => {
                self.at = 0;
                self.begin_step();
            }
            (_, State::Idle) => self.begin_step(),
            _ => {}
        }
        self.current = next;
        match event {
            Event::Hold | Event::Stop | Event::Abort => self.reason = reason,
            Event::Start | Event::Restart | Event::Reset => self.reason = why::NONE,
            Event::Done => {}
        }
        true
    }

    fn begin_step(&mut self) {
        self.in_step.clear();
        self.step_ns = 0;
    }

    /// One scan of the active step.
    fn run(&mut self, image: &Image, dt_ns: u64) {
        let Some(step) = self.steps.get(self.at) else {
            self.follow(Event::Done, why::NONE);
            return;
        };
        // The time stands still while the phase does not run.
        self.step_ns = match self.in_step.step(true, dt_ns) {
            0 => self.step_ns,
            _ => self.step_ns.saturating_add(dt_ns),
        };
        let is_done = step.done.is_none_or(|pin| is_certain(image, pin));
        if is_done && self.step_ns >= step.after_ns {
            if self.at + 1 < self.steps.len() {
                self.at += 1;
                self.begin_step();
            } else {
                self.follow(Event::Done, why::NONE);
            }
        } else if step.timeout_ns > 0 && self.step_ns >= step.timeout_ns {
            self.follow(Event::Hold, why::TIME);
        }
    }
}

impl Block for Phase {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let is_tripped = self.trips.iter().any(|pin| is_demanded(image, *pin));
        let may = !is_tripped && self.permit.is_none_or(|pin| is_certain(image, pin));
        let given = self.commands.each_mut().map(|command| command.given(image));
        let mut has_moved = is_tripped && self.follow(self.on_trip, why::TRIP);
        for ((_, event), given) in COMMANDS.into_iter().zip(given) {
            let is_refused = matches!(event, Event::Start | Event::Restart) && !may;
            if given && !is_refused && !has_moved {
                has_moved = self.follow(event, why::COMMAND);
            }
        }
        if !has_moved {
            let rest = match self.current {
                State::Running => {
                    self.run(image, ns(scan.dt_s));
                    None
                }
                State::Holding => Some(self.rest[0]),
                State::Restarting => Some(self.rest[1]),
                State::Stopping => Some(self.rest[2]),
                State::Aborting => Some(self.rest[3]),
                _ => None,
            };
            if rest.is_some_and(|pin| pin.is_none_or(|pin| is_certain(image, pin))) {
                self.follow(Event::Done, why::NONE);
                self.in_step.clear();
            }
        }
        let runs = self.current == State::Running;
        for (at, step) in self.steps.iter().enumerate() {
            image.put(&step.demand, runs && at == self.at);
        }
        image.put(&self.state, self.current.number());
        image.put(&self.run, runs);
        image.put(&self.complete, self.current == State::Complete);
        let step = match self.current {
            State::Idle | State::Complete => 0,
            _ => self.at as i64 + 1,
        };
        image.put(&self.step, step);
        image.put(&self.step_s, seconds(self.step_ns));
        image.put(&self.why, self.reason);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.current.number());
        state.word(self.at as u64);
        self.in_step.save(state);
        state.word(self.step_ns);
        state.int(self.reason);
        for command in &self.commands {
            command.save(state);
        }
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.current = State::from_number(state.int()?).unwrap_or(State::Aborted);
        self.at = (state.word()? as usize).min(STEPS_MAX);
        self.in_step.restore(state)?;
        self.step_ns = state.word()?;
        self.reason = state.int()?;
        for command in &mut self.commands {
            command.restore(state)?;
        }
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        if matches!(self.current, State::Running | State::Restarting) {
            self.current = State::Held;
            self.reason = why::START_UP;
        }
        self.in_step.clear();
        for command in &mut self.commands {
            command.forget();
        }
    }
}

/// One row of `steps`.
fn wire_step(wiring: &mut Wiring<'_>, number: usize, row: &BTreeMap<String, Value>) -> Step {
    check_row(
        wiring,
        "steps",
        row,
        &["name", "zh", "done", "after_s", "timeout_s"],
    );
    for key in ["name", "zh"] {
        let _for_people = row_text(wiring, "steps", row, key);
    }
    let mut time = |field: &str| match row.get(field) {
        None => 0,
        Some(Value::Real(s)) if (0.0..=864_000.0).contains(s) => ns(*s),
        Some(Value::Int(s)) if (0..=864_000).contains(s) => ns(*s as f64),
        Some(_) => {
            let message = format!("`{field}` of step {number}");
            wiring.problem("steps", message, "seconds, 0 to 864000");
            0
        }
    };
    let (after_ns, timeout_ns) = (time("after_s"), time("timeout_s"));
    let done = match row.get("done") {
        None => None,
        Some(tag @ (Value::Text(_) | Value::Table(_))) => {
            Some(wiring.input_from(&format!("steps.{number}"), tag))
        }
        Some(_) => {
            let message = format!("`done` of step {number}");
            wiring.problem("steps", message, "a Boolean tag");
            None
        }
    };
    if done.is_none() && after_ns == 0 {
        wiring.problem(
            "steps",
            format!("step {number} never ends or never begins"),
            "done = \"TAG\" or after_s = 60",
        );
    }
    if timeout_ns > 0 && timeout_ns < after_ns {
        wiring.problem(
            "steps",
            format!("step {number} takes too long before it may end"),
            "timeout_s above after_s",
        );
    }
    Step {
        done,
        after_ns,
        timeout_ns,
        demand: wiring.output(&format!("S{number}")),
    }
}

impl BlockKind for Phase {
    const NAME: &'static str = "PHASE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let rows = wiring.rows("steps");
        if rows.is_empty() || rows.len() > STEPS_MAX {
            wiring.problem(
                "steps",
                format!("{} steps", rows.len()),
                format!("a phase has 1 to {STEPS_MAX} steps"),
            );
        }
        wiring.states("STATE", STATES);
        wiring.states("WHY", WHYS);
        wiring.unit("STEP_S", "s");
        wiring.range("STEP", 0.0, rows.len() as f64);
        let steps: Vec<Step> = rows
            .iter()
            .take(STEPS_MAX)
            .enumerate()
            .map(|(at, row)| wire_step(wiring, at + 1, row))
            .collect();
        let reactions = [
            ("hold", Event::Hold),
            ("stop", Event::Stop),
            ("abort", Event::Abort),
        ];
        Phase {
            steps: steps.into_boxed_slice(),
            on_trip: wiring.choice("on_trip", &reactions, Event::Hold),
            current: State::Idle,
            at: 0,
            in_step: Spell::default(),
            step_ns: 0,
            reason: why::NONE,
            permit: wiring.input_optional("permit"),
            trips: wiring.inputs("trips").into_boxed_slice(),
            rest: ["held", "restarted", "stopped", "aborted"].map(|key| wiring.input_optional(key)),
            commands: COMMANDS.map(|(suffix, _)| Command::wire(wiring, suffix)),
            state: wiring.output("STATE"),
            run: wiring.output("RUN"),
            complete: wiring.output("COMPLETE"),
            step: wiring.output("STEP"),
            step_s: wiring.output("STEP_S"),
            why: wiring.output("WHY"),
        }
    }
}

#[cfg(test)]
mod tests;
