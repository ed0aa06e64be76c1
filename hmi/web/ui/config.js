// The configuration: what runs compared with the plant's text as it is now, what a
// change would touch, and the change itself.

import { Part, h, region, setText } from "../core/dom.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { askEdition } from "./service.js";

const HOW = { added: "+", removed: "−", changed: "≠", fed: "→", late: "⇢" };
const LISTS = [["elements", "Final elements"], ["causes", "Causes"], ["effects", "Effects"], ["loops", "Loops"], ["alarms", "Alarms"], ["tags", "Tags"]];
/** Words of what a change cannot alter online. */
const RESTARTS = { points: "field points" };
const NAMES = [["set_anew", "New initial value in place of what people have set"], ["anew", "Begins anew"], ["gone", "State goes with it"]];

class ConfigPage extends Part {
  render() {
    const { edition } = store.directory;
    this.look = h("button", { onclick: () => this.compare() }, t("Compare with the files"));
    this.load = h("button", { onclick: () => askEdition(false, this.found.comparison.new) }, `${t("Change online")} ...`);
    this.back = h("button", { onclick: () => askEdition(true) }, `${t("Roll back")} ...`);
    this.state = h("span", { class: "fact", role: "status" });
    this.left = h("div", region(t("Differences")));
    this.right = h("div", region(t("Impact")));
    const panel = (title, body) => h("section", { class: "panel" }, h("header", {}, h("h2", { text: t(title) })), body);
    this.append(h("div", { class: "title" }, h("h1", { text: t("Configuration") }), h("span", { class: "chip", text: `${t("Edition")} ${edition.number}` }), this.look, this.load, this.back, this.state),
      h("div", { class: "config" }, panel("Differences", this.left), panel("Impact", this.right)));
    this.listen(link, "change", () => this.permit());
    this.permit();
  }

  permit() {
    const { found } = this, c = found?.comparison;
    this.look.disabled = this.busy;
    // What would be refused anyway is not asked for; the runtime decides all the same.
    this.load.disabled = link.stale || !c || c.old === c.new || c.impact.restart.length > 0;
    this.back.disabled = link.stale || found?.has_before === false;
  }

  async compare() {
    this.busy = true;
    this.permit();
    setText(this.state, `${t("Comparing")} ...`);
    try {
      const answer = await fetch("/api/v1/edition/compare");
      if (!answer.ok) throw new Error(answer.status === 503 ? say(await answer.json()) : answer.statusText);
      const found = await answer.json();
      this.found = found;
      this.show(found);
    } catch (e) { setText(this.state, `${t("Refused")}: ${e.message}`); }
    this.busy = false;
    this.permit();
  }

  show({ problems, comparison: c }) {
    const none = (text) => h("p", { class: "none muted", text: t(text) });
    if (!c) {
      setText(this.state, `${problems.length} ${t("problems in the text")}`);
      this.left.replaceChildren(...problems.map((p) => h("div", { class: "diff" }, h("b", { text: `${p.code} ${p.title}` }), h("code", { text: `${p.file}:${p.line}:${p.column}` }), h("p", { text: p.message }), p.help ? h("p", { class: "muted", text: p.help }) : null)));
      this.right.replaceChildren(none("A text with problems is not adopted."));
      return;
    }
    setText(this.state, c.old === c.new ? t("The text is the one that runs.") : `${c.old} → ${c.new}`);
    this.left.replaceChildren(...(c.changes.length ? c.changes.map((x) => this.change(x)) : [none(c.old === c.new ? "none" : "Only comments and layout differ.")]));
    const { impact } = c, part = (title, rows, n = rows.length) => (n ? [h("h3", { class: "part", text: `${t(title)} (${n})` }), ...rows] : []);
    const word = (cls, text) => h("p", { class: cls, text });
    const bars = impact.bars.map((b) => word(b.holds ? "stop" : "", `${b.block}: ${say(b.why)}${b.holds ? ` · ${t("holds a trip now: refused")}` : ""}`));
    this.right.replaceChildren(
      ...part("Needs a restart: alters", impact.restart.map((r) => word("stop", t(RESTARTS[r] ?? r)))),
      ...part("Refused: the state does not fit", impact.misfits.map((m) => word("stop", m))),
      ...part("Refused while it holds a latched trip", bars),
      ...LISTS.flatMap(([key, title]) => {
        const isFed = (x) => x.how === "fed" || x.how === "late", fed = Map.groupBy(impact[key].filter(isFed), (x) => `${x.by} ${HOW[x.how]}`);
        return part(title, [...impact[key].filter((x) => !isFed(x)).map((x) => h("p", { title: t(x.how) }, `${HOW[x.how]} `, h("b", { text: x.name }), ` ${say(x.desc)}`, x.by ? h("span", { class: "muted", text: ` ← ${x.by}` }) : null)),
          ...[...fed].map(([by, list]) => h("p", { title: t(list[0].how) }, h("b", { text: `${by} ` }), ...list.flatMap((x, i) => [i ? ", " : "", h("span", { title: say(x.desc), text: x.name })])))], impact[key].length);
      }),
      ...NAMES.flatMap(([key, title]) => part(title, impact[key].map((x) => word("", x)))),
      word("muted", t("{kept} blocks keep their state; {fed} are fed by what changes.", impact)));
  }

  change(x) {
    return h("div", { class: "diff" }, h("span", { class: "chip", text: `${HOW[x.how]} ${t(x.how)}` }), h("b", { text: `${t(x.section)} ${x.name}` }), h("code", { text: `${x.file}:${x.line}` }), h("p", { class: "muted", text: say(x.desc) }),
      x.keys.length ? h("table", {}, h("tbody", {}, x.keys.map((k) => h("tr", {}, h("th", { scope: "row", text: k.key }), h("td", {}, h("del", { text: k.old ?? "—" })), h("td", {}, h("ins", { text: k.new ?? "—" })), h("td", { text: k.unit }))))) : null);
  }
}

customElements.define("hmi-config-page", ConfigPage);
