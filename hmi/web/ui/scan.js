// The system page: how long scans take, how late they wake, how the drivers are; what
// people force, and which edition of the plant's text runs.

import { getJson } from "../core/api.js";
import { Part, h, region, s, thead } from "../core/dom.js";
import { clock, date, micros, number, zone } from "../core/fmt.js";
import { language, t } from "../core/i18n.js";
import { session } from "../core/session.js";
import { link } from "../core/ws.js";
import "./service.js";

const EVERY_MS = 1000;
/** What a station may have set up. */
const PARTS = ["ledger", "second place", "recording", "history", "messages", "disk"];
/** Left end of the duration axis, microseconds. */
const LOW_US = 1;

const LINKS = { connecting: "connecting", healthy: "healthy", degraded: "degraded", lost: "lost" };

class ScanPage extends Part {
  render() {
    this.append(h("div", { class: "title" }, h("h1", { text: t("System") }), h("span", { class: "chip", text: `${t("Level")} 4` }),
      h("span", { class: "fact", text: t("Durations since start; bars are counts on a logarithmic scale") })));
    this.tasks = h("div", { class: "tasks" });
    this.below = h("div");
    const edition = h("hmi-edition-panel"), forced = h("hmi-force-panel");
    this.own = h("div");
    this.append(h("div", { class: "pair" }, this.own, edition), this.tasks, this.below, forced);
    this.every(EVERY_MS, () => this.fetch());
    this.fetch();
  }

  async fetch() {
    if (link.stale && this.tasks.childElementCount) return;
    try {
      const [timing, drivers, parts] = await Promise.all(["timing", "drivers", "parts"].map(getJson));
      if (!this.isConnected) return;
      this.tasks.replaceChildren(...timing.map((task) => this.task(task)));
      if (timing.length === 0) this.tasks.replaceChildren(h("p", { class: "muted", text: t("No task has scanned yet") }));
      this.below.replaceChildren(this.drivers(drivers));
      this.own.replaceChildren(this.parts(parts));
    } catch {
      // The next second asks again; the page as a whole shows a lost link.
    }
  }

  task(task) {
    const high = Math.max(task.period_ms * 1000 * 1.6, ...task.stages.map((x) => x.max_us * 1.1));
    const overrun = h("span", { class: task.overruns ? "chip strong" : "chip", text: `${task.overruns} ${t("overruns")}` });
    const ticks = [];
    for (let us = LOW_US; us <= high; us *= 10) ticks.push(us);
    return h("section", { class: "panel", "aria-label": task.task },
      h("header", {}, h("h2", { text: `${t("Task")} ${task.task}` }),
        h("span", { class: "chip", text: `${t("period")} ${number(task.period_ms, task.period_ms % 1 ? 1 : 0)} ms` }),
        h("span", { class: "chip", text: `${task.scans} ${t("scans")}` }), overrun, h("span", { class: "gap" }),
        h("span", { class: "small muted", text: t("dashed red: period") })),
      h("table", { class: "stages" },
        h("thead", {}, h("tr", {}, h("th", { text: t("Stage") }), ["p50", "p90", "p99", "p99.9"].map((x) => h("th", { class: "num", text: x })),
          h("th", { class: "num", text: t("max") }), h("th", {}, this.scale(ticks, high)))),
        h("tbody", {}, task.stages.map((stage) => this.stage(stage, task, high, ticks)))));
  }

  x(us, high) { return (1000 * Math.log(Math.max(us, LOW_US) / LOW_US)) / Math.log(high / LOW_US); }

  scale(ticks, high) {
    const labels = ticks.map((us) => {
      const label = h("span", { text: us >= 1e6 ? `${us / 1e6} s` : us >= 1000 ? `${us / 1000} ms` : `${us} µs` });
      label.style.left = `${this.x(us, high) / 10}%`;
      return label;
    });
    return h("div", { class: "scale" }, labels);
  }

  stage(stage, task, high, ticks) {
    const svg = s("svg", { viewBox: "0 0 1000 28", preserveAspectRatio: "none", role: "img", "aria-label": `${stage.name}: p50 ${micros(stage.p50_us)}, max ${micros(stage.max_us)}` });
    for (const us of ticks) svg.append(s("path", { class: "axis", d: `M${this.x(us, high)} 0V28`, opacity: 0.4 }));
    const most = Math.log10(1 + Math.max(1, ...stage.buckets.map((b) => b.count)));
    let from = LOW_US;
    for (const bucket of stage.buckets) {
      const a = this.x(from, high), b = this.x(bucket.le_us, high);
      from = bucket.le_us;
      if (bucket.count === 0 || b <= a) continue;
      const height = 3 + (24 * Math.log10(1 + bucket.count)) / most;
      svg.append(s("rect", { x: a.toFixed(1), y: (28 - height).toFixed(1), width: Math.max(1, b - a - 2).toFixed(1), height: height.toFixed(1) }));
    }
    svg.append(s("path", { class: "axis", d: "M0 27.5H1000" }));
    svg.append(s("path", { class: "dead", d: `M${this.x(task.period_ms * 1000, high)} 0V28` }));
    const num = (v) => h("td", { class: "num", text: stage.count ? micros(v) : "—" });
    return h("tr", {}, h("td", {}, h("b", { text: stage.name }), " ", h("span", { class: "small muted", text: stage.text[language()] })),
      num(stage.p50_us), num(stage.p90_us), num(stage.p99_us), num(stage.p999_us), num(stage.max_us), h("td", { class: "histo" }, svg));
  }

  /** The station's own parts: which work, which fail, which are not set up. */
  parts(list) {
    const { people, open, enrolled, user } = session.state, now = link.nowMs();
    const off = (Date.now() - now) / 1000;
    const known = [...PARTS.map((name) => list.find((p) => p.name === name) || { name }),
      { name: "clock", works: true, note: `${date(now)} ${clock(now)} ${zone(now)} · ${t("this browser")} ${off < 0 ? "\u2212" : "+"}${Math.abs(off).toFixed(1)} s` },
      { name: "people", works: people ? enrolled || open : undefined, note: people ? user || t(open ? "Open simulation" : "View only") : "" }];
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: t("Parts of the station") })), h("table", {},
      thead(["Part", "State", "Since", "Note"]),
      h("tbody", {}, known.map(({ name, works, note, since_ms }) => h("tr", {}, h("td", {}, h("b", { text: t(name) })), h("td", {}, h("span", { class: works === false ? "chip trip" : "chip", text: t(works === undefined ? "not set up" : works ? "works" : "FAILS") })),
        h("td", { text: since_ms ? `${date(since_ms)} ${clock(since_ms)}` : "—" }), h("td", { class: "wrap", lang: since_ms ? "en" : null, text: note || "" }))))));
  }

  drivers(list) {
    const row = (d) => h("tr", {}, h("td", {}, h("b", { text: d.name })), h("td", { text: d.protocol }), h("td", { text: d.endpoint }),
      h("td", {}, h("span", { class: d.link === "healthy" ? "chip" : "chip strong", text: t(LINKS[d.link] || d.link) })),
      h("td", { class: "num", text: d.exchanges }), h("td", { class: "num", text: d.errors }), h("td", { class: "num", text: d.reconnects }),
      h("td", { class: "num", text: d.age_ms === null ? "—" : `${number(d.age_ms, 0)} ms` }),
      h("td", { class: "num", text: micros(d.p50_us) }), h("td", { class: "num", text: micros(d.p99_us) }), h("td", { class: "num", text: micros(d.max_us) }));
    const num = ["Exchanges", "Errors", "Reconnects", "Age", "p50", "p99", "max"];
    const errors = list.filter((d) => d.last_error).map((d) => h("p", { class: "small", text: `${d.name}: ${d.last_error}` }));
    return h("section", { class: "panel" }, h("header", {}, h("h2", { text: t("Drivers") })),
      list.length === 0 ? h("div", { class: "body muted", text: t("none") })
        : h("div", region(t("Drivers"), "body flush"), h("table", {}, thead(["Driver", "Protocol", "Address", "Link", ...num], num), h("tbody", {}, list.map(row)))),
      errors.length ? h("div", { class: "body" }, errors) : null);
  }
}

customElements.define("hmi-scan-page", ScanPage);
