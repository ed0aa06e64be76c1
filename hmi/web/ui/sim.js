// The simulated process: speed, standing still, single steps, snapshots, scenarios, faults,
// deeds in the field. Only where a simulator answers; everything asked here is recorded
// with its actor.

import { ask, getJson } from "../core/api.js";
import { Part, h, setText } from "../core/dom.js";
import { clock, date, parse } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { toast } from "./toasts.js";

const EVERY_MS = 1000;
/** Multiples of real time that are offered. */
const SPEEDS = [0.5, 1, 2, 5, 10, 20];

class SimPage extends Part {
  words = "";

  render() {
    this.step = h("button", { onclick: () => this.act({ do: "step" }) }, t("Single step"));
    this.name = h("input", { "aria-label": t("Name") });
    this.frozen = h("button", { onclick: () => this.act(this.state?.speed === 0 ? { do: "resume" } : { do: "freeze" }) });
    this.speed = h("span", { class: "chip", role: "status" });
    this.paces = SPEEDS.map((speed) => h("button", { class: "chipb", "aria-pressed": "false", onclick: () => this.act({ do: "pace", speed }) }, `× ${speed}`));
    const paces = h("span", { role: "group", "aria-label": t("Speed") }, this.paces);
    this.scenario = h("select", { "aria-label": t("Scenario") });
    this.player = h("button", { onclick: () => this.act(this.state?.playing ? { do: "stop" } : { do: "play", name: this.scenario.value }) });
    this.active = h("div", { class: "rows" });
    this.kept = h("div", { class: "rows" });
    const part = (title, rows, ...more) => h("section", { class: "panel flat" }, h("header", {}, h("h2", { text: t(title) }), more), h("div", { class: "pad" }, rows));
    this.list = h("div", { class: "body", tabindex: 0, role: "region", "aria-label": t("Faults and deeds") });
    this.append(h("div", { class: "title" }, h("h1", { text: t("Simulation") }), this.speed, this.frozen, this.step, paces, this.scenario, this.player, h("span", { class: "gap" }),
      h("input", { placeholder: t("Search tag or text"), "aria-label": t("Search tag or text"), oninput: (e) => { this.words = e.target.value.toLowerCase(); this.fill(); } })),
    part("Snapshots", this.kept, this.name, h("button", { onclick: () => this.act({ do: "snapshot", name: this.name.value }) }, t("Take"))), part("In force", this.active), h("section", { class: "panel" }, h("header", {}, h("h2", { text: t("Faults and deeds") })), this.list));
    this.listen(link, "change", () => this.permit());
    this.every(EVERY_MS, () => this.fetch());
    this.fetch();
  }

  async fetch() {
    let state = null;
    try { state = await getJson("simulation"); } catch { /* there is none, or the link is lost */ }
    if (!this.isConnected) return;
    const fresh = !this.state && state;
    this.state = state;
    setText(this.speed, state ? (state.speed === 0 ? t("stands still") : `× ${state.speed}`) : t("none"));
    setText(this.frozen, t(state?.speed === 0 ? "Go on" : "Freeze"));
    this.frozen.disabled = !state;
    this.paces.forEach((b, i) => { b.disabled = !state; b.setAttribute("aria-pressed", String(state?.speed === SPEEDS[i])); });
    setText(this.player, t(state?.playing ? "Stop" : "Play"));
    this.scenario.disabled = !!state?.playing;
    if (state?.playing) this.scenario.value = state.playing;
    this.rows(this.active, state?.active, (name) => [h("b", { text: name }), this.deed("Clear", "clear", name)]);
    this.rows(this.kept, state?.snapshots, ({ name, utc_ms: ms, fits }) => [h("b", { text: name }), `${date(ms)} ${clock(ms)}`, this.deed("Put back", "restore", name, fits), this.deed("Remove", "forget", name)]);
    if (fresh) {
      this.scenario.replaceChildren(...state.scenarios.map(([name, title]) => h("option", { value: name, text: say(title), selected: name === (state.playing || "demo") })));
      this.fill();
    }
    this.permit();
  }

  /** Lists what has come, if it is not what is listed. */
  rows(list, all, make) {
    const key = JSON.stringify(all);
    if (key === list.key) return;
    list.key = key;
    list.replaceChildren(...(all?.length ? all.map((one) => h("div", {}, make(one))) : [h("p", { class: "muted", text: t("none") })]));
  }

  deed(word, what, name, may = true) {
    const button = h("button", { "aria-label": `${t(word)} ${name}`, onclick: () => this.act({ do: what, name }) }, t(word));
    button.barred = !may;
    return button;
  }

  permit() {
    for (const button of this.querySelectorAll("button")) button.disabled = link.stale || !this.state || button.barred;
    this.step.disabled ||= this.state.speed;
    this.player.disabled ||= !this.state.scenarios.length;
  }

  fill() {
    const rows = (this.state?.entries || []).filter((e) => `${e.name} ${e.text.en} ${e.text.zh}`.toLowerCase().includes(this.words));
    const part = (title, of) => [h("h3", { class: "part", text: t(title) }), h("div", { class: "sim-list" }, rows.filter(of).map((e) => this.row(e)))];
    this.list.replaceChildren(...part("Faults", (e) => e.is_fault), ...part("Deeds in the field", (e) => !e.is_fault));
    this.permit();
  }

  row(entry) {
    const target = entry.needs_target ? h("input", { size: 9, list: "sim-targets", placeholder: t("Target"), "aria-label": `${t("Target")} ${entry.name}` }) : null;
    const number = entry.number ? h("input", { size: 7, placeholder: entry.number[3] ?? t("Value"), title: `${entry.number[0]}: ${entry.number[1]} – ${entry.number[2]}`, "aria-label": `${t("Value")} ${entry.name}` }) : null;
    const act = h("button", { "aria-label": `${t(entry.is_fault ? "Inject" : "Do")} ${entry.name}`, onclick: () => {
      const name = target?.value.trim() ? `${entry.name}:${target.value.trim()}` : entry.name;
      this.act({ do: entry.is_fault ? "inject" : "act", name, value: number?.value.trim() ? parse(number.value) : null });
    } }, t(entry.is_fault ? "Inject" : "Do"));
    return h("div", { class: "sim-row" }, h("span", { title: entry.name }, say(entry.text)), target, number, act);
  }

  async act(deed) {
    toast(await ask("simulation/act", deed, 15000, true), deed.name || t("Simulation"));
    this.fetch();
  }

  connectedCallback() {
    super.connectedCallback();
    this.append(h("datalist", { id: "sim-targets" }, [...store.blocks.keys()].filter((n) => /^(XV|FV|TV|PV|TT|PT|FT|LT|AT|ST|IT|WT|AE)-/.test(n)).map((n) => h("option", { value: n })), h("option", { value: "io1" }), h("option", { value: "io2" })));
  }
}

customElements.define("hmi-sim-page", SimPage);
