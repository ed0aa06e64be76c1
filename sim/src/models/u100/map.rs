//! The register map of the whole plant beyond R-101 (whose map is in [`crate::image`]).
//!
//! `io1`, Modbus unit 1:
//!
//! | address | content |
//! |---|---|
//! | `ir18` | TT-105, −10..100 °C |
//! | `ir19` | LT-104, 0..100 % |
//! | `ir26`, `ir27` | TT-107, 0..100 °C; LT-105, 0..100 % |
//! | `ir28`, `ir29` | FT-104, 0..10 m³/h; JT-103, 0..5 kW |
//! | `ir30..33` | AE-121 to AE-124, 0..100 %LEL |
//! | `ir34` | AE-125, 0..25 vol% |
//! | `ir35` | XS-SIS, bitmap as it is, 0 = healthy ([`crate::models::sis`]) |
//! | `di19..24` | XV-115, XV-116, XV-118: ZSO, ZSC of each |
//! | `di25` | P-103 running |
//! | `di26` | 1 = mains, 0 = on UPS |
//! | `di27` | XV-118 line monitor, 1 = well |
//! | `di28` | manhole of R-101, 1 = closed |
//! | `di29` | HS-101 bypass-enable key, 1 = on |
//! | `di30` | EF-100 emergency fan running |
//! | `co9`, `co10`, `co11` | XV-115 (FC), XV-116 (FC), XV-118 (energise to open) |
//! | `co12` | P-103 run |
//! | `co13`, `co14`, `co15` | horn, red beacon, amber beacon |
//! | `co16`, `co17` | EF-100 emergency fan run; XL-125 sign "no entry" at the doors |
//!
//! `io2`, Modbus unit 2:
//!
//! | address | content |
//! |---|---|
//! | `ir0..2` | TT-201A/B/C, 0..200 °C |
//! | `ir3`, `ir4` | TT-202, TT-203, −20..180 °C |
//! | `ir5..7` | PT-201A/B/C, 0..1600 kPa(g) |
//! | `ir8`, `ir9` | FT-201, 0..60 Nm³/h; PT-204, 0..1600 kPa(g) |
//! | `ir10` | AT-201, 0..25 vol% |
//! | `ir11`, `ir12` | ST-201, 0..300 rpm; IT-201, 0..60 A |
//! | `ir13`, `ir14` | FT-202, 0..20 m³/h; PDT-205, 0..400 kPa |
//! | `ir15`, `ir16` | AE-126A, AE-126B, 0..100 %LEL |
//! | `ir17` | LT-201, 0..100 % |
//! | `ir20-21`, `ir24` | WT-201, float32, 0..3000 kg; its status word |
//! | `di0` | M-201 running |
//! | `di1..10` | XV-201A, XV-201B, XV-201C, XV-202, XV-203: ZSO, ZSC of each |
//! | `di11` | PSE-201, 1 = intact |
//! | `di12` | PS-206 in the tail pipe of the safety valve, 1 = no pressure: it is seated |
//! | `hr0..3` | FV-201 (FC), TV-201 (FO), TV-202 (FC), PV-202 (FC), 0.01 % |
//! | `hr5` | SC-201, 0.1 rpm |
//! | `hr10` | heartbeat |
//! | `co0..4` | XV-201A (FC), XV-201B (FC), XV-201C (FO), XV-202 (FC), XV-203 (FO) |
//! | `co5` | M-201 run |
//!
//! Loop currents in µA, demands and energised coils as in R-101.

use crate::devices::FailPosition;

/// Index of `io1`.
pub const IO1: usize = 0;
/// Index of `io2`.
pub const IO2: usize = 1;

/// How a transmitter speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By loop current in one register.
    Loop,
    /// By float32 in two registers with a status word elsewhere.
    Float {
        /// Register of the status word.
        status: usize,
    },
}

/// Dynamics and error of an instrument, in its engineering unit. Assumed, typical of data sheets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Time constant, s.
    pub lag_s: f64,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Standard deviation of the calibration error.
    pub calibration: f64,
}

const fn class(lag_s: f64, noise: f64, calibration: f64) -> Class {
    Class {
        lag_s,
        noise,
        calibration,
    }
}

const TEMPERATURE: Class = class(4.0, 0.03, 0.08);
const PRESSURE: Class = class(0.1, 0.3, 0.5);
const LEVEL: Class = class(1.0, 0.1, 0.2);
/// T90 of 20 s is 20/ln 10 (design basis of the demo unit).
const OXYGEN: Class = class(8.685_889_638, 0.01, 0.03);
const ROOM_OXYGEN: Class = class(5.0, 0.02, 0.03);
const COMBUSTIBLE: Class = class(8.0, 0.2, 0.0);

/// One transmitter of the plant beyond R-101.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instrument {
    /// Tag.
    pub tag: &'static str,
    /// I/O station.
    pub station: usize,
    /// First input register.
    pub register: usize,
    /// How it speaks.
    pub form: Form,
    /// Value at 4 mA.
    pub low: f64,
    /// Value at 20 mA.
    pub high: f64,
    /// Dynamics and error.
    pub class: Class,
}

const fn on(
    station: usize,
    register: usize,
    tag: &'static str,
    low: f64,
    high: f64,
    class: Class,
) -> Instrument {
    Instrument {
        tag,
        station,
        register,
        form: Form::Loop,
        low,
        high,
        class,
    }
}

/// All transmitters beyond R-101; [`super::U100`] measures in this order.
pub const INSTRUMENTS: [Instrument; 30] = [
    on(IO1, 18, "TT-105", -10.0, 100.0, TEMPERATURE),
    on(IO1, 19, "LT-104", 0.0, 100.0, LEVEL),
    on(IO1, 26, "TT-107", 0.0, 100.0, TEMPERATURE),
    on(IO1, 27, "LT-105", 0.0, 100.0, LEVEL),
    on(IO1, 28, "FT-104", 0.0, 10.0, class(0.5, 0.01, 0.0)),
    on(IO1, 29, "JT-103", 0.0, 5.0, class(0.3, 0.01, 0.0)),
    on(IO1, 30, "AE-121", 0.0, 100.0, COMBUSTIBLE),
    on(IO1, 31, "AE-122", 0.0, 100.0, COMBUSTIBLE),
    on(IO1, 32, "AE-123", 0.0, 100.0, COMBUSTIBLE),
    on(IO1, 33, "AE-124", 0.0, 100.0, COMBUSTIBLE),
    on(IO1, 34, "AE-125", 0.0, 25.0, ROOM_OXYGEN),
    on(IO2, 0, "TT-201A", 0.0, 200.0, TEMPERATURE),
    on(IO2, 1, "TT-201B", 0.0, 200.0, TEMPERATURE),
    on(IO2, 2, "TT-201C", 0.0, 200.0, TEMPERATURE),
    on(IO2, 3, "TT-202", -20.0, 180.0, TEMPERATURE),
    on(IO2, 4, "TT-203", -20.0, 180.0, TEMPERATURE),
    on(IO2, 5, "PT-201A", 0.0, 1600.0, PRESSURE),
    on(IO2, 6, "PT-201B", 0.0, 1600.0, PRESSURE),
    on(IO2, 7, "PT-201C", 0.0, 1600.0, PRESSURE),
    on(IO2, 8, "FT-201", 0.0, 60.0, class(0.3, 0.05, 0.0)),
    on(IO2, 9, "PT-204", 0.0, 1600.0, PRESSURE),
    on(IO2, 10, "AT-201", 0.0, 25.0, OXYGEN),
    on(IO2, 11, "ST-201", 0.0, 300.0, class(0.2, 0.2, 0.0)),
    on(IO2, 12, "IT-201", 0.0, 60.0, class(0.2, 0.1, 0.0)),
    on(IO2, 13, "FT-202", 0.0, 20.0, class(0.5, 0.03, 0.0)),
    on(IO2, 14, "PDT-205", 0.0, 400.0, class(0.5, 0.3, 0.0)),
    on(IO2, 15, "AE-126A", 0.0, 100.0, COMBUSTIBLE),
    on(IO2, 16, "AE-126B", 0.0, 100.0, COMBUSTIBLE),
    on(IO2, 17, "LT-201", 0.0, 100.0, LEVEL),
    Instrument {
        tag: "WT-201",
        station: IO2,
        register: 20,
        form: Form::Float { status: 24 },
        low: 0.0,
        high: 3000.0,
        class: class(0.5, 0.2, 0.0),
    },
];

/// Where a valve's demand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A demanded opening in a holding register.
    Holding(usize),
    /// A solenoid on a coil; limit switches ZSO, ZSC from discrete input `switches` on.
    Coil {
        /// Coil.
        coil: usize,
        /// Discrete input of ZSO; ZSC follows.
        switches: usize,
    },
}

/// One valve of the plant beyond R-101.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValvePoint {
    /// Tag.
    pub tag: &'static str,
    /// I/O station.
    pub station: usize,
    /// Where its demand comes from.
    pub source: Source,
    /// Fail position.
    pub fail: FailPosition,
    /// Stroke, s. Demo design values: 2–5 s.
    pub stroke_s: f64,
    /// Opening at the start, 0..1.
    pub start: f64,
}

const fn control(tag: &'static str, register: usize, fail: FailPosition) -> ValvePoint {
    ValvePoint {
        tag,
        station: IO2,
        source: Source::Holding(register),
        fail,
        stroke_s: 2.0,
        start: 0.0,
    }
}

const fn block(
    tag: &'static str,
    station: usize,
    coil: usize,
    switches: usize,
    fail: FailPosition,
    stroke_s: f64,
) -> ValvePoint {
    ValvePoint {
        tag,
        station,
        source: Source::Coil { coil, switches },
        fail,
        stroke_s,
        start: 0.0,
    }
}

/// All valves beyond R-101.
pub const VALVES: [ValvePoint; 12] = {
    use FailPosition::{Closed, Open};
    let mut bleed = block("XV-201C", IO2, 2, 5, Open, 2.0);
    bleed.start = 1.0;
    [
        control("FV-201", 0, Closed),
        control("TV-201", 1, Open),
        control("TV-202", 2, Closed),
        control("PV-202", 3, Closed),
        block("XV-115", IO1, 9, 19, Closed, 3.0),
        block("XV-116", IO1, 10, 21, Closed, 3.0),
        block("XV-118", IO1, 11, 23, Closed, 3.0),
        block("XV-201A", IO2, 0, 1, Closed, 2.0),
        block("XV-201B", IO2, 1, 3, Closed, 2.0),
        bleed,
        block("XV-202", IO2, 3, 7, Closed, 3.0),
        block("XV-203", IO2, 4, 9, Open, 3.0),
    ]
};

/// Index of FV-201 in [`VALVES`].
pub const FV_201: usize = 0;
/// Of TV-201.
pub const TV_201: usize = 1;
/// Of TV-202.
pub const TV_202: usize = 2;
/// Of PV-202.
pub const PV_202: usize = 3;
/// Of XV-115.
pub const XV_115: usize = 4;
/// Of XV-116.
pub const XV_116: usize = 5;
/// Of XV-118.
pub const XV_118: usize = 6;
/// Of XV-201A.
pub const XV_201A: usize = 7;
/// Of XV-201B.
pub const XV_201B: usize = 8;
/// Of XV-201C.
pub const XV_201C: usize = 9;
/// Of XV-202.
pub const XV_202: usize = 10;
/// Of XV-203.
pub const XV_203: usize = 11;

/// `io1 co12`: P-103 run.
pub const CO_TRANSFER_PUMP: usize = 12;
/// `io1 co13`: horn.
pub const CO_HORN: usize = 13;
/// `io1 co14`: red beacon.
pub const CO_BEACON_RED: usize = 14;
/// `io1 co15`: amber beacon.
pub const CO_BEACON_AMBER: usize = 15;
/// `io2 co5`: M-201 run.
pub const CO_M201: usize = 5;
/// `io1 co16`: EF-100 run.
pub const CO_FAN: usize = 16;
/// `io1 co17`: XL-125 sign at the doors.
pub const CO_DOOR_SIGN: usize = 17;
/// `io1 di25`: P-103 running.
pub const DI_TRANSFER_PUMP: usize = 25;
/// `io1 di26`: mains.
pub const DI_MAINS: usize = 26;
/// `io1 di27`: line monitor of XV-118.
pub const DI_XV_118_LINE: usize = 27;
/// `io1 di28`: manhole of R-101 closed.
pub const DI_MANHOLE_CLOSED: usize = 28;
/// `io1 di29`: HS-101 bypass-enable key.
pub const DI_BYPASS_KEY: usize = 29;
/// `io1 di30`: EF-100 running.
pub const DI_FAN: usize = 30;
/// `io1 ir35`: XS-SIS.
pub const IR_SIS: usize = 35;
/// `io2 di0`: M-201 running.
pub const DI_M201: usize = 0;
/// `io2 di11`: PSE-201 intact.
pub const DI_PSE_201: usize = 11;
/// `io2 di12`: PS-206, the safety valve is seated.
pub const DI_PS_206: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{COILS, DISCRETES, HOLDINGS, INPUTS};

    #[test]
    fn no_two_points_share_a_register() {
        let mut inputs = vec![(IO1, 35)];
        inputs.extend(
            (0..26)
                .filter(|ir| !(18..20).contains(ir))
                .map(|ir| (IO1, ir)),
        );
        for point in INSTRUMENTS {
            inputs.push((point.station, point.register));
            if let Form::Float { status } = point.form {
                inputs.push((point.station, point.register + 1));
                inputs.push((point.station, status));
            }
        }
        let mut outputs = vec![(IO1, true, CO_TRANSFER_PUMP), (IO2, true, CO_M201)];
        let mut switches: Vec<(usize, usize)> = (0..19).map(|di| (IO1, di)).collect();
        for valve in VALVES {
            match valve.source {
                Source::Holding(register) => {
                    assert!(register < HOLDINGS);
                    outputs.push((valve.station, false, register));
                }
                Source::Coil { coil, switches: di } => {
                    assert!(coil < COILS && di + 1 < DISCRETES);
                    outputs.push((valve.station, true, coil));
                    switches.extend([(valve.station, di), (valve.station, di + 1)]);
                }
            }
        }
        assert!(inputs.iter().all(|(_, register)| *register < INPUTS));
        let count = inputs.len() + outputs.len() + switches.len();
        inputs.sort_unstable();
        inputs.dedup();
        outputs.sort_unstable();
        outputs.dedup();
        switches.sort_unstable();
        switches.dedup();
        assert_eq!(inputs.len() + outputs.len() + switches.len(), count);
    }
}
