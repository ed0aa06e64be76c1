// The symbol library. A drawing names a symbol by `data-sym` and its equipment by
// `data-tag`; the origin is the centre of the pipe. Own outlines, after the common
// custom of flow diagrams.

import { s, setText, setAttr } from "../core/dom.js";
import { FLAG, level, number, reason, shown } from "../core/fmt.js";
import { watchBlock } from "../core/alarms.js";
import { say, t } from "../core/i18n.js";
import { badge } from "./badge.js";

/** How much larger small letters are drawn, because the drawing is shown smaller. */
export const letters = { k: 1 };

const BOW = "M-15-10L15 10V-10L-15 10Z";

function label(text, y) { return s("text", { class: "lbl", y, text }); }

/** State of a valve or drive as `data-st` of the group: the number, or `x` = not known. */
function follow(g, bind, name, words) {
  bind(name, ({ tag, value, q }) => {
    const known = tag && Number.isFinite(value) && level(q) < 2;
    setAttr(g, "data-st", known ? value : "x");
    const text = !tag ? t("no tag") : !known ? "?" : words[value] ?? "";
    setText(g.querySelector(".st"), text);
  });
}

function percent(g, bind, name) {
  const text = g.querySelector(".pct");
  bind(name, ({ tag, value, q }) => {
    const known = tag && Number.isFinite(value) && level(q) < 2;
    setText(text, !tag ? t("no tag") : known ? `${number(value, 0)} %` : "?");
    setAttr(g, "data-st", !known ? "x" : value > 0.5 ? 1 : 0);
  });
}

function valve(g, { tag, kind, bind, hold }) {
  alarmMark(g, { tag, hold }, -34, -40);
  g.append(s("rect", { class: "hit", x: -32, y: -46, width: 64, height: 78, rx: 3 }));
  g.append(s("path", { class: "body", d: BOW }));
  if (kind === "control") {
    g.append(s("path", { class: "eq", d: "M0 0V-15" }), s("path", { class: "body", d: "M-11-15A11 11 0 0 1 11-15Z" }));
    g.append(s("text", { class: "pct", y: -32 }), label(tag, 25));
    percent(g, bind, `${tag}.CMD`);
    return;
  }
  g.append(s("path", { class: "eq", d: "M0 0V-13" }), s("rect", { class: "body", x: -8, y: -23, width: 16, height: 10 }));
  g.append(s("text", { class: "st", y: -30 }), label(tag, 25));
  follow(g, bind, `${tag}.STATE`, { 2: "···", 3: t("FAULT"), 4: "?" });
}

function motor(g, { tag, bind, hold }) {
  alarmMark(g, { tag, hold }, -38, -26);
  g.append(s("rect", { class: "hit", x: -28, y: -28, width: 56, height: 56, rx: 3 }));
  g.append(s("circle", { class: "body", r: 17 }), s("text", { class: "st motor", y: 5, text: "M" }));
  const state = s("text", { class: "st", x: 34, y: 5, "text-anchor": "start" });
  g.append(state);
  bind(`${tag}.STATE`, ({ tag: found, value, q }) => {
    const known = found && Number.isFinite(value) && level(q) < 2;
    setAttr(g, "data-st", known ? value : "x");
    setText(state, !found ? t("no tag") : !known ? "?" : value === 1 || value === 0 ? "" : shown(found, value));
  });
}

function pump(g, { tag, bind, hold }) {
  alarmMark(g, { tag, hold }, -38, -30);
  g.append(s("rect", { class: "hit", x: -26, y: -26, width: 52, height: 64, rx: 3 }));
  g.append(s("path", { class: "eq", d: "M-9 12L-13 20H13L9 12" }), s("circle", { class: "body", r: 15 }));
  g.append(s("path", { class: "eq", d: "M-6-10L13 0L-6 10Z" }), s("text", { class: "st", y: -22 }), label(tag, 35));
  follow(g, bind, `${tag}.STATE`, { 2: "···", 3: t("FAULT") });
}

function orifice(g, { tag }) {
  g.append(s("path", { class: "eq", d: "M-3-12V-4M-3 4V12M3-12V-4M3 4V12" }), label(tag, 28));
}

function exchanger(g, { tag }) {
  g.append(s("rect", { class: "body", x: -36, y: -20, width: 72, height: 40, rx: 3 }), s("path", { class: "eq", d: "M-36 0H-20L-8 -10L8 10L20 0H36" }), label(tag, 36));
}

/** The worst alarm of the equipment beside its symbol, and nothing while there is none. */
function alarmMark(g, { tag, hold }, x, y) {
  const mark = s("g", { class: "alarm", transform: `translate(${x} ${y}) scale(.82)` });
  g.append(mark);
  hold(watchBlock(tag.split(".")[0], (row) => mark.replaceChildren(...(row ? [badge(row.priority, row)] : []))));
}

function connector(g, { data }) {
  const right = data.kind === "out";
  g.classList.add("opc");
  const d = right ? "M0-18H122L138 0L122 18H0Z" : "M0-18H122L138 0L122 18H0Z";
  const two = data.en2 || data.zh2;
  g.append(s("path", { d }));
  g.append(s("text", { x: 8, y: two ? -3 : 5, text: say({ en: data.en, zh: data.zh }) }));
  if (two) g.append(s("text", { class: "from", x: 8, y: 12, text: say({ en: data.en2, zh: data.zh2 }) }));
}

/** Tag, mode, value with unit, setpoint. */
function val(g, { tag, data, bind, store, hold }) {
  const loop = store.directory.loops.find((l) => l.name === tag);
  const pv = loop ? loop.pv : tag;
  const name = loop ? tag : tag.replace(/\.PV$/, "");
  const wide = Number(data.wide) || 96;
  const top = data.bare ? -13 : -29;
  g.append(s("rect", { class: "hit", x: -6, y: top, width: wide + 6, height: (loop ? 43 : 26) - top - 13, rx: 3 }));
  const head = s("text", { class: "tag", y: -16, text: data.label || name });
  const box = s("rect", { class: "badbox", x: -3, y: -13, width: 0, height: 20 });
  const value = s("text", { class: "value", y: 4 });
  const number_ = s("tspan"), unit = s("tspan", { class: "u", dx: 5 });
  const limit = s("g", { class: "limit" });
  value.append(number_, unit);
  g.append(head, box, value, limit);
  alarmMark(g, { tag: loop ? measured(store, loop) : tag, hold }, -24, -12);
  let last = "";
  bind(pv, ({ tag: found, value: v, q }) => {
    const lv = level(q);
    const beyond = found && lv < 2 ? beyondLimit(found, v) : "";
    const text = found ? shown(found, v) : t("no tag");
    const forced = found && (q & FLAG.forced) !== 0;
    const key = `${text}|${lv}|${beyond}|${forced}`;
    if (key === last) return;
    last = key;
    value.setAttribute("class", !found ? "value notag" : lv === 2 ? "value bad" : lv === 1 ? "value uncertain" : "value");
    setText(number_, text + (lv === 1 ? " ?" : ""));
    setText(unit, found ? found.unit : "");
    g.setAttribute("aria-description", `${g.dataset.desc ?? ""} ${lv ? reason(q) : ""}`.trim());
    box.setAttribute("width", lv === 2 && found ? text.length * 10 + 8 : 0);
    limit.replaceChildren();
    const chips = [beyond, forced ? "F" : ""].filter(Boolean);
    chips.forEach((word, i) => limit.append(...chip(word, measure(text, found.unit) + 30 * i, 2)));
  });
  if (!loop) return;
  const mode = s("g", { transform: `translate(${8 + name.length * 6.7 * letters.k} -16)` });
  g.append(mode);
  let shownMode = "";
  bind(loop.mode_act || loop.mode, ({ tag: found, value: v, q }) => {
    const text = found ? shown(found, v) : "";
    if (text === shownMode) return;
    shownMode = text;
    mode.replaceChildren();
    if (!text) return;
    // Manual, tracking and holding are off normal: they get a box.
    if (v === 0 || v > 2) mode.append(...chip(text, 2, 0));
    else mode.append(s("text", { class: "mode", text }));
  });
  const sp = s("text", { class: "spv", y: 23 });
  g.append(sp);
  bind(loop.sp, ({ tag: found, value: v }) => setText(sp, found ? `SP ${shown(found, v)}` : ""));
}

/** The measurement behind a loop: TIC-101 alarms as TT-101, unless it has alarms of its own. */
export function measured(store, loop) {
  const own = loop.name.replace(/^(.)IC/, "$1T");
  return store.tag(`${own}.PV`) ? own : loop.name;
}

function measure(text, unit) { return text.length * 10.4 + unit.length * 7.4 * letters.k + 14; }

function chip(text, x, y) {
  const w = [...text].reduce((sum, c) => sum + (c.charCodeAt(0) > 255 ? 12.4 : 9.6) * letters.k, 7);
  return [
    s("rect", { class: "limbox", x, y: y + 4 - 15 * letters.k, width: w, height: 15 * letters.k, rx: 2 }),
    s("text", { class: "mode", x: x + 3.5, y: y + 1, text }),
  ];
}

/** `HH`, `H`, `L`, `LL` if the value is beyond that limit. */
export function beyondLimit(tag, v) {
  const { ll, l, h, hh } = tag.limits;
  if (hh !== null && v >= hh) return "HH";
  if (h !== null && v >= h) return "H";
  if (ll !== null && v <= ll) return "LL";
  if (l !== null && v <= l) return "L";
  return "";
}

/** Scale of an indicator: the alarm window and a margin, not the instrument's range; to
 *  the end of the range on a side without limits. */
export function window_(tag) {
  const { ll, l, h, hh } = tag.limits, span = tag.hi - tag.lo;
  const low = ll ?? l ?? tag.lo, high = hh ?? h ?? tag.hi;
  if (!(high > low)) return [tag.lo, tag.hi];
  const margin = 0.14 * Math.min(high - low, span);
  return [Math.max(tag.lo, low - margin), Math.min(tag.hi, high + margin)];
}

/** Moving analogue indicator: normal band, limit ticks, pointer. */
export function indicator(tag, { x = 0, y = 0, w = 22, height = 138 } = {}) {
  const [lo, hi] = window_(tag);
  const at = (v) => y + height * (1 - Math.min(1, Math.max(0, (v - lo) / (hi - lo))));
  const { ll, l, h, hh } = tag.limits;
  const parts = [s("rect", { class: "frame", x, y, width: w, height })];
  if (l !== null || h !== null) {
    const top = at(h ?? hi), bottom = at(l ?? lo);
    parts.push(s("rect", { class: "band", x: x + 1, y: top, width: w - 2, height: Math.max(0, bottom - top) }));
  }
  for (const [v, part] of [[ll, 0.66], [l, 0.5], [h, 0.5], [hh, 0.66]]) {
    if (v !== null) parts.push(s("path", { class: "tick", d: `M${x + w} ${at(v)}h${-w * part}` }));
  }
  return { parts, at, lo, hi };
}

function madi(g, { tag: name, data, bind, store, hold }) {
  const tag = store.tag(name);
  g.classList.add("madi");
  const height = Number(data.high) || 138, w = 22;
  g.append(s("rect", { class: "hit", x: -22, y: -24, width: w + 44, height: height + 30, rx: 3 }));
  g.append(s("text", { class: "lbl", x: w / 2, y: -8, text: say({ en: data.en, zh: data.zh }) }));
  if (!tag) {
    g.append(s("text", { class: "lbl notag", x: w / 2, y: 14, text: t("no tag") }));
    return;
  }
  const { parts, at } = indicator(tag, { w, height });
  const ptr = s("path", { class: "ptr" }), line = s("path", { class: "ptrline" });
  g.append(...parts, line, ptr);
  const frame = parts[0];
  if (!data.bare) alarmMark(g, { tag: name, hold }, 2, height + 6);
  hold(watchBlock(name.split(".")[0], (row) => frame.setAttribute("class", row ? `frame a${row.priority}` : "frame")));
  bind(name, ({ value, q }) => {
    const known = Number.isFinite(value) && level(q) < 2;
    ptr.setAttribute("visibility", known ? "visible" : "hidden");
    line.setAttribute("visibility", known ? "visible" : "hidden");
    if (!known) return;
    const y = Math.round(at(value) * 2) / 2;
    setAttr(ptr, "d", `M0 ${y}L-14 ${y - 7}V${y + 7}Z`);
    setAttr(line, "d", `M0 ${y}H${w}`);
  });
}

/** A bool or enumeration in words; `data-ok` = its normal value. */
function state(g, { tag: name, data, bind }) {
  g.append(s("rect", { class: "hit", x: -6, y: -29, width: Number(data.wide) || 96, height: 42, rx: 3 }));
  g.append(s("text", { class: "tag", y: -16, text: data.label || name.replace(/\.[A-Z_]+$/, "") }));
  const text = s("g");
  g.append(text);
  let last = null;
  bind(name, ({ tag, value, q }) => {
    const words = !tag ? t("no tag") : level(q) === 2 ? `${shown(tag, value)} ?` : shown(tag, value);
    const normal = tag && level(q) < 2 && (data.ok === undefined || Number(data.ok) === value);
    const key = `${words}|${normal}`;
    if (key === last) return;
    last = key;
    text.replaceChildren(...(normal || !tag
      ? [s("text", { class: tag ? "" : "notag", y: 3, text: words })]
      : chip(words, -2, 3)));
  });
}

/** Builders by `data-sym`. Each gets the group and `{tag, kind, data, bind, store, hold}`. */
export const symbols = { valve, motor, pump, orifice, exchanger, connector, val, madi, state };
