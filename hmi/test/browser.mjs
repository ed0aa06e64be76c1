// The browser of all tests, and what is checked on every page.
//
// HMI_CHROMIUM: the browser (default /usr/bin/chromium). HMI_SHOTS: folder for pictures.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { launchArguments } from "./launch.mjs";

export { address } from "./launch.mjs";

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 180_000;
const SHOTS = process.env.HMI_SHOTS;

let browser;

before(async () => {
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.HMI_CHROMIUM ?? "/usr/bin/chromium",
    args: launchArguments,
  });
});

after(() => browser?.close());

/** A page that remembers what must not happen: console errors and foreign requests. */
export async function open(base, { lang = "en", theme = "day", hash = "", width = 1920, height = 1080 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: "reduce" });
  await context.addInitScript(([l, th]) => {
    localStorage.setItem("hmi.lang", localStorage.getItem("hmi.lang") ?? l);
    localStorage.setItem("hmi.theme", localStorage.getItem("hmi.theme") ?? th);
  }, [lang, theme]);
  // A slow machine is no fault of the page.
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.errors = [];
  page.foreign = [];
  page.on("console", (m) => { if (m.type() === "error") page.errors.push(`${m.text()} ${m.location().url}`); });
  page.on("pageerror", (e) => page.errors.push(String(e)));
  await context.route("**", (route) => {
    if (route.request().url().startsWith(base) || route.request().url().startsWith("data:")) return route.continue();
    page.foreign.push(route.request().url());
    return route.abort();
  });
  await page.goto(base + hash);
  await live(page);
  return page;
}

/** The link is up and nothing on the page is old. */
export const live = (page) => page.waitForFunction(() => window.hmi && !window.hmi.link.stale && document.querySelector("hmi-stale")?.hidden, null, { polling: 200 });

/** A picture, if somebody wants pictures. */
export async function shoot(page, name) {
  if (!SHOTS) return;
  await page.waitForTimeout(900); // the first trend answer; nothing is asserted on it
  await page.screenshot({ path: `${SHOTS}/${name}.png` });
}

/** No violation of WCAG 2.2 A and AA that a program can see. */
export async function axe(page, what) {
  // eval would break the page's own content security policy: the debugger may.
  await page.evaluate(AXE);
  const result = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  const found = result.violations.map((v) => `${what}: ${v.id}: ${v.nodes.slice(0, 4).map((n) => `${n.html.slice(0, 160)} | ${n.any.map((a) => a.message).join("; ").slice(0, 200)}`).join("\n    ")}`);
  assert.deepEqual(found, []);
}

/** Nothing that must not happen has happened. */
export const clean = (page) => {
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.foreign, []);
};
