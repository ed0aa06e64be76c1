// A trend: buckets with least, greatest and last value; the line is the last value,
// the shade behind it is everything that happened in between.

import { getTrend } from "../core/api.js";
import { Part, h } from "../core/dom.js";
import { date } from "../core/fmt.js";
import { theme, token } from "../core/theme.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";

const STEPS_MS = [100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000];
const DASHES = [[], [9, 3], [5, 4], [2, 3], [12, 3, 2, 3], [7, 2], [3, 6], [1, 2]];
const BAD = 2, EMPTY = 3;

/** Colour token and dash of pen `i`: never colour alone. */
export function penStyle(i) { return { colour: token(`g${(i % 8) + 1}`), dash: DASHES[i % DASHES.length] }; }

class Trend extends Part {
  pens = [];
  minutes = 30;
  /** Without axes, for a faceplate. */
  bare = false;
  live = true;
  toMs = 0;
  hidden_ = new Set();
  /** Called with the statistics after each fetch, and with the cursor. */
  onstats = null;
  oncursor = null;

  render() {
    this.box = h("div", { class: "plot" });
    this.append(this.box);
    this.setAttribute("role", "img");
    this.setAttribute("aria-label", this.pens.join(", "));
    const resize = new ResizeObserver(() => this.resize());
    resize.observe(this);
    this.hold(() => resize.disconnect());
    this.hold(() => this.plot && this.plot.destroy());
    this.listen(theme, "change", () => this.rebuild());
    this.restart();
  }

  /** Begins again after a change of pens or span. */
  restart() {
    this.data = null;
    this.rebuild();
    clearTimeout(this.timer);
    this.fetch();
    this.hold(() => clearTimeout(this.timer));
  }

  get stepMs() {
    const width = Math.max(80, this.clientWidth || 600);
    const wanted = (this.minutes * 60000) / Math.min(width, 1200);
    return STEPS_MS.find((x) => x >= wanted) || Math.ceil(wanted / 60000) * 60000;
  }

  async fetch() {
    const ticket = (this.ticket = {});
    const step = this.stepMs;
    const now = link.nowMs();
    if (this.live || !this.toMs) this.toMs = now;
    const to = Math.ceil(this.toMs / step) * step;
    const count = Math.min(4096, Math.max(2, Math.round((this.minutes * 60000) / step)));
    const known = this.pens.filter((name) => store.tag(name));
    try {
      if (known.length && !(link.stale && this.data)) {
        const answer = await getTrend(known, to - count * step, to, count);
        if (ticket !== this.ticket || !this.isConnected) return;
        this.take(answer, step, count, now);
      }
    } catch {
      // The next round asks again; meanwhile the page as a whole shows that the link is lost.
    }
    if (ticket !== this.ticket || !this.isConnected) return;
    if (this.live) this.timer = setTimeout(() => this.fetch(), Math.min(10000, Math.max(1000, step)));
  }

  take(answer, step, count, now) {
    const xs = Array.from({ length: count }, (_, i) => (answer.from_ms + (i + 0.5) * step) / 1000);
    const data = [xs];
    const stats = [];
    for (const name of this.pens) {
      const series = answer.series.find((x) => x.tag === name);
      if (!series) {
        data.push(xs.map(() => null), xs.map(() => null), xs.map(() => null));
        stats.push(null);
        continue;
      }
      const last = new Array(count), min = new Array(count), max = new Array(count);
      let least = Infinity, greatest = -Infinity, good = 0, filled = 0, held = null;
      for (let i = 0; i < count; i++) {
        const mark = series.mark[i];
        if (mark === EMPTY) {
          // No new sample: nothing changed, as far as anybody knows, up to now.
          const past = answer.from_ms + i * step <= now;
          last[i] = past && held !== null ? undefined : null;
          min[i] = max[i] = last[i];
          continue;
        }
        filled++;
        if (mark === BAD) { last[i] = min[i] = max[i] = held = null; continue; }
        if (mark === 0) good++;
        held = last[i] = series.last[i];
        min[i] = series.min[i];
        max[i] = series.max[i];
        least = Math.min(least, min[i]);
        greatest = Math.max(greatest, max[i]);
      }
      data.push(last, min, max);
      stats.push({ min: least, max: greatest, good: filled ? good / filled : 0, step });
    }
    this.data = data;
    if (this.plot) this.plot.setData(data);
    if (this.onstats) this.onstats(stats, answer, step);
  }

  resize() {
    if (this.plot && this.clientWidth > 0) this.plot.setSize({ width: this.clientWidth, height: this.clientHeight });
  }

  toggle(index, visible) {
    if (visible) this.hidden_.delete(index); else this.hidden_.add(index);
    if (this.plot) for (let k = 1; k <= 3; k++) this.plot.setSeries(index * 3 + k, { show: visible });
  }

  /** Scale of a pen: its unit; setpoints share the scale of what they are set for. */
  scaleOf(name) {
    const tag = store.tag(name);
    return tag ? tag.unit || "–" : "–";
  }

  rebuild() {
    if (this.plot) this.plot.destroy();
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const units = [...new Set(this.pens.map((n) => this.scaleOf(n)))];
    const series = [{}];
    const bands = [];
    const scales = { x: { time: true } };
    this.pens.forEach((name, i) => {
      const { colour, dash } = penStyle(i);
      const scale = this.scaleOf(name);
      const tag = store.tag(name);
      // A flat line must not look like a storm: at least a hundredth of the range.
      const span = tag ? (tag.hi - tag.lo) / 50 : 1;
      scales[scale] ??= { range: (_, lo, hi) => widen(lo, hi, span) };
      const show = !this.hidden_.has(i);
      series.push({ scale, stroke: colour, width: 2, dash, points: { show: false }, show, spanGaps: false });
      const edge = { scale, stroke: "transparent", width: 0, points: { show: false }, show };
      series.push({ ...edge }, { ...edge });
      bands.push({ series: [i * 3 + 3, i * 3 + 2], fill: `${colour}38` });
    });
    const line = { stroke: token("line"), width: 1 };
    const axis = (scale, i) => ({
      scale, side: i % 2 ? 1 : 3, stroke: token("t2"), font, size: 54, gap: 4, grid: i === 0 ? line : { show: false },
      ticks: line, show: i < 2,
      values: (u, splits, _, __, step) => splits.map((v, k) => {
        const text = v.toFixed(Math.max(0, -Math.floor(Math.log10(step || 1) + 1e-9))).replace("-", "\u2212");
        return k === splits.length - 1 ? `${text}\n${scale}` : text;
      }),
    });
    const axes = this.bare
      ? [{ show: false }, ...units.map((scale) => ({ scale, show: false }))]
      : [{ stroke: token("t2"), font, grid: line, ticks: line, size: 30, values: times }, ...units.map(axis)];
    this.units = units;
    this.plot = new window.uPlot({
      width: Math.max(50, this.clientWidth), height: Math.max(40, this.clientHeight),
      series, bands, scales, axes, legend: { show: false },
      padding: this.bare ? [4, 2, 4, 2] : [10, units.length > 1 ? 0 : 14, 0, 0],
      cursor: { show: !this.bare, y: false, drag: { x: false, y: false }, points: { show: false } },
      hooks: {
        drawClear: [(u) => {
          u.ctx.fillStyle = token("field");
          u.ctx.fillRect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
        }],
        drawAxes: [(u) => this.limits(u, false)],
        draw: [(u) => this.limits(u, true)],
        setCursor: [(u) => this.oncursor && this.oncursor(u.cursor.idx, this.data)],
      },
    }, this.data || [[], ...this.pens.flatMap(() => [[], [], []])], this.box);
  }

  /** Band and limit lines of the first pen, or their names (over the lines). */
  limits(u, names) {
    const tag = store.tag(this.pens[0]);
    if (!tag || this.hidden_.has(0)) return;
    const scale = this.scaleOf(this.pens[0]);
    const y = (v) => u.valToPos(v, scale, true);
    const { left, top, width, height } = u.bbox;
    const { ll, l, h: high, hh } = tag.limits;
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    if (!names && (l !== null || high !== null)) {
      const a = high === null ? top : y(high), b = l === null ? top + height : y(l);
      ctx.fillStyle = `${token("band")}80`;
      ctx.fillRect(left, a, width, b - a);
    }
    ctx.strokeStyle = token("t2");
    ctx.fillStyle = token("t2");
    ctx.font = `${12 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.setLineDash([6, 4]);
    for (const [name, v] of [["HH", hh], ["H", high], ["L", l], ["LL", ll]]) {
      if (v === null) continue;
      if (!names) {
        ctx.beginPath();
        ctx.moveTo(left, y(v));
        ctx.lineTo(left + width, y(v));
        ctx.stroke();
      } else if (!this.bare) {
        const text = `${name} ${v.toFixed(tag.decimals)}`;
        const px = devicePixelRatio;
        ctx.fillStyle = token("field");
        ctx.fillRect(left + 4 * px, y(v) - 8 * px, ctx.measureText(text).width + 6 * px, 16 * px);
        ctx.fillStyle = token("t2");
        ctx.fillText(text, left + 7 * px, y(v));
      }
    }
    ctx.restore();
  }
}

function widen(lo, hi, span) {
  if (lo === null || hi === null || !Number.isFinite(lo)) return [0, 1];
  const room = Math.max(0.08 * (hi - lo), (span - (hi - lo)) / 2, 1e-9);
  return [lo - room, hi + room];
}

function times(u, splits) {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0);
  return splits.map((x) => {
    const d = new Date(x * 1000);
    const hm = `${String(d.getHours()).padStart(2, "0")}:${String(d.getMinutes()).padStart(2, "0")}`;
    if (span > 86400) return `${date(x * 1000).slice(5)} ${hm}`;
    return span < 600 || d.getSeconds() ? `${hm}:${String(d.getSeconds()).padStart(2, "0")}` : hm;
  });
}

customElements.define("hmi-trend", Trend);
