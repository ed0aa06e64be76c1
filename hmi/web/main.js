// Start, routes, keys.

import { getJson, signWith } from "./core/api.js";
import { h } from "./core/dom.js";
import { alarms } from "./core/alarms.js";
import { i18n, language, loadTexts, say, setLanguage, t } from "./core/i18n.js";
import { forces } from "./core/forces.js";
import { forgetKeys, key } from "./core/keys.js";
import { isNight, setNight } from "./core/theme.js";
import { session } from "./core/session.js";
import { store } from "./core/store.js";
import { horn } from "./core/sound.js";
import { link } from "./core/ws.js";
import { about, goto, keys } from "./ui/dialogs.js";
import { watermark } from "./ui/frame.js";
import { lock, signIn } from "./ui/login.js";
import { signed } from "./ui/signature.js";
import { toast } from "./ui/toasts.js";
import { acknowledgeNewest, silence } from "./ui/banner.js";
import { TOOLS, displayTree } from "./ui/frame.js";
import "./ui/alarmpage.js";
import "./ui/config.js";
import { prefetch } from "./ui/display.js";
import "./ui/events.js";
import "./ui/matrix.js";
import { generated } from "./ui/overview.js";
import "./ui/panels.js";
import "./ui/scan.js";
import "./ui/sim.js";
import "./ui/trendpage.js";

/** `#/page/argument`. */
function where() {
  const [, page, arg, face] = location.hash.split("/").map((x) => { try { return decodeURIComponent(x); } catch { return ""; } });
  return { page: page || "display", arg: arg || "", face: face || "" };
}

function go(page, arg, open) {
  if (page === "face") { if (open) document.querySelector("hmi-app").openFace(arg); return; }
  location.hash = `#/${page}/${encodeURIComponent(arg ?? "")}`;
}

let faceWanted = null;

const PAGES = { alarms: "hmi-alarm-page", config: "hmi-config-page", matrix: "hmi-matrix-page", lists: "hmi-lists-page", scan: "hmi-scan-page", sim: "hmi-sim-page" };

function pageElement({ page, arg, face }) {
  const make = (name, props) => Object.assign(document.createElement(name), props);
  if (page === "trends") return make("hmi-trend-page", { what: arg || firstDisplay()?.id || "" });
  if (page === "plant") return make("hmi-plant-page", { go });
  if (page === "unit") return make("hmi-unit-page", { unit: arg, go });
  if (page === "events") return make("hmi-events-page", { tab: arg || "events", which: face });
  if (PAGES[page]) return make(PAGES[page], {});
  const display = store.directory.displays.find((d) => d.id === arg) || firstDisplay() || generated();
  if (display.cards?.length) return make("hmi-overview", { display, go });
  const wanted = face || faceWanted;
  faceWanted = null;
  return make("hmi-display", { display, face: wanted, go });
}

function firstDisplay() { return displayTree()[0]?.d; }

/** A block is shown on the display that draws it, or else on the first that has a dock. */
function displayFor(block) {
  const { displays } = store.directory;
  const unit = store.block(block)?.unit.toLowerCase().replace("-", "");
  return displays.find((d) => d.id.replace("-", "") === unit && !d.cards.length) || displays.find((d) => !d.cards.length);
}

class App extends HTMLElement {
  connectedCallback() { this.draw(); }

  draw() {
    const at = where();
    const { plant, title, env } = store.directory;
    document.title = `${say(plant)} · Scanloop`;
    const arg = at.page === "display" ? (store.directory.displays.some((d) => d.id === at.arg) ? at.arg : firstDisplay()?.id) : at.arg;
    const main = h("main", { id: "main" }, pageElement({ ...at, arg }));
    this.replaceChildren(
      h("div", { class: "plant" }, h("b", { text: say(plant) }), h("span", { text: say(title) })),
      h("hmi-header"),
      h("hmi-forced"),
      h("hmi-nav", { ".page": at.page, ".arg": arg }),
      main,
      env === "SIM" ? watermark() : "",
      h("hmi-stale"),
      h("hmi-footer", { ".about": about, ".keys": keys }),
      h("div", { class: "toasts" }));
    this.bindKeys();
  }

  bindKeys() {
    forgetKeys();
    for (const { d } of displayTree()) if (d.key) key(d.key, say(d.title), () => go("display", d.id));
    for (const [page, text, k] of TOOLS) if (k) key(k, text, () => go(page));
    key("Ctrl+k", "Acknowledge the newest alarm", acknowledgeNewest, { global: true });
    key("F12", "Silence the horn", silence, { global: true });
    const page = () => this.querySelector("hmi-alarm-page");
    const onAlarms = (act) => () => (page() ? act(page()) : false);
    key("a", "Acknowledge the alarm chosen", onAlarms((p) => { p.acknowledge(false); }));
    key("s", "Shelve the alarm chosen", onAlarms((p) => { p.aside("shelve"); }));
    key("h", "Guidance of the alarm chosen", onAlarms((p) => { p.showHelp(); }));
    key("/", "Go to tag", () => goto((name) => this.openFace(name)));
    key("?", "Keys", keys);
    key("t", "", () => { const { page, arg } = where(); const chosen = this.querySelector("hmi-alarm-page")?.selected; if (page === "display") go("trends", arg || firstDisplay()?.id); else if (chosen) go("trends", alarms.rows.get(chosen)?.tag); else return false; });
    key("Alt+ArrowUp", "Level up", () => {
      const { page, arg } = where();
      const here = store.directory.displays.find((d) => d.id === arg);
      go("display", (page === "display" && here?.parent) || firstDisplay()?.id);
    });
    key("Escape", "", () => { const display = this.querySelector("hmi-display"); if (display && display.faceName) display.showFace("", false); else return false; });
    key("Ctrl+Alt+l", "Lock the station", lock);
    key("Ctrl+Alt+i", "Sign in", signIn);
    key("Ctrl+Alt+n", "Day / night", () => setNight(!isNight()));
    key("Ctrl+Alt+e", "English / Chinese", () => setLanguage(language() === "zh" ? "en" : "zh"));
  }

  openFace(name) {
    const display = this.querySelector("hmi-display");
    if (display) { display.showFace(name, true); return; }
    faceWanted = name;
    const to = displayFor(name);
    if (to) go("display", to.id); else faceWanted = null;
  }
}

customElements.define("hmi-app", App);

async function start() {
  await loadTexts();
  for (;;) {
    try { store.load(await getJson("directory")); break; } catch {
      document.body.replaceChildren(h("p", { class: "stale-bar", role: "alert", text: t("The server does not answer; trying again ...") }));
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
  // So that tests and service people can see what the page knows; it grants nothing.
  window.hmi = { store, link, session, alarms, horn };
  const app = h("hmi-app");
  document.body.replaceChildren(app);
  const done = sessionStorage.getItem("hmi.done");
  if (done) { sessionStorage.removeItem("hmi.done"); toast({ ok: true }, done); }
  addEventListener("hashchange", () => app.draw());
  i18n.addEventListener("change", () => app.draw());
  // A new directory means new handles: start again with a clean page.
  link.addEventListener("epoch", () => location.reload());
  // A display's file changed: the page is drawn anew, nothing else moves.
  link.addEventListener("displays", async () => {
    try { store.directory.displays = (await getJson("displays")).displays; app.draw(); } catch { /* asked again with the next change */ }
  });
  horn.start();
  link.epoch = store.directory.epoch;
  link.start();
  forces.start();
  signWith(signed);
  session.start();
  setTimeout(prefetch, 2000);
}

start();
