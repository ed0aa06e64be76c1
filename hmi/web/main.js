// Start, routes, keys.

import { getJson, signWith } from "./core/api.js";
import { h } from "./core/dom.js";
import { i18n, language, loadTexts, say, setLanguage, t } from "./core/i18n.js";
import { forces } from "./core/forces.js";
import { forgetKeys, key } from "./core/keys.js";
import { isNight, setNight } from "./core/theme.js";
import { session } from "./core/session.js";
import { store } from "./core/store.js";
import { link } from "./core/ws.js";
import { about, goto, keys } from "./ui/dialogs.js";
import { watermark } from "./ui/frame.js";
import { lock, signIn } from "./ui/login.js";
import { signed } from "./ui/signature.js";
import { toast } from "./ui/toasts.js";
import "./ui/display.js";
import "./ui/events.js";
import "./ui/panels.js";
import "./ui/scan.js";
import "./ui/trendpage.js";

/** `#/page/argument`. */
function where() {
  const [, page, arg] = location.hash.split("/");
  return { page: page || "display", arg: decodeURIComponent(arg || "") };
}

function go(page, arg) {
  if (page === "face") return;
  location.hash = `#/${page}/${encodeURIComponent(arg ?? "")}`;
}

let faceWanted = null;

function pageElement({ page, arg }) {
  if (page === "trends") return Object.assign(document.createElement("hmi-trend-page"), { what: arg || firstDisplay()?.id || "" });
  if (page === "scan") return document.createElement("hmi-scan-page");
  if (page === "events") return document.createElement("hmi-events-page");
  const display = store.directory.displays.find((d) => d.id === arg) || firstDisplay();
  if (!display) return h("p", { text: t("This plant has no displays") });
  const face = faceWanted;
  faceWanted = null;
  return Object.assign(document.createElement("hmi-display"), { display, face, go });
}

function firstDisplay() { return store.directory.displays[0]; }

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
      document.createElement("hmi-header"),
      document.createElement("hmi-forced"),
      Object.assign(document.createElement("hmi-nav"), { page: at.page, arg }),
      main,
      env === "SIM" ? watermark() : "",
      document.createElement("hmi-stale"),
      Object.assign(document.createElement("hmi-footer"), { about, keys }),
      h("div", { class: "toasts" }));
    this.bindKeys();
  }

  bindKeys() {
    forgetKeys();
    for (const d of store.directory.displays) if (d.key) key(d.key, say(d.title), () => go("display", d.id));
    key("F7", "System", () => go("scan"));
    key("F9", "Trends", () => go("trends"));
    key("F10", "Events", () => go("events"));
    key("/", "Go to tag", () => goto((name) => this.openFace(name)));
    key("?", "Keys", keys);
    key("t", "", () => { const { page, arg } = where(); if (page === "display") go("trends", arg || firstDisplay()?.id); else return false; });
    key("Alt+ArrowUp", "Level up", () => {
      const { page, arg } = where();
      const here = store.directory.displays.find((d) => d.id === arg);
      go("display", (page === "display" && here && here.parent) || firstDisplay()?.id);
    });
    key("Escape", "", () => { const display = this.querySelector("hmi-display"); if (display && display.faceName) display.showFace("", false); else return false; });
    key("Ctrl+Alt+k", "Lock the station", lock);
    key("Ctrl+Alt+i", "Sign in", signIn);
    key("Ctrl+Alt+n", "Day / night", () => setNight(!isNight()));
    key("Ctrl+Alt+l", "English / Chinese", () => setLanguage(language() === "zh" ? "en" : "zh"));
  }

  openFace(name) {
    const display = this.querySelector("hmi-display");
    if (display) { display.showFace(name, true); return; }
    faceWanted = name;
    go("display", firstDisplay()?.id);
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
  window.hmi = { store, link, session };
  const app = document.createElement("hmi-app");
  document.body.replaceChildren(app);
  const done = sessionStorage.getItem("hmi.done");
  if (done) { sessionStorage.removeItem("hmi.done"); toast({ ok: true }, done); }
  addEventListener("hashchange", () => app.draw());
  i18n.addEventListener("change", () => app.draw());
  // A new directory means new handles: start again with a clean page.
  link.addEventListener("epoch", () => location.reload());
  link.epoch = store.directory.epoch;
  link.start();
  forces.start();
  signWith(signed);
  session.start();
}

start();
