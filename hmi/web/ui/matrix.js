// The cause-and-effect matrix, live: which cause stands, which effect acts, what is
// latched and waits for reset, what is bypassed. And the lists that people hand over:
// bypasses, forces, conditions not fulfilled.

import { getJson } from "../core/api.js";
import { Part, h, region, setText, thead } from "../core/dom.js";
import { clock, date, level, mark, reason, shown, withUnit } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { wordsOf } from "./dialogs.js";
import { mainTag } from "./overview.js";
import { isLatched, tripState } from "./panels.js";
import "./service.js";

/** Blocks whose tags a search opens by itself. */
const OPEN_MAX = 12;

class MatrixPage extends Part {
  render() {
    const { matrices } = store.directory.equipment;
    const legend = [["on", "stands"], ["latched", "latched, waits for reset"], ["acts", "acts"], ["byp", "bypassed"]].map(([cls, text]) => h("span", { class: `key ${cls}`, text: t(text) }));
    this.append(h("div", { class: "title" }, h("h1", { text: t("Cause and effect") }), h("span", { class: "chip", text: `${t("Level")} 3` }), legend));
    if (!matrices.length) this.append(h("p", { class: "muted", text: t("This plant has no matrix") }));
    for (const matrix of matrices) this.append(this.matrix(matrix));
  }

  matrix(matrix) {
    const cells = new Map(matrix.cells.map((c) => [`${c.cause}/${c.effect}`, c.word]));
    const groups = store.directory.interlocks;
    const heads = matrix.effects.map((e) => h("th", { class: "effect", title: `${say(e.text)}${e.devices.length ? ` · ${e.devices.join(", ")}` : ""}` }, h("b", { text: e.id }), h("span", { text: say(e.text) })));
    const effects = matrix.effects.map((e) => ({ e, acts: () => e.tags.some((n) => store.read(n).value === 1) }));
    const bypassOf = (id) => store.read(`${id}.BYPASSED`).value === 1;
    const rows = matrix.causes.map((c, i) => {
      const mine = groups.flatMap((g) => g.causes.filter((x) => x.id === c.id).map((cause) => ({ g, cause })));
      const live = h("td", { class: "num live" }), state = h("td"), id = h("b", { text: c.id });
      const marks = matrix.effects.map((_, k) => h("td", { class: "cell", text: cells.get(`${i}/${k}`) || "" }));
      const node = h("tr", {}, h("th", { scope: "row" }, id), h("td", { class: "text", title: say(c.text), text: say(c.text) }), h("td", { text: c.vote }), live, state, marks);
      const value = mine.find((m) => m.cause.live)?.cause.live;
      if (value) this.hold(store.watch(value, ({ tag, value: v }) => setText(live, tag ? withUnit(tag, v) : "—")));
      const update = () => {
        const trip = store.read(`${c.id}.TRIP`), on = trip.value === 1, byp = bypassOf(c.id);
        const latched = mine.some(({ g, cause }) => isLatched(g, cause));
        const first = mine.some(({ g, cause }) => tripState(g).tripped && tripState(g).first === cause.index);
        const armed = mine.every(({ cause }) => !cause.armed || store.read(cause.armed).value !== 0);
        const degraded = store.read(`${c.id}.DEGRADED`).value === 1;
        const words = [first && t("1st"), byp && t("BYP"), on && t("TRIP"), !on && latched && t("LATCH"), level(trip.q) === 2 && "?", !armed && t("off"), degraded && t("DEGRADED")].filter(Boolean);
        setText(state, words.join(" · ") || "✓");
        state.className = words.length ? "words" : "muted";
        node.className = `${on ? "on" : latched ? "latched" : ""}${byp ? " byp" : ""}`;
        marks.forEach((mark, k) => mark.classList.toggle("acts", mark.textContent !== "" && (on || latched) && effects[k].acts()));
      };
      for (const name of [`${c.id}.TRIP`, `${c.id}.BYPASSED`, `${c.id}.DEGRADED`, ...mine.flatMap(({ g, cause }) => [g.tripped, g.first_out, `${g.name}.LATCHED`, cause.armed])]) if (name && store.tag(name)) this.hold(store.watch(name, update));
      for (const { e } of effects) for (const name of e.tags) this.hold(store.watch(name, update));
      update();
      return node;
    });
    effects.forEach(({ e, acts }, k) => {
      const update = () => heads[k].classList.toggle("acts", acts());
      for (const name of e.tags) this.hold(store.watch(name, update));
      update();
    });
    const resets = groups.map((g) => {
      const chip = h("span", { class: "chip" });
      const update = () => {
        const { tripped } = tripState(g), ready = store.read(`${g.name}.ARMED_RESET`).value === 1;
        setText(chip, `${g.name} ${tripped ? (ready ? t("waits for reset") : t("TRIPPED")) : t("healthy")}`);
        chip.className = tripped ? "chip trip" : "chip";
      };
      for (const name of [g.tripped, `${g.name}.ARMED_RESET`]) if (store.tag(name)) this.hold(store.watch(name, update));
      return chip;
    });
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: `${t("Matrix")} ${matrix.name}` }), resets),
      h("div", region(`${t("Matrix")} ${matrix.name}`, "body flush"), h("table", { class: "ce" },
        h("thead", {}, h("tr", {}, h("th"), h("th", { text: t("Cause") }), h("th", { text: t("Vote") }), h("th", { class: "num", text: t("Now") }), h("th", { text: t("State") }), heads)), h("tbody", {}, rows))));
  }
}

/** Bypasses, forces, bad signals, conditions: what one shift hands to the next. */
class ListsPage extends Part {
  render() {
    this.append(h("div", { class: "title" }, h("h1", { text: t("Bypasses, forces, conditions") })));
    const { blocks } = store.directory.equipment;
    const permits = blocks.filter((b) => b.kind === "PERMIT").map((b) => h("hmi-permit-panel", { ".block": b.name }));
    this.append(h("div", { class: "pair" }, this.bypasses(), this.bad()), h("hmi-force-panel"),
      h("h2", { class: "part", text: t("Why can't I start?") }), h("div", { class: "permits" }, permits));
  }

  bypasses() {
    const body = h("tbody"), none = h("p", { class: "none muted", text: t("none") });
    const update = async () => {
      let list;
      try { list = await getJson("bypasses"); } catch { return; }
      body.replaceChildren(...list.map((b) => {
        const [cause] = b.tag.split("."), { left_s: left } = b;
        const note = [store.read(`${cause}.MOS_WARNING`).value === 1 && t("ends soon"), store.read(`${cause}.MOS_EXPIRED`).value === 1 && t("expired")].filter(Boolean).join(" · ");
        return h("tr", {}, h("td", { title: b.channel || "" }, h("b", { text: b.tag })), h("td", { class: "text", text: say(store.facts.get(cause)?.desc) }), h("td", { class: "num", text: left > 0 ? `${Math.floor(left / 3600)} h ${Math.floor((left % 3600) / 60)} min` : "—" }),
          h("td", { text: b.since_ms ? `${date(b.since_ms)} ${clock(b.since_ms)}` : "—" }), h("td", { text: [b.actor || "—", b.second].filter(Boolean).join(" + ") }), h("td", { class: "wrap", text: b.reason }), h("td", { text: b.permit }), h("td", { text: note }));
      }));
      none.hidden = list.length > 0;
    };
    this.every(2000, update);
    update();
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: t("Interlocks bypassed") })), h("div", { class: "body flush", tabindex: 0, role: "region", "aria-label": t("Interlocks bypassed") }, h("table", {}, h("thead", {}, h("tr", {}, ["Cause", "Description", "Left", "Since", "By", "Reason", "Permit number", "Note"].map((x) => h("th", { text: t(x) })))), body)), none);
  }

  bad() {
    const body = h("tbody"), none = h("p", { class: "none muted", text: t("none") });
    const tags = store.directory.tags.filter((x) => /\.PV$/.test(x.name));
    const update = () => {
      const on = tags.filter((x) => { const r = store.read(x.name); return Number.isFinite(r.value) && level(r.q) > 0; }).slice(0, 50);
      body.replaceChildren(...on.map((x) => { const r = store.read(x.name); return h("tr", {}, h("td", {}, h("b", { text: x.name })), h("td", { class: "text", text: say(x.desc) }), h("td", { class: "num", text: shown(x, r.value) }), h("td", { text: t(level(r.q) === 2 ? "bad" : "uncertain") })); }));
      none.hidden = on.length > 0;
    };
    for (const x of tags) this.hold(store.watch(x.name, () => {}));
    this.every(1000, update);
    update();
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: t("Bad signals") })), h("table", {}, thead(["Tag", "Description", "Value", "Quality"]), body), none);
  }
}

/** The plant as a live tree of units, kinds, blocks and tags; a tag is found by any word of it. */
class PlantPage extends Part {
  go = () => {};

  render() {
    const { units, blocks } = store.directory.equipment;
    this.tree = h("div", { class: "tree" });
    this.live = [];
    this.hold(() => this.forget());
    const field = h("input", { "aria-label": t("Search tag or text"), placeholder: t("Search tag or text"), oninput: () => this.find(field.value) });
    this.append(h("div", { class: "title" }, h("h1", { text: t("Plant") }), field, h("span", { class: "fact", text: `${units.length} ${t("units")} · ${blocks.length} ${t("blocks")} · ${store.directory.tags.length} ${t("tags")}` })), h("section", { class: "panel" }, h("div", region(t("Plant")), this.tree)));
    this.find("");
  }

  forget() { for (const end of this.live.splice(0)) end(); }

  /** A part of the tree whose inside is made, and lives, when it is opened. */
  branch(head, open, inside) {
    const node = h("details", {}, h("summary", {}, head));
    node.ontoggle = () => { if (node.open && node.childElementCount === 1) node.append(...inside()); };
    if (open) { node.append(...inside()); node.open = true; }
    return node;
  }

  tag(tag) { return h("div", { class: "leaf" }, h("a", { href: `#/trends/${tag.name}` }, h("b", { text: tag.name }), ` ${say(tag.desc)}`), this.value(tag)); }

  /** A value that lives as long as this tree. */
  value(tag) {
    const value = h("span");
    this.live.push(store.watch(tag.name, ({ value: v, q }) => {
      setText(value, withUnit(tag, v) + mark(q));
      value.className = `val ${["live", "uncertain", "bad"][level(q)]}`;
      value.title = level(q) ? reason(q) : "";
    }));
    return value;
  }

  find(text) {
    this.forget();
    const { units, blocks } = store.directory.equipment;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (of) => words.every((w) => of.includes(w));
    const tagsOf = (b) => {
      const all = store.blocks.get(b.name) || [];
      return fits(wordsOf(b.name)) ? all : all.filter((x) => fits(`${x.name} ${x.desc.en} ${x.desc.zh}`.toLowerCase()));
    };
    const found = new Map(blocks.map((b) => [b, tagsOf(b)]).filter(([b, tags]) => tags.length || fits(wordsOf(b.name))));
    // Few are shown at once with their values; many wait to be opened.
    const few = words.length > 0 && found.size <= OPEN_MAX;
    const names = [...units.map((u) => u.name), ""];
    this.tree.replaceChildren(...names.flatMap((unit) => {
      const mine = [...found.keys()].filter((b) => b.unit === unit);
      if (!mine.length) return [];
      const title = say(units.find((u) => u.name === unit)?.title) || t("Station");
      const kinds = [...new Set(mine.map((b) => b.kind))].sort();
      return [this.branch([h("b", { text: unit || "—" }), ` ${title} · ${mine.length}`], words.length > 0 || unit === names[0], () => [
        ...(unit ? [h("p", {}, h("button", { class: "plain", onclick: () => this.go("unit", unit) }, t("Show all with their values")))] : []),
        ...kinds.map((kind) => this.branch(`${kind} · ${mine.filter((b) => b.kind === kind).length}`, few, () => mine.filter((b) => b.kind === kind).map((b) => this.branch([h("b", { text: b.name }), ` ${say(b.desc)} `, mainTag(b.name) ? this.value(store.tag(mainTag(b.name))) : ""], few, () => [
          h("p", {}, h("button", { class: "plain", onclick: () => this.go("face", b.name, true) }, `${t("Faceplate")} ${b.name}`)), ...found.get(b).map((x) => this.tag(x))]))))])];
    }));
  }
}

customElements.define("hmi-matrix-page", MatrixPage);
customElements.define("hmi-lists-page", ListsPage);
customElements.define("hmi-plant-page", PlantPage);
