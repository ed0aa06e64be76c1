// The faceplate of a loop or block, docked right: it never covers the process.
//
// Entry is in two steps: choose, then apply (Enter) or leave (Esc). Nothing is ever
// written because a field lost its focus.

import { command } from "../core/api.js";
import { watchBlock } from "../core/alarms.js";
import { describe } from "../core/bind.js";
import { Part, h, s, setAttr, setText } from "../core/dom.js";
import { clock, level, mark, number, parse, rangeText, reason, shown, withUnit } from "../core/fmt.js";
import { language, say, t } from "../core/i18n.js";
import { pinOf, pinRank } from "../core/pins.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { badgeIcon } from "../sym/badge.js";
import { indicator, measured } from "../sym/symbols.js";
import { alarmList, head, locks } from "./faces.js";
import { penSample } from "./panels.js";
import { toast } from "./toasts.js";
import "./trend.js";

const SPARK_MINUTES = 10, TREND_MINUTES = 60, PENS_MAX = 4;

const TABS = { operate: "Operate", trend: "Trend", alarms: "Alarms", tune: "Tune", locks: "Locks" };

class Faceplate extends Part {
  /** Loop or block name; set before the element is shown. */
  name = "";
  /** Called when the person closes it. */
  close = () => {};

  render() {
    this.loop = store.directory.loops.find((l) => l.name === this.name);
    /** Whose alarms are shown: of a loop those of what it measures. */
    this.alarmed = this.loop ? measured(store, this.loop) : this.name;
    this.tags = [...(store.blocks.get(this.name) || [])].sort((a, b) => pinRank(a.name) - pinRank(b.name));
    this.tab = "operate";
    this.classList.add("faceplate");
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", `${t("Faceplate")} ${this.name}`);
    this.addEventListener("keydown", (event) => this.key(event));
    this.frame();
  }

  frame() {
    this.pending = null;
    this.commands = [];
    this.listen(link, "change", () => this.permit());
    this.body = h("div", { class: "body", tabindex: 0, role: "group", "aria-label": t(TABS[this.tab]) });
    const badge = h("span", { class: "mark" });
    this.hold(watchBlock(this.alarmed, (row) => badge.replaceChildren(...(row ? [badgeIcon(row.priority, row)] : []))));
    this.append(
      h("header", {},
        h("div", {}, h("h2", { text: this.name }), h("p", { text: describe(store, this.name) })), badge,
        h("button", { class: "icon", "aria-label": t("Close"), title: t("Close"), onclick: () => this.close() }, "✕")),
      this.body);
    this.operate();
  }

  key(event) {
    if (event.key === "Escape" && this.pending) {
      event.preventDefault();
      event.stopPropagation();
      this.cancel();
    }
  }

  tabs() {
    const shown_ = Object.entries(TABS).filter(([id]) => id !== "tune" || this.loop?.tuning.length);
    return h("div", { class: "seg tabs", role: "tablist", "aria-label": this.name }, shown_.map(([id, label]) => h("button", {
      role: "tab", "aria-selected": String(this.tab === id), onclick: () => { this.tab = id; this.redraw(); },
    }, t(label))));
  }

  redraw() {
    // The subscriptions of the old tab end with it.
    this.disconnectedCallback();
    this.replaceChildren();
    this.frame();
    this.querySelector('[role="tab"][aria-selected="true"]')?.focus();
  }

  operate() {
    this.body.append(this.tabs());
    const other = { tune: () => this.tune(), trend: () => this.trend(), alarms: () => this.alarms(), locks: () => this.locks() }[this.tab];
    if (other) { other(); return; }
    if (this.loop) {
      this.body.append(alarmList(this, this.alarmed), this.bars(), this.modes(), this.entry());
      this.strip();
      this.body.append(this.spark([this.loop.pv, this.loop.sp]));
    } else {
      this.body.append(...head(this, this.name), alarmList(this, this.name));
      const analog = this.tags.find((x) => x.kind === "real" && !x.writable && /\.(PV|OUT|CMD|TOTAL|RATE|A)$/.test(x.name));
      if (this.tags.length === 0) this.body.append(h("p", {}, h("span", { class: "notag", text: t("no tag") })));
      this.body.append(this.rows(this.tags));
      this.strip();
      if (analog) this.body.append(this.spark([analog.name]), this.limits(analog));
    }
    this.body.append(this.actions());
    if (this.loop) this.body.append(this.limits(store.tag(this.loop.pv)));
    this.permit();
  }

  tune() {
    this.body.append(this.rows(this.loop.tuning.map((n) => store.tag(n)).filter(Boolean)));
    this.strip();
  }

  /** The lines of an hour, with axes. */
  trend() {
    const { loop, tags } = this;
    const all = loop ? [loop.pv, loop.sp, loop.out] : tags.filter((x) => x.kind === "real").map((x) => x.name);
    const pens = (all.length ? all : tags.map((x) => x.name)).filter((n) => store.tag(n)).slice(0, PENS_MAX);
    const trend = h("hmi-trend", { ".pens": pens, ".minutes": TREND_MINUTES });
    this.body.append(h("span", { class: "label", text: `${TREND_MINUTES} min` }), h("div", { class: "tall" }, trend), h("div", { class: "rows" }, pens.map((name, i) => {
      const value = h("span", { class: "val live" });
      this.watch(name, ({ tag, value: v, q }) => setText(value, withUnit(tag, v) + mark(q)));
      return h("div", {}, h("span", {}, penSample(i, 24), ` ${name}`), value);
    })), h("p", {}, h("a", { href: `#/trends/${pens}`, text: t("Open in trends") })));
  }

  alarms() {
    const pv = store.tag(this.loop ? this.loop.pv : `${this.name}.PV`);
    this.body.append(alarmList(this, this.alarmed, true), pv ? this.limits(pv) : "", h("p", {}, h("a", { href: "#/alarms", text: t("Alarm summary") })));
  }

  /** What holds it: the effects of the matrices on it, or on what the loop moves. */
  locks() {
    this.body.append(locks(this, this.loop?.out_to ? this.loop.out_to.split(".")[0] : this.name) || h("p", { class: "muted", text: t("none") }));
  }

  watch(name, fn) { this.hold(store.watch(name, fn)); }

  /** PV and SP beside the output, and the numbers. */
  bars() {
    const { pv, sp, out, out_to } = this.loop;
    const tag = store.tag(pv);
    const svg = s("svg", { viewBox: "0 0 154 196", "aria-hidden": "true" });
    const numbers = h("dl");
    const row = (label, cls, name) => {
      const value = h("span"), unit = h("span", { class: "unit" });
      numbers.append(h("dt", { text: label }), h("dd", { class: `${cls} ${cls === "sp" ? "spv" : "live"}` }, value, unit));
      this.watch(name, ({ tag: found, value: v, q }) => {
        setText(value, found ? shown(found, v) + mark(q) : t("no tag"));
        value.className = !found ? "notag" : ["", "uncertain", "bad"][level(q)];
        value.title = level(q) ? reason(q) : "";
        setText(unit, found ? found.unit : "");
      });
    };
    row("PV", "pv", pv);
    row("SP", "sp", sp);
    row(out_to ? `OP → ${out_to}` : "OP", "op", out);
    const error = h("b");
    numbers.append(h("dt", { text: "PV \u2212 SP" }), h("dd", {}, error));
    if (tag) {
      const { parts, at, lo, hi } = indicator(tag, { x: 46, y: 8, w: 26, height: 164 });
      this.hold(watchBlock(this.alarmed, (row) => { for (const [node, own] of [[parts[0], "frame"], [numbers.querySelector(".pv"), "pv live"]]) node.setAttribute("class", row ? `${own} a${row.priority}` : own); }));
      const ptr = s("path", { class: "ptr" }), line = s("path", { class: "ptrline" }), spptr = s("path", { class: "spptr" });
      svg.append(...parts, line, ptr, spptr);
      for (let i = 0; i <= 4; i++) {
        const v = lo + ((hi - lo) * i) / 4;
        svg.append(s("text", { x: 28, y: at(v) + 4, "text-anchor": "end", text: number(v, hi - lo < 10 ? 1 : 0) }));
      }
      const place = (node, d) => (v, ok) => {
        node.setAttribute("visibility", ok ? "visible" : "hidden");
        if (ok) setAttr(node, "d", d(Math.round(at(v) * 2) / 2));
      };
      const pvAt = place(ptr, (y) => `M72 ${y}l13-7v14Z`), lineAt = place(line, (y) => `M46 ${y}h26`);
      const spAt = place(spptr, (y) => `M46 ${y}l-12-6v12Z`);
      const update = () => {
        const a = store.read(pv), b = store.read(sp);
        const ok = Number.isFinite(a.value) && level(a.q) < 2;
        pvAt(a.value, ok); lineAt(a.value, ok); spAt(b.value, Number.isFinite(b.value));
        const d = a.value - b.value;
        setText(error, ok && Number.isFinite(d) ? `${Number(d.toFixed(tag.decimals)) > 0 ? "+" : ""}${number(d, tag.decimals)} ${tag.unit}` : "—");
      };
      this.watch(pv, update);
      this.watch(sp, update);
    }
    const fill = s("rect", { class: "fill", x: 117, width: 20 });
    svg.append(s("rect", { class: "frame", x: 116, y: 8, width: 22, height: 164 }), fill,
      s("text", { x: 59, y: 190, "text-anchor": "middle", text: "PV · SP" }), s("text", { x: 127, y: 190, "text-anchor": "middle", text: "OP" }));
    // The output of a master is its slave's set-point: the bar has the output's own range.
    this.watch(out, ({ tag: found, value }) => {
      const span = found ? found.hi - found.lo : NaN;
      const part = Number.isFinite(value) && span > 0 ? Math.min(1, Math.max(0, (value - found.lo) / span)) : 0;
      setAttr(fill, "height", (part * 162).toFixed(1));
      setAttr(fill, "y", (171 - part * 162).toFixed(1));
    });
    return h("div", { class: "bars" }, svg, numbers);
  }

  modes() {
    const { mode, mode_act, modes } = this.loop;
    const tag = store.tag(mode);
    const inForce = store.tag(mode_act) || tag;
    const seg = h("div", { class: "seg", role: "group", "aria-label": t("Mode") });
    const note = h("span", { class: "small muted" });
    const buttons = modes.map((value) => {
      const button = h("button", { "aria-pressed": "false", onclick: () => {
        const seen = store.read(mode).value;
        this.propose({ tag, value, seen, focus: true });
      } }, tag ? shown(tag, value) : String(value));
      this.commands.push(button);
      seg.append(button);
      return [value, button];
    });
    const update = () => {
      const wanted = store.read(mode).value;
      const actual = mode_act ? store.read(mode_act).value : wanted;
      for (const [value, button] of buttons) button.setAttribute("aria-pressed", String(value === actual));
      const differs = Number.isFinite(actual) && Number.isFinite(wanted) && actual !== wanted;
      setText(note, differs ? t("requested {mode}, shed to {actual}", { mode: shown(tag, wanted), actual: shown(inForce, actual) }) : "");
      note.hidden = !differs;
    };
    this.watch(mode, update);
    if (mode_act) this.watch(mode_act, update);
    return h("div", {}, h("span", { class: "label", text: t("Mode") }), seg, note);
  }

  /** One entry: the setpoint, or the output in manual. */
  entry() {
    const box = h("div", { class: "entry" });
    // The fields for the setpoint stand from the start: the first reading of the mode must
    // not put new ones under a person who has begun to type.
    let shownFor = false;
    const update = () => {
      const mode = store.read(this.loop.mode_act || this.loop.mode).value;
      const manual = mode === 0;
      if (manual === shownFor || !Number.isFinite(mode)) return;
      shownFor = manual;
      if (this.pending && this.pending.tag.name !== this.loop.mode) this.cancel();
      box.replaceChildren();
      this.fields(box, store.tag(manual ? this.loop.out : this.loop.sp), manual ? "New OP" : "New SP");
    };
    this.fields(box, store.tag(this.loop.sp), "New SP");
    this.watch(this.loop.mode_act || this.loop.mode, update);
    return box;
  }

  fields(box, tag, label) {
    if (!tag || !tag.writable) return;
    const { lo, hi, max_step, only_when } = tag.writable;
    const id = `entry-${tag.handle}`;
    const field = h("input", { id, inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-hint` });
    const hint = h("span", { class: "hint", id: `${id}-hint` });
    const range = `${t("Range")} ${rangeText(lo, hi, tag.decimals)}` +
      (max_step === null ? "" : ` · ${t("max step")} ${number(max_step, tag.decimals)}`);
    let seen = NaN;
    const tell = () => {
      const barred = only_when && store.read(only_when.tag).value !== only_when.value;
      setText(hint, barred ? say(only_when.why) : range);
      hint.classList.remove("wrong");
      field.dataset.barred = barred ? "1" : "";
      this.permit();
    };
    const take = () => {
      if (field.value.trim() === "") { this.cancel(); return; }
      const value = parse(field.value);
      if (!this.pending) seen = store.read(tag.name).value;
      const wrong = !Number.isFinite(value) ? t("Not a number")
        : value < lo || value > hi ? `${t("Out of range")}: ${rangeText(lo, hi, tag.decimals)}`
        : max_step !== null && Math.abs(value - seen) > max_step * (1 + 1e-9) ? `${t("Step too large")}: ${t("max step")} ${number(max_step, tag.decimals)}` : "";
      setText(hint, wrong || range);
      hint.classList.toggle("wrong", wrong !== "");
      field.setAttribute("aria-invalid", String(wrong !== ""));
      if (wrong) this.drop(); else this.propose({ tag, value, seen, field });
    };
    const step = (sign) => {
      const by = 10 ** Math.max(0, 1 - tag.decimals) * (tag.decimals > 1 ? 0.1 : 1);
      const base = this.pending && this.pending.field === field ? this.pending.value : store.read(tag.name).value;
      if (!Number.isFinite(base)) return;
      field.value = (base + sign * by).toFixed(tag.decimals);
      take();
    };
    field.oninput = take;
    field.onkeydown = (event) => {
      if (event.key === "Enter") { event.preventDefault(); this.apply(); }
      if (event.key === "ArrowUp" || event.key === "ArrowDown") { event.preventDefault(); step(event.key === "ArrowUp" ? 1 : -1); }
    };
    const by = 10 ** Math.max(0, 1 - tag.decimals) * (tag.decimals > 1 ? 0.1 : 1);
    const minus = h("button", { onclick: () => step(-1) }, `\u2212${number(by, tag.decimals)}`);
    const plus = h("button", { onclick: () => step(1) }, `+${number(by, tag.decimals)}`);
    box.append(h("label", { for: id, text: t(label) }), field, h("span", { class: "unit", text: tag.unit }), hint, h("div", { class: "steps" }, minus, plus));
    this.commands = this.commands.filter((node) => node.isConnected || !node.matches("input, .steps *"));
    this.commands.push(field, minus, plus);
    for (const node of [minus, plus]) node.barredBy = field;
    if (only_when) this.watch(only_when.tag, tell);
    tell();
  }

  /** Every pin of a block; writable ones with their control. */
  rows(tags) {
    const list = h("div", { class: "rows" });
    for (const tag of tags) {
      if (tag.writable?.momentary) {
        const press = h("button", { onclick: () => this.propose({ tag, value: 1, seen: store.read(tag.name).value, focus: true }) }, say(tag.short));
        this.commands.push(press);
        list.append(h("div", { title: `${tag.name} · ${say(tag.desc)}` }, h("span", { text: say(tag.short) }), press));
        continue;
      }
      const value = h("span", { class: "val" });
      this.watch(tag.name, ({ value: v, q }) => {
        setText(value, withUnit(tag, v) + mark(q));
        value.className = `val ${["live", "uncertain", "bad"][level(q)]}`;
        value.title = level(q) ? reason(q) : "";
      });
      list.append(h("div", { title: `${tag.name} · ${say(tag.desc)}` }, h("span", { text: say(tag.short) }), value));
      if (!tag.writable) continue;
      if (tag.kind === "real") {
        const box = h("div", { class: "entry" });
        this.fields(box, tag, "New value");
        list.append(box);
        continue;
      }
      const seg = h("div", { class: "seg", role: "group", "aria-label": say(tag.desc) });
      for (const state of tag.states) {
        const button = h("button", { "aria-pressed": "false", onclick: () => this.propose({ tag, value: state.value, seen: store.read(tag.name).value, focus: true }) },
          say(state.text));
        this.watch(tag.name, ({ value: v }) => button.setAttribute("aria-pressed", String(v === state.value)));
        this.commands.push(button);
        seg.append(button);
      }
      list.append(h("div", {}, h("span"), seg));
    }
    return list;
  }

  /** Where the apply strip appears. */
  strip() {
    this.stripBox = h("div", { "aria-live": "polite" });
    this.stripBox.hidden = true;
    this.body.append(this.stripBox);
  }

  propose(change) {
    this.pending = change;
    const { tag, value, seen } = change;
    const pin = say(tag.short);
    const unit = tag.unit ? ` ${tag.unit}` : "";
    const label = h("span", {}, `${t("Change")} ${pin} ${t("from")} ${shown(tag, seen)} ${t("to")} `, h("b", { text: shown(tag, value) + unit }));
    const apply = h("button", { class: "primary", onclick: () => this.apply() }, `${t("Apply")} (Enter)`);
    const cancel = h("button", { onclick: () => this.cancel() }, `${t("Cancel")} (Esc)`);
    apply.disabled = link.stale;
    this.stripBox.replaceChildren(h("div", { class: "strip" }, label, h("div", { class: "two" }, apply, cancel)));
    this.stripBox.hidden = false;
    if (change.focus) apply.focus();
  }

  drop() {
    this.pending = null;
    this.stripBox.replaceChildren();
    this.stripBox.hidden = true;
  }

  clear() {
    this.drop();
    for (const input of this.querySelectorAll("input")) { input.value = ""; input.setAttribute("aria-invalid", "false"); }
  }

  cancel() {
    const field = this.pending && this.pending.field;
    this.clear();
    if (field) field.focus(); else this.body.focus();
  }

  async apply() {
    const change = this.pending;
    if (!change || link.stale) return;
    this.cancel();
    const answer = await command(change.tag.name, change.value, change.seen);
    toast(answer, `${change.tag.name} → ${withUnit(change.tag, change.value)}`);
  }

  /** Greys what may not be used now. */
  permit() {
    for (const node of this.commands) {
      const field = node.barredBy || node;
      node.disabled = link.stale || field.dataset.barred === "1";
    }
    // What was half entered on an old picture is void.
    if (link.stale && this.pending) this.clear();
  }

  spark(pens) {
    const trend = h("hmi-trend");
    Object.assign(trend, { pens, minutes: SPARK_MINUTES, bare: true });
    const tag = store.tag(pens[0]);
    const names = this.loop ? pens.map(pinOf).join(" / ") : say(tag.short);
    const range = h("span", { class: "label" });
    trend.onstats = (stats) => {
      const known = stats.filter((x) => x && Number.isFinite(x.min));
      if (!known.length || !tag) return;
      const [lo, hi] = [Math.min(...known.map((x) => x.min)), Math.max(...known.map((x) => x.max))];
      setText(range, `${number(lo, tag.decimals)} – ${number(hi, tag.decimals)} ${tag.unit}`);
    };
    return h("div", {}, h("div", { class: "between" }, h("span", { class: "label", text: `${names} · ${SPARK_MINUTES} min` }), range), h("div", { class: "spark" }, trend));
  }

  /** The last commands and refusals that concern this block. */
  actions() {
    const list = h("ul");
    const update = () => {
      const mine = store.events.filter((e) => e.tag && e.tag.startsWith(`${this.name}.`)).slice(-3).reverse();
      list.replaceChildren(...mine.map((e) => h("li", { text: `${clock(e.utc_ms)} ${e.actor} · ${language() === "zh" ? e.zh : e.en}` })));
      if (mine.length === 0) list.append(h("li", { class: "muted", text: t("none") }));
    };
    this.listen(store, "events", update);
    update();
    return h("div", {}, h("h3", { text: t("Recent actions") }), list);
  }

  limits(tag) {
    if (!tag) return null;
    const { ll, l, h: high, hh } = tag.limits;
    const text = [["HH", hh], ["H", high], ["L", l], ["LL", ll]].filter(([, v]) => v !== null).map(([n, v]) => `${n} ${number(v, tag.decimals)}`).join(" · ");
    return h("p", { class: "small muted", text: text ? `${t("Limits")}: ${text}` : t("No limits") });
  }
}

customElements.define("hmi-faceplate", Faceplate);
