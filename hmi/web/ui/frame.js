// The frame of all pages: header, navigation, footer, watermark, stale sheet.

import { Part, h, s, setText } from "../core/dom.js";
import { clock, date, zone } from "../core/fmt.js";
import { language, say, setLanguage, t } from "../core/i18n.js";
import { isNight, setNight, theme } from "../core/theme.js";
import { forces } from "../core/forces.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { alarms, displayOf } from "../core/alarms.js";
import { badgeIcon } from "../sym/badge.js";
import "./banner.js";
import { firstOutText, tripState } from "./panels.js";

/** Pages that are no displays: name in addresses, text, key. */
export const TOOLS = [["alarms", "Alarms", "F8"], ["trends", "Trends", "F9"], ["events", "Events", "F10"], ["matrix", "Cause and effect", "F6"], ["lists", "Bypasses", ""], ["plant", "Plant", ""], ["scan", "System", "F7"], ["config", "Configuration", ""], ["sim", "Simulation", ""]];

function tools() { return TOOLS.filter(([page]) => page !== "sim" || store.directory.env === "SIM"); }

class Header extends Part {
  render() {
    const groups = store.directory.interlocks;
    const time = h("b"), day = h("span");
    const trips = h("a", { class: "trips", href: "#/matrix", hidden: true });
    this.append(h("hmi-banner"), trips,
      store.directory.env === "SIM" ? h("span", { class: "sim-flag", title: t("A simulator answers, not a plant"), text: t("SIMULATION") }) : h("span", { class: "sim-flag", text: t("LIVE") }),
      h("hmi-person"),
      h("div", { class: "clock" }, time, day));
    const update = () => {
      const tripped = groups.filter((g) => tripState(g).tripped);
      trips.hidden = tripped.length === 0;
      trips.replaceChildren(h("span", { class: "chip trip", text: t("TRIPPED") }), h("b", { text: tripped.map((g) => g.name).join(" ") }), h("span", { class: "msg", text: tripped.length ? `${t("first-out")} ${firstOutText(tripped[0])}` : "" }));
    };
    for (const g of groups) for (const name of [g.tripped, g.first_out]) this.hold(store.watch(name, update));
    const tick = () => {
      const ms = link.nowMs();
      setText(time, clock(ms));
      setText(day, `${date(ms)} ${zone(ms)}`);
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

/** Displays as a tree: by level and key, each under the one above it. */
export function displayTree() {
  const { displays } = store.directory, ids = new Set(displays.map((d) => d.id));
  const order = (a, b) => a.level - b.level || (a.key || "~").localeCompare(b.key || "~", "en", { numeric: true }) || a.id.localeCompare(b.id);
  const under = (id, depth) => displays.filter((d) => (ids.has(d.parent) ? d.parent : "") === id).sort(order).flatMap((d) => [{ d, depth }, ...(depth < 6 ? under(d.id, depth + 1) : [])]);
  return under("", 0);
}

class Nav extends Part {
  page = "";
  arg = "";

  render() {
    this.setAttribute("role", "navigation");
    this.setAttribute("aria-label", t("Displays"));
    const marks = [];
    const link_ = (hash, text, key, current, depth = 0, of = null) => {
      const mark = h("i", { class: "mark" });
      if (of) marks.push({ mark, of });
      return h("a", { href: hash, class: `d${Math.min(depth, 3)}`, "aria-current": current ? "page" : null }, h("span", { text }), mark, key ? h("kbd", { text: key }) : null);
    };
    const unitOf = (d) => (d.level === 1 ? () => true : (r) => displayOf(r)?.id === d.id);
    const tree = displayTree();
    this.append(h("h2", { text: t("Displays") }),
      ...(tree.length ? tree.map(({ d, depth }) => link_(`#/display/${d.id}`, say(d.short), d.key, this.page === "display" && this.arg === d.id, Math.max(0, depth - 1), unitOf(d)))
        : [link_("#/display/overview", t("Overview"), "F1", this.page === "display"), ...store.directory.equipment.units.map((u) => link_(`#/unit/${encodeURIComponent(u.name)}`, say(u.title), "", this.page === "unit" && this.arg === u.name, 0, (r) => r.unit === u.name))]),
      h("h2", { text: t("Tools") }),
      ...tools().map(([page, text, key]) => link_(`#/${page}`, t(text), key, this.page === page, 0, page === "alarms" ? () => true : null)));
    const update = () => {
      for (const { mark, of } of marks) {
        const sum = alarms.sum(of);
        mark.replaceChildren(...(sum ? [badgeIcon(sum.worst.priority, sum.worst), String(sum.n)] : []));
      }
    };
    this.listen(alarms, "change", update);
    update();
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
