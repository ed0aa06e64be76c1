//! Alarms of the station itself that no scan can see: history, messages, records.

use alarm::{AlarmKind, Class, Priority, Rationale, Words};

/// History cannot be written.
pub const HISTORY: &str = "SYS.HISTORY";
/// An alarm reached nobody by message.
pub const MESSAGES: &str = "SYS.MESSAGES";
/// A channel of messages fails, or its sign of life is missed.
pub const CHANNEL: &str = "SYS.CHANNEL";
/// The second place of signed checkpoints takes nothing, or holds something else.
pub const SECOND_PLACE: &str = "SYS.SECOND_PLACE";
/// Scans or steps were lost on their way to the records.
pub const LOST: &str = "SYS.LOST";

/// Settings of alarms run otherwise than they were rationalised.
pub const DRIFT: &str = "SYS.DRIFT";

/// Condition: the ledger takes nothing.
pub const JOURNAL_DOWN: &str = "STATION.JOURNAL_DOWN";
/// Condition: little space is left for what must be kept.
pub const DISK_LOW: &str = "STATION.DISK_LOW";
/// Condition: the recording of the run has a gap.
pub const RECORDING_GAP: &str = "STATION.RECORDING_GAP";
/// Condition: the clock was moved, or nobody keeps it right.
pub const CLOCK_UNSYNCHRONISED: &str = "STATION.CLOCK_UNSYNCHRONISED";

fn own(
    name: &str,
    text: [&str; 2],
    cause: [&str; 2],
    consequence: [&str; 2],
    action: [&str; 2],
) -> Rationale {
    let words = |[en, zh]: [&str; 2]| Words {
        en: en.into(),
        zh: zh.into(),
    };
    Rationale {
        unit: "SYSTEM".into(),
        kind: AlarmKind::System,
        class: Class::System,
        text: words(text),
        causes: words(cause),
        consequence: words(consequence),
        action: words(action),
        confirmation: words([
            "The system page shows it working again.",
            "系统页面显示已恢复。",
        ]),
        respond_s: 1_800.0,
        priority: Priority::P3,
        basis: "product default".into(),
        ..Rationale::named(name)
    }
}

/// Their records.
pub fn own_alarms() -> Vec<Rationale> {
    vec![
        own(
            HISTORY,
            ["History is not being written", "历史数据未能写入"],
            [
                "The disk is full, read-only or failing.",
                "磁盘已满、只读或故障。",
            ],
            [
                "Trends and reports of this time have a gap. Control goes on.",
                "此期间的趋势与报表出现缺口;控制不受影响。",
            ],
            [
                "Free or replace the disk. Writing goes on by itself; the gap stays marked.",
                "清理或更换磁盘;恢复后自动继续写入,缺口保留标记。",
            ],
        ),
        own(
            MESSAGES,
            [
                "A message about an alarm reached nobody",
                "报警通知未能送达",
            ],
            [
                "Mail or SMS server not reached, or nobody on duty in the roster.",
                "邮件或短信服务器不可达,或值班表无人值班。",
            ],
            [
                "People off site do not know of alarms.",
                "场外人员无法获知报警。",
            ],
            [
                "Tell the people on call by telephone; check the channel.",
                "电话通知值班人员;检查通知通道。",
            ],
        ),
        own(
            CHANNEL,
            ["A channel of messages fails", "通知通道故障"],
            [
                "Mail or SMS server not reached or not trusted, wrong credentials, or no sign of life for too long.",
                "邮件或短信服务器不可达或不受信任,凭据错误,或通知心跳长时间缺失。",
            ],
            [
                "Messages by this channel are late or lost; other channels go on.",
                "经该通道的通知延迟或丢失;其他通道不受影响。",
            ],
            [
                "Look into the records for the channel and what it said; mend it. It is tried again by itself.",
                "在记录中查看故障通道及其报文并排除;系统会自动重试。",
            ],
        ),
        own(
            SECOND_PLACE,
            [
                "Checkpoints of the audit trail do not reach their second place",
                "审计追踪检查点未能送达异地副本",
            ],
            [
                "The second place is not reached, full, or holds something else than the audit trail.",
                "异地副本不可达、已满,或其内容与审计追踪不一致。",
            ],
            [
                "A cut at the end of the audit trail could not be shown from then on. The station goes on.",
                "此后若审计追踪末尾被截断,将无法证明。系统继续运行。",
            ],
            [
                "Mend the way to the second place; what is missing there is sent by itself. If it differs, tell quality assurance.",
                "恢复与异地副本的连接,缺失部分会自动补送;若内容不一致,通知质量部门。",
            ],
        ),
        own(
            LOST,
            ["Records of some scans were lost", "部分扫描的记录丢失"],
            [
                "The machine was too busy for longer than the buffers hold.",
                "计算机过载时间超过缓冲容量。",
            ],
            [
                "Alarms, events and history of these scans are incomplete; the gap is recorded.",
                "这些扫描的报警、事件与历史不完整;缺口已记录。",
            ],
            [
                "Compare with the recording of the run; find what loads the machine.",
                "与运行记录对照,查明过载原因。",
            ],
        ),
        own(
            DRIFT,
            [
                "Alarm settings differ from the master alarm database",
                "报警运行参数与主报警数据库不一致",
            ],
            [
                "A limit, dead-band or delay was changed while running.",
                "运行中修改了限值、死区或延时。",
            ],
            [
                "An alarm comes earlier or later than it was rationalised for.",
                "报警提前或滞后,与合理化依据不符。",
            ],
            [
                "The record \"drift\" of the audit trail names each setting: have the change approved and \
                 put into the plant text, or write the approved value back.",
                "审计追踪中的\"drift\"记录列出各项参数:经批准写入工厂文本,或写回批准值。",
            ],
        ),
    ]
}
