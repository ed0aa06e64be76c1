// Panels under a drawing: interlocks, a block's values, a trend with legend.

import { command } from "../core/api.js";
import { Part, h, region, s, setAttr, setText } from "../core/dom.js";
import { elapsed, level, mark as flags, number, withUnit } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { theme } from "../core/theme.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { toast } from "./toasts.js";
import { penStyle } from "./trend.js";

/** Commands of a phase, as buttons. */
const PHASE_DEEDS = { START: "Start", HOLD: "Hold", RESTART: "Restart", STOP: "Stop", ABORT: "Abort", RESET: "Reset" };

/** Number that a first-out tag carries for "tripped since start-up". */
const START_UP = 100;

/** `{tripped, first, cause}` of an interlock group, as last received. */
export function tripState(group) {
  const tripped = store.read(group.tripped).value === 1;
  const first = store.read(group.first_out).value;
  return { tripped, first, cause: group.causes.find((c) => c.index === first) };
}

/** What came first, in words. */
export function firstOutText(group) {
  const { first, cause } = tripState(group);
  if (cause) return `${cause.id} ${say(cause.text)}`;
  return first === START_UP ? t("start-up") : "";
}

/** Rows up to this one come through exactly in a binary32. */
const LATCHED_ROWS_MAX = 24;

/** Whether a cause's row is latched, as far as the group tells. */
export function isLatched(group, cause) {
  const { tag, value } = store.read(`${group.name}.LATCHED`);
  if (!tag || !Number.isFinite(value) || cause.index < 1 || cause.index > LATCHED_ROWS_MAX) return false;
  return Math.floor(value / 2 ** (cause.index - 1)) % 2 === 1;
}

class InterlockPanel extends Part {
  group = null;

  render() {
    const group = this.group;
    this.classList.add("panel");
    const status = h("span", { class: "chip" });
    const list = h("div", region(`${t("Interlocks")} ${group.name}`));
    const head = h("header", {}, h("h2", { text: `${t("Interlocks")} ${group.name}` }), status, h("span", { class: "gap" }));
    this.append(head, list);
    const resetTag = group.reset && store.tag(group.reset);
    let reset = null;
    if (resetTag) {
      reset = h("button", { onclick: () => this.confirm(resetTag) }, t("Reset"));
      head.append(reset);
    }
    const rows = group.causes.map((cause) => this.cause(group, cause));
    this.strip = h("div", { class: "strip", hidden: true });
    list.append(this.strip, ...rows.map((r) => r.node));
    const update = () => {
      const { tripped } = tripState(group);
      const known = store.tag(group.tripped) !== undefined;
      setText(status, !known ? t("no tag") : tripped ? t("TRIPPED") : t("healthy"));
      status.className = tripped ? "chip trip" : "chip";
      if (reset) reset.disabled = link.stale || !tripped;
      if (!tripped || link.stale) this.strip.hidden = true;
      for (const row of rows) row.update();
    };
    for (const name of [group.tripped, group.first_out, `${group.name}.LATCHED`]) if (store.tag(name)) this.hold(store.watch(name, update));
    // Only so that the confirmation knows whether the reset would succeed.
    const ready = `${group.name}.ARMED_RESET`;
    if (store.tag(ready)) this.hold(store.watch(ready, () => {}));
    this.listen(link, "change", update);
    update();
  }

  cause(group, cause) {
    const mark = h("span"), txt = h("span", { class: "txt", text: say(cause.text), title: say(cause.text) });
    const live = h("span", { class: "small live" });
    const node = h("div", { class: "cause" }, mark, h("b", { text: cause.id.replace(/-T(\d+)$/, (_, ms) => ` T${ms / 1000}`) }), txt, live);
    const update = () => {
      const { tag, value, q } = store.read(cause.tag);
      const { tripped, first } = tripState(group);
      const active = value === 1;
      const isFirst = tripped && first === cause.index;
      const bypassed = cause.bypassed && store.read(cause.bypassed).value === 1;
      const armed = !cause.armed || store.read(cause.armed).value !== 0;
      const latched = !active && isLatched(group, cause);
      const [text, cls] = !tag ? [t("no tag"), "notag"]
        : isFirst ? [t("1st"), active ? "chip first" : "chip trip"]
        : bypassed ? [t("BYP"), "chip strong"]
        : active ? [t("TRIP"), "chip trip"]
        : latched ? [t("LATCH"), "chip strong"]
        : level(q) === 2 ? ["?", "chip strong"]
        : !armed ? [t("off"), "muted small"] : ["✓", "ok"];
      setText(mark, text);
      mark.className = cls;
      mark.title = isFirst ? (active ? t("First-out, still present") : t("First-out, gone"))
        : active ? t("Present") : latched ? t("Gone, waits for reset") : !armed ? t("Not armed now") : "";
      node.classList.toggle("on", active);
    };
    for (const name of [cause.tag, cause.armed, cause.bypassed]) if (name) this.hold(store.watch(name, update));
    if (cause.live) this.hold(store.watch(cause.live, ({ tag, value }) => setText(live, tag ? withUnit(tag, value) : "")));
    return { node, update };
  }

  confirm(tag) {
    const seen = store.read(tag.name).value;
    const apply = h("button", { class: "primary", onclick: async () => {
      this.strip.hidden = true;
      toast(await command(tag.name, 1, seen), `${t("Reset")} ${this.group.name}`);
    } }, `${t("Apply")} (Enter)`);
    const cancel = h("button", { onclick: () => { this.strip.hidden = true; this.querySelector("header button")?.focus(); } }, `${t("Cancel")} (Esc)`);
    const ready = store.read(`${this.group.name}.ARMED_RESET`);
    const words = ready.tag && ready.value === 0 ? t("A cause is still present: the reset will do nothing.") : t("Reset {name}? Causes still present hold the trip.", { name: this.group.name });
    this.strip.replaceChildren(h("span", { text: words }), h("div", { class: "two" }, apply, cancel));
    this.strip.hidden = false;
    this.strip.onkeydown = (event) => { if (event.key === "Escape") { event.stopPropagation(); cancel.click(); } };
    apply.focus();
  }
}

class BlockPanel extends Part {
  panel = null;
  face = () => {};

  render() {
    const { title, block, tags, progress } = this.panel;
    this.classList.add("panel");
    const rows = h("div", { class: "rows" });
    const body = h("div", region(say(title)), rows);
    this.append(h("header", {}, h("h2", { text: say(title) }), h("span", { class: "gap" }),
      h("button", { onclick: () => this.face(block), "aria-label": `${t("Operate")} ${block}` }, t("Operate"))), body);
    for (const { tag: name, label } of tags) {
      const tag = store.tag(name);
      const value = h("span", { class: "val live" });
      rows.append(h("div", { title: tag ? `${name} · ${say(tag.desc)}` : name }, h("span", { text: label ? say(label) : tag ? say(tag.desc) : name }), value));
      this.hold(store.watch(name, ({ tag: found, value: v, q }) => {
        setText(value, found ? withUnit(found, v) + flags(q) : t("no tag"));
        value.className = found ? `val ${["live", "uncertain", "bad"][level(q)]}` : "notag";
      }));
    }
    if (!progress) return;
    const done = s("rect", { class: "done", x: 0, y: 0, height: 10, width: 0 });
    const words = h("p", { class: "small muted" });
    body.append(h("div", { class: "progress" }, s("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, done)), words);
    const [total, target] = progress;
    const update = () => {
      const a = store.read(total), b = store.read(target);
      const part = a.value / b.value;
      const known = Number.isFinite(part);
      setAttr(done, "width", known ? (100 * Math.min(1, Math.max(0, part))).toFixed(1) : 0);
      setText(words, known ? `${number(100 * part, 1)} %` : "—");
    };
    this.hold(store.watch(total, update));
    this.hold(store.watch(target, update));
  }
}

/** What must be so before something may begin; what is missing stands first and bold. */
class PermitPanel extends Part {
  block = "";

  render() {
    const block = store.block(this.block), title = block ? say(block.desc) : this.block;
    this.classList.add("panel");
    const chip = h("span", { class: "chip" });
    const rows = (block?.rows || []).map((row) => {
      const mark = h("span"), node = h("div", { class: "need" }, mark, h("span", { class: "txt", text: say(row.text), title: row.tag || "" }));
      return { row, mark, node };
    });
    this.append(h("header", {}, h("h2", { text: title, title: this.block }), h("span", { class: "gap" }), chip), h("div", region(title), rows.map((r) => r.node)));
    const update = () => {
      const ok = store.read(`${this.block}.OK`), mask = store.read(`${this.block}.MISSING`).value, wait = store.read(`${this.block}.WAIT_S`).value;
      let missing = 0;
      rows.forEach(({ row, mark, node }, i) => {
        const read = row.tag && store.read(row.tag);
        const holds = read && read.tag ? level(read.q) < 2 && (read.value === 1) === row.is : Number.isFinite(mask) && i < LATCHED_ROWS_MAX && Math.floor(mask / 2 ** i) % 2 === 0;
        if (!holds) missing++;
        setText(mark, holds ? "✓" : "✗");
        node.classList.toggle("missing", !holds);
      });
      setText(chip, !ok.tag ? t("no tag") : ok.value === 1 ? t("may start") : missing || !wait ? `${missing} ${t("missing")}` : `${Math.ceil(wait)} s`);
      chip.className = ok.value === 1 ? "chip" : "chip strong";
    };
    for (const name of [`${this.block}.OK`, `${this.block}.MISSING`, `${this.block}.WAIT_S`, ...rows.map((r) => r.row.tag)]) if (name) this.hold(store.watch(name, update));
    update();
  }
}

/** The steps of a phase: done, now, to come; and what may be asked of it. */
class PhasePanel extends Part {
  block = "";
  face = () => {};

  render() {
    const block = store.block(this.block), title = block ? say(block.desc) : this.block;
    this.classList.add("panel");
    const chip = h("span", { class: "chip" });
    const rows = (block?.rows || []).map((row) => { const mark = h("span"), time = h("span", { class: "small" }); return { mark, time, node: h("div", { class: "need" }, mark, h("span", { class: "txt", text: say(row.text) }), time) }; });
    const deeds = Object.entries(PHASE_DEEDS).filter(([pin]) => store.tag(`${this.block}.${pin}`)?.writable);
    this.append(h("header", {}, h("h2", { text: t("Sequence"), title }), chip, h("span", { class: "gap" }), h("button", { onclick: () => this.face(this.block) }, t("Operate"))),
      h("div", region(title), rows.map((r) => r.node)),
      ...(deeds.length ? [h("footer", { class: "deeds" }, deeds.map(([pin, word]) => h("button", { onclick: () => this.face(this.block, pin) }, t(word))))] : []));
    let last;
    const update = () => {
      const state = store.read(`${this.block}.STATE`), at = store.read(`${this.block}.STEP`).value, s_ = store.read(`${this.block}.STEP_S`).value;
      setText(chip, state.tag ? withUnit(state.tag, state.value) : t("no tag"));
      rows.forEach(({ mark, time, node }, i) => {
        const now = i + 1 === at;
        setText(mark, i + 1 < at ? "✓" : now ? "→" : "");
        setText(time, now && Number.isFinite(s_) ? elapsed(s_, block.rows[i].plan_s) : "");
        node.classList.toggle("now", now);
        node.classList.toggle("later", i + 1 > at || !at);
      });
      // A step that begins is brought into sight, once.
      const node = rows[at - 1]?.node;
      if (node && at !== last) node.parentElement.scrollTop = node.offsetTop - node.parentElement.offsetTop - node.parentElement.clientHeight / 2;
      last = at;
    };
    for (const pin of ["STATE", "STEP", "STEP_S"]) this.hold(store.watch(`${this.block}.${pin}`, update));
    update();
  }
}

class TrendPanel extends Part {
  pens = [];
  minutes = 30;
  open = () => {};

  render() {
    this.classList.add("panel");
    const legend = h("div", { class: "legend" });
    const trend = h("hmi-trend");
    Object.assign(trend, { pens: this.pens, minutes: this.minutes });
    this.append(
      h("header", {}, h("h2", { text: `${t("Trend")} · ${this.minutes} min` }), legend,
        h("button", { class: "icon", "aria-label": t("Open in trends"), title: t("Open in trends"), onclick: () => this.open() }, "⤢")),
      h("div", { class: "body flush" }, trend));
    const draw = () => {
      legend.replaceChildren();
      this.pens.forEach((name, i) => {
        const tag = store.tag(name);
        const value = h("b");
        legend.append(h("span", {}, penSample(i, 20), name.replace(/\.PV$/, ""), " ", value));
        if (!tag) { value.textContent = t("no tag"); return; }
        this.hold(store.watch(name, ({ value: v }) => setText(value, withUnit(tag, v))));
      });
    };
    draw();
    this.listen(theme, "change", draw);
  }
}

/** A short piece of the pen's line. */
export function penSample(i, width = 46) {
  const { colour, dash } = penStyle(i);
  return s("svg", { class: "pen", viewBox: `0 0 ${width} 10`, "aria-hidden": "true" },
    s("path", { d: `M0 5H${width}`, stroke: colour, "stroke-width": 2.4, "stroke-dasharray": dash.join(" ") }));
}

customElements.define("hmi-interlock-panel", InterlockPanel);
customElements.define("hmi-block-panel", BlockPanel);
customElements.define("hmi-trend-panel", TrendPanel);
customElements.define("hmi-permit-panel", PermitPanel);
customElements.define("hmi-phase-panel", PhasePanel);
