//! Directory of the make-believe unit: a 3 m³ glass-lined reactor with cascade
//! temperature control, controlled dosing, nitrogen blanket and interlocks.

use crate::desk::{
    Cause, Directory, Edition, Environment, Interlock, Limits, Loop, OnlyWhen, State, Tag, TagKind,
    Text, Writable,
};

/// Name, English, Chinese, unit, decimals, low, high, limits (LL, L, H, HH; NaN = none).
type Analog = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u8,
    f64,
    f64,
    [f64; 4],
);

const N: f64 = f64::NAN;

#[rustfmt::skip]
const ANALOGS: [Analog; 25] = [
    ("TT-101.PV", "Reactor temperature, median", "釜温(三取中)", "°C", 1, -20.0, 150.0, [30.0, 35.0, 45.0, 50.0]),
    ("TT-101A.PV", "Reactor temperature A", "釜温A", "°C", 1, -20.0, 150.0, [30.0, 35.0, 45.0, 50.0]),
    ("TT-101B.PV", "Reactor temperature B", "釜温B", "°C", 1, -20.0, 150.0, [30.0, 35.0, 45.0, 50.0]),
    ("TT-101C.PV", "Reactor temperature C", "釜温C", "°C", 1, -20.0, 150.0, [30.0, 35.0, 45.0, 50.0]),
    ("TT-102.PV", "Jacket inlet temperature", "夹套进口温度", "°C", 1, -40.0, 180.0, [-15.0, N, 70.0, 75.0]),
    ("TT-103.PV", "Jacket outlet temperature", "夹套出口温度", "°C", 1, -40.0, 180.0, [N, N, N, N]),
    ("TT-104.PV", "Vapour temperature", "气相温度", "°C", 1, 0.0, 150.0, [N, N, 60.0, N]),
    ("TT-106.PV", "Coolant supply temperature", "冷媒供温", "°C", 1, -30.0, 50.0, [N, N, -5.0, 0.0]),
    ("PT-101.PV", "Head pressure, higher", "釜压(高选)", "kPa(g)", 1, -100.0, 400.0, [-95.0, -90.0, 50.0, 120.0]),
    ("PT-101A.PV", "Head pressure A", "釜压A", "kPa(g)", 1, -100.0, 400.0, [-95.0, -90.0, 50.0, 120.0]),
    ("PT-101B.PV", "Head pressure B", "釜压B", "kPa(g)", 1, -100.0, 400.0, [-95.0, -90.0, 50.0, 120.0]),
    ("PT-103.PV", "Coolant supply pressure", "冷媒供压", "kPa(g)", 0, 0.0, 600.0, [180.0, 250.0, N, N]),
    ("PT-104.PV", "Nitrogen header pressure", "氮气总管压力", "kPa(g)", 0, 0.0, 1000.0, [350.0, 450.0, N, N]),
    ("AT-101.PV", "Oxygen in the gas space, higher", "气相氧含量(高选)", "vol%", 2, 0.0, 25.0, [N, N, 3.0, 5.0]),
    ("AT-101A.PV", "Oxygen in the gas space A", "气相氧含量A", "vol%", 2, 0.0, 25.0, [N, N, 3.0, 5.0]),
    ("AT-101B.PV", "Oxygen in the gas space B", "气相氧含量B", "vol%", 2, 0.0, 25.0, [N, N, 3.0, 5.0]),
    ("ST-101.PV", "Agitator speed", "搅拌转速", "rpm", 0, 0.0, 120.0, [40.0, 60.0, 110.0, N]),
    ("IT-101.PV", "Agitator current", "搅拌电流", "A", 1, 0.0, 40.0, [8.0, 10.0, 30.0, 36.0]),
    ("LT-101.PV", "Reactor level", "反应釜液位", "%", 1, 0.0, 100.0, [N, 15.0, 85.0, 92.0]),
    ("FT-101.PV", "Dosing flow", "滴加流量", "kg/h", 1, 0.0, 200.0, [N, 5.0, 90.0, 110.0]),
    ("FT-102.PV", "Jacket circulation flow", "夹套循环流量", "m³/h", 1, 0.0, 25.0, [5.0, 8.0, N, N]),
    ("FT-103.PV", "Nitrogen flow", "氮气流量", "Nm³/h", 1, 0.0, 60.0, [N, N, N, N]),
    ("WT-101.PV", "Dosing vessel weight", "滴加罐重量", "kg", 1, 0.0, 500.0, [N, N, N, N]),
    ("DOSE.TOTAL", "Dosed mass", "已滴加量", "kg", 1, 0.0, 320.0, [N, N, N, N]),
    ("SC-101.OUT", "Agitator speed reference", "搅拌转速给定", "rpm", 0, 0.0, 120.0, [N, N, N, N]),
];

/// Name, English, Chinese, unit, pv tag's range and step of the setpoint.
struct LoopRow {
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    unit: &'static str,
    decimals: u8,
    scale: (f64, f64),
    setpoint: (f64, f64),
    step: f64,
    limits: [f64; 4],
    modes: &'static [i32],
    out_to: &'static str,
    tuning: (f64, f64, f64),
}

#[rustfmt::skip]
const LOOPS: [LoopRow; 8] = [
    LoopRow { name: "TIC-101", en: "Reactor temperature", zh: "釜温控制", unit: "°C", decimals: 1, scale: (-20.0, 150.0), setpoint: (5.0, 60.0), step: 10.0, limits: [30.0, 35.0, 45.0, 50.0], modes: &[0, 1], out_to: "TIC-102.SP", tuning: (4.0, 900.0, 120.0) },
    LoopRow { name: "TIC-102", en: "Jacket temperature", zh: "夹套温度控制", unit: "°C", decimals: 1, scale: (-40.0, 180.0), setpoint: (-15.0, 70.0), step: 20.0, limits: [-15.0, N, 70.0, 75.0], modes: &[0, 1, 2], out_to: "TV-101 / TV-102", tuning: (1.6, 60.0, 0.0) },
    LoopRow { name: "FIC-101", en: "Dosing flow", zh: "滴加流量控制", unit: "kg/h", decimals: 1, scale: (0.0, 200.0), setpoint: (0.0, 110.0), step: 25.0, limits: [N, 5.0, 90.0, 110.0], modes: &[0, 1], out_to: "FV-101", tuning: (0.35, 8.0, 0.0) },
    LoopRow { name: "PIC-101", en: "Blanket pressure", zh: "氮封压力控制", unit: "kPa(g)", decimals: 1, scale: (-100.0, 400.0), setpoint: (0.0, 40.0), step: 10.0, limits: [-95.0, -90.0, 50.0, 120.0], modes: &[0, 1], out_to: "PV-101A / PV-101B", tuning: (2.0, 25.0, 0.0) },
    LoopRow { name: "TIC-201", en: "R-102 temperature", zh: "R-102釜温控制", unit: "°C", decimals: 1, scale: (0.0, 200.0), setpoint: (5.0, 80.0), step: 10.0, limits: [N, 45.0, 75.0, 90.0], modes: &[0, 1], out_to: "TIC-202.SP", tuning: (4.0, 900.0, 120.0) },
    LoopRow { name: "TIC-202", en: "R-102 jacket temperature", zh: "R-102夹套温度控制", unit: "°C", decimals: 1, scale: (-20.0, 180.0), setpoint: (-15.0, 90.0), step: 20.0, limits: [N, N, N, N], modes: &[0, 1, 2], out_to: "TV-201 / TV-202", tuning: (1.6, 60.0, 0.0) },
    LoopRow { name: "PIC-201", en: "R-102 pressure", zh: "R-102釜压控制", unit: "kPa(g)", decimals: 0, scale: (0.0, 1600.0), setpoint: (0.0, 600.0), step: 100.0, limits: [N, 20.0, 600.0, 700.0], modes: &[0, 1], out_to: "FIC-201.SP", tuning: (0.1, 60.0, 0.0) },
    LoopRow { name: "FIC-201", en: "Hydrogen flow", zh: "氢气流量控制", unit: "Nm³/h", decimals: 1, scale: (0.0, 60.0), setpoint: (0.0, 50.0), step: 10.0, limits: [N, 2.0, 45.0, 50.0], modes: &[0, 1, 2], out_to: "FV-201", tuning: (0.4, 10.0, 0.0) },
];

#[rustfmt::skip]
const VALVES: [(&str, &str, &str); 7] = [
    ("XV-101A", "Dosing block valve A", "滴加切断阀A"),
    ("XV-101B", "Dosing block valve B", "滴加切断阀B"),
    ("XV-111", "Nitrogen inlet valve", "氮气进口阀"),
    ("XV-112", "Vent valve", "放空阀"),
    ("XV-113", "Vacuum valve", "真空阀"),
    ("XV-114", "Bottom valve", "釜底阀"),
    ("XV-117", "Emergency brine valve", "紧急冷冻盐水阀"),
];

#[rustfmt::skip]
const CONTROL_VALVES: [(&str, &str, &str); 5] = [
    ("FV-101", "Dosing control valve", "滴加调节阀"),
    ("TV-101", "Jacket cooling valve", "夹套冷却调节阀"),
    ("TV-102", "Jacket heating valve", "夹套加热调节阀"),
    ("PV-101A", "Nitrogen blanket valve", "氮封进气调节阀"),
    ("PV-101B", "Blanket vent valve", "氮封排气调节阀"),
];

/// Cause, number, English, Chinese, live tag, group.
#[rustfmt::skip]
pub(super) const CAUSES: [(&str, i32, &str, &str, &str, usize); 9] = [
    ("C01", 1, "Reactor temperature ≥ 50 °C, 2oo3", "釜温 ≥ 50 °C，三取二", "TT-101.PV", 1),
    ("C03", 3, "Cold dosing: reactor ≤ 30 °C, 2oo3", "低温滴加：釜温 ≤ 30 °C，三取二", "TT-101.PV", 1),
    ("C06", 6, "Agitator stopped, speed < 40 rpm or current < 8 A", "搅拌停、转速 < 40 rpm 或电流 < 8 A", "ST-101.PV", 1),
    ("C08", 8, "Cooling lost: flow, pressure or temperature", "冷却失效：流量、压力或温度", "FT-102.PV", 1),
    ("C09", 9, "Head pressure ≥ 120 kPa(g), 1oo2", "釜压 ≥ 120 kPa(g)，二取一", "PT-101.PV", 1),
    ("C11", 11, "Oxygen ≥ 5.0 vol% or bad, 1oo2", "氧含量 ≥ 5.0 vol% 或坏值，二取一", "AT-101.PV", 1),
    ("C13", 13, "Nitrogen header ≤ 350 kPa(g)", "氮气总管 ≤ 350 kPa(g)", "PT-104.PV", 1),
    ("C14", 14, "Reactor level ≥ 92 %", "反应釜液位 ≥ 92 %", "LT-101.PV", 1),
    ("C17", 17, "Heating medium: jacket inlet ≥ 75 °C", "热媒：夹套进口 ≥ 75 °C", "TT-102.PV", 1),
];

pub(super) fn limits(values: [f64; 4]) -> Limits {
    let [ll, l, h, hh] = values.map(|v| v.is_finite().then_some(v));
    Limits { ll, l, h, hh }
}

fn states(list: &[(i32, &str, &str)]) -> Vec<State> {
    list.iter()
        .map(|(value, en, zh)| State {
            value: *value,
            text: Text::new(*en, *zh),
        })
        .collect()
}

pub(super) struct Tags(Vec<Tag>);

impl Tags {
    fn add(&mut self, name: String, desc: Text, kind: TagKind) -> &mut Tag {
        let handle = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let at = self.0.len();
        self.0.push(Tag {
            handle,
            name,
            desc,
            unit: String::new(),
            decimals: 0,
            kind,
            lo: 0.0,
            hi: 1.0,
            limits: Limits::default(),
            writable: None,
            states: Vec::new(),
        });
        &mut self.0[at]
    }

    pub(super) fn real(
        &mut self,
        name: String,
        desc: Text,
        unit: &str,
        decimals: u8,
        scale: (f64, f64),
    ) -> &mut Tag {
        let tag = self.add(name, desc, TagKind::Real);
        (tag.lo, tag.hi) = scale;
        tag.decimals = decimals;
        unit.clone_into(&mut tag.unit);
        tag
    }

    pub(super) fn boolean(
        &mut self,
        name: String,
        desc: Text,
        words: [(&str, &str); 2],
    ) -> &mut Tag {
        let tag = self.add(name, desc, TagKind::Bool);
        tag.states = states(&[(0, words[0].0, words[0].1), (1, words[1].0, words[1].1)]);
        tag
    }

    pub(super) fn int(&mut self, name: String, desc: Text, list: &[(i32, &str, &str)]) -> &mut Tag {
        let tag = self.add(name, desc, TagKind::Int);
        tag.states = states(list);
        tag.hi = list.iter().map(|s| f64::from(s.0)).fold(0.0, f64::max);
        tag
    }
}

fn only_in(tag: String, value: f64, en: &str, zh: &str) -> Option<OnlyWhen> {
    Some(OnlyWhen {
        tag,
        value,
        why: Text::new(en, zh),
    })
}

const MODES: [(i32, &str, &str); 3] = [(0, "MAN", "手动"), (1, "AUTO", "自动"), (2, "CAS", "串级")];
const NO_YES: [(&str, &str); 2] = [("no", "否"), ("yes", "是")];

fn add_loop(tags: &mut Tags, row: &LoopRow) -> Loop {
    let pin = |p: &str| format!("{}.{p}", row.name);
    let t = |en: &str, zh: &str| Text::new(format!("{}, {en}", row.en), format!("{}{zh}", row.zh));
    tags.real(
        pin("PV"),
        t("value", "测量值"),
        row.unit,
        row.decimals,
        row.scale,
    )
    .limits = limits(row.limits);
    let sp = tags.real(
        pin("SP"),
        t("setpoint", "设定值"),
        row.unit,
        row.decimals,
        row.scale,
    );
    sp.writable = Some(Writable {
        lo: row.setpoint.0,
        hi: row.setpoint.1,
        max_step: Some(row.step),
        momentary: false,
        only_when: only_in(
            pin("MODE_ACT"),
            1.0,
            "The setpoint is entered in AUTO.",
            "设定值仅在自动方式下输入。",
        ),
        ..Writable::default()
    });
    tags.real(pin("OUT"), t("output", "输出"), "%", 1, (0.0, 100.0))
        .writable = Some(Writable {
        lo: 0.0,
        hi: 100.0,
        max_step: Some(20.0),
        momentary: false,
        only_when: only_in(
            pin("MODE_ACT"),
            0.0,
            "The output is entered in MAN.",
            "输出仅在手动方式下输入。",
        ),
        ..Writable::default()
    });
    let modes: Vec<_> = MODES
        .iter()
        .filter(|m| row.modes.contains(&m.0))
        .copied()
        .collect();
    tags.int(pin("MODE"), t("mode", "方式"), &modes).writable = Some(Writable {
        lo: 0.0,
        hi: f64::from(row.modes.iter().copied().max().unwrap_or(1)),
        ..Writable::default()
    });
    tags.int(pin("MODE_ACT"), t("actual mode", "实际方式"), &MODES);
    let (kp, ti, td) = (pin("KP"), pin("TI_S"), pin("TD_S"));
    tags.real(kp.clone(), t("gain", "增益"), "", 2, (0.0, 20.0))
        .writable = Some(Writable {
        lo: 0.0,
        hi: 20.0,
        ..Writable::default()
    });
    tags.real(
        ti.clone(),
        t("integral time", "积分时间"),
        "s",
        0,
        (0.0, 3600.0),
    )
    .writable = Some(Writable {
        lo: 1.0,
        hi: 3600.0,
        ..Writable::default()
    });
    tags.real(
        td.clone(),
        t("derivative time", "微分时间"),
        "s",
        0,
        (0.0, 600.0),
    )
    .writable = Some(Writable {
        lo: 0.0,
        hi: 600.0,
        ..Writable::default()
    });
    Loop {
        name: row.name.into(),
        desc: Text::new(row.en, row.zh),
        pv: pin("PV"),
        sp: pin("SP"),
        out: pin("OUT"),
        mode: pin("MODE"),
        mode_act: Some(pin("MODE_ACT")),
        modes: row.modes.to_vec(),
        out_to: Some(row.out_to.into()),
        tuning: vec![kp, ti, td],
    }
}

/// Values that the make-believe process starts from.
pub(super) fn first_values() -> Vec<(String, f64)> {
    let mut list: Vec<(String, f64)> = Vec::new();
    for row in &LOOPS {
        list.push((format!("{}.KP", row.name), row.tuning.0));
        list.push((format!("{}.TI_S", row.name), row.tuning.1));
        list.push((format!("{}.TD_S", row.name), row.tuning.2));
    }
    let more = [
        ("TIC-101.SP", 40.0),
        ("TIC-101.MODE", 1.0),
        ("TIC-102.SP", 32.6),
        ("TIC-102.MODE", 2.0),
        ("FIC-101.SP", 75.0),
        ("FIC-101.MODE", 1.0),
        ("PIC-101.SP", 3.0),
        ("PIC-101.MODE", 1.0),
        ("TIC-101.OUT", 56.0),
        ("TIC-102.OUT", 53.0),
        ("PIC-101.OUT", 52.0),
        ("FIC-101.OUT", 46.0),
        ("M-101.START", 1.0),
        ("SC-101.SP", 90.0),
        ("DOSE.ENABLE", 1.0),
        ("DOSE.TARGET", 300.0),
        ("DOSE.TOTAL", 0.0),
        ("TT-101.PV", 39.0),
        ("WT-101.PV", 452.0),
        ("LT-101.PV", 41.0),
        ("ST-101.PV", 90.0),
        ("PT-101.PV", 3.0),
        ("TT-102.PV", 32.0),
        ("AT-101.PV", 0.9),
        ("FS-101.PV", 1.0),
        ("PSE-101.PV", 1.0),
        ("HS-100.PV", 1.0),
        ("TIC-201.SP", 25.0),
        ("TIC-201.PV", 24.8),
        ("TIC-201.MODE", 1.0),
        ("TIC-202.SP", 22.0),
        ("TIC-202.PV", 22.1),
        ("TIC-202.MODE", 2.0),
        ("PIC-201.SP", 120.0),
        ("PIC-201.PV", 118.0),
        ("PIC-201.MODE", 1.0),
        ("FIC-201.MODE", 2.0),
    ];
    list.extend(more.map(|(n, v)| (n.to_owned(), v)));
    list.extend(super::more::values());
    list
}

/// The directory.
#[rustfmt::skip]
pub(super) fn directory() -> Directory {
    let mut tags = Tags(Vec::new());
    for (name, en, zh, unit, decimals, lo, hi, limit) in ANALOGS {
        tags.real(name.into(), Text::new(en, zh), unit, decimals, (lo, hi)).limits = limits(limit);
    }
    let loops = LOOPS.iter().map(|row| add_loop(&mut tags, row)).collect();
    for (name, en, zh) in CONTROL_VALVES {
        tags.real(format!("{name}.CMD"), Text::new(en, zh), "%", 1, (0.0, 100.0));
    }
    let valve_states = [(0, "closed", "关"), (1, "open", "开"), (2, "travelling", "动作中"), (3, "fault", "故障"), (4, "unknown", "未知")];
    for (name, en, zh) in VALVES {
        tags.boolean(format!("{name}.CMD"), Text::new(format!("{en}, solenoid"), format!("{zh}电磁阀")), [("de-energised", "失电"), ("energised", "得电")]);
        tags.int(format!("{name}.STATE"), Text::new(en, zh), &valve_states);
    }
    let run_states = [(0, "stopped", "停止"), (1, "running", "运行"), (2, "starting", "启动中"), (3, "fault", "故障")];
    tags.int("M-101.STATE".into(), Text::new("Agitator", "搅拌"), &run_states);
    tags.boolean("M-101.START".into(), Text::new("Agitator, start", "搅拌启动"), [("stop", "停止"), ("start", "启动")]).writable = Some(Writable { hi: 1.0, ..Writable::default() });
    tags.int("VP-101.STATE".into(), Text::new("Vacuum pump", "真空泵"), &run_states);
    tags.real("SC-101.SP".into(), Text::new("Agitator speed setpoint", "搅拌转速设定"), "rpm", 0, (0.0, 120.0)).writable = Some(Writable { lo: 45.0, hi: 110.0, max_step: Some(20.0), ..Writable::default() });
    tags.boolean("FS-101.PV".into(), Text::new("Oxygen sample flow", "氧分析仪取样流量"), [("low", "低"), ("ok", "正常")]);
    tags.boolean("PSE-101.PV".into(), Text::new("Rupture disc", "爆破片"), [("burst", "破裂"), ("intact", "完好")]);
    tags.boolean("HS-100.PV".into(), Text::new("Emergency stop", "紧急停车按钮"), [("pressed", "按下"), ("not pressed", "未按下")]);
    tags.boolean("DOSE.ENABLE".into(), Text::new("Dosing enabled", "滴加允许"), [("off", "停"), ("on", "投用")]).writable = Some(Writable {
        hi: 1.0,
        only_when: only_in("RG-1.TRIPPED".into(), 0.0, "Interlock group RG-1 is tripped.", "联锁组 RG-1 已动作。"),
        ..Writable::default()
    });
    tags.int("DOSE.STATE".into(), Text::new("Dosing", "滴加"), &[(0, "idle", "空闲"), (1, "dosing", "滴加中"), (2, "held", "保持"), (3, "done", "完成")]);
    tags.real("DOSE.REMAINING".into(), Text::new("Still to dose", "剩余滴加量"), "kg", 1, (0.0, 320.0));
    tags.real("DOSE.TARGET".into(), Text::new("Dosing target", "滴加目标量"), "kg", 1, (0.0, 320.0)).writable = Some(Writable { lo: 0.0, hi: 320.0, ..Writable::default() });
    for (id, _, en, zh, _, _) in CAUSES {
        tags.boolean(format!("{id}.TRIP"), Text::new(en, zh), NO_YES);
    }
    tags.boolean("RG-1.TRIPPED".into(), Text::new("Group RG-1 tripped", "RG-1 联锁动作"), NO_YES);
    tags.int("RG-1.FIRST_OUT".into(), Text::new("Group RG-1, first-out", "RG-1 首出"), &[]);
    tags.boolean("RG-1.RESET".into(), Text::new("Group RG-1, reset", "RG-1 复位"), NO_YES).writable = Some(Writable { hi: 1.0, momentary: true, ..Writable::default() });
    tags.int("SYS.OVERRUNS".into(), Text::new("Scan overruns", "扫描超时次数"), &[]);
    super::more::add(&mut tags);
    let equipment = super::equipment::equipment(&tags.0);
    Directory {
        epoch: 1,
        plant: Text::new("U100 Synthesis", "U100 合成单元"),
        title: Text::new("API manufacturing", "原料药制造"),
        env: Environment::Simulation,
        edition: Edition {
            number: 1,
            digest: "0f".repeat(32),
        },
        tags: tags.0,
        loops,
        interlocks: vec![super::more::group(), Interlock {
            name: "RG-1".into(),
            text: Text::new("Stop dosing, safe cooling, inert", "停止滴加、安全冷却、惰化"),
            tripped: "RG-1.TRIPPED".into(),
            first_out: "RG-1.FIRST_OUT".into(),
            reset: Some("RG-1.RESET".into()),
            causes: CAUSES.iter().map(|(id, index, en, zh, live, _)| Cause {
                id: (*id).into(),
                index: *index,
                text: Text::new(*en, *zh),
                tag: format!("{id}.TRIP"),
                live: Some((*live).into()),
                armed: None,
                bypassed: None,
            }).collect(),
        }],
        equipment,
    }
}
