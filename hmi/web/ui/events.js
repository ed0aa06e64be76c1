// The list of recent events, newest first.

import { Part, h } from "../core/dom.js";
import { clock, date } from "../core/fmt.js";
import { language, t } from "../core/i18n.js";
import { store } from "../core/store.js";

const SHOWN_MAX = 200;

class EventsPage extends Part {
  render() {
    this.body = h("tbody");
    this.append(h("div", { class: "title" }, h("h1", { text: t("Events") })),
      h("section", { class: "panel" }, h("div", { class: "body flush", tabindex: 0, role: "region", "aria-label": t("Events") },
        h("table", { class: "wide" }, h("thead", {}, h("tr", {}, ["Time", "Kind", "Tag", "By", "What happened"].map((x) => h("th", { text: t(x) })))), this.body))));
    this.listen(store, "events", () => this.fill());
    this.fill();
  }

  fill() {
    const list = store.events.slice(-SHOWN_MAX).reverse();
    this.body.replaceChildren(...list.map((e) => h("tr", {},
      h("td", { text: `${date(e.utc_ms)} ${clock(e.utc_ms)}` }),
      h("td", {}, h("span", { class: e.kind === "trip" ? "chip trip" : e.kind === "refused" ? "chip strong" : "chip", text: t(e.kind) })),
      h("td", {}, h("b", { text: e.tag || "" })), h("td", { text: e.actor }),
      h("td", { class: "wrap", text: language() === "zh" ? e.zh : e.en }))));
  }
}

customElements.define("hmi-events-page", EventsPage);
