// The trend page: spans, live or standing still, pens with numbers, comparison, export.

import { Part, h, setText } from "../core/dom.js";
import { clock, date, level, number, save, shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { theme } from "../core/theme.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { penSample } from "./panels.js";
import "./trend.js";
import { legend, tell } from "./trendmarks.js";

const SPANS = [[2, "2 min"], [10, "10 min"], [60, "1 h"], [480, "8 h"], [1440, "24 h"], [10080, "7 d"]];
const PENS_MAX = 8;
const HOUR_MS = 3600000;
const EARLIER = [[0, "no comparison"], [HOUR_MS, "1 h earlier"], [8 * HOUR_MS, "8 h earlier"], [24 * HOUR_MS, "24 h earlier"], [168 * HOUR_MS, "7 d earlier"], [-1, "from a time ..."]];

class TrendPage extends Part {
  /** Display id whose first set is shown, or tag names with commas. */
  what = "";
  minutes = 10;

  render() {
    const sets = store.directory.displays.flatMap((d) => d.trend_sets.map((set, i) => ({ ...set, id: d.id, first: i === 0 })));
    const start = sets.find((x) => x.first && x.id === this.what) || (this.what.includes(".") ? null : sets[0]);
    this.pens = (start ? start.pens : this.what.split(",").filter(Boolean)).slice(0, PENS_MAX);
    this.range = h("span", { class: "fact" });
    this.spans = h("div", { class: "seg", role: "group", "aria-label": t("Span") }, SPANS.map(([minutes, label]) => h("button", {
      ".minutes": minutes, onclick: () => this.span(minutes),
    }, label)));
    this.liveButton = h("button", { onclick: () => this.goLive() }, t("Live"));
    const choose = h("select", { class: "sets", "aria-label": t("Pen set"), onchange: (e) => { const set = sets[e.target.value]; if (set) this.usePens(set.pens); } },
      start ? null : h("option", { value: "", text: "—" }),
      sets.map((set, i) => h("option", { value: i, text: say(set.title), selected: set === start })));
    const phases = store.directory.equipment.blocks.filter((b) => b.kind === "PHASE");
    const phase = h("select", { "aria-label": t("Phases of"), onchange: (e) => { this.trend.phase = this.phase = e.target.value; this.trend.restart(); } },
      h("option", { value: "", text: t("no phases") }), phases.map((b) => h("option", { value: b.name, text: b.name })));
    // Any earlier range can be laid upon the one shown: the person says when it began.
    const begun = h("input", { type: "datetime-local", hidden: true, "aria-label": t("Earlier range from"), onchange: (e) => {
      const ms = this.trend.data ? this.trend.data.from - new Date(e.target.value).getTime() : NaN;
      if (ms > 0) this.compare(ms);
    } });
    const compare = h("select", { "aria-label": t("Compare with"), onchange: (e) => {
      const ms = Number(e.target.value);
      begun.hidden = ms >= 0;
      if (ms >= 0) this.compare(ms);
    } }, EARLIER.map(([ms, text]) => h("option", { value: ms, text: t(text) })));
    const add = h("input", { list: "tags", placeholder: t("Add pen"), "aria-label": t("Add pen"), size: 8, onchange: (e) => {
      const name = e.target.value.trim();
      e.target.value = "";
      if (store.tag(name) && !this.pens.includes(name) && this.pens.length < PENS_MAX) this.usePens([...this.pens, name]);
    } });
    // A thousand names are made when somebody looks for one.
    const names = h("datalist", { id: "tags" });
    add.onfocus = () => { if (!names.firstChild) names.append(...store.directory.tags.map((tag) => h("option", { value: tag.name, text: say(tag.desc) }))); };
    this.append(h("div", { class: "title" }, h("h1", { text: t("Trends") }), this.spans,
      h("button", { class: "icon", "aria-label": t("Earlier"), title: t("Earlier"), onclick: () => this.shift(-0.5) }, "‹"),
      h("button", { class: "icon", "aria-label": t("Later"), title: t("Later"), onclick: () => this.shift(0.5) }, "›"),
      h("button", { class: "icon", "aria-label": t("Closer"), title: t("Closer"), onclick: () => this.scale(0.5) }, "+"),
      h("button", { class: "icon", "aria-label": t("Farther"), title: t("Farther"), onclick: () => this.scale(2) }, "\u2212"),
      this.liveButton, h("span", { class: "gap" }), h("button", { onclick: () => this.export() }, t("Export CSV"))), h("div", { class: "bar" }, choose, phase, compare, begun, add, names, this.range));
    this.big = h("section", { class: "panel big", "aria-label": t("Trend") });
    this.table = h("section", { class: "panel pens", tabindex: 0, "aria-label": t("Pens") });
    this.told = h("p", { class: "small told", role: "status" });
    this.append(this.big, h("div", { class: "bar" }, legend(), this.told), this.table);
    this.listen(theme, "change", () => this.rows());
    this.build();
  }

  build() {
    const old = this.trend;
    this.trend = h("hmi-trend");
    Object.assign(this.trend, {
      pens: this.pens, minutes: old ? old.minutes : this.minutes, phase: this.phase || "", compareMs: this.compareMs || 0, marked: true,
      onstats: (stats, answer, step) => this.stats(stats, answer, step),
      oncursor: (index, data, marks) => this.cursor(index, data, marks), chosen: this.chosen ?? -1,
      onspan: () => this.state(),
    });
    if (old && !old.live) Object.assign(this.trend, { live: false, toMs: old.toMs });
    this.big.replaceChildren(this.trend);
    this.rows();
    this.state();
  }

  /** Lays the range that lies so far back upon the one shown. */
  compare(ms) {
    this.trend.compareMs = this.compareMs = ms;
    this.rows();
    this.trend.restart();
  }

  /** The limits of one pen are drawn: of this. */
  choose(i) {
    this.trend.chosen = this.chosen = i;
    this.rows();
    this.trend.draw();
  }

  usePens(pens) {
    this.chosen = -1;
    this.pens = pens.slice(0, PENS_MAX);
    this.build();
  }

  state() {
    for (const button of this.spans.children) button.setAttribute("aria-pressed", String(button.minutes === this.trend.minutes));
    this.liveButton.setAttribute("aria-pressed", String(this.trend.live));
  }

  span(minutes) {
    this.trend.minutes = minutes;
    this.state();
    this.trend.restart();
  }

  scale(factor) { if (this.trend.data) this.trend.scale(factor); }

  shift(part) {
    this.trend.live = false;
    this.trend.toMs = Math.min(link.nowMs(), this.trend.toMs + part * this.trend.minutes * 60000);
    this.state();
    this.trend.restart();
  }

  goLive() {
    this.trend.live = true;
    this.state();
    this.trend.restart();
  }

  /** What is drawn, as text: one row a bucket; a gap is an empty field. */
  export() {
    const { data } = this.trend;
    if (!data) return;
    const known = this.pens.map((name, i) => [name, data.pens[i]]).filter(([, p]) => p);
    const past = known.some(([, p]) => p.other);
    const head = ["time", ...known.flatMap(([name]) => [`${name} last`, `${name} min`, `${name} max`, ...(past ? [`${name} earlier`] : [])])];
    const rows = Array.from({ length: data.count }, (_, i) => [new Date(data.from + i * data.step).toISOString(),
      ...known.flatMap(([, p]) => [p.values[i], p.min[i], p.max[i], ...(past ? [p.other?.values[i]] : [])].map((v) => (Number.isFinite(v) ? v : "")))]);
    save(`trend-${date(data.from)}-${clock(data.from).replaceAll(":", "")}.csv`, [head, ...rows]);
  }

  rows() {
    for (const end of this.ends || []) end();
    this.ends = [];
    this.hold(() => { for (const end of this.ends) end(); this.ends = []; });
    const body = h("tbody");
    this.cells = this.pens.map((name, i) => {
      const tag = store.tag(name);
      const cell = (cls = "num") => h("td", { class: cls });
      const cells = { tag, now: cell("num live"), cursor: cell(), earlier: this.compareMs ? cell() : null, min: cell(), max: cell(), mean: cell(), scale: cell(), quality: cell("") };
      const check = h("input", { type: "checkbox", "aria-label": `${t("Show")} ${name}`, onchange: (e) => this.trend.toggle(i, e.target.checked) });
      check.checked = !this.trend.hidden_.has(i);
      const unit = this.trend.scaleOf(name);
      const axis = [...new Set(this.pens.map((n) => this.trend.scaleOf(n)))].indexOf(unit) + 1;
      const chosen = i === this.trend.limited();
      body.append(h("tr", {}, h("td", {}, check), h("td", {}, penSample(i)), h("td", {}, h("button", { class: "plain", "aria-pressed": String(chosen), title: t("Show the limits of this pen"), onclick: () => this.choose(i) }, h("b", { text: name }), chosen ? ` ${t("limits")}` : "")),
        h("td", { text: tag ? say(tag.desc) : t("no tag") }), cells.now, cells.cursor, cells.earlier, cells.min, cells.max, cells.mean,
        h("td", { text: tag ? tag.unit : "" }), cells.scale, h("td", { class: "num", text: axis <= 2 ? axis : "–" }), cells.quality,
        h("td", {}, h("button", { class: "icon", "aria-label": `${t("Remove")} ${name}`, onclick: () => this.usePens(this.pens.filter((n) => n !== name)) }, "✕"))));
      if (tag) this.ends.push(store.watch(name, ({ value, q }) => {
        setText(cells.now, shown(tag, value) + (level(q) ? " ?" : ""));
        cells.now.className = `num ${["live", "uncertain", "bad"][level(q)]}`;
      }));
      return cells;
    });
    this.cursorHead = h("th", { class: "num", text: t("Cursor") });
    const head = (text, num) => h("th", { class: num ? "num" : "", text: t(text) });
    this.table.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, head("Show"), head("Pen"), head("Tag"), head("Description"),
      head("Now", 1), this.cursorHead, this.compareMs ? head("Earlier", 1) : null, head("Min", 1), head("Max", 1), head("Mean", 1), head("Units"), head("Scale", 1), head("Axis", 1), head("Quality"), h("td", {}))), body));
  }

  stats(stats, answer, step) {
    const seconds = step >= 1000 ? `${step / 1000} s` : `${step} ms`;
    setText(this.range, `${date(answer.from_ms)} ${clock(answer.from_ms).slice(0, 5)} – ${clock(answer.to_ms).slice(0, 5)} · ${seconds} ${t("buckets, min/max kept")}${this.compareMs ? ` · ${t("Earlier")}: ${date(answer.from_ms - this.compareMs)} ${clock(answer.from_ms - this.compareMs)}` : ""}`);
    stats.forEach((x, i) => {
      const cells = this.cells[i];
      if (!cells || !cells.tag) return;
      setText(cells.scale, this.trend.scaleText(this.pens[i]));
      for (const key of ["min", "max", "mean"]) setText(cells[key], x ? number(x[key], cells.tag.decimals) : "—");
      setText(cells.quality, x ? `${number(100 * x.good, x.good === 1 || x.good === 0 ? 0 : 1)} % ${t("good")}` : "—");
    });
  }

  cursor(index, data, marks) {
    setText(this.told, marks.slice(0, 4).map(tell).join(" · ") + (marks.length > 4 ? ` · +${marks.length - 4}` : ""));
    const known = index !== undefined && data;
    setText(this.cursorHead, known ? `${t("Cursor")} ${clock(data.from + (index + 0.5) * data.step)}` : t("Cursor"));
    this.cells.forEach((cells, i) => {
      const v = known ? data.pens[i]?.values[index] : null;
      setText(cells.cursor, cells.tag && typeof v === "number" ? shown(cells.tag, v) : "—");
      if (!cells.earlier) return;
      const past = known ? data.pens[i]?.other?.values[index] : null;
      setText(cells.earlier, cells.tag && typeof past === "number" ? shown(cells.tag, past) : "—");
    });
  }
}

customElements.define("hmi-trend-page", TrendPage);
