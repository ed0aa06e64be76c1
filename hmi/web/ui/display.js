// A process display: drawing, panels, docked faceplate.

import { getText } from "../core/api.js";
import { bindDrawing } from "../core/bind.js";
import { Part, h, setText } from "../core/dom.js";
import { level, withUnit } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { letters } from "../sym/symbols.js";
import { tripState } from "./panels.js";
import "./faceplate.js";
import "./loops.js";

/** How much larger than drawn letters may become, before they stand on each other. */
const LARGER_MAX = 1.35;

/** Drawings already fetched in this window, until one changes. */
const drawings = new Map();
link.addEventListener("displays", () => drawings.clear());

/** Fetches the other drawings while nobody waits for one. */
export async function prefetch() {
  for (const { id, drawn } of store.directory.displays) {
    // What cannot be had now is asked for when it is called up.
    if (drawn && !drawings.has(id)) try { drawings.set(id, await getText(`display/${encodeURIComponent(id)}`)); } catch { return; }
  }
}

class Display extends Part {
  /** Sidecar of the display, from the directory. */
  display = null;
  /** Faceplate to open instead of the display's own: a name, or "" for none. */
  face = null;
  go = () => {};

  render() {
    const d = this.display;
    const facts = h("span", { class: "fact" });
    const chips = h("span", { class: "counts" });
    const { displays } = store.directory;
    const above = displays.find((x) => x.id === d.parent), beside = displays.filter((x) => x.parent === d.parent && x.level === d.level && x.id !== d.id), below = displays.filter((x) => x.parent === d.id);
    const ways = [...(above ? [[above, `‹ ${say(above.short)}`]] : []), ...beside.map((x) => [x, say(x.short)]), ...below.map((x) => [x, `${say(x.short)} ›`])];
    this.append(h("div", { class: "title" },
      h("h1", { text: say(d.title) }), h("span", { class: "chip", text: `${t("Level")} ${d.level}` }), facts, chips, h("span", { class: "gap" }),
      h("nav", { class: "ways", "aria-label": t("Near displays") }, ways.map(([x, text]) => h("button", { onclick: () => this.go("display", x.id) }, text))),
      h("button", { onclick: () => this.go("trends", d.id) }, `${t("Trends")} (T)`)));
    this.headline(facts);
    this.groupChips(chips);
    this.drawing = h("div", { class: "drawing" });
    const panels = h("div", { class: "panels" }, d.panels.map((panel) => this.panel(panel)));
    const left = h("div", { class: "display-left" }, this.drawing, panels);
    this.dock = h("div", { class: "display-main" }, left);
    this.append(this.dock);
    this.draw();
    this.showFace(this.face ?? d.open ?? "", false);
  }

  headline(node) {
    const parts = this.display.headline.map(({ tag: name, label }) => {
      const text = h("span");
      this.hold(store.watch(name, ({ tag, value, q }) => {
        setText(text, tag ? `${say(label || tag.desc)}: ${level(q) === 2 ? "?" : withUnit(tag, value)}` : `${name}: ${t("no tag")}`);
      }));
      return text;
    });
    parts.forEach((part, i) => node.append(...(i ? [" · ", part] : [part])));
  }

  groupChips(node) {
    for (const panel of this.display.panels) {
      if (panel.kind !== "interlock") continue;
      const group = store.directory.interlocks.find((x) => x.name === panel.group);
      if (!group) continue;
      const chip = h("span", { class: "chip trip", text: `${group.name} ${t("TRIPPED")}`, hidden: true });
      this.hold(store.watch(group.tripped, () => { chip.hidden = !tripState(group).tripped; }));
      const bypasses = group.causes.map((c) => c.bypassed).filter((n) => n && store.tag(n));
      const bypassed = h("span", { class: "chip strong" });
      const count = () => {
        const n = bypasses.filter((x) => store.read(x).value === 1).length;
        bypassed.hidden = n === 0;
        setText(bypassed, `${n} ${t("bypassed")}`);
      };
      for (const name of bypasses) this.hold(store.watch(name, count));
      count();
      node.append(chip, bypassed);
    }
  }

  /** Opens the faceplate of a block, and there proposes one of its commands. */
  offer(name, pin) {
    this.showFace(name, true);
    const tag = pin && store.tag(`${name}.${pin}`);
    if (tag) this.plate.propose({ tag, value: 1, seen: store.read(tag.name).value, focus: true });
  }

  /** Letters stay as large as they must be, however small the drawing is shown. */
  letter(svg) {
    const { width } = svg.viewBox.baseVal, shown_ = this.drawing.clientWidth;
    letters.k = width && shown_ ? Math.min(LARGER_MAX, Math.max(1, width / shown_)) : 1;
    svg.style.setProperty("--k", letters.k);
  }

  panel(panel) {
    if (panel.kind === "trend") {
      const node = h("hmi-trend-panel");
      const set = this.display.trend_sets[0];
      return Object.assign(node, { pens: set ? set.pens : [], minutes: panel.minutes, open: () => this.go("trends", this.display.id) });
    }
    if (panel.kind === "block") {
      return h("hmi-block-panel", { ".panel": panel, ".face": (name) => this.showFace(name, true) });
    }
    if (panel.kind === "permit") return h("hmi-permit-panel", { ".block": panel.block });
    if (panel.kind === "phase") return h("hmi-phase-panel", { ".block": panel.block, ".face": (name, pin) => this.offer(name, pin) });
    const group = store.directory.interlocks.find((x) => x.name === panel.group);
    if (group) return h("hmi-interlock-panel", { ".group": group });
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: panel.group })), h("div", { class: "body" }, h("span", { class: "notag", text: t("no tag") })));
  }

  async draw() {
    const id = this.display.id;
    if (!this.display.drawn) { this.drawing.remove(); return; }
    try {
      if (!drawings.has(id)) drawings.set(id, await getText(`display/${encodeURIComponent(id)}`));
    } catch (error) {
      this.drawing.replaceChildren(h("p", { class: "notag", text: `${t("The drawing cannot be loaded")}: ${error.message}` }));
      return;
    }
    if (!this.isConnected) return;
    const parsed = new DOMParser().parseFromString(drawings.get(id), "image/svg+xml").documentElement;
    const svg = document.importNode(parsed, true);
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", say(this.display.title));
    this.svg = svg;
    this.letter(svg);
    bindDrawing(svg, store, {
      hold: (end) => this.hold(end),
      face: (name) => this.showFace(name, true),
      nav: (to) => this.go("display", to),
    });
    this.drawing.replaceChildren(svg);
    this.select();
    svg.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "t" || event.ctrlKey || event.altKey) return;
      const name = event.target.closest && event.target.closest("[data-face]")?.dataset.face;
      const pens = name && (store.blocks.get(name) || []).filter((x) => /\.(PV|SP|OUT|CMD)$/.test(x.name)).map((x) => x.name);
      if (pens && pens.length) { event.preventDefault(); event.stopPropagation(); this.go("trends", pens.join(",")); }
    });
  }

  /** Opens a faceplate, or the list of loops if the name is empty. */
  showFace(name, focus) {
    const back = focus && document.activeElement;
    this.faceName = name;
    this.plate?.remove();
    this.plate = name
      ? h("hmi-faceplate", { ".name": name, ".close": () => { this.showFace("", false); (back && back.isConnected ? back : this.plate).focus(); } })
      : h("hmi-loops", { ".face": (next) => this.showFace(next, true) });
    this.dock.append(this.plate);
    this.select();
    if (focus) (this.plate.querySelector(".body") || this.plate).focus();
    this.go("face", name);
  }

  select() {
    if (!this.svg) return;
    for (const node of this.svg.querySelectorAll("[data-face]")) node.classList.toggle("selected", node.dataset.face === this.faceName);
  }
}

customElements.define("hmi-display", Display);
