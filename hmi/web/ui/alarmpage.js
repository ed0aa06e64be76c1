// The alarm summary: lists by state, acknowledging, shelving, guidance, history. Only the
// rows in sight are elements, so that two thousand alarms are as quick as ten.

import { getJson } from "../core/api.js";
import { ASIDE, STATES, UNACK, alarms, displayOf, flooded } from "../core/alarms.js";
import { Part, h, setText } from "../core/dom.js";
import { clock, date, duration, number, save, withUnit } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { badgeIcon } from "../sym/badge.js";
import { acknowledge, askReason } from "./dialogs.js";
import { recordTable, recordFilters } from "./events.js";
import { toast } from "./toasts.js";
import "./trend.js";

const ROW_PX = 34;
/** Rows drawn beyond the edge of the view. */
const SPARE = 6;
const SHELVE = [[900, "15 min"], [3600, "1 h"], [28800, "8 h"], [43200, "shift"]];
const TABS = [["active", "Active"], ["unack", "Unacknowledged"], ["shelved", "Shelved"], ["suppressed_by_design", "Suppressed by design"], ["out_of_service", "Out of service"], ["history", "History"]];
const HEADS = ["P", "Time", "State", "Unit", "Alarm", "Kind", "Description", "Value", "Limit", "Live value", "Duration", "By"];

/** What a column sorts by. */
const SORT = { P: (r) => r.priority, Time: (r) => r.since_ms, State: (r) => r.state, Unit: (r) => r.unit, Alarm: (r) => r.alarm, Kind: (r) => r.kind, Description: (r) => say(r.text), Duration: (r) => -r.since_ms, By: (r) => r.by };

class AlarmPage extends Part {
  tab = "active";
  priorities = new Set([1, 2, 3, 4]);
  unit = "";
  words = "";
  selected = "";
  frozen = null;

  render() {
    this.tabs = h("div", { class: "seg", role: "tablist", "aria-label": t("Lists") }, TABS.map(([id, name]) => {
      const button = h("button", { role: "tab", onclick: () => this.show(id) }, t(name));
      button.tab = id;
      return button;
    }));
    this.freeze = h("button", { "aria-pressed": "false", onclick: () => this.hold_() }, t("Freeze list"));
    this.filters = h("div", { class: "bar" }, [1, 2, 3, 4].map((p) => h("button", { class: "chipb", "aria-pressed": "true", onclick: (e) => {
      const b = e.currentTarget;
      if (this.priorities.delete(p)) b.setAttribute("aria-pressed", "false"); else { this.priorities.add(p); b.setAttribute("aria-pressed", "true"); }
      this.update();
    } }, badgeIcon(p), ` P${p}`)),
      this.units = h("select", { "aria-label": t("Unit"), onchange: (e) => { this.unit = e.target.value; this.update(); } }),
      h("input", { "aria-label": t("Search tag or text"), placeholder: t("Search tag or text"), oninput: (e) => { this.words = e.target.value.toLowerCase(); this.update(); } }),
      h("span", { class: "gap" }),
      this.ack = h("button", { class: "primary", onclick: () => this.acknowledge(false) }, `${t("Acknowledge")} (A)`),
      this.ackAll = h("button", { onclick: () => this.acknowledge(true) }, t("Acknowledge page")),
      this.shelve = h("button", { onclick: () => this.aside("shelve") }, `${t("Shelve")}... (S)`),
      this.oos = h("button", { onclick: () => this.aside("out_of_service") }, `${t("Out of service")}...`),
      h("button", { onclick: () => this.showHelp() }, `${t("Help")} (H)`),
      this.back = h("button", { onclick: () => this.comeBack() }, t("Put back")),
      this.reset = h("button", { onclick: () => this.deed("reset") }, t("Reset")));
    this.body = h("tbody");
    this.table = h("table", { role: "grid", class: "alarms" }, h("thead", {}, h("tr", {}, HEADS.map((x, i) => h("th", { class: i > 6 && i < 11 ? "num" : "" }, x in SORT ? h("button", { class: "plain", onclick: () => this.sort(x) }, t(x)) : t(x))))), this.body);
    this.view = h("div", { class: "view", tabindex: 0, role: "region", "aria-label": t("Alarms"), onscroll: () => this.draw() }, this.table);
    this.view.onkeydown = (event) => this.key(event);
    this.none = h("p", { class: "none muted", text: t("none") });
    this.help = h("aside", { class: "panel help", "aria-label": t("Guidance") });
    this.past = h("div", { class: "past" });
    this.list = h("div", { class: "split" }, h("section", { class: "panel" }, this.view, this.none), this.help);
    this.append(h("div", { class: "title" }, h("h1", { text: t("Alarm summary") }), this.tabs, this.flood = h("span", { class: "chip first", text: t("FLOOD"), hidden: true }), h("span", { class: "gap" }), this.freeze,
      h("button", { onclick: () => this.export() }, t("Export CSV"))), this.filters, this.list, this.past);
    this.live = new Map();
    this.hold(() => { for (const end of this.live.values()) end(); });
    this.listen(alarms, "change", () => this.update());
    this.listen(link, "change", () => this.permit());
    const resize = new ResizeObserver(() => this.draw());
    resize.observe(this.view);
    this.hold(() => resize.disconnect());
    this.every(1000, () => this.tick());
    this.show(this.tab);
  }

  show(tab) {
    this.tab = tab;
    for (const b of this.tabs.children) b.setAttribute("aria-selected", String(b.tab === tab));
    const past = tab === "history";
    this.list.hidden = this.filters.hidden = this.freeze.hidden = past;
    this.past.hidden = !past;
    if (past && !this.past.firstChild) {
      this.past.append(recordFilters({ class: "alarm", fixed: true }), this.kpi = h("div", { class: "bar small" }), recordTable({ class: "alarm" }));
      this.figures().catch(() => {});
    }
    this.update();
  }

  /** Key figures of the last day, with their targets. */
  async figures() {
    const to = Math.round(link.nowMs()), { lines } = await getJson(`alarms/figures?from_ms=${to - 864e5}&to_ms=${to}`);
    this.kpi.append("24 h", ...lines.filter((l) => l.target !== null).map((l) => h("span", { class: l.verdict === "missed" ? "chip strong" : "chip" }, `${say(l)} ${number(l.value, 1)} / ${l.target}`)));
  }

  hold_() {
    this.frozen = this.frozen ? null : this.rows();
    this.freeze.setAttribute("aria-pressed", String(!!this.frozen));
    this.update();
  }

  /** By this column; once more turns it round, a third time gives the list's own order. */
  sort(by) {
    [this.by, this.back_] = this.by !== by ? [by, 1] : this.back_ > 0 ? [by, -1] : [];
    [...this.table.tHead.rows[0].cells].forEach((th, i) => th.setAttribute("aria-sort", HEADS[i] !== this.by ? "none" : this.back_ > 0 ? "ascending" : "descending"));
    this.update();
  }

  rows() {
    const rows = this.fitting(), of = SORT[this.by];
    return of ? rows.sort((a, b) => this.back_ * (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0)) : rows;
  }

  fitting() {
    const all = this.tab in ASIDE ? [...alarms.rows.values()].filter((r) => r.state === this.tab) : alarms.standing();
    const rows = all.filter((r) => (this.tab !== "unack" || UNACK.has(r.state)) && this.priorities.has(r.priority) && (!this.unit || r.unit === this.unit)
      && (!this.words || `${r.alarm} ${r.text.en} ${r.text.zh}`.toLowerCase().includes(this.words)));
    return alarms.counts.flood && !this.unit && !(this.tab in ASIDE) ? flooded(rows) : rows;
  }

  update() {
    const { counts } = alarms, sum = counts.priority.reduce((a, c) => [a[0] + c.unacknowledged, a[1] + c.acknowledged], [0, 0]);
    const numbers = { active: sum[0] + sum[1], unack: sum[0], shelved: counts.shelved, suppressed_by_design: counts.suppressed, out_of_service: counts.out_of_service };
    for (const b of this.tabs.children) if (b.tab in numbers) setText(b, `${t(TABS.find(([id]) => id === b.tab)[1])} (${numbers[b.tab]})`);
    this.flood.hidden = !counts.flood;
    const units = [...new Set([...alarms.rows.values()].map((r) => r.unit))].sort();
    if (units.join() !== this.unitNames) {
      this.unitNames = units.join();
      this.units.replaceChildren(h("option", { value: "", text: t("All units") }), ...units.map((u) => h("option", { value: u, text: u, selected: u === this.unit })));
    }
    let next = this.rows();
    if (this.frozen) {
      const kept = new Set(this.frozen.map((r) => r.alarm));
      const fresh = next.filter((r) => !kept.has(r.alarm)).length;
      setText(this.freeze, fresh ? `${t("Freeze list")} (+${fresh})` : t("Freeze list"));
      next = this.frozen.map((r) => ({ ...r, gone: !alarms.rows.has(r.alarm), ...alarms.rows.get(r.alarm) }));
    } else setText(this.freeze, t("Freeze list"));
    this.shown = next;
    if (!next.some((r) => r.alarm === this.selected)) this.selected = "";
    this.none.hidden = next.length > 0;
    this.view.hidden = next.length === 0;
    this.draw();
    this.guide();
    this.permit();
  }

  /** Which rows are in sight. */
  range() {
    const first = Math.max(0, Math.floor(this.view.scrollTop / ROW_PX) - SPARE);
    return [first, Math.min(this.shown.length, first + Math.ceil((this.view.clientHeight || 600) / ROW_PX) + 2 * SPARE)];
  }

  draw() {
    if (!this.shown) return;
    const [from, to] = this.range();
    this.table.setAttribute("aria-rowcount", this.shown.length);
    const room = (n) => {
      if (!n) return [];
      const row = h("tr", { "aria-hidden": "true" }, h("td", { colspan: 12, class: "room" }));
      row.style.height = `${n * ROW_PX}px`;
      return [row];
    };
    const seen = this.shown.slice(from, to);
    const wanted = new Set(seen.map((r) => r.tag));
    for (const [tag, end] of this.live) if (!wanted.has(tag)) { end(); this.live.delete(tag); }
    this.cells = seen.map((row, i) => this.row(row, from + i));
    this.body.replaceChildren(...room(from), ...this.cells.map((c) => c.node), ...room(this.shown.length - to));
    for (const tag of wanted) if (!this.live.has(tag)) this.live.set(tag, store.watch(tag, () => this.values(tag)));
    this.tick();
    for (const tag of wanted) this.values(tag);
  }

  row(row, index) {
    const unack = UNACK.has(row.state);
    const live = h("td", { class: "num live" }), age = h("td", { class: "num" });
    const words = h("td", { class: "text" }, row.of ? h("button", { class: "chipb", onclick: () => { this.unit = this.units.value = row.unit; this.update(); } }, row.of) : null, say(row.text), row.first_out ? h("span", { class: "chip strong", text: t("First-out") }) : null,
      row.chattering ? h("span", { class: "chip", text: t("chattering") }) : null, row.stale ? h("span", { class: "chip", text: t("stands long") }) : null,
      row.reason ? h("span", { class: "muted small", text: ` ${row.reason}` }) : null);
    const node = h("tr", { class: unack ? "unack" : "", "aria-selected": String(row.alarm === this.selected), "aria-rowindex": index + 1, onclick: () => this.select(row.alarm), ondblclick: () => this.place(row) },
      h("td", {}, badgeIcon(row.priority, row)), h("td", { text: clock(row.since_ms), title: date(row.since_ms) }), h("td", { text: row.gone ? "—" : t(STATES[row.state] || row.state) }),
      h("td", { text: row.unit }), h("td", {}, h("b", { text: row.alarm })), h("td", { text: row.kind }), words,
      h("td", { class: "num", text: row.value === null ? "—" : `${number(row.value, 1)} ${row.eu}` }), h("td", { class: "num", text: row.limit === null ? "—" : `${number(row.limit, 1)} ${row.eu}` }),
      live, age, h("td", { text: row.until_ms ? `${row.by} · ${clock(row.until_ms)}` : row.by }));
    return { node, row, live, age };
  }

  values(name) {
    const { tag, value } = store.read(name);
    const text = tag ? withUnit(tag, value) : "—";
    for (const c of this.cells || []) if (c.row.tag === name) setText(c.live, text);
    if (this.now && this.row_()?.tag === name) setText(this.now, text);
  }

  tick() {
    const now = link.nowMs();
    for (const c of this.cells || []) setText(c.age, duration(now - c.row.since_ms));
  }

  select(name) {
    this.selected = name;
    for (const c of this.cells) c.node.setAttribute("aria-selected", String(c.row.alarm === name));
    this.guide();
    this.permit();
  }

  key(event) {
    const at = this.shown.findIndex((r) => r.alarm === this.selected);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: this.shown.length - 1, PageDown: at + 15, PageUp: at - 15 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = this.shown[Math.min(this.shown.length - 1, Math.max(0, to))];
    if (!next) return;
    const top = this.shown.indexOf(next) * ROW_PX, { scrollTop, clientHeight } = this.view;
    if (top < scrollTop) this.view.scrollTop = top;
    else if (top + 2 * ROW_PX > scrollTop + clientHeight) this.view.scrollTop = top + 2 * ROW_PX - clientHeight;
    this.selected = next.alarm;
    this.draw();
    this.select(next.alarm);
  }

  row_() { return this.shown.find((r) => r.alarm === this.selected); }

  permit() {
    const row = this.row_(), aside = row && row.state in ASIDE;
    const off = link.stale || !row;
    this.ack.disabled = off || !UNACK.has(row.state);
    this.ackAll.disabled = link.stale || !this.shown?.some((r) => UNACK.has(r.state));
    this.shelve.disabled = this.oos.disabled = off || aside;
    this.back.hidden = !aside || row.state === "suppressed_by_design";
    this.back.disabled = link.stale;
    this.reset.hidden = !row?.state.startsWith("latched");
    this.reset.disabled = link.stale;
  }

  /** The one chosen, or those that are really in sight: never "all". */
  acknowledge(page) {
    const box = this.view.getBoundingClientRect(), head = this.table.tHead.getBoundingClientRect().height;
    const rows = page
      ? this.cells.filter((c) => { const r = c.node.getBoundingClientRect(); return r.top >= box.top + head - 1 && r.bottom <= box.bottom + 1 && UNACK.has(c.row.state); }).map((c) => c.row)
      : [this.row_()].filter((r) => UNACK.has(r?.state));
    acknowledge(rows.slice(0, 100));
  }

  async deed(what, more) { toast(await alarms.act(what, [this.selected], more), this.selected); }

  comeBack() { this.deed(this.row_().state === "shelved" ? "unshelve" : "return_to_service"); }

  /** Shelve or take out of service: for how long, and why. */
  aside(what) {
    const row = this.row_();
    if (!row || row.state in ASIDE || link.stale) return;
    const title = `${t(what === "shelve" ? "Shelve" : "Out of service")} ${row.alarm}`;
    let seconds = SHELVE[0][0], once = false;
    const times = h("div", { class: "seg", role: "group", "aria-label": t("For how long") }, SHELVE.map(([s, name]) => h("button", { "aria-pressed": String(s === seconds), onclick: (e) => {
      seconds = s;
      for (const b of e.currentTarget.parentElement.children) b.setAttribute("aria-pressed", String(b === e.currentTarget));
    } }, name)));
    const single = h("label", { class: "check" }, h("input", { type: "checkbox", onchange: (e) => { once = e.target.checked; } }), t("until it is normal, at most that long"));
    askReason({
      title, deed: title,
      body: h("div", { class: "stack" }, h("p", {}, h("b", { text: say(row.text) })), what === "shelve" ? [times, single, h("p", { class: "small muted", text: t("At its end the alarm returns as not acknowledged.") })] : null),
      act: (reason) => alarms.act(what, [row.alarm], what === "shelve" ? { reason, for_s: seconds, one_shot: once } : { reason }),
      done: () => toast({ ok: true }, title),
    });
  }

  place(row) {
    const display = displayOf(row);
    if (display) location.hash = `#/display/${display.id}/${row.tag.split(".")[0]}`;
  }

  /** Cause, consequence, action of the alarm chosen. */
  async guide() {
    const row = this.row_();
    const key = row ? `${row.alarm}${row.state}` : "";
    if (key === this.guided) return;
    this.guided = key;
    if (!row) { this.help.replaceChildren(h("header", {}, h("h2", { text: t("Guidance") })), h("div", { class: "body muted", text: t("Choose an alarm") })); return; }
    let facts = null;
    try { facts = await getJson(`alarms/guidance?alarm=${encodeURIComponent(row.alarm)}`); } catch { /* none is written */ }
    if (this.guided !== key) return;
    const part = (name, text) => (text && say(text) ? [h("h3", { text: t(name) }), h("p", { class: "lines", text: say(text) })] : []);
    const trend = document.createElement("hmi-trend");
    const analog = store.tag(row.tag)?.kind === "real";
    Object.assign(trend, { pens: [row.tag], minutes: 30, bare: true });
    const display = displayOf(row);
    this.help.replaceChildren(h("header", {}, h("h2", { text: row.alarm }), badgeIcon(row.priority, row), h("span", { class: "gap" }), row.first_out ? h("span", { class: "chip strong", text: t("First-out") }) : null),
      h("div", { class: "body", tabindex: 0 }, h("p", {}, h("b", { text: say(row.text) })),
        h("dl", { class: "facts" }, h("dt", { text: t("Live value") }), this.now = h("dd", { class: "live" }), h("dt", { text: t("Limit") }), h("dd", { text: row.limit === null ? "—" : `${number(row.limit, 1)} ${row.eu}` }),
          h("dt", { text: t("Time to respond") }), h("dd", { text: facts ? duration(facts.time_to_respond_s * 1000) : "—" }),
          h("dt", { text: t("Times in 24 h") }), h("dd", { text: row.count })),
        analog ? h("div", { class: "spark" }, trend) : null,
        facts ? [...part("Likely cause", facts.cause), ...part("Consequence", facts.consequence), ...part("Operator action", facts.action), ...part("Confirmation", facts.confirmation),
          ...part("Basis of the limit", facts.basis), ...(facts.procedure ? [h("h3", { text: t("Procedure") }), h("p", { text: facts.procedure })] : [])] : h("p", { class: "muted", text: t("No guidance is written for this alarm.") }),
        h("div", { class: "two" }, display ? h("button", { onclick: () => this.place(row) }, `${say(display.short)} ›`) : null,
          h("button", { onclick: () => { location.hash = `#/trends/${row.tag}`; } }, `${t("Trends")} (T)`))));
    this.values(row.tag);
  }

  showHelp() { this.help.querySelector(".body")?.focus(); }

  export() {
    save(`alarms-${date(link.nowMs())}.csv`, [HEADS, ...this.shown.map((r) => [r.priority, new Date(r.since_ms).toISOString(), r.state, r.unit, r.alarm, r.kind, say(r.text), r.value, r.limit, store.read(r.tag).value, duration(link.nowMs() - r.since_ms), r.by])]);
  }
}

customElements.define("hmi-alarm-page", AlarmPage);
