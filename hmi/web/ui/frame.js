// The frame of all pages: header, navigation, footer, watermark, stale sheet.

import { Part, h, s, setText } from "../core/dom.js";
import { clock, date, zone } from "../core/fmt.js";
import { language, say, setLanguage, t } from "../core/i18n.js";
import { isNight, setNight, theme } from "../core/theme.js";
import { forces } from "../core/forces.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { firstOutText, tripState } from "./panels.js";

class Header extends Part {
  render() {
    const groups = store.directory.interlocks;
    const trip = h("span", { class: "count trip" }), manual = h("span", { class: "count" }), bad = h("span", { class: "count" });
    const counts = h("div", { class: "counts", role: "group", "aria-label": t("Not normal") }, trip, manual, bad);
    const banner = h("div", { class: "banner", role: "status" });
    const time = h("b"), day = h("span");
    this.append(counts, banner,
      store.directory.env === "SIM" ? h("span", { class: "sim-flag", title: t("A simulator answers, not a plant"), text: t("SIMULATION") }) : h("span", { class: "sim-flag", text: t("LIVE") }),
      document.createElement("hmi-person"),
      h("div", { class: "clock" }, time, day));
    const count = (node, label, n) => {
      node.classList.toggle("on", n > 0);
      node.replaceChildren(`${t(label)} `, h("b", { text: n }));
    };
    const update = () => {
      const tripped = groups.filter((g) => tripState(g).tripped);
      count(trip, "Tripped", tripped.length);
      const loops = store.directory.loops.filter((l) => store.read(l.mode_act || l.mode).value === 0);
      count(manual, "In manual", loops.length);
      banner.classList.toggle("trip", tripped.length > 0);
      banner.replaceChildren();
      if (tripped.length === 0) { banner.append(h("span", { class: "msg muted", text: t("No interlock is tripped") })); return; }
      const last = store.events.findLast((e) => e.kind === "trip");
      banner.append(h("span", { class: "chip trip", text: t("TRIPPED") }), last ? h("time", { text: clock(last.utc_ms) }) : "",
        h("span", { class: "msg" }, h("b", { text: tripped.map((g) => g.name).join(", ") }), ` · ${t("first-out")} ${firstOutText(tripped[0])}`));
    };
    for (const g of groups) for (const name of [g.tripped, g.first_out]) this.hold(store.watch(name, update));
    for (const l of store.directory.loops) this.hold(store.watch(l.mode_act || l.mode, update));
    this.listen(store, "events", update);
    const analog = store.directory.tags.filter((x) => /\.PV$/.test(x.name));
    const badCount = () => {
      // Only what the page subscribes to is known here; the label says so.
      const n = analog.filter((x) => store.watchers.has(x.name) && store.qualities[x.handle] >> 14 >= 2 && Number.isFinite(store.values[x.handle])).length;
      count(bad, "Bad on page", n);
    };
    const tick = () => {
      const ms = link.nowMs();
      setText(time, clock(ms));
      setText(day, `${date(ms)} ${zone(ms)}`);
      badCount();
    };
    update();
    tick();
    this.every(500, tick);
  }
}

/** On every page, as long as a person holds any value. */
class Forced extends Part {
  render() {
    const words = h("span", { class: "msg" });
    this.setAttribute("role", "status");
    this.append(h("span", { class: "chip strong", text: t("FORCED") }), words, h("a", { href: "#/scan", text: t("Show") }));
    const update = () => {
      const { list } = forces;
      this.hidden = list.length === 0;
      setText(words, `${t("Held by people")} (${list.length}): ${list.map((f) => f.tag).join(", ")}`);
    };
    this.listen(forces, "change", update);
    update();
  }
}

class Nav extends Part {
  page = "";
  arg = "";

  render() {
    this.setAttribute("role", "navigation");
    this.setAttribute("aria-label", t("Displays"));
    const link_ = (hash, text, key, current, sub) => h("a", { href: hash, class: sub ? "sub" : "", "aria-current": current ? "page" : null },
      h("span", { text }), key ? h("kbd", { text: key }) : null);
    this.append(h("h2", { text: t("Displays") }),
      ...store.directory.displays.map((d) => link_(`#/display/${d.id}`, say(d.short), d.key, this.page === "display" && this.arg === d.id, d.level > 2)),
      h("h2", { text: t("Tools") }),
      link_("#/trends", t("Trends"), "F9", this.page === "trends"),
      link_("#/events", t("Events"), "F10", this.page === "events"),
      link_("#/scan", t("System"), "F7", this.page === "scan"));
  }
}

class Footer extends Part {
  about = () => {};
  keys = () => {};

  render() {
    const facts = h("span");
    const state = h("span");
    const { edition, tags } = store.directory;
    const update = () => {
      setText(facts, `${tags.length} ${t("tags")} · ${t("scan")} ${link.scan < 0 ? "—" : link.scan}`);
      setText(state, link.stale ? t("values old") : t("values live"));
    };
    const dark = h("button", { onclick: () => setNight(!isNight()) });
    const name = () => setText(dark, `${isNight() ? t("Night") : t("Day")} → ${isNight() ? t("Day") : t("Night")}`);
    name();
    this.listen(theme, "change", name);
    this.append(
      h("span", { text: `${t("Edition")} ${edition.number} · ${edition.digest.slice(0, 12)}` }), facts, state, h("span", { class: "gap" }),
      h("button", { onclick: () => this.keys() }, `? ${t("keys")}`),
      h("button", { onclick: () => this.about() }, t("About")),
      dark,
      h("button", { lang: language() === "zh" ? "en" : "zh-CN", onclick: () => setLanguage(language() === "zh" ? "en" : "zh") }, language() === "zh" ? "English" : "中文"));
    this.listen(link, "beat", update);
    this.listen(link, "change", update);
    update();
  }
}

/** Drawn over everything while a simulator answers. */
export function watermark() {
  const svg = s("svg", { "aria-hidden": "true" });
  const word = t("SIMULATION");
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 3; column++) {
      const x = 60 + column * 640 + (row % 2) * 220, y = 190 + row * 260;
      svg.append(s("text", { x, y, transform: `rotate(-18 ${x} ${y})`, text: word }));
    }
  }
  return h("div", { class: "watermark" }, svg);
}

/** Hatches the page and says why while what it shows is old. */
export class StaleSheet extends Part {
  render() {
    const sheet = h("div", { class: "stale-sheet" });
    const bar = h("div", { class: "stale-bar", role: "alert" });
    this.append(sheet, bar);
    const update = () => {
      this.hidden = !link.stale;
      if (!link.stale) return;
      const age = Math.floor(link.ageMs() / 1000);
      const why = link.why === "connecting" ? t("Connecting") : link.why === "runtime" ? t("The runtime does not scan") : t("Link to the server lost");
      setText(bar, link.why === "connecting" ? `${why} ...` : `${why} · ${t("values are {age} s old, commands are disabled", { age })}`);
      bar.hidden = link.why === "connecting";
    };
    this.listen(link, "change", update);
    this.listen(link, "age", update);
    update();
  }
}

customElements.define("hmi-header", Header);
customElements.define("hmi-forced", Forced);
customElements.define("hmi-nav", Nav);
customElements.define("hmi-footer", Footer);
customElements.define("hmi-stale", StaleSheet);
