//! The faults that can be injected, in two languages.

use serde::Serialize;

/// What a fault acts on, written after a colon: `sensor-frozen:TT-101B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Nothing to name.
    None,
    /// A transmitter, required.
    Transmitter,
    /// Any valve, required.
    Valve,
    /// Any valve; without one, the whole dosing line (FV-101, XV-101A, XV-101B).
    DosingLineOrValve,
    /// Two loop transmitters of one I/O station, `A/B`; without them TT-102/TT-103.
    Pair,
    /// An I/O station; without one, all.
    StationOrAll,
}

/// The number that goes with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// What it means, with its unit.
    pub meaning: &'static str,
    /// Taken when none is given; `None`: what that means is said in the description.
    pub default: Option<f64>,
    /// Least allowed.
    pub low: f64,
    /// Greatest allowed.
    pub high: f64,
}

/// One fault of the library.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Name by which it is injected.
    pub name: &'static str,
    /// What it acts on.
    pub target: Target,
    /// Its number, if it has one.
    pub parameter: Option<Parameter>,
    /// Seconds it lasts when no duration is given; `None`: until cleared.
    pub lasts_s: Option<f64>,
    /// A marker only: the physics take no notice, whoever runs the plant does
    /// ([`crate::World::is_fault_active`]).
    pub marker: bool,
    /// Description in English.
    pub english: &'static str,
    /// Description in Chinese.
    pub chinese: &'static str,
}

const fn plain(name: &'static str, english: &'static str, chinese: &'static str) -> Entry {
    Entry {
        name,
        target: Target::None,
        parameter: None,
        lasts_s: None,
        marker: false,
        english,
        chinese,
    }
}

const fn number(
    meaning: &'static str,
    default: Option<f64>,
    low: f64,
    high: f64,
) -> Option<Parameter> {
    Some(Parameter {
        meaning,
        default,
        low,
        high,
    })
}

impl Entry {
    const fn on(self, target: Target) -> Entry {
        Entry { target, ..self }
    }
    const fn with(self, parameter: Option<Parameter>) -> Entry {
        Entry { parameter, ..self }
    }
    const fn as_marker(self) -> Entry {
        Entry {
            marker: true,
            ..self
        }
    }
    const fn lasting(self, lasts_s: f64) -> Entry {
        Entry {
            lasts_s: Some(lasts_s),
            ..self
        }
    }
}

static LIBRARY: [Entry; 35] = [
    plain(
        "agitator-stop",
        "Agitator drive M-101 trips; restart needs a fresh run command",
        "搅拌M-101跳车（需重新给出启动指令）",
    ),
    plain(
        "agitator-vfd-trip",
        "Frequency converter of M-101 trips; the motor coasts, restart needs a fresh run command",
        "搅拌M-101变频器跳闸（电机惰走，需重新给出启动指令）",
    ),
    plain(
        "agitator-blade-loss",
        "Agitator blades lost: motor runs, nothing is mixed",
        "搅拌桨叶脱落（电机仍转，釜内不混合）",
    )
    .with(number("blades lost, %", Some(100.0), 0.0, 100.0)),
    plain(
        "coolant-pump-trip",
        "Jacket circulation and coolant pumps trip; emergency brine remains",
        "夹套循环泵与冷媒泵跳停（紧急冷冻盐水仍可用）",
    ),
    plain(
        "cooling-lost",
        "All cooling lost: circulation, coolant, condenser and emergency brine",
        "全部冷却丧失（循环、冷媒、冷凝器、紧急盐水）",
    ),
    plain("brine-warm", "Coolant supply too warm", "冷媒供应温度过高").with(number(
        "coolant temperature, °C",
        Some(5.0),
        -30.0,
        50.0,
    )),
    plain(
        "coolant-valve-stuck",
        "TV-101 stuck; without a value, where it stands",
        "冷却调节阀TV-101卡涩（不给值则停在当前位置）",
    )
    .with(number("opening, %", None, 0.0, 100.0)),
    plain(
        "fv-101-stuck-open",
        "Dosing control valve FV-101 stuck open",
        "滴加调节阀FV-101卡在开位",
    )
    .with(number("opening, %", Some(100.0), 0.0, 100.0)),
    plain(
        "valve-stuck",
        "Valve stuck; without a value, where it stands",
        "阀门卡涩（不给值则停在当前位置）",
    )
    .on(Target::Valve)
    .with(number("opening, %", None, 0.0, 100.0)),
    plain(
        "xv-leak-by",
        "Valve leaks while closed; without a target the whole dosing line passes",
        "阀门内漏（不指定则整条滴加管线内漏）",
    )
    .on(Target::DosingLineOrValve)
    .with(number("leakage as an opening, %", Some(30.0), 0.0, 100.0)),
    plain(
        "sensor-drift",
        "Transmitter drifts to an offset within 10 min",
        "变送器漂移（10分钟内到达偏差值）",
    )
    .on(Target::Transmitter)
    .with(number(
        "offset, unit of the transmitter",
        Some(6.0),
        -1000.0,
        1000.0,
    )),
    plain(
        "sensor-bias",
        "Transmitter jumps by an offset",
        "变送器突变偏差",
    )
    .on(Target::Transmitter)
    .with(number(
        "offset, unit of the transmitter",
        Some(6.0),
        -1000.0,
        1000.0,
    )),
    plain(
        "sensor-frozen",
        "Transmitter frozen at its last value",
        "变送器读数冻结",
    )
    .on(Target::Transmitter),
    plain(
        "sensor-fail-high",
        "Transmitter signals failure high (21 mA, NE 43)",
        "变送器故障偏高（21 mA，NE 43）",
    )
    .on(Target::Transmitter),
    plain(
        "sensor-fail-low",
        "Transmitter signals failure low (3.6 mA, NE 43)",
        "变送器故障偏低（3.6 mA，NE 43）",
    )
    .on(Target::Transmitter),
    plain(
        "sensor-wire-break",
        "Loop broken (0 mA)",
        "回路断线（0 mA）",
    )
    .on(Target::Transmitter),
    plain(
        "sensor-nan",
        "Float register not a number; a current loop falls to 3.6 mA",
        "浮点寄存器为NaN（电流回路降至3.6 mA）",
    )
    .on(Target::Transmitter),
    plain(
        "sensor-infinite",
        "Float register infinite; a current loop goes to its failure current",
        "浮点寄存器为无穷大（电流回路进入故障电流）",
    )
    .on(Target::Transmitter)
    .with(number("sign, 1 or -1", Some(1.0), -1.0, 1.0)),
    plain("sensor-noise", "Transmitter noisy", "变送器读数噪声增大")
        .on(Target::Transmitter)
        .with(number(
            "standard deviation added, unit of the transmitter",
            Some(2.0),
            0.0,
            1000.0,
        )),
    plain(
        "sensor-stuck-at",
        "Transmitter shows one value whatever the process does",
        "变送器恒定显示某一值",
    )
    .on(Target::Transmitter)
    .with(number(
        "value, unit of the transmitter",
        Some(0.0),
        -1e6,
        1e6,
    )),
    plain(
        "flow-negative",
        "Flow transmitter shows a negative flow; a loop saturates at 3.8 mA",
        "流量计显示负流量（电流回路饱和在3.8 mA）",
    )
    .on(Target::Transmitter)
    .with(number(
        "flow, unit of the transmitter",
        Some(-5.0),
        -1e6,
        0.0,
    )),
    plain(
        "totaliser-rollover",
        "Shown value rolls over to zero at this span, as a counter does",
        "累计值溢出回零",
    )
    .on(Target::Transmitter)
    .with(number(
        "span, unit of the transmitter",
        Some(100.0),
        1e-3,
        1e9,
    )),
    plain(
        "sensor-swap",
        "Two loop transmitters wired to each other's terminals",
        "两台变送器接线互换",
    )
    .on(Target::Pair),
    plain(
        "weight-drift",
        "Dosing vessel weight WT-101 drifts",
        "滴加罐称重WT-101漂移",
    )
    .with(number("drift, kg/h", Some(6.0), -600.0, 600.0)),
    plain(
        "o2-sample-flow-loss",
        "Oxygen analysers without sample flow: FS-101 drops, readings stand",
        "氧分析仪取样流量丧失（读数停滞）",
    ),
    plain(
        "n2-header-low",
        "Nitrogen header pressure low",
        "氮气总管压力低",
    )
    .with(number("pressure, kPa(g)", Some(300.0), 0.0, 1000.0)),
    plain(
        "orifice-missing",
        "Restriction orifice FO-101 not fitted: the dosing line can over-feed",
        "限流孔板FO-101漏装（滴加可能超速）",
    ),
    plain(
        "rupture-disc-burst",
        "Rupture disc PSE-101 bursts; clearing fits a new one",
        "爆破片PSE-101破裂（清除即换新）",
    ),
    plain("vent-blocked", "Vent line blocked", "放空管线堵塞"),
    plain(
        "power-dip",
        "Mains dip: drives and pumps stand, M-101 does not restart by itself",
        "电网晃电（搅拌不自启动）",
    )
    .lasting(2.0),
    plain(
        "manhole-open",
        "Operator opens the manhole",
        "操作人员打开人孔",
    ),
    plain(
        "esd-pressed",
        "Emergency stop HS-100 pressed",
        "按下紧急停车按钮HS-100",
    ),
    plain(
        "wrong-dosing-vessel",
        "WT-101 stands under another vessel: weight does not follow the dose",
        "滴加罐接错（称重不随滴加变化）",
    ),
    plain(
        "io-station-loss",
        "I/O station does not answer",
        "I/O站通信丧失",
    )
    .on(Target::StationOrAll),
    plain(
        "drive-trip-vacuum-pump",
        "Vacuum pump VP-101 trips",
        "真空泵VP-101跳车",
    ),
];

static PLANT_LIBRARY: [Entry; 19] = [
    plain(
        "psv-lift",
        "Safety valve of R-102 lifts and does not reseat",
        "R-102安全阀起跳且不回座",
    )
    .with(number("lift, %", Some(100.0), 0.0, 100.0)),
    plain(
        "h2-regulator-fail",
        "Hydrogen pressure regulator fails; supply at this pressure",
        "氢气减压阀失效（供压异常）",
    )
    .with(number("pressure, kPa(g)", Some(1400.0), 0.0, 1600.0)),
    plain(
        "h2-leak",
        "Hydrogen leaks into the hydrogenation bay",
        "加氢间氢气泄漏",
    )
    .with(number("leak, Nm³/h", Some(5.0), 0.0, 100.0)),
    plain(
        "r-102-agitator-slip",
        "Magnetic coupling of M-201 slips: the drive turns, the shaft lags",
        "R-102搅拌磁力联轴器打滑（电机转、轴转速不足）",
    )
    .with(number("slip, %", Some(60.0), 0.0, 100.0)),
    plain(
        "r-102-agitator-stop",
        "Agitator drive M-201 trips; restart needs a fresh run command",
        "搅拌M-201跳车（需重新给出启动指令）",
    ),
    plain(
        "r-102-coolant-loss",
        "Jacket circulation pump of R-102 trips",
        "R-102夹套循环泵跳停",
    ),
    plain(
        "r-102-disc-burst",
        "Rupture disc PSE-201 bursts; clearing fits a new one",
        "爆破片PSE-201破裂（清除即换新）",
    ),
    plain(
        "catalyst-filter-blocked",
        "Catalyst filter F-205 blocked",
        "催化剂过滤器F-205堵塞",
    )
    .with(number(
        "added pressure difference, kPa",
        Some(250.0),
        0.0,
        400.0,
    )),
    plain(
        "transfer-pump-trip",
        "Transfer pump P-103 trips; restart needs a fresh run command",
        "转料泵P-103跳停（需重新给出启动指令）",
    ),
    plain(
        "transfer-leak",
        "Transfer line leaks on the floor behind FT-104",
        "转料管线泄漏（FT-104之后）",
    )
    .with(number("share of the flow, %", Some(20.0), 0.0, 100.0)),
    plain(
        "transfer-misroute",
        "Transfer runs into another vessel than R-102",
        "转料走错罐（未进入R-102）",
    ),
    plain(
        "lel-release",
        "Solvent vapour released in the area",
        "装置区溶剂蒸气泄漏",
    )
    .with(number("release, kg/h", Some(40.0), 0.0, 1000.0)),
    plain(
        "n2-room-release",
        "Nitrogen blows into the room",
        "氮气泄漏至室内",
    )
    .with(number("release, Nm³/h", Some(300.0), 0.0, 2000.0)),
    plain(
        "xv-118-line-fault",
        "Line monitor of XV-118 reports an open solenoid circuit; the valve cannot be opened",
        "XV-118线路监测断线（无法开阀）",
    ),
    plain(
        "h2-bleed-blocked",
        "Bleed line behind XV-201C blocked",
        "XV-201C放散管堵塞",
    ),
    plain(
        "condenser-loss",
        "Condenser E-101 without coolant",
        "冷凝器E-101失冷",
    ),
    plain(
        "mains-loss",
        "Mains off; the I/O stations live on their batteries",
        "市电失电（I/O站由UPS供电）",
    ),
    plain("engine-restart", "Control engine restarts", "控制引擎重启")
        .as_marker()
        .lasting(5.0),
    plain("mes-link-loss", "Link to the MES lost", "MES通信中断").as_marker(),
];

/// The faults that only the whole plant can have, in a fixed order.
pub fn plant_library() -> &'static [Entry] {
    &PLANT_LIBRARY
}

/// The faults that every model can have, in a fixed order.
pub fn library() -> &'static [Entry] {
    &LIBRARY
}
