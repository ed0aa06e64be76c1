// Words for the pins of blocks and for the values of bools. A plant says what a block
// is; what its pins are is the same everywhere.

const NO_YES = [["no", "否"], ["yes", "是"]];
const CLOSE_OPEN = [["close", "关"], ["open", "开"]];

/** Pin: English, Chinese, words of false and true. The order is that of a faceplate. */
const PINS = {
  PV: ["Value", "测量值"],
  STATE: ["State", "状态"],
  ENABLE: ["Enable", "投用", [["off", "停"], ["on", "投用"]]],
  START: ["Run request", "启停请求", [["stop", "停止"], ["start", "启动"]]],
  MODE: ["Mode", "方式"],
  MODE_ACT: ["Mode in force", "实际方式"],
  OPEN: ["Valve", "阀门", CLOSE_OPEN],
  DEMAND: ["Demand in AUTO", "自动需求", CLOSE_OPEN],
  SP: ["Set-point", "设定值"],
  SP_ACT: ["Set-point in force", "实际设定值"],
  TARGET: ["Target", "目标量"],
  RATE: ["Rate", "速率"],
  TOTAL: ["Total", "累计量"],
  REMAINING: ["Remaining", "剩余量"],
  OUT: ["Output", "输出"],
  TRIPPED: ["Tripped", "联锁动作", NO_YES],
  TRIP: ["Demands the trip", "要求联锁", NO_YES],
  PRE: ["Condition, before its delay", "延时前条件", NO_YES],
  LIMIT: ["Limit", "限值"],
  READY: ["Ready", "就绪", NO_YES],
  RUN: ["Runs", "运行反馈", [["stopped", "停止"], ["running", "运行"]]],
  FAULT: ["Fault", "故障", NO_YES],
  CMD: ["Signal to the field", "输出信号", [["de-energised", "失电"], ["energised", "得电"]]],
  ZSO: ["Open switch", "开到位", NO_YES],
  ZSC: ["Closed switch", "关到位", NO_YES],
  POS_DEMAND: ["Position demanded", "目标位置", [["closed", "关"], ["open", "开"]]],
  LOCKED_S: ["Start locked for", "启动闭锁剩余"],
  DONE: ["Done", "完成", NO_YES],
  SHUT: ["Valves demanded shut", "要求关阀", NO_YES],
  KP: ["Gain", "增益"],
  TI_S: ["Integral time", "积分时间"],
  TD_S: ["Derivative time", "微分时间"],
  ERR: ["Control error", "偏差"],
  TRACK: ["Tracked output", "跟踪值"],
  CAS_OK: ["Cascade ready", "串级就绪", NO_YES],
  DEGRADED: ["Degraded", "降级", NO_YES],
  VOTES: ["Votes", "表决数"],
  FIRST_OUT: ["First-out", "首出"],
  STANDING: ["Causes standing, bits", "仍存在的原因(位)"],
  LATCHED: ["Causes latched, bits", "已锁存的原因(位)"],
  ARMED_RESET: ["Reset would succeed", "可复位", NO_YES],
  RESET: ["Reset", "复位", NO_YES],
  RESET_COUNT: ["Resets", "复位次数"],
  OK: ["All fulfilled", "全部满足", NO_YES],
  MISSING: ["Not fulfilled, bits", "未满足(位)"],
  REQUIRED: ["Required", "要求", NO_YES],
  ACTIVE: ["Active", "起作用", NO_YES],
  ALM: ["Alarm", "报警", NO_YES],
  LOST: ["Lost", "丢失", NO_YES],
  FAILED: ["Device reports a fault", "仪表报故障", NO_YES],
  DELTA: ["Largest difference", "最大差值"],
  SPREAD: ["Spread", "偏差"],
  GAPS: ["Gaps", "缺失"],
  ROLLS: ["Rollovers", "翻转次数"],
  A: ["Output A", "输出A"],
  B: ["Output B", "输出B"],
  BYPASSED: ["Bypassed", "已旁路", NO_YES],
  MOS: ["Bypass of channel", "通道旁路", NO_YES],
  MOS_LEFT_S: ["Bypass ends in", "旁路剩余"],
  MOS_WARNING: ["Bypass ends soon", "旁路即将到期", NO_YES],
  MOS_EXPIRED: ["Bypass expired", "旁路已到期", NO_YES],
  OOS: ["Operational override", "操作超驰", NO_YES],
  STEP: ["Step", "步"],
  STEP_S: ["Time in step", "本步时间"],
  WHY: ["Why", "原因"],
  HOLD: ["Hold", "暂停"],
  RESTART: ["Restart", "重启"],
  STOP: ["Stop", "停止"],
  ABORT: ["Abort", "中止"],
  AMOUNT: ["Amount", "数量"],
  MOVED: ["Moved", "已转"],
  DIFFERENCE: ["Difference", "差值"],
  RAW: ["Raw signal", "原始信号"],
  RUN_RAW: ["Run feedback, raw", "运行反馈(原始)", NO_YES],
};
const ORDER = Object.keys(PINS);

export function pinOf(name) { return name.slice(name.indexOf(".") + 1); }

/** Place of a pin on a faceplate. */
export function pinRank(name) {
  const at = ORDER.indexOf(pinOf(name).replace(/[._]\d+$/, ""));
  return at < 0 ? ORDER.length : at;
}

/** Short text of a pin. */
export function pinText(name) {
  const [, pin, number] = pinOf(name).match(/^(.*?)(?:[._](\d+))?$/);
  const known = PINS[pin];
  if (!known) return { en: pinOf(name), zh: pinOf(name) };
  const more = number ? ` ${number}` : "";
  return { en: known[0] + more, zh: known[1] + more };
}

const state = (value, [en, zh]) => ({ value, text: { en, zh } });

/**
 * Gives the tags of a directory what it leaves out: words for bools, texts of pins,
 * units with their exponents.
 */
export function complete(directory) {
  const words = new Map(directory.displays.flatMap((d) => d.words || []).map((w) => [w.tag, w]));
  for (const tag of directory.tags) {
    tag.unit = tag.unit.replace(/m3\b/, "m³").replace(/m2\b/, "m²");
    const pin = pinOf(tag.name);
    const own = words.get(tag.name);
    if (own) tag.states = [{ value: 0, text: own.off }, { value: 1, text: own.on }];
    else if (tag.kind === "bool" && tag.states.length === 0) tag.states = (PINS[pin]?.[2] || NO_YES).map((w, i) => state(i, w));
    // "Dosing flow: SP" is the block's text with the bare pin behind it.
    const text = pinText(tag.name);
    tag.short = null;
    tag.block = tag.desc;
    for (const [lang, colon] of [["en", ": "], ["zh", ":"]]) {
      if (!tag.desc[lang].endsWith(colon + pin)) continue;
      tag.short = text;
      tag.block = { ...tag.block, [lang]: tag.desc[lang].slice(0, -pin.length - colon.length) };
      tag.desc[lang] = tag.desc[lang].slice(0, -pin.length) + (lang === "en" ? text.en.toLowerCase() : text.zh);
    }
    tag.short ??= pin === "PV" ? text : tag.desc;
  }
}
