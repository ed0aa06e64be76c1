// The list of loops, shown in the dock while no faceplate is open.

import { Part, h, setText, thead } from "../core/dom.js";
import { level, shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";

class Loops extends Part {
  face = () => {};

  render() {
    this.classList.add("faceplate");
    this.setAttribute("tabindex", "-1");
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", t("Loops"));
    const body = h("tbody");
    this.append(h("header", {}, h("div", {}, h("h2", { text: t("Loops") }), h("p", { text: t("Choose a loop or a symbol") }))),
      h("div", { class: "body" }, h("table", { class: "mini" },
        thead(["Loop", "PV", "SP", "Mode"]), body)));
    for (const loop of store.directory.loops) {
      const pv = h("td", { class: "num live" }), sp = h("td", { class: "num spv" }), mode = h("td");
      body.append(h("tr", { onclick: () => this.face(loop.name) },
        h("td", {}, h("button", { onclick: (e) => { e.stopPropagation(); this.face(loop.name); }, title: say(loop.desc) }, loop.name)), pv, sp, mode));
      const put = (name, cell) => this.hold(store.watch(name, ({ tag, value, q }) => {
        setText(cell, tag ? shown(tag, value) + (level(q) === 2 ? " ?" : "") : t("no tag"));
      }));
      put(loop.pv, pv);
      put(loop.sp, sp);
      put(loop.mode_act || loop.mode, mode);
    }
  }
}

customElements.define("hmi-loops", Loops);
