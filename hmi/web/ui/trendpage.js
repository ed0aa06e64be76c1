// The trend page: spans, live or standing still, pens with numbers.

import { Part, h, setText } from "../core/dom.js";
import { clock, date, level, number, shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { theme } from "../core/theme.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { penSample } from "./panels.js";
import "./trend.js";

const SPANS = [[2, "2 min"], [10, "10 min"], [30, "30 min"], [60, "1 h"], [480, "8 h"]];
const PENS_MAX = 8;

class TrendPage extends Part {
  /** Display id whose first set is shown, or tag names with commas. */
  what = "";
  minutes = 30;

  render() {
    const sets = store.directory.displays.flatMap((d) => d.trend_sets.map((set, i) => ({ ...set, id: d.id, first: i === 0 })));
    const start = sets.find((x) => x.first && x.id === this.what) || (this.what.includes(".") ? null : sets[0]);
    this.pens = (start ? start.pens : this.what.split(",")).slice(0, PENS_MAX);
    this.range = h("span", { class: "fact" });
    const spans = h("div", { class: "seg", role: "group", "aria-label": t("Span") }, SPANS.map(([minutes, label]) => h("button", {
      "aria-pressed": String(minutes === this.minutes), ".minutes": minutes, onclick: () => this.span(minutes),
    }, label)));
    this.spans = spans;
    this.liveButton = h("button", { "aria-pressed": "true", onclick: () => this.goLive() }, t("Live"));
    const choose = h("select", { "aria-label": t("Pen set"), onchange: (e) => { const set = sets[e.target.value]; if (set) this.usePens(set.pens); } },
      start ? null : h("option", { value: "", text: "—" }),
      sets.map((set, i) => h("option", { value: i, text: say(set.title), selected: set === start })));
    const add = h("input", { list: "tags", placeholder: t("Add pen"), "aria-label": t("Add pen"), size: 16, onchange: (e) => {
      const name = e.target.value.trim();
      e.target.value = "";
      if (store.tag(name) && !this.pens.includes(name) && this.pens.length < PENS_MAX) this.usePens([...this.pens, name]);
    } });
    const names = h("datalist", { id: "tags" }, store.directory.tags.map((tag) => h("option", { value: tag.name, text: say(tag.desc) })));
    this.append(h("div", { class: "title" }, h("h1", { text: t("Trends") }), choose, spans,
      h("button", { class: "icon", "aria-label": t("Earlier"), title: t("Earlier"), onclick: () => this.shift(-0.5) }, "‹"),
      h("button", { class: "icon", "aria-label": t("Later"), title: t("Later"), onclick: () => this.shift(0.5) }, "›"),
      this.liveButton, this.range, h("span", { class: "gap" }), add, names));
    this.big = h("section", { class: "panel big", "aria-label": t("Trend") });
    this.table = h("section", { class: "panel pens", tabindex: 0, "aria-label": t("Pens") });
    this.append(this.big, this.table);
    this.listen(theme, "change", () => this.rows());
    this.build();
  }

  build() {
    this.trend = document.createElement("hmi-trend");
    Object.assign(this.trend, {
      pens: this.pens, minutes: this.minutes,
      onstats: (stats, answer, step) => this.stats(stats, answer, step),
      oncursor: (index, data) => this.cursor(index, data),
    });
    this.big.replaceChildren(this.trend);
    this.rows();
  }

  usePens(pens) {
    this.pens = pens.slice(0, PENS_MAX);
    this.build();
  }

  span(minutes) {
    this.minutes = this.trend.minutes = minutes;
    for (const button of this.spans.children) button.setAttribute("aria-pressed", String(button.minutes === minutes));
    this.trend.restart();
  }

  shift(part) {
    this.trend.live = false;
    this.liveButton.setAttribute("aria-pressed", "false");
    this.trend.toMs = Math.min(link.nowMs(), this.trend.toMs + part * this.minutes * 60000);
    clearTimeout(this.trend.timer);
    this.trend.fetch();
  }

  goLive() {
    this.trend.live = true;
    this.liveButton.setAttribute("aria-pressed", "true");
    clearTimeout(this.trend.timer);
    this.trend.fetch();
  }

  rows() {
    for (const end of this.ends || []) end();
    this.ends = [];
    this.hold(() => { for (const end of this.ends) end(); this.ends = []; });
    const body = h("tbody");
    this.cells = this.pens.map((name, i) => {
      const tag = store.tag(name);
      const cell = (cls = "num") => h("td", { class: cls });
      const cells = { tag, now: cell("num live"), cursor: cell(), min: cell(), max: cell(), quality: cell("") };
      const check = h("input", { type: "checkbox", "aria-label": `${t("Show")} ${name}`, onchange: (e) => this.trend.toggle(i, e.target.checked) });
      check.checked = !this.trend.hidden_.has(i);
      const unit = this.trend.scaleOf(name);
      const axis = [...new Set(this.pens.map((n) => this.trend.scaleOf(n)))].indexOf(unit) + 1;
      body.append(h("tr", {}, h("td", {}, check), h("td", {}, penSample(i)), h("td", {}, h("b", { text: name })),
        h("td", { text: tag ? say(tag.desc) : t("no tag") }), cells.now, cells.cursor, cells.min, cells.max,
        h("td", { text: tag ? tag.unit : "" }), h("td", { class: "num", text: axis <= 2 ? axis : "–" }), cells.quality,
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
      head("Now", 1), this.cursorHead, head("Min", 1), head("Max", 1), head("Unit"), head("Axis", 1), head("Quality"), h("td", {}))), body));
  }

  stats(stats, answer, step) {
    const seconds = step >= 1000 ? `${step / 1000} s` : `${step} ms`;
    setText(this.range, `${date(answer.from_ms)} ${clock(answer.from_ms)} – ${clock(answer.to_ms)} · ${seconds} ${t("buckets, min/max kept")}`);
    stats.forEach((x, i) => {
      const cells = this.cells[i];
      if (!cells || !cells.tag) return;
      setText(cells.min, x && Number.isFinite(x.min) ? number(x.min, cells.tag.decimals) : "—");
      setText(cells.max, x && Number.isFinite(x.max) ? number(x.max, cells.tag.decimals) : "—");
      setText(cells.quality, x ? `${number(100 * x.good, x.good === 1 || x.good === 0 ? 0 : 1)} % ${t("good")}` : "—");
    });
  }

  cursor(index, data) {
    const known = index !== null && index !== undefined && data;
    setText(this.cursorHead, known ? `${t("Cursor")} ${clock(data[0][index] * 1000)}` : t("Cursor"));
    this.cells.forEach((cells, i) => {
      const v = known ? data[i * 3 + 1][index] : null;
      setText(cells.cursor, cells.tag && typeof v === "number" ? shown(cells.tag, v) : "—");
    });
  }
}

customElements.define("hmi-trend-page", TrendPage);
