// The sequence of events: every edge of a discrete tag with the scan in which it was
// seen. Within one scan there is no order in time, and the page does not pretend one.

import { getJson } from "../core/api.js";
import { Part, h, region, setText, thead } from "../core/dom.js";
import { clock, date, save, shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";

const SHOWN_MAX = 300, KEPT_MAX = 5000, EVERY_MS = 1000;
const HEADS = ["No.", "Time", "Scan", "Unit", "Kind", "Tag", "Description", "State", "Quality"];

/** A time to the millisecond. */
export const exact = (ms) => `${date(ms)} ${clock(ms)}.${String(((ms % 1000) + 1000) % 1000).padStart(3, "0")}`;

class Sequence extends Part {
  rows = [];
  frozen = false;
  unit = "";
  kind = "";
  edge = "";
  quality = "";
  words = "";

  render() {
    const choose = (key, label, all, list) => h("select", { "aria-label": t(label), onchange: (e) => { this[key] = e.target.value; this.fill(); } },
      h("option", { value: "", text: t(all) }), list.map(([value, text]) => h("option", { value, text })));
    const { units, blocks } = store.directory.equipment;
    // Only kinds of which there is a block; the station decides which of them are told.
    const kinds = ["DI", "CAUSE", "INTERLOCK", "VALVE", "MOTOR", "PHASE"].filter((kind) => blocks.some((b) => b.kind === kind));
    this.body = h("tbody");
    this.note = h("span", { class: "fact" });
    this.older = h("button", { onclick: () => this.back() }, t("Older"));
    const freeze = h("button", { "aria-pressed": "false", onclick: () => { this.frozen = !this.frozen; freeze.setAttribute("aria-pressed", String(this.frozen)); this.fill(); } }, t("Freeze list"));
    this.append(h("div", { class: "bar" },
      choose("unit", "Unit", "All units", units.map((u) => [u.name, u.name])), choose("kind", "Kind", "All kinds", kinds.map((k) => [k, k])),
      choose("edge", "Edge", "Both edges", [["1", t("came")], ["0", t("went")]]), choose("quality", "Quality", "Any quality", [["good", t("good")], ["bad", t("not good")]]),
      h("input", { "aria-label": t("Search tag or text"), placeholder: t("Search tag or text"), oninput: (e) => { this.words = e.target.value.toLowerCase(); this.fill(); } }),
      this.note, h("span", { class: "gap" }), this.older, freeze, h("button", { onclick: () => this.export() }, t("Export CSV"))),
    h("section", { class: "panel" }, h("div", region(t("Sequence of events"), "body flush"),
      h("table", {}, thead(HEADS, ["No.", "Scan"]), this.body))));
    this.fill();
    this.next();
    this.every(EVERY_MS, () => this.next());
  }

  /** What came since; a station that was started anew counts from one again. */
  async next() {
    if (this.asking || (link.stale && this.rows.length)) return;
    this.asking = true;
    try {
      const list = await getJson(`sequence?since=${this.rows.at(-1)?.seq ?? 0}`);
      if (list.length) { this.rows = [...this.rows, ...list].slice(-KEPT_MAX); if (!this.frozen) this.fill(); }
    } catch { /* the next round asks again */ } finally { this.asking = false; }
  }

  async back() {
    const first = this.rows[0]?.seq;
    if (!first) return;
    try {
      const list = await getJson(`sequence?before=${first}`);
      this.older.disabled = list.length === 0;
      this.rows = [...list, ...this.rows];
      this.fill();
    } catch { /* may be asked again */ }
  }

  facts(row) {
    const name = row.tag.slice(0, row.tag.lastIndexOf(".")), tag = store.tag(row.tag), block = store.block(name);
    return { row, tag, unit: block?.unit || "", kind: block?.kind || "", desc: tag ? say(tag.desc) : "", state: tag ? shown(tag, Number(row.value)) : String(Number(row.value)) };
  }

  fitting() {
    return this.rows.map((row) => this.facts(row)).filter(({ row, unit, kind, desc }) => (!this.unit || unit === this.unit) && (!this.kind || kind === this.kind)
      && (!this.edge || String(Number(row.value)) === this.edge) && (!this.quality || row.good === (this.quality === "good"))
      && (!this.words || `${row.tag} ${desc}`.toLowerCase().includes(this.words))).reverse();
  }

  fill() {
    const list = this.fitting();
    setText(this.note, `${list.length} / ${this.rows.length}`);
    // Edges of one scan stand together under one time.
    this.body.replaceChildren(...list.slice(0, SHOWN_MAX).map(({ row, unit, kind, desc, state }, i, all) => {
      const together = i > 0 && all[i - 1].row.scan === row.scan && all[i - 1].row.utc_ms === row.utc_ms;
      return h("tr", {}, h("td", { class: "num", text: row.seq }), h("td", { class: together ? "same" : "", title: together ? t("Same scan: no order in time") : null, text: exact(row.utc_ms) }), h("td", { class: "num", text: row.scan }),
        h("td", { text: unit }), h("td", { text: kind }), h("td", {}, h("b", { text: row.tag })), h("td", { class: "wrap", text: desc }), h("td", { text: state }),
        h("td", {}, row.good ? t("good") : h("span", { class: "chip strong", text: t("not good") })));
    }));
    if (!list.length) this.body.append(h("tr", {}, h("td", { colspan: HEADS.length, class: "muted", text: t("none") })));
  }

  export() {
    save(`sequence-${date(link.nowMs())}.csv`, [["seq", "time", "scan", "place", "unit", "kind", "tag", "description", "value", "state", "quality"],
      ...this.fitting().map(({ row, unit, kind, desc, state }) => [row.seq, new Date(row.utc_ms).toISOString(), row.scan, row.place, unit, kind, row.tag, desc, Number(row.value), state, row.good ? "good" : "not good"])]);
  }
}

customElements.define("hmi-sequence", Sequence);
