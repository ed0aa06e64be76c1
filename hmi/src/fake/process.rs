//! Make-believe dynamics of the unit: first-order lags and sines, no chemistry. The
//! same start and the same commands always give the same values.

use std::collections::HashMap;

use signal::{Level, Quality, Reason};

use super::r101::{CAUSES, first_values};
use crate::desk::{Cell, Directory};

/// Period of the make-believe scan, seconds.
pub const PERIOD_S: f64 = 0.1;

/// Commands of the interlock group while it is tripped: valve, open.
const VALVES: [(&str, bool); 7] = [
    ("XV-101A", true),
    ("XV-101B", true),
    ("XV-111", false),
    ("XV-112", false),
    ("XV-113", false),
    ("XV-114", false),
    ("XV-117", false),
];

/// What happened in one step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happening {
    Tripped {
        cause: &'static str,
        en: &'static str,
        zh: &'static str,
    },
    ResetDone,
    ResetHeld,
}

pub(super) struct Process {
    names: HashMap<String, usize>,
    pub(super) cells: Vec<Cell>,
    t_s: f64,
    travel: [f64; VALVES.len()],
    spinning_up_s: f64,
    cold_s: f64,
}

impl Process {
    pub(super) fn new(directory: &Directory) -> Process {
        let names: HashMap<String, usize> = directory
            .tags
            .iter()
            .enumerate()
            .map(|(i, t)| (t.name.clone(), i))
            .collect();
        let zero = Cell {
            value: 0.0,
            quality: Quality::GOOD.with(Quality::SIMULATED),
        };
        let mut process = Process {
            cells: vec![zero; directory.tags.len()],
            names,
            t_s: 0.0,
            travel: [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            spinning_up_s: 0.0,
            cold_s: 0.0,
        };
        for (name, value) in first_values() {
            process.set(&name, value);
        }
        process
    }

    pub(super) fn get(&self, name: &str) -> f64 {
        self.names.get(name).map_or(0.0, |i| self.cells[*i].value)
    }

    pub(super) fn set(&mut self, name: &str, value: f64) {
        if let Some(i) = self.names.get(name) {
            self.cells[*i].value = value;
        }
    }

    /// Holds a tag at a value, marked as forced.
    pub(super) fn hold(&mut self, name: &str, value: f64) {
        self.set(name, value);
        self.mark(
            name,
            Quality::GOOD.with(Quality::SIMULATED).with(Quality::FORCED),
        );
    }

    /// Takes the mark of a force away.
    pub(super) fn release(&mut self, name: &str) {
        self.mark(name, Quality::GOOD.with(Quality::SIMULATED));
    }

    fn mark(&mut self, name: &str, quality: Quality) {
        if let Some(i) = self.names.get(name) {
            self.cells[*i].quality = quality;
        }
    }

    fn lag(&mut self, name: &str, target: f64, tau_s: f64, dt_s: f64) {
        let value = self.get(name);
        self.set(name, value + (target - value) * (dt_s / tau_s).min(1.0));
    }

    /// Smooth "noise": three sines of incommensurable periods, amplitude about 1.
    fn ripple(&self, phase: f64) -> f64 {
        let t = self.t_s;
        0.5 * (t / 37.0 + phase).sin()
            + 0.3 * (t / 7.3 + 2.0 * phase).sin()
            + 0.2 * (t / 1.9 + 3.0 * phase).sin()
    }

    pub(super) fn step(&mut self, dt_s: f64) -> Vec<Happening> {
        self.t_s += dt_s;
        let happenings = self.interlocks();
        self.drives(dt_s);
        self.dosing(dt_s);
        self.temperatures(dt_s);
        self.gas(dt_s);
        self.loops();
        happenings
    }

    fn interlocks(&mut self) -> Vec<Happening> {
        let mut happenings = Vec::new();
        let dosing = self.get("DOSE.ENABLE") > 0.5;
        let demand = |p: &Process, id: &str| match id {
            "C01" => p.get("TT-101.PV") >= 50.0,
            "C03" => dosing && p.get("TT-101.PV") <= 30.0,
            "C06" => p.get("ST-101.PV") < 40.0 && p.t_s > 5.0,
            "C09" => p.get("PT-101.PV") >= 120.0,
            "C17" => p.get("TT-102.PV") >= 75.0,
            _ => false,
        };
        let mut any = false;
        for (id, index, en, zh, _, _) in CAUSES {
            let on = demand(self, id);
            any |= on;
            self.set(&format!("{id}.TRIP"), f64::from(u8::from(on)));
            if on && self.get("RG-1.TRIPPED") < 0.5 {
                self.set("RG-1.TRIPPED", 1.0);
                self.set("RG-1.FIRST_OUT", f64::from(index));
                self.set("DOSE.ENABLE", 0.0);
                happenings.push(Happening::Tripped { cause: id, en, zh });
            }
        }
        if self.get("RG-1.RESET") > 0.5 {
            self.set("RG-1.RESET", 0.0);
            if any {
                happenings.push(Happening::ResetHeld);
            } else if self.get("RG-1.TRIPPED") > 0.5 {
                self.set("RG-1.TRIPPED", 0.0);
                self.set("RG-1.FIRST_OUT", 0.0);
                happenings.push(Happening::ResetDone);
            }
        }
        happenings
    }

    fn drives(&mut self, dt_s: f64) {
        let start = self.get("M-101.START") > 0.5;
        let speed_sp = if start { self.get("SC-101.SP") } else { 0.0 };
        self.set("SC-101.OUT", speed_sp);
        let was_stopped = self.get("M-101.STATE") == 0.0;
        self.spinning_up_s = match (start, was_stopped) {
            (true, true) => 3.0,
            (true, false) => (self.spinning_up_s - dt_s).max(0.0),
            (false, _) => 0.0,
        };
        let state = match (start, self.spinning_up_s > 0.0) {
            (false, _) => 0.0,
            (true, true) => 2.0,
            (true, false) => 1.0,
        };
        self.set("M-101.STATE", state);
        self.lag(
            "ST-101.PV",
            speed_sp + if start { 0.4 * self.ripple(0.3) } else { 0.0 },
            1.5,
            dt_s,
        );
        let speed = self.get("ST-101.PV");
        self.set(
            "IT-101.PV",
            if speed < 1.0 {
                0.0
            } else {
                6.0 + 0.13 * speed + 0.3 * self.ripple(1.1)
            },
        );
        let tripped = self.get("RG-1.TRIPPED") > 0.5;
        let dosing = self.get("DOSE.ENABLE") > 0.5;
        for (i, (name, normal_open)) in VALVES.iter().enumerate() {
            let open = match *name {
                "XV-101A" | "XV-101B" => dosing && !tripped,
                "XV-117" | "XV-111" => tripped,
                _ => *normal_open,
            };
            let fails_open = matches!(*name, "XV-117" | "XV-111" | "XV-112");
            self.set(
                &format!("{name}.CMD"),
                f64::from(u8::from(open != fails_open)),
            );
            let step = dt_s / 3.0;
            self.travel[i] = (self.travel[i] + if open { step } else { -step }).clamp(0.0, 1.0);
            let state = match self.travel[i] {
                x if x <= 0.0 => 0.0,
                x if x >= 1.0 => 1.0,
                _ => 2.0,
            };
            self.set(&format!("{name}.STATE"), state);
        }
    }

    fn dosing(&mut self, dt_s: f64) {
        let open = self.travel[0].min(self.travel[1]);
        let flow = open * self.get("FV-101.CMD") * 1.63;
        self.lag("FT-101.PV", flow + open * 0.6 * self.ripple(0.7), 2.0, dt_s);
        let kg = self.get("FT-101.PV").max(0.0) * dt_s / 3600.0;
        let (total, weight) = (self.get("DOSE.TOTAL") + kg, self.get("WT-101.PV") - kg);
        self.set("DOSE.TOTAL", total);
        self.set("DOSE.REMAINING", self.get("DOSE.TARGET") - total);
        self.set("DOSE.STATE", f64::from(u8::from(open > 0.0)));
        self.set("WT-101.PV", weight);
        self.set("LT-101.PV", self.get("LT-101.PV") + kg * 0.045);
        if total >= self.get("DOSE.TARGET") {
            self.set("DOSE.ENABLE", 0.0);
        }
    }

    fn temperatures(&mut self, dt_s: f64) {
        let opening = self.get("TV-102.CMD") - self.get("TV-101.CMD");
        let jacket = 30.0 + 0.55 * opening + 0.2 * self.ripple(2.0);
        self.lag("TT-102.PV", jacket, 20.0, dt_s);
        let reaction = self.get("FT-101.PV") * 0.11;
        let bulk = self.get("TT-102.PV") + reaction + 0.5 * self.ripple(0.1);
        self.lag("TT-101.PV", bulk, 180.0, dt_s);
        let t = self.get("TT-101.PV");
        self.set("TT-101A.PV", t + 0.05 * self.ripple(4.0));
        self.set("TT-101B.PV", t - 0.2 + 0.05 * self.ripple(5.0));
        self.set("TT-101C.PV", t + 0.3 + 0.05 * self.ripple(6.0));
        self.set(
            "TT-103.PV",
            self.get("TT-102.PV") + 0.12 * (t - self.get("TT-102.PV")),
        );
        self.set("TT-104.PV", t - 7.0 + 0.3 * self.ripple(3.0));
        self.set("TT-106.PV", -9.6 + 0.3 * self.ripple(2.2));
        self.set("FT-102.PV", 14.8 + 0.2 * self.ripple(1.7));
        self.set("PT-103.PV", 412.0 + 4.0 * self.ripple(0.9));
        // One instrument misbehaves now and then, so that every quality is seen.
        self.cold_s = self.t_s % 600.0;
        let quality = match self.cold_s {
            s if (240.0..270.0).contains(&s) => Quality::new(Level::Bad, Reason::SensorFault),
            s if (270.0..300.0).contains(&s) => {
                Quality::new(Level::Uncertain, Reason::RateExceeded)
            }
            _ => Quality::GOOD,
        };
        self.mark("TT-104.PV", quality.with(Quality::SIMULATED));
    }

    fn gas(&mut self, dt_s: f64) {
        let push = (self.get("PV-101A.CMD") - self.get("PV-101B.CMD")) * 0.4;
        self.lag("PT-101.PV", 2.2 + push + 0.15 * self.ripple(0.5), 8.0, dt_s);
        let p = self.get("PT-101.PV");
        self.set("PT-101A.PV", p);
        self.set("PT-101B.PV", p - 0.1);
        self.set(
            "FT-103.PV",
            2.0 + 0.3 * self.get("PV-101A.CMD") + 0.2 * self.ripple(0.2),
        );
        self.set("PT-104.PV", 602.0 + 5.0 * self.ripple(1.3));
        let o2 = 0.9 + 0.12 * self.ripple(0.8);
        self.set("AT-101.PV", o2);
        self.set("AT-101A.PV", o2);
        self.set("AT-101B.PV", o2 - 0.08);
    }

    fn loops(&mut self) {
        for name in ["TIC-101", "TIC-102", "FIC-101", "PIC-101"] {
            let mode = self.get(&format!("{name}.MODE"));
            let tripped = self.get("RG-1.TRIPPED") > 0.5;
            let actual = if tripped && name == "FIC-101" {
                0.0
            } else {
                mode
            };
            self.set(&format!("{name}.MODE_ACT"), actual);
        }
        let pv = [
            ("TIC-101", "TT-101.PV"),
            ("TIC-102", "TT-102.PV"),
            ("FIC-101", "FT-101.PV"),
            ("PIC-101", "PT-101.PV"),
        ];
        for (name, source) in pv {
            let value = self.get(source);
            self.set(&format!("{name}.PV"), value);
        }
        // A slow integral is enough to make outputs move the right way.
        let mut drive = |name: &str, gain: f64| {
            if self.get(&format!("{name}.MODE_ACT")) > 0.0 {
                let error = self.get(&format!("{name}.SP")) - self.get(&format!("{name}.PV"));
                let out = self.get(&format!("{name}.OUT")) + gain * error;
                self.set(&format!("{name}.OUT"), out.clamp(0.0, 100.0));
            }
        };
        drive("TIC-101", 0.000_4);
        drive("TIC-102", 0.004);
        drive("FIC-101", 0.004);
        drive("PIC-101", 0.01);
        if self.get("TIC-102.MODE_ACT") == 2.0 {
            self.set("TIC-102.SP", -15.0 + 0.85 * self.get("TIC-101.OUT"));
        }
        if self.get("RG-1.TRIPPED") > 0.5 {
            self.set("FIC-101.OUT", 0.0);
        }
        let out = self.get("TIC-102.OUT");
        self.set("TV-101.CMD", (100.0 - out / 0.48).clamp(0.0, 100.0));
        self.set("TV-102.CMD", ((out - 52.0) / 0.48).clamp(0.0, 100.0));
        self.set("FV-101.CMD", self.get("FIC-101.OUT"));
        let blanket = self.get("PIC-101.OUT");
        self.set("PV-101A.CMD", ((blanket - 50.0) * 2.0).clamp(0.0, 100.0));
        self.set("PV-101B.CMD", ((50.0 - blanket) * 2.0).clamp(0.0, 100.0));
    }
}
