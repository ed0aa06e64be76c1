// A trend on a canvas: buckets with least, greatest and last value; the line is the last
// value, the shade behind it is everything that happened in between.

import { getTrend } from "../core/api.js";
import { Part, h } from "../core/dom.js";
import { clock, date, number } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { theme, token } from "../core/theme.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { drawMarks, fetchMarks, near } from "./trendmarks.js";

const STEPS_MS = [100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1200000];
const DASHES = [[], [9, 3], [5, 4], [2, 3], [12, 3, 2, 3], [7, 2], [3, 6], [1, 2]];
const BAD = 2, EMPTY = 3;
const MINUTES_MIN = 0.5;
const MINUTES_MAX = 10080;

/** Colour token and dash of pen `i`: never colour alone. */
export function penStyle(i) { return { colour: token(`g${(i % 8) + 1}`), dash: DASHES[i % DASHES.length] }; }

/** A round step that gives about `count` marks. */
function roundStep(span, count) {
  const raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5].find((x) => x * power >= raw) || 10) * power;
}

const TIMES_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

class Trend extends Part {
  pens = [];
  minutes = 30;
  /** Without axes, for a faceplate. */
  bare = false;
  live = true;
  toMs = 0;
  /** Phase block whose steps stand behind the lines. */
  phase = "";
  /** Milliseconds that a second, paler picture lies back; 0 = none. */
  compareMs = 0;
  /** Events drawn as marks under the axis. */
  marked = false;
  marks = [];
  /** Samples that stand still instead of what the server keeps: `{from, step, count, series}`. */
  given = null;
  /** Moments with a word: `{ms, text}`. */
  flags = [];
  /** Pen whose limits are drawn; the first that is shown if it is none. */
  chosen = -1;
  hidden_ = new Set();
  /** Called with the statistics after each fetch, with the cursor, and after a zoom. */
  onstats = null;
  oncursor = null;
  onspan = null;

  render() {
    this.canvas = h("canvas");
    this.append(this.canvas);
    if (this.bare) {
      this.setAttribute("role", "img");
      this.setAttribute("aria-label", this.pens.join(", "));
    }
    const resize = new ResizeObserver(() => this.draw());
    resize.observe(this);
    this.hold(() => resize.disconnect());
    this.listen(theme, "change", () => this.draw());
    if (!this.bare) this.hand();
    this.hold(() => clearTimeout(this.timer));
    this.restart();
  }

  /** Begins again after a change of pens or span. */
  restart() {
    clearTimeout(this.timer);
    this.draw();
    this.fetch();
  }

  get stepMs() {
    const width = Math.max(80, this.clientWidth || 600);
    const wanted = (this.minutes * 60000) / Math.min(width, 1200);
    return STEPS_MS.find((x) => x >= wanted) || Math.ceil(wanted / 60000) * 60000;
  }

  async fetch() {
    const ticket = (this.ticket = {});
    if (this.given) {
      const { from, step, count, series } = this.given;
      this.live = false;
      this.take({ from_ms: from, to_ms: from + count * step, series }, null, step, count, Infinity);
      return;
    }
    const step = this.stepMs;
    const now = link.nowMs();
    if (this.live || !this.toMs) this.toMs = now;
    const to = Math.ceil(this.toMs / step) * step;
    const count = Math.min(4096, Math.max(2, Math.round((this.minutes * 60000) / step)));
    const known = this.pens.filter((name) => store.tag(name));
    const steps = this.phase && `${this.phase}.STEP`;
    const asked = steps && store.tag(steps) ? [...known, steps] : known;
    try {
      if (asked.length && !(link.stale && this.data)) {
        const back = this.compareMs;
        const [answer, other] = await Promise.all([getTrend(asked, to - count * step, to, count),
          back ? getTrend(known, to - count * step - back, to - back, count) : null]);
        if (ticket !== this.ticket || !this.isConnected) return;
        this.take(answer, other, step, count, now);
        if (this.marked) this.recall();
      }
    } catch {
      // The next round asks again; meanwhile the page as a whole shows that the link is lost.
    }
    if (ticket !== this.ticket || !this.isConnected) return;
    if (this.live) this.timer = setTimeout(() => this.fetch(), Math.min(10000, Math.max(1000, step)));
  }

  /** Asks for the marks of what is shown; a live picture not more often than every 5 s. */
  async recall() {
    const { from, to } = this.data, at = performance.now();
    if (this.live && at - (this.recalledAt ?? -Infinity) < 5000) return;
    this.recalledAt = at;
    const marks = await fetchMarks(from, to);
    if (this.isConnected && this.data) { this.marks = marks; this.draw(); }
  }

  take(answer, other, step, count, now) {
    const find = (of, name) => of && of.series.find((x) => x.tag === name);
    const pens = this.pens.map((name) => {
      const series = find(answer, name);
      if (!series) return undefined;
      const past = find(other, name);
      return { ...this.line(series, answer.from_ms, step, count, now), other: past && this.line(past, other.from_ms, step, count, now) };
    });
    this.data = { from: answer.from_ms, to: answer.to_ms, step, count, pens, steps: find(answer, `${this.phase}.STEP`) };
    if (!this.bare) this.setAttribute("aria-valuemax", count - 1);
    if (this.at >= count) this.at = undefined;
    this.draw();
    if (this.onstats) this.onstats(pens.map((p) => p && p.stats), answer, step);
  }

  /** One pen: values held where nothing new came, gaps where they were bad. */
  line({ last, min, max, mark }, from, step, count, now) {
    const values = new Array(count).fill(null);
    let least = Infinity, greatest = -Infinity, sum = 0, n = 0, good = 0, filled = 0, held = null;
    for (let i = 0; i < count; i++) {
      if (mark[i] === EMPTY) {
        // No new sample: nothing changed, as far as anybody knows, up to now.
        if (from + i * step <= now) values[i] = held;
        continue;
      }
      filled++;
      if (mark[i] === BAD) { held = null; continue; }
      if (mark[i] === 0) good++;
      held = values[i] = last[i];
      sum += last[i];
      n++;
      least = Math.min(least, min[i]);
      greatest = Math.max(greatest, max[i]);
    }
    return { values, min, max, mark, stats: { min: least, max: greatest, mean: n ? sum / n : NaN, good: filled ? good / filled : 0, step } };
  }

  toggle(index, visible) {
    if (visible) this.hidden_.delete(index); else this.hidden_.add(index);
    this.draw();
  }

  /** The pen whose limits are drawn. */
  limited() { return this.chosen in this.pens && !this.hidden_.has(this.chosen) ? this.chosen : this.pens.findIndex((_, i) => !this.hidden_.has(i)); }

  /** Scale of a pen: its unit; setpoints share the scale of what they are set for. */
  scaleOf(name) { return store.tag(name)?.unit || "–"; }

  /** Ends of each unit's scale, over the pens shown. */
  scales() {
    const scales = new Map();
    this.pens.forEach((name, i) => {
      const unit = this.scaleOf(name), tag = store.tag(name);
      if (!scales.has(unit)) scales.set(unit, { lo: Infinity, hi: -Infinity, span: 0 });
      const scale = scales.get(unit), pen = this.data?.pens[i];
      // A flat line must not look like a storm: at least a fiftieth of the range.
      if (tag) scale.span = Math.max(scale.span, (tag.hi - tag.lo) / 50);
      if (!pen || this.hidden_.has(i)) return;
      for (const stats of [pen.stats, pen.other?.stats]) {
        if (!stats || stats.min > stats.max) continue;
        scale.lo = Math.min(scale.lo, stats.min);
        scale.hi = Math.max(scale.hi, stats.max);
      }
    });
    for (const scale of scales.values()) {
      if (scale.lo > scale.hi) { scale.lo = 0; scale.hi = 1; }
      const room = Math.max(0.08 * (scale.hi - scale.lo), (scale.span - (scale.hi - scale.lo)) / 2, 1e-9);
      scale.lo -= room;
      scale.hi += room;
    }
    return scales;
  }

  /** Ends of a pen's scale in words. */
  scaleText(name) {
    const scale = this.data && this.scales().get(this.scaleOf(name)), tag = store.tag(name);
    return scale && tag ? `${number(scale.lo, tag.decimals)} – ${number(scale.hi, tag.decimals)}` : "—";
  }

  draw() {
    const width = this.clientWidth, height = this.clientHeight, px = devicePixelRatio || 1;
    if (!width || !height || !this.canvas) return;
    if (this.canvas.width !== Math.round(width * px) || this.canvas.height !== Math.round(height * px)) {
      this.canvas.width = Math.round(width * px);
      this.canvas.height = Math.round(height * px);
    }
    const c = this.canvas.getContext("2d");
    c.setTransform(px, 0, 0, px, 0, 0);
    c.clearRect(0, 0, width, height);
    c.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    c.textBaseline = "middle";
    const scales = this.scales(), units = [...scales.keys()];
    const left = this.bare ? 2 : 54, right = this.bare ? 2 : units.length > 1 ? 54 : 14;
    const top = this.bare ? 3 : 12, bottom = this.bare ? 3 : this.marked && this.marks.length ? 44 : 26;
    const box = (this.box = { left, top, width: width - left - right, height: height - top - bottom });
    const { from, to } = this.data || { from: 0, to: 1 };
    const x = (ms) => left + ((ms - from) / (to - from)) * box.width;
    const y = (v, unit) => { const s = scales.get(unit); return top + box.height * (1 - (v - s.lo) / (s.hi - s.lo)); };
    c.fillStyle = token("field");
    c.fillRect(left, top, box.width, box.height);
    if (!this.bare) this.axes(c, box, scales, units, from, to, x, y);
    if (this.marked && this.data) drawMarks(c, this.marks, box, x);
    c.save();
    c.beginPath();
    c.rect(left, top, box.width, box.height);
    c.clip();
    this.limits(c, box, y);
    if (this.data) {
      this.behind(c, box, x);
      this.pens.forEach((name, i) => { if (!this.hidden_.has(i) && this.data.pens[i]) this.pen(c, box, i, (v) => y(v, this.scaleOf(name))); });
    }
    if (this.at !== undefined && this.data) {
      c.fillStyle = token("t1");
      const ms = from + (this.at + 0.5) * this.data.step, text = clock(ms), wide = c.measureText(text).width + 12;
      const at = Math.min(left + box.width - wide, Math.max(left, x(ms) - wide / 2));
      c.fillRect(x(ms), top, 1, box.height);
      if (!this.bare) {
        c.fillRect(at, top + box.height - 18, wide, 18);
        c.fillStyle = token("field");
        c.textAlign = "left";
        c.fillText(text, at + 6, top + box.height - 8);
      }
    }
    if (this.drag) {
      c.fillStyle = `${token("focus")}40`;
      c.fillRect(Math.min(this.drag.x, this.drag.to), top, Math.abs(this.drag.to - this.drag.x), box.height);
    }
    c.restore();
  }

  axes(c, box, scales, units, from, to, x, y) {
    c.strokeStyle = token("line");
    c.fillStyle = token("t2");
    c.lineWidth = 1;
    c.setLineDash([]);
    const seg = (x1, y1, x2, y2) => { c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2); c.stroke(); };
    units.slice(0, 2).forEach((unit, side) => {
      const { lo, hi } = scales.get(unit), step = roundStep(hi - lo, Math.max(2, box.height / 48));
      const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
      c.textAlign = side ? "left" : "right";
      const at = side ? box.left + box.width + 6 : box.left - 6;
      for (let v = Math.ceil(lo / step) * step; v <= hi; v += step) {
        const level = Math.round(y(v, unit)) + 0.5;
        if (!side) seg(box.left, level, box.left + box.width, level);
        if (level > box.top + 16) c.fillText(number(v, digits), at, level);
      }
      c.fillText(unit, at, box.top + 2);
    });
    if (!this.data) return;
    const span = (to - from) / 1000, step = TIMES_S.find((s) => span / s <= box.width / 90) || 86400;
    const shift = new Date(from).getTimezoneOffset() * 60;
    c.textAlign = "center";
    for (let s = Math.ceil((from / 1000 - shift) / step) * step + shift; s * 1000 <= to; s += step) {
      const at = Math.round(x(s * 1000)) + 0.5, text = clock(s * 1000);
      seg(at, box.top, at, box.top + box.height);
      c.fillText(step >= 86400 ? date(s * 1000).slice(5) : step >= 60 ? text.slice(0, 5) : text, at, box.top + box.height + 13);
    }
  }

  /** Band and limit lines of the pen chosen. */
  limits(c, box, y) {
    const name = this.pens[this.limited()], tag = store.tag(name);
    if (!tag) return;
    const at = (v) => y(v, this.scaleOf(name));
    const { ll, l, h: high, hh } = tag.limits;
    if (l !== null || high !== null) {
      const a = high === null ? box.top : at(high), b = l === null ? box.top + box.height : at(l);
      c.fillStyle = `${token("band")}80`;
      c.fillRect(box.left, a, box.width, b - a);
    }
    c.strokeStyle = c.fillStyle = token("t2");
    c.lineWidth = 1;
    c.textAlign = "left";
    const off = { up: [], down: [] };
    for (const [word, v] of [["HH", hh], ["H", high], ["L", l], ["LL", ll]]) {
      if (v === null) continue;
      const text = `${word} ${number(v, tag.decimals)}`;
      if (at(v) < box.top) { off.up.unshift(text); continue; }
      if (at(v) > box.top + box.height) { off.down.push(text); continue; }
      c.setLineDash([6, 4]);
      c.beginPath();
      c.moveTo(box.left, at(v));
      c.lineTo(box.left + box.width, at(v));
      c.stroke();
      if (!this.bare) c.fillText(text, box.left + 6, at(v) - 8);
    }
    // A limit beyond the scale is told, or the lines would say that there is none.
    if (this.bare) return;
    if (off.up.length) c.fillText(`↑ ${off.up.join("  ")}`, box.left + 6, box.top + 10);
    if (off.down.length) c.fillText(`↓ ${off.down.join("  ")}`, box.left + 6, box.top + box.height - 10);
  }

  /** Steps of the phase, trips, moments. */
  behind(c, box, x) {
    const { steps, from, step, count } = this.data;
    c.textAlign = "left";
    c.setLineDash([]);
    c.lineWidth = 1;
    const flag = (ms, text) => {
      c.strokeStyle = token("line2");
      c.beginPath();
      c.moveTo(Math.round(x(ms)) + 0.5, box.top);
      c.lineTo(Math.round(x(ms)) + 0.5, box.top + box.height);
      c.stroke();
      const wide = c.measureText(text).width + 8, at = Math.min(x(ms) + 2, box.left + box.width - wide);
      c.fillStyle = token("panel");
      c.fillRect(at, box.top + 2, wide, 17);
      c.fillStyle = token("t1");
      c.fillText(text, at + 4, box.top + 11);
    };
    if (steps) {
      const rows = store.block(this.phase)?.rows || [];
      for (let i = 0, now = null; i < count; i++) {
        if (steps.mark[i] === EMPTY || steps.last[i] === now) continue;
        now = steps.last[i];
        if (now > 0) flag(from + i * step, say(rows[now - 1]?.text) || `${this.phase} ${now}`);
      }
    }
    for (const { ms, text } of [...this.flags, ...this.marks.filter((m) => m.kind === "trip")]) if (ms >= from) flag(ms, text);
  }

  pen(c, box, index, y) {
    const { values, min, max, mark, other } = this.data.pens[index];
    const { colour, dash } = penStyle(index), { count } = this.data;
    const x = (i) => box.left + ((i + 0.5) / count) * box.width;
    c.lineJoin = "round";
    const stroke = (list, width, style) => {
      c.lineWidth = width;
      c.strokeStyle = style;
      c.setLineDash(dash);
      c.beginPath();
      let open = false;
      for (let i = 0; i < count; i++) {
        const v = list[i];
        if (v === null || !Number.isFinite(v)) { open = false; continue; }
        if (open) c.lineTo(x(i), y(v)); else { c.moveTo(x(i), y(v)); open = true; }
      }
      c.stroke();
    };
    if (other) stroke(other.values, 1.2, `${colour}90`);
    c.fillStyle = `${colour}38`;
    const wide = Math.max(1, box.width / count);
    for (let i = 0; i < count; i++) {
      if (values[i] !== null && max[i] > min[i]) c.fillRect(x(i) - wide / 2, y(max[i]), wide, Math.max(1, y(min[i]) - y(max[i])));
      // A gap is shown, never bridged: its length stands at the foot.
      if (mark[i] === BAD) { c.fillStyle = token("line2"); c.fillRect(x(i) - wide / 2, box.top + box.height - 4, wide + 0.5, 4); c.fillStyle = `${colour}38`; }
    }
    stroke(values, 2, colour);
  }

  /** The moment under the cursor, for the mouse, the keyboard and who listens. */
  cursor(at) {
    this.at = at;
    const { data } = this, ms = data && at !== undefined ? data.from + (at + 0.5) * data.step : undefined;
    const marks = ms === undefined ? [] : near(this.marks, ms, (5 * (data.to - data.from)) / this.box.width);
    this.setAttribute("aria-valuenow", at ?? 0);
    this.setAttribute("aria-valuetext", ms === undefined ? t("no cursor") : clock(ms));
    this.draw();
    this.oncursor?.(at, data, marks);
  }

  /** Cursor, zoom by dragging or the wheel, back to live by a double click; the same by keys. */
  hand() {
    this.tabIndex = 0;
    this.setAttribute("role", "slider");
    this.setAttribute("aria-label", `${t("Cursor")} ${this.pens.join(", ")}`);
    for (const [name, value] of [["valuemin", 0], ["valuenow", 0], ["valuetext", t("no cursor")]]) this.setAttribute(`aria-${name}`, value);
    this.onkeydown = (event) => {
      const { data, at } = this, many = event.shiftKey ? 10 : 1;
      if (!data || event.altKey || event.ctrlKey || event.metaKey) return;
      const last = data.count - 1, from = at ?? last + 1;
      const to = { ArrowLeft: from - many, ArrowRight: at === undefined ? 0 : at + many, Home: 0, End: last }[event.key];
      if (to !== undefined) this.cursor(Math.min(last, Math.max(0, to)));
      else if (event.key === "Escape" && at !== undefined) this.cursor(undefined);
      else if ((event.key === "+" || event.key === "-") && this.onspan) this.scale(event.key === "+" ? 0.5 : 2, at === undefined ? undefined : data.from + (at + 0.5) * data.step);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const place = (event) => Math.min(this.box.left + this.box.width, Math.max(this.box.left, event.offsetX));
    const ms = (px) => this.data.from + ((px - this.box.left) / this.box.width) * (this.data.to - this.data.from);
    const cursor = (at) => this.cursor(at);
    const c = this.canvas;
    c.onpointermove = (event) => {
      if (!this.data) return;
      if (this.drag) { this.drag.to = place(event); this.draw(); return; }
      cursor(Math.min(this.data.count - 1, Math.floor(((place(event) - this.box.left) / this.box.width) * this.data.count)));
    };
    c.onpointerleave = () => { if (!this.drag) cursor(undefined); };
    c.onpointerdown = (event) => { if (this.data && this.onspan) { this.drag = { x: place(event), to: place(event) }; c.setPointerCapture(event.pointerId); } };
    c.onpointerup = () => {
      const drag = this.drag;
      this.drag = null;
      if (drag && Math.abs(drag.to - drag.x) > 8) this.zoom(ms(Math.min(drag.x, drag.to)), ms(Math.max(drag.x, drag.to)));
      else this.draw();
    };
    c.onwheel = (event) => {
      if (!this.data || !this.onspan) return;
      event.preventDefault();
      this.scale(event.deltaY > 0 ? 1.4 : 1 / 1.4, ms(place(event)));
    };
    c.ondblclick = () => { this.live = true; this.onspan?.(); this.restart(); };
  }

  /**
   * Closer or farther, about a time or else the middle: of the range that was asked for
   * last, whose values may still be on their way.
   */
  scale(factor, about) {
    const to = this.live ? this.data.to : this.toMs, from = to - this.minutes * 60000, middle = about ?? (from + to) / 2;
    this.zoom(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  zoom(from, to) {
    this.minutes = Math.min(MINUTES_MAX, Math.max(MINUTES_MIN, (to - from) / 60000));
    this.toMs = Math.min(to, link.nowMs());
    this.live = false;
    this.onspan?.();
    this.restart();
  }
}

customElements.define("hmi-trend", Trend);
