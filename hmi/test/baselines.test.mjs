// The main pages against pictures of them, with the make-believe plant standing still.
//
//   HMI_FAKE=<target>/debug/examples/fake node --test baselines.test.mjs
//   UPDATE_BASELINES=1 …   the pictures are made anew; look at them before they are kept
//
// What a page looks like when it differs is left in `actual/`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { address, clean, open } from "./browser.mjs";
import { compare } from "./pictures.mjs";

const FAKE = process.env.HMI_FAKE ?? "../../target/debug/examples/fake";
const KEPT = join(import.meta.dirname, "baselines"), ACTUAL = join(import.meta.dirname, "actual");
const UPDATE = process.env.UPDATE_BASELINES === "1";
const BYTES_MAX = 2_500_000;
/** Squares that may differ: a word broken otherwise by another font, not a symbol more or less. */
const SQUARES_MAX = 3;
const PAGES = {
  overview: ["#/display/overview", ".madis b"],
  r101: ["#/display/r101", ".drawing svg [data-face]"],
  alarms: ["#/alarms", ".alarms tbody tr"],
  trend: ["#/trends/r101", ".pens td.live"],
  matrix: ["#/matrix", ".ce tbody tr"],
  dialog: ["#/lists", ".need"],
  // The last: somebody is signed in from then on.
  signature: ["#/display/r101", "hmi-faceplate .entry input"],
};

let server;
before(async () => {
  const child = spawn(FAKE, ["0"], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, FAKE_STILL: "1" } });
  const ended = new Promise((done) => child.on("exit", done).on("error", done));
  server = { base: await address(child), end: () => { child.kill("SIGINT"); return ended; } };
});
after(() => server?.end());

/** A picture of a page that has come to rest: two in a row are the same. */
async function still(page) {
  const take = () => page.screenshot({ animations: "disabled" });
  let now = await take();
  for (let i = 0; i < 50; i++) {
    const before_ = now;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    now = await take();
    if (now.equals(before_)) return now;
  }
  throw new Error("the page does not come to rest");
}

/** A page whose clock stands where the server's does. */
async function start(lang, theme) {
  const page = await open(server.base, { lang, theme, width: 1280, height: 800 });
  await page.evaluate(() => { const { link } = window.hmi; link.nowMs = () => link.serverMs; });
  return page;
}

async function show(page, name) {
  const [hash, ready] = PAGES[name];
  await page.evaluate((h) => { document.querySelector("dialog")?.close(); location.hash = h; }, hash);
  await page.waitForSelector(ready);
  if (name === "alarms") await page.locator(".alarms tbody tr[aria-selected]").first().click().then(() => page.waitForSelector(".help h3"));
  if (name === "r101") await page.waitForFunction(() => [...document.querySelectorAll(".drawing .value")].every((v) => !v.textContent.startsWith("—")));
  if (name === "dialog") {
    await page.locator("hmi-force-panel input").nth(0).fill("TT-101.PV");
    await page.locator("hmi-force-panel input").nth(1).fill("41.5");
    await page.locator("hmi-force-panel .form button").click();
    await page.waitForSelector("dialog textarea");
  }
  if (name === "signature") {
    await page.evaluate(() => {
      const { session, store } = window.hmi;
      // The server knows nobody: it is not asked.
      Object.assign(session, { refresh: () => {}, post: async () => ({ ok: true }) });
      session.state = { ...session.state, people: true, open: false, user: "li", full_name: "Li Ming" };
      session.dispatchEvent(new Event("change"));
      store.tag("TIC-101.SP").writable.signature = "second";
    });
    await page.locator("hmi-faceplate .entry input").fill("41.0");
    await page.locator("hmi-faceplate .entry input").press("Enter");
    await page.waitForSelector("dialog .sign");
  }
  // Asked again in the room that the trends have in the end: it decides how fine they are.
  const drawn = () => page.waitForFunction(() => [...document.querySelectorAll("hmi-trend")].every((trend) => trend.data), null, { polling: 100 });
  await drawn();
  await page.evaluate(() => { for (const trend of document.querySelectorAll("hmi-trend")) { trend.data = null; trend.restart(); } });
  await drawn();
  // Scans are counted on while everything stands still.
  await page.evaluate(() => { document.querySelector("hmi-footer span:nth-of-type(2)").style.display = "none"; });
}

for (const [lang, theme] of [["en", "day"], ["zh", "night"]]) {
  test(`the main pages look as they did, in ${lang} by ${theme}`, async (t) => {
    const page = await start(lang, theme);
    const wrong = [];
    for (const name of Object.keys(PAGES)) {
      await show(page, name);
      const picture = await still(page), file = join(KEPT, `${name}-${lang}-${theme}.png`);
      if (UPDATE) { mkdirSync(KEPT, { recursive: true }); writeFileSync(file, picture); continue; }
      assert.ok(existsSync(file), `${file} is not there; UPDATE_BASELINES=1 makes it`);
      const { size, squares } = await compare(page, picture, readFileSync(file));
      t.diagnostic(`${name}: ${squares.length} squares differ`);
      if (!size && squares.length <= SQUARES_MAX) continue;
      mkdirSync(ACTUAL, { recursive: true });
      writeFileSync(join(ACTUAL, `${name}-${lang}-${theme}.png`), picture);
      wrong.push(`${name}: ${size ? `size ${size}` : `${squares.length} squares, at ${squares.slice(0, 8).map((s) => s.join(",")).join(" ")}`}`);
    }
    assert.deepEqual(wrong, []);
    await page.keyboard.press("Escape");
    clean(page);
    await page.context().close();
  });
}

test("a symbol that is missing or moved is seen, smoothing of letters is not", async () => {
  const page = await start("en", "day");
  await show(page, "r101");
  const whole = await still(page);
  const differs = async (change) => {
    await page.evaluate(change);
    const { squares } = await compare(page, await still(page), whole);
    if (process.env.PROBE) console.log(change, squares.length);
    return squares.length;
  };
  const valve = "document.querySelector(\".drawing [data-face='XV-101A']\")";
  assert.ok(await differs("0") <= SQUARES_MAX, "the same");
  assert.ok(await differs(`${valve}.style.translate = '0 30px'`) > SQUARES_MAX, "moved");
  assert.ok(await differs(`${valve}.style.visibility = 'hidden'`) > SQUARES_MAX, "missing");
  assert.ok(await differs(`${valve}.removeAttribute('style')`) <= SQUARES_MAX, "as before");
  assert.ok(await differs("document.querySelector('hmi-banner button').style.visibility = 'hidden'") > SQUARES_MAX, "a button");
  await page.evaluate("document.querySelector('hmi-banner button').removeAttribute('style')");
  // Another smoothing: everything a quarter of a pixel aside.
  assert.ok(await differs("document.querySelector('hmi-app').style.translate = '0.25px 0'") <= SQUARES_MAX, "smoothing");
  await page.context().close();
});

test("the pictures that are kept are few and small", () => {
  const files = readdirSync(KEPT);
  const bytes = files.reduce((sum, name) => sum + statSync(join(KEPT, name)).size, 0);
  assert.equal(files.length, 2 * Object.keys(PAGES).length);
  assert.ok(bytes <= BYTES_MAX, `${bytes} bytes`);
});
