// Events of this run, and the records: who did what to what, when and why.

import { getJson } from "../core/api.js";
import { Part, h, region, thead } from "../core/dom.js";
import { clock, date, save } from "../core/fmt.js";
import { language, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import "./sequence.js";
import "./trips.js";

const SHOWN_MAX = 200;
const KINDS = ["command", "refused", "trip", "reset", "state", "system"];
const CLASSES = ["command", "alarm", "login", "access", "change", "batch", "bypass", "manual", "signature", "report", "system"];

/** Records that answer the query of the filters beside it. */
class RecordTable extends Part {
  query = {};

  render() {
    this.body = h("tbody");
    this.note = h("p", { class: "none muted", hidden: true });
    this.more = h("button", { hidden: true, onclick: () => this.fetch(true) }, t("Older"));
    this.classList.add("panel");
    this.append(h("div", region(t("Records"), "body flush"), h("table", {}, thead(["No.", "Time", "Class", "By", "What was done", "Object", "Before", "After", "Reason"]), this.body), this.note, this.more));
    this.rows = [];
    this.fetch(false);
  }

  async fetch(older) {
    const ticket = (this.ticket = {});
    const last = older ? this.rows.at(-1) : null;
    const query = new URLSearchParams(Object.entries({ ...this.query, before_seq: last?.seq, limit: SHOWN_MAX }).filter(([, v]) => v !== undefined && v !== "" && v !== null));
    let page = { rows: [], more: false }, why = "";
    try { page = await getJson(`records?${query}`); } catch (e) { why = t(/ 40[13]$/.test(e) ? "Only for reviewers." : "No records are kept here."); }
    if (ticket !== this.ticket) return;
    this.rows = older ? [...this.rows, ...page.rows] : page.rows;
    this.body.replaceChildren(...this.rows.map((r) => h("tr", {}, h("td", { class: "num", text: r.seq }), h("td", { text: `${date(r.utc_ms)} ${clock(r.utc_ms)}.${String(r.utc_ms % 1000).padStart(3, "0")}` }),
      h("td", {}, h("span", { class: "chip", text: t(r.class) })), h("td", { text: r.who }), h("td", { text: t(r.what) }), h("td", {}, h("b", { text: r.object })), h("td", { text: r.old }), h("td", { class: "wrap", text: r.new }), h("td", { class: "wrap", text: r.why }))));
    this.note.textContent = why || t("none");
    this.note.hidden = this.rows.length > 0;
    this.more.hidden = !page.more;
  }
}

customElements.define("hmi-records", RecordTable);

export function recordTable(query) { return h("hmi-records", { ".query": query }); }

/** Filters that work on the table after them. */
export function recordFilters(query) {
  const table = () => node.parentElement.querySelector("hmi-records");
  const set = (key, value) => { table().query = { ...table().query, [key]: value }; table().fetch(false); };
  const field = (key, label, size) => h("input", { placeholder: t(label), "aria-label": t(label), size, onchange: (e) => set(key, e.target.value.trim()) });
  const time = (key, label) => h("label", { class: "check" }, t(label), h("input", { type: "datetime-local", onchange: (e) => set(key, e.target.value ? new Date(e.target.value).getTime() : undefined) }));
  const node = h("div", { class: "bar" },
    query.fixed ? null : h("select", { "aria-label": t("Class"), onchange: (e) => set("class", e.target.value) }, h("option", { value: "", text: t("All classes") }), CLASSES.map((c) => h("option", { value: c, text: t(c) }))),
    time("from_ms", "From"), time("to_ms", "To"), field("who", "By", 10), field("object", "Object", 14), field("text", "Text", 14), h("span", { class: "gap" }),
    h("button", { onclick: () => save(`records-${date(Date.now())}.csv`, [["seq", "time", "scan", "class", "who", "what", "object", "old", "new", "why"], ...table().rows.map((r) => [r.seq, new Date(r.utc_ms).toISOString(), r.scan, r.class, r.who, r.what, r.object, r.old, r.new, r.why])]) }, t("Export CSV")));
  return node;
}

const TABS = [["events", "Events"], ["sequence", "Sequence of events"], ["trips", "Trips"], ["audit", "Audit trail"]];

class EventsPage extends Part {
  tab = "events";
  /** Trip shown, `<utc_ms>-<group>`. */
  which = "";
  kind = "";
  words = "";

  render() {
    this.body = h("tbody");
    const tabs = TABS.map(([id, name]) => h("button", { role: "tab", "aria-selected": String(id === this.tab), onclick: () => { location.hash = `#/events/${id}`; } }, t(name)));
    this.append(h("div", { class: "title" }, h("h1", { text: t("Events") }), h("div", { class: "seg", role: "tablist", "aria-label": t("Events") }, tabs)));
    if (this.tab === "audit") { this.append(recordFilters({}), recordTable({})); return; }
    if (this.tab === "sequence") { this.append(h("hmi-sequence")); return; }
    if (this.tab === "trips") { this.append(h("hmi-trip-list", { ".which": this.which })); return; }
    this.append(h("div", { class: "bar" },
      h("select", { "aria-label": t("Kind"), onchange: (e) => { this.kind = e.target.value; this.fill(); } }, h("option", { value: "", text: t("All kinds") }), KINDS.map((k) => h("option", { value: k, text: t(k) }))),
      h("input", { "aria-label": t("Search tag or text"), placeholder: t("Search tag or text"), oninput: (e) => { this.words = e.target.value.toLowerCase(); this.fill(); } })),
      h("section", { class: "panel" }, h("div", region(t("Events"), "body flush"),
        h("table", { class: "wide" }, thead(["Time", "Kind", "Tag", "By", "What happened"]), this.body))));
    this.listen(store, "events", () => this.fill());
    this.fill();
  }

  fill() {
    const fits = (e) => (!this.kind || e.kind === this.kind) && (!this.words || `${e.tag} ${e.actor} ${e.en} ${e.zh}`.toLowerCase().includes(this.words));
    const list = store.events.filter(fits).slice(-SHOWN_MAX).reverse();
    this.body.replaceChildren(...list.map((e) => h("tr", {},
      h("td", { text: `${date(e.utc_ms)} ${clock(e.utc_ms)}` }),
      h("td", {}, h("span", { class: e.kind === "trip" ? "chip trip" : e.kind === "refused" ? "chip strong" : "chip", text: t(e.kind) })),
      h("td", {}, h("b", { text: e.tag || "" })), h("td", { text: e.actor }),
      h("td", { class: "wrap", text: language() === "zh" ? e.zh : e.en }))));
  }
}

customElements.define("hmi-events-page", EventsPage);
