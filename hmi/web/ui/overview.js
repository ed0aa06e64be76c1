// Level 1: the whole span of responsibility at a glance. Cards of units with moving
// analogue indicators, what alarms, what is not normal, what waits for a person.

import { getJson } from "../core/api.js";
import { ASIDE, alarms, watchBlock } from "../core/alarms.js";
import { Part, h, region, s, setAttr, setText, thead } from "../core/dom.js";
import { FLAG, elapsed, level, number, shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { forces } from "../core/forces.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { badgeIcon } from "../sym/badge.js";
import { symbols } from "../sym/symbols.js";
import "./trend.js";

const DAY_MS = 86400000, RATE_BUCKETS = 12, RATE_MS = 600000, FLOOD = 10;
const RUNNING = new Set([1, 2, 3, 4, 5, 6]);

/** An overview of a plant that has drawn none: a card a unit with its first measurements. */
export function generated() {
  const { units, blocks } = store.directory.equipment;
  const real = (name) => store.tag(name)?.kind === "real";
  const cards = units.map((unit) => {
    const mine = blocks.filter((b) => b.unit === unit.name);
    const values = mine.filter((b) => ["MEDIAN", "SELECT", "AI"].includes(b.kind) && real(`${b.name}.PV`))
      .sort((a, b) => (limits(b) - limits(a)) || (a.kind === "AI") - (b.kind === "AI")).slice(0, 5);
    return { title: unit.title, nav: `unit:${unit.name}`, unit: unit.name, phase: mine.find((b) => b.kind === "PHASE")?.name, values: values.map((b) => ({ tag: `${b.name}.PV`, label: { en: b.name, zh: b.name } })) };
  });
  return { id: "overview", title: { en: t("Overview"), zh: t("Overview") }, level: 1, cards: cards.filter((c) => c.values.length), sparks: [], headline: [], panels: [], trend_sets: [] };
}

function limits(block) { return Object.values(store.tag(`${block.name}.PV`).limits).filter((x) => x !== null).length; }

class Overview extends Part {
  display = null;
  go = () => {};

  render() {
    const d = this.display, { units } = store.directory.equipment;
    const facts = h("span", { class: "fact", text: `${units.length} ${t("units")} · ${store.directory.tags.length} ${t("tags")}` });
    const cards = h("div", { class: "cards" }, d.cards.map((card) => this.card(card)));
    const sparks = h("div", { class: "sparks" }, d.sparks.map((x) => this.spark(x)));
    this.append(h("div", { class: "title" }, h("h1", { text: say(d.title) }), h("span", { class: "chip", text: `${t("Level")} 1` }), facts),
      h("div", { class: "split" }, h("div", { class: "left" }, this.phases(d.cards), cards, sparks), h("div", { class: "right" }, this.byUnit(), this.rate(), this.notNormal(), this.tasks())));
  }

  open(nav) { if (nav) this.go(...(nav.startsWith("unit:") ? ["unit", nav.slice(5)] : ["display", nav])); }

  heading(card) {
    const mark = h("span", { class: "mark" });
    const update = () => {
      const sum = card.unit && alarms.sum((r) => r.unit === card.unit);
      mark.replaceChildren(...(sum ? [badgeIcon(sum.worst.priority, sum.worst), h("span", { text: sum.n })] : []));
    };
    this.listen(alarms, "change", update);
    update();
    return [h("h2", {}, card.nav ? h("button", { class: "plain", onclick: () => this.open(card.nav) }, say(card.title)) : say(card.title)), mark];
  }

  card(card) {
    const body = h("div", { class: "madis" }, card.values.map(({ tag, label }) => this.indicator(tag, label)));
    const node = h("section", { class: "panel card" }, h("header", {}, this.heading(card), this.stateChip(card.phase)), body);
    node.style.flexGrow = card.values.length;
    return node;
  }

  stateChip(phase) {
    const chip = h("span", { class: "chip" });
    if (!phase) return null;
    const update = () => setText(chip, phaseText(phase).step || phaseText(phase).state);
    for (const pin of ["STATE", "STEP"]) this.hold(store.watch(`${phase}.${pin}`, update));
    return chip;
  }

  indicator(name, label) {
    const svg = s("svg", { class: "madi-svg", viewBox: "-30 -26 82 168", preserveAspectRatio: "xMidYMax" }), g = s("g", { class: "drawing-part" });
    svg.append(g);
    symbols.madi(g, { tag: name, data: { en: label?.en, zh: label?.zh, high: 132, bare: true }, bind: (n, fn) => this.hold(store.watch(n, fn)), store, hold: (end) => this.hold(end) });
    const value = h("b", { class: "live" }), unit = h("span", { class: "u" }), badge = h("i");
    this.hold(watchBlock(name.split(".")[0], (row) => badge.replaceChildren(...(row ? [badgeIcon(row.priority, row)] : []))));
    this.hold(store.watch(name, ({ tag, value: v, q }) => {
      setText(value, tag ? shown(tag, v) + (level(q) === 1 ? " ?" : "") : t("no tag"));
      value.className = tag ? ["live", "live uncertain", "bad"][level(q)] : "notag";
      setText(unit, tag ? tag.unit : "");
    }));
    return h("a", { href: `#/trends/${name}`, title: `${name} · ${say(store.tag(name)?.desc)}` }, svg, h("span", { class: "v" }, badge, value), unit);
  }

  /** One row a unit procedure: state, step, how far. */
  phases(cards) {
    const body = h("tbody");
    for (const card of cards.filter((c) => c.phase)) {
      const rows = store.block(card.phase)?.rows ?? [];
      const state = h("td"), step = h("td"), time = h("td", { class: "num" });
      const bars = h("div", { class: "steps" }, rows.map((r) => h("span", { title: say(r.text) }, say(r.text))));
      body.append(h("tr", {}, h("td", {}, h("b", { text: card.unit })), h("td", { text: say(store.block(card.phase)?.desc) }), state, step, h("td", { class: "grow" }, bars), time));
      const update = () => {
        const { state: word, step: name, at, seconds } = phaseText(card.phase);
        setText(state, word);
        setText(step, name || "—");
        const plan = rows[at - 1]?.plan_s;
        setText(time, Number.isFinite(seconds) && at ? elapsed(seconds, plan) : "—");
        [...bars.children].forEach((bar, i) => {
          bar.className = i + 1 < at ? "done" : i + 1 === at ? "now" : "";
          bar.style.backgroundSize = i + 1 === at && plan ? `${Math.min(100, (100 * seconds) / plan)}%` : "";
        });
      };
      for (const pin of ["STATE", "STEP", "STEP_S"]) this.hold(store.watch(`${card.phase}.${pin}`, update));
    }
    if (!body.childElementCount) return null;
    return h("section", { class: "panel flat" }, h("header", {}, h("h2", { text: t("Procedures") })), h("table", {}, thead(["Unit", "Procedure", "State", "Step", "Progress", "In step"], ["In step"]), body));
  }

  spark({ tag: name, label }) {
    const value = h("b", { class: "live" });
    const trend = h("hmi-trend", { ".pens": [name], ".minutes": 480, ".bare": true });
    this.hold(store.watch(name, ({ tag, value: v }) => setText(value, tag ? `${shown(tag, v)} ${tag.unit}` : t("no tag"))));
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: say(label) || name }), h("span", { class: "small muted", text: name }), h("span", { class: "gap" }), value),
      h("div", { class: "spark" }, trend), h("div", { class: "between small muted" }, h("span", { text: "\u22128 h" }), h("span", { text: "\u22124 h" }), h("span", { text: t("now") })));
  }

  byUnit() {
    const body = h("tbody");
    const { units: all_, blocks } = store.directory.equipment;
    const units = all_.map((u) => u.name).filter((u) => blocks.some((b) => b.unit === u && /^(AI|MEDIAN|CAUSE|VALVE)$/.test(b.kind)));
    const update = () => {
      const all = [...new Set([...units, ...[...alarms.rows.values()].map((r) => r.unit)])].filter(Boolean).slice(0, 9);
      body.replaceChildren(...all.map((unit) => h("tr", {}, h("th", { scope: "row", text: unit }), [1, 2, 3, 4].map((p) => {
        const sum = alarms.sum((r) => r.unit === unit && r.priority === p);
        return h("td", {}, sum ? [badgeIcon(p, sum.worst), ` ${sum.n}`] : "·");
      }))));
    };
    this.listen(alarms, "change", update);
    update();
    return h("section", { class: "panel flat" }, h("header", {}, h("h2", {}, h("a", { href: "#/alarms", text: t("Alarms") })), h("span", { class: "small muted", text: t("by unit") })), h("table", { class: "counts4" }, h("thead", {}, h("tr", {}, h("th", { text: t("Unit") }), [1, 2, 3, 4].map((p) => h("th", { scope: "col" }, h("span", { class: "tally none" }, badgeIcon(p)))))), body));
  }

  /** Alarms in each ten minutes of two hours, against the rate that is a flood. */
  rate() {
    const svg = s("svg", { viewBox: "0 0 260 90", role: "img" }), now = h("b"), mean = h("b", { text: "—" });
    const ask = async () => {
      const to = Math.round(link.nowMs());
      try { setText(mean, number((await getJson(`alarms/figures?from_ms=${to - DAY_MS}&to_ms=${to}`)).figures.per_10_min, 1)); } catch { /* asked again */ }
    };
    this.every(DAY_MS / 288, ask);
    ask();
    const update = () => {
      const ms = link.nowMs(), counts = new Array(RATE_BUCKETS).fill(0);
      for (const at of alarms.came) { const i = RATE_BUCKETS - 1 - Math.floor((ms - at) / RATE_MS); if (i >= 0 && i < RATE_BUCKETS) counts[i]++; }
      counts[RATE_BUCKETS - 1] = Math.max(counts[RATE_BUCKETS - 1], alarms.counts.last_ten_minutes);
      const top = Math.max(FLOOD * 1.2, ...counts), y = (v) => 84 - (v / top) * 78;
      setText(now, String(alarms.counts.last_ten_minutes));
      setAttr(svg, "aria-label", `${t("Alarm rate")}: ${counts.join(", ")}`);
      svg.replaceChildren(...counts.map((n, i) => s("rect", { class: i === RATE_BUCKETS - 1 ? "now" : "", x: 22 + i * 19.6, y: y(n), width: 15, height: 84 - y(n) })),
        s("path", { class: "dash", d: `M20 ${y(FLOOD)}H258` }), s("text", { x: 16, y: y(FLOOD) + 4, "text-anchor": "end", text: String(FLOOD) }), s("path", { class: "foot", d: "M20 84H258" }));
    };
    this.listen(alarms, "change", update);
    this.every(30000, update);
    update();
    return h("section", { class: "panel flat" }, h("header", {}, h("h2", { text: t("Alarm rate") }), h("span", { class: "small muted", text: t("per 10 min") })), h("div", { class: "rate" }, svg, h("div", { class: "between small" }, h("span", { text: t("flood above 10") }), h("span", {}, `${t("now")} `, now, ` · ${t("24 h mean")} `, mean))));
  }

  /** What is not as the design wants it, counted; every line leads to its list. */
  notNormal() {
    const { loops, equipment } = store.directory;
    const bypass = equipment.blocks.filter((b) => store.tag(`${b.name}.BYPASSED`)).map((b) => `${b.name}.BYPASSED`);
    const measured = store.directory.tags.filter((x) => /\.PV$/.test(x.name)).map((x) => x.name);
    const modes = loops.map((l) => l.mode_act || l.mode);
    const lines = [
      ["Loops not in automatic", "#/plant", () => modes.filter((m) => store.read(m).value === 0 || store.read(m).value > 2).length],
      ["Interlocks bypassed", "#/lists", () => bypass.filter((n) => store.read(n).value === 1).length],
      ["Shelved", "#/alarms", () => alarms.counts.shelved],
      ["Suppressed by design", "#/alarms", () => alarms.counts.suppressed],
      ["Out of service", "#/alarms", () => alarms.counts.out_of_service],
      ["Forced values", "#/lists", () => forces.list.length],
      ["Bad signals", "#/lists", () => measured.filter((n) => { const r = store.read(n); return Number.isFinite(r.value) && level(r.q) === 2; }).length],
      ["Substituted signals", "#/lists", () => measured.filter((n) => { const r = store.read(n); return level(r.q) < 2 && r.q & FLAG.manual; }).length],
    ].map(([name, href, count]) => ({ count, n: h("b"), name, href }));
    const update = () => { for (const l of lines) setText(l.n, String(l.count())); };
    for (const name of [...modes, ...bypass, ...measured]) this.hold(store.watch(name, () => {}));
    this.listen(alarms, "change", update);
    this.listen(forces, "change", update);
    this.every(1000, update);
    update();
    return h("section", { class: "panel flat" }, h("header", {}, h("h2", { text: t("Not normal") })), h("div", { class: "rows" }, lines.map((l) => h("div", {}, h("a", { href: l.href, text: t(l.name) }), l.n))));
  }

  /** What waits for a person: tripped groups to reset, phases held, prompts. */
  tasks() {
    const list = h("ul");
    const { interlocks, equipment } = store.directory;
    const phases = equipment.blocks.filter((b) => b.kind === "PHASE");
    const update = () => {
      const tasks = [
        ...interlocks.filter((g) => store.read(g.tripped).value === 1).map((g) => [g.name, store.read(`${g.name}.ARMED_RESET`).value === 1 ? t("may be reset") : t("is tripped, a cause stands")]),
        ...phases.filter((b) => /held|hold|保持/i.test(phaseText(b.name).state)).map((b) => [b.name, `${phaseText(b.name).state} · ${say(b.desc)}`]),
        ...[...alarms.rows.values()].filter((r) => r.state === "shelved" && r.until_ms && r.until_ms - link.nowMs() < RATE_MS).map((r) => [r.alarm, t("shelving ends soon")]),
      ];
      list.replaceChildren(...(tasks.length ? tasks.map(([name, text]) => h("li", {}, h("b", { text: name }), ` ${text}`)) : [h("li", { class: "muted", text: t("none") })]));
    };
    for (const g of interlocks) for (const n of [g.tripped, `${g.name}.ARMED_RESET`]) this.hold(store.watch(n, update));
    for (const b of phases) this.hold(store.watch(`${b.name}.STATE`, update));
    this.listen(alarms, "change", update);
    update();
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: t("Operator tasks") })), h("div", region(t("Operator tasks")), list));
  }
}

/** State and step of a phase in words. */
export function phaseText(block) {
  const state = store.read(`${block}.STATE`), step = store.read(`${block}.STEP`);
  const at = RUNNING.has(state.value) || step.value > 0 ? step.value : 0;
  return { state: state.tag ? shown(state.tag, state.value) : t("no tag"), at, step: say(store.block(block)?.rows?.[at - 1]?.text), seconds: store.read(`${block}.STEP_S`).value };
}

/** The tag that tells most of a block. */
export const mainTag = (name) => ["PV", "STATE", "CMD", "TRIPPED", "TRIP", "OUT", "OK", "TOTAL", "ALM"].map((pin) => `${name}.${pin}`).find((n) => store.tag(n));

/** Every block of a unit by kind: the page of a plant that has drawn none, and the
 *  detail of one that has. */
class UnitPage extends Part {
  unit = "";
  go = () => {};

  render() {
    const { units, blocks } = store.directory.equipment;
    const unit = units.find((u) => u.name === this.unit);
    const kinds = Map.groupBy ? Map.groupBy(blocks.filter((b) => b.unit === this.unit), (b) => b.kind) : new Map();
    this.append(h("div", { class: "title" }, h("h1", { text: unit ? say(unit.title) : this.unit }), h("span", { class: "chip", text: `${t("Level")} 3` }), h("span", { class: "fact", text: t("All blocks of the unit, by kind") })));
    const row = (b) => {
      const main = mainTag(b.name);
      const value = h("span", { class: "val live" });
      if (main) this.hold(store.watch(main, ({ tag, value: v, q }) => { setText(value, `${shown(tag, v)} ${tag.unit}`); value.className = `val ${["live", "uncertain", "bad"][level(q)]}`; }));
      return h("div", {}, h("button", { class: "plain", title: say(b.desc), onclick: () => this.go("face", b.name, true) }, h("b", { text: b.name }), ` ${say(b.desc)}`), value);
    };
    this.append(h("div", { class: "unit-grid" }, [...kinds].map(([kind, list]) => h("section", { class: "panel flat" }, h("header", {}, h("h2", { text: kind }), h("span", { class: "small muted", text: list.length })), h("div", { class: "rows" }, list.map(row))))));
  }
}

customElements.define("hmi-overview", Overview);
customElements.define("hmi-unit-page", UnitPage);
