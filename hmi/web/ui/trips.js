// Trips: which group, what was first, and what was before and after it, at scan rate.

import { getJson } from "../core/api.js";
import { Part, h, region, thead } from "../core/dom.js";
import { clock, date, number, save, shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { theme } from "../core/theme.js";
import { store } from "../core/store.js";
import { penSample } from "./panels.js";
import { exact } from "./sequence.js";
import "./trend.js";

const PENS_MAX = 8, EVERY_MS = 5000, BAD = 2;

/** What was first, in words. */
const causeText = (trip) => (trip.first_out ? `${trip.first_out} ${say(trip.cause)}` : t("start-up"));

const address = (trip) => `#/events/trips/${trip.utc_ms}-${encodeURIComponent(trip.group)}`;

/** A record as buckets of one scan each; what was not sampled or bad is a gap. */
export function buckets(record) {
  const { at_s: at, values, tags } = record;
  const gaps = at.slice(1).map((s, i) => s - at[i]).sort((a, b) => a - b);
  const step = Math.max(1, Math.round((gaps[gaps.length >> 1] || 0.1) * 1000));
  const place = (s) => Math.round(((s - at[0]) * 1000) / step);
  const count = at.length ? Math.min(8192, place(at.at(-1)) + 1) : 0;
  const series = tags.map((tag, k) => {
    const last = new Array(count).fill(NaN), mark = new Array(count).fill(BAD);
    at.forEach((s, i) => {
      const v = values[k][i], b = place(s);
      if (v !== null && b < count) { last[b] = v; mark[b] = 0; }
    });
    return { tag, last, min: last, max: last, mark };
  });
  return { from: record.utc_ms + (at[0] || 0) * 1000, step, count, series };
}

class TripList extends Part {
  /** `<utc_ms>-<group>` of the trip shown. */
  which = "";

  render() {
    this.body = h("tbody");
    this.record = h("div", { class: "record" });
    this.append(h("section", { class: "panel trip-list" }, h("div", region(t("Trips"), "body flush"),
      h("table", {}, thead(["Time", "Unit", "Group", "First-out", "Samples", "Record"], ["Samples"]), this.body))), this.record);
    this.next();
    this.every(EVERY_MS, () => this.next());
  }

  async next() {
    let list;
    try { list = await getJson("trips"); } catch { return; }
    const key = JSON.stringify(list);
    if (key === this.known) return;
    this.known = key;
    this.body.replaceChildren(...list.map((trip) => {
      const shown_ = `${trip.utc_ms}-${trip.group}` === this.which;
      return h("tr", { class: shown_ ? "chosen" : "" }, h("td", { text: exact(trip.utc_ms) }), h("td", { text: trip.unit }), h("td", {}, h("b", { text: trip.group })), h("td", { class: "wrap" }, causeText(trip)),
        h("td", { class: "num", text: `${trip.tags} × ${trip.samples}` }), h("td", {}, h("a", { href: address(trip), "aria-current": shown_ ? "true" : null, "aria-label": `${t("Show")} ${trip.group} ${exact(trip.utc_ms)}`, text: t("Show") })));
    }));
    if (!list.length) this.body.append(h("tr", {}, h("td", { colspan: 6, class: "muted", text: t("No trip since this station keeps records.") })));
    const wanted = this.which ? list.find((x) => `${x.utc_ms}-${x.group}` === this.which) : null;
    if (wanted && !this.record.firstChild) this.open(wanted);
    else if (this.which && !wanted) this.record.replaceChildren(h("p", { class: "muted pad", text: t("An older record: its file is in the folder trips.") }));
  }

  async open(head) {
    let record;
    try { record = await getJson(`trip?group=${encodeURIComponent(head.group)}&utc_ms=${head.utc_ms}`); } catch { return; }
    this.record.replaceChildren(h("hmi-trip", { ".record": record }));
  }
}

/** One record: its lines with the moment of the trip, and a table of its tags. */
class Trip extends Part {
  record = null;

  render() {
    const { record } = this;
    this.all = buckets(record);
    this.pens = this.first();
    this.big = h("section", { class: "panel big", "aria-label": t("Trip record") });
    this.table = h("section", { class: "panel pens", tabindex: 0, "aria-label": t("Tags recorded") });
    const lost = this.all.count - record.at_s.length;
    this.append(h("div", { class: "bar" }, h("h2", { text: `${record.group} · ${causeText(record)}` }), h("span", { class: "fact", text: `${exact(record.utc_ms)} · ${t("scan")} ${record.scan} · ${this.all.step} ms${lost > 0 ? ` · ${lost} ${t("scans missing")}` : ""}` }),
      h("span", { class: "gap" }), h("button", { onclick: () => this.export() }, t("Export CSV"))), this.big, this.table);
    this.listen(theme, "change", () => this.rows());
    this.rows();
    this.draw();
  }

  /** What is shown at first: the value of the cause that was first, then what moved most. */
  first() {
    const { record } = this, group = store.directory.interlocks.find((g) => g.name === record.group);
    const cause = group?.causes.find((c) => c.id === record.first_out);
    const moved = this.all.series.map((x) => {
      const tag = store.tag(x.tag), known = x.last.filter(Number.isFinite);
      const span = tag && tag.hi > tag.lo ? tag.hi - tag.lo : 1;
      return { name: x.tag, real: !tag || tag.kind === "real", by: known.length ? (Math.max(...known) - Math.min(...known)) / span : 0 };
    }).filter((x) => x.real && x.by > 0).sort((a, b) => b.by - a.by).map((x) => x.name);
    const wanted = [cause?.live, ...moved, ...this.all.series.map((x) => x.tag)].filter((x, i, list) => x && list.indexOf(x) === i && record.tags.includes(x));
    return wanted.slice(0, 4);
  }

  draw() {
    const trend = h("hmi-trend", { ".pens": this.pens, ".given": this.all, ".flags": [{ ms: this.record.utc_ms, text: t("Trip") }], ".oncursor": (i) => this.cursor(i) });
    this.big.replaceChildren(trend);
  }

  toggle(name, on) {
    this.pens = on ? [...this.pens, name].slice(-PENS_MAX) : this.pens.filter((x) => x !== name);
    this.rows();
    this.draw();
    this.table.querySelector(`input[data-name="${CSS.escape(name)}"]`)?.focus();
  }

  rows() {
    const at = Math.round((this.record.utc_ms - this.all.from) / this.all.step);
    const text = (tag, v) => (!Number.isFinite(v) ? "—" : tag ? shown(tag, v) : number(v, 3));
    this.head = h("th", { class: "num", text: t("Cursor") });
    this.cells = this.all.series.map((x) => {
      const tag = store.tag(x.tag), i = this.pens.indexOf(x.tag);
      const known = x.last.filter(Number.isFinite), real = !tag || tag.kind === "real";
      const cursor = h("td", { class: "num", text: "—" });
      const check = h("input", { type: "checkbox", "aria-label": `${t("Show")} ${x.tag}`, "data-name": x.tag, onchange: (e) => this.toggle(x.tag, e.target.checked) });
      check.checked = i >= 0;
      const node = h("tr", {}, h("td", {}, check), h("td", {}, i >= 0 ? penSample(i) : null), h("td", {}, h("b", { text: x.tag })), h("td", { class: "wrap", text: tag ? say(tag.desc) : "" }),
        h("td", { class: "num", text: text(tag, x.last[0]) }), h("td", { class: "num live", text: text(tag, x.last[at]) }), h("td", { class: "num", text: text(tag, x.last.at(-1)) }), cursor,
        h("td", { class: "num", text: real && known.length ? `${text(tag, Math.min(...known))} – ${text(tag, Math.max(...known))}` : "" }), h("td", { text: tag?.unit || "" }),
        h("td", { text: known.length === this.all.count ? t("good") : `${number((100 * known.length) / this.all.count, 1)} % ${t("good")}` }));
      return { x, tag, cursor, node, show: (k) => { cursor.textContent = k === undefined ? "—" : text(tag, x.last[k]); } };
    });
    const head = (x, num) => h("th", { class: num ? "num" : "", text: t(x) });
    this.table.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, head("Show"), head("Pen"), head("Tag"), head("Description"), head("Before", 1), head("At the trip", 1), head("After", 1), this.head, head("Range", 1), head("Units"), head("Quality"))), h("tbody", {}, this.cells.map((c) => c.node))));
  }

  cursor(i) {
    const ms = i === undefined ? 0 : (i * this.all.step + this.all.from - this.record.utc_ms) / 1000;
    this.head.textContent = i === undefined ? t("Cursor") : `${ms < 0 ? "\u2212" : "+"}${Math.abs(ms).toFixed(3)} s`;
    for (const cell of this.cells) cell.show(i);
  }

  export() {
    const { record } = this;
    save(`trip-${record.group}-${date(record.utc_ms)}-${clock(record.utc_ms).replaceAll(":", "")}.csv`, [
      ["time", "s from trip", ...record.tags],
      ...record.at_s.map((s, i) => [new Date(record.utc_ms + s * 1000).toISOString(), s.toFixed(3), ...record.values.map((v) => v[i] ?? "")]),
    ]);
  }
}

customElements.define("hmi-trip-list", TripList);
customElements.define("hmi-trip", Trip);
