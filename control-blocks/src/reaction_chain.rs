//! A whole semi-batch reaction: inerting, agitation, dosing by the live heat balance,
//! and its supervision, joined as plant text joins them, on a simulated reactor.
//! That it links shows that units, stages and loops fit.

use crate::reactor::Reactor;
use crate::rig::Rig;
use scan::Start;
use signal::Quality;

const UNIT: &str = r#"
[field]
"TT.RAW" = 40.0
"TJ.RAW" = 40.0
"FT.RAW" = 0.0
"WT.RAW" = 400.0
"ST.RAW" = 0.0
"PT.RAW" = 3.0
"AT.RAW" = 20.9
"M.FB" = false
"XV.ZSO" = false
"XV.ZSC" = true
"GO" = false

[[block]]
kind = "AI"
name = "TT"
raw = "TT.RAW"
direct = true
lo = -20
hi = 150
unit = "°C"

[[block]]
kind = "AI"
name = "TJ"
raw = "TJ.RAW"
direct = true
lo = -40
hi = 180
unit = "°C"

[[block]]
kind = "AI"
name = "FT"
raw = "FT.RAW"
direct = true
lo = 0
hi = 200
unit = "kg/h"

[[block]]
kind = "AI"
name = "WT"
raw = "WT.RAW"
direct = true
lo = 0
hi = 500
unit = "kg"

[[block]]
kind = "AI"
name = "ST"
raw = "ST.RAW"
direct = true
lo = 0
hi = 120
unit = "rpm"

[[block]]
kind = "AI"
name = "PT"
raw = "PT.RAW"
direct = true
lo = -100
hi = 400
unit = "kPa(g)"

[[block]]
kind = "AI"
name = "AT"
raw = "AT.RAW"
direct = true
lo = 0
hi = 25
unit = "vol%"

# ---- the phase

[[block]]
kind = "PHASE"
name = "DOSING"
start_when = "GO"
trips = [{ delayed = "RG.E1" }]
steps = [
    { name = "inert", done = { delayed = "INERT.INERT" }, timeout_s = 7200 },
    { name = "agitate", done = { delayed = "AG.OK" }, timeout_s = 600 },
    { name = "dose", done = { delayed = "DOSE.DONE" } },
    { name = "stir on", after_s = 60 },
]

[[block]]
kind = "INERT"
name = "INERT"
method = "vacuum-swing"
pressure = "PT.PV"
low = -81.0
high = 3.0
volume = 2.0
oxygen = ["AT.PV"]
cycles_min = 1
pressure_min = -100.0
start_when = "DOSING.S1"

[[block]]
kind = "AGITATION"
name = "AG"
running = "M.FB"
speed = "ST.PV"
speed_min = 40.0
speed_sp = 90.0
slow_speed = 45.0
temperature = "TT.PV"
temperature_min = 30.0
temperature_max = 45.0
rise = "QC.RISE"
rate = "QC.RATE"
start_when = "DOSING.S2"

# ---- dosing

[[block]]
kind = "TOTAL"
name = "FQ"
in = "FT.PV"
base = "h"
unit = "kg"

[[block]]
kind = "CALORIMETRY"
name = "QC"
temperature = "TT.PV"
ua = 2.1
jacket = "TJ.PV"
heel = 1310.0
dosed = "FQ.TOTAL"
feed = "FT.PV"
cp = 1.9
vessel = 500.0
enthalpy = 160.0
limiting = 2.4
molar_mass = 120.0
mtt = 110.6
td24 = 80.0
stirred = { delayed = "AG.OK" }

[[block]]
kind = "INITIATION"
name = "XI"
dosed = "FQ.TOTAL"
target = 300.0
heat = "QC.HEAT"
heat_min = 3.0
temperature = "TT.PV"

[[block]]
kind = "DOSE_RATE"
name = "DR"
recipe = 75.0
rate_max = 120.0
run = { delayed = "DOSE.OPEN" }
temperature = "TT.PV"
temperature_sp = 40.0
mtsr = "QC.MTSR"
mtsr_max = 61.0
cooling = 90.0
duty = "QC.HEAT"
heat = 1333.0

[[block]]
kind = "PERMIT"
name = "DP"
stage = "logic"
needs = [
    { name = "inert", tag = "INERT.INERT" },
    { name = "agitated", tag = "AG.OK" },
    { name = "no trip", tag = { delayed = "RG.TRIPPED" }, is = false },
]

[[block]]
kind = "DOSE"
name = "DOSE"
total = "FQ.TOTAL"
target = 300.0
rate = "DR.SP"
demand = "DOSING.S3"
permit = "DP.OK"
hold = "XI.HOLD"
interlocked = { delayed = "RG.E1" }

[[block]]
kind = "CROSS_CHECK"
name = "CC"
total = "FQ.TOTAL"
weight = "WT.PV"
reset_when = "DOSING.S1"

[[block]]
kind = "OVERDOSE"
name = "OD"
weight = "WT.PV"
reset_when = "DOSING.S1"
target = 300.0

[[block]]
kind = "LEAK_BY"
name = "LB"
weight = "WT.PV"
closed = ["XV.ZSC"]

# ---- protection

[[block]]
kind = "CAUSE"
name = "C05"
of = ["QC.MTSR"]
when = "above"
limit = 70.0
on_delay_s = 10.0
armed = "DOSE.ENABLE"

[[block]]
kind = "CAUSE"
name = "C06"
any = [{ tag = "AG.OK", is = false }]
armed = "DOSE.ENABLE"

[[block]]
kind = "CAUSE"
name = "C15"
any = [{ tag = "CC.TRIP", is = true }, { tag = "OD.TRIP", is = true }, { tag = "LB.TRIP", is = true }]
vote = "1oo3"

[[block]]
kind = "INTERLOCK"
name = "RG"
causes = [
    { cause = "C05.TRIP", effects = ["E1"] },
    { cause = "C06.TRIP", effects = ["E1"] },
    { cause = "C15.TRIP", effects = ["E1"] },
]

[[block]]
kind = "MOTOR"
name = "M"
demand = "AG.RUN"
permit = "AG.PERMIT"
run = "M.FB"

[[block]]
kind = "VALVE"
name = "XV"
fail = "closed"
demand = "DOSE.OPEN"
mode = 1
trips = [{ when = "RG.E1", to = "closed" }]
zso = "XV.ZSO"
zsc = "XV.ZSC"

[[block]]
kind = "HORN"
name = "HA"
p1 = ["RG.TRIPPED"]
p2 = ["CC.ALARM", "LB.ALARM"]
"#;

/// The unit with its plant.
struct Plant {
    rig: Rig,
    reactor: Reactor,
    weight: f64,
    agitator_fails: bool,
}

impl Plant {
    fn new() -> Plant {
        let mut rig = Rig::new(1000, UNIT);
        rig.task.program.start(Start::Cold);
        rig.scans(2).write("RG.RESET", 1.0).scans(2);
        assert!(!rig.is("RG.TRIPPED"));
        Plant {
            rig,
            reactor: Reactor::new(),
            weight: 400.0,
            agitator_fails: false,
        }
    }

    fn second(&mut self) {
        let rig = &mut self.rig;
        let is_open = rig.is("XV.CMD");
        let feed = if is_open { rig.value("DOSE.SP") } else { 0.0 };
        self.reactor.second(feed);
        self.weight -= feed / 3_600.0;
        let runs = rig.is("M.CMD") && !self.agitator_fails;
        let pressure = match (rig.is("INERT.VACUUM"), rig.is("INERT.NITROGEN")) {
            (true, _) => (rig.value("PT.RAW") - 2.0).max(-90.0),
            (_, true) => (rig.value("PT.RAW") + 2.0).min(5.0),
            _ => rig.value("PT.RAW"),
        };
        if rig.is("INERT.NITROGEN") {
            rig.field("AT.RAW", 0.9);
        }
        let speed = if runs { rig.value("AG.SP") } else { 0.0 };
        rig.field("TT.RAW", self.reactor.t)
            .field("TJ.RAW", self.reactor.jacket)
            .field("FT.RAW", feed)
            .field("WT.RAW", self.weight)
            .field("ST.RAW", speed)
            .field("PT.RAW", pressure)
            .field("M.FB", f64::from(u8::from(runs)))
            .field("XV.ZSO", f64::from(u8::from(is_open)))
            .field("XV.ZSC", f64::from(u8::from(!is_open)))
            .scans(1);
    }

    /// Runs until the condition holds; how long it took.
    fn until(&mut self, holds: impl Fn(&Plant) -> bool) -> usize {
        for second in 0..12 * 3_600 {
            if holds(self) {
                return second;
            }
            self.second();
        }
        panic!(
            "never; phase {} step {}, dose {}, limited by {}, first-out {}",
            self.rig.value("DOSING.STATE"),
            self.rig.value("DOSING.STEP"),
            self.rig.value("DOSE.STATE"),
            self.rig.value("DR.LIMITED_BY"),
            self.rig.value("RG.FIRST_OUT"),
        );
    }

    fn dosing(kilograms: f64) -> Plant {
        let mut plant = Plant::new();
        plant.rig.field("GO", 1.0);
        plant.until(|plant| plant.rig.value("FQ.TOTAL") >= kilograms);
        plant
    }
}

#[test]
fn a_batch_runs_from_inerting_to_the_end_of_its_dose() {
    let mut plant = Plant::new();
    plant.rig.field("GO", 1.0);
    plant.until(|plant| plant.rig.is("INERT.INERT"));
    assert_eq!(plant.rig.value("INERT.NEEDED"), 2.0);
    plant.until(|plant| plant.rig.is("XI.CONFIRMED"));
    assert!(plant.rig.value("FQ.TOTAL") < 15.0, "it shows before 5 %");
    let mut mtsr = 0.0f64;
    while !plant.rig.is("DOSING.COMPLETE") {
        plant.second();
        mtsr = mtsr.max(plant.rig.value("QC.MTSR"));
        assert!(!plant.rig.is("RG.TRIPPED"));
        assert!(!plant.rig.is("HA.HORN"));
    }
    assert!((plant.reactor.dosed - 300.0).abs() < 0.5);
    assert!((50.0..61.0).contains(&mtsr), "{mtsr}");
    assert_eq!(plant.rig.value("QC.CLASS"), 2.0);
    assert!(plant.rig.value("CC.DIFFERENCE").abs() < 0.5);
}

#[test]
fn a_reaction_that_does_not_begin_gets_no_more_than_its_first_portion() {
    let mut plant = Plant::new();
    plant.reactor.activity = 0.0;
    plant.rig.field("GO", 1.0);
    plant.until(|plant| plant.rig.value("XI.STATE") == 4.0);
    assert!(!plant.rig.is("DOSE.OPEN") && !plant.rig.is("XV.CMD"));
    assert!((plant.reactor.dosed - 15.0).abs() < 0.2);
    // All of it is there: 0.125 kmol in 1325 kg.
    let rise = 0.125 * 160e3 / (1_325.0 * 1.9);
    assert!((plant.rig.value("QC.RISE") - rise).abs() < 0.5);
}

#[test]
fn a_failed_agitator_stops_the_dose_and_may_not_simply_start_again() {
    let mut plant = Plant::dosing(200.0);
    plant.agitator_fails = true;
    for _ in 0..5 {
        plant.second();
    }
    assert!(!plant.rig.is("XV.CMD"));
    assert_eq!(plant.rig.value("RG.FIRST_OUT"), 2.0);
    assert!(plant.rig.is("HA.RED") || plant.rig.is("HA.HORN"));
    assert_eq!(plant.rig.value("DOSING.STATE"), 4.0, "the phase is held");
    assert!(!plant.rig.is("QC.VALID"), "no balance without agitation");
    // Nothing reacts away by assumption: the accumulation stands, and is not small.
    assert!(plant.rig.value("QC.RISE") > 5.0);
    plant.agitator_fails = false;
    for _ in 0..130 {
        plant.second();
    }
    plant.rig.write("AG.START", 1.0);
    plant.second();
    assert!(!plant.rig.is("M.CMD"));
    assert_eq!(plant.rig.value("AG.STATE"), 4.0);
}

#[test]
fn a_flow_meter_that_reads_low_is_found_by_the_weight() {
    let mut plant = Plant::dosing(60.0);
    // The vessel loses what the meter does not count.
    for _ in 0..1_800 {
        plant.weight -= 40.0 / 3_600.0;
        plant.second();
        if plant.rig.is("RG.TRIPPED") {
            assert_eq!(plant.rig.value("RG.FIRST_OUT"), 3.0);
            assert!(!plant.rig.is("XV.CMD"));
            assert!((10.0..13.0).contains(&-plant.rig.value("CC.DIFFERENCE")));
            return;
        }
    }
    panic!("not found: {}", plant.rig.value("CC.DIFFERENCE"));
}

#[test]
fn a_lost_temperature_stops_the_dose_at_once() {
    let mut plant = Plant::dosing(60.0);
    plant.rig.quality_of("TT.RAW", Quality::SENSOR_FAULT);
    let before = plant.rig.value("DR.SP");
    plant.rig.scans(1);
    assert!(before > 70.0);
    assert_eq!(plant.rig.value("DR.SP"), 0.0);
    plant.rig.scans(11);
    assert!(plant.rig.is("RG.TRIPPED"), "an unknown MTSR counts as high");
}
