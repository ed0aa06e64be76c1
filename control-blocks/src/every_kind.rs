//! What every kind must do: be restored exactly, never store what is no number,
//! recover from it, keep its tags under its own name, and refuse bad text
//! without panic.

use crate::registry;
use crate::rig::{Rig, input, problems};
use scan::{Start, TagOrigin, link};
use signal::{Kind, Level, Quality, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// Field tags for all of them.
const FIELD: &str = r#"
[field]
x = 10.0
y = 11.0
z = 12.0
u = 13.0
v = 9.0
w = 10.5
n = 11.5
i = 1
p = false
q = true
r = false
[[block]]
name = "B"
"#;

/// Each kind with a minimal and, where there is more, a full table.
const TEXTS: &[&str] = &[
    "kind = \"AI\"\nraw = \"x\"\nlo = 0\nhi = 100\nunit = \"%\"",
    "kind = \"AI\"\nraw = \"x\"\nlo = 0\nhi = 100\nunit = \"%\"\nfilter_s = 2\nrate_max = 9\nfrozen_s = 3\nnoise_floor = 1.0\nstill_up_to = 0.0\nstatus = \"p\"\nstale_s = 0.5\nne43_persist_s = 1",
    "kind = \"AI\"\nraw = \"x\"\nlo = -50\nhi = 50\nunit = \"°C\"\ndirect = true\nfilter_s = 1",
    "kind = \"DI\"\nraw = \"p\"",
    "kind = \"DI\"\nraw = \"p\"\ninvert = true\non_delay_s = 0.3\noff_delay_s = 0.5\nstale_s = 0.4",
    "kind = \"MEDIAN\"\nof = [\"x\", \"y\", \"z\"]",
    "kind = \"MEDIAN\"\nof = [\"x\", \"y\"]\nmin_good = 2",
    "kind = \"SELECT\"\nof = [\"x\", \"y\", \"z\"]\nselect = \"high\"",
    "kind = \"SELECT\"\nof = [\"x\", \"y\", \"z\"]\nselect = \"average\"\nmin_good = 3",
    "kind = \"DEVIATION\"\nof = [\"x\", \"y\", \"z\"]\nlimit = 5\ndelay_s = 0.4",
    "kind = \"PID\"\nin = \"x\"\naction = \"reverse\"\nmode = 1\nti_s = 10",
    "kind = \"PID\"\nin = \"x\"\naction = \"direct\"\nmode = 2\nkp = 3\nti_s = 4\ntd_s = 2\nb = 0.5\nc = 1\ncas = \"y\"\ntrack = \"z\"\ntrack_when = \"p\"\nff = \"z\"\nsp_rate = 3\nout_rate = 20\nsp_track = true\non_bad_pv = \"hold\"\nsp_lo = 0\nsp_hi = 60",
    "kind = \"PID\"\nin = \"x\"\naction = \"reverse\"\nmode = 1\nti_s = 4\nbkcal = \"y\"\nbkcal_ok = \"q\"",
    "kind = \"PID\"\nin = \"x\"\naction = \"reverse\"\nmode = 1\nti_s = 1\nsp = 11\nout_lo = 9\nout_hi = 10.5\nout = 10\non_bad_pv = \"hold\"",
    "kind = \"SPLIT\"\nin = \"x\"\na_in_lo = 0\na_in_hi = 48\na_out_lo = 100\na_out_hi = 0\nb_in_lo = 52\nb_in_hi = 100\nb_out_lo = 0\nb_out_hi = 100",
    "kind = \"RATIO\"\nin = \"x\"\nratio = 2",
    "kind = \"RATIO\"\nin = \"x\"\nratio = \"y\"\nbias = 1\nlo = 0\nhi = 50\nunit = \"kg/h\"",
    "kind = \"CLAMP_DELTA\"\nin = \"x\"\nref = \"y\"\ndelta = 2",
    "kind = \"FILTER\"\nin = \"x\"\ntau_s = 3",
    "kind = \"RATE\"\nin = \"x\"\nup_per_s = 1\ndown_per_s = 2",
    "kind = \"RAMP\"\ntarget = \"x\"\nrate_per_min = 60\nrun = \"q\"\nfrom = \"y\"",
    "kind = \"RAMP\"\ntarget = 50.0\nrate_per_min = 60\nrun = \"p\"",
    "kind = \"TOTAL\"\nin = \"x\"\nbase = \"s\"",
    "kind = \"TOTAL\"\nin = \"x\"\nbase = \"s\"\ncutoff = 3\nrollover = 7\nunit = \"kg\"",
    "kind = \"RATE_OF_CHANGE\"\nin = \"x\"\ntau_s = 2\nunit = \"K/min\"",
    "kind = \"CALC\"\nexpr = \"1.163 * a * (b - c) / d\"\nin = { a = \"x\", b = \"y\", c = \"z\", d = 2.0 }\nunit = \"kW\"\nlo = 0\nhi = 100",
    "kind = \"CALC\"\nexpr = \"if p and not q then sqrt(a - 9) > 1 else a / (b - 11) > 0 or r\"\nin = { a = \"x\", b = { delayed = \"y\" }, p = \"p\", q = \"q\", r = { bool = \"r\" } }",
    "kind = \"COMPARE\"\nin = \"x\"\nlimit = 11\nwhen = \"above\"\non_bad = \"hold\"\nhysteresis = 1\non_delay_s = 0.2\noff_delay_s = 0.3",
    "kind = \"COMPARE\"\nin = \"x\"\nlimit = \"y\"\nwhen = \"below\"\non_bad = \"true\"",
    "kind = \"AND\"\nof = [\"p\", \"q\"]",
    "kind = \"OR\"\nof = [\"p\", \"q\", \"r\"]",
    "kind = \"XOR\"\nof = [\"p\", \"q\"]",
    "kind = \"NOT\"\nin = \"p\"",
    "kind = \"TON\"\nin = \"p\"\npt_s = 0.3",
    "kind = \"TOF\"\nin = \"p\"\npt_s = 0.3",
    "kind = \"TP\"\nin = \"p\"\npt_s = 0.5",
    "kind = \"SR\"\nset = \"p\"\nreset = \"r\"\ndominant = \"set\"",
    "kind = \"SR\"\nset = \"p\"\nreset = \"r\"\ndominant = \"reset\"",
    "kind = \"EDGE\"\nin = \"p\"\non = \"both\"",
    "kind = \"COUNT\"\nin = \"p\"\ndown = \"q\"\nclear = \"r\"\npreset = 5",
    "kind = \"DOSE\"\ntotal = \"x\"\ntarget = 15\nrate = 60",
    "kind = \"DOSE\"\ntotal = \"x\"\ntarget = 15\nrate = \"y\"\npermit = \"q\"\ninterlocked = \"p\"\nhold = \"r\"\ndribble = 3\ndribble_rate = 5\npreact = 0.2\nramp_s = 2\nrate_unit = \"kg/h\"\nenable = true\ndemand = \"q\"",
    "kind = \"INERT\"\nmethod = \"pressure-swing\"\npressure = \"x\"\nlow = 9\nhigh = 12\nvolume = 3\noxygen = [\"y\"]\noxygen_start = 11\noxygen_sp = 10.9\noxygen_high = 12\noxygen_supply = 9\ndwell_s = 0\ncycles_min = 1\nverify_s = 0.2\nverify_max_s = 2\nlost_s = 0.3\npressure_min = 8.5\nmake_up_s = 0.2\nstep_max_s = 1\nheader = \"z\"\nheader_low = 8.5\nheader_s = 0.3\nstart_when = \"r\"",
    "kind = \"INERT\"\nmethod = \"vacuum-swing\"\npressure = \"x\"\nlow = 9\nhigh = 12\nvolume = 3\noxygen = [\"y\", \"z\"]\nvote = \"1oo2\"\noxygen_start = 11\noxygen_sp = 10.9\noxygen_high = 12\noxygen_supply = 9\nsample = \"q\"\nflow = \"u\"\nheader = \"v\"\nheader_low = 7\nclosed = \"q\"\naired = \"p\"\ntight = \"q\"\nconfirmed = \"r\"\npermit = \"q\"\nstart_when = \"r\"\ndwell_s = 0\nverify_s = 0.2\nlost_s = 0.2\nheader_s = 0.2\nmake_up_s = 0.1\npressure_min = 10\ncycles_min = 1\nstep_max_s = 4",
    "kind = \"INERT\"\nmethod = \"sweep\"\npressure = \"x\"\nvolume = 0.1\noxygen = [\"y\"]\nflow = \"z\"\nstart_when = \"q\"\nstop_when = \"r\"\noxygen_sp = 12\noxygen_high = 13\nverify_s = 0.5\nverify_max_s = 2",
    "kind = \"INERT\"\nmethod = \"pressure-swing\"\npressure = \"x\"\nlow = 9\nhigh = 12\nvolume = 3\noxygen = [\"y\"]\noxygen_start = 11\noxygen_sp = 10.9\noxygen_high = 12\noxygen_supply = 9\ndwell_s = 0\ncycles_min = 1\npressure_min = 0\nstart_when = \"q\"\nverify_s = 0.2\nlost_s = 0.2\nheader = \"z\"\nheader_low = 9\nheader_s = 0.2",
    "kind = \"INERT\"\nmethod = \"pressure-swing\"\npressure = \"x\"\nlow = 9\nhigh = 12\nvolume = 3\noxygen = [\"y\"]\noxygen_start = 11\noxygen_sp = 10.9\noxygen_high = 12\noxygen_supply = 9\ndwell_s = 0\ncycles_min = 1\npressure_min = 0\nstart_when = \"q\"\nverify_s = 0.8\nverify_max_s = 0.5",
    "kind = \"LEAK_TEST\"\npressure = \"x\"\nat = 10\nchange_max = 5\nhold_s = 0.3\nsettle_s = 0\nstart_when = \"r\"",
    "kind = \"LEAK_TEST\"\npressure = \"x\"\nat = \"y\"\nby = \"vacuum\"\nchange_max = 3\nhold_s = 1\nsettle_s = 0.2\ntemperature = \"z\"\nclosed = \"q\"\npermit = \"q\"\nstart_when = \"r\"\nstop_when = \"p\"",
    "kind = \"DOSE_RATE\"\nrecipe = 75\nrate_max = 120",
    "kind = \"DOSE_RATE\"\nrecipe = \"x\"\nrate_max = 12\nrun = \"q\"\ntemperature = \"y\"\ntemperature_sp = 7\nmtsr = \"z\"\nmtsr_max = 13\ncooling = \"v\"\nduty = 6.5\nheat = 900\nup_s = 2",
    "kind = \"DOSE_RATE\"\nrecipe = \"x\"\nrate_max = 9\nup_s = 0",
    "kind = \"INITIATION\"\ndosed = \"x\"\ntarget = 100\nportion = 12\nheat = \"y\"\nheat_min = 10\nfor_s = 0.2\nwait_s = 1",
    "kind = \"INITIATION\"\ndosed = \"x\"\ntarget = \"z\"\ntemperature = \"y\"\nrise_min = 1\nportion = 50\nfor_s = 0.1",
    "kind = \"LEAK_BY\"\nweight = \"x\"\nclosed = [\"q\", \"r\"]\nfor_s = 1\namount_max = 2",
    "kind = \"CROSS_CHECK\"\ntotal = \"x\"\nweight = \"y\"\nreset_when = \"q\"\nrollover = 12\namount = 1\nrefill = 3\nfor_s = 0.3",
    "kind = \"OVERDOSE\"\namount = \"x\"\ntarget = 12",
    "kind = \"OVERDOSE\"\nweight = \"x\"\nreset_when = \"q\"\ntarget = \"y\"\nrefill = 3",
    "kind = \"NO_FLOW\"\nopening = \"x\"\nflow = \"y\"\nflow_min = 11\nfor_s = 0.3",
    "kind = \"CALORIMETRY\"\ntemperature = \"x\"\nua = 2.1\njacket = \"y\"\nheel = 1000\ndosed = \"z\"\ncp = 1.9\nenthalpy = 160\nlimiting = 2.4\nmolar_mass = 120\nmtt = 17\ntd24 = 18",
    "kind = \"CALORIMETRY\"\ntemperature = \"x\"\njacket_flow = \"w\"\njacket_in = \"y\"\njacket_out = \"v\"\njacket_capacity = 4000\nheel = 1000\ndosed = \"z\"\nfeed = \"u\"\nfeed_temperature = 5\nloss = 1\nstirrer = 2\nother = 3\ncp = 1.9\nvessel = 500\nenthalpy = 160\nlimiting = 2.4\nmolar_mass = 120\nmtt = 110\ntd24 = 17\nstirred = \"q\"\ninitiated = \"r\"\nassumed_per_h = 9\nwindow_s = 60",
    "kind = \"AGITATION\"\nrunning = \"q\"\nspeed = \"x\"\nspeed_min = 9\nspeed_sp = 90\nslow_speed = 30\ntemperature = \"y\"\ntemperature_min = 0\ntemperature_max = 50\nrise = 0\nrate = 0.0\nslow_s = 0.3\nstart_when = \"r\"",
    "kind = \"AGITATION\"\nrunning = \"q\"\nspeed = \"x\"\nspeed_min = 9\ncurrent = \"y\"\ncurrent_min = 9\ncurrent_max = 13\nspeed_sp = \"n\"\nslow_speed = 30\ntemperature = \"z\"\ntemperature_min = 9\ntemperature_max = 13\nrise = \"u\"\nrise_max = 12\nrate = \"v\"\nrate_max = 12\nauthorised = \"p\"\nmains = \"q\"\ndosing = \"p\"\nstart_when = \"r\"\nstop_when = \"p\"\nsettle_s = 0.5\nslow_s = 0.2\nstart_s = 0.5\nlost_s = 0.2\nfor_s = 0.2",
    "kind = \"MEDIUM_LIMIT\"\nmedium = \"x\"\nset_point = \"y\"\ntd24 = 20\nfor_s = 0.2",
    "kind = \"EMERGENCY_COOLING\"\nopened = \"q\"\nclosed = \"r\"",
    "kind = \"EMERGENCY_COOLING\"\nlevel = \"x\"\nlevel_min = 9\ntemperature = \"y\"\ntemperature_max = 13\npressure = \"z\"\npressure_min = 9\nopened = \"q\"\nclosed = \"r\"\nevery_d = 0.01\nstroke_s = 0.5\ntest_permit = \"p\"",
    "kind = \"PRESSURE_MODE\"\npressure = \"x\"\nmode = 1\nblanket = [9, 10, 12, 14]\nrate_max = 20",
    "kind = \"PRESSURE_MODE\"\npressure = \"x\"\nmode = \"i\"\nvacuum = [5, 6, 9, 10]\nreflux = [7, 9, 12, 14]\npressurised = [8, 9, 10, 11]\nrate_max = 20\nwindow_s = 1\nvent = \"q\"\nvent_s = 0.3\nchange_s = 0.5",
    "kind = \"DEPRESSURE\"\npressure = \"x\"\nswitch = 9.5\nend = 8.5\nfall_max = 50\nstart_when = \"r\"",
    "kind = \"DEPRESSURE\"\npressure = \"x\"\nswitch = 9.5\nend = 8.1\nfall_max = 50\nfall_max_2 = 90\nfoam = \"p\"\nhold = \"r\"\npermit = \"q\"\nstart_when = \"q\"\nstop_when = \"r\"\nwindow_s = 1\nstroke_s = 2",
    "kind = \"TRANSFER\"\nsource = \"x\"\ndest = \"y\"\namount = 3\nstart_when = \"r\"\nreset_when = \"p\"\nprepurge_s = 0.1\npostpurge_s = 0.1\ndrain_max_s = 0.2",
    "kind = \"TRANSFER\"\nsource = \"x\"\ndest = \"y\"\namount = \"z\"\nflow = \"u\"\nflow_min = 10\npermit = \"q\"\nreserved = [\"r\"]\nlined_up = \"q\"\ntrips = [\"p\"]\nsource_low = \"p\"\ndest_high = \"p\"\nstart_when = \"q\"\nhold_when = \"p\"\nrestart_when = \"q\"\nabort_when = \"p\"\nreset_when = \"r\"\nprepurge_s = 0.1\npostpurge_s = 0.1\ndrain_max_s = 0.2\nflow_s = 0.2\nflow_start_s = 0.1\namount_min = 1\nbalance_s = 0.2\nempty = 9",
    "kind = \"TRANSFER\"\nsource = \"x\"\ndest = \"y\"\namount = 8\nreserved = [\"q\"]\ndest_high = \"p\"\nstart_when = \"r\"\nrestart_when = \"r\"\nreset_when = \"r\"\nprepurge_s = 0.1\ntransfer_max_s = 0.2\nlineup_max_s = 0.2",
    "kind = \"TRANSFER\"\nsource = \"x\"\ndest = \"y\"\namount = 90\nstart_when = \"r\"\nreset_when = \"q\"\nprepurge_s = 0\namount_min = 1\nbalance_s = 0.1",
    "kind = \"TRANSFER\"\nsource = \"x\"\ndest = \"y\"\namount = 90\nflow = \"u\"\nflow_min = 11\nflow_s = 0.1\nflow_start_s = 0\nstart_when = \"r\"\nrestart_when = \"q\"\nprepurge_s = 0",
    "kind = \"SCALE\"\nweight = \"x\"\ntarget = 2\ndribble_at = 1\ntolerance = 1\nstable_band = 9\nstable_s = 0.1\nstart_when = \"r\"",
    "kind = \"SCALE\"\nweight = \"x\"\ntarget = \"y\"\nfrom = \"loss\"\ndribble_at = 5\ntolerance = 3\npreact = 1\npreact_max = 4\nlearn = 1\nstable_band = 2\nstable_s = 0.2\nsettle_max_s = 1\npermit = \"q\"\ninterlocked = \"p\"\nhold = \"p\"\nstart_when = \"r\"\nstop_when = \"p\"",
    "kind = \"PHASE\"\nsteps = [{ after_s = 0.5 }, { after_s = 0.5 }]\nstart_when = \"r\"\nhold_when = \"p\"\nrestart_when = \"r\"\nreset_when = \"p\"",
    "kind = \"PHASE\"\nsteps = [{ name = \"a\", done = \"q\", timeout_s = 0.3 }, { after_s = 0.3 }, { done = \"r\", after_s = 0.1 }]\npermit = \"q\"\ntrips = [\"p\"]\non_trip = \"stop\"\nheld = \"q\"\nrestarted = \"r\"\nstopped = \"q\"\naborted = \"r\"\nstart_when = \"r\"\nhold_when = \"p\"\nrestart_when = \"q\"\nstop_when = \"p\"\nreset_when = \"r\"",
    "kind = \"ALARM\"\nin = \"x\"\nwhen = \"above\"\nlimit = 11",
    "kind = \"ALARM\"\nin = \"x\"\nwhen = \"below\"\nlimit = \"y\"\ndeadband = 1\non_delay_s = 0.3\noff_delay_s = 0.2",
    "kind = \"ALARM\"\nin = \"x\"\nwhen = \"falling\"\nlimit = 3\ntau_s = 2\non_delay_s = 0.2",
    "kind = \"ALARM\"\nin = \"x\"\nwhen = \"deviating\"\nsp = \"y\"\nlimit = 2\noff_delay_s = 0.2",
    "kind = \"ALARM_BAD\"\nof = [\"x\", \"y\"]\non_delay_s = 0.2\noff_delay_s = 0.3",
    "kind = \"ALARM_STATE\"\nin = \"p\"\nis = false\non_delay_s = 0.2\noff_delay_s = 0.3",
    "kind = \"ALARM_STATE\"\nin = \"p\"\nexpected = \"q\"\narmed = \"r\"\non_delay_s = 0.3",
    "kind = \"HORN\"\np1 = [\"p\"]",
    "kind = \"HORN\"\nesd = [\"p\"]\ngas = [\"q\"]\np1 = [\"r\", \"p\"]\np2 = [\"q\"]\np3 = [\"r\"]\nunacknowledged = \"q\"\ntest_s = 1",
    "kind = \"CAUSE\"\nof = [\"x\"]\nlimit = 12\nwhen = \"above\"",
    "kind = \"CAUSE\"\nof = [\"x\", \"y\", \"z\"]\nlimit = 11\nwhen = \"below\"\nvote = \"2oo3\"\non_bad = \"exclude\"\ndegrade_to = \"1oo2\"\nhysteresis = 1\non_delay_s = 0.3\narmed = \"q\"",
    "kind = \"CAUSE\"\nany = [{ tag = \"p\", is = true }, { tag = \"x\", above = 12.0, hysteresis = 2 }, { tag = \"y\", below = \"z\" }]\nvote = \"2oo3\"\non_bad = \"no-trip\"",
    "kind = \"INTERLOCK\"\ncauses = [{ cause = \"p\", effects = [\"E1\"] }, { cause = \"r\", effects = [\"E1\", \"E2\"], latch = false }]",
    "kind = \"VOTE\"\nof = [\"p\", \"q\", \"r\"]\nvote = \"2oo3\"",
    "kind = \"LATCH\"\nin = \"p\"",
    "kind = \"PERMIT\"\nneeds = [{ name = \"p\", tag = \"p\" }, { tag = \"q\", is = false }]\nfor_s = 0.2",
    "kind = \"AOUT\"\ndemand = \"x\"\nsafe = 0",
    "kind = \"AOUT\"\ndemand = \"x\"\nsafe = 12\nlo = 10\nhi = 14\nhold_s = 0.5\nunit = \"rpm\"\ntrips = [{ when = \"p\", value = 11 }, { when = \"r\", value = 14.0 }]",
    "kind = \"VALVE\"\nfail = \"closed\"",
    "kind = \"VALVE\"\nfail = \"open\"\ndemand = \"q\"\nmode = 1\npermit = \"p\"\nzso = \"p\"\nzsc = \"r\"\ntravel_s = 0.5\ntrips = [{ when = \"r\", to = \"closed\" }]",
    "kind = \"VALVE\"\nfail = \"closed\"\ndemand = \"q\"\nzsc = \"r\"\ntravel_s = 0.5\nmode = 1",
    "kind = \"MOTOR\"",
    "kind = \"MOTOR\"\ndemand = \"q\"\nrun = \"r\"\nstart_s = 0.9\nlost_s = 0.1",
    "kind = \"MOTOR\"\ndemand = \"q\"\npermit = \"q\"\nrun = \"r\"\ntrips = [\"p\"]\nstart_s = 0.6\nlost_s = 0.2\nstop_s = 0.4\nrestart_min_s = 0.5",
];

fn text_of(table: &str) -> String {
    format!("{FIELD}{table}")
}

/// A small deterministic source of disturbance (PCG's multiplier).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn real(&mut self) -> f64 {
        self.roll(1_000_000) as f64 * 1e-6
    }

    fn quality(&mut self) -> Quality {
        match self.roll(24) {
            0 => Quality::COMM_LOST,
            1 => Quality::SENSOR_FAULT,
            2 => Quality::STALE,
            3 => Quality::new(Level::Uncertain, Reason::Frozen),
            _ => Quality::GOOD,
        }
    }

    /// A number such as an operator or a broken calculation might give.
    fn wild(&mut self) -> f64 {
        match self.roll(10) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => f64::MAX,
            4 => f64::MIN,
            5 => 1e300 * (self.real() - 0.5),
            6 => 0.0,
            7 => f64::MIN_POSITIVE,
            _ => 40.0 * (self.real() - 0.5),
        }
    }
}

/// Momentary commands of all kinds.
const COMMANDS: [&str; 9] = [
    "RESET", "START", "STOP", "HOLD", "RESTART", "ABORT", "SILENCE", "TEST", "TARE",
];

const FIELDS: [(&str, bool); 11] = [
    ("x", false),
    ("y", false),
    ("z", false),
    ("u", false),
    ("v", false),
    ("w", false),
    ("n", false),
    ("i", false),
    ("p", true),
    ("q", true),
    ("r", true),
];

/// One scan of ordinary life: noise, switching, lost signals, silence, operators.
fn ordinary_scan(rig: &mut Rig, dice: &mut Dice) {
    for (name, is_bool) in FIELDS {
        let quality = dice.quality();
        let value = if is_bool {
            dice.roll(2) as f64
        } else {
            8.0 + 6.0 * dice.real()
        };
        if dice.roll(3) == 0 {
            rig.field_with(name, value, quality);
        }
    }
    rig.task.inlet.is_silent = dice.roll(40) < 8;
    let writable: Vec<String> = writable_tags(rig);
    if !writable.is_empty() && dice.roll(12) == 0 {
        let name = &writable[dice.roll(writable.len() as u64) as usize];
        // Modes and switches as well as values.
        let size = if dice.roll(2) == 0 { 3.0 } else { 20.0 };
        rig.write(name, (size * dice.real()).floor());
    }
    rig.scans(1);
}

fn writable_tags(rig: &Rig) -> Vec<String> {
    rig.tags
        .values()
        .filter(|tag| tag.writable.is_some())
        .map(|tag| tag.name.clone())
        .collect()
}

#[test]
fn every_kind_of_the_registry_is_tried_here() {
    let tried: BTreeSet<String> = TEXTS
        .iter()
        .map(|text| {
            let from = text.find('"').unwrap() + 1;
            text[from..].split('"').next().unwrap().to_string()
        })
        .collect();
    let known: BTreeSet<String> = registry().names().map(str::to_string).collect();
    assert_eq!(tried, known);
}

/// A copy of a bench that was saved and restored: what it does next must be the
/// same to the last bit.
fn restored(rig: &Rig, text: &str) -> Rig {
    let mut twin = Rig::new(100, text);
    twin.task
        .program
        .restore(&rig.save())
        .expect("the same program");
    twin.task.clock = rig.task.clock;
    twin.task.inlet.frame = rig.task.inlet.frame.clone();
    twin
}

fn assert_same_future(rig: &mut Rig, mut twin: Rig, dice: &mut Dice, scans: usize, table: &str) {
    let mut same_dice = Dice(dice.0);
    for scan in 0..scans {
        ordinary_scan(rig, dice);
        ordinary_scan(&mut twin, &mut same_dice);
        assert_eq!(
            rig.task.program.image.digest(),
            twin.task.program.image.digest(),
            "{table}\nscan {scan} after the restore"
        );
    }
    // Without a request in the air the whole state is the same too.
    assert_eq!(twin.scans(1).save(), rig.scans(1).save(), "{table}");
}

#[test]
fn every_kind_goes_on_exactly_after_being_restored() {
    for (seed, table) in TEXTS.iter().enumerate() {
        let text = text_of(table);
        let mut dice = Dice(seed as u64);
        let mut rig = Rig::new(100, &text);
        rig.task.program.start(Start::Cold);
        // Often, so that every state of the block is met.
        for round in 0..80 {
            if round % 20 == 19 {
                rig.task.program.start(Start::Warm);
            }
            let twin = restored(&rig, &text);
            assert_same_future(&mut rig, twin, &mut dice, 12, table);
        }
        // Long, so that what is slow shows.
        let twin = restored(&rig, &text);
        assert_same_future(&mut rig, twin, &mut dice, 500, table);
    }
}

/// The lives above are only worth something if they lead everywhere.
#[test]
fn every_state_of_every_kind_is_met() {
    let mut unmet: BTreeMap<&str, BTreeSet<(String, i64)>> = BTreeMap::new();
    let mut met = unmet.clone();
    for (seed, table) in TEXTS.iter().enumerate() {
        let kind = table.split('"').nth(1).unwrap();
        let mut dice = Dice(seed as u64);
        let mut rig = Rig::new(100, &text_of(table));
        rig.task.program.start(Start::Cold);
        let named: Vec<_> = rig
            .tags
            .values()
            .filter(|tag| tag.name.starts_with("B.") && tag.name != "B.MODE")
            .filter(|tag| !tag.states.is_empty())
            .map(|tag| (tag.name.clone(), tag.states))
            .collect();
        for (name, states) in &named {
            let all = states.iter().map(|state| (name.clone(), state.0));
            unmet.entry(kind).or_default().extend(all);
        }
        for scan in 0..20_000 {
            if scan % 97 == 96 {
                rig.task.program.start(Start::Warm);
            }
            ordinary_scan(&mut rig, &mut dice);
            for (name, _) in &named {
                met.entry(kind)
                    .or_default()
                    .insert((name.clone(), rig.value(name) as i64));
            }
        }
    }
    for (kind, seen) in &met {
        unmet
            .entry(kind)
            .or_default()
            .retain(|state| !seen.contains(state));
    }
    unmet.retain(|_, states| !states.is_empty());
    assert_eq!(unmet, BTreeMap::new());
}

#[test]
fn no_kind_stores_what_is_no_number_or_is_spoilt_by_it() {
    for (seed, table) in TEXTS.iter().enumerate() {
        let mut dice = Dice(1000 + seed as u64);
        let mut rig = Rig::new(100, &text_of(table));
        let writable = writable_tags(&rig);
        let initial: Vec<f64> = writable.iter().map(|name| rig.value(name)).collect();
        for scan in 0..3000 {
            for (name, is_bool) in FIELDS {
                let quality = dice.quality();
                let value = if is_bool {
                    dice.roll(2) as f64
                } else {
                    dice.wild()
                };
                rig.field_with(name, value, quality);
            }
            if !writable.is_empty() && dice.roll(4) == 0 {
                let name = &writable[dice.roll(writable.len() as u64) as usize];
                rig.write(name, dice.wild());
            }
            rig.scans(1);
            assert_finite(&rig, table, scan);
        }
        // Sense returns: so must every output.
        for (name, value) in writable.iter().zip(&initial) {
            rig.write(name, *value);
        }
        for (name, is_bool) in FIELDS {
            rig.field(name, if is_bool { 0.0 } else { 10.0 });
        }
        rig.scans(50);
        for tag in rig.tags.values() {
            // A command has no value of its own.
            let is_command = COMMANDS.iter().any(|name| tag.name == format!("B.{name}"));
            if matches!(tag.origin, TagOrigin::Block(_)) && !is_command {
                let quality = rig.quality(&tag.name);
                assert_ne!(quality.reason(), Reason::NotFinite, "{table}\n{}", tag.name);
                assert_ne!(
                    quality.reason(),
                    Reason::NotWritten,
                    "{table}\n{}",
                    tag.name
                );
            }
        }
    }
}

fn assert_finite(rig: &Rig, table: &str, scan: usize) {
    for tag in rig.tags.values() {
        if tag.kind == Kind::Real && matches!(tag.origin, TagOrigin::Block(_)) {
            let value = rig.value(&tag.name);
            assert!(
                value.is_finite(),
                "{table}\nscan {scan}: {} = {value}",
                tag.name
            );
        }
    }
}

/// A key that equals an output's suffix would rename that output.
#[test]
fn every_tag_of_every_kind_bears_the_name_of_its_block() {
    for table in TEXTS {
        let linked = link(&input(&text_of(table))).unwrap_or_else(|p| panic!("{table}: {p:?}"));
        for tag in linked.tags.values() {
            if !matches!(tag.origin, TagOrigin::Source(_)) {
                assert!(tag.name.starts_with("B."), "{table}: {}", tag.name);
            }
        }
    }
}

#[test]
fn every_kind_refuses_an_empty_table_or_links_and_runs() {
    for kind in registry().names() {
        let text = text_of(&format!("kind = \"{kind}\""));
        if problems(&text).is_empty() {
            Rig::new(100, &text).scans(10);
        }
    }
}

/// Every value of every table in turn replaced by something of another type.
#[test]
fn no_kind_panics_at_wrong_text() {
    let wrong = [
        "-1",
        "\"\"",
        "\"nonsense\"",
        "[]",
        "[1]",
        "[{}]",
        "{}",
        "true",
        "0",
        "99",
    ];
    let mut refused = 0;
    for table in TEXTS {
        let lines: Vec<&str> = table.lines().collect();
        for at in 1..lines.len() {
            let key = lines[at].split(" = ").next().unwrap();
            for value in wrong {
                let changed: Vec<String> = lines
                    .iter()
                    .enumerate()
                    .map(|(line, text)| match line == at {
                        true => format!("{key} = {value}"),
                        false => (*text).to_string(),
                    })
                    .collect();
                let text = text_of(&changed.join("\n"));
                if problems(&text).is_empty() {
                    Rig::new(100, &text).scans(5);
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 500, "{refused}");
}
