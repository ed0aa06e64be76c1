//! Transfer of material from one vessel to another.

use super::transfer_law::{self as law, Plan, Signs, TransferLaw, why};
use crate::logic::timing::ns;
use crate::protect::{is_certain, is_demanded};
use crate::sense::{Command, known, quality_of, show};
use scan::*;
use signal::Quality;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (law::IDLE, "idle", "空闲"),
    (law::RESERVE, "reserving", "占用"),
    (law::LINEUP, "line-up", "管线切换"),
    (law::PREPURGE, "pre-purge", "预吹扫"),
    (law::TRANSFER, "transferring", "转料中"),
    (law::DRAIN, "draining", "排空"),
    (law::POSTPURGE, "post-purge", "后吹扫"),
    (law::COMPLETE, "complete", "完成"),
    (law::HOLD, "held", "保持"),
    (law::ABORT, "aborted", "中止"),
];

/// Names of `WHY`.
const WHYS: &[(i64, &str, &str)] = &[
    (why::NONE, "none", "无"),
    (why::TRIP, "trip", "联锁"),
    (why::PERSON, "person", "人工"),
    (why::BALANCE, "mass balance", "物料不平衡"),
    (why::FLOW, "flow collapsed", "流量中断"),
    (why::TIME, "time exceeded", "超时"),
    (why::FULL, "destination full", "接收釜液位高"),
    (why::UNKNOWN, "mass not known", "质量未知"),
    (
        why::ROUTE,
        "reservation or route lost",
        "占用或管线状态丢失",
    ),
    (why::START_UP, "start of the program", "程序启动"),
];

/// `TRANSFER`: moves material from a source to a destination over a reserved route.
///
/// | key | meaning |
/// |---|---|
/// | `source`, `dest` | mass in both vessels, kg, required |
/// | `amount` | how much, kg: tuning tag `AMOUNT`, or a tag; required |
/// | `permit` | Boolean tag, needed to start and to restart (a `PERMIT`: inert, vented, free volume, compatible …); optional |
/// | `reserved` | list of Boolean tags: each vessel and line says that it is reserved for this transfer; a lost one holds |
/// | `lined_up` | Boolean tag: the valves are where they are demanded; lost, it holds; optional |
/// | `trips` | list of Boolean tags of both units (through delayed pins); one that is true or bad aborts |
/// | `flow`, `flow_min` | transfer flow and the least that is one, same unit; a bad flow is none; optional |
/// | `source_low` | Boolean tag: the source is empty; true or bad ends the transfer: no gas is blown through; optional |
/// | `dest_high` | Boolean tag: the destination is full; true or bad aborts; optional |
/// | `empty` | the source is empty at or below, kg, 0 |
/// | `share`, `amount_min` | permitted difference of what left and what arrived, 3 % or 30 kg, the greater (demo design values) |
/// | `balance_s` | for so long, 10 s |
/// | `flow_s`, `flow_start_s` | how long a flow must be gone, 10 s, and time it has to begin, 30 s |
/// | `lineup_max_s`, `transfer_max_s`, `drain_max_s` | longest times, 120, 3600, 300 s |
/// | `prepurge_s`, `postpurge_s` | nitrogen through the line, 60, 60 s |
/// | `start_when`, `hold_when`, `restart_when`, `abort_when`, `reset_when` | Boolean tags whose rising edge is the command; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `HOLD`, `RESTART`, `ABORT`, `RESET` | commands; one that does not fit the state does nothing |
/// | `RESERVE` | demand: reserve both vessels |
/// | `BOTTOM`, `LINE`, `INLET`, `PUMP`, `NITROGEN` | demands of bottom valve, transfer valve, inlet valve, pump and purge nitrogen |
/// | `STATE` | 0 idle, 1 reserving, 2 line-up, 3 pre-purge, 4 transferring, 5 draining, 6 post-purge, 7 complete, 8 held, 9 aborted |
/// | `MOVED` | what arrived, kg |
/// | `DIFFERENCE` | what left less what arrived, kg: the content of the line, or a loss; stays after an abort |
/// | `ALARM` | the difference is beyond what is permitted |
/// | `WHY` | why it is held or was aborted |
///
/// Twice the permitted difference aborts, and so does a trip, in any state that uses the vessels.
/// A flow that collapses while the source is not empty holds. A restart reserves and
/// lines up again before it goes on. A bad mass holds: nobody knows what moved. A
/// start of the program holds.
pub struct Transfer {
    plan: Plan,
    law: TransferLaw,
    source: Input<f64>,
    dest: Input<f64>,
    amount: Input<f64>,
    flow: Option<Input<f64>>,
    permit: Option<Input<bool>>,
    reserved: Box<[Input<bool>]>,
    lined_up: Option<Input<bool>>,
    trips: Box<[Input<bool>]>,
    source_low: Option<Input<bool>>,
    dest_high: Option<Input<bool>>,
    /// START, HOLD, RESTART, ABORT, RESET.
    commands: [Command; 5],
    /// RESERVE, BOTTOM, LINE, INLET, PUMP, NITROGEN.
    demands: [Output<bool>; 6],
    state: Output<i64>,
    moved: Output<f64>,
    difference: Output<f64>,
    alarm: Output<bool>,
    why: Output<i64>,
}

impl Transfer {
    fn signs(&mut self, image: &Image) -> Signs {
        let [start, hold, restart, abort, reset] =
            self.commands.each_mut().map(|command| command.given(image));
        let demanded = |pin: &Option<Input<bool>>| pin.is_some_and(|pin| is_demanded(image, pin));
        let certain = |pin: &Option<Input<bool>>| pin.is_none_or(|pin| is_certain(image, pin));
        Signs {
            start,
            hold,
            restart,
            abort,
            reset,
            is_permitted: certain(&self.permit),
            is_reserved: self.reserved.iter().all(|pin| is_certain(image, *pin)),
            is_lined_up: certain(&self.lined_up),
            is_tripped: self.trips.iter().any(|pin| is_demanded(image, *pin)),
            source: known(image, self.source),
            dest: known(image, self.dest),
            flow: self.flow.map(|pin| known(image, pin).unwrap_or(0.0)),
            is_source_low: demanded(&self.source_low),
            is_dest_high: demanded(&self.dest_high),
            target: known(image, self.amount),
        }
    }
}

impl Block for Transfer {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let signs = self.signs(image);
        self.law.step(&self.plan, &signs, ns(scan.dt_s));
        let law = &self.law;
        let demands = law::demands(law.state);
        let values = [
            demands.reserve,
            demands.bottom,
            demands.line,
            demands.inlet,
            demands.pump,
            demands.nitrogen,
        ];
        for (pin, value) in self.demands.iter().zip(values) {
            image.put(pin, value);
        }
        image.put(&self.state, law.state);
        image.put(&self.alarm, law.is_off);
        image.put(&self.why, law.why);
        // A transfer that is over has its result; one that runs is as good as its masses.
        let quality = match law.is_active() {
            true => quality_of(image, self.source).worst(quality_of(image, self.dest)),
            false => Quality::GOOD,
        };
        show(image, &self.moved, Some(law.arrived), quality);
        show(
            image,
            &self.difference,
            Some(law.left - law.arrived),
            quality,
        );
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.law.save(state);
        for command in &self.commands {
            command.save(state);
        }
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.restore(state)?;
        for command in &mut self.commands {
            command.restore(state)?;
        }
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.law.start();
        for command in &mut self.commands {
            command.forget();
        }
    }
}

impl BlockKind for Transfer {
    const NAME: &'static str = "TRANSFER";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("amount") {
            wiring.problem("amount", "`amount` is not given", "amount = 1500.0");
        }
        if wiring.has("flow") != wiring.has("flow_min") {
            wiring.problem(
                "flow_min",
                "the flow and its minimum belong together",
                "flow = \"FT-104.PV\", flow_min = 0.5",
            );
        }
        for pin in ["source", "dest", "amount", "MOVED", "DIFFERENCE"] {
            wiring.unit(pin, "kg");
        }
        wiring.states("STATE", STATES);
        wiring.states("WHY", WHYS);
        let mut time = |key: &str, default| ns(wiring.real(key, default, 0.0..=864_000.0));
        let (balance_ns, flow_ns) = (time("balance_s", 10.0), time("flow_s", 10.0));
        let (flow_start_ns, lineup_max_ns) =
            (time("flow_start_s", 30.0), time("lineup_max_s", 120.0));
        let (prepurge_ns, postpurge_ns) = (time("prepurge_s", 60.0), time("postpurge_s", 60.0));
        let (transfer_max_ns, drain_max_ns) =
            (time("transfer_max_s", 3_600.0), time("drain_max_s", 300.0));
        let plan = Plan {
            share: 0.01 * wiring.real("share", 3.0, 0.0..=100.0),
            amount_min: wiring.real("amount_min", 30.0, 0.0..=1e6),
            empty: wiring.real("empty", 0.0, -1e6..=1e6),
            flow_min: wiring.real("flow_min", 0.0, 0.0..=1e6),
            balance_ns,
            flow_ns,
            flow_start_ns,
            lineup_max_ns,
            prepurge_ns,
            transfer_max_ns,
            drain_max_ns,
            postpurge_ns,
        };
        Transfer {
            plan,
            law: TransferLaw::default(),
            source: wiring.input("source"),
            dest: wiring.input("dest"),
            amount: wiring.tuning("amount", 0.0, 0.0..=1e7),
            flow: wiring.input_optional("flow"),
            permit: wiring.input_optional("permit"),
            reserved: wiring.inputs("reserved").into_boxed_slice(),
            lined_up: wiring.input_optional("lined_up"),
            trips: wiring.inputs("trips").into_boxed_slice(),
            source_low: wiring.input_optional("source_low"),
            dest_high: wiring.input_optional("dest_high"),
            commands: ["START", "HOLD", "RESTART", "ABORT", "RESET"]
                .map(|suffix| Command::wire(wiring, suffix)),
            demands: ["RESERVE", "BOTTOM", "LINE", "INLET", "PUMP", "NITROGEN"]
                .map(|suffix| wiring.output(suffix)),
            state: wiring.output("STATE"),
            moved: wiring.output("MOVED"),
            difference: wiring.output("DIFFERENCE"),
            alarm: wiring.output("ALARM"),
            why: wiring.output("WHY"),
        }
    }
}

#[cfg(test)]
mod tests;
