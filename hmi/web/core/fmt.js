// Numbers, times and qualities as people read them.

import { say, t } from "./i18n.js";

export const FLAG = { forced: 1, simulated: 2, manual: 4, low: 8, high: 16, bypassed: 32 };

const REASONS = [
  "none", "out-of-range", "rate-exceeded", "frozen", "substituted", "stale", "not-written",
  "degraded", "configuration", "sensor-fault", "comm-lost", "not-finite", "out-of-service",
];

/** 0 good, 1 uncertain, 2 bad. */
export function level(q) { return Math.min(q >> 14, 2); }

export function reason(q) { return t(REASONS[(q >> 8) & 0x3f] || "none"); }

/** A number with the tag's decimals and a true minus sign. */
export function number(value, decimals) {
  if (!Number.isFinite(value)) return "—";
  const text = value.toFixed(decimals);
  // Minus zero says nothing.
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** A value as shown: state name, or number; without its unit. */
export function shown(tag, value) {
  if (!Number.isFinite(value)) return "—";
  const state = tag.states.find((s) => s.value === value);
  if (state) return say(state.text);
  return number(value, tag.kind === "real" ? tag.decimals : 0);
}

/** A range in words; no bound beyond which only the computer's numbers end. */
export function rangeText(lo, hi, decimals) {
  const low = Math.abs(lo) < 1e9, high = Math.abs(hi) < 1e9;
  if (low && high) return `${number(lo, decimals)} – ${number(hi, decimals)}`;
  return low ? `≥ ${number(lo, decimals)}` : high ? `≤ ${number(hi, decimals)}` : "–";
}

/** What stands behind a value that is uncertain or forced. */
export function mark(q) {
  return (level(q) === 1 ? " ?" : "") + (q & FLAG.forced ? " F" : "");
}

/** A value with unit, in one string. */
export function withUnit(tag, value) {
  const text = shown(tag, value);
  return tag.unit ? `${text} ${tag.unit}` : text;
}

/** What a person types: full stop or comma, any minus. NaN if it is no number. */
export function parse(text) {
  const plain = text.trim().replace(",", ".").replace("\u2212", "-");
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : NaN;
}

const two = (n) => String(n).padStart(2, "0");

export function clock(ms) {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function date(ms) {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** Offset of the station's zone, `UTC+08`. */
export function zone(ms) {
  const minutes = -new Date(ms).getTimezoneOffset();
  const sign = minutes < 0 ? "\u2212" : "+";
  const abs = Math.abs(minutes);
  return `UTC${sign}${two(Math.floor(abs / 60))}${abs % 60 ? `:${two(abs % 60)}` : ""}`;
}

/** Microseconds with three figures and a unit that fits. */
export function micros(us) {
  if (us < 1000) return `${us.toPrecision(us < 100 ? 2 : 3).replace(/e.*/, "")} µs`;
  if (us < 1e6) return `${(us / 1000).toPrecision(3)} ms`;
  return `${(us / 1e6).toPrecision(3)} s`;
}

/** A length of time: `38 s`, `4 min 05 s`, `3 h 10 min`. */
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
}

/** How long a step lasts, and may. */
export const elapsed = (s, plan) => duration(s * 1000) + (plan ? ` / ${duration(plan * 1000)}` : "");

/** Hands rows to the person as a CSV file. A text that a spreadsheet would take for a
 *  formula gets an apostrophe. */
export function save(name, rows) {
  const field = (x) => {
    const text = typeof x === "string" && /^[=+@\-\t]/.test(x) && !/^-?\d/.test(x) ? `'${x}` : String(x ?? "");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const blob = new Blob(["\ufeff", rows.map((row) => row.map(field).join(",")).join("\r\n")], { type: "text/csv" });
  const a = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
